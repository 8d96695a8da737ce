#include "roster/reading.h"

#include <string.h>

#include "store/query.h"

int reading_find(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection,
                 struct reading *ret, struct error *e)
{
	static const struct query find = {
		"reading.find",
		"SELECT cursor, cursor_for, whole_at, increments, (extract(epoch FROM now() - whole_at) * 1000)::bigint, directory::text, "
		"EXISTS (SELECT FROM runs r WHERE r.organisation = $1 AND r.connection = $2 AND r.state = 'failed' AND r.finished_at > whole_at "
		"AND r.scope = 'changed' AND r.error_code = 'plugin.deadline') FROM readings WHERE organisation = $1 AND connection = $2",
		QUERY_READS, 0,
	};
	const struct rows *rows;
	int found = query_one(tx, &find, PARAMS(P_ID(organisation), P_ID(connection)), arena, &rows, e);
	if (found != 1)
		return found;
	*ret = (struct reading){
		.whole_at = rows_time(rows, 0, 2),
		.increments = rows_int(rows, 0, 3),
		.whole_age_ms = rows_int(rows, 0, 4),
		.directory = rows_text(rows, 0, 5),
		.late = rows_bool(rows, 0, 6),
	};
	ret->cursor = rows_bytes(rows, 0, 0, &ret->cursor_size);
	ret->cursor_for = rows_bytes(rows, 0, 1, &ret->cursor_for_size);
	return 1;
}

static int take_all(struct tx *tx, const struct run *run, bool moved, struct error *e)
{
	static const struct query all = {
		"reading.take_all",
		"INSERT INTO readings (organisation, connection, cursor, cursor_for, whole_at, directory) "
		"VALUES ($1, $2, $3, $4, CASE WHEN $6 THEN $5 END, $8) "
		"ON CONFLICT (organisation, connection) DO UPDATE SET cursor = excluded.cursor, cursor_for = excluded.cursor_for, "
		"directory = CASE WHEN $7 AND NOT $6 THEN readings.directory ELSE coalesce(excluded.directory, readings.directory) END, "
		"whole_at = CASE WHEN $6 THEN $5 ELSE readings.whole_at END, increments = CASE WHEN $6 THEN 0 ELSE readings.increments END",
		QUERY_KEEPS, 0,
	};
	return query_write(tx, &all,
	                   PARAMS(P_ID(&run->organisation), P_ID(&run->connection),
	                          P_BYTES(run->whole ? run->next_cursor : NULL, run->next_cursor_size),
	                          P_BYTES(run->read_for, run->read_for_size), P_TIME(run->read_at), P_BOOL(run->whole), P_BOOL(moved),
	                          P_JSON(run->directory)),
	                   NULL, e);
}

int reading_take(struct tx *tx, const struct run *run, bool moved, struct error *e)
{
	static const struct query changed = {
		"reading.take_changed",
		"UPDATE readings SET cursor = coalesce($3, cursor), increments = increments + 1 "
		"WHERE organisation = $1 AND connection = $2 AND cursor_for = $4",
		QUERY_KEEPS, 0,
	};
	if (!run_takes_turns(run))
		return 0;
	if (run_reads_all(run))
		return take_all(tx, run, moved, e);
	return query_write(tx, &changed,
	                   PARAMS(P_ID(&run->organisation), P_ID(&run->connection), P_BYTES(run->next_cursor, run->next_cursor_size),
	                          P_BYTES(run->read_for, run->read_for_size)),
	                   NULL, e);
}

int reading_same_directory(struct tx *tx, const struct id *organisation, const struct id *connection, struct error *e)
{
	static const struct query same = {
		"reading.same_directory",
		"UPDATE readings r SET directory = c.settings FROM connections c WHERE c.organisation = $1 AND c.id = $2 "
		"AND r.organisation = $1 AND r.connection = $2",
		QUERY_CHANGES, 0,
	};
	int64_t count;
	return query_write(tx, &same, PARAMS(P_ID(organisation), P_ID(connection)), &count, e) < 0 ? -1 : count > 0;
}
