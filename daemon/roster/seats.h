/* What an organisation's plan allows, and its seats: who takes one, how many there are, who waits for one.
 *
 * The counting is the schema's (0017), where triggers see every statement: nothing here can be forgotten by whoever
 * changes members. Here it is asked and told before, with numbers. Every statement but seats_plan's needs a transaction
 * that is for the organisation. */
#ifndef ROSTERD_ROSTER_SEATS_H
#define ROSTERD_ROSTER_SEATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "roster/organisation.h"
#include "store/query.h"

/* A line of the table of plans. */
struct seats_plan {
	const char *type, *plan;
	int64_t seats;		       /* SEATS_UNLIMITED: no limit */
	const char *const *seat_roles; /* whose active members take a seat each, ended by NULL; the owner always does */
	bool connections;	       /* may have directories of its own */
};

/* The most that an operator can set is what the schema says. */
#define SEATS_UNLIMITED INT64_C(-1)
#define SEATS_MOST	INT64_C(999999999)

struct seats {
	int64_t used, most; /* most: SEATS_UNLIMITED if there is no limit */
	int64_t waiting;    /* people who wait for one, to come in or with another role */
};

/* The plans' names, ended by NULL. */
extern const char *const seats_plans[];

/* The line for a type and its plan; plan NULL: the type's default. ERROR_INPUT "organisation.plan": the type has no such
 * plan. */
int seats_plan(struct tx *tx, struct arena *arena, const char *type, const char *plan, struct seats_plan *ret,
	       struct error *e);

/* What the operator's word comes to beside a plan: "plan", "none" or a number. 0, or -1 with ERROR_INPUT
 * "organisation.seats". */
int seats_limit(const char *word, const struct seats_plan *plan, int64_t *ret, struct error *e);

/* As they are now. */
int seats_count(struct tx *tx, struct arena *arena, const struct id *organisation, struct seats *ret, struct error *e);

/* Makes sure of a seat for a member who is to be active with the role `to`, and is active with the role `from` now (NULL:
 * is not): if that takes one it is theirs to take until the transaction ends. ERROR_LIMIT "limit.seats" names the limit,
 * the count and what to do. */
int seats_take(struct tx *tx, struct arena *arena, const struct organisation *organisation, const char *from,
	       const char *to, struct error *e);

/* Nobody comes or goes until the transaction ends; and whoever is beyond `most` with these roles from then on waits,
 * those who came last first, admins after all others and the owner never. *ret gets how many, who have an entry in the
 * audit each. */
struct actor;
int seats_make_room(struct tx *tx, const struct organisation *organisation, const struct seats_plan *plan, int64_t most,
		    const struct actor *actor, int64_t *ret, struct error *e);

/* After a statement that failed: if it was the last word about seats, says so. Returns -1. */
int seats_refused(const struct tx *tx, struct error *e);

#endif
