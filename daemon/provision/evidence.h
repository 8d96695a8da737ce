/* Whether a loss is proven, beyond the word of the listing that shows it.
 *
 * A listing may be whole by all that the directory says and still be wrong: whoever may see less than before gets fewer entries and
 * success. So what a listing no longer shows is held against what the last whole listing proved that was applied: we are still who we
 * were there, its bases are the same entries, it has changed since, and no more is hidden from us. What does not agree makes the
 * listing one that is not whole. Where a directory tells none of this, the guard is what stands. */
#ifndef ROSTERD_PROVISION_EVIDENCE_H
#define ROSTERD_PROVISION_EVIDENCE_H

#include "base/arena.h"
#include "base/error.h"
#include "provision/source.h"
#include "roster/run.h"
#include "store/transaction.h"

/* After the plan was made, as of a whole listing. 1: nothing is lost, or nothing speaks against it. 0: a part of the proof is missing;
 * that is written beside the run, and *ret_reason says which and why. */
int evidence_judge(struct tx *tx, struct arena *arena, const struct source *source, const struct run *run,
                   const char **ret_reason, struct error *e);

/* Whether the entries that the listing began at are those of the last whole one that was applied. 1, 0 they are not, or nobody says so, -1. */
int evidence_same_bases(struct tx *tx, const struct source *source, const struct run *run, struct error *e);

/* The plan of a whole listing is applied: what it proved is what the next one is held against. Of a reading of what changed that says who
 * is left, what it proved is what the next such reading is held against as well, and a listing is not: it finds what they have missed. */
int evidence_keep(struct tx *tx, const struct source *source, const struct run *run, struct error *e);

#endif
