/* Who is signed in, signing people off, and how a sign-on ended. */
#include <stdbool.h>
#include <stdio.h>

#include "base/json.h"
#include "base/text.h"
#include "rosterctl/body.h"
#include "rosterctl/exits.h"
#include "rosterctl/handlers.h"
#include "rosterctl/path.h"
#include "rosterctl/print.h"
#include "rosterctl/session.h"

static const struct column of_session[] = {
	{ "who", "email,name,member", CELL_TEXT },
	{ "since", "began_at", CELL_TIME },
	{ "seen", "seen_at", CELL_TIME },
	{ "until", "expires_at", CELL_TIME },
	{ "from", "address", CELL_TEXT },
	{ "with", "agent", CELL_TEXT },
	{ "id", "id", CELL_TEXT },
	{ 0 },
};

static const struct column of_sign_on[] = {
	{ "at", "ended_at", CELL_TIME },
	{ "outcome", "outcome", CELL_TEXT },
	{ "why", "code", CELL_TEXT },
	{ "member", "member", CELL_TEXT },
	{ "connection", "connection", CELL_TEXT },
	{ "id", "id", CELL_TEXT },
	{ 0 },
};

static const struct column of_explained[] = {
	{ "outcome", "outcome", CELL_TEXT },
	{ "why", "code", CELL_TEXT },
	{ "reason", "trace.reason", CELL_TEXT },
	{ "began", "began_at", CELL_TIME },
	{ "ended", "ended_at", CELL_TIME },
	{ "connection", "connection", CELL_TEXT },
	{ "named", "trace.person", CELL_TEXT },
	{ "member", "member", CELL_TEXT },
	{ "session", "session", CELL_TEXT },
	{ "request", "request", CELL_TEXT },
	{ 0 },
};

static const struct column of_check[] = {
	{ "check", "check", CELL_TEXT },
	{ "passed", "passed", CELL_TEXT },
	{ "expected", "expected", CELL_TEXT },
	{ "received", "received", CELL_TEXT },
	{ "what to do", "advice", CELL_TEXT },
	{ 0 },
};

static const char *sessions_path(const struct ctl *ctl)
{
	const char *member = ctl_option(ctl, "member");

	return member ? path_make(ctl->arena, "/v1/organisations/{}/members/{}/sessions", ctl_word(ctl, 0), member)
		      : path_make(ctl->arena, "/v1/organisations/{}/sessions", ctl_word(ctl, 0));
}

int session_list_all(struct ctl *ctl, struct error *e)
{
	return print_list(ctl, sessions_path(ctl), &(struct listing){ of_session, "nobody is signed in" }, e);
}

/* Of what is said exactly one: a session, a member, everybody. */
static int check_whose(const struct ctl *ctl, struct error *e)
{
	int said = (ctl_word(ctl, 1) != NULL) + ctl_given(ctl, "member") + ctl_given(ctl, "all");

	if (said == 1)
		return 0;
	return error_set(e, ERROR_INPUT, CODE_USAGE,
			 "say which to end, once: the id of a session, --member MEMBER for all of somebody's, or --all for everybody's");
}

int session_end_some(struct ctl *ctl, struct error *e)
{
	const char *id = ctl_word(ctl, 1), *path = sessions_path(ctl);
	struct answer answer;

	if (check_whose(ctl, e) < 0 || (ctl_given(ctl, "all") && print_confirm(ctl, "sign everybody off", e) < 0))
		return -1;
	if (id)
		path = path_make(ctl->arena, "/v1/organisations/{}/sessions/{}", ctl_word(ctl, 0), id);
	if (session_call(ctl->session, ctl->arena, "DELETE", path, NULL, &answer, e) < 0)
		return -1;
	if (id)
		print_line(ctl, "session \"%s\" has ended", id);
	else
		print_line(ctl, "%lld sessions have ended", (long long)json_int(json_member(answer.json, "ended")));
	return 0;
}

int sso_list(struct ctl *ctl, struct error *e)
{
	const char *path = path_make(ctl->arena, "/v1/organisations/{}/sign-ons", ctl_word(ctl, 0));

	return print_list(ctl, path_with(ctl->arena, path, "connection", ctl_option(ctl, "connection")),
			  &(struct listing){ of_sign_on, "nobody has signed on lately" }, e);
}

int sso_test(struct ctl *ctl, struct error *e)
{
	static const struct column of_test[] = { { "open", "url", CELL_TEXT }, { "until", "expires_at", CELL_TIME }, { 0 } };
	const char *organisation, *name;
	struct answer answer;

	if (path_split(ctl->arena, ctl_word(ctl, 0), "CONNECTION", &organisation, &name, e) < 0 ||
	    session_ask(ctl->session, ctl->arena, "POST", path_make(ctl->arena, "/v1/organisations/{}/connections/{}/sign-on-test", organisation, name),
			NULL, &answer, e) < 0)
		return -1;
	print_answer(ctl, &answer, of_test);
	return 0;
}

/* What came then, under settings that nobody has made so far. */
static int judge_again(struct ctl *ctl, struct error *e)
{
	static const struct column of_judged[] = { { "passed", "passed", CELL_TEXT }, { "reason", "trace.reason", CELL_TEXT },
						   { "named", "trace.person", CELL_TEXT }, { 0 } };
	bool proposes = ctl_given(ctl, "set") || ctl_given(ctl, "secret");
	const char *organisation, *id;
	struct answer answer;
	scoped(body) body;

	body_open(&body);
	if (path_split(ctl->arena, ctl_word(ctl, 0), "ID", &organisation, &id, e) < 0 ||
	    (proposes && (body_settings(&body, ctl, e) < 0 || body_end(&body, e) < 0)) ||
	    session_ask(ctl->session, ctl->arena, "POST", path_make(ctl->arena, "/v1/organisations/{}/sign-ons/{}/judge", organisation, id),
			proposes ? &body.buffer : NULL, &answer, e) < 0)
		return -1;
	print_answer(ctl, &answer, of_judged);
	if (!ctl->json)
		print_table(ctl, json_member(json_member(answer.json, "trace"), "checks"), of_check);
	return 0;
}

int sso_explain(struct ctl *ctl, struct error *e)
{
	const char *organisation, *id;
	struct answer answer;

	if (ctl_given(ctl, "judge") || ctl_given(ctl, "set") || ctl_given(ctl, "secret"))
		return judge_again(ctl, e);
	if (path_split(ctl->arena, ctl_word(ctl, 0), "ID", &organisation, &id, e) < 0 ||
	    session_ask(ctl->session, ctl->arena, "GET", path_make(ctl->arena, "/v1/organisations/{}/sign-ons/{}", organisation, id), NULL,
			&answer, e) < 0)
		return -1;
	print_answer(ctl, &answer, of_explained);
	if (!ctl->json)
		print_table(ctl, json_member(json_member(answer.json, "trace"), "checks"), of_check);
	return 0;
}
