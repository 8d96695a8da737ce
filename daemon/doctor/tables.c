/* The tables: are the migrations ours, and is row-level security on wherever it must be. */
#include "doctor/visit.h"

#include "base/text.h"
#include "store/migrate.h"

/* ---- migrations ---- */

static const struct remedy {
	const char *code, *why, *todo;
} remedies[] = {
	{ "schema.old", "the daemon brings the schema up when it starts", "systemctl restart rosterd" },
	{ "schema.new", "this daemon does not understand the tables, and refuses to start",
	  "install the version of rosterd that the message names" },
	{ "schema.changed", "nobody can say any more what the tables look like",
	  "install the package again: its files are the ones that were applied" },
	{ "schema.files", "the daemon does not start without its migrations", "install the package again" },
};

static void tell_schema(struct report *r, const struct error *why)
{
	struct finding finding = { FINDING_PROBLEM, "schema.unknown", say(r, "%s", why->text),
	                           "whether the tables are ours is not known", NULL };

	for (size_t i = 0; i < ARRAY_COUNT(remedies); i++)
		if (text_equal(why->code, remedies[i].code)) {
			finding.code = remedies[i].code;
			finding.why = remedies[i].why;
			finding.todo = remedies[i].todo;
		}
	report_add(r, finding);
}

/* Whether every table is there that we know. */
static bool look_at_migrations(struct visit *v)
{
	size_t applied, files;
	struct error e;

	if (migrate_compare(v->store, v->options->schema, &applied, &files, &e) < 0) {
		tell_schema(v->report, &e);
		return false;
	}
	if (applied > files)
		report_note(v->report, "schema.ahead",
			    "%zu migrations are applied, %zu are ours: a newer rosterd shares the database, and suffers "
			    "this one", applied, files);
	else
		report_ok(v->report, "schema.ok", "all %zu migrations are applied", files);
	return true;
}

/* A restored dump holds what was revoked since; nobody's token counts in it until the operator has said what it is. */
static void look_at_home(struct visit *v)
{
	static const struct query home = { "visit.home", "SELECT rosterd.installation_at_home()", QUERY_READS, QUERY_ONCE };
	struct report *r = v->report;
	const struct rows *rows;

	if (visit_ask(v, v->any, &home, NO_PARAMS, &rows) < 0)
		return;
	if (rows_bool(rows, 0, 0))
		report_ok(r, "installation.ok", "the database is the one that was made here");
	else
		report_add(r, (struct finding){ FINDING_PROBLEM, "installation.copy", "the database is a copy",
						"no token counts in it and no run begins, since what was revoked after the "
						"copy was made would be valid again",
						"rosterd --restored, or rosterd --moved; see rosterd(8)" });
}

/* ---- row-level security ---- */

/* Whatever has an organisation, or a policy. */
static void look_at_security(struct visit *v)
{
	static const struct query security = {
		"visit.security",
		"SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, "
		"EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid) "
		"FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
		"WHERE n.nspname = 'rosterd' AND c.relkind IN ('r', 'p') "
		"AND (EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid) OR EXISTS (SELECT FROM pg_attribute a "
		"WHERE a.attrelid = c.oid AND a.attname = 'organisation' AND NOT a.attisdropped)) ORDER BY 1",
		QUERY_READS, QUERY_ONCE,
	};
	static const char why[] = "a statement that forgets its organisation would reach every organisation's rows";
	struct report *r = v->report;
	const struct rows *rows;
	size_t before = r->count;

	if (visit_ask(v, v->any, &security, NO_PARAMS, &rows) < 0)
		return;
	for (size_t i = 0; i < rows_count(rows); i++) {
		const char *table = rows_text(rows, i, 0);

		if (!rows_bool(rows, i, 1) || !rows_bool(rows, i, 2))
			report_add(r, (struct finding){ FINDING_PROBLEM, "rls.off",
							say(r, "row-level security of table \"%s\" is not %s", table,
							    rows_bool(rows, i, 1) ? "forced" : "enabled"), why,
							say(r, "ALTER TABLE rosterd.\"%s\" ENABLE ROW LEVEL SECURITY, "
							       "FORCE ROW LEVEL SECURITY;", table) });
		if (!rows_bool(rows, i, 3))
			report_add(r, (struct finding){ FINDING_PROBLEM, "rls.policy",
							say(r, "table \"%s\" has no policy", table),
							"nobody sees a row of it: what needs it fails",
							"restore the policies of the migration that made the table" });
	}
	if (r->count == before)
		report_ok(r, "rls.ok", "row-level security is forced on %zu tables", rows_count(rows));
}

/* A policy that lets everything through, for anybody but the owner. What no organisation has is hidden from none. */
static void look_at_policies(struct visit *v)
{
	static const struct query policies = {
		"visit.policies",
		"SELECT c.relname, p.polname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid "
		"JOIN pg_namespace n ON n.oid = c.relnamespace "
		"WHERE n.nspname = 'rosterd' AND p.polpermissive AND pg_get_expr(p.polqual, p.polrelid) = 'true' "
		"AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'organisation') "
		"AND EXISTS (SELECT FROM unnest(p.polroles) AS who (role) LEFT JOIN pg_roles r ON r.oid = who.role "
		"WHERE r.rolname IS DISTINCT FROM $1) ORDER BY 1, 2",
		QUERY_READS, QUERY_ONCE,
	};
	struct report *r = v->report;
	const struct rows *rows;

	if (visit_ask(v, v->any, &policies, PARAMS(P_TEXT(v->options->store->role_names[STORE_OWNER])), &rows) < 0)
		return;
	for (size_t i = 0; i < rows_count(rows); i++)
		report_add(r, (struct finding){ FINDING_PROBLEM, "rls.open",
						say(r, "policy \"%s\" of table \"%s\" lets others than the owner see every "
						       "row", rows_text(rows, i, 1), rows_text(rows, i, 0)),
						"one organisation's statement could reach another's people",
						say(r, "DROP POLICY \"%s\" ON rosterd.\"%s\";", rows_text(rows, i, 1),
						    rows_text(rows, i, 0)) });
}

void visit_tables(struct visit *v)
{
	v->known = look_at_migrations(v);
	if (v->known)
		look_at_home(v);
	look_at_security(v);
	look_at_policies(v);
}
