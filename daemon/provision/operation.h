/* What changes members without a directory being read: another order of the sources, the end of a connection, its return.
 *
 * Planned in the same words as a run's listing (provision/plan), and the same plan is kept, shown, approved by its digest and audited. What
 * is wanted is the run's wish, a JSON object:
 *   precedence  {"connections": {"<id>": number}, "rules": {"role": ["<id>", ...], "name": null}}; the nil UUID is what a person set
 *   delete      {"without": "<id>", "people": "keep", "suspend" or "hand-over", "to": "<id>", "others": "keep" or "suspend",
 *                "pairs": [{"from": "<remote id>", "to": "<remote id>"}]}
 *   restore     {"with": "<id>"} */
#ifndef ROSTERD_PROVISION_OPERATION_H
#define ROSTERD_PROVISION_OPERATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "provision/source.h"
#include "roster/audit.h"
#include "roster/run.h"
#include "store/transaction.h"

enum { OPERATION_PAIRS_MOST = 20000 };

/* Makes the plan in temporary tables (planned, and what operation_apply needs). */
int operation_plan(struct tx *tx, struct arena *arena, const struct source *source, const struct run *run, struct error *e);

/* Why a person must look at it first, in the arena; NULL: it may be done at once. */
int operation_judge(struct tx *tx, struct arena *arena, const struct source *source, const struct run *run, const char **ret_reason,
                    struct error *e);

/* Carries it out: members and accounts, then what was asked for, each with its audit entry. */
int operation_apply(struct tx *tx, struct arena *arena, const struct source *source, const struct run *run,
                    const struct actor *actor, struct error *e);

#endif
