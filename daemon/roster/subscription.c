#include "roster/subscription.h"

#include <stdbool.h>

#include "base/text.h"

int subscription_find(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection, struct subscription *ret,
                      struct error *e)
{
	static const struct query find = {
		"subscription.find",
		"SELECT state, renewed_at, renew_at, tries, error_code, error_text FROM subscriptions WHERE organisation = $1 AND connection = $2",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	int found = query_one(tx, &find, PARAMS(P_ID(organisation), P_ID(connection)), arena, &rows, e);

	if (found == 1)
		*ret = (struct subscription){ rows_text(rows, 0, 0), rows_time(rows, 0, 1), rows_time(rows, 0, 2), rows_int(rows, 0, 3),
			                      rows_text(rows, 0, 4), rows_text(rows, 0, 5) };
	return found;
}

static enum subscription_action action_of(const char *word)
{
	return text_equal(word, "subscribe") ? SUBSCRIPTION_SUBSCRIBE : text_equal(word, "renew") ? SUBSCRIPTION_RENEW : SUBSCRIPTION_UNSUBSCRIBE;
}

int subscription_claim(struct tx *tx, struct arena *arena, const struct id *daemon, const char *const *plugins, const char *address,
                       int64_t silent_ms, struct subscription_task *ret, struct error *e)
{
	static const struct query claim = {
		"subscription.claim",
		"SELECT organisation, connection, action FROM subscriptions_claim($1, $2, $3, $4, $5 * interval '1 second') WHERE action IS NOT NULL",
		QUERY_KEEPS,
		0,
	};
	const struct rows *rows;
	int found = query_one(tx, &claim, PARAMS(P_ID(daemon), P_TEXTS(plugins), P_INT(silent_ms), P_TEXT(address), P_INT(SUBSCRIPTION_MOVED_S)), arena, &rows, e);

	if (found == 1)
		*ret = (struct subscription_task){ rows_id(rows, 0, 0), rows_id(rows, 0, 1), action_of(rows_text(rows, 0, 2)) };
	return found;
}

/* Of one that there was, and that its connection's new version asked for again, nothing was lost: either it goes on, or what messages depend on is
 * another, and then the next reading is of all. What was sent to another address may have reached nobody. Before the first listing there is nothing to be out of
 * step. */
static int read_what_was_missed(struct tx *tx, const struct id *daemon, const struct subscription_task *task, const char *address,
                                struct error *e)
{
	static const struct query missed = {
		"subscription.missed",
		"WITH gap AS (SELECT FROM subscriptions s JOIN readings r ON r.organisation = s.organisation AND r.connection = s.connection "
		"WHERE s.organisation = $1 AND s.connection = $2 AND s.claimed_by = $3 AND r.whole_at IS NOT NULL "
		"AND (s.state <> 'active' OR s.renew_at < now() - $4 * interval '1 second' OR s.address <> $5)), "
		"due AS (INSERT INTO notification_due (organisation, connection, kind, remote_id) SELECT $1, $2, 'changes', '' FROM gap "
		"WHERE NOT EXISTS (SELECT FROM notification_due d WHERE d.organisation = $1 AND d.connection = $2 AND d.run IS NULL "
		"AND d.ended_at IS NULL AND d.kind = 'changes') RETURNING 1) "
		"SELECT pg_notify('rosterd_run', '') FROM due",
		QUERY_KEEPS,
		0,
	};

	return query_write(tx, &missed, PARAMS(P_ID(&task->organisation), P_ID(&task->connection), P_ID(daemon), P_INT(SUBSCRIPTION_LATE_S), P_TEXT(address)),
	                   NULL, e);
}

/* What was taken back is made again whatever the version, once the connection goes on. */
int subscription_done(struct tx *tx, const struct id *daemon, const struct subscription_task *task, int64_t version, const char *address,
                      bool wanted, int64_t renew_after_ms, struct error *e)
{
	static const struct query done = {
		"subscription.done",
		"UPDATE subscriptions SET state = CASE WHEN $5 THEN 'active' ELSE 'none' END, version = $4, "
		"renewed_at = CASE WHEN $5 THEN now() ELSE renewed_at END, "
		"renew_at = CASE WHEN $5 AND $6 > 0 THEN now() + $6 * interval '1 millisecond' END, tries = 0, not_before = now(), "
		"error_code = NULL, error_text = NULL, claimed_by = NULL, claimed_at = NULL, address = $7, asked_at = now() "
		"WHERE organisation = $1 AND connection = $2 AND claimed_by = $3",
		QUERY_KEEPS,
		0,
	};
	bool ends = task->action == SUBSCRIPTION_UNSUBSCRIBE;

	if (wanted && !ends && read_what_was_missed(tx, daemon, task, address, e) < 0)
		return -1;
	return query_write(tx, &done,
	                   PARAMS(P_ID(&task->organisation), P_ID(&task->connection), P_ID(daemon), P_INT(ends ? 0 : version),
	                          P_BOOL(wanted && !ends), P_INT(renew_after_ms), P_TEXT(address)),
	                   NULL, e);
}

/* One that the directory no longer knows is made anew at once; one that cannot be taken back is left to expire. */
int subscription_failed(struct tx *tx, const struct id *daemon, const struct subscription_task *task, const struct error *why, struct error *e)
{
	static const struct query failed = {
		"subscription.failed",
		"UPDATE subscriptions SET state = CASE WHEN $4 = 1 AND state <> 'active' THEN 'failed' WHEN $4 = 2 AND $5 THEN 'failed' "
		"WHEN $4 = 3 AND ($5 OR tries + 1 >= $9) THEN 'none' ELSE state END, "
		"version = CASE WHEN $4 = 3 AND ($5 OR tries + 1 >= $9) THEN 0 ELSE version END, tries = tries + 1, "
		"not_before = CASE WHEN $4 = 2 AND $5 THEN now() ELSE now() + greatest($6 * interval '1 millisecond', "
		"least($8, $7 * 2 ^ least(tries, 20)) * interval '1 second') END, "
		"error_code = $10, error_text = $11, claimed_by = NULL, claimed_at = NULL "
		"WHERE organisation = $1 AND connection = $2 AND claimed_by = $3",
		QUERY_KEEPS,
		0,
	};

	return query_write(tx, &failed,
	                   PARAMS(P_ID(&task->organisation), P_ID(&task->connection), P_ID(daemon), P_INT(task->action),
	                          P_BOOL(text_equal(why->code, "plugin.lost_place")), P_INT(why->wait_ms), P_INT(SUBSCRIPTION_BACK_OFF_S),
	                          P_INT(SUBSCRIPTION_BACK_OFF_S_MOST), P_INT(SUBSCRIPTION_END_TRIES_MOST), P_TEXT(why->code),
	                          P_TEXT(why->text)),
	                   NULL, e);
}
