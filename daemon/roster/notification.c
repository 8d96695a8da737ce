#include "roster/notification.h"

#include "base/clock.h"

int notification_address(struct tx *tx, struct arena *arena, const struct id *connection, struct notification_address *ret,
                         struct error *e)
{
	static const struct query find = {
		"notification.address",
		"SELECT organisation, slug, plugin, version FROM notification_address($1) WHERE organisation IS NOT NULL",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	int found = query_one(tx, &find, PARAMS(P_ID(connection)), arena, &rows, e);

	if (found == 1)
		*ret = (struct notification_address){ rows_id(rows, 0, 0), rows_text(rows, 0, 1), rows_text(rows, 0, 2), rows_int(rows, 0, 3) };
	return found;
}

/* ---- kept ---- */

static int64_t kept_until_us(const struct notification *notification)
{
	const int64_t second = 1000000, now = clock_now_us() / second;
	int64_t until = notification->until_s;

	if (until < now + NOTIFICATION_KEPT_S_LEAST)
		until = now + NOTIFICATION_KEPT_S_LEAST;
	if (until > now + NOTIFICATION_KEPT_S_MOST)
		until = now + NOTIFICATION_KEPT_S_MOST;
	return until * second;
}

/* Somebody is woken unless something waits already, of which they have been told; whoever is woken takes all. */
int notification_keep(struct tx *tx, const struct notification *notification, enum notification_kept *ret, struct error *e)
{
	static const struct query keep = {
		"notification.keep",
		"WITH room AS (SELECT count(*) < $9 AND coalesce(sum(size) FILTER (WHERE body IS NOT NULL), 0) + $6 <= $10 AS is FROM notifications "
		"WHERE organisation = $1 AND connection = $2 AND state = 'waiting'), "
		"made AS (INSERT INTO notifications (organisation, connection, id, message_id, body, size, subjects, until) "
		"SELECT $1, $2, $3, $4, $5::bytea, $6, cardinality($7::text[]), $11 FROM room WHERE room.is "
		"ON CONFLICT ON CONSTRAINT notifications_message DO NOTHING RETURNING id), "
		"due AS (INSERT INTO notification_due (organisation, connection, notification, kind, remote_id) "
		"SELECT DISTINCT $1::uuid, $2::uuid, made.id, s.kind, s.remote_id FROM made, unnest($7::text[], $8::text[]) AS s (kind, remote_id)), "
		"merged AS (INSERT INTO notification_due (organisation, connection, kind, remote_id) SELECT $1, $2, 'changes', '' FROM room "
		"WHERE NOT room.is AND NOT EXISTS (SELECT FROM notification_due d WHERE d.organisation = $1 AND d.connection = $2 AND d.run IS NULL "
		"AND d.ended_at IS NULL AND d.kind = 'changes')) "
		"SELECT room.is, EXISTS (SELECT FROM made), CASE WHEN NOT EXISTS (SELECT FROM notification_due d WHERE d.organisation = $1 "
		"AND d.connection = $2 AND d.run IS NULL AND d.ended_at IS NULL) THEN pg_notify('rosterd_run', '') END FROM room",
		QUERY_KEEPS,
		0,
	};
	const struct id id = id_new();
	scoped(arena) *arena = arena_open("notification");
	const struct rows *rows;

	if (query_one(tx, &keep,
	              PARAMS(P_ID(&notification->organisation), P_ID(&notification->connection), P_ID(&id), P_TEXT(notification->message_id),
	                     P_BYTES(notification->body, notification->body_size), P_INT((int64_t)notification->body_size),
	                     P_TEXTS(notification->kinds), P_TEXTS(notification->remote_ids), P_INT(NOTIFICATIONS_WAITING_MOST),
	                     P_INT(NOTIFICATIONS_WAITING_BYTES_MOST), P_TIME(kept_until_us(notification))),
	              arena, &rows, e) < 0)
		return -1;
	*ret = !rows_bool(rows, 0, 0) ? NOTIFICATION_MERGED : rows_bool(rows, 0, 1) ? NOTIFICATION_TAKEN : NOTIFICATION_DUPLICATE;
	return 0;
}

/* ---- handled ---- */

int notification_applied(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *run, int64_t **ret_us,
                         size_t *ret_count, struct error *e)
{
	/* One of which another run still has a part stays; the watch finds it should both end in the same moment. */
	static const struct query applied = {
		"notification.applied",
		"WITH ended AS (UPDATE notification_due SET ended_at = clock_timestamp() WHERE organisation = $1 AND run = $2 AND ended_at IS NULL "
		"RETURNING connection, notification, received_at), "
		"handled AS (UPDATE notifications n SET state = 'applied', body = NULL, handled_at = clock_timestamp() "
		"FROM (SELECT DISTINCT connection, notification FROM ended) h WHERE n.organisation = $1 AND n.connection = h.connection "
		"AND n.id = h.notification AND n.state = 'waiting' AND NOT EXISTS (SELECT FROM notification_due d WHERE d.organisation = $1 "
		"AND d.connection = n.connection AND d.notification = n.id AND d.ended_at IS NULL AND d.run IS DISTINCT FROM $2)) "
		"SELECT (extract(epoch FROM clock_timestamp() - received_at) * 1000000)::bigint FROM ended",
		QUERY_KEEPS,
		0,
	};
	const struct rows *rows;

	if (query_run(tx, &applied, PARAMS(P_ID(organisation), P_ID(run)), arena, &rows, e) < 0)
		return -1;
	*ret_count = rows_count(rows);
	*ret_us = arena_array(arena, *ret_count + 1, sizeof(**ret_us));
	for (size_t i = 0; i < *ret_count; i++)
		(*ret_us)[i] = rows_int(rows, i, 0);
	return 0;
}

/* ---- shown ---- */

int notification_list(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection, const struct id *before,
                      const struct id *run, int most, struct notification_shown **ret, size_t *ret_count, struct error *e)
{
	static const struct query list = {
		"notification.list",
		"SELECT n.id, n.message_id, n.received_at, n.handled_at, n.subjects, n.size, n.state, coalesce(d.tries, 0), l.run, l.state "
		"FROM notifications n "
		"LEFT JOIN LATERAL (SELECT max(t.tries)::bigint AS tries FROM notification_due t WHERE t.organisation = $1 AND t.connection = $2 "
		"AND t.notification = n.id) d ON true "
		"LEFT JOIN LATERAL (SELECT t.run, r.state FROM notification_due t JOIN runs r ON r.organisation = $1 AND r.id = t.run "
		"WHERE t.organisation = $1 AND t.connection = $2 AND t.notification = n.id "
		"ORDER BY t.ended_at DESC NULLS FIRST, r.asked_at DESC LIMIT 1) l ON true "
		"WHERE n.organisation = $1 AND n.connection = $2 AND ($3::uuid IS NULL OR (n.received_at, n.id) < "
		"(SELECT b.received_at, b.id FROM notifications b WHERE b.organisation = $1 AND b.connection = $2 AND b.id = $3)) "
		"AND ($4::uuid IS NULL OR n.id IN (SELECT t.notification FROM notification_due t WHERE t.organisation = $1 AND t.run = $4)) "
		"ORDER BY n.received_at DESC, n.id DESC LIMIT $5",
		QUERY_READS,
		0,
	};
	const struct rows *rows;

	if (query_run(tx, &list, PARAMS(P_ID(organisation), P_ID(connection), P_ID(before), P_ID(run), P_INT(most)), arena, &rows, e) < 0)
		return -1;
	*ret_count = rows_count(rows);
	*ret = arena_array(arena, *ret_count + 1, sizeof(**ret));
	for (size_t i = 0; i < *ret_count; i++) {
		(*ret)[i] = (struct notification_shown){
			.id = rows_id(rows, i, 0),
			.message_id = rows_text(rows, i, 1),
			.received_at = rows_time(rows, i, 2),
			.handled_at = rows_time(rows, i, 3),
			.subjects = rows_int(rows, i, 4),
			.size = rows_int(rows, i, 5),
			.state = rows_text(rows, i, 6),
			.tries = rows_int(rows, i, 7),
			.run_state = rows_text(rows, i, 9),
		};
		if (!rows_null(rows, i, 8))
			(*ret)[i].run = rows_id(rows, i, 8);
	}
	return 0;
}
