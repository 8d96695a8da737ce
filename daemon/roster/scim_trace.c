#include "roster/scim_trace.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"

#define SOURCE(s) P_ID(&(s)->organisation), P_ID(&(s)->connection)

/* Each twice as long as it is kept, since all of it may have to be escaped. */
enum { ENTRY_MOST = 4 * SCIM_TRACE_BODY_MOST + 16384 };

static void put_entry(struct json_writer *w, const struct scim_traced *entry)
{
	char id[ID_TEXT_SIZE];

	json_begin_object(w, NULL);
	json_put_time(w, "at", entry->at);
	json_put_text(w, "token", id_text(&entry->token, id));
	json_put_text(w, "token_name", entry->token_name);
	json_put_text(w, "method", entry->method);
	json_put_text(w, "target", entry->target);
	json_put_int(w, "status", entry->status);
	json_put_int(w, "ms", entry->ms);
	json_put_text(w, "code", entry->code);
	json_put_text(w, "request", entry->request);
	json_put_text(w, "answer", entry->answer);
	if (entry->pushed_in) {
		json_put_text(w, "pushed_in", entry->pushed_in);
		json_put_int(w, "pushed_upto", entry->pushed_upto);
	}
	json_end_object(w);
}

int scim_trace_add(struct tx *tx, const struct scim_source *source, const struct scim_traced *list,
		   size_t count, struct error *e)
{
	/* What is deleted is looked for among those that were there before. */
	static const struct query add = {
		"scim_trace.add",
		"WITH added AS (INSERT INTO scim_trace (organisation, connection, at, token, token_name, "
		"method, target, status, ms, "
		"code, request, answer, pushed_in, pushed_upto) SELECT $1, $2, n.at, n.token, n.token_name, n.method, "
		"n.target, n.status, n.ms, "
		"n.code, n.request, n.answer, n.pushed_in::xid8, n.pushed_upto FROM jsonb_to_recordset($3::jsonb) AS n (at "
		"timestamptz, token uuid, "
		"token_name text, method text, target text, status integer, ms bigint, code text, request "
		"text, answer text, "
		"pushed_in text, pushed_upto bigint)) "
		"DELETE FROM scim_trace t WHERE t.organisation = $1 AND t.connection = $2 AND t.seq <= "
		"(SELECT o.seq FROM scim_trace o "
		"WHERE o.organisation = $1 AND o.connection = $2 ORDER BY o.seq DESC OFFSET $4 LIMIT 1)",
		QUERY_KEEPS,
		0,
	};
	struct json_writer w;
	struct buffer text;
	int result;

	buffer_open(&text, (size_t)SCIM_TRACE_KEPT * ENTRY_MOST);
	json_writer_open(&w, &text);
	json_begin_array(&w, NULL);
	for (size_t i = 0; i < count; i++)
		put_entry(&w, &list[i]);
	json_end_array(&w);
	result = text.full ? error_set(e, ERROR_LIMIT, "scim.trace_limit",
				       "the requests are too long to be kept")
			   : query_write(tx, &add,
					 PARAMS(SOURCE(source), P_JSON(text.bytes),
						P_INT(SCIM_TRACE_KEPT - (int64_t)count)),
					 NULL, e);
	buffer_close(&text);
	return result;
}

int scim_trace_list(struct tx *tx, struct arena *arena, const struct scim_source *source, int64_t before,
		    int most, struct scim_traced **ret, size_t *ret_count, struct error *e)
{
	/* The first run that saw it, of those that did not fail if there is one: what a failed one had is due
	 * again. A backup that was played back counts transactions anew, so what was pushed later than a run
	 * began is not the run's whatever its number. Nor is what a run saw and left to the next one, since it took its most. */
	static const struct query list = {
		"scim_trace.list",
		"SELECT t.seq, t.at, t.ms, t.token, t.token_name, t.method, t.target, t.status, t.code, "
		"t.request, t.answer, "
		"t.pushed_in::text, k.run, k.state, k.held_reason FROM scim_trace t LEFT JOIN LATERAL "
		"(SELECT s.run, r.state, "
		"r.held_reason FROM scim_takes s JOIN runs r ON r.organisation = $1 AND r.id = s.run WHERE "
		"s.organisation = $1 "
		"AND s.connection = $2 AND s.at >= t.at - t.ms * interval '1 ms' - interval '1 second' "
		"AND pg_visible_in_snapshot(t.pushed_in, s.seen) "
		"AND (s.upto IS NULL OR t.pushed_upto IS NULL OR t.pushed_upto <= s.upto) "
		"ORDER BY r.state = 'failed', s.at LIMIT 1) k ON true WHERE t.organisation = $1 AND "
		"t.connection = $2 "
		"AND ($3::bigint = 0 OR t.seq < $3) ORDER BY t.seq DESC LIMIT $4",
		QUERY_READS,
		0,
	};
	const struct rows *rows;

	if (query_run(tx, &list, PARAMS(SOURCE(source), P_INT(before), P_INT(most)), arena, &rows, e) < 0)
		return -1;
	*ret_count = rows_count(rows);
	*ret = arena_array(arena, *ret_count + 1, sizeof(**ret));
	for (size_t i = 0; i < *ret_count; i++) {
		(*ret)[i] = (struct scim_traced){
			.seq = rows_int(rows, i, 0),
			.at = rows_time(rows, i, 1),
			.ms = rows_int(rows, i, 2),
			.token = rows_id(rows, i, 3),
			.token_name = rows_text(rows, i, 4),
			.method = rows_text(rows, i, 5),
			.target = rows_text(rows, i, 6),
			.status = (int)rows_int(rows, i, 7),
			.code = rows_text(rows, i, 8),
			.request = rows_text(rows, i, 9),
			.answer = rows_text(rows, i, 10),
			.pushed_in = rows_text(rows, i, 11),
			.run_state = rows_text(rows, i, 13),
			.held_reason = rows_text(rows, i, 14),
		};
		if (!rows_null(rows, i, 12))
			(*ret)[i].run = rows_id(rows, i, 12);
	}
	return 0;
}
