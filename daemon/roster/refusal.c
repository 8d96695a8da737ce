/* Refusals are written where people are staged and planned; here they are read. */
#include "roster/refusal.h"

static void fill(const struct rows *rows, size_t i, struct refusal *ret)
{
	*ret = (struct refusal){
		.remote_id = rows_text(rows, i, 0),
		.code = rows_text(rows, i, 1),
		.reason = rows_text(rows, i, 2),
		.user_name = rows_text(rows, i, 3),
		.email = rows_text(rows, i, 4),
		.first_seen_at = rows_time(rows, i, 5),
		.last_seen_at = rows_time(rows, i, 6),
	};
}

int refusal_list(struct tx *tx, struct arena *arena, const struct id *organisation,
		 const struct id *connection, const char *after, int most, struct refusal **ret,
		 size_t *ret_count, struct error *e)
{
	static const struct query query = {
		"refusal.list",
		"SELECT remote_id, code, reason, user_name, email, first_seen_at, last_seen_at FROM refusals "
		"WHERE organisation = $1 AND connection = $2 AND ($3::text IS NULL OR remote_id > $3) "
		"ORDER BY remote_id LIMIT $4",
		QUERY_READS,
		0,
	};
	const struct rows *rows;

	if (query_run(tx, &query, PARAMS(P_ID(organisation), P_ID(connection), P_TEXT(after), P_INT(most)),
		      arena, &rows, e) < 0)
		return -1;
	*ret_count = rows_count(rows);
	*ret = arena_array(arena, *ret_count, sizeof(**ret));
	for (size_t i = 0; i < *ret_count; i++)
		fill(rows, i, &(*ret)[i]);
	return 0;
}

int refusal_count(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection, int64_t *ret,
		  struct error *e)
{
	static const struct query count = {
		"refusal.count", "SELECT count(*) FROM refusals WHERE organisation = $1 AND connection = $2", QUERY_READS, 0,
	};
	const struct rows *rows;

	if (query_one(tx, &count, PARAMS(P_ID(organisation), P_ID(connection)), arena, &rows, e) < 0)
		return -1;
	*ret = rows_int(rows, 0, 0);
	return 0;
}

int refusal_find(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection, const char *remote_id,
		 struct refusal *ret, struct error *e)
{
	static const struct query query = {
		"refusal.find",
		"SELECT remote_id, code, reason, user_name, email, first_seen_at, last_seen_at FROM refusals "
		"WHERE organisation = $1 AND connection = $2 AND remote_id = $3",
		QUERY_READS, 0,
	};
	const struct rows *rows;
	int found = query_one(tx, &query, PARAMS(P_ID(organisation), P_ID(connection), P_TEXT(remote_id)), arena, &rows, e);

	if (found == 1)
		fill(rows, 0, ret);
	return found;
}

int refusal_find_holder(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection,
			const struct refusal *refusal, struct refusal_holder *ret, struct error *e)
{
	static const struct query query = {
		"refusal.holder",
		"SELECT a.id, coalesce(m.name, a.display_name, a.user_name), a.connection = $2 AND a.gone_at IS NOT NULL, "
		"EXISTS (SELECT FROM accounts o JOIN connections c ON c.organisation = $1 AND c.id = o.connection AND c.state <> 'deleted' "
		"WHERE o.organisation = $1 AND o.user_id = h.user_id AND o.gone_at IS NULL AND o.email = h.address), "
		"EXISTS (SELECT FROM accounts k WHERE k.organisation = $1 AND k.connection = $2 AND k.remote_id = $3), "
		"coalesce(m.suspended_by = 'operator', false) "
		"FROM addresses h JOIN accounts a ON a.organisation = $1 AND a.user_id = h.user_id "
		"LEFT JOIN members m ON m.organisation = $1 AND m.user_id = h.user_id "
		"WHERE h.address = $4 ORDER BY a.connection = $2 DESC, a.gone_at DESC NULLS FIRST, a.id LIMIT 1",
		QUERY_READS, 0,
	};
	const struct rows *rows;
	int found = query_one(tx, &query,
			      PARAMS(P_ID(organisation), P_ID(connection), P_TEXT(refusal->remote_id), P_TEXT(refusal->email)), arena,
			      &rows, e);

	if (found == 1)
		*ret = (struct refusal_holder){
			.account = rows_id(rows, 0, 0),
			.name = rows_text(rows, 0, 1),
			.gone = rows_bool(rows, 0, 2),
			.given = rows_bool(rows, 0, 3),
			.known = rows_bool(rows, 0, 4),
			.by_operator = rows_bool(rows, 0, 5),
		};
	return found;
}

int refusal_resolve(struct tx *tx, const struct id *organisation, const struct id *connection, const char *remote_id,
		    const struct id *account, bool same, const char *who, struct error *e)
{
	static const struct query query = {
		"refusal.resolve",
		"INSERT INTO verdicts (organisation, connection, remote_id, account, same, said_by) VALUES ($1, $2, $3, $4, $5, $6) "
		"ON CONFLICT (organisation, connection, remote_id) DO UPDATE SET account = excluded.account, same = excluded.same, "
		"said_by = excluded.said_by, said_at = now()",
		QUERY_CHANGES, 0,
	};

	return query_write(tx, &query,
			   PARAMS(P_ID(organisation), P_ID(connection), P_TEXT(remote_id), P_ID(account), P_BOOL(same), P_TEXT(who)), NULL,
			   e);
}
