/* What is committed, what is not, and what the caller is told. */
#include "unit/store/store_test.h"

#include <pthread.h>
#include <unistd.h>

static struct tx *begin(void)
{
	struct tx *tx;

	WORKS(tx_begin(store, STORE_REQUEST, &tx, &error));
	return tx;
}

static void committed_stays(void **state)
{
	struct tx *tx = begin();

	(void)state;
	WORKS(query_write(tx, &add_person, PARAMS(P_INT(1), P_TEXT("ann")), NULL, &error));
	WORKS(query_write(tx, &record, PARAMS(P_TEXT("added")), NULL, &error));
	assert_int_equal(tx_rows_changed(tx), 1);
	assert_int_equal(tx_rows_recorded(tx), 1);
	WORKS(tx_commit(&tx, &error));
	assert_null(tx);
	assert_int_equal(outside("SELECT count(*) FROM test.people"), 1);
}

static void closed_is_rolled_back(void **state)
{
	(void)state;
	{
		scoped(tx) *tx = begin();
		WORKS(query_write(tx, &keep_person, PARAMS(P_INT(1), P_TEXT("ann")), NULL, &error));
	}
	scoped(tx) *tx = begin(); /* the same connection, behind its ROLLBACK */
	const struct rows *rows;
	WORKS(query_run(tx, &count_people, NO_PARAMS, arena, &rows, &error));
	assert_int_equal(rows_int(rows, 0, 0), 0);
}

static void without_audit_nothing_is_committed(void **state)
{
	struct tx *tx = begin();

	(void)state;
	WORKS(query_write(tx, &add_person, PARAMS(P_INT(1), P_TEXT("ann")), NULL, &error));
	FAILS(tx_commit(&tx, &error), ERROR_INTERNAL, "tx.unaudited");
	assert_null(tx);
	assert_int_equal(outside("SELECT count(*) FROM test.people"), 0);

	tx = begin();
	WORKS(query_write(tx, &keep_person, PARAMS(P_INT(1), P_TEXT("ann")), NULL, &error));
	WORKS(tx_commit(&tx, &error));
	assert_int_equal(outside("SELECT count(*) FROM test.people"), 1);
}

static void a_change_of_no_rows_needs_no_audit(void **state)
{
	static const struct query rename = { "test.rename", "UPDATE test.people SET name = $2 WHERE id = $1",
		                             QUERY_CHANGES, 0 };
	struct tx *tx = begin();
	int64_t count = 7;

	(void)state;
	WORKS(query_write(tx, &rename, PARAMS(P_INT(404), P_TEXT("x")), &count, &error));
	assert_int_equal(count, 0);
	WORKS(tx_commit(&tx, &error));
}

static void selects_say_what_they_wrote(void **state)
{
	static const struct query both = {
		"test.both",
		"WITH a AS (INSERT INTO test.people SELECT n, 'p' FROM generate_series(1, $1) n RETURNING id),"
		" b AS (INSERT INTO test.audit (what) SELECT 'added' FROM a)"
		" SELECT 1::bigint AS written, id FROM a",
		QUERY_BOTH, 0,
	};
	static const struct query silent = {
		"test.silent", "WITH a AS (INSERT INTO test.people VALUES (99, 'x') RETURNING id) SELECT id FROM a",
		QUERY_CHANGES, 0,
	};
	static const struct query liar = { "test.liar", "INSERT INTO test.people VALUES (98, 'x')",
		                           QUERY_READS, 0 };
	const struct rows *rows;
	struct tx *tx = begin();

	(void)state;
	WORKS(query_run(tx, &both, PARAMS(P_INT(3)), arena, &rows, &error));
	assert_int_equal(rows_count(rows), 3);
	assert_int_equal(tx_rows_changed(tx), 3);
	assert_int_equal(tx_rows_recorded(tx), 3);
	WORKS(tx_mark(tx, &error));
	FAILS(query_write(tx, &silent, NO_PARAMS, NULL, &error), ERROR_INTERNAL, "query.uncounted");
	WORKS(tx_back_to_mark(tx, &error));
	FAILS(query_write(tx, &liar, NO_PARAMS, NULL, &error), ERROR_INTERNAL, "query.writes");
	WORKS(tx_back_to_mark(tx, &error));
	WORKS(tx_commit(&tx, &error));
	assert_int_equal(outside("SELECT count(*) FROM test.people"), 3);
}

static void a_select_that_keeps_counts_its_rows(void **state)
{
	static const struct query wake = {
		"test.wake",
		"WITH a AS (UPDATE test.people SET name = 'woken' WHERE id <= $1 RETURNING 1) "
		"SELECT pg_notify('test_one', '') FROM a",
		QUERY_KEEPS, 0,
	};
	struct tx *tx = begin();
	int64_t count = 7;

	(void)state;
	postgres_run("INSERT INTO test.people VALUES (1, 'ann'), (2, 'bob')");
	WORKS(query_write(tx, &wake, PARAMS(P_INT(0)), &count, &error));
	assert_int_equal(count, 0);
	WORKS(query_write(tx, &wake, PARAMS(P_INT(2)), &count, &error));
	assert_int_equal(count, 2);
	assert_int_equal(tx_rows_changed(tx), 0);
	WORKS(tx_commit(&tx, &error));
	assert_int_equal(outside("SELECT count(*) FROM test.people WHERE name = 'woken'"), 2);
}

static void the_organisation_ends_with_the_transaction(void **state)
{
	static const struct query current = {
		"test.current", "SELECT coalesce(current_setting('rosterd.organisation', true), '')",
		QUERY_READS, 0,
	};
	struct id one = id_new(), other = id_new(), nil = { { 0 } };
	char text[ID_TEXT_SIZE];
	const struct rows *rows;
	struct tx *tx = begin();

	(void)state;
	FAILS(tx_for(tx, &nil, &error), ERROR_INTERNAL, "tx.organisation");
	WORKS(tx_for(tx, &one, &error));
	WORKS(query_run(tx, &current, NO_PARAMS, arena, &rows, &error));
	assert_string_equal(rows_text(rows, 0, 0), id_text(&one, text));
	WORKS(tx_mark(tx, &error));
	WORKS(tx_for(tx, &other, &error));
	WORKS(query_run(tx, &current, NO_PARAMS, arena, &rows, &error));
	assert_string_equal(rows_text(rows, 0, 0), id_text(&other, text));
	WORKS(tx_back_to_mark(tx, &error)); /* the server forgets the choice; we do not */
	WORKS(query_run(tx, &current, NO_PARAMS, arena, &rows, &error));
	assert_string_equal(rows_text(rows, 0, 0), id_text(&other, text));
	int backend = backend_of(tx);
	WORKS(tx_commit(&tx, &error));

	tx = begin();
	assert_int_equal(backend_of(tx), backend);
	WORKS(query_run(tx, &current, NO_PARAMS, arena, &rows, &error));
	assert_string_equal(rows_text(rows, 0, 0), "");
	tx_close(&tx);
}

static const struct query choose = {
	"test.choose", "SELECT set_config('rosterd.organisation', $1, true)", QUERY_READS, 0,
};
static const struct query when_and_whose = {
	"test.when_and_whose", "SELECT extract(epoch FROM now())::text, coalesce(current_setting('rosterd.organisation', true), '')",
	QUERY_READS, 0,
};

static void what_is_asked_at_once_is_one_transaction(void **state)
{
	const struct rows *first, *second, *third;
	struct id id = id_new();
	char text[ID_TEXT_SIZE];
	struct tx *tx = begin();

	(void)state;
	id_text(&id, text);
	tx_at_once(tx);
	WORKS(query_send(tx, &when_and_whose, NO_PARAMS, &error));
	WORKS(query_send(tx, &choose, PARAMS(P_TEXT(text)), &error));
	WORKS(query_send(tx, &when_and_whose, NO_PARAMS, &error));
	WORKS(query_receive(tx, arena, &first, NULL, &error));
	WORKS(query_receive(tx, NULL, NULL, NULL, &error));
	tx_entered(tx, &id);
	WORKS(query_receive(tx, arena, &second, NULL, &error));
	assert_string_equal(rows_text(second, 0, 0), rows_text(first, 0, 0));
	assert_string_equal(rows_text(first, 0, 1), "");
	assert_string_equal(rows_text(second, 0, 1), text);

	/* What comes behind is another one, for the same organisation, and begun: it can be taken back. */
	WORKS(query_run(tx, &when_and_whose, NO_PARAMS, arena, &third, &error));
	assert_string_not_equal(rows_text(third, 0, 0), rows_text(first, 0, 0));
	assert_string_equal(rows_text(third, 0, 1), text);
	WORKS(query_write(tx, &keep_person, PARAMS(P_INT(1), P_TEXT("ann")), NULL, &error));
	tx_close(&tx);
	assert_int_equal(outside("SELECT count(*) FROM test.people"), 0);

	tx = begin();
	WORKS(query_run(tx, &when_and_whose, NO_PARAMS, arena, &third, &error));
	assert_string_equal(rows_text(third, 0, 1), "");
	tx_close(&tx);
}

static void what_is_asked_at_once_does_not_write(void **state)
{
	struct tx *tx = begin();

	(void)state;
	tx_at_once(tx);
	FAILS(query_send(tx, &keep_person, PARAMS(P_INT(1), P_TEXT("ann")), &error), ERROR_INTERNAL, "tx.at_once");
	tx_close(&tx);
	tx = begin();
	WORKS(query_write(tx, &keep_person, PARAMS(P_INT(1), P_TEXT("ann")), NULL, &error));
	tx_at_once(tx); /* too late to matter */
	WORKS(query_write(tx, &keep_person, PARAMS(P_INT(2), P_TEXT("bob")), NULL, &error));
	WORKS(tx_commit(&tx, &error));
	assert_int_equal(outside("SELECT count(*) FROM test.people"), 2);
}

static void what_nobody_received_is_nobody_elses(void **state)
{
	static const struct query one = { "test.one", "SELECT 1::bigint", QUERY_READS, 0 };
	static const struct query none = { "test.none", "SELECT 1 / $1", QUERY_READS, 0 };
	const struct rows *rows;
	struct tx *tx = begin();
	int backend = backend_of(tx);

	(void)state;
	tx_close(&tx);
	tx = begin();
	tx_at_once(tx);
	WORKS(query_send(tx, &one, NO_PARAMS, &error));
	WORKS(query_send(tx, &one, NO_PARAMS, &error));
	WORKS(query_receive(tx, arena, &rows, NULL, &error));
	tx_close(&tx);
	tx = begin();
	tx_at_once(tx);
	WORKS(query_send(tx, &none, PARAMS(P_INT(0)), &error));
	WORKS(query_send(tx, &one, NO_PARAMS, &error));
	assert_int_equal(query_receive(tx, arena, &rows, NULL, &error), -1);
	tx_close(&tx);
	tx = begin();
	WORKS(query_run(tx, &count_people, NO_PARAMS, arena, &rows, &error));
	assert_int_equal(rows_int(rows, 0, 0), 0);
	assert_int_equal(backend_of(tx), backend); /* and the connection is as good as before */
	tx_close(&tx);
}

static void one_row_or_none_or_a_failure(void **state)
{
	static const struct query list = { "test.list", "SELECT n FROM generate_series(1, $1) n", QUERY_READS, 0 };
	const struct rows *rows;
	scoped(tx) *tx = begin();

	(void)state;
	assert_int_equal(query_one(tx, &list, PARAMS(P_INT(0)), arena, &rows, &error), 0);
	assert_int_equal(query_one(tx, &list, PARAMS(P_INT(1)), arena, &rows, &error), 1);
	assert_int_equal(rows_int(rows, 0, 0), 1);
	FAILS(query_one(tx, &list, PARAMS(P_INT(2)), arena, &rows, &error), ERROR_INTERNAL, "query.many");
	FAILS(query_one(tx, &list, PARAMS(P_INT(1)), arena, &rows, &error), ERROR_INTERNAL, "tx.failed");
	FAILS(tx_commit(&tx, &error), ERROR_INTERNAL, "tx.failed");
}

static void each_error_has_its_kind(void **state)
{
	static const struct query reference = {
		"test.reference", "INSERT INTO test.follows VALUES ($1)", QUERY_KEEPS, 0,
	};
	static const struct query nonsense = { "test.nonsense", "SELEKT 1", QUERY_READS, 0 };
	static const struct query no_name = { "test.no_name", "UPDATE test.people SET id = NULL", QUERY_KEEPS, 0 };
	static const struct query slow = { "test.slow", "SELECT pg_sleep(30)", QUERY_READS, 0 };
	const struct rows *rows;
	scoped(tx) *tx = begin();

	(void)state;
	postgres_run("CREATE TABLE test.follows (whom bigint CONSTRAINT whom_exists REFERENCES test.people)");
	WORKS(query_write(tx, &keep_person, PARAMS(P_INT(1), P_TEXT("ann")), NULL, &error));
	WORKS(tx_mark(tx, &error));

	FAILS(query_write(tx, &keep_person, PARAMS(P_INT(1), P_TEXT("confidential")), NULL, &error), ERROR_CONFLICT,
	      "store.unique");
	assert_string_equal(tx_constraint(tx), "people_pkey");
	assert_non_null(strstr(error.detail, "test.keep"));
	assert_non_null(strstr(error.detail, "23505"));
	assert_null(strstr(error.detail, "(1)")); /* the server's DETAIL says: Key (id)=(1) already exists. */
	assert_null(strstr(error.detail, "confidential"));
	assert_null(strstr(error.text, "people"));
	WORKS(tx_back_to_mark(tx, &error));

	FAILS(query_write(tx, &reference, PARAMS(P_INT(77)), NULL, &error), ERROR_CONFLICT, "store.reference");
	assert_string_equal(tx_constraint(tx), "whom_exists");
	WORKS(tx_back_to_mark(tx, &error));

	FAILS(query_write(tx, &keep_person, PARAMS(P_INT(2), P_TEXT("nobody")), NULL, &error), ERROR_INPUT,
	      "store.check");
	assert_string_equal(tx_constraint(tx), "people_name_check");
	assert_null(strstr(error.detail, "nobody"));
	WORKS(tx_back_to_mark(tx, &error));

	FAILS(query_write(tx, &no_name, NO_PARAMS, NULL, &error), ERROR_INPUT, "store.missing");
	WORKS(tx_back_to_mark(tx, &error));

	FAILS(query_run(tx, &nonsense, NO_PARAMS, arena, &rows, &error), ERROR_INTERNAL, "store.failed");
	assert_non_null(strstr(error.detail, "SELEKT"));
	assert_string_equal(tx_constraint(tx), "");
	WORKS(tx_back_to_mark(tx, &error));

	WORKS(tx_patience(tx, 100, &error));
	FAILS(query_run(tx, &slow, NO_PARAMS, arena, &rows, &error), ERROR_LIMIT, "store.timeout");
	WORKS(tx_back_to_mark(tx, &error));
	WORKS(query_run(tx, &count_people, NO_PARAMS, arena, &rows, &error));
	assert_int_equal(rows_int(rows, 0, 0), 1);
}

static void patience_ends_with_the_transaction(void **state)
{
	static const struct query limit = { "test.limit", "SELECT current_setting('statement_timeout')",
		                            QUERY_READS, 0 };
	const struct rows *rows;
	struct tx *tx = begin();

	(void)state;
	WORKS(tx_patience(tx, 77000, &error));
	WORKS(query_run(tx, &limit, NO_PARAMS, arena, &rows, &error));
	assert_string_equal(rows_text(rows, 0, 0), "77s");
	WORKS(tx_commit(&tx, &error));
	tx = begin();
	WORKS(query_run(tx, &limit, NO_PARAMS, arena, &rows, &error));
	assert_string_equal(rows_text(rows, 0, 0), "5s");
	tx_close(&tx);
}

/* A long statement of a role on a thread of its own, begun before somebody is in a hurry. */
struct sleeper {
	enum store_role role;
	int patience_ms; /* 0: as any */
	const char *sleeps; /* seconds */
	int result;
	struct error error;
};

static void *sleep_long(void *context)
{
	static const struct query sleep = { "test.sleep_long", "SELECT pg_sleep($1::float8)", QUERY_READS, QUERY_ONCE };
	struct sleeper *s = context;
	scoped(arena) *own = arena_open("sleeper");
	scoped(tx) *tx = NULL;
	const struct rows *rows;

	s->result = tx_begin(store, s->role, &tx, &s->error) < 0 ||
				    (s->patience_ms && tx_patience(tx, s->patience_ms, &s->error) < 0) ||
				    query_run(tx, &sleep, PARAMS(P_TEXT(s->sleeps)), own, &rows, &s->error) < 0
			    ? -1
			    : tx_commit(&tx, &s->error);
	return NULL;
}

static void until_asleep(int64_t count)
{
	while (outside("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") != count)
		usleep(10000);
}

static void who_hurries_ends_what_takes_long(void **state)
{
	struct sleeper sleepers[] = {
		{ .role = STORE_WORKER, .patience_ms = 600000, .sleeps = "500" },
		{ .role = STORE_WORKER, .sleeps = "2" },			   /* short: goes on */
		{ .role = STORE_REQUEST, .patience_ms = 600000, .sleeps = "2" }, /* another role's */
	};
	pthread_t threads[ARRAY_COUNT(sleepers)];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(sleepers); i++)
		pthread_create(&threads[i], NULL, sleep_long, &sleepers[i]);
	until_asleep(ARRAY_COUNT(sleepers));
	store_hurry(store, STORE_WORKER);
	for (size_t i = 0; i < ARRAY_COUNT(sleepers); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(sleepers[0].result, -1);
	assert_string_equal(sleepers[0].error.code, "store.ending");
	assert_int_equal(sleepers[0].error.kind, ERROR_RETRY);
	assert_int_equal(sleepers[1].result, 0);
	assert_int_equal(sleepers[2].result, 0);
	until_asleep(0); /* the server does not go on with it */
}

static void who_hurries_commits_nothing_long(void **state)
{
	struct tx *tx;

	(void)state;
	WORKS(tx_begin(store, STORE_WORKER, &tx, &error));
	WORKS(tx_patience(tx, 600000, &error));
	WORKS(query_write(tx, &keep_person, PARAMS(P_INT(1), P_TEXT("ann")), NULL, &error));
	store_hurry(store, STORE_WORKER);
	FAILS(tx_commit(&tx, &error), ERROR_RETRY, "store.ending");
	assert_int_equal(outside("SELECT count(*) FROM test.people"), 0);
	WORKS(tx_begin(store, STORE_WORKER, &tx, &error));
	WORKS(tx_patience(tx, 600000, &error));
	FAILS(query_write(tx, &keep_person, PARAMS(P_INT(2), P_TEXT("bob")), NULL, &error), ERROR_RETRY, "store.ending");
	tx_close(&tx);
	WORKS(tx_begin(store, STORE_WORKER, &tx, &error));
	WORKS(query_write(tx, &keep_person, PARAMS(P_INT(3), P_TEXT("cyd")), NULL, &error));
	WORKS(tx_commit(&tx, &error));
	assert_int_equal(outside("SELECT count(*) FROM test.people"), 1);
}

static void a_locked_row_is_not_waited_for_without_end(void **state)
{
	static const struct query touch = { "test.touch", "UPDATE test.people SET name = name", QUERY_KEEPS, 0 };
	struct store_options options = store_test_options();
	struct store *impatient;
	scoped(tx) *one = begin();
	scoped(tx) *other = NULL;

	(void)state;
	options.lock_timeout_ms = 100;
	postgres_run("INSERT INTO test.people VALUES (1, 'ann')");
	WORKS(store_open(&options, &impatient, &error));
	WORKS(query_write(one, &touch, NO_PARAMS, NULL, &error));
	WORKS(tx_begin(impatient, STORE_REQUEST, &other, &error));
	FAILS(query_write(other, &touch, NO_PARAMS, NULL, &error), ERROR_RETRY, "store.locked");
	assert_true(error.wait_ms > 0);
	tx_close(&other);
	store_close(&impatient);
}

/* Two transactions, each holding what the other wants. */
struct party {
	struct tx *tx;
	int64_t wants;
	int result;
	struct error error;
};

static const struct query rename_one = {
	"test.rename_one", "UPDATE test.people SET name = name || '!' WHERE id = $1", QUERY_KEEPS, 0,
};

static void *grab(void *context)
{
	struct party *party = context;

	party->result = query_write(party->tx, &rename_one, PARAMS(P_INT(party->wants)), NULL, &party->error);
	return NULL;
}

static void a_deadlock_is_worth_another_try(void **state)
{
	struct party parties[2] = { { .tx = begin(), .wants = 2 }, { .tx = begin(), .wants = 1 } };
	pthread_t threads[2];

	(void)state;
	postgres_run("INSERT INTO test.people VALUES (1, 'ann'), (2, 'bob')");
	for (int i = 0; i < 2; i++)
		WORKS(query_write(parties[i].tx, &rename_one, PARAMS(P_INT(i + 1)), NULL, &error));
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, grab, &parties[i]);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);

	struct party *loser = parties[0].result < 0 ? &parties[0] : &parties[1];
	struct party *winner = loser == &parties[0] ? &parties[1] : &parties[0];
	assert_int_equal(loser->result, -1);
	assert_int_equal(loser->error.kind, ERROR_RETRY);
	assert_string_equal(loser->error.code, "store.collision");
	assert_int_equal(winner->result, 0);
	tx_close(&loser->tx);
	WORKS(tx_commit(&winner->tx, &error));
}

static void a_serialisation_failure_is_worth_another_try(void **state)
{
	static const struct query strict = { "test.strict", "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
		                             QUERY_READS, QUERY_ONCE };
	const struct rows *rows;
	scoped(tx) *tx = begin();

	(void)state;
	postgres_run("INSERT INTO test.people VALUES (1, 'ann')");
	WORKS(query_write(tx, &strict, NO_PARAMS, NULL, &error));
	WORKS(query_run(tx, &count_people, NO_PARAMS, arena, &rows, &error));
	postgres_run("UPDATE test.people SET name = 'other'");
	FAILS(query_write(tx, &rename_one, PARAMS(P_INT(1)), NULL, &error), ERROR_RETRY, "store.collision");
}

static void the_mark_can_be_come_back_to(void **state)
{
	scoped(tx) *tx = begin();

	(void)state;
	FAILS(tx_back_to_mark(tx, &error), ERROR_INTERNAL, "tx.mark");
	WORKS(query_write(tx, &add_person, PARAMS(P_INT(1), P_TEXT("ann")), NULL, &error));
	WORKS(query_write(tx, &record, PARAMS(P_TEXT("added")), NULL, &error));
	WORKS(tx_mark(tx, &error));
	WORKS(tx_back_to_mark(tx, &error)); /* nothing was done since */
	WORKS(query_write(tx, &add_person, PARAMS(P_INT(2), P_TEXT("bob")), NULL, &error));
	FAILS(query_write(tx, &add_person, PARAMS(P_INT(2), P_TEXT("bob")), NULL, &error), ERROR_CONFLICT,
	      "store.unique");
	WORKS(tx_back_to_mark(tx, &error));
	assert_int_equal(tx_rows_changed(tx), 1);
	assert_int_equal(tx_rows_recorded(tx), 1);

	WORKS(query_write(tx, &add_person, PARAMS(P_INT(3), P_TEXT("cy")), NULL, &error));
	WORKS(tx_mark(tx, &error)); /* replaces the first */
	WORKS(query_write(tx, &add_person, PARAMS(P_INT(4), P_TEXT("di")), NULL, &error));
	WORKS(tx_back_to_mark(tx, &error));
	WORKS(tx_back_to_mark(tx, &error)); /* it stays */
	assert_int_equal(tx_rows_changed(tx), 2);
	WORKS(tx_commit(&tx, &error));
	assert_int_equal(outside("SELECT sum(id) FROM test.people"), 1 + 3);
}

/* ---- the server goes away ---- */

static void lost_before_the_first_statement(void **state)
{
	struct tx *tx = begin();
	int backend = backend_of(tx);
	const struct rows *rows;

	(void)state;
	WORKS(tx_commit(&tx, &error));
	tx = begin(); /* is given the connection while it is still alive */
	end_backend(backend);
	WORKS(query_run(tx, &count_people, NO_PARAMS, arena, &rows, &error));
	assert_int_not_equal(backend_of(tx), backend);
	WORKS(tx_commit(&tx, &error));
}

static void the_second_try_is_for_the_same_organisation(void **state)
{
	static const struct query current = { "test.current", "SELECT current_setting('rosterd.organisation')",
		                              QUERY_READS, 0 };
	struct tx *tx = begin();
	struct id id = id_new();
	char text[ID_TEXT_SIZE];
	int backend = backend_of(tx);
	const struct rows *rows;

	(void)state;
	WORKS(tx_commit(&tx, &error));
	tx = begin();
	WORKS(tx_for(tx, &id, &error));
	end_backend(backend);
	WORKS(query_run(tx, &current, NO_PARAMS, arena, &rows, &error));
	assert_string_equal(rows_text(rows, 0, 0), id_text(&id, text));
	tx_close(&tx);
}

static void lost_within_is_not_hidden(void **state)
{
	struct tx *tx = begin();
	const struct rows *rows;
	int used, open;

	(void)state;
	WORKS(query_write(tx, &keep_person, PARAMS(P_INT(1), P_TEXT("ann")), NULL, &error));
	end_backend(backend_of(tx));
	FAILS(query_run(tx, &count_people, NO_PARAMS, arena, &rows, &error), ERROR_RETRY, "store.down");
	FAILS(query_run(tx, &count_people, NO_PARAMS, arena, &rows, &error), ERROR_INTERNAL, "tx.failed");
	tx_close(&tx);
	store_count(store, STORE_REQUEST, &used, &open);
	assert_int_equal(used, 0);
	assert_int_equal(open, 0);
	assert_int_equal(outside("SELECT count(*) FROM test.people"), 0);
}

static void lost_before_commit_is_a_clear_no(void **state)
{
	struct tx *tx = begin();

	(void)state;
	WORKS(query_write(tx, &keep_person, PARAMS(P_INT(1), P_TEXT("ann")), NULL, &error));
	end_backend(backend_of(tx));
	FAILS(tx_commit(&tx, &error), ERROR_RETRY, "store.lost");
	assert_int_equal(outside("SELECT count(*) FROM test.people"), 0);
}

/* A constraint that is checked at COMMIT and takes its time. */
static void slow_commit(const char *body)
{
	char sql[1024];

	snprintf(sql, sizeof sql,
	         "CREATE FUNCTION test.at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN %s; RETURN "
	         "NULL; END $$;"
	         "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON test.people DEFERRABLE INITIALLY "
	         "DEFERRED"
	         " FOR EACH ROW EXECUTE FUNCTION test.at_commit()",
	         body);
	postgres_run(sql);
}

static void *end_the_sleeping(void *context)
{
	(void)context;
	while (outside("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
	               " WHERE application_name = 'rosterd-test' AND wait_event = 'PgSleep'") == 0)
		continue;
	return NULL;
}

static void lost_during_commit_is_uncertain(void **state)
{
	struct tx *tx = begin();
	pthread_t thread;

	(void)state;
	slow_commit("PERFORM pg_sleep(30)");
	WORKS(query_write(tx, &keep_person, PARAMS(P_INT(1), P_TEXT("ann")), NULL, &error));
	pthread_create(&thread, NULL, end_the_sleeping, NULL);
	FAILS(tx_commit(&tx, &error), ERROR_UNCERTAIN, "tx.uncertain");
	pthread_join(thread, NULL);
	assert_null(tx);
}

static void a_refused_commit_is_a_clear_no(void **state)
{
	struct tx *tx = begin();

	(void)state;
	slow_commit("RAISE EXCEPTION 'not today' USING ERRCODE = 'check_violation'");
	WORKS(query_write(tx, &keep_person, PARAMS(P_INT(1), P_TEXT("ann")), NULL, &error));
	FAILS(tx_commit(&tx, &error), ERROR_INPUT, "store.check");
	assert_int_equal(outside("SELECT count(*) FROM test.people"), 0);
}

static void a_stale_plan_is_made_again(void **state)
{
	static const struct query all = { "test.all", "SELECT * FROM test.people", QUERY_READS, 0 };
	const struct rows *rows;
	struct tx *tx = begin();

	(void)state;
	WORKS(query_run(tx, &all, NO_PARAMS, arena, &rows, &error));
	WORKS(tx_commit(&tx, &error));
	postgres_run("ALTER TABLE test.people ADD COLUMN more text; INSERT INTO test.people VALUES (1, 'a', 'b')");

	tx = begin();
	WORKS(query_run(tx, &all, NO_PARAMS, arena, &rows, &error));
	assert_string_equal(rows_text(rows, 0, 2), "b");
	WORKS(tx_commit(&tx, &error));
	postgres_run("ALTER TABLE test.people ADD COLUMN last text");

	tx = begin(); /* it has done something: the caller must begin again, and then succeeds */
	WORKS(query_run(tx, &count_people, NO_PARAMS, arena, &rows, &error));
	FAILS(query_run(tx, &all, NO_PARAMS, arena, &rows, &error), ERROR_RETRY, "store.stale");
	tx_close(&tx);
	tx = begin();
	WORKS(query_run(tx, &count_people, NO_PARAMS, arena, &rows, &error));
	WORKS(query_run(tx, &all, NO_PARAMS, arena, &rows, &error));
	tx_close(&tx);
}

static void statements_share_no_name(void **state)
{
	static const struct query twin = { "test.count", "SELECT 2", QUERY_READS, 0 };
	const struct rows *rows;
	scoped(tx) *tx = begin();

	(void)state;
	WORKS(query_run(tx, &count_people, NO_PARAMS, arena, &rows, &error));
	FAILS(query_run(tx, &twin, NO_PARAMS, arena, &rows, &error), ERROR_INTERNAL, "query.name");
}

static void parameters_keep_their_types(void **state)
{
	static const struct query echo = { "test.echo", "SELECT $1", QUERY_READS, 0 };
	const struct rows *rows;
	struct tx *tx = begin();

	(void)state;
	WORKS(query_run(tx, &echo, PARAMS(P_TEXT("a")), arena, &rows, &error));
	WORKS(query_run(tx, &echo, PARAMS(P_TEXT(NULL)), arena, &rows, &error));
	FAILS(query_run(tx, &echo, PARAMS(P_INT(1)), arena, &rows, &error), ERROR_INTERNAL, "query.params");
	tx_close(&tx);
	tx = begin();
	FAILS(query_run(tx, &echo, PARAMS(P_TEXT("a"), P_TEXT("b")), arena, &rows, &error), ERROR_INTERNAL,
	      "query.params");
	tx_close(&tx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(committed_stays),
		STORE_TEST(closed_is_rolled_back),
		STORE_TEST(without_audit_nothing_is_committed),
		STORE_TEST(a_change_of_no_rows_needs_no_audit),
		STORE_TEST(selects_say_what_they_wrote),
		STORE_TEST(a_select_that_keeps_counts_its_rows),
		STORE_TEST(the_organisation_ends_with_the_transaction),
		STORE_TEST(what_is_asked_at_once_is_one_transaction),
		STORE_TEST(what_is_asked_at_once_does_not_write),
		STORE_TEST(what_nobody_received_is_nobody_elses),
		STORE_TEST(one_row_or_none_or_a_failure),
		STORE_TEST(each_error_has_its_kind),
		STORE_TEST(patience_ends_with_the_transaction),
		STORE_TEST(who_hurries_ends_what_takes_long),
		STORE_TEST(who_hurries_commits_nothing_long),
		STORE_TEST(a_locked_row_is_not_waited_for_without_end),
		STORE_TEST(a_deadlock_is_worth_another_try),
		STORE_TEST(a_serialisation_failure_is_worth_another_try),
		STORE_TEST(the_mark_can_be_come_back_to),
		STORE_TEST(lost_before_the_first_statement),
		STORE_TEST(the_second_try_is_for_the_same_organisation),
		STORE_TEST(lost_within_is_not_hidden),
		STORE_TEST(lost_before_commit_is_a_clear_no),
		STORE_TEST(lost_during_commit_is_uncertain),
		STORE_TEST(a_refused_commit_is_a_clear_no),
		STORE_TEST(a_stale_plan_is_made_again),
		STORE_TEST(statements_share_no_name),
		STORE_TEST(parameters_keep_their_types),
	};

	return cmocka_run_group_tests(tests, store_test_start, store_test_stop);
}
