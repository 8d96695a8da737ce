/* Values that are bound to a statement: what they are here, and in binary there. */
#ifndef ROSTERD_STORE_PARAM_H
#define ROSTERD_STORE_PARAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct arena;
struct statement;

enum param_type {
	PARAM_NULL,
	PARAM_ID,
	PARAM_TEXT,
	PARAM_INT,
	PARAM_BOOL,
	PARAM_TIME,
	PARAM_BYTES,
	PARAM_JSON,
	PARAM_TEXTS,
	PARAM_IDS,
};

struct param {
	enum param_type type;
	const void *bytes; /* ID: struct id; TEXT, JSON: NUL-ended; TEXTS: NULL-ended list; IDS: array */
	size_t size;       /* BYTES: bytes; IDS: count */
	int64_t number;    /* INT, BOOL, TIME */
};

/* SQL types: uuid, text, bigint, boolean, timestamptz, bytea, jsonb, text[], uuid[]. A NULL pointer is SQL NULL;
 * P_NULL is a NULL of the type that the statement says: write $1::bigint. */
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
	(const struct param[]){ __VA_ARGS__ }, \
		(sizeof((const struct param[]){ __VA_ARGS__ }) / sizeof(struct param))
#define NO_PARAMS NULL, 0

/* ---- for the other rooms of store/ alone ---- */

enum { PARAMS_MOST = 100, PARAM_BYTES_MOST = 256 << 20 };

/* Fills count, types, values, sizes and formats of the statement; what they point to lies in the arena or is
 * the caller's. */
int param_bind(const struct param *params, size_t count, struct arena *arena, struct statement *ret,
               struct error *e);

#endif
