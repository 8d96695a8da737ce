/* Statements: a named constant beside the one function that uses it; values are bound, never pasted.
 *
 * Parameters and results travel in binary. Statements are prepared once on each connection under their name,
 * unless they say otherwise (QUERY_ONCE: planned with today's statistics, for the large ones). The first use
 * of a statement decides the types of its parameters on that connection; name and sql are constants that are
 * never freed, and no two statements share a name. */
#ifndef ROSTERD_STORE_QUERY_H
#define ROSTERD_STORE_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "store/param.h"
#include "store/rows.h"
#include "store/transaction.h"

enum query_effect {
	QUERY_READS,   /* writes nothing */
	QUERY_KEEPS,   /* writes what is not audited: cursors, progress, staging, traces, throttles */
	QUERY_CHANGES, /* writes audited tables: its row count is added to the changed */
	QUERY_RECORDS, /* writes audit entries: its row count is added to the recorded */
	QUERY_BOTH,    /* changes and records in one statement: its row count is added to both */
};
enum { QUERY_PREPARED = 0, QUERY_ONCE = 1 };

/* Rows are counted by what the server says at the end ("INSERT 0 3"). A statement of the last three effects
 * that ends in a SELECT (WITH ... INSERT ... SELECT; a function that writes) must give its count itself: its
 * first column is a bigint called "written", and the values of all rows are added up. Without it the
 * statement fails with "query.uncounted", and one that says QUERY_READS and is an INSERT, UPDATE, DELETE or
 * MERGE fails with "query.writes". */
struct query {
	const char *name; /* room.what: "member.find" */
	const char *sql;
	enum query_effect effect;
	int flags;
};

/* Runs it and fetches all rows. Kinds of failure: ERROR_CONFLICT (unique, exclusion, foreign key;
 * tx_constraint names it), ERROR_INPUT (check constraint, bad text), ERROR_RETRY (serialisation, deadlock,
 * connection lost, server starting), ERROR_LIMIT (statement timeout), ERROR_INTERNAL. The first statement of
 * a transaction is tried once more, on a new connection, if the connection was lost or its plan is stale;
 * with query_send it is not. After a failure the tx can only be closed or taken back to its mark. */
int query_run(struct tx *tx, const struct query *query, const struct param *params, size_t count,
              struct arena *arena, const struct rows **ret, struct error *e);

/* The same for at most one row: 1 here it is, 0 none, -1 failed (two or more are a failure). */
int query_one(struct tx *tx, const struct query *query, const struct param *params, size_t count,
              struct arena *arena, const struct rows **ret, struct error *e);

/* The same for statements whose rows nobody reads; ret_count (may be NULL) gets the rows written:
 * the sum of "written", or what the server says at the end (of a SELECT: the rows that it gave). */
int query_write(struct tx *tx, const struct query *query, const struct param *params, size_t count,
                int64_t *ret_count, struct error *e);

/* The same for several, which all have these parameters: sent one behind the other, and none waits for the answer of the one before. */
int query_write_each(struct tx *tx, const struct query *queries, size_t query_count, const struct param *params, size_t count,
                     struct error *e);

/* Pipeline: query_send queues without waiting, query_receive takes results in the same order (as
 * query_run's). All sent ones must be received before anything else is done with the tx; at most
 * TX_PIPELINE_MOST may be on the way. After a failed one the others fail too. arena and ret may be NULL:
 * nobody reads the rows. */
int query_send(struct tx *tx, const struct query *query, const struct param *params, size_t count, struct error *e);
int query_receive(struct tx *tx, struct arena *arena, const struct rows **ret, int64_t *ret_count, struct error *e);

#endif
