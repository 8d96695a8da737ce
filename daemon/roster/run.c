#include "roster/run.h"

#include <string.h>

#define RUN_COLUMNS \
	"r.organisation, r.id, r.connection, c.name, r.state, r.scope, r.plan_only, r.asked_by, r.approved_by, " \
	"r.asked_at, r.not_before, r.started_at, r.finished_at, r.attempts, r.cursor, r.pages, r.people, r.groups, " \
	"r.memberships, r.refused, r.whole, r.proof, r.counts::text, r.held_reason, r.plan_digest, r.error_code, " \
	"r.error_text, r.scope_reason, r.marks, r.read_at, r.read_for, r.next_cursor, r.named, r.named_groups, r.missed, r.anew, " \
	"(SELECT jsonb_agg(jsonb_build_object('part', p.part, 'state', p.state, 'words', p.words) " \
	"ORDER BY p.position) FROM run_parts p WHERE p.organisation = r.organisation AND p.run = r.id)::text, r.kind, r.wish::text, r.directory::text"
#define RUN_FROM "FROM runs r LEFT JOIN connections c ON c.organisation = r.organisation AND c.id = r.connection "

static void fill(const struct rows *rows, size_t i, struct run *ret)
{
	*ret = (struct run){
		.organisation = rows_id(rows, i, 0),
		.id = rows_id(rows, i, 1),
		.connection = rows_id(rows, i, 2),
		.connection_name = rows_text(rows, i, 3),
		.state = rows_text(rows, i, 4),
		.scope = rows_text(rows, i, 5),
		.plan_only = rows_bool(rows, i, 6),
		.asked_by = rows_text(rows, i, 7),
		.approved_by = rows_text(rows, i, 8),
		.asked_at = rows_time(rows, i, 9),
		.not_before = rows_time(rows, i, 10),
		.started_at = rows_time(rows, i, 11),
		.finished_at = rows_time(rows, i, 12),
		.attempts = (int)rows_int(rows, i, 13),
		.pages = rows_int(rows, i, 15),
		.people = rows_int(rows, i, 16),
		.groups = rows_int(rows, i, 17),
		.memberships = rows_int(rows, i, 18),
		.refused = rows_int(rows, i, 19),
		.whole_known = !rows_null(rows, i, 20),
		.whole = rows_bool(rows, i, 20),
		.proof = rows_text(rows, i, 21),
		.counts = rows_text(rows, i, 22),
		.held_reason = rows_text(rows, i, 23),
		.error_code = rows_text(rows, i, 25),
		.error_text = rows_text(rows, i, 26),
		.scope_reason = rows_text(rows, i, 27),
		.marks = rows_int(rows, i, 28),
		.read_at = rows_time(rows, i, 29),
		.named = rows_texts(rows, i, 32),
		.named_groups = rows_texts(rows, i, 33),
		.missed_known = !rows_null(rows, i, 34),
		.missed = rows_int(rows, i, 34),
		.anew = rows_bool(rows, i, 35),
		.parts = rows_text(rows, i, 36),
		.kind = rows_text(rows, i, 37),
		.wish = rows_text(rows, i, 38),
		.directory = rows_text(rows, i, 39),
	};
	ret->read_for = rows_bytes(rows, i, 30, &ret->read_for_size);
	ret->next_cursor = rows_bytes(rows, i, 31, &ret->next_cursor_size);
	ret->cursor = rows_bytes(rows, i, 14, &ret->cursor_size);
	ret->plan_digest = rows_bytes(rows, i, 24, &ret->plan_digest_size);
}

static const struct query in_the_way = {
	"run.in_the_way",
	"SELECT id, state FROM runs WHERE organisation = $1 AND connection IS NOT DISTINCT FROM $2 "
	"AND state IN ('asked', 'reading', 'reconciling', 'held') AND scope <> 'named'",
	QUERY_READS, 0,
};

static const struct query insert = {
	"run.insert",
	"WITH made AS (INSERT INTO runs (organisation, id, connection, state, scope, plan_only, asked_by, named, named_groups, anew) "
	"VALUES ($1, $2, $3, 'asked', $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING id) "
	"SELECT id, pg_notify('rosterd_run', '') FROM made",
	QUERY_KEEPS, 0,
};

/* Who is in the way of a new run: -1 with a conflict that names it, 0 if nobody is. */
static int refuse_second(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection,
                         struct error *e)
{
	const struct rows *rows;
	int found = query_one(tx, &in_the_way, PARAMS(P_ID(organisation), P_ID(connection)), arena, &rows, e);
	if (found <= 0)
		return found;

	char text[ID_TEXT_SIZE];
	struct id id = rows_id(rows, 0, 0);
	if (strcmp(rows_text(rows, 0, 1), "held") == 0)
		return error_set(e, ERROR_CONFLICT, "run.held", "run %s of this connection is held; approve or drop it first",
		                 id_text(&id, text));
	return error_set(e, ERROR_CONFLICT, "run.under_way", "run %s of this connection is under way", id_text(&id, text));
}

/* Too many questions about some people: -1, 0 if there are not. */
static int refuse_more(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection,
                       struct error *e)
{
	static const struct query waiting = {
		"run.named_waiting",
		"SELECT count(*) FROM runs WHERE organisation = $1 AND connection = $2 AND scope = 'named' "
		"AND state IN ('asked', 'reading', 'reconciling', 'held')",
		QUERY_READS, 0,
	};
	const struct rows *rows;
	if (query_one(tx, &waiting, PARAMS(P_ID(organisation), P_ID(connection)), arena, &rows, e) < 0)
		return -1;
	if (rows_int(rows, 0, 0) < RUNS_NAMED_MOST)
		return 0;
	return error_set(e, ERROR_LIMIT, "limit.runs",
	                 "%d questions about people of this connection are under way or held, and that is as many as may be; wait for one",
	                 RUNS_NAMED_MOST);
}

bool run_reads_all(const struct run *run)
{
	return strcmp(run->scope, "all") == 0;
}

bool run_asked_by_itself(const struct run *run)
{
	return strcmp(run->asked_by, RUN_BY_SCHEDULE) == 0 || strcmp(run->asked_by, RUN_BY_WATCH) == 0 ||
	       strcmp(run->asked_by, RUN_BY_RENAME) == 0 || strcmp(run->asked_by, RUN_BY_SIGN_ON) == 0 ||
	       strcmp(run->asked_by, RUN_BY_NOTIFICATION) == 0;
}

bool run_is_of_sign_on(const struct run *run)
{
	return strcmp(run->asked_by, RUN_BY_SIGN_ON) == 0 && !run->directory;
}

bool run_takes_turns(const struct run *run)
{
	return strcmp(run->scope, "named") != 0;
}

int run_ask(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection,
            const struct run_wish *wish, struct run *ret, struct error *e)
{
	bool named = strcmp(wish->scope, "named") == 0;
	if ((named ? refuse_more(tx, arena, organisation, connection, e) : refuse_second(tx, arena, organisation, connection, e)) < 0)
		return -1;

	struct id id = id_new();
	const struct rows *rows;
	int made = query_one(tx, &insert,
	                     PARAMS(P_ID(organisation), P_ID(&id), P_ID(connection), P_TEXT(wish->scope), P_BOOL(wish->plan_only),
	                            P_TEXT(wish->asked_by), P_TEXTS(wish->named), P_TEXTS(wish->named_groups), P_BOOL(wish->anew)),
	                     arena, &rows, e);
	if (made < 0)
		return -1;
	if (made == 0) /* somebody was faster between the look and the insert */
		return error_set(e, ERROR_CONFLICT, "run.under_way", "a run of this connection is under way");
	return run_find(tx, arena, organisation, &id, ret, e) == 1 ? 0 : -1;
}

int run_ask_by_watch(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection, int apart_ms,
                     struct id *ret, struct error *e)
{
	static const struct query ask = {
		"run.ask_by_watch",
		"WITH made AS (INSERT INTO runs (organisation, id, connection, state, scope, asked_by, not_before) "
		"SELECT $1, $2, $3, 'asked', 'changed', '" RUN_BY_WATCH "', greatest(now(), (SELECT max(r.asked_at) FROM runs r "
		"WHERE r.organisation = $1 AND r.connection = $3 AND r.asked_by = '" RUN_BY_WATCH "') + $4 * interval '1 millisecond') "
		"ON CONFLICT DO NOTHING RETURNING id) SELECT id, pg_notify('rosterd_run', '') FROM made",
		QUERY_KEEPS, 0,
	};
	struct id id = id_new();
	const struct rows *rows;
	int made = query_one(tx, &ask, PARAMS(P_ID(organisation), P_ID(&id), P_ID(connection), P_INT(apart_ms)), arena, &rows, e);
	if (made == 1)
		*ret = id;
	return made;
}

/* There is nothing to read, so it begins where others have read. */
int run_ask_operation(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection,
                      const char *kind, const char *wish, bool plan_only, const char *asked_by, struct run *ret, struct error *e)
{
	static const struct query ask = {
		"run.ask_operation",
		"WITH made AS (INSERT INTO runs (organisation, id, connection, state, kind, wish, plan_only, asked_by, started_at) "
		"VALUES ($1, $2, $3, 'reconciling', $4, $5, $6, $7, now()) ON CONFLICT DO NOTHING RETURNING id) "
		"SELECT id, pg_notify('rosterd_run', '') FROM made",
		QUERY_KEEPS, 0,
	};
	if (refuse_second(tx, arena, organisation, connection, e) < 0)
		return -1;

	struct id id = id_new();
	const struct rows *rows;
	int made = query_one(tx, &ask,
	                     PARAMS(P_ID(organisation), P_ID(&id), P_ID(connection), P_TEXT(kind), P_JSON(wish), P_BOOL(plan_only),
	                            P_TEXT(asked_by)),
	                     arena, &rows, e);
	if (made < 0)
		return -1;
	if (made == 0)
		return error_set(e, ERROR_CONFLICT, "run.under_way", "a run of this connection is under way");
	return run_find(tx, arena, organisation, &id, ret, e) == 1 ? 0 : -1;
}

int run_find_order(struct tx *tx, struct arena *arena, const struct id *organisation, const char *wish,
		   struct run_order *ret, struct error *e)
{
	static const struct query order = {
		"run.find_order",
		"SELECT id, state = 'held', wish = $2 AND NOT plan_only FROM runs WHERE organisation = $1 "
		"AND connection IS NULL "
		"AND state IN ('asked', 'reading', 'reconciling', 'held')",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	int found = query_one(tx, &order, PARAMS(P_ID(organisation), P_JSON(wish)), arena, &rows, e);
	if (found == 1)
		*ret = (struct run_order){ rows_id(rows, 0, 0), rows_bool(rows, 0, 1),
					   rows_bool(rows, 0, 2) };
	return found;
}

int run_give_up(struct tx *tx, const struct id *organisation, const struct id *connection, const char *who, struct error *e)
{
	static const struct query give_up = {
		"run.give_up",
		"UPDATE runs SET state = 'dropped', finished_at = now(), claimed_by = NULL, error_code = 'run.dropped', "
		"error_text = 'dropped by ' || $3 || ', who deletes the connection' WHERE organisation = $1 AND connection = $2 "
		"AND state IN ('asked', 'reading')",
		QUERY_KEEPS, 0,
	};
	return query_write(tx, &give_up, PARAMS(P_ID(organisation), P_ID(connection), P_TEXT(who)), NULL, e);
}

int run_find(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *id, struct run *ret,
             struct error *e)
{
	static const struct query find = {
		"run.find", "SELECT " RUN_COLUMNS " " RUN_FROM "WHERE r.organisation = $1 AND r.id = $2", QUERY_READS, 0,
	};
	const struct rows *rows;
	int found = query_one(tx, &find, PARAMS(P_ID(organisation), P_ID(id)), arena, &rows, e);
	if (found == 1)
		fill(rows, 0, ret);
	return found;
}

int run_list(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection,
             const struct id *before, int most, struct run **ret, size_t *ret_count, struct error *e)
{
	/* The place of a row is (asked_at, id): scheduled runs have ids made by the server, which are not in order of time. */
	static const struct query list = {
		"run.list",
		"SELECT " RUN_COLUMNS " " RUN_FROM
		"WHERE r.organisation = $1 AND ($2::uuid IS NULL OR r.connection = $2) "
		"AND ($3::uuid IS NULL OR (r.asked_at, r.id) < (SELECT b.asked_at, b.id FROM runs b "
		"WHERE b.organisation = $1 AND b.id = $3)) ORDER BY r.asked_at DESC, r.id DESC LIMIT $4",
		QUERY_READS, 0,
	};
	const struct rows *rows;
	if (query_run(tx, &list, PARAMS(P_ID(organisation), P_ID(connection), P_ID(before), P_INT(most)), arena, &rows, e) < 0)
		return -1;
	struct run *runs = arena_array(arena, rows_count(rows), sizeof(*runs));
	for (size_t i = 0; i < rows_count(rows); i++)
		fill(rows, i, &runs[i]);
	*ret = runs;
	*ret_count = rows_count(rows);
	return 0;
}

int run_changes(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *id, int64_t after,
                int most, struct run_change **ret, size_t *ret_count, struct error *e)
{
	static const struct query list = {
		"run.changes",
		"SELECT seq, kind, subject_kind, subject, name, before, after FROM changes "
		"WHERE organisation = $1 AND run = $2 AND seq > $3 ORDER BY seq LIMIT $4",
		QUERY_READS, 0,
	};
	const struct rows *rows;
	if (query_run(tx, &list, PARAMS(P_ID(organisation), P_ID(id), P_INT(after), P_INT(most)), arena, &rows, e) < 0)
		return -1;
	struct run_change *changes = arena_array(arena, rows_count(rows), sizeof(*changes));
	for (size_t i = 0; i < rows_count(rows); i++)
		changes[i] = (struct run_change){
			.seq = rows_int(rows, i, 0),
			.kind = rows_text(rows, i, 1),
			.subject_kind = rows_text(rows, i, 2),
			.subject = rows_id(rows, i, 3),
			.name = rows_text(rows, i, 4),
			.before = rows_text(rows, i, 5),
			.after = rows_text(rows, i, 6),
		};
	*ret = changes;
	*ret_count = rows_count(rows);
	return 0;
}

/* One answer to a held run; sql changes the row if it is still held. */
static int answer_held(struct tx *tx, const struct query *answer, const struct id *organisation, const struct id *id,
                       const char *who, struct error *e)
{
	int64_t count;
	if (query_write(tx, answer, PARAMS(P_ID(organisation), P_ID(id), P_TEXT(who)), &count, e) < 0)
		return -1;
	if (count == 0)
		return error_set(e, ERROR_CONFLICT, "run.not_held", "this run is not held: there is nothing to approve or drop");
	return 0;
}

int run_approve(struct tx *tx, const struct id *organisation, const struct id *id, const char *who, struct error *e)
{
	static const struct query approve = {
		"run.approve",
		"WITH released AS (UPDATE runs SET state = 'reconciling', approved_by = $3, claimed_by = NULL, beat_at = NULL, "
		"not_before = now() WHERE organisation = $1 AND id = $2 AND state = 'held' RETURNING 1) "
		"SELECT pg_notify('rosterd_run', '') FROM released",
		QUERY_KEEPS, 0,
	};
	return answer_held(tx, &approve, organisation, id, who, e);
}

int run_drop(struct tx *tx, const struct id *organisation, const struct id *id, const char *who, struct error *e)
{
	static const struct query drop = {
		"run.drop",
		"UPDATE runs SET state = 'dropped', finished_at = now(), error_code = 'run.dropped', "
		"error_text = 'dropped by ' || $3 WHERE organisation = $1 AND id = $2 AND state = 'held'",
		QUERY_KEEPS, 0,
	};
	static const struct query read_all = {
		"run.drop_cursor",
		"UPDATE readings d SET cursor = NULL FROM runs r WHERE r.organisation = $1 AND r.id = $2 AND d.organisation = $1 "
		"AND d.connection = r.connection",
		QUERY_KEEPS, 0,
	};
	if (answer_held(tx, &drop, organisation, id, who, e) < 0)
		return -1;
	return query_write(tx, &read_all, PARAMS(P_ID(organisation), P_ID(id)), NULL, e);
}

int run_judge_again(struct tx *tx, const struct id *organisation, const struct id *connection, struct error *e)
{
	static const struct query again = {
		"run.judge_again",
		"WITH again AS (UPDATE runs SET state = 'reconciling', approved_by = NULL, claimed_by = NULL, beat_at = NULL, "
		"not_before = now() WHERE organisation = $1 AND connection = $2 AND state = 'held' AND kind = 'read' RETURNING 1) "
		"SELECT pg_notify('rosterd_run', '') FROM again",
		QUERY_KEEPS, 0,
	};
	int64_t count;
	return query_write(tx, &again, PARAMS(P_ID(organisation), P_ID(connection)), &count, e) < 0 ? -1 : count > 0;
}
