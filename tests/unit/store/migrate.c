/* Migrations: each once, whole or not at all, and never changed afterwards. */
#include "store/migrate.h"

#include "unit/store/store_test.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[64];

static void put(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%s", directory, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void drop(const char *name)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%s", directory, name);
	assert_int_equal(unlink(path), 0);
}

static int before(void **state)
{
	store_test_open(state);
	postgres_run("DROP SCHEMA IF EXISTS rosterd CASCADE");
	snprintf(directory, sizeof directory, "/tmp/rosterd-schema-XXXXXX");
	assert_non_null(mkdtemp(directory));
	put("0001_first.sql",
	    "-- oldest: 0.1.0\nCREATE TABLE rosterd.one (id int);\nINSERT INTO rosterd.one VALUES (1);\n");
	put("0002_second.sql", "-- oldest: 0.1.0\nALTER TABLE rosterd.one ADD COLUMN name text;\n");
	put("roles.sql", "this is for somebody else");
	put("README", "so is this");
	return 0;
}

static int after(void **state)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;

	while ((entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(directory);
	return store_test_close(state);
}

static void says(const char *what)
{
	if (!strstr(error.text, what))
		fail_msg("\"%s\" does not say \"%s\"", error.text, what);
}

static void a_fresh_database_gets_all(void **state)
{
	int applied = -1;

	(void)state;
	FAILS(migrate_check(store, directory, &error), ERROR_PRECONDITION, "schema.old");
	WORKS(migrate_apply(store, directory, &applied, &error));
	assert_int_equal(applied, 2);
	WORKS(migrate_check(store, directory, &error));
	assert_int_equal(outside("SELECT count(*) FROM rosterd.one WHERE name IS NULL"), 1);
	assert_int_equal(outside("SELECT count(*) FROM rosterd.migrations WHERE length(sha256) = 32"
	                         " AND oldest_daemon = '0.1.0' AND applied_at <= now()"
	                         " AND (number, name) IN ((1, '0001_first.sql'), (2, '0002_second.sql'))"), 2);
}

static void again_does_nothing_and_later_ones_follow(void **state)
{
	int applied = -1;

	(void)state;
	WORKS(migrate_apply(store, directory, NULL, &error));
	WORKS(migrate_apply(store, directory, &applied, &error));
	assert_int_equal(applied, 0);
	put("0003_third.sql", "-- oldest: 0.1.0\nDROP TABLE rosterd.one;\n");
	FAILS(migrate_check(store, directory, &error), ERROR_PRECONDITION, "schema.old");
	says("2 of the 3");
	WORKS(migrate_apply(store, directory, &applied, &error));
	assert_int_equal(applied, 1);
}

static void two_at_once_take_turns(void **state)
{
	int statuses[2];
	pid_t children[2];

	(void)state;
	put("0001_first.sql", "-- oldest: 0.1.0\nSELECT pg_sleep(0.3);\nCREATE TABLE rosterd.one (id int);\n");
	for (int i = 0; i < 2; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			struct store_options options = store_test_options();
			struct store *own;
			int failed = store_open(&options, &own, NULL) < 0 ||
			             migrate_apply(own, directory, NULL, NULL) < 0;
			_exit(failed);
		}
	}
	for (int i = 0; i < 2; i++)
		assert_int_equal(waitpid(children[i], &statuses[i], 0), children[i]);
	assert_int_equal(statuses[0], 0);
	assert_int_equal(statuses[1], 0);
	assert_int_equal(outside("SELECT count(*) FROM rosterd.migrations"), 2);
}

TEST_QUERY lock_one = { "test.lock_one", "LOCK TABLE rosterd.one IN ACCESS SHARE MODE", QUERY_READS, QUERY_ONCE };
TEST_QUERY lock_two = { "test.lock_two", "LOCK TABLE rosterd.two IN ACCESS SHARE MODE", QUERY_READS, QUERY_ONCE };

/* A daemon that serves holds one table, and asks for the next when the migration has that one and waits for the first:
 * a circle. */
static void who_serves_goes_first(void **state)
{
	pid_t child;
	int status;

	(void)state;
	put("0002_second.sql", "-- oldest: 0.1.0\nCREATE TABLE rosterd.two (id int);\n");
	WORKS(migrate_apply(store, directory, NULL, &error));
	put("0003_third.sql", "-- oldest: 0.1.0\nALTER TABLE rosterd.one ADD COLUMN a int;\n"
	                      "ALTER TABLE rosterd.two ADD COLUMN b int;\n");

	struct tx *tx;
	WORKS(tx_begin(store, STORE_REQUEST, &tx, &error));
	WORKS(query_write(tx, &lock_two, NO_PARAMS, NULL, &error));
	child = fork();
	if (child == 0) {
		struct store_options options = store_test_options();
		struct store *own;
		_exit(store_open(&options, &own, NULL) < 0 || migrate_apply(own, directory, NULL, NULL) < 0);
	}
	while (outside("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'rosterd.two'::regclass") == 0)
		assert_int_equal(waitpid(child, &status, WNOHANG), 0);
	WORKS(query_write(tx, &lock_one, NO_PARAMS, NULL, &error));
	WORKS(tx_commit(&tx, &error));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(outside("SELECT count(*) FROM rosterd.migrations"), 3);
}

static void a_changed_file_is_refused(void **state)
{
	(void)state;
	WORKS(migrate_apply(store, directory, NULL, &error));
	put("0002_second.sql", "-- oldest: 0.1.0\nALTER TABLE rosterd.one ADD COLUMN title text;\n");
	FAILS(migrate_apply(store, directory, NULL, &error), ERROR_PRECONDITION, "schema.changed");
	says("0002_second.sql");
	FAILS(migrate_check(store, directory, &error), ERROR_PRECONDITION, "schema.changed");
	drop("0002_second.sql");
	put("0002_other.sql", "-- oldest: 0.1.0\nALTER TABLE rosterd.one ADD COLUMN name text;\n");
	FAILS(migrate_apply(store, directory, NULL, &error), ERROR_PRECONDITION, "schema.changed");
	says("0002_other.sql");
	says("0002_second.sql");
}

static void bad_sql_leaves_nothing_behind(void **state)
{
	(void)state;
	put("0002_second.sql", "-- oldest: 0.1.0\nCREATE TABLE rosterd.two (id int); -- ä\n\nSELEKT 1;\n");
	FAILS(migrate_apply(store, directory, NULL, &error), ERROR_INTERNAL, "schema.script");
	says("0002_second.sql:4: ");
	says("SELEKT");
	assert_int_equal(outside("SELECT max(number) FROM rosterd.migrations"), 1);

	put("0002_second.sql", "-- oldest: 0.1.0\nCREATE TABLE rosterd.two (id int);\nINSERT INTO "
	                       "rosterd.nowhere VALUES (1);\n");
	FAILS(migrate_apply(store, directory, NULL, &error), ERROR_INTERNAL, "schema.script");
	says("0002_second.sql:3: ");
	assert_int_equal(outside("SELECT count(to_regclass('rosterd.two'))"), 0);

	/* It was never applied: it may be mended. */
	put("0002_second.sql", "-- oldest: 0.1.0\nCREATE TABLE rosterd.two (id int);\n");
	WORKS(migrate_apply(store, directory, NULL, &error));
	assert_int_equal(outside("SELECT count(to_regclass('rosterd.two'))"), 1);
}

static void a_file_has_one_transaction_and_no_data(void **state)
{
	(void)state;
	put("0002_second.sql", "-- oldest: 0.1.0\nSELECT 1;\nCOMMIT;\nBEGIN;\nSELECT 2;\n");
	FAILS(migrate_apply(store, directory, NULL, &error), ERROR_PRECONDITION, "schema.script");
	says("0002_second.sql: a migration may not begin or end");
	put("0002_second.sql", "-- oldest: 0.1.0\nCOPY rosterd.one FROM STDIN;\n");
	FAILS(migrate_apply(store, directory, NULL, &error), ERROR_PRECONDITION, "schema.script");
	says("COPY");
	assert_int_equal(outside("SELECT max(number) FROM rosterd.migrations"), 1);
}

static void files_must_be_in_order(void **state)
{
	(void)state;
	put("0004_fourth.sql", "-- oldest: 0.1.0\nSELECT 1;\n");
	FAILS(migrate_apply(store, directory, NULL, &error), ERROR_PRECONDITION, "schema.files");
	says("0004_fourth.sql");
	says("0003_");
	drop("0004_fourth.sql");
	put("0002_also.sql", "-- oldest: 0.1.0\nSELECT 1;\n");
	FAILS(migrate_apply(store, directory, NULL, &error), ERROR_PRECONDITION, "schema.files");
	says("0002_also.sql");
	says("0002_second.sql");
	drop("0002_also.sql");
	assert_int_equal(outside("SELECT count(to_regclass('rosterd.migrations'))"), 0);
	WORKS(migrate_apply(store, directory, NULL, &error));
}

static void files_must_be_well_formed(void **state)
{
	static const struct {
		const char *name, *text;
	} bad[] = {
		{ "0003_x.sql", "SELECT 1;\n" },
		{ "0003_x.sql", "-- oldest: new\n" },
		{ "0003_x.sql", "-- oldest: 1.2\n" },
		{ "0003_x.sql", "-- oldest: 0.1.0 \n" },
		{ "0003_x.sql", "" },
		{ "0003_x.sql", "-- oldest: 0.1.0\n\xff\n" },
		{ "03_x.sql", "-- oldest: 0.1.0\n" },
		{ "0003-x.sql", "-- oldest: 0.1.0\n" },
		{ "0003_.sql", "-- oldest: 0.1.0\n" },
		{ "0003_X.sql", "-- oldest: 0.1.0\n" },
		{ "00003_x.sql", "-- oldest: 0.1.0\n" },
		{ "0000_x.sql", "-- oldest: 0.1.0\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		put(bad[i].name, bad[i].text);
		FAILS(migrate_apply(store, directory, NULL, &error), ERROR_PRECONDITION, "schema.files");
		says(bad[i].name);
		drop(bad[i].name);
	}
}

static void a_directory_is_needed(void **state)
{
	(void)state;
	FAILS(migrate_apply(store, "/nonexistent", NULL, &error), ERROR_PRECONDITION, "schema.files");
	says("/nonexistent");
	drop("0001_first.sql");
	drop("0002_second.sql");
	FAILS(migrate_apply(store, directory, NULL, &error), ERROR_PRECONDITION, "schema.files");
}

static void a_newer_schema_says_whom_it_suffers(void **state)
{
	(void)state;
	WORKS(migrate_apply(store, directory, NULL, &error));
	put("0003_third.sql", "-- oldest: 0.1.0\nSELECT 1;\n");
	WORKS(migrate_apply(store, directory, NULL, &error));
	drop("0003_third.sql"); /* as an older daemon sees it */
	WORKS(migrate_check(store, directory, &error));
	WORKS(migrate_apply(store, directory, NULL, &error));

	postgres_run("UPDATE rosterd.migrations SET oldest_daemon = '99.0.1' WHERE number = 3");
	FAILS(migrate_check(store, directory, &error), ERROR_PRECONDITION, "schema.new");
	says("99.0.1");
	says("0003_third.sql");
	FAILS(migrate_apply(store, directory, NULL, &error), ERROR_PRECONDITION, "schema.new");
}

/* What is shipped, as the roles that it is made for. */
static void our_own_schema_applies(void **state)
{
	char path[512];

	(void)state;
	postgres_run("DO $$ DECLARE r text; BEGIN FOREACH r IN ARRAY ARRAY['rosterd_owner', "
	             "'rosterd_request', 'rosterd_worker'] LOOP"
	             " EXECUTE format('CREATE ROLE %I LOGIN', r); END LOOP; END $$;"
	             "GRANT CREATE ON DATABASE postgres TO rosterd_owner");
	struct store_options options = store_test_options();
	struct store *own;
	options.role_names[STORE_OWNER] = "rosterd_owner";
	options.role_names[STORE_REQUEST] = "rosterd_request";
	options.role_names[STORE_WORKER] = "rosterd_worker";
	WORKS(store_open(&options, &own, &error));
	snprintf(path, sizeof path, "%s/schema", getenv("SRCDIR"));
	WORKS(migrate_apply(own, path, NULL, &error));
	WORKS(migrate_check(own, path, &error));
	store_close(&own);
}

#define MIGRATE_TEST(function) cmocka_unit_test_setup_teardown(function, before, after)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MIGRATE_TEST(a_fresh_database_gets_all),
		MIGRATE_TEST(again_does_nothing_and_later_ones_follow),
		MIGRATE_TEST(two_at_once_take_turns),
		MIGRATE_TEST(who_serves_goes_first),
		MIGRATE_TEST(a_changed_file_is_refused),
		MIGRATE_TEST(bad_sql_leaves_nothing_behind),
		MIGRATE_TEST(a_file_has_one_transaction_and_no_data),
		MIGRATE_TEST(files_must_be_in_order),
		MIGRATE_TEST(files_must_be_well_formed),
		MIGRATE_TEST(a_directory_is_needed),
		MIGRATE_TEST(a_newer_schema_says_whom_it_suffers),
		MIGRATE_TEST(our_own_schema_applies),
	};

	return cmocka_run_group_tests(tests, store_test_start, store_test_stop);
}
