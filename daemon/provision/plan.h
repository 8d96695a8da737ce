/* Staged against roster, in set statements: what the directory says and the roster does not, becomes planned changes.
 *
 * Works in temporary tables of one transaction (planned, and what apply needs to carry it out) and changes nothing else. A listing
 * that is not proven whole adds and updates people; it calls nobody gone, and leaves groups and roles as they are. */
#ifndef ROSTERD_PROVISION_PLAN_H
#define ROSTERD_PROVISION_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "provision/source.h"
#include "provision/tables.h"
#include "roster/run.h"
#include "store/transaction.h"

/* Of a listing of all: what it says of memberships, but of groups that are as we know them. Plan's tables must be there. */
#define PLAN_EDGES_SAID \
	"SELECT r.group_key, r.member_key FROM staged_edges r WHERE r.group_key NOT IN (SELECT u.key FROM groups_shown u WHERE u.unread)"
/* The same without names that changed hands, of which nobody knows yet whom they mean. */
#define PLAN_EDGES_READ PLAN_EDGES_SAID " AND (r.group_key, r.member_key) NOT IN (SELECT t.group_key, t.member_key FROM contested t)"

/* Makes the plan from the run's exposed staging tables (stage_expose). Of the run count its scope, whether it was whole, and when its
 * reading began; tables: as tables_look said. */
int plan_make(struct tx *tx, struct arena *arena, const struct source *source, const struct run *run, enum tables tables, struct error *e);

/* What it comes to: kind -> number, as a JSON object in the arena, and the number of lines. */
int plan_count(struct tx *tx, struct arena *arena, const char **ret_counts, int64_t *ret_lines, struct error *e);

/* SHA-256 over all lines, so that an approval is of exactly what was shown. In the arena, 32 bytes. */
int plan_digest(struct tx *tx, struct arena *arena, const void **ret, struct error *e);

/* Keeps the lines with the run, for people to look at. */
int plan_keep(struct tx *tx, const struct id *organisation, const struct id *run, struct error *e);

#endif
