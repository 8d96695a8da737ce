/* Rows by COPY: all of them, or none and an error. */
#include "store/copy.h"

#include "unit/store/store_test.h"

static const char into_everything[] =
	"COPY test.everything (id, name, raw, a, b, c, yes) FROM STDIN (FORMAT binary)";
static const char into_people[] = "COPY test.people (id, name) FROM STDIN (FORMAT binary)";

static struct tx *begin(void)
{
	struct tx *tx;

	WORKS(tx_begin(store, STORE_WORKER, &tx, &error));
	return tx;
}

static void add(struct copy_rows *rows, int64_t id, const char *name)
{
	copy_row(rows, 2);
	copy_int8(rows, id);
	copy_text(rows, name);
}

static void every_type_arrives(void **state)
{
	struct copy_rows *rows = copy_rows_open(MB(1));
	struct id id = id_new();
	struct tx *tx = begin();

	(void)state;
	postgres_run("CREATE TABLE test.everything (id uuid, name text, raw bytea, a smallint, b integer, c "
	             "bigint, yes boolean)");
	copy_row(rows, 7);
	copy_id(rows, &id);
	copy_text(rows, "Zoë 山田");
	copy_bytes(rows, "\0\1", 2);
	copy_int2(rows, -2);
	copy_int4(rows, -40000);
	copy_int8(rows, INT64_MIN);
	copy_bool(rows, true);
	copy_row(rows, 7);
	copy_id(rows, NULL);
	copy_text(rows, NULL);
	copy_bytes(rows, NULL, 9);
	for (int i = 0; i < 4; i++)
		copy_null(rows);
	assert_int_equal(copy_rows_count(rows), 2);
	WORKS(copy_send(tx, into_everything, rows, &error));
	assert_int_equal(copy_rows_count(rows), 0);
	WORKS(tx_commit(&tx, &error));
	copy_rows_close(&rows);

	char *text = postgres_ask(
		"SELECT string_agg(e::text, ' ' ORDER BY name NULLS LAST) FROM test.everything e");
	char wanted[160], id_as_text[ID_TEXT_SIZE];
	snprintf(wanted, sizeof wanted, "(%s,\"Zoë 山田\",\"\\\\x0001\",-2,-40000,-9223372036854775808,t) (,,,,,,)",
	         id_text(&id, id_as_text));
	assert_string_equal(text, wanted);
	free(text);
}

static void many_rows_arrive(void **state)
{
	struct copy_rows *rows = copy_rows_open(KB(256));
	struct tx *tx = begin();
	int sends = 0;

	(void)state;
	for (int64_t i = 1; i <= 100000; i++) {
		char name[40];
		snprintf(name, sizeof name, "person number %d", (int)i);
		add(rows, i, name);
		if (copy_rows_full(rows)) {
			WORKS(copy_send(tx, into_people, rows, &error));
			sends++;
		}
	}
	WORKS(copy_send(tx, into_people, rows, &error));
	WORKS(copy_send(tx, into_people, rows, &error)); /* none are left: nothing is sent */
	assert_true(sends > 10);

	const struct rows *result;
	WORKS(query_run(tx, &count_people, NO_PARAMS, arena, &result, &error)); /* back in the pipeline */
	assert_int_equal(rows_int(result, 0, 0), 100000);
	WORKS(tx_commit(&tx, &error));
	assert_int_equal(outside("SELECT sum(id) FROM test.people WHERE name = 'person number ' || id"),
	                 5000050000);
	copy_rows_close(&rows);
}

static void one_large_send_arrives(void **state)
{
	struct copy_rows *rows = copy_rows_open(MB(64));
	struct tx *tx = begin();

	(void)state;
	for (int64_t i = 1; i <= 100000; i++)
		add(rows, i, "somebody with a name of some length, so that no socket takes all of it at once");
	assert_false(copy_rows_full(rows));
	WORKS(copy_send(tx, into_people, rows, &error));
	WORKS(tx_commit(&tx, &error));
	assert_int_equal(outside("SELECT count(*) FROM test.people"), 100000);
	copy_rows_close(&rows);
}

/* The rows that were refused can be looked at: they are kept. */
static void fails_with(struct tx *tx, const char *sql, struct copy_rows *rows, enum error_kind kind,
                       const char *code)
{
	size_t count = copy_rows_count(rows);
	const struct rows *result;

	WORKS(tx_mark(tx, &error));
	WORKS(query_run(tx, &count_people, NO_PARAMS, arena, &result, &error));
	FAILS(copy_send(tx, sql, rows, &error), kind, code);
	assert_int_equal(copy_rows_count(rows), count);
	WORKS(tx_back_to_mark(tx, &error));
	WORKS(query_run(tx, &count_people, NO_PARAMS, arena, &result, &error));
	assert_int_equal(rows_int(result, 0, 0), 0);
}

static void a_row_that_was_not_taken_is_noticed(void **state)
{
	struct copy_rows *rows = copy_rows_open(KB(64));
	struct tx *tx = begin();

	(void)state;
	postgres_run("CREATE FUNCTION test.skip() RETURNS trigger LANGUAGE plpgsql AS"
	             " $$ BEGIN RETURN CASE WHEN new.id <> 2 THEN new END; END $$;"
	             "CREATE TRIGGER skip BEFORE INSERT ON test.people FOR EACH ROW EXECUTE FUNCTION test.skip()");
	for (int64_t i = 1; i <= 3; i++)
		add(rows, i, "x");
	fails_with(tx, into_people, rows, ERROR_INTERNAL, "copy.count");
	tx_close(&tx);
	copy_rows_close(&rows);
}

static void bad_rows_are_refused(void **state)
{
	struct copy_rows *text = copy_rows_open(KB(64)), *narrow = copy_rows_open(KB(64)),
			 *twice = copy_rows_open(KB(64)), *first = copy_rows_open(KB(64));
	struct tx *tx = begin();

	(void)state;
	add(text, 1, "good");
	add(text, 2, "secret \xff\xfe");
	fails_with(tx, into_people, text, ERROR_INPUT, "store.value");
	assert_null(strstr(error.detail, "secret"));

	copy_row(narrow, 1);
	copy_int8(narrow, 1);
	fails_with(tx, into_people, narrow, ERROR_INPUT, "store.value");

	add(twice, 1, "ann");
	add(twice, 1, "ann");
	fails_with(tx, into_people, twice, ERROR_CONFLICT, "store.unique");
	assert_string_equal(tx_constraint(tx), "people_pkey");

	/* refused at its first row, while megabytes are still being sent */
	add(first, 1, "nobody");
	for (int64_t i = 2; i < 100000; i++)
		add(first, i, "somebody with a name of some length, so that no socket takes all of it at once");
	fails_with(tx, into_people, first, ERROR_INPUT, "store.check");
	fails_with(tx, "COPY test.nowhere FROM STDIN (FORMAT binary)", first, ERROR_INTERNAL, "store.failed");
	tx_close(&tx);
	copy_rows_close(&text);
	copy_rows_close(&narrow);
	copy_rows_close(&twice);
	copy_rows_close(&first);
}

static void rows_of_a_wrong_shape_are_not_sent(void **state)
{
	struct copy_rows *missing = copy_rows_open(KB(64)), *surplus = copy_rows_open(KB(64)),
			 *last = copy_rows_open(KB(64));
	struct tx *tx = begin();

	(void)state;
	copy_row(missing, 2);
	copy_int8(missing, 1);
	add(missing, 2, "x");
	FAILS(copy_send(tx, into_people, missing, &error), ERROR_INTERNAL, "copy.shape");
	add(surplus, 1, "x");
	copy_null(surplus);
	add(surplus, 2, "x");
	FAILS(copy_send(tx, into_people, surplus, &error), ERROR_INTERNAL, "copy.shape");
	copy_row(last, 2);
	copy_int8(last, 1);
	FAILS(copy_send(tx, into_people, last, &error), ERROR_INTERNAL, "copy.shape");
	tx_close(&tx);
	copy_rows_close(&missing);
	copy_rows_close(&surplus);
	copy_rows_close(&last);
}

static void only_a_copy_is_a_copy(void **state)
{
	struct copy_rows *rows = copy_rows_open(KB(64));
	struct tx *tx = begin();

	(void)state;
	add(rows, 1, "x");
	FAILS(copy_send(tx, "SELECT 1", rows, &error), ERROR_INTERNAL, "copy.statement");
	tx_close(&tx);
	WORKS(store_ping(store, STORE_WORKER, &error));
	copy_rows_close(&rows);
}

static void a_row_larger_than_the_limit_fits(void **state)
{
	struct copy_rows *rows = copy_rows_open(KB(8));
	char *text = calloc(1, MB(3) + 1);
	struct tx *tx = begin();

	(void)state;
	memset(text, 'x', MB(3));
	assert_false(copy_rows_full(rows));
	add(rows, 1, text);
	assert_true(copy_rows_full(rows));
	WORKS(copy_send(tx, into_people, rows, &error));
	WORKS(tx_commit(&tx, &error));
	assert_int_equal(outside("SELECT length(name) FROM test.people"), MB(3));
	free(text);
	copy_rows_close(&rows);
}

static void a_lost_connection_is_told(void **state)
{
	struct copy_rows *rows = copy_rows_open(MB(16));
	struct tx *tx = begin();

	(void)state;
	for (int64_t i = 1; i <= 10000; i++)
		add(rows, i, "x");
	end_backend(backend_of(tx));
	assert_int_equal(copy_send(tx, into_people, rows, &error), -1);
	assert_int_equal(error.kind, ERROR_RETRY);
	tx_close(&tx);
	tx = begin();
	WORKS(copy_send(tx, into_people, rows, &error)); /* the same rows again */
	WORKS(tx_commit(&tx, &error));
	assert_int_equal(outside("SELECT count(*) FROM test.people"), 10000);
	copy_rows_close(&rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(every_type_arrives),
		STORE_TEST(many_rows_arrive),
		STORE_TEST(one_large_send_arrives),
		STORE_TEST(a_row_that_was_not_taken_is_noticed),
		STORE_TEST(bad_rows_are_refused),
		STORE_TEST(rows_of_a_wrong_shape_are_not_sent),
		STORE_TEST(only_a_copy_is_a_copy),
		STORE_TEST(a_row_larger_than_the_limit_fits),
		STORE_TEST(a_lost_connection_is_told),
	};

	return cmocka_run_group_tests(tests, store_test_start, store_test_stop);
}
