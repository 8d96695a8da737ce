/* A transaction, and the count of what it wrote: no audit, no commit. */
#include "store/transaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/metric.h"
#include "store/binary.h"
#include "store/connection.h"

enum mark { MARK_NONE, MARK_WANTED, MARK_SET };

struct tx {
	struct store *store;
	enum store_role role;
	struct connection *connection; /* NULL: it could not be had again */
	bool begun;    /* BEGIN was sent */
	bool at_once;  /* nothing was received yet, and BEGIN is not needed */
	bool worked;   /* ever */
	const char *end; /* as the figures have it */
	int64_t began_us;
	bool done_one; /* a statement has succeeded, so the whole may not be tried again from here */
	bool failed, writes;
	const struct query *sent[TX_PIPELINE_MOST]; /* a ring: on_the_way of them, the next one at received */
	unsigned received, on_the_way;

	bool chosen, choice_sent;
	struct id organisation;
	int patience_ms;
	bool patience_sent;

	enum mark mark;
	bool mark_replaces;
	int64_t changed, recorded, changed_at_mark, recorded_at_mark;
	char constraint[CONNECTION_CONSTRAINT_SIZE];
};

static const char sql_begin[] = "BEGIN";
static const char sql_commit[] = "COMMIT";
static const char sql_rollback[] = "ROLLBACK";
static const char sql_mark[] = "SAVEPOINT mark";
static const char sql_unmark[] = "RELEASE SAVEPOINT mark";
static const char sql_back[] = "ROLLBACK TO SAVEPOINT mark";
static const char sql_organisation[] = "SELECT set_config('rosterd.organisation', $1, true)";
static const char sql_patience[] = "SELECT set_config('statement_timeout', $1, true)";

static struct tx *tx_new(struct store *store, enum store_role role, struct connection *connection)
{
	struct tx *tx = calloc(1, sizeof *tx);

	if (!tx)
		abort();
	tx->store = store;
	tx->role = role;
	tx->connection = connection;
	tx->end = "rolled_back";
	tx->began_us = clock_monotonic_us();
	return tx;
}

int tx_begin(struct store *store, enum store_role role, struct tx **ret, struct error *e)
{
	struct connection *connection;

	if (pool_borrow(store, role, &connection, e) < 0)
		return -1;
	*ret = tx_new(store, role, connection);
	return 0;
}

int tx_begin_at_hand(struct store *store, enum store_role role, struct tx **ret)
{
	struct connection *connection;

	if (pool_borrow_at_hand(store, role, &connection) == 0)
		return 0;
	*ret = tx_new(store, role, connection);
	return 1;
}

bool tx_arrived(struct tx *tx, int wait_ms)
{
	return !tx->connection || connection_arrived(tx->connection, wait_ms);
}

/* ---- what travels before the next statement ---- */

static int lead_with(struct tx *tx, const char *name, const char *sql, struct error *e)
{
	const struct statement s = { .name = name, .sql = sql };

	return connection_send(tx->connection, &s, true, e);
}

static int lead_setting(struct tx *tx, const char *name, const char *sql, const char *value, struct error *e)
{
	const Oid type = OID_TEXT;
	const int size = (int)strlen(value), binary = 1;
	const struct statement s = { name, sql, false, 1, &type, &value, &size, &binary };

	return connection_send(tx->connection, &s, true, e);
}

static int lead_begin(struct tx *tx, struct error *e)
{
	if (tx->begun || (tx->at_once && tx->worked))
		return 0;
	tx->begun = !tx->at_once;
	tx->worked = true;
	const char *limits = connection_limits(tx->connection);
	if (tx->begun && lead_with(tx, "tx.begin", sql_begin, e) < 0)
		return -1;
	return limits ? lead_with(tx, "tx.limits", limits, e) : 0;
}

static int lead_organisation(struct tx *tx, struct error *e)
{
	char text[ID_TEXT_SIZE];

	if (!tx->chosen || tx->choice_sent)
		return 0;
	tx->choice_sent = true;
	return lead_setting(tx, "tx.organisation", sql_organisation, id_text(&tx->organisation, text), e);
}

static int lead_patience(struct tx *tx, struct error *e)
{
	char text[16];

	if (tx->patience_ms == 0 || tx->patience_sent)
		return 0;
	tx->patience_sent = true;
	connection_patience(tx->connection, tx->patience_ms);
	snprintf(text, sizeof text, "%d", tx->patience_ms);
	return lead_setting(tx, "tx.patience", sql_patience, text, e);
}

static int lead_mark(struct tx *tx, struct error *e)
{
	if (tx->mark != MARK_WANTED)
		return 0;
	if (tx->mark_replaces && lead_with(tx, "tx.unmark", sql_unmark, e) < 0)
		return -1;
	tx->mark_replaces = false;
	tx->mark = MARK_SET;
	return lead_with(tx, "tx.mark", sql_mark, e);
}

static int check_sound(const struct tx *tx, struct error *e)
{
	if (tx->failed)
		return error_set(e, ERROR_INTERNAL, "tx.failed",
		                 "an earlier statement of the transaction has failed; it can only be closed");
	return 0;
}

int tx_lead(struct tx *tx, struct error *e)
{
	if (check_sound(tx, e) < 0)
		return -1;
	if (tx->patience_ms && pool_check_time(tx->store, tx->role, e) < 0)
		return tx_failed(tx);
	if (lead_begin(tx, e) < 0 || lead_organisation(tx, e) < 0 || lead_patience(tx, e) < 0 ||
	    lead_mark(tx, e) < 0)
		return tx_failed(tx);
	return 0;
}

int tx_for(struct tx *tx, const struct id *organisation, struct error *e)
{
	if (id_is_nil(organisation))
		return error_set(e, ERROR_INTERNAL, "tx.organisation", "an organisation is needed");
	tx->organisation = *organisation;
	tx->chosen = true;
	tx->choice_sent = false;
	return 0;
}

void tx_entered(struct tx *tx, const struct id *organisation)
{
	tx->organisation = *organisation;
	tx->chosen = true;
	/* What came at once is over when its results are here, and what was chosen in it with it. */
	tx->choice_sent = tx->begun;
}

void tx_at_once(struct tx *tx)
{
	tx->at_once = !tx->worked;
}

int tx_patience(struct tx *tx, int statement_timeout_ms, struct error *e)
{
	if (statement_timeout_ms <= 0)
		return error_set(e, ERROR_INTERNAL, "tx.patience", "a statement needs some time");
	tx->patience_ms = statement_timeout_ms;
	tx->patience_sent = false;
	return 0;
}

bool tx_keeps_session(const struct tx *tx)
{
	return tx->connection && !connection_limits(tx->connection);
}

/* ---- what the other rooms of store/ tell it ---- */

struct connection *tx_connection(struct tx *tx)
{
	return tx->connection;
}

int tx_check_room(const struct tx *tx, struct error *e)
{
	if (tx->on_the_way == TX_PIPELINE_MOST)
		return error_set(e, ERROR_INTERNAL, "query.pipeline", "more than %d statements are on the way",
		                 TX_PIPELINE_MOST);
	return 0;
}

int tx_check_writes(const struct tx *tx, struct error *e)
{
	if (tx->at_once)
		return error_set(e, ERROR_INTERNAL, "tx.at_once", "what is asked at once may not write");
	return 0;
}

void tx_sent(struct tx *tx, const struct query *query)
{
	tx->sent[(tx->received + tx->on_the_way++) % TX_PIPELINE_MOST] = query;
}

const struct query *tx_received(struct tx *tx)
{
	if (tx->on_the_way == 0)
		return NULL;
	if (tx->at_once)
		tx->at_once = tx->choice_sent = tx->patience_sent = false;
	tx->on_the_way--;
	return tx->sent[tx->received++ % TX_PIPELINE_MOST];
}

int tx_check_quiet(const struct tx *tx, struct error *e)
{
	if (tx->on_the_way > 0)
		return error_set(e, ERROR_INTERNAL, "tx.unreceived", "%u results were not received",
		                 tx->on_the_way);
	return 0;
}

void tx_counted(struct tx *tx, bool writes, int64_t changed, int64_t recorded)
{
	tx->done_one = true;
	tx->writes |= writes;
	tx->changed += changed;
	tx->recorded += recorded;
}

int tx_failed(struct tx *tx)
{
	tx->failed = true;
	snprintf(tx->constraint, sizeof tx->constraint, "%s",
	         tx->connection ? connection_complaint(tx->connection)->constraint : "");
	return -1;
}

int tx_again(struct tx *tx)
{
	if (tx->done_one || !tx->connection || !connection_renewable(tx->connection))
		return 0;
	if (pool_renew(tx->store, tx->role, &tx->connection, NULL) < 0)
		return 0;
	tx->begun = tx->failed = tx->choice_sent = tx->patience_sent = tx->mark_replaces = false;
	tx->on_the_way = 0;
	if (tx->mark == MARK_SET)
		tx->mark = MARK_WANTED;
	return 1;
}

/* ---- the mark ---- */

int tx_mark(struct tx *tx, struct error *e)
{
	if (tx_check_quiet(tx, e) < 0 || check_sound(tx, e) < 0)
		return -1;
	if (tx->mark == MARK_SET)
		tx->mark_replaces = true;
	tx->mark = MARK_WANTED;
	tx->changed_at_mark = tx->changed;
	tx->recorded_at_mark = tx->recorded;
	return 0;
}

static int send_and_hear(struct tx *tx, const char *name, const char *sql, PGresult **ret, struct error *e)
{
	const struct statement s = { .name = name, .sql = sql };

	if (connection_send(tx->connection, &s, false, e) < 0)
		return -1;
	return connection_receive(tx->connection, ret, e);
}

int tx_back_to_mark(struct tx *tx, struct error *e)
{
	PGresult *result;

	if (tx_check_quiet(tx, e) < 0)
		return -1;
	if (tx->mark == MARK_NONE || !tx->connection)
		return error_set(e, ERROR_INTERNAL, "tx.mark", "there is no mark to go back to");
	if (tx->mark == MARK_WANTED)
		return 0; /* nothing was done since */
	if (send_and_hear(tx, "tx.back", sql_back, &result, e) < 0)
		return tx_failed(tx);
	PQclear(result);
	tx->failed = false;
	tx->changed = tx->changed_at_mark;
	tx->recorded = tx->recorded_at_mark;
	tx->choice_sent = tx->patience_sent = false; /* what was set since the mark is forgotten by the server */
	return 0;
}

/* ---- the end ---- */

/* The answer is taken by whoever borrows the connection next. What the socket does not take at once is not
 * waited for: such a connection is closed, which ends the transaction as well. */
static void end_unheard(struct tx *tx, const char *name, const char *sql)
{
	if (tx->on_the_way > 0)
		connection_settle(tx->connection, NULL);
	if (lead_with(tx, name, sql, NULL) < 0 || connection_sync(tx->connection, NULL) < 0 ||
	    !connection_flushed(tx->connection))
		connection_lost(tx->connection, NULL);
	tx->begun = false;
}

/* Nobody wants what was asked at once any more; whoever has the connection next must not take it for theirs.
 */
static void settle_at_once(struct tx *tx)
{
	if (tx->on_the_way > 0)
		connection_settle(tx->connection, NULL);
}

static void count_end(const struct tx *tx)
{
	const char *role = pool_role_word(tx->role);

	if (!tx->worked)
		return;
	metric_add(METRIC_DATABASE_TRANSACTIONS, LABELS(role, tx->end), 1);
	metric_observe(METRIC_DATABASE_TRANSACTION, LABELS(role), clock_monotonic_us() - tx->began_us);
}

static int committed(struct tx *tx)
{
	tx->end = "committed";
	metric_add(METRIC_AUDIT_ENTRIES, LABELS(pool_role_word(tx->role)), tx->recorded);
	return 0;
}

void tx_close(struct tx **closing)
{
	struct tx *tx = *closing;

	*closing = NULL;
	if (!tx)
		return;
	if (tx->connection && tx->begun)
		end_unheard(tx, "tx.rollback", sql_rollback);
	else if (tx->connection)
		settle_at_once(tx);
	count_end(tx);
	pool_give_back(tx->store, tx->role, &tx->connection);
	free(tx);
}

/* Once COMMIT is on its way only an ordinary error is a clear no: a server that is going down may have
 * committed. */
static int uncertain(struct tx *tx, struct error *e)
{
	struct error why = { 0 };

	if (e)
		why = *e;
	tx->begun = false;
	tx->end = "uncertain";
	error_set(e, ERROR_UNCERTAIN, "tx.uncertain",
	          "the database was lost while it saved; it may have been saved or not");
	return error_detail(e, "%s (%s)", why.text, why.detail);
}

static int commit_heard(struct tx *tx, struct error *e)
{
	PGresult *result;

	if (!connection_alive(tx->connection))
		return connection_lost(tx->connection, e);
	if (tx->patience_ms && pool_check_time(tx->store, tx->role, e) < 0)
		return -1;
	connection_to_the_end(tx->connection);
	if (send_and_hear(tx, "tx.commit", sql_commit, &result, e) < 0)
		return connection_dead(tx->connection) ? uncertain(tx, e) : -1;

	bool done = strcmp(PQcmdStatus(result), sql_commit) == 0;
	PQclear(result);
	tx->begun = false;
	if (!done)
		return error_set(e, ERROR_INTERNAL, "tx.rolled_back", "the database rolled the transaction back");
	return committed(tx);
}

static int check_commit(const struct tx *tx, struct error *e)
{
	if (tx_check_quiet(tx, e) < 0 || check_sound(tx, e) < 0)
		return -1;
	if (tx->changed > 0 && tx->recorded == 0)
		return error_set(e, ERROR_INTERNAL, "tx.unaudited",
		                 "something was changed and no audit entry written; nothing was saved");
	return 0;
}

int tx_commit(struct tx **committing, struct error *e)
{
	scoped(tx) *tx = *committing;

	*committing = NULL;
	if (check_commit(tx, e) < 0)
		return -1;
	if (!tx->begun)
		return tx->worked ? committed(tx) : 0;
	if (tx->writes)
		return commit_heard(tx, e);
	end_unheard(tx, "tx.commit", sql_commit);
	return committed(tx);
}

int64_t tx_rows_changed(const struct tx *tx)
{
	return tx->changed;
}

int64_t tx_rows_recorded(const struct tx *tx)
{
	return tx->recorded;
}

const char *tx_constraint(const struct tx *tx)
{
	return tx->constraint;
}
