/* Brings the schema to what this daemon needs: schema/NNNN_*.sql in order, each once, under an advisory lock.
 *
 * Each file runs in one transaction with its row in rosterd.migrations (number, name, SHA-256, oldest daemon
 * that may run on it). A file that was applied and has changed since is refused, and so is a schema that says
 * it needs a newer daemon.
 *
 * The first line of a file says that oldest daemon: "-- oldest: 0.1.0". Numbers begin with 0001 and leave no
 * gap; other files of the directory (roles.sql) are not looked at. A file holds no BEGIN, COMMIT or COPY FROM
 * STDIN, and what it SETs is LOCAL. rosterd.migrations is made here; the files grant its reading to the roles
 * that run migrate_check. */
#ifndef ROSTERD_STORE_MIGRATE_H
#define ROSTERD_STORE_MIGRATE_H

#include <stddef.h>

#include "store/pool.h"

enum {
	MIGRATE_FILES_MOST = 1000,
	MIGRATE_FILE_MOST = 1 << 20,
	MIGRATE_STATEMENT_MS = 3600000,
	MIGRATE_LOCK_MS = 300,        /* how long a step waits for a table, while all others wait behind it */
	MIGRATE_PATIENCE_MS = 900000, /* and how long it comes back for */
};

/* Applies what is missing, as the owner's role. ret_applied (may be NULL) gets how many. Others that migrate
 * at the same time are waited for. Daemons that serve meanwhile go first: a step that does not get a table
 * within MIGRATE_LOCK_MS, or would close a circle of waiting, is rolled back and tried again for
 * MIGRATE_PATIENCE_MS, then fails with ERROR_RETRY "store.locked" or "store.collision". A file that fails leaves nothing behind: "schema.script" names file, line
 * and what the server said. */
int migrate_apply(struct store *store, const char *directory, int *ret_applied, struct error *e);

/* Whether the schema is what this daemon needs, as any role: ERROR_PRECONDITION "schema.old", "schema.new" or
 * "schema.changed" tells what to do. A schema with more files than ours is good as long as it suffers a
 * daemon of our age. */
int migrate_check(struct store *store, const char *directory, struct error *e);

/* Whether a daemon of our age may run on a schema that names this as the oldest: ERROR_PRECONDITION "schema.new". */
int migrate_check_age(const char *oldest, struct error *e);

/* The same, and how many files are applied and how many are ours: more may be applied than there are files. */
int migrate_compare(struct store *store, const char *directory, size_t *ret_applied, size_t *ret_files, struct error *e);

#endif
