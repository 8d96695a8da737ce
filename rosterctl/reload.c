/* Has the configuration read again, and says what came of it: what was done, or every mistake. */
#include <stdio.h>

#include "base/json.h"
#include "rosterctl/handlers.h"
#include "rosterctl/path.h"
#include "rosterctl/print.h"
#include "rosterctl/safe.h"
#include "rosterctl/session.h"

static const char *text_of(struct ctl *ctl, const struct json *object, const char *name)
{
	const char *text = json_text(json_member(object, name));

	return safe_text(ctl->arena, text ? text : "");
}

static void print_names(struct ctl *ctl, const char *what, const struct json *list)
{
	for (size_t i = 0; i < json_count(list); i++)
		print_line(ctl, "%s: %s", what, safe_text(ctl->arena, json_text(json_at(list, i))));
}

static void print_events(struct ctl *ctl, const struct json *reply)
{
	const struct json *list = json_member(reply, "events");
	int64_t beyond = json_int(json_member(reply, "events_beyond"));

	for (size_t i = 0; i < json_count(list); i++) {
		const struct json *event = json_at(list, i);

		print_line(ctl, "%s: %s \"%s\"", text_of(ctl, event, "organisation"), text_of(ctl, event, "action"),
			   text_of(ctl, event, "name"));
	}
	if (beyond > 0)
		print_line(ctl, "and %lld more, which the audit has", (long long)beyond);
}

/* What is asked of whoever reads this. */
static void print_orphans(struct ctl *ctl, const struct json *reply)
{
	const struct json *list = json_member(reply, "orphans");

	for (size_t i = 0; i < json_count(list); i++) {
		const struct json *orphan = json_at(list, i);

		print_line(ctl, "%s: %s \"%s\" is no longer described by %s, since %s; it stays until you put it back, adopt it or delete it",
			   text_of(ctl, orphan, "organisation"), text_of(ctl, orphan, "kind"), text_of(ctl, orphan, "name"),
			   text_of(ctl, orphan, "file"), text_of(ctl, orphan, "since"));
	}
}

static void print_taken(struct ctl *ctl, const struct json *reply)
{
	print_names(ctl, "changed", json_member(reply, "taken"));
	print_events(ctl, reply);
	print_orphans(ctl, reply);
	print_names(ctl, "waits for a restart", json_member(reply, "restart"));
	print_line(ctl, "the configuration was taken");
}

/* As the daemon's --check-config prints them, on standard error. */
static void print_mistakes(struct ctl *ctl, const struct json *reply)
{
	const struct json *list = json_member(reply, "mistakes");

	for (size_t i = 0; i < json_count(list); i++) {
		const struct json *mistake = json_at(list, i);
		int64_t line = json_int(json_member(mistake, "line"));

		fputs(text_of(ctl, mistake, "file"), stderr);
		if (line > 0)
			fprintf(stderr, ":%lld", (long long)line);
		fprintf(stderr, ": %s\n", text_of(ctl, mistake, "text"));
	}
}

int configuration_reload(struct ctl *ctl, struct error *e)
{
	struct answer answer;
	int done = session_try(ctl->session, ctl->arena, "POST", "/v1/reload", NULL, &answer, e);

	if (done < 0)
		return -1;
	if (ctl->json)
		print_answer(ctl, &answer, NULL);
	else if (done == 1)
		print_taken(ctl, answer.json);
	else
		print_mistakes(ctl, answer.json);
	return done == 1 ? 0 : -1;
}

/* ---- what no file describes any more ---- */

static int adopt(struct ctl *ctl, const char *path, const char *what, struct error *e)
{
	struct answer answer;

	if (session_call(ctl->session, ctl->arena, "POST", path, NULL, &answer, e) < 0)
		return -1;
	if (ctl->json)
		print_answer(ctl, &answer, NULL);
	print_line(ctl, "%s is adopted; rosterctl changes it from now on", what);
	return 0;
}

int organisation_adopt(struct ctl *ctl, struct error *e)
{
	const char *organisation = ctl_word(ctl, 0);

	return adopt(ctl, path_make(ctl->arena, "/v1/organisations/{}/adopt", organisation),
		     arena_format(ctl->arena, "organisation \"%s\"", organisation), e);
}

int domain_adopt(struct ctl *ctl, struct error *e)
{
	const char *organisation = ctl_word(ctl, 0), *domain = ctl_word(ctl, 1);

	return adopt(ctl, path_make(ctl->arena, "/v1/organisations/{}/domains/{}/adopt", organisation, domain),
		     arena_format(ctl->arena, "domain \"%s\"", domain), e);
}

int connection_adopt(struct ctl *ctl, struct error *e)
{
	const char *organisation, *name;

	if (path_split(ctl->arena, ctl_word(ctl, 0), "CONNECTION", &organisation, &name, e) < 0)
		return -1;
	return adopt(ctl, path_make(ctl->arena, "/v1/organisations/{}/connections/{}/adopt", organisation, name),
		     arena_format(ctl->arena, "connection \"%s\"", ctl_word(ctl, 0)), e);
}
