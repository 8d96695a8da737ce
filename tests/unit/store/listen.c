/* Notices arrive, and after a loss somebody is told to look. */
#include "store/listen.h"

#include "unit/store/store_test.h"

#include <pthread.h>

enum { LONG_MS = 20000 };

static const char *const channels[] = { "test_one", "Test \"two\"", NULL };
static struct listener *listener;

static void open_listener(void)
{
	WORKS(listen_open(store, STORE_WORKER, channels, &listener, &error));
}

static void next_is(const char *channel, const char *payload)
{
	struct notice notice;

	assert_int_equal(listen_wait(listener, LONG_MS, &notice), 1);
	assert_string_equal(notice.channel, channel);
	assert_string_equal(notice.payload, payload);
}

static void nothing_is_next(void)
{
	struct notice notice;

	assert_int_equal(listen_wait(listener, 0, &notice), 0);
}

static void notices_arrive(void **state)
{
	(void)state;
	open_listener();
	next_is("", ""); /* whatever was before may have been missed */
	nothing_is_next();
	postgres_run("NOTIFY test_one, 'first'; NOTIFY unheard; NOTIFY \"Test \"\"two\"\"\"; NOTIFY "
	             "test_one, 'zweiter ä'");
	next_is("test_one", "first");
	next_is("Test \"two\"", "");
	next_is("test_one", "zweiter ä");
	nothing_is_next();
	listen_close(&listener);
	assert_null(listener);
}

static void our_own_transactions_are_heard(void **state)
{
	static const struct query notify = { "test.notify", "SELECT pg_notify('test_one', $1)", QUERY_KEEPS, 0 };
	struct tx *tx;

	(void)state;
	open_listener();
	next_is("", "");
	WORKS(tx_begin(store, STORE_REQUEST, &tx, &error));
	WORKS(query_write(tx, &notify, PARAMS(P_TEXT("lost")), NULL, &error));
	tx_close(&tx);
	WORKS(tx_begin(store, STORE_REQUEST, &tx, &error));
	WORKS(query_write(tx, &notify, PARAMS(P_TEXT("kept")), NULL, &error));
	WORKS(tx_commit(&tx, &error));
	next_is("test_one", "kept");
	listen_close(&listener);
}

static void a_long_payload_is_left_out(void **state)
{
	(void)state;
	open_listener();
	next_is("", "");
	postgres_run("SELECT pg_notify('test_one', repeat('x', 255)), pg_notify('test_one', repeat('x', 256))");
	struct notice notice;
	assert_int_equal(listen_wait(listener, LONG_MS, &notice), 1);
	assert_int_equal(strlen(notice.payload), 255);
	next_is("test_one", "");
	listen_close(&listener);
}

static void end_listening(void)
{
	postgres_run("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
	             " WHERE application_name = 'rosterd-test' AND query LIKE 'LISTEN%'");
}

static void a_lost_connection_is_made_again(void **state)
{
	(void)state;
	open_listener();
	next_is("", "");
	for (int i = 0; i < 3; i++) {
		end_listening();
		postgres_run("NOTIFY test_one, 'missed'");
		next_is("", "");
		postgres_run("NOTIFY test_one, 'heard'");
		next_is("test_one", "heard");
	}
	postgres_crash();
	next_is("", "");
	postgres_run("NOTIFY test_one, 'after'");
	next_is("test_one", "after");
	listen_close(&listener);
}

static void an_absent_server_is_waited_for(void **state)
{
	struct store_options options = store_test_options();
	struct store *lost;
	struct notice notice;

	(void)state;
	options.conninfo = "host=/nonexistent";
	WORKS(store_open(&options, &lost, &error));
	WORKS(listen_open(lost, STORE_WORKER, channels, &listener, &error));
	assert_int_equal(listen_wait(listener, 300, &notice), 0);
	assert_int_equal(listen_wait(listener, 0, &notice), 0);
	listen_close(&listener);
	store_close(&lost);
}

static void *wake(void *context)
{
	(void)context;
	listen_wake(listener);
	return NULL;
}

static void a_wait_can_be_ended(void **state)
{
	struct notice notice;
	pthread_t thread;

	(void)state;
	open_listener();
	next_is("", "");
	pthread_create(&thread, NULL, wake, NULL);
	assert_int_equal(listen_wait(listener, LONG_MS, &notice), 0);
	pthread_join(thread, NULL);
	listen_wake(listener); /* before the wait counts too */
	assert_int_equal(listen_wait(listener, LONG_MS, &notice), 0);
	postgres_run("NOTIFY test_one, 'still here'");
	next_is("test_one", "still here");
	listen_close(&listener);
	listen_close(&listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(notices_arrive),
		STORE_TEST(our_own_transactions_are_heard),
		STORE_TEST(a_long_payload_is_left_out),
		STORE_TEST(a_lost_connection_is_made_again),
		STORE_TEST(an_absent_server_is_waited_for),
		STORE_TEST(a_wait_can_be_ended),
	};

	return cmocka_run_group_tests(tests, store_test_start, store_test_stop);
}
