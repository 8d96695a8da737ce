/* Figures of the database for a support bundle: numbers, ids, codes and names of tables; nobody's name or address, no
 * setting of a connection, no text of an error. */
#include "doctor/doctor.h"

#include "base/json.h"
#include "base/text.h"
#include "store/query.h"

/* Each gives one text that is JSON. */
static const struct detail {
	const char *member;
	struct query query;
} details[] = {
	{ "server",
	  { "details.server",
	    "SELECT json_object_agg(name, setting)::text FROM pg_settings WHERE name IN ('server_version', 'max_connections', "
	    "'shared_buffers', 'work_mem', 'maintenance_work_mem', 'autovacuum', 'fsync', 'full_page_writes', "
	    "'synchronous_commit', 'wal_level', 'jit', 'TimeZone', 'server_encoding', 'statement_timeout', "
	    "'idle_in_transaction_session_timeout', 'checkpoint_timeout', 'max_wal_size', 'effective_cache_size')",
	    QUERY_READS, QUERY_ONCE } },
	{ "migrations",
	  { "details.migrations",
	    "SELECT json_agg(json_build_object('number', number, 'name', name, 'oldest', oldest_daemon, 'applied_at', applied_at) "
	    "ORDER BY number)::text FROM migrations",
	    QUERY_READS, QUERY_ONCE } },
	{ "tables",
	  { "details.tables",
	    "SELECT json_agg(json_build_object('table', relname, 'bytes', pg_total_relation_size(relid), 'rows', n_live_tup, "
	    "'dead', n_dead_tup, 'vacuumed_at', greatest(last_vacuum, last_autovacuum), 'analyzed_at', greatest(last_analyze, "
	    "last_autoanalyze)) ORDER BY pg_total_relation_size(relid) DESC)::text FROM pg_stat_user_tables "
	    "WHERE schemaname = 'rosterd'",
	    QUERY_READS, QUERY_ONCE } },
	{ "counts",
	  { "details.counts",
	    "SELECT json_build_object('organisations', (SELECT json_object_agg(state, n) FROM (SELECT state, count(*) AS n "
	    "FROM organisations GROUP BY 1) o), 'members', (SELECT json_object_agg(state, n) FROM (SELECT state, count(*) AS n "
	    "FROM members GROUP BY 1) m), 'connections', (SELECT json_agg(c) FROM (SELECT plugin, state, count(*) AS count FROM "
	    "connections GROUP BY 1, 2 ORDER BY 1, 2) c), 'secrets', (SELECT count(*) FROM connection_secrets), 'refusals', "
	    "(SELECT json_object_agg(code, n) FROM (SELECT code, count(*) AS n FROM refusals GROUP BY 1) r))::text",
	    QUERY_READS, QUERY_ONCE } },
	{ "runs",
	  { "details.runs",
	    "SELECT json_agg(l ORDER BY last_at DESC)::text FROM (SELECT c.plugin, r.state, r.error_code, count(*) AS count, "
	    "max(r.asked_at) AS last_at, round(avg(extract(epoch FROM r.finished_at - r.started_at)) * 1000)::bigint AS ms, "
	    "sum(r.people)::bigint AS people, sum(r.refused)::bigint AS refused FROM runs r "
	    "JOIN connections c ON c.organisation = r.organisation AND c.id = r.connection "
	    "WHERE r.asked_at > now() - interval '30 days' GROUP BY 1, 2, 3) l",
	    QUERY_READS, QUERY_ONCE } },
	{ "last_runs",
	  { "details.last_runs",
	    "SELECT json_agg(l)::text FROM (SELECT id, connection, state, scope, plan_only, asked_at, started_at, finished_at, "
	    "attempts, pages, people, groups, memberships, refused, whole, counts, error_code FROM runs "
	    "ORDER BY asked_at DESC LIMIT 50) l",
	    QUERY_READS, QUERY_ONCE } },
};

static void write_detail(struct store *store, const struct detail *detail, struct json_writer *w)
{
	scoped(arena) *arena = arena_open("doctor.details");
	scoped(tx) *tx = NULL;
	const struct rows *rows;
	struct error e;

	if (tx_begin(store, STORE_OWNER, &tx, &e) == 0 &&
	    query_run(tx, &detail->query, NO_PARAMS, arena, &rows, &e) == 0 && rows_count(rows) == 1)
		json_put_raw(w, detail->member, rows_text(rows, 0, 0));
	else
		json_put_null(w, detail->member);
}

void doctor_details(const struct doctor_options *options, struct json_writer *w)
{
	struct store_options own = *options->store;
	struct store *store = NULL;
	struct error e;

	own.most[STORE_REQUEST] = own.most[STORE_WORKER] = 0;
	json_begin_object(w, "database");
	if (store_open(&own, &store, &e) == 0 && store_ping(store, STORE_OWNER, &e) == 0)
		for (size_t i = 0; i < ARRAY_COUNT(details); i++)
			write_detail(store, &details[i], w);
	store_close(&store);
	json_end_object(w);
}
