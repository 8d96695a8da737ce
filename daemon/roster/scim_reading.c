#include "roster/scim_reading.h"

#include "roster/scim_trace.h"

#define SOURCE(s) P_ID(&(s)->organisation), P_ID(&(s)->connection)

int scim_due_take(struct tx *tx, const struct scim_source *source, const struct id *run, struct error *e)
{
	static const struct query take = {
		"scim.due_take",
		/* Without a join, whose cost would hang on what is known of a table that has just filled. */
		"WITH last AS (SELECT max(seq) AS seq, count(*) AS count FROM (SELECT seq FROM scim_due WHERE organisation = $1 "
		"AND connection = $2 AND run IS NULL ORDER BY seq LIMIT $4) w), "
		"taken AS (UPDATE scim_due SET run = $3 WHERE organisation = $1 AND connection = $2 AND run IS NULL "
		"AND seq <= (SELECT seq FROM last)), "
		"old AS (DELETE FROM scim_takes WHERE organisation = $1 AND connection = $2 AND at < now() - $5 * interval '1 day') "
		"INSERT INTO scim_takes (organisation, connection, run, seen, upto) VALUES ($1, $2, $3, pg_current_snapshot(), "
		"(SELECT seq FROM last WHERE count = $4)) "
		"ON CONFLICT DO NOTHING",
		QUERY_KEEPS,
		0,
	};

	return query_write(tx, &take, PARAMS(SOURCE(source), P_ID(run), P_INT(SCIM_DUE_MOST), P_INT(SCIM_TAKES_KEPT_DAYS)), NULL, e);
}

static struct scim_seen *seen_rows(struct arena *arena, const struct rows *rows, enum scim_table table)
{
	struct scim_seen *seen = arena_array(arena, rows_count(rows) + 1, sizeof(*seen));

	for (size_t i = 0; i < rows_count(rows); i++)
		seen[i] = (struct scim_seen){
			.id = rows_id(rows, i, 0),
			.document = table == SCIM_TABLE_USERS ? rows_text(rows, i, 1) : NULL,
			.name = table == SCIM_TABLE_GROUPS ? rows_text(rows, i, 1) : NULL,
			.active = rows_bool(rows, i, 2),
		};
	return seen;
}

static struct scim_seen_member *member_rows(struct arena *arena, const struct rows *rows)
{
	struct scim_seen_member *seen = arena_array(arena, rows_count(rows) + 1, sizeof(*seen));

	for (size_t i = 0; i < rows_count(rows); i++)
		seen[i] = (struct scim_seen_member){ rows_id(rows, i, 0), rows_id(rows, i, 1), rows_bool(rows, i, 2) };
	return seen;
}

int scim_due_read(struct tx *tx, struct arena *arena, const struct scim_source *source, enum scim_table table,
		  const struct id *run, struct scim_seen **ret, size_t *ret_count, struct error *e)
{
	static const struct query queries[] = {
		[SCIM_TABLE_USERS] = { "scim.due_users",
				       "SELECT d.id, u.document::text, coalesce(u.active, false) FROM (SELECT DISTINCT id FROM scim_due "
				       "WHERE organisation = $1 AND connection = $2 AND run = $3 AND kind = 'user') d "
				       "LEFT JOIN scim_users u ON u.organisation = $1 AND u.connection = $2 AND u.id = d.id ORDER BY d.id",
				       QUERY_READS, 0 },
		[SCIM_TABLE_GROUPS] = { "scim.due_groups",
					"SELECT d.id, g.document->>'displayName', false FROM (SELECT DISTINCT id FROM scim_due "
					"WHERE organisation = $1 AND connection = $2 AND run = $3 AND kind <> 'user') d "
					"LEFT JOIN scim_groups g ON g.organisation = $1 AND g.connection = $2 AND g.id = d.id ORDER BY d.id",
					QUERY_READS, 0 },
	};
	const struct rows *rows;

	if (query_run(tx, &queries[table], PARAMS(SOURCE(source), P_ID(run)), arena, &rows, e) < 0)
		return -1;
	*ret = seen_rows(arena, rows, table);
	*ret_count = rows_count(rows);
	return 0;
}

int scim_due_members(struct tx *tx, struct arena *arena, const struct scim_source *source, const struct id *run,
		     struct scim_seen_member **ret, size_t *ret_count, struct error *e)
{
	/* As it is now, and not as it was said: somebody may have been added and taken out again since. */
	static const struct query members = {
		"scim.due_members",
		"SELECT d.id, d.member, NOT EXISTS (SELECT FROM scim_members m WHERE m.organisation = $1 AND m.connection = $2 "
		"AND m.group_id = d.id AND m.member_id = d.member) FROM (SELECT DISTINCT id, member FROM scim_due "
		"WHERE organisation = $1 AND connection = $2 AND run = $3 AND member IS NOT NULL) d "
		"JOIN scim_groups g ON g.organisation = $1 AND g.connection = $2 AND g.id = d.id",
		QUERY_READS,
		0,
	};
	const struct rows *rows;

	if (query_run(tx, &members, PARAMS(SOURCE(source), P_ID(run)), arena, &rows, e) < 0)
		return -1;
	*ret = member_rows(arena, rows);
	*ret_count = rows_count(rows);
	return 0;
}

int scim_all_read(struct tx *tx, struct arena *arena, const struct scim_source *source, enum scim_table table,
		  const struct id *after, int most, struct scim_seen **ret, size_t *ret_count, struct error *e)
{
	static const struct query queries[] = {
		[SCIM_TABLE_USERS] = { "scim.all_users",
				       "SELECT u.id, u.document::text, u.active FROM scim_users u WHERE u.organisation = $1 "
				       "AND u.connection = $2 AND u.id > $3 ORDER BY u.id LIMIT $4",
				       QUERY_READS, 0 },
		[SCIM_TABLE_GROUPS] = { "scim.all_groups",
					"SELECT g.id, g.document->>'displayName', false FROM scim_groups g WHERE g.organisation = $1 "
					"AND g.connection = $2 AND g.id > $3 ORDER BY g.id LIMIT $4",
					QUERY_READS, 0 },
	};
	const struct rows *rows;

	if (query_run(tx, &queries[table], PARAMS(SOURCE(source), P_ID(after), P_INT(most)), arena, &rows, e) < 0)
		return -1;
	*ret = seen_rows(arena, rows, table);
	*ret_count = rows_count(rows);
	return 0;
}

int scim_all_members(struct tx *tx, struct arena *arena, const struct scim_source *source, const struct scim_seen_member *after,
		     int most, struct scim_seen_member **ret, size_t *ret_count, struct error *e)
{
	static const struct query members = {
		"scim.all_members",
		"SELECT m.group_id, m.member_id, false FROM scim_members m WHERE m.organisation = $1 AND m.connection = $2 "
		"AND (m.group_id, m.member_id) > ($3::uuid, $4::uuid) ORDER BY m.group_id, m.member_id LIMIT $5",
		QUERY_READS,
		0,
	};
	const struct rows *rows;

	if (query_run(tx, &members, PARAMS(SOURCE(source), P_ID(&after->group), P_ID(&after->member), P_INT(most)), arena, &rows, e) < 0)
		return -1;
	*ret = member_rows(arena, rows);
	*ret_count = rows_count(rows);
	return 0;
}
