#include "roster/logout.h"

int logout_claim(struct tx *tx, struct arena *arena, int64_t hold_ms, struct logout *ret, struct error *e)
{
	static const struct query query = {
		"logout.claim",
		"SELECT organisation, id, client_name, uri, algorithm, session, user_id, tries::bigint, "
		"made_at "
		"FROM logouts_claim($1 * interval '1 millisecond') WHERE id IS NOT NULL",
		QUERY_KEEPS,
		0,
	};
	const struct rows *rows;
	int found = query_one(tx, &query, PARAMS(P_INT(hold_ms)), arena, &rows, e);

	if (found == 1)
		*ret = (struct logout){
			.organisation = rows_id(rows, 0, 0),
			.id = rows_id(rows, 0, 1),
			.client = rows_text(rows, 0, 2),
			.uri = rows_text(rows, 0, 3),
			.algorithm = rows_text(rows, 0, 4),
			.session = rows_id(rows, 0, 5),
			.user = rows_id(rows, 0, 6),
			.tries = (int)rows_int(rows, 0, 7),
			.made_at = rows_time(rows, 0, 8),
		};
	return found;
}

static int end(struct tx *tx, const struct logout *l, const char *outcome, const char *why, struct error *e)
{
	static const struct query query = {
		"logout.end",
		"UPDATE logouts SET done_at = now(), outcome = $3, last_error = $4 WHERE organisation = $1 "
		"AND id = $2 AND done_at IS NULL",
		QUERY_KEEPS,
		0,
	};

	return query_write(tx, &query,
			   PARAMS(P_ID(&l->organisation), P_ID(&l->id), P_TEXT(outcome), P_TEXT(why)), NULL,
			   e);
}

int logout_told(struct tx *tx, const struct logout *l, struct error *e)
{
	return end(tx, l, "told", NULL, e);
}

int logout_give_up(struct tx *tx, const struct logout *l, const char *why, struct error *e)
{
	return end(tx, l, "given_up", why, e);
}

int logout_again(struct tx *tx, const struct logout *l, const char *why, int64_t pause_ms, struct error *e)
{
	static const struct query query = {
		"logout.again",
		"UPDATE logouts SET not_before = now() + $4 * interval '1 millisecond', last_error = $3 "
		"WHERE organisation = $1 AND id = $2 AND done_at IS NULL",
		QUERY_KEEPS,
		0,
	};

	return query_write(tx, &query,
			   PARAMS(P_ID(&l->organisation), P_ID(&l->id), P_TEXT(why), P_INT(pause_ms)), NULL,
			   e);
}

int logout_sessions_over(struct tx *tx, int most, int64_t *ret, struct error *e)
{
	static const struct query query = {
		"logout.sessions_over",
		"SELECT sessions_over($1::bigint::integer) AS written",
		QUERY_KEEPS,
		0,
	};

	return query_write(tx, &query, PARAMS(P_INT(most)), ret, e);
}

int logout_figures(struct tx *tx, struct arena *arena, int64_t *ret_waiting, int64_t *ret_us, struct error *e)
{
	static const struct query query = { "logout.figures",
					    "SELECT waiting, waiting_us FROM logout_figures()", QUERY_READS,
					    0 };
	const struct rows *rows;

	if (query_one(tx, &query, NO_PARAMS, arena, &rows, e) < 0)
		return -1;
	*ret_waiting = rows_int(rows, 0, 0);
	*ret_us = rows_int(rows, 0, 1);
	return 0;
}
