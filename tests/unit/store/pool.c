/* Connections are lent, waited for, given back and replaced. */
#include "unit/store/store_test.h"

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void options_are_checked(void **state)
{
	static const char *const bad[] = { "host", "hots=/tmp", "host=/tmp user=me", "host=/tmp password=abc",
		                           "options=-cx=1" };
	struct store *none = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		struct store_options options = store_test_options();
		options.conninfo = bad[i];
		FAILS(store_open(&options, &none, &error), ERROR_INPUT, "store.conninfo");
		assert_null(strstr(error.text, "abc"));
	}
	struct store_options options = store_test_options();
	options.most[STORE_WORKER] = -1;
	FAILS(store_open(&options, &none, &error), ERROR_INPUT, "store.most");
	options = store_test_options();
	options.role_names[STORE_WORKER] = NULL;
	FAILS(store_open(&options, &none, &error), ERROR_INPUT, "store.role");
	options = store_test_options();
	options.statement_timeout_ms = 0;
	FAILS(store_open(&options, &none, &error), ERROR_INPUT, "store.timeout");
	assert_null(none);
}

static void sessions_are_set_up(void **state)
{
	static const struct query settings = {
		"test.settings",
		"SELECT current_setting('statement_timeout'), current_setting('lock_timeout'),"
		" current_setting('idle_in_transaction_session_timeout'), current_setting('application_name'),"
		" current_setting('client_encoding')",
		QUERY_READS, 0,
	};
	const struct rows *rows;
	scoped(tx) *tx = NULL;

	(void)state;
	WORKS(tx_begin(store, STORE_WORKER, &tx, &error));
	WORKS(query_run(tx, &settings, NO_PARAMS, arena, &rows, &error));
	assert_string_equal(rows_text(rows, 0, 0), "5s");
	assert_string_equal(rows_text(rows, 0, 1), "10s");
	assert_string_equal(rows_text(rows, 0, 2), "1min");
	assert_string_equal(rows_text(rows, 0, 3), "rosterd-test");
	assert_string_equal(rows_text(rows, 0, 4), "UTF8");
}

static void connections_are_kept(void **state)
{
	struct tx *tx;
	int used, open;

	(void)state;
	WORKS(tx_begin(store, STORE_REQUEST, &tx, &error));
	int backend = backend_of(tx);
	store_count(store, STORE_REQUEST, &used, &open);
	assert_int_equal(used, 1);
	assert_int_equal(open, 1);
	tx_close(&tx);
	store_count(store, STORE_REQUEST, &used, &open);
	assert_int_equal(used, 0);
	assert_int_equal(open, 1);
	WORKS(tx_begin(store, STORE_REQUEST, &tx, &error));
	assert_int_equal(backend_of(tx), backend);
	tx_close(&tx);
}

/* Those that nobody asks for grow old as well: they are looked at, one each time, as others come back. */
static void no_connection_lives_for_ever(void **state)
{
	struct store_options options = store_test_options();
	struct store *brief;
	struct tx *first, *second;
	int used, open, backend;

	(void)state;
	options.life_ms = -1;
	FAILS(store_open(&options, &brief, &error), ERROR_INPUT, "store.timeout");
	options.life_ms = 300;
	WORKS(store_open(&options, &brief, &error));
	WORKS(tx_begin(brief, STORE_REQUEST, &first, &error));
	WORKS(tx_begin(brief, STORE_REQUEST, &second, &error));
	backend = backend_of(second);
	assert_int_not_equal(backend_of(first), backend);
	tx_close(&first); /* waits from here on */
	usleep(350 * 1000);
	tx_close(&second);
	store_count(brief, STORE_REQUEST, &used, &open);
	assert_int_equal(used, 0);
	assert_int_equal(open, 1);
	WORKS(tx_begin(brief, STORE_REQUEST, &second, &error)); /* it is the second that is left */
	assert_int_equal(backend_of(second), backend);
	tx_close(&second);
	store_count(brief, STORE_REQUEST, &used, &open);
	assert_int_equal(open, 0);
	store_close(&brief);
}

static void the_limit_holds(void **state)
{
	struct tx *all[3], *one_more = NULL, *other;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(all); i++)
		WORKS(tx_begin(store, STORE_REQUEST, &all[i], &error));
	FAILS(tx_begin(store, STORE_REQUEST, &one_more, &error), ERROR_RETRY, "store.busy");
	assert_null(one_more);
	assert_true(error.wait_ms > 0);
	WORKS(tx_begin(store, STORE_WORKER, &other, &error)); /* each role has its own */
	tx_close(&other);
	tx_close(&all[1]);
	WORKS(tx_begin(store, STORE_REQUEST, &one_more, &error));
	tx_close(&one_more);
	tx_close(&all[0]);
	tx_close(&all[2]);
}

static void a_role_without_connections_has_none(void **state)
{
	struct store_options options = store_test_options();
	struct store *small;
	struct tx *tx;

	(void)state;
	options.most[STORE_WORKER] = 0;
	options.role_names[STORE_WORKER] = NULL;
	WORKS(store_open(&options, &small, &error));
	FAILS(tx_begin(small, STORE_WORKER, &tx, &error), ERROR_INTERNAL, "store.role");
	store_close(&small);
}

/* ---- many threads ---- */

enum { THREADS = 12, ROUNDS = 20 };

static void *add_people(void *context)
{
	int64_t first = *(int64_t *)context;
	int64_t failed = 0;

	for (int64_t i = 0; i < ROUNDS; i++) {
		struct tx *tx = NULL;
		struct error e;
		if (tx_begin(store, STORE_REQUEST, &tx, &e) < 0 ||
		    query_write(tx, &keep_person, PARAMS(P_INT(first + i), P_TEXT("p")), NULL, &e) < 0)
			failed++;
		if (tx && i % 2)
			tx_close(&tx);
		else if (tx && tx_commit(&tx, &e) < 0)
			failed++;
	}
	return (void *)(intptr_t)failed;
}

static void threads_take_turns(void **state)
{
	struct store_options options = store_test_options();
	pthread_t threads[THREADS];
	int64_t firsts[THREADS];
	int used, open;

	(void)state;
	store_close(&store);
	options.wait_timeout_ms = 60000;
	WORKS(store_open(&options, &store, &error));
	for (int i = 0; i < THREADS; i++) {
		firsts[i] = i * ROUNDS;
		pthread_create(&threads[i], NULL, add_people, &firsts[i]);
	}
	for (int i = 0; i < THREADS; i++) {
		void *failed;
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	assert_int_equal(outside("SELECT count(*) FROM test.people"), THREADS * ROUNDS / 2);
	store_count(store, STORE_REQUEST, &used, &open);
	assert_int_equal(used, 0);
	assert_in_range(open, 1, 3);
}

/* ---- a server that is not there ---- */

static void an_absent_server_is_worth_another_try(void **state)
{
	struct store_options options = store_test_options();
	struct store *lost;
	int used, open;

	(void)state;
	options.conninfo = "host=/nonexistent dbname=x";
	WORKS(store_open(&options, &lost, &error));
	FAILS(store_ping(lost, STORE_REQUEST, &error), ERROR_RETRY, "store.down");
	assert_non_null(strstr(error.detail, "/nonexistent"));
	assert_null(strstr(error.text, "/nonexistent"));
	for (int i = 0; i < 5; i++) /* a failed attempt takes no place for ever */
		FAILS(store_ping(lost, STORE_REQUEST, &error), ERROR_RETRY, "store.down");
	store_count(lost, STORE_REQUEST, &used, &open);
	assert_int_equal(open, 0);
	store_close(&lost);
}

static void a_restart_is_survived(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		WORKS(store_ping(store, STORE_REQUEST, &error));
		WORKS(store_ping(store, STORE_WORKER, &error));
		postgres_crash();
	}
	struct tx *all[3];
	const struct rows *rows;
	for (size_t i = 0; i < ARRAY_COUNT(all); i++) {
		WORKS(tx_begin(store, STORE_REQUEST, &all[i], &error));
		WORKS(query_run(all[i], &count_people, NO_PARAMS, arena, &rows, &error));
	}
	postgres_crash();
	for (size_t i = 0; i < ARRAY_COUNT(all); i++) {
		assert_int_equal(query_run(all[i], &count_people, NO_PARAMS, arena, &rows, &error), -1);
		assert_int_equal(error.kind, ERROR_RETRY);
		tx_close(&all[i]);
	}
	WORKS(store_ping(store, STORE_REQUEST, &error));
}

/* A server process that is stopped neither answers nor hangs up. */
static void a_frozen_server_is_left(void **state)
{
	struct store_options options = store_test_options();
	struct store *hasty;
	struct tx *tx;
	const struct rows *rows;

	(void)state;
	options.statement_timeout_ms = 50;
	WORKS(store_open(&options, &hasty, &error));
	WORKS(tx_begin(hasty, STORE_REQUEST, &tx, &error));
	WORKS(query_write(tx, &keep_person, PARAMS(P_INT(1), P_TEXT("ann")), NULL, &error));
	int backend = backend_of(tx);
	kill(backend, SIGSTOP);
	FAILS(query_run(tx, &count_people, NO_PARAMS, arena, &rows, &error), ERROR_RETRY, "store.lost");
	assert_non_null(strstr(error.detail, "no answer within"));
	tx_close(&tx);
	kill(backend, SIGCONT);
	WORKS(store_ping(hasty, STORE_REQUEST, &error));
	store_close(&hasty);
}

static void a_commit_to_a_frozen_server_is_uncertain(void **state)
{
	struct store_options options = store_test_options();
	struct store *hasty;
	struct tx *tx;

	(void)state;
	options.statement_timeout_ms = 50;
	WORKS(store_open(&options, &hasty, &error));
	WORKS(tx_begin(hasty, STORE_REQUEST, &tx, &error));
	WORKS(query_write(tx, &keep_person, PARAMS(P_INT(1), P_TEXT("ann")), NULL, &error));
	int backend = backend_of(tx);
	kill(backend, SIGSTOP);
	FAILS(tx_commit(&tx, &error), ERROR_UNCERTAIN, "tx.uncertain");
	kill(backend, SIGCONT);
	store_close(&hasty);
}

/* Something that listens and never says a word: connecting must end too. */
static void a_silent_server_is_left(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct store_options options = store_test_options();
	struct store *silent;
	char folder[] = "/tmp/rosterd-silent-XXXXXX", conninfo[128];
	int listening = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", folder);
	snprintf(conninfo, sizeof conninfo, "host=%s", folder);
	assert_int_equal(bind(listening, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(listening, 5), 0);

	options.conninfo = conninfo;
	options.connect_timeout_ms = 1;
	WORKS(store_open(&options, &silent, &error));
	FAILS(store_ping(silent, STORE_REQUEST, &error), ERROR_RETRY, "store.down");
	store_close(&silent);
	close(listening);
	unlink(address.sun_path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(options_are_checked),
		STORE_TEST(sessions_are_set_up),
		STORE_TEST(connections_are_kept),
		STORE_TEST(no_connection_lives_for_ever),
		STORE_TEST(the_limit_holds),
		STORE_TEST(a_role_without_connections_has_none),
		STORE_TEST(threads_take_turns),
		STORE_TEST(an_absent_server_is_worth_another_try),
		STORE_TEST(a_restart_is_survived),
		STORE_TEST(a_frozen_server_is_left),
		STORE_TEST(a_commit_to_a_frozen_server_is_uncertain),
		STORE_TEST(a_silent_server_is_left),
	};

	return cmocka_run_group_tests(tests, store_test_start, store_test_stop);
}
