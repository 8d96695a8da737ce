/* The three roles: each is there, may what it must, and no more. */
#include "doctor/visit.h"

#include "base/text.h"

/* ---- what a role is ---- */

static const struct power {
	int column;
	const char *code, *word, *why, *keyword;
} powers[] = {
	{ 2, "role.superuser", "is a superuser", "row-level security does not hold for superusers: one organisation's "
	  "statement could reach another's people", "NOSUPERUSER" },
	{ 3, "role.bypassrls", "may bypass row-level security", "the second lock between organisations is open",
	  "NOBYPASSRLS" },
	{ 4, "role.createrole", "may make roles", "whoever gets hold of it makes a stronger one", "NOCREATEROLE" },
	{ 5, "role.createdb", "may make databases", "it needs none but its own", "NOCREATEDB" },
	{ 6, "role.replication", "may replicate", "whoever may replicate reads every row", "NOREPLICATION" },
};

static void judge_powers(struct report *r, const struct rows *rows, size_t row)
{
	const char *role = rows_text(rows, row, 0);

	for (size_t i = 0; i < ARRAY_COUNT(powers); i++)
		if (rows_bool(rows, row, powers[i].column))
			report_add(r, (struct finding){ FINDING_PROBLEM, powers[i].code,
							say(r, "role \"%s\" %s", role, powers[i].word), powers[i].why,
							say(r, "ALTER ROLE \"%s\" %s;", role, powers[i].keyword) });
}

static void judge_ties(struct report *r, const struct rows *rows, size_t row)
{
	const char *role = rows_text(rows, row, 0), *of = rows_text(rows, row, 7);

	if (of)
		report_add(r, (struct finding){ FINDING_PROBLEM, "role.member",
						say(r, "role \"%s\" is a member of %s", role, of),
						"it can become that role, whatever it may not do itself",
						say(r, "REVOKE %s FROM \"%s\";", of, role) });
	if (row != STORE_OWNER && rows_int(rows, row, 8) > 0)
		report_add(r, (struct finding){ FINDING_PROBLEM, "role.owns",
						say(r, "role \"%s\" owns %d of the tables", role,
						    (int)rows_int(rows, row, 8)),
						"an owner may change the table and its policies",
						say(r, "REASSIGN OWNED BY \"%s\" TO \"%s\";", role,
						    rows_text(rows, STORE_OWNER, 0)) });
}

static void judge_role(struct visit *v, const struct rows *rows, size_t row)
{
	struct report *r = v->report;
	size_t before = r->count;

	if (!rows_bool(rows, row, 1)) {
		report_add(r, (struct finding){ FINDING_PROBLEM, "role.missing",
						say(r, "there is no role \"%s\"", rows_text(rows, row, 0)),
						"the daemon connects as each of the three roles",
						say(r, "psql -U postgres -d postgres -f %s/roles.sql", v->options->schema) });
		return;
	}
	judge_powers(r, rows, row);
	judge_ties(r, rows, row);
	if (r->count == before)
		report_ok(r, "role.ok", "role \"%s\" has no powers that it should not have", rows_text(rows, row, 0));
}

static void look_at_roles(struct visit *v)
{
	static const struct query roles = {
		"visit.roles",
		"SELECT w.name, r.oid IS NOT NULL, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolcreatedb, "
		"r.rolreplication, "
		"(SELECT string_agg(quote_ident(g.rolname), ', ') FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid "
		"WHERE m.member = r.oid), "
		"(SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
		"WHERE n.nspname = 'rosterd' AND c.relkind IN ('r', 'p', 'v', 'm') AND c.relowner = r.oid) "
		"FROM unnest($1::text[]) WITH ORDINALITY AS w (name, place) LEFT JOIN pg_roles r ON r.rolname = w.name "
		"ORDER BY w.place",
		QUERY_READS, QUERY_ONCE,
	};
	const struct rows *rows;

	if (visit_ask(v, v->any, &roles, PARAMS(P_TEXTS(visit_role_names(v))), &rows) < 0)
		return;
	for (size_t row = 0; row < rows_count(rows); row++)
		judge_role(v, rows, row);
}

/* ---- where a role looks for tables ---- */

static void look_at_path(struct visit *v, enum store_role role)
{
	static const struct query path = { "visit.path", "SELECT current_setting('search_path')", QUERY_READS,
	                                   QUERY_ONCE };
	struct report *r = v->report;
	const char *name = v->options->store->role_names[role], *found;
	const struct rows *rows;

	if (!v->reached[role] || visit_ask(v, role, &path, NO_PARAMS, &rows) < 0)
		return;
	found = rows_text(rows, 0, 0);
	if (text_begins(found, "rosterd"))
		return;
	report_add(r, (struct finding){ FINDING_PROBLEM, "role.path",
					say(r, "role \"%s\" looks for tables in %s, not in \"rosterd\"", name, found),
					"no statement of the daemon finds its tables",
					say(r, "ALTER ROLE \"%s\" SET search_path = rosterd, pg_temp;", name) });
}

/* ---- what a role may do with tables ---- */

/* Append only is what makes an audit; and who may change a schema may change its policies. */
static void look_at_excess(struct visit *v)
{
	static const struct query excess = {
		"visit.excess",
		"SELECT w.name, p.privilege, t.name FROM unnest($1::text[]) AS w (name) JOIN pg_roles r ON r.rolname = w.name, "
		"(VALUES ('audit', 'UPDATE'), ('audit', 'DELETE'), ('audit', 'TRUNCATE'), ('members', 'TRUNCATE'), "
		"('organisations', 'TRUNCATE'), ('migrations', 'INSERT'), ('migrations', 'UPDATE'), ('migrations', 'DELETE')) "
		"AS p (relation, privilege), LATERAL (SELECT to_regclass('rosterd.' || p.relation), p.relation) AS t (oid, name) "
		"WHERE t.oid IS NOT NULL AND has_table_privilege(r.oid, t.oid, p.privilege) AND NOT r.rolsuper "
		"UNION ALL "
		"SELECT w.name, 'CREATE', 'SCHEMA rosterd' FROM unnest($1::text[]) AS w (name) "
		"JOIN pg_roles r ON r.rolname = w.name JOIN pg_namespace n ON n.nspname = 'rosterd' "
		"WHERE has_schema_privilege(r.oid, n.oid, 'CREATE') AND NOT r.rolsuper "
		"ORDER BY 1, 3, 2",
		QUERY_READS, QUERY_ONCE,
	};
	struct report *r = v->report;
	const char *const *names = visit_role_names(v);
	const struct rows *rows;

	if (visit_ask(v, v->any, &excess, PARAMS(P_TEXTS(names + 1)), &rows) < 0)
		return;
	for (size_t i = 0; i < rows_count(rows); i++)
		report_add(r, (struct finding){ FINDING_PROBLEM, "role.excess",
						say(r, "role \"%s\" may %s %s", rows_text(rows, i, 0),
						    rows_text(rows, i, 1), rows_text(rows, i, 2)),
						"whoever gets hold of it can rewrite what was recorded",
						say(r, "REVOKE %s ON %s%s FROM \"%s\";", rows_text(rows, i, 1),
						    text_begins(rows_text(rows, i, 2), "SCHEMA") ? "" : "rosterd.",
						    rows_text(rows, i, 2), rows_text(rows, i, 0)) });
}

static void look_at_lack(struct visit *v)
{
	static const struct query lack = {
		"visit.lack",
		"SELECT w.name, p.privilege, p.relation FROM unnest($1::text[]) AS w (name) JOIN pg_roles r ON r.rolname = w.name, "
		"(VALUES ('audit', 'INSERT'), ('audit', 'SELECT'), ('organisations', 'SELECT'), ('members', 'SELECT'), "
		"('connections', 'SELECT'), ('runs', 'SELECT'), ('runs', 'UPDATE'), ('migrations', 'SELECT')) "
		"AS p (relation, privilege) WHERE to_regclass('rosterd.' || p.relation) IS NOT NULL "
		"AND NOT (has_schema_privilege(r.oid, to_regnamespace('rosterd')::oid, 'USAGE') "
		"AND has_any_column_privilege(r.oid, to_regclass('rosterd.' || p.relation), p.privilege)) ORDER BY 1, 3, 2",
		QUERY_READS, QUERY_ONCE,
	};
	struct report *r = v->report;
	const char *const *names = visit_role_names(v);
	const struct rows *rows;

	if (visit_ask(v, v->any, &lack, PARAMS(P_TEXTS(names + 1)), &rows) < 0)
		return;
	for (size_t i = 0; i < rows_count(rows); i++)
		report_add(r, (struct finding){ FINDING_PROBLEM, "role.lack",
						say(r, "role \"%s\" may not %s %s", rows_text(rows, i, 0),
						    rows_text(rows, i, 1), rows_text(rows, i, 2)),
						"statements that need it fail",
						say(r, "GRANT USAGE ON SCHEMA rosterd TO \"%s\"; GRANT %s ON rosterd.%s TO "
						       "\"%s\";", rows_text(rows, i, 0), rows_text(rows, i, 1),
						    rows_text(rows, i, 2), rows_text(rows, i, 0)) });
}

void visit_roles(struct visit *v)
{
	look_at_roles(v);
	for (int role = 0; role < STORE_ROLES; role++)
		look_at_path(v, (enum store_role)role);
	look_at_excess(v);
	look_at_lack(v);
}
