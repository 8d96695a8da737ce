/* The server: version, encoding, settings that lose data, connections, clock. */
#include "doctor/visit.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/text.h"

enum {
	VERSION_LEAST = 150000,
	LISTENERS = 2, /* connections beside the pools: those that wait for notices */
	CLOCK_WARNING_MS = 1000,
	CLOCK_PROBLEM_MS = 60000,
	AGE_WARNING = 1500 * 1000 * 1000, /* of 2^31: transactions until the server stops for want of numbers */
	US_PER_MS = 1000,
};

static bool is_supported(struct visit *v)
{
	static const struct query version = {
		"visit.version",
		"SELECT current_setting('server_version_num')::integer, current_setting('server_version')", QUERY_READS,
		QUERY_ONCE,
	};
	struct report *r = v->report;
	const struct rows *rows;

	if (visit_ask(v, v->any, &version, NO_PARAMS, &rows) < 0)
		return false;
	if (rows_int(rows, 0, 0) >= VERSION_LEAST) {
		report_ok(r, "database.version", "PostgreSQL %s", rows_text(rows, 0, 1));
		return true;
	}
	report_add(r, (struct finding){ FINDING_PROBLEM, "database.version",
					say(r, "PostgreSQL %s; 15 or later is expected", rows_text(rows, 0, 1)),
					"migrations and statements use what older ones do not have",
					"upgrade PostgreSQL" });
	return false;
}

/* ---- text ---- */

static void judge_text(struct report *r, const char *database, const char *encoding, const char *made_with,
		       const char *has_now)
{
	if (!text_equal(encoding, "UTF8"))
		report_add(r, (struct finding){ FINDING_PROBLEM, "database.encoding",
						say(r, "database \"%s\" is encoded in %s; UTF8 is expected", database,
						    encoding),
						"names of people cannot be kept",
						"dump it, make it again as roles.sql does, and restore" });
	if (made_with && has_now && !text_equal(made_with, has_now))
		report_add(r, (struct finding){ FINDING_WARNING, "database.collation",
						say(r, "the indexes were made with version %s of the system's "
						       "collation; it is %s now", made_with, has_now),
						"an index that is sorted by other rules misses rows",
						say(r, "REINDEX DATABASE \"%s\"; ALTER DATABASE \"%s\" REFRESH COLLATION "
						       "VERSION;", database, database) });
	else if (text_equal(encoding, "UTF8"))
		report_ok(r, "database.encoding", "database \"%s\" is in UTF-8", database);
}

static void look_at_text(struct visit *v)
{
	static const struct query text = {
		"visit.text",
		"SELECT datname::text, pg_encoding_to_char(encoding)::text, datcollversion, "
		"pg_database_collation_actual_version(oid), pg_database_size(oid), age(datfrozenxid) "
		"FROM pg_database WHERE datname = current_database()",
		QUERY_READS, QUERY_ONCE,
	};
	struct report *r = v->report;
	const struct rows *rows;

	if (visit_ask(v, v->any, &text, NO_PARAMS, &rows) < 0)
		return;
	judge_text(r, rows_text(rows, 0, 0), rows_text(rows, 0, 1), rows_text(rows, 0, 2), rows_text(rows, 0, 3));
	report_note(r, "database.size", "database \"%s\" takes %" PRId64 " MiB", rows_text(rows, 0, 0),
		    rows_int(rows, 0, 4) >> 20);
	if (rows_int(rows, 0, 5) > AGE_WARNING)
		report_add(r, (struct finding){ FINDING_WARNING, "database.age",
						say(r, "%" PRId64 " transactions since everything was frozen last",
						    rows_int(rows, 0, 5)),
						"PostgreSQL takes no changes any more when its numbers of transactions "
						"run out",
						"vacuumdb --freeze --all, as a superuser; then find out what stops "
						"autovacuum" });
}

static void look_at_extensions(struct visit *v)
{
	static const struct query extensions = {
		"visit.extensions",
		"SELECT string_agg(extname::text, ', ' ORDER BY extname) FROM pg_extension WHERE extname <> 'plpgsql'",
		QUERY_READS, QUERY_ONCE,
	};
	const struct rows *rows;

	if (visit_ask(v, v->any, &extensions, NO_PARAMS, &rows) == 0 && rows_text(rows, 0, 0))
		report_note(v->report, "database.extensions", "the database has extensions (%s); rosterd needs none",
			    rows_text(rows, 0, 0));
}

/* ---- settings that lose data or speed ---- */

static const struct habit {
	const char *setting, *bad;
	enum finding_level level;
	const char *code, *why, *todo;
} habits[] = {
	{ "autovacuum", "off", FINDING_WARNING, "database.autovacuum",
	  "dead rows are never taken away: tables grow, and every statement gets slower",
	  "ALTER SYSTEM SET autovacuum = on; SELECT pg_reload_conf();" },
	{ "track_counts", "off", FINDING_WARNING, "database.autovacuum", "autovacuum does not know where to go",
	  "ALTER SYSTEM SET track_counts = on; SELECT pg_reload_conf();" },
	{ "fsync", "off", FINDING_PROBLEM, "database.fsync",
	  "a loss of power destroys the database: who was removed may be back",
	  "ALTER SYSTEM SET fsync = on; SELECT pg_reload_conf();" },
	{ "full_page_writes", "off", FINDING_PROBLEM, "database.fsync", "a loss of power destroys pages of the database",
	  "ALTER SYSTEM SET full_page_writes = on; SELECT pg_reload_conf();" },
	{ "synchronous_commit", "off", FINDING_WARNING, "database.commit",
	  "a crash forgets the last changes after they were confirmed",
	  "ALTER SYSTEM SET synchronous_commit = on; SELECT pg_reload_conf();" },
	{ "transaction_read_only", "on", FINDING_PROBLEM, "database.read_only",
	  "nothing can be changed: this is a standby, or was made read-only",
	  "name the primary in \"database.conninfo\", with target_session_attrs=read-write" },
};

static void look_at_habits(struct visit *v)
{
	static const struct query setting = { "visit.setting", "SELECT current_setting($1)", QUERY_READS, QUERY_ONCE };
	struct report *r = v->report;
	const struct rows *rows;
	size_t before = r->count;

	for (size_t i = 0; i < ARRAY_COUNT(habits); i++) {
		const struct habit *h = &habits[i];

		if (visit_ask(v, v->any, &setting, PARAMS(P_TEXT(h->setting)), &rows) == 0 &&
		    text_equal(rows_text(rows, 0, 0), h->bad))
			report_add(r, (struct finding){ h->level, h->code, say(r, "%s is %s", h->setting, h->bad),
							h->why, h->todo });
	}
	if (r->count == before)
		report_ok(r, "database.habits", "what is committed is kept, and autovacuum runs");
}

/* ---- connections ---- */

/* How many the pools may open, against how many the server gives away. */
static void judge_connections(struct visit *v, int64_t most, int64_t used)
{
	struct report *r = v->report;
	int64_t wanted = LISTENERS;

	for (int role = 0; role < STORE_ROLES; role++)
		wanted += v->options->store->most[role];
	if (wanted <= most) {
		report_ok(r, "database.connections",
			  "the pools may open %" PRId64 " connections of %" PRId64 "; %" PRId64 " are open, by everybody",
			  wanted, most, used);
		return;
	}
	report_add(r, (struct finding){ FINDING_WARNING, "database.connections",
					say(r, "the pools may open %" PRId64 " connections; the server gives away %" PRId64,
					    wanted, most),
					"under load requests fail although the daemon would have served them",
					"raise max_connections (or CONNECTION LIMIT), or lower "
					"\"database.request_connections\" and \"database.worker_connections\"" });
}

static void look_at_connections(struct visit *v)
{
	static const struct query connections = {
		"visit.connections",
		"SELECT least(current_setting('max_connections')::bigint "
		"- current_setting('superuser_reserved_connections')::bigint, nullif(datconnlimit, -1)), "
		"(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') "
		"FROM pg_database WHERE datname = current_database()",
		QUERY_READS, QUERY_ONCE,
	};
	const struct rows *rows;

	if (visit_ask(v, v->any, &connections, NO_PARAMS, &rows) == 0)
		judge_connections(v, rows_int(rows, 0, 0), rows_int(rows, 0, 1));
}

/* ---- the clock ---- */

/* The server's instant lies between our two looks. */
static void look_at_clock(struct visit *v)
{
	static const struct query now = { "visit.now", "SELECT clock_timestamp()", QUERY_READS, QUERY_ONCE };
	struct report *r = v->report;
	const struct rows *rows;
	int64_t before = clock_now_us(), after, apart;

	if (visit_ask(v, v->any, &now, NO_PARAMS, &rows) < 0)
		return;
	after = clock_now_us();
	apart = rows_time(rows, 0, 0) < before ? before - rows_time(rows, 0, 0)
	        : rows_time(rows, 0, 0) > after ? rows_time(rows, 0, 0) - after : 0;
	apart /= US_PER_MS;
	if (apart < CLOCK_WARNING_MS) {
		report_ok(r, "clock.database", "PostgreSQL's clock and ours agree");
		return;
	}
	report_add(r, (struct finding){ apart < CLOCK_PROBLEM_MS ? FINDING_WARNING : FINDING_PROBLEM, "clock.database",
					say(r, "PostgreSQL's clock and ours are %" PRId64 " ms apart", apart),
					"schedules and the ends of tokens are judged by the one, logs by the other",
					"timedatectl set-ntp true, on both machines" });
}

void visit_server(struct visit *v)
{
	if (!is_supported(v))
		return;
	look_at_text(v);
	look_at_extensions(v);
	look_at_habits(v);
	look_at_connections(v);
	look_at_clock(v);
}
