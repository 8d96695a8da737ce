/* Each type goes to the server and comes back as it was. */
#include "unit/store/store_test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct rows *ask(const char *sql, const struct param *params, size_t count)
{
	const struct query query = { "test.value", sql, QUERY_READS, QUERY_ONCE };
	const struct rows *rows;
	scoped(tx) *tx = NULL;

	WORKS(tx_begin(store, STORE_REQUEST, &tx, &error));
	WORKS(query_run(tx, &query, params, count, arena, &rows, &error));
	WORKS(tx_commit(&tx, &error));
	return rows;
}

static void texts_come_back(void **state)
{
	static const char *const texts[] = { "", "plain", "Zoë Ångström 山田 🦉", "two\nlines\t'quoted' \\ $1" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		const struct rows *rows = ask("SELECT $1, length($1)", PARAMS(P_TEXT(texts[i])));

		assert_string_equal(rows_text(rows, 0, 0), texts[i]);
		assert_false(rows_null(rows, 0, 0));
	}
	assert_int_equal(rows_int(ask("SELECT length($1)", PARAMS(P_TEXT("🦉ä"))), 0, 0), 2);
}

static void large_texts_come_back(void **state)
{
	size_t size = getenv("UNDER_MEMCHECK") ? MB(1) : MB(9); /* memcheck takes its time with each byte */
	char *text = malloc(size + 1);

	(void)state;
	memset(text, 'x', size);
	text[size] = '\0';
	const struct rows *rows = ask("SELECT $1, $1", PARAMS(P_TEXT(text)));
	assert_string_equal(rows_text(rows, 0, 0), text);
	assert_string_equal(rows_text(rows, 0, 1), text);
	free(text);
}

static void numbers_come_back(void **state)
{
	static const int64_t numbers[] = { 0, 1, -1, INT32_MAX, INT64_MAX, INT64_MIN };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(numbers); i++)
		assert_int_equal(rows_int(ask("SELECT $1", PARAMS(P_INT(numbers[i]))), 0, 0), numbers[i]);

	const struct rows *rows = ask("SELECT (-7)::smallint, (-70000)::integer, $1::integer", PARAMS(P_INT(12)));
	assert_int_equal(rows_int(rows, 0, 0), -7);
	assert_int_equal(rows_int(rows, 0, 1), -70000);
	assert_int_equal(rows_int(rows, 0, 2), 12);
}

static void booleans_come_back(void **state)
{
	(void)state;
	const struct rows *rows = ask("SELECT $1, $2", PARAMS(P_BOOL(true), P_BOOL(false)));

	assert_true(rows_bool(rows, 0, 0));
	assert_false(rows_bool(rows, 0, 1));
}

static void times_come_back(void **state)
{
	static const int64_t times[] = { 1, -1, 1795299247000123, 946684800000000, INT64_MAX, INT64_MIN };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(times); i++)
		assert_int_equal(rows_time(ask("SELECT $1", PARAMS(P_TIME(times[i]))), 0, 0), times[i]);

	const struct rows *rows = ask("SELECT to_char($1 AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), "
	                              "'infinity'::timestamptz, timestamptz '1970-01-01 00:00:00Z'",
	                              PARAMS(P_TIME(1795299247000123)));
	assert_string_equal(rows_text(rows, 0, 0), "2026-11-21 22:14:07.000123");
	assert_int_equal(rows_time(rows, 0, 1), INT64_MAX);
	assert_int_equal(rows_time(rows, 0, 2), 0);
}

static void ids_come_back(void **state)
{
	struct id id = id_new();
	char text[ID_TEXT_SIZE];

	(void)state;
	const struct rows *rows = ask("SELECT $1, $1::text", PARAMS(P_ID(&id)));
	struct id back = rows_id(rows, 0, 0);
	assert_true(id_equal(&back, &id));
	assert_string_equal(rows_text(rows, 0, 1), id_text(&id, text));
}

static void bytes_come_back(void **state)
{
	static const char bytes[] = "a\0b\377";
	size_t size;

	(void)state;
	const struct rows *rows = ask("SELECT $1, $2", PARAMS(P_BYTES(bytes, 4), P_BYTES("", 0)));
	const void *back = rows_bytes(rows, 0, 0, &size);
	assert_int_equal(size, 4);
	assert_memory_equal(back, bytes, 4);
	assert_non_null(rows_bytes(rows, 0, 1, &size));
	assert_int_equal(size, 0);
}

static void json_comes_back(void **state)
{
	(void)state;
	const struct rows *rows = ask("SELECT ($1 -> 'name')::text, $1::text, '[1]'::json",
	                              PARAMS(P_JSON("{\"name\": \"Zoë\"}")));

	assert_string_equal(rows_text(rows, 0, 0), "\"Zoë\"");
	assert_string_equal(rows_text(rows, 0, 1), "{\"name\": \"Zoë\"}");
	assert_string_equal(rows_text(rows, 0, 2), "[1]");
}

static void lists_come_back(void **state)
{
	static const char *const texts[] = { "one", "", "drei, {vier}", "五", NULL };
	static const char *const none[] = { NULL };
	struct id ids[] = { id_new(), id_new() };

	(void)state;
	const struct rows *rows = ask("SELECT $1, $2, cardinality($3), $3[2]::text, cardinality($4)",
	                              PARAMS(P_TEXTS(texts), P_TEXTS(none), P_IDS(ids, 2), P_IDS(ids, 0)));
	const char *const *back = rows_texts(rows, 0, 0);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(back[i], texts[i]);
	assert_null(back[4]);
	assert_non_null(rows_texts(rows, 0, 1));
	assert_null(rows_texts(rows, 0, 1)[0]);
	assert_int_equal(rows_int(rows, 0, 2), 2);
	assert_string_equal(rows_text(rows, 0, 3), id_text(&ids[1], (char[ID_TEXT_SIZE]){ 0 }));
	assert_int_equal(rows_int(rows, 0, 4), 0);
}

static void nothing_comes_back_as_nothing(void **state)
{
	size_t size = 7;

	(void)state;
	const struct rows *rows =
		ask("SELECT $1, $2, $3, $4, $5, $6, $7::bigint, $8, null::boolean, $9 IS NULL, $10::text",
	            PARAMS(P_ID(NULL), P_TEXT(NULL), P_TIME(0), P_BYTES(NULL, 3), P_JSON(NULL), P_TEXTS(NULL),
	                   P_NULL, P_NULL, P_IDS(NULL, 4), P_NULL));
	struct id id = rows_id(rows, 0, 0);

	for (int column = 0; column < 9; column++)
		assert_true(rows_null(rows, 0, column));
	assert_true(id_is_nil(&id));
	assert_null(rows_text(rows, 0, 1));
	assert_int_equal(rows_time(rows, 0, 2), 0);
	assert_null(rows_bytes(rows, 0, 3, &size));
	assert_int_equal(size, 0);
	assert_null(rows_texts(rows, 0, 5));
	assert_int_equal(rows_int(rows, 0, 6), 0);
	assert_false(rows_bool(rows, 0, 8));
	assert_true(rows_bool(rows, 0, 9));
	assert_null(rows_text(rows, 0, 10));
}

static void rows_come_in_order(void **state)
{
	(void)state;
	const struct rows *rows =
		ask("SELECT n, 'row ' || n FROM generate_series(1, $1) AS n", PARAMS(P_INT(5000)));

	assert_int_equal(rows_count(rows), 5000);
	assert_int_equal(rows_int(rows, 4999, 0), 5000);
	assert_string_equal(rows_text(rows, 4999, 1), "row 5000");
	assert_int_equal(rows_count(ask("SELECT 1 WHERE false", NO_PARAMS)), 0);
}

static void bad_values_are_refused(void **state)
{
	const struct query echo = { "test.echo", "SELECT $1", QUERY_READS, QUERY_ONCE };
	const struct rows *rows;
	struct param many[PARAMS_MOST + 1];
	scoped(tx) *tx = NULL;

	(void)state;
	WORKS(tx_begin(store, STORE_REQUEST, &tx, &error));
	WORKS(tx_mark(tx, &error));
	FAILS(query_run(tx, &echo, PARAMS(P_TEXT("bad \xc3(")), arena, &rows, &error), ERROR_INPUT, "store.value");
	assert_null(strstr(error.detail, "0xc3"));
	WORKS(tx_back_to_mark(tx, &error));
	FAILS(query_run(tx, &echo, PARAMS(P_JSON("{\"secret\"")), arena, &rows, &error), ERROR_INPUT,
	      "store.value");
	assert_null(strstr(error.detail, "secret"));
	WORKS(tx_back_to_mark(tx, &error));
	FAILS(query_run(tx, &echo, PARAMS(P_BYTES("", (size_t)PARAM_BYTES_MOST + 1)), arena, &rows, &error),
	      ERROR_LIMIT, "query.value");
	WORKS(tx_back_to_mark(tx, &error));
	for (size_t i = 0; i < ARRAY_COUNT(many); i++)
		many[i] = P_INT(1);
	FAILS(query_run(tx, &echo, many, ARRAY_COUNT(many), arena, &rows, &error), ERROR_INTERNAL, "query.params");
}

static void strange_lists_are_refused(void **state)
{
	static const char *const statements[] = { "SELECT ARRAY['a', NULL]", "SELECT ARRAY[['a'], ['b']]" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(statements); i++) {
		const struct query query = { "test.list", statements[i], QUERY_READS, QUERY_ONCE };
		const struct rows *rows;
		scoped(tx) *tx = NULL;

		WORKS(tx_begin(store, STORE_REQUEST, &tx, &error));
		FAILS(query_run(tx, &query, NO_PARAMS, arena, &rows, &error), ERROR_INTERNAL, "rows.list");
	}
}

typedef void reading_fn(const struct rows *rows);

static void read_text_as_number(const struct rows *rows)
{
	rows_int(rows, 0, 0);
}

static void read_number_as_text(const struct rows *rows)
{
	rows_text(rows, 0, 1);
}

static void read_text_as_id(const struct rows *rows)
{
	rows_id(rows, 0, 0);
}

static void read_beyond_rows(const struct rows *rows)
{
	rows_text(rows, 1, 0);
}

static void read_beyond_columns(const struct rows *rows)
{
	rows_null(rows, 0, 2);
}

static void a_wrong_reading_ends_the_process(void **state)
{
	static reading_fn *const readings[] = { read_text_as_number, read_number_as_text, read_text_as_id,
		                                read_beyond_rows, read_beyond_columns };

	(void)state;
	const struct rows *rows = ask("SELECT 'text'::text, 1::bigint", NO_PARAMS);
	for (size_t i = 0; i < ARRAY_COUNT(readings); i++) {
		int status = 0;
		pid_t child = fork();

		if (child == 0) {
			signal(SIGABRT, SIG_DFL);
			readings[i](rows);
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(texts_come_back),
		STORE_TEST(large_texts_come_back),
		STORE_TEST(numbers_come_back),
		STORE_TEST(booleans_come_back),
		STORE_TEST(times_come_back),
		STORE_TEST(ids_come_back),
		STORE_TEST(bytes_come_back),
		STORE_TEST(json_comes_back),
		STORE_TEST(lists_come_back),
		STORE_TEST(nothing_comes_back_as_nothing),
		STORE_TEST(rows_come_in_order),
		STORE_TEST(bad_values_are_refused),
		STORE_TEST(strange_lists_are_refused),
		STORE_TEST(a_wrong_reading_ends_the_process),
	};

	return cmocka_run_group_tests(tests, store_test_start, store_test_stop);
}
