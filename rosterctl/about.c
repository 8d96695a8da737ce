/* About the daemon and about us. */
#include <stdio.h>

#include "base/json.h"
#include "platform.h"
#include "rosterctl/handlers.h"
#include "rosterctl/print.h"
#include "rosterctl/session.h"

enum { MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400 };

/* ---- in short, for anybody ---- */

static int show_health(struct ctl *ctl, struct error *e)
{
	static const struct column columns[] = { { 0 } };
	const char *status, *version;
	struct answer answer;

	if (session_ask(ctl->session, ctl->arena, "GET", "/healthz", NULL, &answer, e) < 0)
		return -1;
	if (ctl->json)
		print_answer(ctl, &answer, columns);
	status = json_text(json_member(answer.json, "status"));
	version = json_text(json_member(answer.json, "version"));
	print_line(ctl, "rosterd %s at %s: %s", version ? version : "of unknown version",
		   session_where(ctl->session), status ? status : "it did not say how it is");
	return status && text_equal(status, "ok")
		       ? 0
		       : error_set(e, ERROR_INTERNAL, "daemon.unwell",
				   "the daemon answers, but says that it is not well");
}

/* ---- a page, for the operator ---- */

static long long figure(const struct json *status, const char *group, const char *name)
{
	return json_int(json_member(group ? json_member(status, group) : status, name));
}

/* "3 d 4 h", "4 h 12 min", "12 min", "50 s". */
static const char *span(struct ctl *ctl, long long seconds)
{
	if (seconds >= DAY_S)
		return arena_format(ctl->arena, "%lld d %lld h", seconds / DAY_S, seconds % DAY_S / HOUR_S);
	if (seconds >= HOUR_S)
		return arena_format(ctl->arena, "%lld h %lld min", seconds / HOUR_S, seconds % HOUR_S / MINUTE_S);
	if (seconds >= MINUTE_S)
		return arena_format(ctl->arena, "%lld min", seconds / MINUTE_S);
	return arena_format(ctl->arena, "%lld s", seconds);
}

static void show_database(struct ctl *ctl, const struct json *s)
{
	const char *trouble = json_text(json_member(json_member(s, "database"), "trouble"));

	if (trouble)
		print_line(ctl, "database       %s", trouble);
	else
		print_line(ctl, "database       answers; %lld migrations, %lld of %lld connections in use",
			   figure(s, "database", "migrations"), figure(s, "database", "connections_used"),
			   figure(s, "database", "connections_limit"));
}

static void show_runs(struct ctl *ctl, const struct json *s)
{
	long long held = figure(s, "runs", "held"), waiting = figure(s, "runs", "oldest_waiting_seconds");

	print_line(ctl, "runs           %lld asked for, %lld under way, %lld held%s%s", figure(s, "runs", "asked"),
		   figure(s, "runs", "reading") + figure(s, "runs", "reconciling"), held,
		   held > 0 ? ", the oldest since " : "",
		   held > 0 ? span(ctl, figure(s, "runs", "oldest_held_seconds")) : "");
	if (waiting > 0)
		print_line(ctl, "               one has waited for a worker for %s", span(ctl, waiting));
}

static void show_event_endpoints(struct ctl *ctl, const struct json *s)
{
	long long failing = figure(s, "event_endpoints", "failing");

	print_line(ctl, "events         delivered to %lld applications, %lld paused; %lld failing%s%s, %lld stopped",
		   figure(s, "event_endpoints", "active"), figure(s, "event_endpoints", "paused"), failing,
		   failing > 0 ? " for up to " : "",
		   failing > 0 ? span(ctl, figure(s, "event_endpoints", "oldest_failing_seconds")) : "",
		   figure(s, "event_endpoints", "stopped"));
}

static void show_seats(struct ctl *ctl, const struct json *s)
{
	long long waiting = figure(s, NULL, "seats_waiting"), wrong = figure(s, NULL, "seats_miscounted");

	print_line(ctl, "seats          %lld %s for one%s%s", waiting, waiting == 1 ? "person waits" : "people wait", waiting > 0 ? ", for up to " : "",
		   waiting > 0 ? span(ctl, figure(s, NULL, "oldest_seat_waiting_seconds")) : "");
	if (wrong > 0)
		print_line(ctl, "               %lld organisations are counted wrongly: please report it", wrong);
}

static void show_page(struct ctl *ctl, const struct json *s)
{
	const char *version = json_text(json_member(s, "version")), *status = json_text(json_member(s, "status"));
	const char *counted = json_text(json_member(s, "figures_at"));

	print_line(ctl, "rosterd %s at %s: %s, up %s", version, session_where(ctl->session), status,
		   span(ctl, figure(s, NULL, "uptime_seconds")));
	show_database(ctl, s);
	print_line(ctl, "connections    %lld active, %lld paused; %lld failing, %lld overdue",
		   figure(s, "connections", "active"), figure(s, "connections", "paused"),
		   figure(s, "connections", "failing"), figure(s, "connections", "overdue"));
	show_runs(ctl, s);
	show_event_endpoints(ctl, s);
	print_line(ctl, "queues         %lld requests under way, %lld waiting; %lld of %lld workers busy, %lld plug-ins",
		   figure(s, "queues", "requests_in_flight"), figure(s, "queues", "requests_waiting"),
		   figure(s, "queues", "workers_busy"), figure(s, "queues", "workers"), figure(s, "queues", "children"));
	print_line(ctl, "organisations  %lld, %lld with people and no owner who can act",
		   figure(s, NULL, "organisations"), figure(s, NULL, "organisations_ownerless"));
	print_line(ctl, "owners         %lld kept out by a directory, %lld recoveries to confirm",
		   figure(s, NULL, "owners_absent"), figure(s, NULL, "ownership_recoveries"));
	show_seats(ctl, s);
	print_line(ctl, "tokens         %lld expire within 14 days", figure(s, NULL, "tokens_expiring"));
	print_line(ctl, "counted        %s", counted ? counted : "not yet");
}

/* The first check that fails, by its name and code. */
static int judge(const struct json *status, struct error *e)
{
	const struct json *checks = json_member(status, "checks"), *value;
	const char *name, *text = json_text(json_member(status, "status"));
	size_t at = 0;

	if (text && text_equal(text, "ready"))
		return 0;
	while (json_next(checks, &at, &name, &value) == 1)
		if (!text_equal(json_text(value), "ok"))
			return error_set(e, ERROR_INTERNAL, "daemon.unwell", "the daemon is not ready: %.40s: %.60s",
					 name, json_text(value) ? json_text(value) : "it does not say why");
	return error_set(e, ERROR_INTERNAL, "daemon.unwell", "the daemon answers, but says that it is not well");
}

/* Who is not the operator is told what anybody is; so is whoever asks a daemon of before. */
static bool is_for_anybody(const struct error *e)
{
	return e->kind == ERROR_UNAUTHENTICATED || e->kind == ERROR_DENIED || e->kind == ERROR_NOT_FOUND;
}

int about_status(struct ctl *ctl, struct error *e)
{
	static const struct column columns[] = { { 0 } };
	struct answer answer;

	if (session_ask(ctl->session, ctl->arena, "GET", "/v1/status", NULL, &answer, e) < 0)
		return is_for_anybody(e) ? show_health(ctl, e) : -1;
	if (ctl->json)
		print_answer(ctl, &answer, columns);
	show_page(ctl, answer.json);
	return judge(answer.json, e);
}

/* ---- as Prometheus gets them ---- */

static int write_out(void *context, const char *bytes, size_t size, struct error *e)
{
	(void)context;
	return fwrite(bytes, 1, size, stdout) == size
		       ? 0
		       : error_set(e, ERROR_INTERNAL, "output", "could not write the figures to standard output");
}

int about_metrics(struct ctl *ctl, struct error *e)
{
	return session_stream(ctl->session, ctl->arena, "/metrics", write_out, NULL, e);
}

int about_version(struct ctl *ctl, struct error *e)
{
	(void)ctl, (void)e;
	puts("rosterctl " PACKAGE_VERSION);
	return 0;
}
