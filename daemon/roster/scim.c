#include "roster/scim.h"

#include <string.h>

#include "base/text.h"

/* What is shown of both tables: the same columns in the same order. */
#define USER_ROW   "r.id, r.user_key, r.external_id, r.active, r.schemas, r.document::text, r.created_at, r.modified_at, r.version"
#define GROUP_ROW  "r.id, r.name_key, r.external_id, false, r.schemas, r.document::text, r.created_at, r.modified_at, r.version"

/* The groups that a user is in, and the members of a group, as arrays of JSON. Who was named and never pushed
 * is not shown. The former is part of whatever is asked of a user, mostly finds few or none, and takes its
 * time to be begun: without an aggregate that is less. */
#define GROUPS_OF_USER                                                                                       \
	"nullif('[' || array_to_string(ARRAY(SELECT jsonb_build_object('value', g.id, 'display', "           \
	"g.document->'displayName', 'type', "                                                                \
	"'direct')::text FROM scim_members m JOIN scim_groups g ON g.organisation = r.organisation AND "     \
	"g.connection = r.connection "                                                                       \
	"AND g.id = m.group_id WHERE m.organisation = r.organisation AND m.connection = r.connection AND "   \
	"m.member_id = r.id "                                                                                \
	"ORDER BY m.group_id), ',') || ']', '[]')"
#define MEMBERS_OF_GROUP                                                                                              \
	"(SELECT jsonb_agg(jsonb_build_object('value', m.member_id, 'display', coalesce(u.document->'displayName', "      \
	"u.document->'userName', g.document->'displayName'), 'type', CASE WHEN u.id IS NOT NULL THEN 'User' ELSE 'Group' END) " \
	"ORDER BY m.member_id)::text FROM scim_members m "                                                                \
	"LEFT JOIN scim_users u ON u.organisation = r.organisation AND u.connection = r.connection AND u.id = m.member_id "                     \
	"LEFT JOIN scim_groups g ON g.organisation = r.organisation AND g.connection = r.connection AND g.id = m.member_id "                    \
	"WHERE m.organisation = r.organisation AND m.connection = r.connection AND m.group_id = r.id AND coalesce(u.id, g.id) IS NOT NULL)"

/* The last number of what a statement leaves for a run, which its "due" has written. */
#define LAST_DUE "(SELECT max(seq) FROM due)"

static void leaves(struct scim_push *push, const struct rows *rows, int column)
{
	int64_t last = rows_count(rows) > 0 && !rows_null(rows, 0, column) ? rows_int(rows, 0, column) : 0;

	push->upto = last > push->upto ? last : push->upto;
}

static struct scim_record read_row(const struct rows *rows, size_t row)
{
	return (struct scim_record){
		.id = rows_id(rows, row, 0),
		.key = rows_text(rows, row, 1),
		.external_id = rows_text(rows, row, 2),
		.active = rows_bool(rows, row, 3),
		.schemas = rows_text(rows, row, 4),
		.document = rows_text(rows, row, 5),
		.created_at = rows_time(rows, row, 6),
		.modified_at = rows_time(rows, row, 7),
		.version = rows_int(rows, row, 8),
		.inner = rows_text(rows, row, 9),
	};
}

/* What changed a group's members changed the group. */
#define GROUP_MOVES(changed)                                                                                        \
	"moved AS (UPDATE scim_groups SET version = version + 1, modified_at = now() WHERE organisation = $1 "      \
	"AND connection = $2 AND id = $3 AND EXISTS (SELECT FROM " changed ")) "

/* $1 and $2 of what is asked before it is known for whom: the transaction's organisation, NULL. */
#define OF_SOURCE "r.organisation = coalesce($1, current_organisation()) AND r.connection = $2"

#define SOURCE(s) P_ID(&(s)->organisation), P_ID(&(s)->connection)
#define SOURCE_OR_NULL(s)                                                                                    \
	P_ID(id_is_nil(&(s)->organisation) ? NULL : &(s)->organisation), P_ID(&(s)->connection)

/* ---- one resource ---- */

static int taken(struct tx *tx, enum scim_table table, const char *key, struct error *e)
{
	const char *constraint = tx_constraint(tx);

	if (e->kind != ERROR_CONFLICT ||
	    (!text_equal(constraint, "scim_users_user_name") && !text_equal(constraint, "scim_groups_name")))
		return -1;
	return error_set(e, ERROR_CONFLICT, "scim.uniqueness", "there is a %s with the %s \"%.100s\" already",
			 table == SCIM_TABLE_USERS ? "user" : "group", table == SCIM_TABLE_USERS ? "userName" : "displayName", key);
}

static const struct query wake = {
	"scim.wake",
	"SELECT pg_current_xact_id()::text, CASE WHEN NOT EXISTS (SELECT FROM scim_due WHERE organisation = $1 "
	"AND connection = $2 AND run IS NULL) THEN pg_notify('rosterd_run', '')::text END",
	QUERY_KEEPS,
	0,
};

int scim_wake(struct tx *tx, struct arena *arena, const struct scim_source *source, struct scim_push *push, struct error *e)
{
	const struct rows *rows;

	if (query_run(tx, &wake, PARAMS(SOURCE(source)), arena, &rows, e) < 0)
		return -1;
	push->in = rows_text(rows, 0, 0);
	return 0;
}

/* The same and a statement behind it, in one round trip. Both are heard whatever becomes of them. */
static int wake_and_send(struct tx *tx, const struct scim_source *source, const struct query *query,
			 const struct param *params, size_t count, struct error *e)
{
	scoped(arena) *arena = NULL;
	const struct rows *woken;
	struct error later;

	if (query_send(tx, &wake, PARAMS(SOURCE(source)), e) < 0)
		return -1;
	if (query_send(tx, query, params, count, e) == 0)
		return 0;
	arena = arena_open("scim wake");
	query_receive(tx, arena, &woken, NULL, &later);
	return -1;
}

static int wake_and_receive(struct tx *tx, struct arena *arena, struct scim_push *push, const struct rows **ret,
			    struct error *e)
{
	const struct rows *woken = NULL;
	struct error later;
	int first = query_receive(tx, arena, &woken, NULL, e),
	    second = query_receive(tx, arena, ret, NULL, first < 0 ? &later : e);

	if (first < 0 || second < 0)
		return -1;
	push->in = rows_text(woken, 0, 0);
	return 0;
}

#define INSERT_USER(revived, id)                                                                             \
	"WITH " revived                                                                                      \
	"made AS (INSERT INTO scim_users AS r (organisation, connection, id, user_key, external_id, "        \
	"active, schemas, document) VALUES ($1, $2, " id ", $4, $5, $6, $7, $8) RETURNING r.*), "            \
	"due AS (INSERT INTO scim_due (organisation, connection, kind, id) SELECT $1, $2, 'user', id "       \
	"FROM made RETURNING seq) "                                                                          \
	"SELECT " USER_ROW ", " GROUPS_OF_USER ", " LAST_DUE " FROM made r"

int scim_insert_send(struct tx *tx, const struct scim_source *source, enum scim_table table,
		     const struct scim_record *record, struct error *e)
{
	static const struct query users = { "scim.insert_user", INSERT_USER("", "$3"), QUERY_KEEPS, 0 };
	/* Who has a key of the directory's may have been here before. */
	static const struct query known_users = {
		"scim.insert_known_user",
		INSERT_USER("revived AS (DELETE FROM scim_deleted WHERE organisation = $1 AND connection = "
			    "$2 AND external_id = $5 "
			    "AND user_key = $4 RETURNING id), ",
			    "coalesce((SELECT id FROM revived), $3)"),
		QUERY_KEEPS,
		0,
	};
	static const struct query groups = {
		"scim.insert_group",
		"WITH made AS (INSERT INTO scim_groups AS r (organisation, connection, id, name_key, "
		"external_id, "
		"schemas, document) SELECT $1, $2, $3, $4, $5, $7, $8 WHERE $6::boolean IS NOT NULL "
		"RETURNING r.*), "
		"due AS (INSERT INTO scim_due (organisation, connection, kind, id) SELECT $1, $2, 'group', "
		"id FROM made RETURNING seq) "
		"SELECT " GROUP_ROW ", NULL::text, " LAST_DUE " FROM made r",
		QUERY_KEEPS,
		0,
	};

	return wake_and_send(tx, source,
			     table == SCIM_TABLE_GROUPS ? &groups
			     : record->external_id	? &known_users
							: &users,
			     PARAMS(SOURCE(source), P_ID(&record->id), P_TEXT(record->key),
				    P_TEXT(record->external_id), P_BOOL(record->active),
				    P_TEXT(record->schemas), P_JSON(record->document)),
			     e);
}

int scim_insert_receive(struct tx *tx, struct arena *arena, enum scim_table table, struct scim_record *record,
			struct scim_push *push, struct error *e)
{
	const struct rows *rows;

	if (wake_and_receive(tx, arena, push, &rows, e) < 0)
		return taken(tx, table, record->key, e);
	*record = read_row(rows, 0);
	leaves(push, rows, 10);
	return 0;
}

enum look { LOOK, LOOK_INSIDE, LOOK_LOCKED };

#define FROM_USERS  " FROM scim_users r WHERE " OF_SOURCE " AND r.id = $3"
#define FROM_GROUPS " FROM scim_groups r WHERE " OF_SOURCE " AND r.id = $3"
static const struct query look_ups[][3] = {
	[SCIM_TABLE_USERS] = {
		[LOOK] = { "scim.user", "SELECT " USER_ROW ", NULL::text" FROM_USERS, QUERY_READS, 0 },
		[LOOK_INSIDE] = { "scim.user_inside", "SELECT " USER_ROW ", " GROUPS_OF_USER FROM_USERS, QUERY_READS, 0 },
		[LOOK_LOCKED] = { "scim.user_locked", "SELECT " USER_ROW ", NULL::text" FROM_USERS " FOR UPDATE OF r", QUERY_KEEPS, 0 },
	},
	[SCIM_TABLE_GROUPS] = {
		[LOOK] = { "scim.group", "SELECT " GROUP_ROW ", NULL::text" FROM_GROUPS, QUERY_READS, 0 },
		[LOOK_INSIDE] = { "scim.group_inside", "SELECT " GROUP_ROW ", " MEMBERS_OF_GROUP FROM_GROUPS, QUERY_READS, 0 },
		[LOOK_LOCKED] = { "scim.group_locked", "SELECT " GROUP_ROW ", NULL::text" FROM_GROUPS " FOR UPDATE OF r", QUERY_KEEPS, 0 },
	},
};

static int look_up(struct tx *tx, struct arena *arena, const struct scim_source *source, enum scim_table table,
		   const struct id *id, enum look how, struct scim_record *ret, struct error *e)
{
	const struct rows *rows;
	int found = query_one(tx, &look_ups[table][how], PARAMS(SOURCE(source), P_ID(id)), arena, &rows, e);

	if (found == 1)
		*ret = read_row(rows, 0);
	return found;
}

int scim_find(struct tx *tx, struct arena *arena, const struct scim_source *source, enum scim_table table, const struct id *id,
	      bool inner, struct scim_record *ret, struct error *e)
{
	return look_up(tx, arena, source, table, id, inner ? LOOK_INSIDE : LOOK, ret, e);
}

int scim_find_send(struct tx *tx, const struct scim_source *source, enum scim_table table,
		   const struct id *id, bool inner, struct error *e)
{
	return query_send(tx, &look_ups[table][inner ? LOOK_INSIDE : LOOK],
			  PARAMS(SOURCE_OR_NULL(source), P_ID(id)), e);
}

int scim_lock_send(struct tx *tx, const struct scim_source *source, enum scim_table table,
		   const struct id *id, struct error *e)
{
	return query_send(tx, &look_ups[table][LOOK_LOCKED], PARAMS(SOURCE_OR_NULL(source), P_ID(id)), e);
}

int scim_find_receive(struct tx *tx, struct arena *arena, struct scim_record *ret, struct error *e)
{
	const struct rows *rows;

	if (query_receive(tx, arena, &rows, NULL, e) < 0)
		return -1;
	if (rows_count(rows) == 0)
		return 0;
	*ret = read_row(rows, 0);
	return 1;
}

int scim_lock(struct tx *tx, struct arena *arena, const struct scim_source *source, enum scim_table table, const struct id *id,
	      struct scim_record *ret, struct error *e)
{
	return look_up(tx, arena, source, table, id, LOOK_LOCKED, ret, e);
}

int scim_update(struct tx *tx, struct arena *arena, const struct scim_source *source, enum scim_table table,
		struct scim_record *record, struct scim_push *push, struct error *e)
{
	static const struct query queries[] = {
		[SCIM_TABLE_USERS] = { "scim.update_user",
				       "WITH changed AS (UPDATE scim_users r SET user_key = $4, external_id = $5, active = $6, schemas = $7, "
				       "document = $8, modified_at = now(), version = r.version + 1 "
				       "WHERE r.organisation = $1 AND r.connection = $2 AND r.id = $3 RETURNING r.*), "
				       "due AS (INSERT INTO scim_due (organisation, connection, kind, id) SELECT $1, $2, 'user', id FROM changed RETURNING seq) "
				       "SELECT " USER_ROW ", " GROUPS_OF_USER ", " LAST_DUE " FROM changed r",
				       QUERY_KEEPS, 0 },
		[SCIM_TABLE_GROUPS] = { "scim.update_group",
					"WITH changed AS (UPDATE scim_groups r SET name_key = $4, external_id = $5, schemas = $7, "
					"document = $8, modified_at = now(), version = r.version + 1 "
					"WHERE r.organisation = $1 AND r.connection = $2 AND r.id = $3 AND $6::boolean IS NOT NULL "
					"RETURNING r.*), "
					"due AS (INSERT INTO scim_due (organisation, connection, kind, id) SELECT $1, $2, 'group', id FROM changed RETURNING seq) "
					"SELECT " GROUP_ROW ", NULL::text, " LAST_DUE " FROM changed r",
					QUERY_KEEPS, 0 },
	};
	const struct rows *rows;

	if (wake_and_send(tx, source, &queries[table],
			  PARAMS(SOURCE(source), P_ID(&record->id), P_TEXT(record->key),
				 P_TEXT(record->external_id), P_BOOL(record->active), P_TEXT(record->schemas),
				 P_JSON(record->document)),
			  e) < 0)
		return -1;
	if (wake_and_receive(tx, arena, push, &rows, e) < 0)
		return taken(tx, table, record->key, e);
	if (rows_count(rows) == 0)
		return error_set(e, ERROR_NOT_FOUND, "scim.unknown", "it was deleted meanwhile");
	*record = read_row(rows, 0);
	leaves(push, rows, 10);
	return 0;
}

int scim_delete(struct tx *tx, const struct scim_source *source, enum scim_table table, const struct id *id, struct scim_push *push,
		struct error *e)
{
	/* Who is gone leaves the groups, and a group leaves those that it is in; the memberships of a group go with it. */
	static const struct query queries[] = {
		[SCIM_TABLE_USERS] = { "scim.delete_user",
				       "WITH gone AS (DELETE FROM scim_users WHERE organisation = $1 AND connection = $2 AND id = $3 "
				       "RETURNING id, external_id, user_key), "
				       "remembered AS (INSERT INTO scim_deleted (organisation, connection, external_id, user_key, id) "
				       "SELECT $1, $2, external_id, user_key, id FROM gone WHERE external_id IS NOT NULL "
				       "ON CONFLICT (organisation, connection, external_id, user_key) DO UPDATE SET id = excluded.id, "
				       "deleted_at = now()), left_groups AS (DELETE FROM scim_members m USING gone WHERE m.organisation = $1 "
				       "AND m.connection = $2 AND m.member_id = gone.id RETURNING m.group_id, m.member_id), "
				       "moved AS (UPDATE scim_groups g SET version = g.version + 1, modified_at = now() FROM left_groups l "
				       "WHERE g.organisation = $1 AND g.connection = $2 AND g.id = l.group_id), "
				       "due AS (INSERT INTO scim_due (organisation, connection, kind, id, member) "
				       "SELECT $1, $2, 'user', id, NULL FROM gone UNION ALL "
				       "SELECT $1, $2, 'member_removed', group_id, member_id FROM left_groups RETURNING seq) "
				       "SELECT id, " LAST_DUE " FROM gone",
				       QUERY_KEEPS, 0 },
		[SCIM_TABLE_GROUPS] = { "scim.delete_group",
					"WITH gone AS (DELETE FROM scim_groups WHERE organisation = $1 AND connection = $2 AND id = $3 "
					"RETURNING id), emptied AS (DELETE FROM scim_members m USING gone WHERE m.organisation = $1 "
					"AND m.connection = $2 AND m.group_id = gone.id), "
					"left_groups AS (DELETE FROM scim_members m USING gone WHERE m.organisation = $1 AND m.connection = $2 "
					"AND m.group_id <> gone.id AND m.member_id = gone.id RETURNING m.group_id, m.member_id), "
					"moved AS (UPDATE scim_groups g SET version = g.version + 1, modified_at = now() FROM left_groups l "
					"WHERE g.organisation = $1 AND g.connection = $2 AND g.id = l.group_id AND g.id <> $3), "
					"due AS (INSERT INTO scim_due (organisation, connection, kind, id, member) "
					"SELECT $1, $2, 'group', id, NULL FROM gone UNION ALL "
					"SELECT $1, $2, 'member_removed', l.group_id, l.member_id FROM left_groups l RETURNING seq) "
					"SELECT id, " LAST_DUE " FROM gone",
					QUERY_KEEPS, 0 },
	};
	scoped(arena) *arena = arena_open("scim delete");
	const struct rows *rows;

	int found = query_one(tx, &queries[table], PARAMS(SOURCE(source), P_ID(id)), arena, &rows, e);

	if (found == 1)
		leaves(push, rows, 1);
	return found;
}

int scim_find_deleted(struct tx *tx, const struct scim_source *source, const char *key, const char *external_id, struct id *ret,
		      struct error *e)
{
	static const struct query deleted = {
		"scim.deleted",
		"SELECT id FROM scim_deleted WHERE organisation = $1 AND connection = $2 AND external_id = $3 AND user_key = $4",
		QUERY_READS,
		0,
	};
	scoped(arena) *arena = arena_open("scim deleted");
	const struct rows *rows;
	int found = query_one(tx, &deleted, PARAMS(SOURCE(source), P_TEXT(external_id), P_TEXT(key)), arena, &rows, e);

	if (found == 1)
		*ret = rows_id(rows, 0, 0);
	return found;
}

/* ---- members ---- */

/* One statement, whatever the size of the group. */
static int change_members(struct tx *tx, const struct query *query, const struct scim_source *source, const struct id *group,
			  const struct id *members, size_t count, struct scim_push *push, int64_t *ret_changed, struct error *e)
{
	scoped(arena) *arena = arena_open("scim members");
	const struct rows *rows;

	if (query_run(tx, query, PARAMS(SOURCE(source), P_ID(group), P_IDS(members, count)), arena, &rows, e) < 0)
		return -1;
	*ret_changed = rows_int(rows, 0, 0);
	leaves(push, rows, 1);
	return 0;
}

int scim_members_edit(struct tx *tx, const struct scim_source *source, const struct id *group, enum scim_edit_kind kind,
		      const struct id *members, size_t count, struct scim_push *push, int64_t *ret_changed, struct error *e)
{
	static const struct query add = { "scim.members_add", "WITH added AS (INSERT INTO scim_members (organisation, connection, group_id, member_id) "
		"SELECT DISTINCT $1::uuid, $2::uuid, $3::uuid, m FROM unnest($4::uuid[]) m WHERE m <> $3 ON CONFLICT DO NOTHING RETURNING member_id), "
		"due AS (INSERT INTO scim_due (organisation, connection, kind, id, member) "
		"SELECT $1, $2, 'member_added', $3, member_id FROM added RETURNING seq), " GROUP_MOVES("added") "SELECT count(*) AS written, " LAST_DUE " FROM added", QUERY_KEEPS, 0 };
	static const struct query remove = { "scim.members_remove", "WITH removed AS (DELETE FROM scim_members WHERE organisation = $1 AND connection = $2 AND group_id = $3 "
		"AND member_id = ANY ($4) RETURNING member_id), "
		"due AS (INSERT INTO scim_due (organisation, connection, kind, id, member) "
		"SELECT $1, $2, 'member_removed', $3, member_id FROM removed RETURNING seq), " GROUP_MOVES("removed")
		"SELECT count(*) AS written, " LAST_DUE " FROM removed", QUERY_KEEPS, 0 };
	static const struct query others = { "scim.members_others", "WITH removed AS (DELETE FROM scim_members WHERE organisation = $1 AND connection = $2 AND group_id = $3 "
		"AND NOT member_id = ANY ($4) RETURNING member_id), "
		"due AS (INSERT INTO scim_due (organisation, connection, kind, id, member) "
		"SELECT $1, $2, 'member_removed', $3, member_id FROM removed RETURNING seq), " GROUP_MOVES("removed")
		"SELECT count(*) AS written, " LAST_DUE " FROM removed", QUERY_KEEPS, 0 };
	const struct query *const first[] = { [SCIM_ADD_MEMBERS] = &add, [SCIM_REMOVE_MEMBERS] = &remove, [SCIM_REPLACE_MEMBERS] = &others };

	int64_t added = 0;

	if (change_members(tx, first[kind], source, group, members, count, push, ret_changed, e) < 0 ||
	    (kind == SCIM_REPLACE_MEMBERS && change_members(tx, &add, source, group, members, count, push, &added, e) < 0))
		return -1;
	*ret_changed += added;
	return 0;
}

/* ---- searching ---- */

enum { SQL_MOST = 64 << 10 };

/* The caller's parameters behind the four that every search has. */
static const struct param *all_params(struct arena *arena, const struct scim_source *source,
				      const struct scim_search *search)
{
	size_t count = search->param_count + search->behind_count;
	struct param *all = arena_array(arena, count + 4, sizeof(*all));

	all[0] = P_ID(id_is_nil(&source->organisation) ? NULL : &source->organisation);
	all[1] = P_ID(&source->connection);
	all[2] = P_INT(search->skip);
	all[3] = P_INT(search->most);
	if (count > 0)
		memcpy(&all[4], search->params, count * sizeof(*all));
	return all;
}

static int run_search(struct tx *tx, struct arena *arena, const struct scim_source *source, const struct scim_search *search,
		      const char *name, const char *sql, size_t params, const struct rows **ret, struct error *e)
{
	const struct query query = { name, sql, QUERY_READS, QUERY_ONCE };

	if (strlen(sql) > SQL_MOST)
		return error_set(e, ERROR_LIMIT, "scim.filter_limit", "the filter is too large");
	return query_run(tx, &query, all_params(arena, source, search), params + 4, arena, ret, e);
}

/* What directories ask all day long, "is this one here?", is prepared. */
static const struct query *prepared(const struct scim_search *search)
{
#define FOR_USERS(column, order) " FROM scim_users r WHERE " OF_SOURCE " AND r." column " = $5" order " OFFSET $3 LIMIT $4"
#define FOR_GROUPS(column, order) " FROM scim_groups r WHERE " OF_SOURCE " AND r." column " = $5" order " OFFSET $3 LIMIT $4"
#define ASKED(name, row, inner, from) { { name, "SELECT " row ", NULL::text, NULL::text" from, QUERY_READS, 0 }, \
					{ name "_inside", "SELECT " row ", " inner ", NULL::text" from, QUERY_READS, 0 } }
	static const struct query queries[][3][2] = {
		[SCIM_TABLE_USERS] = {
			[SCIM_ASKED_KEY] = ASKED("scim.user_by_key", USER_ROW, GROUPS_OF_USER, FOR_USERS("user_key", "")),
			[SCIM_ASKED_EXTERNAL] = ASKED("scim.user_by_external", USER_ROW, GROUPS_OF_USER, FOR_USERS("external_id", " ORDER BY r.id")),
		},
		[SCIM_TABLE_GROUPS] = {
			[SCIM_ASKED_KEY] = ASKED("scim.group_by_key", GROUP_ROW, MEMBERS_OF_GROUP, FOR_GROUPS("name_key", "")),
			[SCIM_ASKED_EXTERNAL] = ASKED("scim.group_by_external", GROUP_ROW, MEMBERS_OF_GROUP, FOR_GROUPS("external_id", " ORDER BY r.id")),
		},
	};

	return search->asked != SCIM_ASKED_ANY && !search->by && !search->behind ? &queries[search->table][search->asked][search->inner] : NULL;
}

static int run_page(struct tx *tx, struct arena *arena, const struct scim_source *source, const struct scim_search *search,
		    const struct rows **ret, struct error *e)
{
	const struct query *query = prepared(search);
	bool users = search->table == SCIM_TABLE_USERS;

	if (query)
		return query_run(tx, query, all_params(arena, source, search), search->param_count + 4, arena,
				 ret, e);
	return run_search(tx, arena, source, search, "scim.search",
			  arena_format(arena,
				       "SELECT %s, %s, (%s)::text FROM %s r WHERE r.organisation = $1 AND r.connection = $2 AND (%s) "
				       "AND (%s) ORDER BY %s OFFSET $3 LIMIT $4",
				       users ? USER_ROW : GROUP_ROW,
				       !search->inner ? "NULL::text"
				       : users	      ? GROUPS_OF_USER
						      : MEMBERS_OF_GROUP,
				       search->by ? search->by : "NULL", users ? "scim_users" : "scim_groups", search->where,
				       search->behind ? search->behind : "true", search->order),
			  search->param_count + search->behind_count, ret, e);
}

static int count_all(struct tx *tx, struct arena *arena, const struct scim_source *source, const struct scim_search *search,
		     int64_t *ret, struct error *e)
{
	const struct rows *rows;

	/* Both use all of the first four, so that one list of parameters serves. */
	if (run_search(tx, arena, source, search, "scim.count",
		       arena_format(arena,
				    "SELECT count(*) FROM %s r WHERE r.organisation = $1 AND r.connection = $2 "
				    "AND $3::bigint >= 0 AND $4::bigint >= 0 AND (%s)",
				    search->table == SCIM_TABLE_USERS ? "scim_users" : "scim_groups", search->where),
		       search->param_count, &rows, e) < 0)
		return -1;
	*ret = rows_int(rows, 0, 0);
	return 0;
}

static int take_page(struct tx *tx, struct arena *arena, const struct scim_source *source, const struct scim_search *search,
		     const struct rows *rows, struct scim_record **ret, size_t *ret_count, int64_t *ret_total, struct error *e)
{
	*ret_count = rows_count(rows);
	*ret = arena_array(arena, *ret_count + 1, sizeof(**ret));
	for (size_t i = 0; i < *ret_count; i++) {
		(*ret)[i] = read_row(rows, i);
		(*ret)[i].place = rows_text(rows, i, 10);
	}
	/* A first page that is not full has told how many there are; and of a key there is one. */
	if (search->skip == 0 && !search->behind &&
	    ((int64_t)*ret_count < search->most || search->asked == SCIM_ASKED_KEY)) {
		*ret_total = (int64_t)*ret_count;
		return 0;
	}
	return count_all(tx, arena, source, search, ret_total, e);
}

int scim_search(struct tx *tx, struct arena *arena, const struct scim_source *source, const struct scim_search *search,
		struct scim_record **ret, size_t *ret_count, int64_t *ret_total, struct error *e)
{
	const struct rows *rows;

	*ret_count = 0;
	*ret = NULL;
	if (!search->documents || search->most == 0)
		return count_all(tx, arena, source, search, ret_total, e);
	if (run_page(tx, arena, source, search, &rows, e) < 0)
		return -1;
	return take_page(tx, arena, source, search, rows, ret, ret_count, ret_total, e);
}

int scim_search_send(struct tx *tx, struct arena *arena, const struct scim_source *source,
		     const struct scim_search *search, struct error *e)
{
	const struct query *query = search->documents && search->most > 0 ? prepared(search) : NULL;

	if (!query)
		return 0;
	return query_send(tx, query, all_params(arena, source, search), search->param_count + 4, e) < 0 ? -1
													: 1;
}

int scim_search_receive(struct tx *tx, struct arena *arena, const struct scim_source *source, const struct scim_search *search,
			struct scim_record **ret, size_t *ret_count, int64_t *ret_total, struct error *e)
{
	const struct rows *rows;

	if (query_receive(tx, arena, &rows, NULL, e) < 0)
		return -1;
	return take_page(tx, arena, source, search, rows, ret, ret_count, ret_total, e);
}
