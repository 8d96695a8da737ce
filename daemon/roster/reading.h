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
	bool late; /* a reading of what changed has failed since, since one call took longer than a plug-in may */
	const char *directory; /* the settings that it was read with: a JSON object; NULL: nothing was read so far */
};

/* 1, 0 nothing was taken so far, -1. */
int reading_find(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection,
                 struct reading *ret, struct error *e);

/* Moves the place to where the run, which is applied in this transaction, has ended: for a listing that was not whole there is none.
 * A reading of some people moves nothing. moved: it is of another directory than the last one, which stays what the next is held against
 * unless this one was whole. */
int reading_take(struct tx *tx, const struct run *run, bool moved, struct error *e);

/* A person has said that what the connection's settings lead to now is the directory that was read last. 1, 0 nothing was read so far, -1. */
int reading_same_directory(struct tx *tx, const struct id *organisation, const struct id *connection, struct error *e);

#endif
