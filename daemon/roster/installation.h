/* Which installation this database is, and whether it is at home or a copy of one.
 *
 * A restored dump brings back tokens that were revoked after it was made, and runs that are over. The schema
 * sees by itself that it is a copy (schema/0002_installation.sql) and lets no token count and no run begin
 * until the operator has answered. The daemon refuses to start on it. */
#ifndef ROSTERD_ROSTER_INSTALLATION_H
#define ROSTERD_ROSTER_INSTALLATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

struct installation {
	struct id id;
	int64_t epoch; /* one more with each restore, from 1 */
	bool at_home;
};

int installation_load(struct tx *tx, struct arena *arena, struct installation *ret, struct error *e);

/* ERROR_PRECONDITION "installation.copy" tells the operator what to answer. */
int installation_check(struct tx *tx, struct error *e);

/* What a restore has ended, in an organisation or (nil) among the operator's own. */
struct settled {
	struct id organisation;
	int64_t tokens, runs, connections;
};

/* The operator says that this is the installation from now on, as the owner's role. moved: nothing was served
 * elsewhere since the copy was made, and everything stays as it is. restored: all tokens are revoked, runs
 * under way fail and held ones are dropped, the next run of each connection is a full one and scheduled
 * ones are due. Neither writes the audit. */
int installation_moved(struct tx *tx, struct error *e);
int installation_restored(struct tx *tx, struct arena *arena, const struct settled **ret, size_t *ret_count,
			  struct error *e);

#endif
