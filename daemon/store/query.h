/* Statements: a named constant beside the one function that uses it; values are bound, never pasted.
 *
 * Parameters and results travel in binary. Statements are prepared once on each connection under their name, unless they say
 * otherwise (QUERY_ONCE: planned with today's statistics, for the large ones). */
#ifndef ROSTERD_STORE_QUERY_H
#define ROSTERD_STORE_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "store/transaction.h"

enum query_effect {
	QUERY_READS,   /* writes nothing */
	QUERY_KEEPS,   /* writes what is not audited: cursors, progress, staging, traces, throttles */
	QUERY_CHANGES, /* writes audited tables: its row count is added to the changed */
	QUERY_RECORDS, /* writes audit entries: its row count is added to the recorded */
	QUERY_BOTH,    /* changes and records in one statement: its row count is added to both */
};
enum { QUERY_PREPARED = 0, QUERY_ONCE = 1 };

struct query {
	const char *name; /* room.what: "member.find" */
	const char *sql;
	enum query_effect effect;
	int flags;
};

enum param_type {
	PARAM_NULL, PARAM_ID, PARAM_TEXT, PARAM_INT, PARAM_BOOL, PARAM_TIME, PARAM_BYTES, PARAM_JSON, PARAM_TEXTS, PARAM_IDS,
};

struct param {
	enum param_type type;
	const void *bytes; /* ID: struct id; TEXT, JSON: NUL-ended; TEXTS: NULL-ended list; IDS: array */
	size_t size;       /* BYTES: bytes; IDS: count */
	int64_t number;    /* INT, BOOL, TIME */
};

/* SQL types: uuid, text, bigint, boolean, timestamptz, bytea, jsonb, text[], uuid[]. A NULL pointer is SQL NULL. */
#define P_NULL ((struct param){ PARAM_NULL, NULL, 0, 0 })
#define P_ID(id) ((struct param){ PARAM_ID, (id), 0, 0 })
#define P_TEXT(text) ((struct param){ PARAM_TEXT, (text), 0, 0 })
#define P_INT(n) ((struct param){ PARAM_INT, NULL, 0, (n) })
#define P_BOOL(b) ((struct param){ PARAM_BOOL, NULL, 0, (b) })
#define P_TIME(us) ((struct param){ PARAM_TIME, NULL, 0, (us) }) /* 0 is SQL NULL */
#define P_BYTES(p, n) ((struct param){ PARAM_BYTES, (p), (n), 0 })
#define P_JSON(text) ((struct param){ PARAM_JSON, (text), 0, 0 })
#define P_TEXTS(list) ((struct param){ PARAM_TEXTS, (list), 0, 0 })
#define P_IDS(array, n) ((struct param){ PARAM_IDS, (array), (n), 0 })
/* As two arguments: PARAMS(P_ID(&a), P_TEXT(b)), or NO_PARAMS. */
#define PARAMS(...) \
	(const struct param[]){ __VA_ARGS__ }, (sizeof((const struct param[]){ __VA_ARGS__ }) / sizeof(struct param))
#define NO_PARAMS NULL, 0

struct rows; /* lives in the arena (the library's memory is freed before query_run returns) */

/* Runs it and fetches all rows. Kinds of failure: ERROR_CONFLICT (unique, exclusion, foreign key; tx_constraint names it),
 * ERROR_INPUT (check constraint, bad text), ERROR_RETRY (serialisation, deadlock, connection lost, server starting),
 * ERROR_LIMIT (statement timeout), ERROR_INTERNAL. After a failure the tx can only be closed or taken back to its mark. */
int query_run(struct tx *tx, const struct query *query, const struct param *params, size_t count, struct arena *arena,
              const struct rows **ret, struct error *e);

/* The same for at most one row: 1 here it is, 0 none, -1 failed (two or more are a failure). */
int query_one(struct tx *tx, const struct query *query, const struct param *params, size_t count, struct arena *arena,
              const struct rows **ret, struct error *e);

/* The same for statements whose rows nobody reads; ret_count (may be NULL) gets the rows written. */
int query_write(struct tx *tx, const struct query *query, const struct param *params, size_t count, int64_t *ret_count,
                struct error *e);

/* Pipeline: query_send queues without waiting, query_receive takes results in the same order (as query_run's). All sent ones
 * must be received before anything else is done with the tx. */
int query_send(struct tx *tx, const struct query *query, const struct param *params, size_t count, struct error *e);
int query_receive(struct tx *tx, struct arena *arena, const struct rows **ret, int64_t *ret_count, struct error *e);

/* Reading cells. A NULL cell gives NULL, 0, false or the nil id. The SQL type decides: uuid; text, name, json (cast jsonb to text); smallint,
 * integer, bigint; boolean; timestamptz; bytea; text[]. A cell of another type than asked for ends the process: a bug. */
size_t rows_count(const struct rows *rows);
bool rows_null(const struct rows *rows, size_t row, int column);
const char *rows_text(const struct rows *rows, size_t row, int column);
int64_t rows_int(const struct rows *rows, size_t row, int column);
bool rows_bool(const struct rows *rows, size_t row, int column);
int64_t rows_time(const struct rows *rows, size_t row, int column);
struct id rows_id(const struct rows *rows, size_t row, int column);
const void *rows_bytes(const struct rows *rows, size_t row, int column, size_t *ret_size);
const char *const *rows_texts(const struct rows *rows, size_t row, int column); /* ends with NULL */

#endif
