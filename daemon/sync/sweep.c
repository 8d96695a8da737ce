#include "sync/sweep.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/id.h"
#include "base/log.h"
#include "provision/stage.h"
#include "roster/audit.h"
#include "store/query.h"
#include "sync/admission.h"
#include "sync/expiry.h"

enum {
	SWEEP_EVERY_S = 600,
	DEPARTED_MOST = 1000, RUNS_MOST = 1000, KEYS_MOST = 10000, NOTIFICATIONS_MOST = 10000, SIGN_ONS_MOST = 10000, /* in one transaction */
	PURGE_PATIENCE_MS = 3600000,  /* an organisation of a million members goes in one transaction */
};

struct sweeper {
	struct store *store;
	struct log log;
	pthread_t thread;
	pthread_mutex_t mutex; /* guards stop */
	pthread_cond_t wake;
	bool stop;
};

static bool stopped(struct sweeper *s)
{
	pthread_mutex_lock(&s->mutex);
	bool stop = s->stop;
	pthread_mutex_unlock(&s->mutex);
	return stop;
}

/* What was cut short because the daemon ends is done by the next one. */
static void tell(struct sweeper *s, const char *what, const struct error *e)
{
	log_failure(&s->log, strcmp(e->code, "store.ending") == 0 ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, what, e);
}

static void sweep_staging(struct sweeper *s)
{
	struct error e;
	scoped(tx) *tx = NULL;
	int dropped = 0;
	if (tx_begin(s->store, STORE_WORKER, &tx, &e) < 0 || stage_sweep(tx, &dropped, &e) < 0 || tx_commit(&tx, &e) < 0)
		tell(s, "could not sweep staging", &e);
	else if (dropped > 0)
		log_info(&s->log, "dropped the staging of %d runs that are over", dropped);
}

/* Calls a function that throws at most so many rows away and says how many they were. */
static int purge(struct sweeper *s, const struct query *query, int64_t most, int64_t *ret, struct error *e)
{
	scoped(arena) *arena = arena_open("sweep");
	scoped(tx) *tx = NULL;
	const struct rows *rows;
	if (tx_begin(s->store, STORE_WORKER, &tx, e) < 0 ||
	    query_run(tx, query, PARAMS(P_INT(most)), arena, &rows, e) < 0)
		return -1;
	*ret = rows_int(rows, 0, 0);
	return tx_commit(&tx, e);
}

/* ---- runs ------------------------------------------------------------------------------------------------------------------ */

static void sweep_runs(struct sweeper *s)
{
	static const struct query old = { "sweep.runs", "SELECT runs_purge($1::integer)", QUERY_KEEPS, 0 };
	struct error e;
	int64_t gone = 0, some = RUNS_MOST;
	while (some == RUNS_MOST && !stopped(s)) {
		if (purge(s, &old, RUNS_MOST, &some, &e) < 0) {
			tell(s, "could not throw old runs away", &e);
			return;
		}
		gone += some;
	}
	if (gone > 0)
		log_info(&s->log, "threw away %lld runs that were kept long enough", (long long)gone);
}

/* ---- messages of directories ---------------------------------------------------------------------------------------------------- */

static void sweep_notifications(struct sweeper *s)
{
	static const struct query old = { "sweep.notifications", "SELECT notifications_purge($1::integer)", QUERY_KEEPS, 0 };
	struct error e;
	int64_t gone = NOTIFICATIONS_MOST;
	while (gone == NOTIFICATIONS_MOST && !stopped(s))
		if (purge(s, &old, NOTIFICATIONS_MOST, &gone, &e) < 0) {
			tell(s, "could not throw old messages of directories away", &e);
			return;
		}
}

/* ---- sign-ons ------------------------------------------------------------------------------------------------------------------- */

static void sweep_sign_ons(struct sweeper *s)
{
	static const struct query old = { "sweep.sign_ons", "SELECT sign_ons_purge($1::integer)", QUERY_KEEPS, 0 };
	struct error e;
	int64_t gone = SIGN_ONS_MOST;
	while (gone == SIGN_ONS_MOST && !stopped(s))
		if (purge(s, &old, SIGN_ONS_MOST, &gone, &e) < 0) {
			tell(s, "could not throw old sign-ons away", &e);
			return;
		}
}

/* ---- links of local accounts ----------------------------------------------------------------------------------------------------- */

static void sweep_links(struct sweeper *s)
{
	static const struct query old = { "sweep.links", "SELECT account_tokens_purge($1::integer)", QUERY_KEEPS, 0 };
	struct error e;
	int64_t gone = SIGN_ONS_MOST;
	while (gone == SIGN_ONS_MOST && !stopped(s))
		if (purge(s, &old, SIGN_ONS_MOST, &gone, &e) < 0) {
			tell(s, "could not throw old links of accounts away", &e);
			return;
		}
}

/* What daemons have read long ago of what changed (access/changes). */
static void sweep_changes(struct sweeper *s)
{
	static const struct query old = { "sweep.changes", "SELECT verify_changes_purge($1::integer)", QUERY_KEEPS, 0 };
	struct error e;
	int64_t gone = SIGN_ONS_MOST;
	while (gone == SIGN_ONS_MOST && !stopped(s))
		if (purge(s, &old, SIGN_ONS_MOST, &gone, &e) < 0) {
			tell(s, "could not throw away the log of what changed", &e);
			return;
		}
}

/* ---- what applications were given ------------------------------------------------------------------------------------------------ */

static void sweep_grants(struct sweeper *s)
{
	static const struct query old = { "sweep.grants", "SELECT grants_purge($1::integer)", QUERY_KEEPS, 0 };
	struct error e;
	int64_t gone = SIGN_ONS_MOST;
	while (gone == SIGN_ONS_MOST && !stopped(s))
		if (purge(s, &old, SIGN_ONS_MOST, &gone, &e) < 0) {
			tell(s, "could not throw codes and tokens away that are over", &e);
			return;
		}
}

/* ---- idempotency keys --------------------------------------------------------------------------------------------------------- */

static void sweep_keys(struct sweeper *s)
{
	static const struct query old = { "sweep.keys", "SELECT idempotency_sweep($1::integer)", QUERY_KEEPS, 0 };
	struct error e;
	int64_t gone = KEYS_MOST;
	while (gone == KEYS_MOST && !stopped(s))
		if (purge(s, &old, KEYS_MOST, &gone, &e) < 0) {
			tell(s, "could not throw old idempotency keys away", &e);
			return;
		}
}

/* ---- organisations ----------------------------------------------------------------------------------------------------------- */

static int find_ended(struct tx *tx, struct id *ret, struct error *e)
{
	static const struct query ended = { "sweep.ended", "SELECT organisation_to_purge()", QUERY_READS, 0 };
	scoped(arena) *arena = arena_open("sweep");
	const struct rows *rows;
	if (query_run(tx, &ended, NO_PARAMS, arena, &rows, e) < 0)
		return -1;
	if (rows_null(rows, 0, 0))
		return 0;
	*ret = rows_id(rows, 0, 0);
	return 1;
}

/* Its own chain is at its end; that it went stands in the operator's. */
static int purge_it(struct tx *tx, const struct id *organisation, struct error *e)
{
	static const struct query statement = {
		"sweep.purge", "SELECT organisation_purge($1) AS written", QUERY_CHANGES, 0,
	};
	char text[ID_TEXT_SIZE];
	const struct actor actor = { .kind = "daemon", .id = "sweep", .source = "daemon" };
	const struct audit_event event = {
		.action = "organisation.purged", .target_kind = "organisation", .target = id_text(organisation, text),
	};
	int64_t written;
	if (query_write(tx, &statement, PARAMS(P_ID(organisation)), &written, e) < 0)
		return -1;
	return written > 0 ? audit_write(tx, NULL, &actor, &event, e) : 0;
}

/* 1: one is gone, and there may be more. 0: there was none. -1. */
static int purge_one(struct sweeper *s, struct error *e)
{
	struct id organisation;
	char text[ID_TEXT_SIZE];
	scoped(tx) *tx = NULL;
	if (tx_begin(s->store, STORE_WORKER, &tx, e) < 0)
		return -1;
	int found = find_ended(tx, &organisation, e);
	if (found <= 0)
		return found;
	if (tx_patience(tx, PURGE_PATIENCE_MS, e) < 0 || purge_it(tx, &organisation, e) < 0 || tx_commit(&tx, e) < 0)
		return -1;
	log_note(&s->log, "organisation %s was deleted long enough ago and is purged", id_text(&organisation, text));
	return 1;
}

static void sweep_organisations(struct sweeper *s)
{
	struct error e;
	int found = 1;
	while (found == 1 && !stopped(s))
		found = purge_one(s, &e);
	if (found < 0)
		tell(s, "could not purge a deleted organisation", &e);
}

/* ---- seats --------------------------------------------------------------------------------------------------------------------- */

static void recount_seats(struct sweeper *s)
{
	struct error e;
	if (admission_recount(s->store, &s->log, &e) < 0)
		log_failure(&s->log, LOG_LEVEL_WARNING, "could not count the seats anew", &e);
}

/* ---- people whose grace time is over ------------------------------------------------------------------------------------------ */

/* Some of an organisation's leave: how many. What their departure took from their tokens is theirs no more: the trigger on members revokes it
 * in the same statement (schema/0015_departures.sql), and here it is told. */
static int let_go(struct tx *tx, const struct id *organisation, int64_t *ret, struct error *e)
{
	static const struct query leave = {
		"sweep.leave",
		"WITH due AS (SELECT m.user_id, m.name, m.suspended_at, m.grace_until FROM members m WHERE m.organisation = $1 "
		"AND m.state = 'suspended' AND m.grace_until <= now() AND m.role <> 'owner' ORDER BY m.grace_until, m.user_id LIMIT $2 "
		"FOR UPDATE), "
		"gone AS (UPDATE members m SET state = 'left', suspended_by = NULL, left_by = 'grace', role_manual = NULL, waiting_role = NULL, "
		"name_manual = NULL, email_manual = NULL, updated_at = now(), version = m.version + 1 FROM due d "
		"WHERE m.organisation = $1 AND m.user_id = d.user_id RETURNING d.*), "
		"told AS (SELECT user_id, uuid_send(gen_random_uuid()) AS salt, jsonb_build_object('actor_name', 'sweep', 'target_name', name, "
		"'before', jsonb_build_object('state', 'suspended', 'suspended_at', suspended_at), 'after', jsonb_build_object("
		"'state', 'left', 'because', 'the grace time ended', 'grace_until', grace_until))::text AS personal FROM gone), "
		"kept AS (INSERT INTO audit (organisation, actor_kind, actor, action, target_kind, target, source, personal, salt, "
		"commitment) SELECT $1, 'daemon', 'sweep', 'member.left', 'member', user_id::text, 'daemon', personal, salt, "
		"audit_commitment(salt, personal) FROM told) SELECT count(*) AS written FROM gone",
		QUERY_BOTH, 0,
	};
	static const struct query keys = {
		"sweep.keys_revoked",
		"INSERT INTO audit (organisation, actor_kind, actor, action, target_kind, target, source, personal, salt, commitment) "
		"SELECT $1, 'daemon', 'sweep', 'token.revoked', 'token', id::text, 'daemon', personal, salt, audit_commitment(salt, personal) "
		"FROM (SELECT id, uuid_send(gen_random_uuid()) AS salt, jsonb_build_object('actor_name', 'sweep', 'target_name', name, "
		"'after', jsonb_build_object('member', coalesce(user_id, maker), 'because', 'the grace time ended'))::text AS personal "
		"FROM tokens WHERE organisation = $1 AND revoked_at = now()) t",
		QUERY_RECORDS, 0,
	};
	if (query_write(tx, &leave, PARAMS(P_ID(organisation), P_INT(DEPARTED_MOST)), ret, e) < 0)
		return -1;
	return *ret > 0 ? query_write(tx, &keys, PARAMS(P_ID(organisation)), NULL, e) : 0;
}

static int let_some_go(struct sweeper *s, const struct id *organisation, int64_t *ret, struct error *e)
{
	scoped(tx) *tx = NULL;
	if (tx_begin(s->store, STORE_WORKER, &tx, e) < 0 || tx_for(tx, organisation, e) < 0 || let_go(tx, organisation, ret, e) < 0)
		return -1;
	return tx_commit(&tx, e);
}

static int let_all_go(struct sweeper *s, const struct id *organisation, struct error *e)
{
	int64_t gone = 0, some = DEPARTED_MOST;
	char text[ID_TEXT_SIZE];
	while (some == DEPARTED_MOST && !stopped(s)) {
		if (let_some_go(s, organisation, &some, e) < 0)
			return -1;
		gone += some;
	}
	if (gone > 0)
		log_note(&s->log, "organisation %s: %lld people have left, whose grace time is over", id_text(organisation, text),
		         (long long)gone);
	return 0;
}

static int find_departed(struct sweeper *s, struct arena *arena, const struct rows **ret, struct error *e)
{
	static const struct query due = { "sweep.departed", "SELECT departures_due()", QUERY_READS, 0 };
	scoped(tx) *tx = NULL;
	if (tx_begin(s->store, STORE_WORKER, &tx, e) < 0 || query_run(tx, &due, NO_PARAMS, arena, ret, e) < 0)
		return -1;
	return tx_commit(&tx, e);
}

static void sweep_departed(struct sweeper *s)
{
	scoped(arena) *arena = arena_open("sweep");
	const struct rows *rows;
	struct error e;
	if (find_departed(s, arena, &rows, &e) < 0) {
		tell(s, "could not look whose grace time is over", &e);
		return;
	}
	for (size_t i = 0; i < rows_count(rows) && !stopped(s); i++) {
		struct id organisation = rows_id(rows, i, 0);
		if (let_all_go(s, &organisation, &e) < 0)
			tell(s, "could not let people go whose grace time is over", &e);
	}
}

/* ---- connections -------------------------------------------------------------------------------------------------------------- */

static int purge_connection(struct sweeper *s, struct error *e)
{
	static const struct query ended = { "sweep.connection", "SELECT organisation, id FROM connection_to_purge()", QUERY_READS, 0 };
	static const struct query statement = {
		"sweep.purge_connection", "SELECT connection_purge($1, $2) AS written", QUERY_CHANGES, 0,
	};
	const struct actor actor = { .kind = "daemon", .id = "sweep", .source = "daemon" };
	scoped(arena) *arena = arena_open("sweep");
	scoped(tx) *tx = NULL;
	const struct rows *rows;
	char text[ID_TEXT_SIZE];
	int64_t written;
	if (tx_begin(s->store, STORE_WORKER, &tx, e) < 0 || query_run(tx, &ended, NO_PARAMS, arena, &rows, e) < 0)
		return -1;
	if (rows_null(rows, 0, 0))
		return 0;
	struct id organisation = rows_id(rows, 0, 0), id = rows_id(rows, 0, 1);
	const struct audit_event event = {
		.action = "connection.purged", .target_kind = "connection", .target = id_text(&id, text),
	};
	if (tx_for(tx, &organisation, e) < 0 || tx_patience(tx, PURGE_PATIENCE_MS, e) < 0 ||
	    query_write(tx, &statement, PARAMS(P_ID(&organisation), P_ID(&id)), &written, e) < 0 ||
	    (written > 0 && audit_write(tx, &organisation, &actor, &event, e) < 0) || tx_commit(&tx, e) < 0)
		return -1;
	log_note(&s->log, "connection %s was deleted long enough ago and is purged", text);
	return 1;
}

static void sweep_connections(struct sweeper *s)
{
	struct error e;
	int found = 1;
	while (found == 1 && !stopped(s))
		found = purge_connection(s, &e);
	if (found < 0)
		tell(s, "could not purge a deleted connection", &e);
}

static void look_for_what_ends(struct sweeper *s)
{
	struct error e;
	if (expiry_look(s->store, &s->log, &e) < 0)
		tell(s, "could not tell what soon ends", &e);
}

/* ---- the thread ---------------------------------------------------------------------------------------------------------------- */

static void sleep_until_next(struct sweeper *s)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += SWEEP_EVERY_S;
	pthread_mutex_lock(&s->mutex);
	while (!s->stop && pthread_cond_timedwait(&s->wake, &s->mutex, &until) != ETIMEDOUT)
		;
	pthread_mutex_unlock(&s->mutex);
}

static void *sweep(void *self)
{
	struct sweeper *s = self;
	while (!stopped(s)) {
		sweep_staging(s);
		sweep_runs(s);
		sweep_keys(s);
		sweep_notifications(s);
		sweep_grants(s);
		sweep_sign_ons(s);
		sweep_links(s);
		sweep_changes(s);
		sweep_departed(s);
		sweep_organisations(s);
		recount_seats(s);
		sweep_connections(s);
		look_for_what_ends(s);
		sleep_until_next(s);
	}
	return NULL;
}

static void release(struct sweeper *s)
{
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->mutex);
	free(s);
}

int sweep_open(struct store *store, struct sweeper **ret, struct error *e)
{
	struct sweeper *s = calloc(1, sizeof(*s));
	pthread_condattr_t monotonic;
	if (!s)
		return error_set(e, ERROR_INTERNAL, "sweep.memory", "no memory for the sweeper");
	s->store = store;
	log_subject(&s->log, NULL, "sweep");
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&s->mutex, NULL);
	pthread_cond_init(&s->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (pthread_create(&s->thread, NULL, sweep, s) != 0) {
		release(s);
		return error_set(e, ERROR_INTERNAL, "sweep.thread", "could not start the sweeper");
	}
	*ret = s;
	return 0;
}

void sweep_close(struct sweeper **sweeper)
{
	struct sweeper *s = *sweeper;
	*sweeper = NULL;
	if (!s)
		return;
	pthread_mutex_lock(&s->mutex);
	s->stop = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->mutex);
	pthread_join(s->thread, NULL);
	release(s);
}
