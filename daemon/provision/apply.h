/* Planned changes become users, addresses, accounts, members, groups and audit entries, in set statements of one transaction.
 *
 * Runs on the temporary tables of plan_make. The audit is written from the plan itself, so it cannot disagree with what was done. */
#ifndef ROSTERD_PROVISION_APPLY_H
#define ROSTERD_PROVISION_APPLY_H

#include <stdbool.h>

#include "base/error.h"
#include "provision/source.h"
#include "roster/audit.h"
#include "roster/run.h"
#include "store/transaction.h"

/* counts: as plan_count has them; what has no line of its kind is not looked at. */
int apply_plan(struct tx *tx, const struct source *source, const struct run *run, const struct actor *actor, const char *counts,
               struct error *e);

/* Members alone, from `effects`, `shown` and `role_changes` as provision/choice and whoever planned left them; and an entry for each line
 * of `planned`. For plans that are made without a directory (provision/operation). */
int apply_members(struct tx *tx, const struct id *organisation, struct error *e);
int apply_audit(struct tx *tx, const struct id *organisation, const struct actor *actor, struct error *e);

/* Remembers what the groups of each account yield, so that the next plan sees only what is new. */
int apply_mapped_roles(struct tx *tx, const struct source *source, struct error *e);

/* Remembers what makes the next reading small: how groups refer to whom, the members whom nobody answers to, and, of a reading of some, that
 * they were seen now. */
int apply_observed(struct tx *tx, const struct source *source, const struct run *run, struct error *e);

/* Refused people become visible rows; those who have the trouble no longer disappear, with a whole listing or when they are given.
 * ret_refused: how many there are now. Also for a run whose plan is held. */
int apply_refusals(struct tx *tx, const struct source *source, const struct run *run, int64_t *ret_refused, struct error *e);

#endif
