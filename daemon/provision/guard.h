/* Refuses a plan that would harm the organisation.
 *
 * A directory that is misconfigured looks exactly like one whose people have all left. So before anything is applied we
 * count, and above the connection's own limit the whole plan is held for a person to look at. Nothing here changes
 * the roster, and nothing here may be skipped: provision_reconcile asks guard, not its callers. */
#ifndef ROSTERD_PROVISION_GUARD_H
#define ROSTERD_PROVISION_GUARD_H

#include "base/arena.h"
#include "base/error.h"
#include "provision/source.h"
#include "roster/run.h"
#include "store/transaction.h"

enum {
	GUARD_WINDOW_HOURS = 24, /* limits hold for all that a connection takes away in so long: many small runs are as one */
	GUARD_HALF_FROM = 10,	 /* of so many people or more, a limit by number that is below all of them lets at most half go */
};

/* 1: the plan may be applied. 0: hold it, *ret_reason (in the arena) says why in a sentence for the administrator. The limits are the same
 * for every kind of reading; what only somebody's absence can show is asked of those that conclude from it. */
int guard_judge(struct tx *tx, struct arena *arena, const struct source *source, const struct run *run, const char **ret_reason,
                struct error *e);

/* The plan is applied: what it takes away counts in the plans of the next GUARD_WINDOW_HOURS. An approved plan counts in none, and what
 * went before it counts no more: somebody has looked. */
int guard_record(struct tx *tx, const struct source *source, const struct run *run, struct error *e);

/* Adds to a reason (none: nothing) that the owner is among those who would be suspended. */
int guard_tell_owner(struct tx *tx, struct arena *arena, const char **reason, struct error *e);

#endif
