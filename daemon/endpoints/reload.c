/* Files are read and the database is changed in a transaction of its own, before this exchange's. That it was
 * asked for, and what came of it, is an entry of the operator's. */
#include "endpoints/reload.h"

int reload_prepare(struct exchange *x, struct error *e)
{
	struct reload_report *report = arena_take(x->arena, sizeof(*report));
	const struct reloader *reloader = x->options->reloader;

	x->prepared = report;
	if (!reloader)
		return error_set(e, ERROR_CONFLICT, "reload.none", "this daemon reads no configuration");
	return reloader->reload(reloader->self, x->arena, report, e);
}

static void put_names(struct json_writer *w, const char *name, const char *const *list)
{
	json_begin_array(w, name);
	for (; *list; list++)
		json_put_text(w, NULL, *list);
	json_end_array(w);
}

static void put_events(struct json_writer *w, const struct reload_report *report)
{
	json_begin_array(w, "events");
	for (size_t i = 0; i < report->event_count; i++) {
		json_begin_object(w, NULL);
		json_put_text(w, "action", report->events[i].action);
		json_put_text(w, "organisation", report->events[i].organisation);
		json_put_text(w, "kind", report->events[i].kind);
		json_put_text(w, "name", report->events[i].name);
		json_end_object(w);
	}
	json_end_array(w);
	json_put_int(w, "events_beyond", (int64_t)report->events_beyond);
}

static void put_orphans(struct json_writer *w, const struct reload_report *report)
{
	json_begin_array(w, "orphans");
	for (size_t i = 0; i < report->orphan_count; i++) {
		const struct managed_orphan *orphan = &report->orphans[i];

		json_begin_object(w, NULL);
		json_put_text(w, "kind", orphan->kind);
		json_put_text(w, "organisation", orphan->organisation);
		json_put_text(w, "name", orphan->name);
		json_put_text(w, "file", orphan->file);
		json_put_int(w, "line", orphan->line);
		json_put_time(w, "since", orphan->since);
		json_end_object(w);
	}
	json_end_array(w);
}

static void put_mistakes(struct json_writer *w, const struct reload_report *report)
{
	json_begin_array(w, "mistakes");
	for (size_t i = 0; i < report->mistake_count; i++) {
		json_begin_object(w, NULL);
		json_put_text(w, "file", report->mistakes[i].file);
		json_put_int(w, "line", report->mistakes[i].line);
		json_put_text(w, "text", report->mistakes[i].text);
		json_end_object(w);
	}
	json_end_array(w);
	json_put_int(w, "mistakes_beyond", (int64_t)report->mistakes_beyond);
}

static const char *joined(struct exchange *x, const char *const *list)
{
	const char *all = "";

	for (; *list; list++)
		all = arena_format(x->arena, "%s%s%s", all, *all ? " " : "", *list);
	return all;
}

static int taken(struct exchange *x, const struct reload_report *report, struct error *e)
{
	struct json_writer w;

	exchange_reply(x, 200, &w);
	json_begin_object(&w, NULL);
	put_names(&w, "taken", report->taken);
	put_names(&w, "restart", report->restart);
	put_events(&w, report);
	put_orphans(&w, report);
	json_end_object(&w);
	return exchange_audit(x, "configuration.taken", "daemon", "configuration", NULL, NULL,
			      exchange_object(x, "taken", joined(x, report->taken), "restart",
					      joined(x, report->restart), NULL),
			      e);
}

/* A problem document with the whole list in it. */
static int refused(struct exchange *x, const struct reload_report *report, struct error *e)
{
	size_t number = report->mistake_count + report->mistakes_beyond;
	const char *count = arena_format(x->arena, "%zu", number);
	struct json_writer w;
	struct error why;

	error_set(&why, ERROR_CONFLICT, "reload.refused",
		  "the configuration has %s mistake%s and was not taken; the daemon goes on with the one it had",
		  count, number == 1 ? "" : "s");
	reply_problem_begin(x->reply, &why, x->id, &w);
	put_mistakes(&w, report);
	json_end_object(&w);
	return exchange_audit(x, "configuration.refused", "daemon", "configuration", NULL, NULL,
			      exchange_object(x, "mistakes", count, NULL), e);
}

int reload_ask(struct exchange *x, struct error *e)
{
	const struct reload_report *report = x->prepared;

	return report->mistake_count ? refused(x, report, e) : taken(x, report, e);
}
