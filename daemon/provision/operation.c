#include "provision/operation.h"

#include "base/text.h"
#include "provision/apply.h"
#include "provision/change.h"
#include "provision/choice.h"
#include "provision/guard.h"
#include "provision/seating.h"
#include "store/query.h"

/* $1 organisation, $2 connection (NULL: all of them), $3 the wish, $4 the default role. */
#define STEP(step_name, text) TABLES_STEP("operation." step_name, 0, text)
#define MAKE(step_name, table, text) TABLES_MAKE("operation." step_name, 0, table, text)
#define ONCE(step_name, text) TABLES_ONCE("operation." step_name, text)

/* As it will be: without a connection that is let go, and with one that is brought back. */
#define IN_DIRECTORY CHOICE_IN_DIRECTORY("a.user_id", " AND d.id::text IS DISTINCT FROM $3 ->> 'without' OR d.id::text = $3 ->> 'with'")

static const struct step looking[] = {
	STEP("memory", "SELECT set_config('work_mem', '256MB', true), set_config('hash_mem_multiplier', '2', true), "
	               "set_config('enable_nestloop', 'off', true), set_config('jit', 'off', true)"),

	MAKE("touched", "touched",
	     "SELECT DISTINCT user_id AS person FROM accounts "
	     "WHERE organisation = $1 AND gone_at IS NULL AND ($2::uuid IS NULL OR connection = $2)"),
	STEP("touched_known", "ANALYZE touched"),
	STEP("members_touched", "SELECT count(*) FROM (SELECT FROM touched t JOIN members m ON m.organisation = $1 "
	                        "AND m.user_id = t.person ORDER BY m.user_id FOR UPDATE OF m) l"),

	/* Entries that the next connection has not shown yet, or not as this person's: said to be so by whoever gave the pairs. Nobody has
	 * two entries in one directory. */
	MAKE("moved", "moved",
	     "SELECT md5(($3 ->> 'to') || a.id)::uuid AS id, a.id AS account, a.user_id AS person, "
	     "p.value ->> 'to' AS remote_id FROM jsonb_array_elements($3 -> 'pairs') p "
	     "JOIN accounts a ON a.organisation = $1 AND a.connection = $2 AND a.gone_at IS NULL AND a.remote_id = p.value ->> 'from' "
	     "WHERE NOT EXISTS (SELECT FROM accounts n WHERE n.organisation = $1 AND n.connection = ($3 ->> 'to')::uuid "
	     "AND (n.remote_id = p.value ->> 'to' OR n.user_id = a.user_id))"),

	/* Until the next connection is read, its entry says what this one's said last. */
	MAKE("told", "told",
	     "SELECT a.user_id AS person, coalesce(v.connection, a.connection) AS connection, "
	     "CASE WHEN NOT (a.by_sign_on AND " IN_DIRECTORY ") THEN a.standing END AS standing, a.mapped_role AS role, "
	     "a.display_name AS name, a.email, a.title, a.department FROM touched t "
	     "JOIN accounts a ON a.organisation = $1 AND a.user_id = t.person AND a.gone_at IS NULL "
	     "LEFT JOIN (SELECT account, ($3 ->> 'to')::uuid AS connection FROM moved) v ON v.account = a.id"),
};

static const struct step deciding[] = {
	/* Members of whom nobody says anything any more are kept as people's own, or suspended, as was asked. */
	MAKE("effects", "effects",
	     "SELECT t.person, m.state, m.role AS old_role, m.role_source, m.departure, "
	     "coalesce(c.name, m.name) AS display_name, c.connection AS lead, c.standing AS lead_standing, c.name AS lead_name, "
	     "c.email AS lead_email, c.title AS lead_title, c.department AS lead_department, coalesce(c.role, $4) AS lead_role, "
	     "c.role IS NOT NULL AS lead_mapped, h.person IS NOT NULL AS shows, CASE "
	     "WHEN c.standing = 1 AND (m.state IS NULL OR m.left_by = 'grace') THEN '" CHANGE_JOINED "' "
	     "WHEN c.standing = 1 AND m.suspended_by = 'connector' THEN '" CHANGE_RESTORED "' "
	     "WHEN c.standing = 2 AND m.state = 'active' THEN '" CHANGE_SUSPENDED "' "
	     "WHEN c.person IS NULL AND m.state = 'active' AND 'suspend' IN ($3 ->> 'people', $3 ->> 'others') THEN '" CHANGE_SUSPENDED "' "
	     "WHEN c.person IS NULL AND m.connection = $2 AND m.state IN ('active', 'invited') THEN '" CHANGE_KEPT "' END AS kind "
	     "FROM touched t LEFT JOIN members m ON m.organisation = $1 AND m.user_id = t.person "
	     "LEFT JOIN chosen c ON c.person = t.person LEFT JOIN shown h ON h.person = t.person"),
	/* As in provision/plan: what a departure takes along, and what it gives back. */
	MAKE("token_changes", "token_changes",
	     "SELECT DISTINCT t.id, t.name, x.person, "
	     "CASE WHEN x.kind = '" CHANGE_SUSPENDED "' THEN '" CHANGE_TOKEN_SUSPENDED "' ELSE '" CHANGE_TOKEN_RESTORED "' END AS kind "
	     "FROM tokens t JOIN effects x ON x.person = coalesce(t.user_id, t.maker) WHERE t.organisation = $1 AND t.revoked_at IS NULL "
	     "AND ((x.kind = '" CHANGE_SUSPENDED "' AND t.suspended_at IS NULL) "
	     "OR (x.kind = '" CHANGE_RESTORED "' AND t.suspended_by = x.departure))"),
	/* What a directory pushes with does so as long as its connection is there; short ones are of a client that is named. */
	MAKE("push_changes", "push_changes",
	     "SELECT t.id, t.connection, t.name, "
	     "CASE WHEN t.connection::text = $3 ->> 'without' THEN '" CHANGE_PUSH_SUSPENDED "' ELSE '" CHANGE_PUSH_RESTORED "' END AS kind "
	     "FROM scim_tokens t WHERE t.organisation = $1 AND t.connection = $2 AND t.connection::text IN ($3 ->> 'without', $3 ->> 'with') "
	     "AND t.kind <> 'short' AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())"),
	ONCE("planned",
	     "CREATE TEMP VIEW planned AS "
	     "SELECT x.kind, 'member' AS subject_kind, x.person AS subject, x.display_name AS name, "
	     "CASE WHEN x.kind = '" CHANGE_KEPT "' THEN jsonb_build_object('role_source', x.role_source) "
	     "WHEN x.state IS NOT NULL AND x.kind <> '" CHANGE_JOINED "' THEN jsonb_build_object('state', x.state) || " CHOICE_SHOWN("old_") " END AS before, "
	     "CASE x.kind WHEN '" CHANGE_KEPT "' THEN jsonb_build_object('role_source', "
	     "CASE x.role_source WHEN 'default' THEN 'default' ELSE 'manual' END) "
	     "WHEN '" CHANGE_JOINED "' THEN jsonb_strip_nulls(jsonb_build_object('role', x.lead_role, 'email', x.lead_email)) "
	     "WHEN '" CHANGE_WAITING "' THEN jsonb_strip_nulls(jsonb_build_object('state', 'waiting', 'because', 'no seat is free', "
	     "'role', CASE WHEN x.state IS NULL THEN x.lead_role ELSE x.old_role END, 'email', x.lead_email)) "
	     "WHEN '" CHANGE_WITHDRAWN "' THEN jsonb_build_object('state', 'suspended', 'because', 'suspended in the directory') "
	     "WHEN '" CHANGE_SUSPENDED "' THEN jsonb_build_object('state', 'suspended', 'because', "
	     "CASE WHEN x.lead_standing IS NULL THEN 'in no other directory' ELSE 'suspended in the directory' END) || " CHOICE_SHOWN("") " "
	     "ELSE jsonb_build_object('state', 'active') || " CHOICE_SHOWN("") " END AS after "
	     "FROM effects x LEFT JOIN shown h ON h.person = x.person WHERE x.kind IS NOT NULL "
	     "UNION ALL SELECT CASE WHEN h.old_connection IS DISTINCT FROM h.connection THEN '" CHANGE_HANDED_OVER "' "
	     "ELSE '" CHANGE_UPDATED "' END, 'member', h.person, h.name, " CHOICE_SHOWN("old_") ", " CHOICE_SHOWN("") " FROM shown h "
	     "LEFT JOIN effects x ON x.person = h.person WHERE x.kind IS NULL "
	     "UNION ALL SELECT '" CHANGE_ROLE "', 'member', person, name, jsonb_build_object('role', old_role), "
	     "jsonb_build_object('role', new_role) FROM role_changes "
	     "UNION ALL SELECT '" CHANGE_ROLE_WAITING "', 'member', person, name, jsonb_build_object('role', old_role), "
	     "jsonb_build_object('role', new_role) FROM roles_waiting "
	     "UNION ALL SELECT kind, 'token', id, name, NULL, jsonb_build_object('member', person) FROM token_changes t "
	     "WHERE kind = '" CHANGE_TOKEN_SUSPENDED "' OR EXISTS (SELECT FROM effects x WHERE x.person = t.person AND x.kind = '" CHANGE_RESTORED "') "
	     "UNION ALL SELECT kind, 'connection', connection, name, NULL, jsonb_build_object('token', id) FROM push_changes "
	     "UNION ALL SELECT '" CHANGE_ACCOUNT_LINKED "', 'account', v.id, a.display_name, jsonb_build_object('remote_id', a.remote_id), "
	     "jsonb_build_object('remote_id', v.remote_id) FROM moved v JOIN accounts a ON a.id = v.account"),
};

static int take_steps(struct tx *tx, const struct source *source, const struct run *run, enum tables tables, const struct step *steps,
                      size_t count, struct error *e)
{
	const struct id *connection = id_is_nil(&run->connection) ? NULL : &run->connection;
	return tables_take(tx, tables, 0, steps, count,
	                   PARAMS(P_ID(&source->organisation), P_ID(connection), P_JSON(run->wish), P_TEXT(source->default_role)), e);
}

int operation_plan(struct tx *tx, struct arena *arena, const struct source *source, const struct run *run, struct error *e)
{
	enum tables tables;
	bool limited;
	if (tables_look(tx, arena, NULL, &tables, e) < 0 || seating_prepare(tx, arena, tables, &limited, e) < 0 ||
	    take_steps(tx, source, run, tables, looking, ARRAY_COUNT(looking), e) < 0 ||
	    choice_make(tx, tables, &source->organisation, source->default_role, run->wish, e) < 0 ||
	    take_steps(tx, source, run, tables, deciding, ARRAY_COUNT(deciding), e) < 0)
		return -1;
	return seating_make(tx, arena, &source->organisation, limited, e);
}

/* ---- judged ---- */

static const char *members(struct arena *arena, int64_t count)
{
	return arena_format(arena, "%lld member%s", (long long)count, count == 1 ? "" : "s");
}

/* The end of a connection is always looked at, if there is somebody whom it is about. */
static const char *judge_delete(struct arena *arena, const struct rows *rows, const struct run *run)
{
	int64_t over = rows_int(rows, 0, 2), kept = rows_int(rows, 0, 3), suspended = rows_int(rows, 0, 0), lost = rows_int(rows, 0, 4);
	const char *reason = arena_format(arena, "without connection \"%s\": %s will be another connection's, %s kept as they are, %s suspended",
	                                  run->connection_name, members(arena, over), members(arena, kept), members(arena, suspended));
	return lost == 0 ? reason
	                 : arena_format(arena, "%s; %lld of the pairs lead nowhere (no such entry of \"%s\", or the other is somebody's already)",
	                                reason, (long long)lost, run->connection_name);
}

int operation_judge(struct tx *tx, struct arena *arena, const struct source *source, const struct run *run, const char **ret_reason,
                    struct error *e)
{
	static const struct query tally = {
		"operation.tally",
		"SELECT (SELECT count(*) FROM effects WHERE kind = '" CHANGE_SUSPENDED "'), "
		"(SELECT count(*) FROM role_changes WHERE old_role = 'admin'), "
		"(SELECT count(*) FROM shown WHERE old_connection IS DISTINCT FROM connection), "
		"(SELECT count(*) FROM effects WHERE kind = '" CHANGE_KEPT "'), "
		"jsonb_array_length(coalesce($1 -> 'pairs', '[]')) - (SELECT count(*) FROM moved) "
		"- (SELECT count(*) FROM jsonb_array_elements($1 -> 'pairs') p JOIN accounts o ON o.connection = ($1 ->> 'without')::uuid "
		"AND o.organisation = $2 AND o.remote_id = p.value ->> 'from' JOIN accounts n ON n.connection = ($1 ->> 'to')::uuid "
		"AND n.organisation = $2 AND n.remote_id = p.value ->> 'to' AND n.user_id = o.user_id)",
		QUERY_READS, QUERY_ONCE,
	};
	const struct rows *rows;
	if (query_one(tx, &tally, PARAMS(P_JSON(run->wish), P_ID(&source->organisation)), arena, &rows, e) < 0)
		return -1;
	int64_t suspended = rows_int(rows, 0, 0), demoted = rows_int(rows, 0, 1);
	bool somebody = suspended + demoted + rows_int(rows, 0, 2) + rows_int(rows, 0, 3) > 0;
	*ret_reason = NULL;
	if (text_equal(run->kind, "delete") && (somebody || rows_int(rows, 0, 4) > 0))
		*ret_reason = judge_delete(arena, rows, run);
	else if (suspended > 0 || demoted > 0)
		*ret_reason = arena_format(arena, "%s would be suspended, and %lld admin%s would lose the role", members(arena, suspended),
		                           (long long)demoted, demoted == 1 ? "" : "s");
	return guard_tell_owner(tx, arena, ret_reason, e);
}

/* ---- done ---- */

/* Without a fingerprint, the next connection's entry is taken as new whatever it says when it is read first. */
static int move_entries(struct tx *tx, const struct source *source, const struct run *run, struct error *e)
{
	static const struct query move = {
		"operation.accounts_moved",
		"INSERT INTO accounts (organisation, id, connection, remote_id, user_id, user_name, email, given_name, family_name, "
		"display_name, title, department, locale, standing, mapped_role, fingerprint) SELECT $1, v.id, ($2 ->> 'to')::uuid, "
		"v.remote_id, a.user_id, a.user_name, a.email, a.given_name, a.family_name, a.display_name, a.title, a.department, a.locale, "
		"a.standing, a.mapped_role, ''::bytea FROM moved v JOIN accounts a ON a.organisation = $1 AND a.id = v.account",
		QUERY_CHANGES, QUERY_ONCE,
	};
	return query_write(tx, &move, PARAMS(P_ID(&source->organisation), P_JSON(run->wish)), NULL, e);
}

/* As if a person had given them the role: or it would be the default one as soon as somebody has a word on them again. */
static int keep_members(struct tx *tx, const struct source *source, const struct run *run, struct error *e)
{
	static const struct query keep = {
		"operation.members_kept",
		"UPDATE members m SET connection = NULL, kept_from = CASE WHEN m.role_source = 'mapping' THEN $2 END, "
		"role_source = CASE m.role_source WHEN 'default' THEN 'default' ELSE 'manual' END, "
		"role_manual = CASE WHEN m.role_source = 'mapping' THEN nullif(m.role, 'owner') ELSE m.role_manual END, "
		"updated_at = now(), version = m.version + 1 FROM effects x "
		"WHERE x.kind = '" CHANGE_KEPT "' AND m.organisation = $1 AND m.user_id = x.person",
		QUERY_CHANGES, QUERY_ONCE,
	};
	return query_write(tx, &keep, PARAMS(P_ID(&source->organisation), P_ID(&run->connection)), NULL, e);
}

static int order_sources(struct tx *tx, const struct source *source, const struct run *run, struct error *e)
{
	static const struct query numbers = {
		"operation.precedence",
		"UPDATE connections c SET precedence = w.value::integer, updated_at = now(), version = c.version + 1 "
		"FROM jsonb_each_text($2 -> 'connections') w WHERE c.organisation = $1 AND c.id::text = w.key "
		"AND c.precedence <> w.value::integer",
		QUERY_CHANGES, QUERY_ONCE,
	};
	static const struct query forget = {
		"operation.rules_forget",
		"DELETE FROM precedences WHERE organisation = $1 AND $2::jsonb -> 'rules' ? attribute", QUERY_KEEPS, QUERY_ONCE,
	};
	static const struct query rules = {
		"operation.rules",
		"INSERT INTO precedences (organisation, attribute, sources) SELECT $1, r.key, array(SELECT s.id::uuid "
		"FROM jsonb_array_elements_text(r.value) WITH ORDINALITY AS s (id, n) ORDER BY s.n) "
		"FROM jsonb_each(jsonb_strip_nulls($2 -> 'rules')) r WHERE jsonb_array_length(r.value) > 0",
		QUERY_KEEPS, QUERY_ONCE,
	};
	const struct id *organisation = &source->organisation;
	if (query_write(tx, &numbers, PARAMS(P_ID(organisation), P_JSON(run->wish)), NULL, e) < 0 ||
	    query_write(tx, &forget, PARAMS(P_ID(organisation), P_JSON(run->wish)), NULL, e) < 0)
		return -1;
	return query_write(tx, &rules, PARAMS(P_ID(organisation), P_JSON(run->wish)), NULL, e);
}

/* Whose people were moved about: what changed there since it was read last is not all that matters, so all of it is read next. */
static int read_all_next(struct tx *tx, const struct source *source, const struct run *run, struct error *e)
{
	static const struct query forget = {
		"operation.read_all",
		"UPDATE readings SET cursor = NULL WHERE organisation = $1 AND connection::text IN ($2 ->> 'to', $2 ->> 'with')",
		QUERY_KEEPS, QUERY_ONCE,
	};
	return query_write(tx, &forget, PARAMS(P_ID(&source->organisation), P_JSON(run->wish)), NULL, e);
}

static int let_go(struct tx *tx, const struct source *source, struct error *e)
{
	return connection_bin(tx, &source->organisation, &source->connection.id, e);
}

/* It comes back paused: whoever brings it back looks at it before it is read. What was fixed for its people is let go. */
static int take_back(struct tx *tx, const struct source *source, struct error *e)
{
	static const struct query unfix = {
		"operation.unkeep",
		"UPDATE members SET kept_from = NULL, role_manual = NULL WHERE organisation = $1 AND kept_from = $2",
		QUERY_CHANGES, QUERY_ONCE,
	};
	if (query_write(tx, &unfix, PARAMS(P_ID(&source->organisation), P_ID(&source->connection.id)), NULL, e) < 0)
		return -1;
	return connection_unbin(tx, &source->organisation, &source->connection.id, e);
}

static int record(struct tx *tx, struct arena *arena, const struct source *source, const struct run *run, const struct actor *actor,
                  struct error *e)
{
	char id[ID_TEXT_SIZE];
	const char *action = text_equal(run->kind, "precedence") ? "precedence.changed"
	                     : text_equal(run->kind, "delete")   ? "connection.deleted"
	                                                         : "connection.restored";
	bool order = text_equal(run->kind, "precedence");
	const struct audit_event event = {
		.action = action,
		.target_kind = order ? "organisation" : "connection",
		.target = arena_text(arena, id_text(order ? &source->organisation : &run->connection, id)),
		.target_name = run->connection_name,
		.after = run->wish,
	};
	return audit_write(tx, &source->organisation, actor, &event, e);
}

int operation_apply(struct tx *tx, struct arena *arena, const struct source *source, const struct run *run,
                    const struct actor *actor, struct error *e)
{
	if (read_all_next(tx, source, run, e) < 0 || move_entries(tx, source, run, e) < 0 || keep_members(tx, source, run, e) < 0 ||
	    apply_members(tx, &source->organisation, e) < 0 || apply_audit(tx, &source->organisation, actor, e) < 0)
		return -1;
	int done = text_equal(run->kind, "precedence") ? order_sources(tx, source, run, e)
	           : text_equal(run->kind, "delete")   ? let_go(tx, source, e)
	                                               : take_back(tx, source, e);
	return done < 0 ? -1 : record(tx, arena, source, run, actor, e);
}
