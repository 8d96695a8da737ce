/* Refusals are written where people are staged and planned; here they are read. */
#include "roster/refusal.h"

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
		(*ret)[i] = (struct refusal){
			.remote_id = rows_text(rows, i, 0),
			.code = rows_text(rows, i, 1),
			.reason = rows_text(rows, i, 2),
			.user_name = rows_text(rows, i, 3),
			.email = rows_text(rows, i, 4),
			.first_seen_at = rows_time(rows, i, 5),
			.last_seen_at = rows_time(rows, i, 6),
		};
	return 0;
}
