/* A transaction, and the count of what it wrote: no audit, no commit.
 *
 * Every statement needs a struct tx, so there is none outside a transaction. BEGIN and the choice of
 * organisation travel with the first statement in one round trip. A tx that leaves its scope uncommitted is
 * rolled back: scoped(tx) *tx = NULL;  if (tx_begin(...) < 0 || ... ) return -1;  return tx_commit(&tx, e);
 */
#ifndef ROSTERD_STORE_TRANSACTION_H
#define ROSTERD_STORE_TRANSACTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/id.h"
#include "store/pool.h"

enum { TX_PIPELINE_MOST = 256 }; /* statements on the way at one time: a power of two */

struct connection;
struct query;
struct tx;

/* Borrows a connection of this role (waits for one at most wait_timeout_ms: ERROR_RETRY "store.busy"). */
int tx_begin(struct store *store, enum store_role role, struct tx **ret, struct error *e);

/* The same with a connection that is at hand, without waiting for one and without connecting: 1; 0 there is
 * none. */
int tx_begin_at_hand(struct store *store, enum store_role role, struct tx **ret);

/* Sends what was queued, and waits for its first result at most this long: whether it is here. What was
 * queued until now is one answer of the server's, so the rest is here as well or about to be. */
bool tx_arrived(struct tx *tx, int wait_ms);

/* From here on, row-level security shows this organisation's rows alone (rosterd.organisation, local to the
 * transaction). */
int tx_for(struct tx *tx, const struct id *organisation, struct error *e);

/* The statement that was just sent or run has chosen this organisation itself, and the server knows. */
void tx_entered(struct tx *tx, const struct id *organisation);

/* For what only reads, before anything is sent: what is queued until the first result is received is one
 * transaction, that begins and ends without a word of ours. Whatever comes behind it is another one, begun as
 * always, and for the same organisation. Nothing of the first may write: ERROR_INTERNAL "tx.at_once". */
void tx_at_once(struct tx *tx);

/* The statements from here on may take this long instead of the store's statement_timeout_ms: for the large
 * ones. */
int tx_patience(struct tx *tx, int statement_timeout_ms, struct error *e);

/* Whether what is left behind in the session (temporary tables) is there for whoever has this connection next, and for nobody else: not where a
 * pooler lends us the sessions of others. */
bool tx_keeps_session(const struct tx *tx);

/* Commits. ERROR_INTERNAL "tx.unaudited" (and a rollback) if audited rows were changed and no audit entry
 * written; ERROR_UNCERTAIN if the server was not heard after COMMIT was sent; any other error means that
 * nothing was committed. A transaction that wrote nothing is over at once: nobody waits for the answer. *tx
 * is closed and NULL in any case. */
int tx_commit(struct tx **tx, struct error *e);

/* Rolls back and gives the connection back. Accepts a pointer to NULL; leaves NULL behind. */
void tx_close(struct tx **tx);

/* A point to come back to within the transaction; one at a time: a new mark replaces the old one. Going back
 * takes the counts back too, and the mark stays. */
int tx_mark(struct tx *tx, struct error *e);
int tx_back_to_mark(struct tx *tx, struct error *e);

/* What was counted so far: rows changed in audited tables, audit entries written. */
int64_t tx_rows_changed(const struct tx *tx);
int64_t tx_rows_recorded(const struct tx *tx);

/* The constraint that the last failed statement broke ("members_pkey"), or "". */
const char *tx_constraint(const struct tx *tx);

/* ---- for the other rooms of store/ alone ---- */

/* Puts what must come first (BEGIN, the organisation, a mark) into the pipeline. -1 also if the tx has failed
 * before. */
int tx_lead(struct tx *tx, struct error *e);
struct connection *tx_connection(struct tx *tx);
/* Whether a statement that writes may be sent now. */
int tx_check_writes(const struct tx *tx, struct error *e);
/* A statement was sent whose result must be received before anything else; the one whose result is next was
 * received. */
void tx_sent(struct tx *tx, const struct query *query);
const struct query *tx_received(struct tx *tx);
/* -1 if as many as possible are on the way; if any is. */
int tx_check_room(const struct tx *tx, struct error *e);
int tx_check_quiet(const struct tx *tx, struct error *e);
/* Counts what a statement wrote. writes: COMMIT must be heard. */
void tx_counted(struct tx *tx, bool writes, int64_t changed, int64_t recorded);
/* From now on only closing or going back to the mark is possible. Returns -1. */
int tx_failed(struct tx *tx);
/* After a failed first statement: 1 if it may be tried again, on a new connection. */
int tx_again(struct tx *tx);

#endif
