/* An export of the audit, read line by line, as JSON lines or CSV: the two formats of docs/audit.md, and
 * nothing that is nearly one of them. The bytes are anybody's. */
#ifndef ROSTERCTL_EXPORTED_H
#define ROSTERCTL_EXPORTED_H

#include <stddef.h>
#include <stdio.h>

#include "base/error.h"

struct arena;
struct exported;

enum { EXPORTED_LINE_MOST = 16 << 20 }; /* bytes of a line */

#define EXPORTED_ENCODING "rosterd-audit-1"

/* The columns in their order. */
enum exported_column {
	EXPORTED_RECORD, /* begin, entry, end */
	EXPORTED_ENCODING_NAME,
	EXPORTED_ORGANISATION,
	EXPORTED_FIRST,
	EXPORTED_LAST,
	EXPORTED_POSITION,
	EXPORTED_ID,
	EXPORTED_AT,
	EXPORTED_ACTOR_KIND,
	EXPORTED_ACTOR,
	EXPORTED_ON_BEHALF_OF,
	EXPORTED_ACTION,
	EXPORTED_TARGET_KIND,
	EXPORTED_TARGET,
	EXPORTED_SOURCE,
	EXPORTED_RUN,
	EXPORTED_REQUEST,
	EXPORTED_COMMITMENT,
	EXPORTED_SALT,
	EXPORTED_PERSONAL,
	EXPORTED_LINK,
	EXPORTED_ENTRIES,
	EXPORTED_COLUMNS,
};

extern const char *const exported_names[EXPORTED_COLUMNS];

struct exported_line {
	size_t number;			     /* in the file, from 1 */
	const char *cells[EXPORTED_COLUMNS]; /* NULL: there is none. Numbers as their digits */
};

/* Reads from a file, which stays the caller's. */
struct exported *exported_open(FILE *file);
void exported_close(struct exported **exported);

/* 1: the next line, in the arena. 0: there is none. -1: it is no line of an export (ERROR_INPUT
 * "audit.line"), or the file could not be read. */
int exported_next(struct exported *exported, struct arena *arena, struct exported_line *ret, struct error *e);

#endif
