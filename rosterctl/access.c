/* Who is asking, what a role may, and tokens. */
#include <stdio.h>

#include "base/json.h"
#include "base/text.h"
#include "rosterctl/body.h"
#include "rosterctl/exits.h"
#include "rosterctl/handlers.h"
#include "rosterctl/path.h"
#include "rosterctl/print.h"
#include "rosterctl/safe.h"
#include "rosterctl/session.h"

static const struct column of_asker[] = {
	{ "kind", "kind", CELL_TEXT },
	{ "name", "name", CELL_TEXT },
	{ "organisation", "organisation", CELL_TEXT },
	{ "role", "role", CELL_TEXT },
	{ "scopes", "scopes", CELL_TEXT },
	{ 0 },
};

static const struct column of_token[] = {
	{ "name", "name", CELL_TEXT },
	{ "member", "member", CELL_TEXT },
	{ "role", "role", CELL_TEXT },
	{ "scopes", "scopes", CELL_TEXT },
	{ "sets up", "setup_of", CELL_TEXT },
	{ "expires", "expires_at", CELL_TIME },
	{ "last used", "last_used_at", CELL_TIME },
	{ "asleep", "asleep", CELL_TEXT },
	{ "id", "id", CELL_TEXT },
	{ 0 },
};

int whoami_show(struct ctl *ctl, struct error *e)
{
	return print_thing(ctl, "/v1/whoami", of_asker, e);
}

int permission_list(struct ctl *ctl, struct error *e)
{
	const char *path = path_make(ctl->arena, "/v1/organisations/{}/permissions", ctl_word(ctl, 0)), *name;
	const struct json *allowed;
	struct answer answer;

	if (session_ask(ctl->session, ctl->arena, "GET", path, NULL, &answer, e) < 0)
		return -1;
	if (ctl->json) {
		print_answer(ctl, &answer, of_asker);
		return 0;
	}
	for (size_t at = 0; json_next(json_member(answer.json, "permissions"), &at, &name, &allowed) > 0;)
		print_line(ctl, "%-4s %s", json_bool(allowed) ? "yes" : "no", name);
	return 0;
}

int permission_check(struct ctl *ctl, struct error *e)
{
	const char *path = path_make(ctl->arena, "/v1/organisations/{}/check", ctl_word(ctl, 0)), *reason;
	struct answer answer;
	scoped(body) body;

	body_open(&body);
	json_put_text(&body.writer, "permission", ctl_word(ctl, 1));
	body_text(&body, ctl, "member", "member");
	if (body_end(&body, e) < 0 ||
	    session_ask(ctl->session, ctl->arena, "POST", path, &body.buffer, &answer, e) < 0)
		return -1;
	if (ctl->json)
		print_answer(ctl, &answer, of_asker);
	reason = json_text(json_member(answer.json, "reason"));
	if (!json_bool(json_member(answer.json, "allowed")))
		return error_set(e, ERROR_DENIED, "permission.denied", "\"%s\" is not allowed: %s",
				 ctl_word(ctl, 1), reason ? reason : "no reason was given");
	print_line(ctl, "\"%s\" is allowed%s%s", ctl_word(ctl, 1), reason ? ": " : "", reason ? reason : "");
	return 0;
}

/* Tokens of an organisation, or the operator's. */
static const char *tokens_path(const struct ctl *ctl)
{
	const char *organisation = ctl_option(ctl, "organisation");

	return organisation ? path_make(ctl->arena, "/v1/organisations/{}/tokens", organisation)
			    : "/v1/tokens";
}

/* The token alone goes to standard output, so that it can be sent to a file that only its owner reads. */
static int print_token(struct ctl *ctl, const struct answer *answer, struct error *e)
{
	const char *token = json_text(json_member(answer->json, "token"));

	if (!token)
		return error_set(e, ERROR_REMOTE, CODE_NONSENSE, "the answer holds no token");
	if (ctl->json) {
		print_answer(ctl, answer, of_token);
		return 0;
	}
	puts(safe_text(ctl->arena, token));
	print_hint(ctl, "this is shown once; keep it in a file that only you can read, and name that with "
			"--token-file");
	return 0;
}

int token_create(struct ctl *ctl, struct error *e)
{
	struct answer answer;
	scoped(body) body;

	body_open(&body);
	json_put_text(&body.writer, "name", ctl_word(ctl, 0));
	body_text(&body, ctl, "member", "member");
	body_text(&body, ctl, "role", "role");
	body_text(&body, ctl, "expires", "expires_in");
	body_texts(&body, ctl, "scope", "scopes");
	if (body_end(&body, e) < 0 ||
	    session_ask(ctl->session, ctl->arena, "POST", tokens_path(ctl), &body.buffer, &answer, e) < 0)
		return -1;
	return print_token(ctl, &answer, e);
}

int token_list(struct ctl *ctl, struct error *e)
{
	return print_list(ctl, tokens_path(ctl), &(struct listing){ of_token, "no tokens" }, e);
}

int token_adopt(struct ctl *ctl, struct error *e)
{
	const char *path = arena_format(ctl->arena, "%s%s", tokens_path(ctl),
					path_make(ctl->arena, "/{}/adopt", ctl_word(ctl, 0)));
	struct answer answer;

	if (session_ask(ctl->session, ctl->arena, "POST", path, NULL, &answer, e) < 0)
		return -1;
	print_answer(ctl, &answer, of_token);
	return 0;
}

int token_rotate(struct ctl *ctl, struct error *e)
{
	const char *path = arena_format(ctl->arena, "%s%s", tokens_path(ctl),
					path_make(ctl->arena, "/{}/rotate", ctl_word(ctl, 0)));
	const char *overlap = ctl_option(ctl, "overlap");
	struct answer answer;
	scoped(body) body;

	body_open(&body);
	json_put_text(&body.writer, "overlap", overlap ? overlap : "24h");
	if (body_end(&body, e) < 0 ||
	    session_ask(ctl->session, ctl->arena, "POST", path, &body.buffer, &answer, e) < 0)
		return -1;
	return print_token(ctl, &answer, e);
}

/* Below what was said about the one: those that went with it, or that somebody should look at. */
static void print_others(struct ctl *ctl, const struct json *names, const char *which)
{
	for (size_t i = 0; i < json_count(names); i++) {
		const char *id = json_text(json_member(json_at(names, i), "id"));

		if (id && !text_equal(id, ctl_word(ctl, 0)))
			print_line(ctl, "%s: %s \"%s\"", which, id, json_text(json_member(json_at(names, i), "name")));
	}
}

int token_revoke(struct ctl *ctl, struct error *e)
{
	const char *path = arena_format(ctl->arena, "%s%s%s", tokens_path(ctl),
					path_make(ctl->arena, "/{}", ctl_word(ctl, 0)),
					ctl_given(ctl, "keep-successors") ? "?successors=keep" : "");
	struct answer answer;

	if (session_call(ctl->session, ctl->arena, "DELETE", path, NULL, &answer, e) < 0)
		return -1;
	print_line(ctl, "token \"%s\" is revoked", ctl_word(ctl, 0));
	print_others(ctl, json_member(answer.json, "revoked"), "revoked as well, since it took its place by its own word");
	print_others(ctl, json_member(answer.json, "made_with_it"), "left, and was made with it");
	return 0;
}
