/* What waits, what is dead, what lies about. Asked as the owner, who sees every organisation. */
#include "doctor/visit.h"

#include <inttypes.h>


enum { NAMED_MOST = 20 /* connections that are named one by one */ };

/* ---- runs ---- */

static void judge_runs(struct report *r, int64_t waiting, int64_t silent, int64_t overdue)
{
	if (waiting > 0)
		report_add(r, (struct finding){ FINDING_WARNING, "runs.waiting",
						say(r, "%" PRId64 " runs wait since five minutes for somebody to take them",
						    waiting),
						"either no daemon runs, or its workers are all busy: people who left are "
						"still in",
						"rosterctl status; more \"workers\", if they are busy" });
	if (silent > 0)
		report_add(r, (struct finding){ FINDING_WARNING, "runs.silent",
						say(r, "%" PRId64 " runs belong to a daemon that gave no sign of life for two "
						       "minutes", silent),
						"another daemon takes them over after 20 seconds; that none did says "
						"that none runs",
						"systemctl restart rosterd" });
	if (overdue > 0)
		report_add(r, (struct finding){ FINDING_WARNING, "runs.overdue",
						say(r, "%" PRId64 " connections are due since five minutes and are not read",
						    overdue),
						"directories are read only while a daemon runs",
						"systemctl start rosterd" });
	if (waiting == 0 && silent == 0 && overdue == 0)
		report_ok(r, "runs.ok", "no run waits or is dead, and no connection is overdue");
}

static void look_at_runs(struct visit *v)
{
	static const struct query runs = {
		"visit.queue",
		"SELECT (SELECT count(*) FROM runs WHERE state IN ('asked', 'reading', 'reconciling') AND claimed_by IS NULL "
		"AND not_before < now() - interval '5 minutes'), "
		"(SELECT count(*) FROM runs WHERE state IN ('asked', 'reading', 'reconciling') AND claimed_by IS NOT NULL "
		"AND beat_at < now() - interval '2 minutes'), "
		"(SELECT count(*) FROM connections c JOIN organisations o USING (organisation) WHERE c.state = 'active' "
		"AND o.state = 'active' AND c.next_due_at < now() - interval '5 minutes')",
		QUERY_READS, QUERY_ONCE,
	};
	const struct rows *rows;

	if (visit_ask(v, STORE_OWNER, &runs, NO_PARAMS, &rows) == 0)
		judge_runs(v->report, rows_int(rows, 0, 0), rows_int(rows, 0, 1), rows_int(rows, 0, 2));
}

static void look_at_held(struct visit *v)
{
	static const struct query held = {
		"visit.held",
		"SELECT o.slug, r.id::text FROM runs r JOIN organisations o USING (organisation) WHERE r.state = 'held' "
		"ORDER BY r.asked_at LIMIT $1",
		QUERY_READS, QUERY_ONCE,
	};
	struct report *r = v->report;
	const struct rows *rows;

	if (visit_ask(v, STORE_OWNER, &held, PARAMS(P_INT(NAMED_MOST)), &rows) < 0)
		return;
	for (size_t i = 0; i < rows_count(rows); i++)
		report_add(r, (struct finding){ FINDING_WARNING, "runs.held",
						say(r, "a run of \"%s\" is held", rows_text(rows, i, 0)),
						"it would take many people away, and waits for a person to look at it; "
						"until then that directory is not read",
						say(r, "rosterctl sync changes %s/%s; then sync approve, or sync drop",
						    rows_text(rows, i, 0), rows_text(rows, i, 1)) });
}

static void look_at_failures(struct visit *v)
{
	static const struct query failures = {
		"visit.failures",
		"SELECT o.slug, c.name, l.error_code FROM connections c JOIN organisations o USING (organisation), "
		"LATERAL (SELECT r.state, r.error_code FROM runs r WHERE r.organisation = c.organisation "
		"AND r.connection = c.id AND r.state IN ('done', 'failed') ORDER BY r.asked_at DESC LIMIT 1) l "
		"WHERE c.state = 'active' AND o.state = 'active' AND l.state = 'failed' ORDER BY 1, 2 LIMIT $1",
		QUERY_READS, QUERY_ONCE,
	};
	struct report *r = v->report;
	const struct rows *rows;

	if (visit_ask(v, STORE_OWNER, &failures, PARAMS(P_INT(NAMED_MOST)), &rows) < 0)
		return;
	for (size_t i = 0; i < rows_count(rows); i++)
		report_add(r, (struct finding){ FINDING_WARNING, "runs.failing",
						say(r, "the last run of \"%s/%s\" failed (%s)", rows_text(rows, i, 0),
						    rows_text(rows, i, 1),
						    rows_text(rows, i, 2) ? rows_text(rows, i, 2) : "no code"),
						"who left that company's directory since then is still in",
						say(r, "rosterctl connection test %s/%s", rows_text(rows, i, 0),
						    rows_text(rows, i, 1)) });
}

/* ---- events ---- */

static void judge_endpoint(struct report *r, const char *name, const char *why, bool stopped)
{
	const char *said = why ? why : "it does not say why";

	report_add(r, (struct finding){
			      FINDING_WARNING, stopped ? "events.stopped" : "events.failing",
			      stopped ? say(r, "events are not delivered to \"%s\" any more (%s)", name, said)
				      : say(r, "\"%s\" has not taken its events for ten minutes (%s)", name, said),
			      "that application does not know who left since then",
			      say(r, stopped ? "rosterctl event endpoint-test %s; then event endpoint-set %s --state active"
					     : "rosterctl event endpoint-test %s; rosterctl event endpoint-show %s",
				  name, name) });
}

/* The operator's own have no organisation's name. */
static void look_at_endpoints(struct visit *v)
{
	static const struct query endpoints = {
		"visit.endpoints",
		"SELECT CASE WHEN o.slug IS NULL THEN e.name ELSE o.slug || '/' || e.name END, e.last_error, e.state = 'stopped' "
		"FROM event_endpoints e LEFT JOIN organisations o ON o.organisation = e.organisation "
		"WHERE (o.organisation IS NULL OR o.state = 'active') AND (e.state = 'stopped' "
		"OR (e.state = 'active' AND e.failing_since < now() - interval '10 minutes')) ORDER BY 1 LIMIT $1",
		QUERY_READS, QUERY_ONCE,
	};
	const struct rows *rows;

	if (visit_ask(v, STORE_OWNER, &endpoints, PARAMS(P_INT(NAMED_MOST)), &rows) < 0)
		return;
	for (size_t i = 0; i < rows_count(rows); i++)
		judge_endpoint(v->report, rows_text(rows, i, 0), rows_text(rows, i, 1), rows_bool(rows, i, 2));
	if (rows_count(rows) == 0)
		report_ok(v->report, "events.ok", "every application that is to be told of events takes them");
}

/* ---- the audit ---- */

static void look_at_sealer(struct visit *v)
{
	static const struct query lag = {
		"visit.lag",
		"SELECT entries, coalesce(oldest < now() - interval '10 minutes', false) FROM audit_lag()", QUERY_READS, QUERY_ONCE,
	};
	struct report *r = v->report;
	const struct rows *rows;

	if (visit_ask(v, STORE_OWNER, &lag, NO_PARAMS, &rows) < 0)
		return;
	if (!rows_bool(rows, 0, 1))
		report_ok(r, "audit.ok", "the audit is sealed but for %" PRId64 " entries", rows_int(rows, 0, 0));
	else
		report_add(r, (struct finding){ FINDING_WARNING, "audit.unsealed",
						say(r, "%" PRId64 " entries of the audit wait since ten minutes to be sealed",
						    rows_int(rows, 0, 0)),
						"until an entry is linked into the chain nobody can prove that it was not "
						"changed",
						"systemctl status rosterd; journalctl -u rosterd | grep -i seal" });
}

/* ---- staging ---- */

static void look_at_staging(struct visit *v)
{
	static const struct query orphans = {
		"visit.orphans",
		"SELECT count(*), coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c "
		"WHERE c.relnamespace = to_regnamespace('staging') AND c.relkind = 'r' AND NOT EXISTS (SELECT FROM runs r "
		"WHERE r.state IN ('asked', 'reading', 'reconciling', 'held') "
		"AND c.relname LIKE '%' || replace(r.id::text, '-', ''))",
		QUERY_READS, QUERY_ONCE,
	};
	struct report *r = v->report;
	const struct rows *rows;

	if (visit_ask(v, STORE_OWNER, &orphans, NO_PARAMS, &rows) < 0)
		return;
	if (rows_int(rows, 0, 0) == 0)
		report_ok(r, "staging.ok", "no staging table is left over");
	else
		report_add(r, (struct finding){ FINDING_WARNING, "staging.orphans",
						say(r, "%" PRId64 " staging tables (%" PRId64 " KiB) belong to no run that "
						       "goes on", rows_int(rows, 0, 0), rows_int(rows, 0, 1) >> 10),
						"they hold people of a directory that were read and not taken; a daemon "
						"sweeps them every ten minutes",
						"wait ten minutes with a daemon running; then look again" });
}

void visit_queues(struct visit *v)
{
	if (!v->known || !v->reached[STORE_OWNER])
		return;
	look_at_runs(v);
	look_at_held(v);
	look_at_failures(v);
	look_at_endpoints(v);
	look_at_staging(v);
	look_at_sealer(v);
}
