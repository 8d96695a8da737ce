/* A transaction, and the count of what it wrote: no audit, no commit.
 *
 * Every statement needs a struct tx, so there is none outside a transaction. BEGIN and the choice of organisation travel with
 * the first statement in one round trip. A tx that leaves its scope uncommitted is rolled back:
 *     scoped(tx) *tx = NULL;  if (tx_begin(...) < 0 || ... ) return -1;  return tx_commit(&tx, e); */
#ifndef ROSTERD_STORE_TRANSACTION_H
#define ROSTERD_STORE_TRANSACTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/id.h"
#include "store/pool.h"

struct tx;

/* Borrows a connection of this role (waits for one at most wait_timeout_ms: ERROR_RETRY "store.busy"). */
int tx_begin(struct store *store, enum store_role role, struct tx **ret, struct error *e);

/* From here on, row-level security shows this organisation's rows alone (rosterd.organisation, local to the transaction). */
int tx_for(struct tx *tx, const struct id *organisation, struct error *e);

/* Commits. ERROR_INTERNAL "tx.unaudited" (and a rollback) if audited rows were changed and no audit entry written;
 * ERROR_UNCERTAIN if the server was not heard after COMMIT was sent. *tx is closed and NULL in any case. */
int tx_commit(struct tx **tx, struct error *e);

/* Rolls back and gives the connection back. Accepts a pointer to NULL; leaves NULL behind. */
void tx_close(struct tx **tx);

/* A point to come back to within the transaction; one at a time. */
int tx_mark(struct tx *tx, struct error *e);
int tx_back_to_mark(struct tx *tx, struct error *e);

/* What was counted so far: rows changed in audited tables, audit entries written. */
int64_t tx_rows_changed(const struct tx *tx);
int64_t tx_rows_recorded(const struct tx *tx);

/* The constraint that the last failed statement broke ("members_pkey"), or "". */
const char *tx_constraint(const struct tx *tx);

#endif
