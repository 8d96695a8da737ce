/* Who is somebody whom we know, though their entry's key says otherwise: because a person has said so, or because the connection reads another
 * directory and a proven address finds them there.
 *
 * By itself a key that is new is a new entry, and an address that was another entry's is refused (provision/plan). What is found here is laid
 * before the plan: the account has the new entry's key, so that everything else is planned as of somebody who has changed. Unless the plan is
 * applied, relink_undo gives it back its own. */
#ifndef ROSTERD_PROVISION_RELINK_H
#define ROSTERD_PROVISION_RELINK_H

#include "base/arena.h"
#include "base/error.h"
#include "provision/source.h"
#include "provision/tables.h"
#include "roster/run.h"
#include "store/transaction.h"

/* After stage_expose, before plan_make. Makes the temporary tables relinked (account, person, old_remote_id, remote_id, name) and
 * addresses_given_up (person, name, address, remote_id): addresses of people who are gone that an entry has as another person's. */
int relink_make(struct tx *tx, const struct source *source, const struct run *run, enum tables tables, struct error *e);
int relink_undo(struct tx *tx, const struct source *source, struct error *e);

/* Of a plan that changes something, read from another directory than before (source->moved): 0, with the reason in front of those that
 * there are already; 1 if nobody has come by this connection so far. */
int relink_judge(struct tx *tx, struct arena *arena, const struct source *source, const char **reasons, struct error *e);

/* The plan is applied: what was said is done, or is of nobody any more. */
int relink_forget(struct tx *tx, const struct source *source, const struct run *run, struct error *e);

#endif
