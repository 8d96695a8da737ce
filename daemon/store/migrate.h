/* Brings the schema to what this daemon needs: schema/NNNN_*.sql in order, each once, under an advisory lock.
 *
 * Each file runs in one transaction with its row in rosterd.migrations (number, name, SHA-256, oldest daemon that may run on it). A file
 * that was applied and has changed since is refused, and so is a schema that says it needs a newer daemon. */
#ifndef ROSTERD_STORE_MIGRATE_H
#define ROSTERD_STORE_MIGRATE_H

#include "store/pool.h"

/* Applies what is missing, as the owner's role. ret_applied (may be NULL) gets how many. */
int migrate_apply(struct store *store, const char *directory, int *ret_applied, struct error *e);

/* Whether the schema is what this daemon needs, as any role: ERROR_PRECONDITION "schema.old" / "schema.new" tells what to do. */
int migrate_check(struct store *store, const char *directory, struct error *e);

#endif
