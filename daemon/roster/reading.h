/* A connection's readings: where the next one of what changed begins, and when everything was read last. */
#ifndef ROSTERD_ROSTER_READING_H
#define ROSTERD_ROSTER_READING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "roster/run.h"
#include "store/transaction.h"

struct reading {
	const void *cursor; /* NULL: there is none, everything is to be read */
	size_t cursor_size;
	const void *cursor_for; /* what it was read with */
	size_t cursor_for_size;
	int64_t whole_at;   /* when the last whole listing that was taken began; 0: there was none */
	int64_t whole_age_ms; /* by the clock of the database */
	int64_t increments; /* taken since */
};

/* 1, 0 nothing was taken so far, -1. */
int reading_find(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection,
                 struct reading *ret, struct error *e);

/* Moves the place to where the run, which is applied in this transaction, has ended: for a listing that was not whole there is none.
 * A reading of some people moves nothing. */
int reading_take(struct tx *tx, const struct run *run, struct error *e);

#endif
