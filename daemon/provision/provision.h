/* The one way a roster changes: what was staged is reconciled with what we have.
 *
 * In one transaction, in this order: lock, match, plan, guard, apply, audit. Reconciling the same listing twice plans nothing. */
#ifndef ROSTERD_PROVISION_PROVISION_H
#define ROSTERD_PROVISION_PROVISION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "provision/source.h"
#include "roster/audit.h"
#include "roster/run.h"
#include "store/transaction.h"

enum outcome_kind {
	OUTCOME_APPLIED,
	OUTCOME_HELD,    /* nothing was applied; the plan is kept with the run, reason says why */
	OUTCOME_PLANNED, /* the run only wanted to know */
	OUTCOME_UNPROVEN, /* a loss is not proven, reason says why: the listing is to be reconciled as one that is not whole */
	OUTCOME_LOST,    /* the staged rows are not those that were counted: the directory must be read again; with a reason: all of it */
};

struct outcome {
	enum outcome_kind kind;
	const char *counts; /* a JSON object, kind of change -> number */
	int64_t lines, refused;
	const char *reason;
	const void *digest; /* of a plan that is kept: 32 bytes */
};

/* Reconciles the run's staged listing. run->approved_by and run->plan_digest: an administrator has released exactly that plan; if the
 * plan is another one by now, it is held again. The transaction is the caller's to commit, with the run's new state. */
int provision_reconcile(struct tx *tx, struct arena *arena, const struct source *source, const struct run *run,
                        const struct actor *actor, struct outcome *ret, struct error *e);

/* The same for a run that reads no directory (run->kind is not "read"; provision/operation): nothing is staged and nothing refused. source
 * has a connection if the run has. */
int provision_operate(struct tx *tx, struct arena *arena, const struct source *source, const struct run *run,
                      const struct actor *actor, struct outcome *ret, struct error *e);

#endif
