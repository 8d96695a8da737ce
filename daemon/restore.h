/* The operator's answer to a database that is a copy: `rosterd --restored` and `rosterd --moved`.
 *
 * Beside roster/installation this writes the audit: an entry in the operator's own chain, and one in that of
 * each organisation which lost tokens or runs. */
#ifndef ROSTERD_RESTORE_H
#define ROSTERD_RESTORE_H

#include <stdio.h>

#include "base/error.h"

struct store;

/* Each carries it out in one transaction, and says to the person who asked what has ended. The schema must be
 * up to date. */
int restore_restored(struct store *store, FILE *to, struct error *e);
int restore_moved(struct store *store, FILE *to, struct error *e);

/* Whether the database is at home: "installation.copy" if nobody has answered yet. */
int restore_check(struct store *store, struct error *e);

#endif
