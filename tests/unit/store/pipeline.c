/* Several statements on the way at one time. */
#include "unit/store/store_test.h"

static const struct query echo = { "test.echo", "SELECT $1", QUERY_READS, 0 };

static struct tx *begin(void)
{
	struct tx *tx;

	WORKS(tx_begin(store, STORE_REQUEST, &tx, &error));
	return tx;
}

static int64_t receive_number(struct tx *tx)
{
	const struct rows *rows;

	WORKS(query_receive(tx, arena, &rows, NULL, &error));
	return rows_int(rows, 0, 0);
}

static void results_come_in_order(void **state)
{
	struct tx *tx = begin();

	(void)state;
	for (int64_t i = 0; i < TX_PIPELINE_MOST; i++)
		WORKS(query_send(tx, &echo, PARAMS(P_INT(i)), &error));
	for (int64_t i = 0; i < TX_PIPELINE_MOST; i++)
		assert_int_equal(receive_number(tx), i);
	WORKS(tx_commit(&tx, &error));
}

static void sending_and_receiving_may_alternate(void **state)
{
	scoped(tx) *tx = begin();

	(void)state;
	WORKS(query_send(tx, &echo, PARAMS(P_INT(1)), &error));
	WORKS(query_send(tx, &echo, PARAMS(P_INT(2)), &error));
	assert_int_equal(receive_number(tx), 1);
	WORKS(query_send(tx, &echo, PARAMS(P_INT(3)), &error));
	assert_int_equal(receive_number(tx), 2);
	assert_int_equal(receive_number(tx), 3);
	for (int64_t i = 0; i < 3 * TX_PIPELINE_MOST; i++) { /* the ring turns */
		WORKS(query_send(tx, &echo, PARAMS(P_INT(i)), &error));
		assert_int_equal(receive_number(tx), i);
	}
}

static void writes_are_counted_when_received(void **state)
{
	struct tx *tx = begin();
	int64_t count;

	(void)state;
	WORKS(query_send(tx, &add_person, PARAMS(P_INT(1), P_TEXT("ann")), &error));
	WORKS(query_send(tx, &add_person, PARAMS(P_INT(2), P_TEXT("bob")), &error));
	WORKS(query_send(tx, &record, PARAMS(P_TEXT("both")), &error));
	assert_int_equal(tx_rows_changed(tx), 0);
	for (int i = 0; i < 3; i++) {
		WORKS(query_receive(tx, NULL, NULL, &count, &error));
		assert_int_equal(count, 1);
	}
	assert_int_equal(tx_rows_changed(tx), 2);
	assert_int_equal(tx_rows_recorded(tx), 1);
	WORKS(tx_commit(&tx, &error));
	assert_int_equal(outside("SELECT count(*) FROM test.people"), 2);
}

/* More than fit on the way at one time; the first that fails says so, and nothing behind it is done. */
static void many_are_written_one_behind_the_other(void **state)
{
	static const struct query once = { "test.each", "INSERT INTO test.audit (what) VALUES ($1)", QUERY_RECORDS, QUERY_ONCE };
	struct query many[2 * TX_PIPELINE_MOST + 3];
	struct tx *tx = begin();

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(many); i++)
		many[i] = once;
	WORKS(query_write_each(tx, many, ARRAY_COUNT(many), PARAMS(P_TEXT("each")), &error));
	assert_int_equal(tx_rows_recorded(tx), ARRAY_COUNT(many));
	WORKS(tx_commit(&tx, &error));
	assert_int_equal(outside("SELECT count(*) FROM test.audit"), ARRAY_COUNT(many));
	tx = begin();
	many[5].sql = "INSERT INTO test.absent VALUES ($1)";
	many[5].name = "test.fifth";
	FAILS(query_write_each(tx, many, ARRAY_COUNT(many), PARAMS(P_TEXT("each")), &error), ERROR_INTERNAL, "store.failed");
	assert_non_null(strstr(error.detail, "test.fifth"));
	tx_close(&tx);
	assert_int_equal(outside("SELECT count(*) FROM test.audit"), ARRAY_COUNT(many));
}

static void an_error_stops_what_is_behind_it(void **state)
{
	struct tx *tx = begin();
	const struct rows *rows;

	(void)state;
	WORKS(tx_mark(tx, &error));
	WORKS(query_send(tx, &add_person, PARAMS(P_INT(1), P_TEXT("ann")), &error));
	WORKS(query_send(tx, &add_person, PARAMS(P_INT(1), P_TEXT("again")), &error));
	WORKS(query_send(tx, &add_person, PARAMS(P_INT(3), P_TEXT("cy")), &error));
	WORKS(query_send(tx, &echo, PARAMS(P_INT(4)), &error)); /* not yet prepared: its Parse is skipped */
	WORKS(query_receive(tx, NULL, NULL, NULL, &error));
	FAILS(query_receive(tx, NULL, NULL, NULL, &error), ERROR_CONFLICT, "store.unique");
	assert_string_equal(tx_constraint(tx), "people_pkey");
	FAILS(query_receive(tx, NULL, NULL, NULL, &error), ERROR_CONFLICT, "store.unique");
	FAILS(query_receive(tx, arena, &rows, NULL, &error), ERROR_CONFLICT, "store.unique");
	FAILS(query_receive(tx, arena, &rows, NULL, &error), ERROR_INTERNAL, "query.unsent");

	WORKS(tx_back_to_mark(tx, &error));
	assert_int_equal(tx_rows_changed(tx), 0);
	WORKS(query_run(tx, &echo, PARAMS(P_INT(4)), arena, &rows, &error));
	assert_int_equal(rows_int(rows, 0, 0), 4);
	WORKS(query_write(tx, &keep_person, PARAMS(P_INT(9), P_TEXT("zoe")), NULL, &error));
	WORKS(tx_commit(&tx, &error));
	assert_int_equal(outside("SELECT sum(id) FROM test.people"), 9);
}

static void what_was_sent_must_be_received(void **state)
{
	struct tx *tx = begin();
	const struct rows *rows;

	(void)state;
	WORKS(query_send(tx, &keep_person, PARAMS(P_INT(1), P_TEXT("ann")), &error));
	FAILS(query_run(tx, &echo, PARAMS(P_INT(1)), arena, &rows, &error), ERROR_INTERNAL, "tx.unreceived");
	FAILS(tx_mark(tx, &error), ERROR_INTERNAL, "tx.unreceived");
	FAILS(tx_back_to_mark(tx, &error), ERROR_INTERNAL, "tx.unreceived");
	FAILS(tx_commit(&tx, &error), ERROR_INTERNAL, "tx.unreceived");
	assert_int_equal(outside("SELECT count(*) FROM test.people"), 0);
}

static void an_abandoned_pipeline_leaves_a_usable_connection(void **state)
{
	struct tx *tx = begin();

	(void)state;
	int backend = backend_of(tx);
	WORKS(query_send(tx, &keep_person, PARAMS(P_INT(1), P_TEXT("ann")), &error));
	WORKS(query_send(tx, &keep_person, PARAMS(P_INT(1), P_TEXT("ann")), &error));
	WORKS(query_send(tx, &echo, PARAMS(P_INT(1)), &error));
	tx_close(&tx);
	tx = begin();
	assert_int_equal(backend_of(tx), backend);
	WORKS(query_send(tx, &echo, PARAMS(P_INT(5)), &error));
	assert_int_equal(receive_number(tx), 5);
	tx_close(&tx);
}

static void there_is_a_limit(void **state)
{
	scoped(tx) *tx = begin();

	(void)state;
	for (int64_t i = 0; i < TX_PIPELINE_MOST; i++)
		WORKS(query_send(tx, &echo, PARAMS(P_INT(i)), &error));
	FAILS(query_send(tx, &echo, PARAMS(P_INT(0)), &error), ERROR_INTERNAL, "query.pipeline");
	assert_int_equal(receive_number(tx), 0);
	WORKS(query_send(tx, &echo, PARAMS(P_INT(1)), &error));
}

/* More than any socket buffer holds, in both directions at once: neither side may wait for the other. */
static void large_values_do_not_block(void **state)
{
	static const struct query twice = { "test.twice", "SELECT $1 || $1", QUERY_READS, 0 };
	char *text = calloc(1, MB(2) + 1);
	const struct rows *rows;
	scoped(tx) *tx = begin();

	(void)state;
	memset(text, 'x', MB(2));
	for (int i = 0; i < 8; i++)
		WORKS(query_send(tx, &twice, PARAMS(P_TEXT(text)), &error));
	for (int i = 0; i < 8; i++) {
		WORKS(query_receive(tx, arena, &rows, NULL, &error));
		assert_int_equal(strlen(rows_text(rows, 0, 0)), 2 * MB(2));
		arena_reset(arena);
	}
	free(text);
}

static void a_lost_pipeline_fails_as_a_whole(void **state)
{
	struct tx *tx = begin();
	const struct rows *rows;

	(void)state;
	int backend = backend_of(tx);
	WORKS(query_send(tx, &keep_person, PARAMS(P_INT(1), P_TEXT("ann")), &error));
	WORKS(query_send(tx, &echo, PARAMS(P_INT(1)), &error));
	end_backend(backend);
	assert_int_equal(query_receive(tx, NULL, NULL, NULL, &error), -1);
	assert_int_equal(error.kind, ERROR_RETRY);
	assert_int_equal(query_receive(tx, arena, &rows, NULL, &error), -1);
	assert_int_equal(error.kind, ERROR_RETRY);
	tx_close(&tx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(results_come_in_order),
		STORE_TEST(sending_and_receiving_may_alternate),
		STORE_TEST(writes_are_counted_when_received),
		STORE_TEST(many_are_written_one_behind_the_other),
		STORE_TEST(an_error_stops_what_is_behind_it),
		STORE_TEST(what_was_sent_must_be_received),
		STORE_TEST(an_abandoned_pipeline_leaves_a_usable_connection),
		STORE_TEST(there_is_a_limit),
		STORE_TEST(large_values_do_not_block),
		STORE_TEST(a_lost_pipeline_fails_as_a_whole),
	};

	return cmocka_run_group_tests(tests, store_test_start, store_test_stop);
}
