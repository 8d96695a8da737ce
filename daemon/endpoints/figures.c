#include "endpoints/figures.h"

#include "base/clock.h"
#include "base/metric.h"
#include "endpoints/health.h"
#include "store/pool.h"
#include "store/probe.h"

enum { SECOND_US = 1000000 };

/* What is not counted as it happens, but looked at when somebody asks. */
static void measure(struct exchange *x)
{
	metric_measure_process();
	store_measure(x->options->store);
	health_judge(x->health, NULL);
	metric_set(METRIC_BUILD, LABELS(x->options->version), 1);
}

int figures_show(struct exchange *x, struct error *e)
{
	(void)e;
	measure(x);
	x->reply->status = 200;
	reply_header(x->reply, "Content-Type", "%s", METRIC_CONTENT_TYPE);
	metric_write(&x->reply->body);
	return 0;
}

/* ---- in short ---- */

static void put_figure(struct json_writer *w, const char *name, enum metric metric, const char *const *labels)
{
	json_put_int(w, name, metric_value(metric, labels));
}

/* Whole seconds: what is younger than one is none. */
static void put_seconds(struct json_writer *w, const char *name, enum metric metric)
{
	json_put_int(w, name, metric_value(metric, NO_LABELS) / SECOND_US);
}

static void put_process(const struct exchange *x, struct json_writer *w)
{
	int64_t started_us = metric_value(METRIC_PROCESS_START, NO_LABELS);

	json_put_text(w, "version", x->options->version);
	json_put_time(w, "started_at", started_us);
	json_put_int(w, "uptime_seconds", (clock_now_us() - started_us) / SECOND_US);
	put_figure(w, "memory_bytes", METRIC_PROCESS_RESIDENT, NO_LABELS);
}

static void put_database(const struct exchange *x, struct json_writer *w)
{
	struct error why;
	bool well = probe_database(x->options->probe, &why) == 0 && probe_schema(x->options->probe, &why) == 0 &&
		    probe_home(x->options->probe, &why) == 0;

	json_begin_object(w, "database");
	json_put_text(w, "trouble", well ? NULL : why.text);
	json_put_int(w, "migrations", probe_migrations(x->options->probe));
	put_figure(w, "connections_used", METRIC_DATABASE_CONNECTIONS, LABELS("request", "used"));
	put_figure(w, "connections_limit", METRIC_DATABASE_CONNECTIONS_MOST, LABELS("request"));
	json_end_object(w);
}

static void put_connections(struct json_writer *w)
{
	json_begin_object(w, "connections");
	put_figure(w, "active", METRIC_SYNC_CONNECTIONS, LABELS("active"));
	put_figure(w, "paused", METRIC_SYNC_CONNECTIONS, LABELS("paused"));
	put_figure(w, "failing", METRIC_SYNC_FAILING, NO_LABELS);
	put_figure(w, "overdue", METRIC_SYNC_OVERDUE, NO_LABELS);
	json_end_object(w);
}

static void put_runs(struct json_writer *w)
{
	json_begin_object(w, "runs");
	put_figure(w, "asked", METRIC_RUNS, LABELS("asked"));
	put_figure(w, "reading", METRIC_RUNS, LABELS("reading"));
	put_figure(w, "reconciling", METRIC_RUNS, LABELS("reconciling"));
	put_figure(w, "held", METRIC_RUNS, LABELS("held"));
	put_seconds(w, "oldest_waiting_seconds", METRIC_RUN_OLDEST_WAITING);
	put_seconds(w, "oldest_held_seconds", METRIC_RUN_OLDEST_HELD);
	json_end_object(w);
}

static void put_event_endpoints(struct json_writer *w)
{
	json_begin_object(w, "event_endpoints");
	put_figure(w, "active", METRIC_EVENT_ENDPOINTS, LABELS("active"));
	put_figure(w, "failing", METRIC_EVENT_ENDPOINTS, LABELS("failing"));
	put_figure(w, "paused", METRIC_EVENT_ENDPOINTS, LABELS("paused"));
	put_figure(w, "stopped", METRIC_EVENT_ENDPOINTS, LABELS("stopped"));
	put_seconds(w, "oldest_failing_seconds", METRIC_EVENT_ENDPOINTS_OLDEST_FAILING);
	json_end_object(w);
}

static void put_queues(struct json_writer *w)
{
	json_begin_object(w, "queues");
	put_figure(w, "requests_in_flight", METRIC_HTTP_IN_FLIGHT, NO_LABELS);
	put_figure(w, "requests_waiting", METRIC_HTTP_WAITING, NO_LABELS);
	put_figure(w, "workers", METRIC_WORKERS, NO_LABELS);
	put_figure(w, "workers_busy", METRIC_WORKERS_BUSY, NO_LABELS);
	put_figure(w, "children", METRIC_CHILDREN, NO_LABELS);
	json_end_object(w);
}

static void put_attention(struct json_writer *w)
{
	put_figure(w, "organisations", METRIC_ORGANISATIONS, LABELS("active"));
	put_figure(w, "organisations_ownerless", METRIC_ORGANISATIONS_OWNERLESS, NO_LABELS);
	put_figure(w, "owners_absent", METRIC_OWNERS_ABSENT, NO_LABELS);
	put_figure(w, "ownership_recoveries", METRIC_OWNERSHIP_RECOVERIES, NO_LABELS);
	put_figure(w, "seats_waiting", METRIC_SEATS_WAITING, NO_LABELS);
	put_seconds(w, "oldest_seat_waiting_seconds", METRIC_SEATS_OLDEST_WAITING);
	put_figure(w, "seats_miscounted", METRIC_SEATS_MISCOUNTED, NO_LABELS);
	put_figure(w, "tokens_expiring", METRIC_TOKENS_EXPIRING, NO_LABELS);
	json_put_time(w, "figures_at", metric_value(METRIC_FIGURES_REFRESHED, NO_LABELS));
}

int figures_status(struct exchange *x, struct error *e)
{
	struct json_writer w;

	measure(x);
	exchange_reply(x, 200, &w);
	json_begin_object(&w, NULL);
	json_put_text(&w, "status", health_judge(x->health, e) == 0 ? "ready" : "not ready");
	put_process(x, &w);
	health_put_checks(x->health, &w, "checks");
	put_database(x, &w);
	put_connections(&w);
	put_runs(&w);
	put_event_endpoints(&w);
	put_queues(&w);
	put_attention(&w);
	json_end_object(&w);
	return 0;
}
