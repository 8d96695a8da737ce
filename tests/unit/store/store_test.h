/* What the tests of store/ share: a store on the private server, and a scratch table. */
#ifndef ROSTERD_TESTS_STORE_TEST_H
#define ROSTERD_TESTS_STORE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "peers/postgres.h"
#include "store/pool.h"
#include "store/query.h"
#include "store/transaction.h"

#define WORKS(call) \
	do { \
		struct error *e_ = &error; \
		*e_ = (struct error){ 0 }; \
		if ((call) < 0) \
			fail_msg("%s: %s [%s] (%s)", #call, e_->text, e_->code, e_->detail); \
	} while (0)

/* It fails, with this kind and code. */
#define FAILS(call, wanted_kind, wanted_code) \
	do { \
		error = (struct error){ 0 }; \
		assert_int_equal((call), -1); \
		assert_string_equal(error.code, wanted_code); \
		assert_int_equal(error.kind, wanted_kind); \
	} while (0)

static struct error error;
static struct store *store;
static struct arena *arena;

static inline struct store_options store_test_options(void)
{
	return (struct store_options){
		.conninfo = postgres_conninfo(),
		.role_names = { "postgres", "postgres", "postgres" },
		.most = { 2, 3, 3 },
		.connect_timeout_ms = 5000,
		.statement_timeout_ms = 5000,
		.wait_timeout_ms = 300,
		.application = "rosterd-test",
	};
}

/* For cmocka: before and after all tests of a program; before and after each. */
static inline int store_test_start(void **state)
{
	(void)state;
	postgres_start((const char *const[]){ "deadlock_timeout=100ms", NULL });
	return 0;
}

static inline int store_test_stop(void **state)
{
	(void)state;
	postgres_stop();
	return 0;
}

static inline int store_test_open(void **state)
{
	struct store_options options = store_test_options();

	(void)state;
	WORKS(store_open(&options, &store, &error));
	arena = arena_open("test");
	postgres_run("DROP SCHEMA IF EXISTS test CASCADE; CREATE SCHEMA test;"
	             "CREATE TABLE test.people (id bigint PRIMARY KEY, name text CHECK (name <> 'nobody'));"
	             "CREATE TABLE test.audit (id bigint GENERATED ALWAYS AS IDENTITY, what text);");
	return 0;
}

static inline int store_test_close(void **state)
{
	(void)state;
	store_close(&store);
	arena_close(&arena);
	return 0;
}

#define STORE_TEST(function) cmocka_unit_test_setup_teardown(function, store_test_open, store_test_close)

/* Not every program uses each. */
#define TEST_QUERY static const struct query __attribute__((unused))
TEST_QUERY add_person = { "test.add", "INSERT INTO test.people VALUES ($1, $2)", QUERY_CHANGES, 0 };
TEST_QUERY keep_person = { "test.keep", "INSERT INTO test.people VALUES ($1, $2)", QUERY_KEEPS, 0 };
TEST_QUERY record = { "test.record", "INSERT INTO test.audit (what) VALUES ($1)", QUERY_RECORDS, 0 };
TEST_QUERY count_people = { "test.count", "SELECT count(*) FROM test.people", QUERY_READS, 0 };
TEST_QUERY find_backend = { "test.backend", "SELECT pg_backend_pid()", QUERY_READS, 0 };

/* The first cell of a statement that reads one number, seen from outside. */
static inline int64_t outside(const char *sql)
{
	char *text = postgres_ask(sql);
	int64_t number = strtoll(text, NULL, 10);

	free(text);
	return number;
}

/* Which server process serves this transaction. */
static inline int backend_of(struct tx *tx)
{
	const struct rows *rows;

	WORKS(query_run(tx, &find_backend, NO_PARAMS, arena, &rows, &error));
	return (int)rows_int(rows, 0, 0);
}

/* Ends a server process from outside, and waits until it is gone. */
static inline void end_backend(int pid)
{
	char sql[160];

	snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%d, 10000)", pid);
	postgres_run(sql);
}

#endif
