/* What has changed of what is kept in memory: heard from the database at once (NOTIFY), and held against its
 * log.
 *
 * Whoever keeps an answer keeps a mark with it, and asks before each use whether that still holds. A mark
 * holds until something is heard of its person or organisation, or something may have been missed: then
 * nothing that was kept counts any more. Marks are counters that people share by their hash, so a change now
 * and then takes along somebody whom it is not about, who is looked up again.
 *
 * A daemon cannot hear that it hears nothing. So it sends itself a sign of life, which comes back behind
 * everything that was committed before it, and with it reads the log of changes (schema/0056_verify.sql):
 * what that has and nobody was notified of is taken from there. changes_age says how old the last sign is
 * that came back with all of it; whoever answers from memory must look at that.
 *
 * One thread and one connection of its own. Marks and age may be asked for from any thread, without a lock.
 */
#ifndef ROSTERD_ACCESS_CHANGES_H
#define ROSTERD_ACCESS_CHANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/id.h"

struct changes;
struct store;

enum {
	CHANGES_USERS = 1 << 16, /* counters of people, and of organisations: powers of two */
	CHANGES_ORGANISATIONS = 1 << 12,
	CHANGES_FIRST_MS = 1000, /* at the start, for the first sign to come back */
	CHANGES_BEATS = 4,	 /* signs in the time that an answer may be old */
	CHANGES_BEAT_LEAST_MS = 50,
};

struct changes_mark {
	uint32_t all, organisation, user;
};

/* stale_ms: how old an answer may be, which says how often a sign of life is sent. A database that is away is
 * no error: nothing is fresh then. */
int changes_open(struct store *store, int stale_ms, struct changes **ret, struct error *e);
void changes_close(struct changes **changes);
void changes_pace(struct changes *changes, int stale_ms);

/* Milliseconds since a moment of which everything is known that was committed before it; INT64_MAX: there is
 * none. */
int64_t changes_age(const struct changes *changes);

/* How often something was heard. If it is the same before a look into the database and after the mark of what
 * was found was taken, the mark is no younger than what was found; if it is not, the look must be repeated
 * once the mark is taken. */
uint64_t changes_heard(const struct changes *changes);
struct changes_mark changes_mark(const struct changes *changes, const struct id *organisation,
				 const struct id *user);
/* What whoever asks has changed here is felt before they are answered, not a moment later. user NULL: of the
 * whole organisation; both: of all. To be called after the commit. */
void changes_doubt(struct changes *changes, const struct id *organisation, const struct id *user);
bool changes_hold(const struct changes *changes, const struct id *organisation, const struct id *user,
		  const struct changes_mark *mark);

#endif
