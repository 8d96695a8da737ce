/* Where events are delivered to: of an organisation ("ORG/NAME"), or the operator's own ("NAME"). */
#include <string.h>

#include "base/json.h"
#include "rosterctl/body.h"
#include "rosterctl/exits.h"
#include "rosterctl/handlers.h"
#include "rosterctl/path.h"
#include "rosterctl/print.h"
#include "rosterctl/session.h"

#define OVERLAP "24h" /* that the help promises */

static const struct column in_short[] = {
	{ "name", "name", CELL_TEXT },
	{ "address", "url", CELL_TEXT },
	{ "types", "types", CELL_TEXT },
	{ "state", "state", CELL_TEXT },
	{ "behind", "behind", CELL_NUMBER },
	{ "delivered", "delivered", CELL_NUMBER },
	{ "last trouble", "last_error", CELL_TEXT },
	{ 0 },
};

static const struct column in_full[] = {
	{ "name", "name", CELL_TEXT },
	{ "address", "url", CELL_TEXT },
	{ "types", "types", CELL_TEXT },
	{ "state", "state", CELL_TEXT },
	{ "cursor", "cursor", CELL_TEXT },
	{ "behind", "behind", CELL_NUMBER },
	{ "delivered", "delivered", CELL_NUMBER },
	{ "last delivered", "delivered_at", CELL_TIME },
	{ "passed over", "passed_over", CELL_NUMBER },
	{ "last trouble", "last_error", CELL_TEXT },
	{ "fails since", "failing_since", CELL_TIME },
	{ "tries", "tries", CELL_NUMBER },
	{ "next try", "next_try_at", CELL_TIME },
	{ "made by", "created_by", CELL_TEXT },
	{ "made", "created_at", CELL_TIME },
	{ "version", "version", CELL_NUMBER },
	{ "secret", "secret", CELL_TEXT },
	{ "id", "id", CELL_TEXT },
	{ 0 },
};

static const struct column of_passed_over[] = {
	{ "at", "at", CELL_TIME },
	{ "type", "type", CELL_TEXT },
	{ "why", "reason", CELL_TEXT },
	{ "cursor", "cursor", CELL_TEXT },
	{ "event", "event", CELL_TEXT },
	{ 0 },
};

/* "ORG/NAME" or "NAME"; tail begins with a slash or is empty. */
static int endpoint_path(const struct ctl *ctl, const char *tail, const char **ret, struct error *e)
{
	const char *given = ctl_word(ctl, 0), *organisation, *name;

	if (!strchr(given, '/')) {
		*ret = arena_format(ctl->arena, "%s%s", path_make(ctl->arena, "/v1/event-endpoints/{}", given), tail);
		return 0;
	}
	if (path_split(ctl->arena, given, "NAME", &organisation, &name, e) < 0)
		return -1;
	*ret = arena_format(ctl->arena, "%s%s",
			    path_make(ctl->arena, "/v1/organisations/{}/event-endpoints/{}", organisation, name), tail);
	return 0;
}

/* Where they are listed and made. */
static const char *endpoints_path(const struct ctl *ctl, const char *organisation)
{
	return organisation ? path_make(ctl->arena, "/v1/organisations/{}/event-endpoints", organisation) : "/v1/event-endpoints";
}

int event_endpoint_list(struct ctl *ctl, struct error *e)
{
	return print_list(ctl, endpoints_path(ctl, ctl_word(ctl, 0)), &(struct listing){ in_short, "no event endpoints" }, e);
}

int event_endpoint_create(struct ctl *ctl, struct error *e)
{
	const char *given = ctl_word(ctl, 0), *organisation = NULL, *name = given;
	scoped(body) body;

	body_open(&body);
	if (strchr(given, '/') && path_split(ctl->arena, given, "NAME", &organisation, &name, e) < 0)
		return -1;
	json_put_text(&body.writer, "name", name);
	json_put_text(&body.writer, "url", ctl_word(ctl, 1));
	body_texts(&body, ctl, "type", "types");
	body_text(&body, ctl, "after", "after");
	if (print_reply(ctl, "POST", endpoints_path(ctl, organisation), &body, in_full, e) < 0)
		return -1;
	print_hint(ctl, "the secret is shown once; give it to the application, which checks signatures with it");
	return 0;
}

int event_endpoint_show(struct ctl *ctl, struct error *e)
{
	const char *path;

	return endpoint_path(ctl, "", &path, e) < 0 ? -1 : print_thing(ctl, path, in_full, e);
}

int event_endpoint_set(struct ctl *ctl, struct error *e)
{
	const char *path;
	scoped(body) body;

	body_open(&body);
	body_text(&body, ctl, "name", "name");
	body_text(&body, ctl, "to", "url");
	body_list(&body, ctl, "types", "types", "all");
	body_text(&body, ctl, "state", "state");
	return endpoint_path(ctl, "", &path, e) < 0 ? -1 : print_reply(ctl, "PATCH", path, &body, in_full, e);
}

int event_endpoint_delete(struct ctl *ctl, struct error *e)
{
	struct answer answer;
	const char *path;

	if (endpoint_path(ctl, "", &path, e) < 0 ||
	    print_confirm(ctl, arena_format(ctl->arena, "delete the event endpoint \"%s\"", ctl_word(ctl, 0)), e) < 0 ||
	    session_call(ctl->session, ctl->arena, "DELETE", path, NULL, &answer, e) < 0)
		return -1;
	print_line(ctl, "event endpoint \"%s\" is deleted", ctl_word(ctl, 0));
	return 0;
}

int event_endpoint_rotate(struct ctl *ctl, struct error *e)
{
	const char *path;
	scoped(body) body;

	body_open(&body);
	json_put_text(&body.writer, "overlap", ctl_given(ctl, "overlap") ? ctl_option(ctl, "overlap") : OVERLAP);
	if (endpoint_path(ctl, "/rotate", &path, e) < 0 || print_reply(ctl, "POST", path, &body, in_full, e) < 0)
		return -1;
	print_hint(ctl, "the secret is shown once; until the overlap is over, events are signed with both");
	return 0;
}

int event_endpoint_replay(struct ctl *ctl, struct error *e)
{
	const char *path;
	scoped(body) body;

	body_open(&body);
	json_put_text(&body.writer, "after", ctl_word(ctl, 1));
	return endpoint_path(ctl, "/replay", &path, e) < 0 ? -1 : print_reply(ctl, "POST", path, &body, in_full, e);
}

int event_passed_over(struct ctl *ctl, struct error *e)
{
	const char *path;

	return endpoint_path(ctl, "/passed-over", &path, e) < 0
		       ? -1
		       : print_list(ctl, path, &(struct listing){ of_passed_over, "nothing was passed over" }, e);
}

static int judge(struct ctl *ctl, const struct answer *answer, struct error *e)
{
	const struct json *error = json_member(answer->json, "error"), *said = json_member(answer->json, "said");
	const char *words = json_text(said);

	if (json_bool(json_member(answer->json, "ok"))) {
		print_line(ctl, "it took the test event");
		return 0;
	}
	if (json_text(error))
		return error_set(e, ERROR_REMOTE, "event_endpoint.test", "nothing was answered: %s", json_text(error));
	return error_set(e, ERROR_REMOTE, "event_endpoint.test", "it answered %lld%s%s", (long long)json_int(json_member(answer->json, "status")),
			 words && *words ? ": " : "", words ? words : "");
}

int event_endpoint_test(struct ctl *ctl, struct error *e)
{
	struct answer answer;
	const char *path;

	if (endpoint_path(ctl, "/test", &path, e) < 0 ||
	    session_ask(ctl->session, ctl->arena, "POST", path, NULL, &answer, e) < 0)
		return -1;
	if (ctl->json)
		print_answer(ctl, &answer, in_full);
	return judge(ctl, &answer, e);
}
