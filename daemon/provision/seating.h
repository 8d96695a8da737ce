/* Who of a plan finds no seat, and waits for one.
 *
 * A limit refuses no directory: whoever is beyond it becomes a member who waits, visibly and without access, and sync/admission
 * lets them in when there is a seat. Admins are seated first. Where the organisation has no limit nothing is looked at. */
#ifndef ROSTERD_PROVISION_SEATING_H
#define ROSTERD_PROVISION_SEATING_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "provision/tables.h"
#include "store/transaction.h"

/* Comes first of all: whether there is a limit, which then stays what it is until the transaction ends (whoever sets another one waits,
 * and does not hold people whom this plan looks at). Makes the empty temporary table `roles_waiting` (person, name, old_role, new_role,
 * new_source), which the plan shows. */
int seating_prepare(struct tx *tx, struct arena *arena, enum tables tables, bool *ret_limited, struct error *e);

/* From `effects` and `role_changes`: who finds no seat is of kind CHANGE_WAITING there, or moves to `roles_waiting`; who waited and is
 * not shown any more is of kind CHANGE_WITHDRAWN. The seats that the others take are held until the transaction ends. */
int seating_make(struct tx *tx, struct arena *arena, const struct id *organisation, bool limited, struct error *e);

/* A role that somebody waits for and that their directory no longer gives them is forgotten. Bookkeeping, without a line in the plan. */
int seating_forget(struct tx *tx, const struct id *organisation, struct error *e);

#endif
