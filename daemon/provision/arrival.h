/* Somebody has signed on: one identity, as a provider showed it a moment ago, goes the way of everything that changes a roster.
 *
 * Mostly it is as we have it, and nothing is changed. Otherwise it is staged and reconciled as a run of its own, of these named people, with the plan, the
 * guard, seats, precedence and audit of any other. Where a directory is read by the same connection, it has the word about people, and a token adds
 * nothing to it. */
#ifndef ROSTERD_PROVISION_ARRIVAL_H
#define ROSTERD_PROVISION_ARRIVAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "provision/source.h"
#include "roster/audit.h"
#include "roster/identity.h"
#include "store/transaction.h"

struct arrival {
	const struct identity *person;       /* groups NULL: none were said, and the person keeps theirs */
	const struct identity_group *groups; /* what groups are called */
	size_t group_count;
};

enum arrival_answer {
	ARRIVAL_AS_KNOWN,  /* nothing is to be changed */
	ARRIVAL_CHANGES,   /* reconcile */
	ARRIVAL_ELSEWHERE, /* the directory that this connection reads does not show them as active (yet, or any more) */
	ARRIVAL_UNPROVEN,  /* nobody here, and their address is not one that lets somebody in */
};

/* What is to be done about them, in a transaction for the organisation that need not write. Somebody known whose address is not vouched for this time keeps
 * the one that was: arrival->person is another one afterwards, with its address settled (provision/mapping). ERROR_INPUT: they cannot be taken in, and the text says why. */
int arrival_judge(struct tx *tx, struct arena *arena, const struct source *source, struct arrival *arrival, enum arrival_answer *ret,
                  struct error *e);

/* Stages and reconciles it, in a worker's transaction. *ret_held: why a person must look at what would change, which then waits as any held run does;
 * NULL: it is done. */
int arrival_reconcile(struct tx *tx, struct arena *arena, const struct source *source, const struct arrival *arrival, const struct actor *actor,
                      const char **ret_held, struct error *e);

/* Who they are here: 1, 0 nobody, -1. refused: why their record could not be taken, or NULL. */
struct arrived {
	struct id user;
	const char *state;        /* of the member: active, waiting, suspended, left */
	const char *suspended_by; /* NULL: nobody has */
	const char *role, *email, *name;
	bool gone; /* the directory has them no more */
};
int arrival_find(struct tx *tx, struct arena *arena, const struct source *source, const char *remote_id, struct arrived *ret, struct error *e);
int arrival_refusal(struct tx *tx, struct arena *arena, const struct source *source, const char *remote_id, const char **ret_code,
                    const char **ret_reason, struct error *e);

#endif
