/* What an administrator pastes into a directory that pushes: tokens of a connection of plug-in "scim". */
#include <stdio.h>

#include "base/json.h"
#include "rosterctl/body.h"
#include "rosterctl/exits.h"
#include "rosterctl/handlers.h"
#include "rosterctl/path.h"
#include "rosterctl/print.h"
#include "rosterctl/safe.h"
#include "rosterctl/session.h"

static const struct column of_token[] = {
	{ "name", "name", CELL_TEXT },
	{ "kind", "kind", CELL_TEXT },
	{ "scopes", "scopes", CELL_TEXT },
	{ "made", "created_at", CELL_TIME },
	{ "ends", "expires_at", CELL_TIME },
	{ "last used", "last_used_at", CELL_TIME },
	{ "maker gone", "maker_gone", CELL_TEXT },
	{ "id", "id", CELL_TEXT },
	{ 0 },
};

static const struct column of_new[] = {
	{ "base URL", "base_url", CELL_TEXT },
	{ "token", "token", CELL_TEXT },
	{ "token URL", "token_url", CELL_TEXT },
	{ "client id", "client_id", CELL_TEXT },
	{ "client secret", "client_secret", CELL_TEXT },
	{ "ends", "expires_at", CELL_TIME },
	{ "id", "id", CELL_TEXT },
	{ 0 },
};

static const struct column of_traced[] = {
	{ "at", "at", CELL_TIME },
	{ "token", "token_name", CELL_TEXT },
	{ "asked", "method", CELL_TEXT },
	{ "of", "target", CELL_TEXT },
	{ "answer", "status", CELL_NUMBER },
	{ "why", "code", CELL_TEXT },
	{ "effect", "effect", CELL_TEXT },
	{ "run", "run", CELL_TEXT },
	{ 0 },
};

static int path_below(const struct ctl *ctl, const char *pattern, const char **ret, struct error *e)
{
	const char *organisation, *name;

	if (path_split(ctl->arena, ctl_word(ctl, 0), "CONNECTION", &organisation, &name, e) < 0)
		return -1;
	*ret = path_make(ctl->arena, pattern, organisation, name);
	return 0;
}

static int tokens_path(const struct ctl *ctl, const char **ret, struct error *e)
{
	return path_below(ctl, "/v1/organisations/{}/connections/{}/tokens", ret, e);
}

int scim_trace(struct ctl *ctl, struct error *e)
{
	const char *path;

	if (path_below(ctl, "/v1/organisations/{}/connections/{}/trace", &path, e) < 0)
		return -1;
	return print_list(ctl, path, &(struct listing){ of_traced, "nothing was pushed yet" }, e);
}

int scim_tokens(struct ctl *ctl, struct error *e)
{
	const char *path;

	return tokens_path(ctl, &path, e) < 0 ? -1
					      : print_list(ctl, path, &(struct listing){ of_token, "no tokens" }, e);
}

int scim_token_create(struct ctl *ctl, struct error *e)
{
	const char *path;
	scoped(body) body;

	body_open(&body);
	json_put_text(&body.writer, "name", ctl_word(ctl, 1));
	body_text(&body, ctl, "kind", "kind");
	body_text(&body, ctl, "expires", "expires_in");
	body_texts(&body, ctl, "scope", "scopes");
	if (tokens_path(ctl, &path, e) < 0 || print_reply(ctl, "POST", path, &body, of_new, e) < 0)
		return -1;
	print_hint(ctl, "the token is shown once; give the directory both, then revoke the one that it used before");
	return 0;
}

int scim_token_revoke(struct ctl *ctl, struct error *e)
{
	struct answer answer;
	const char *path;

	if (tokens_path(ctl, &path, e) < 0 ||
	    print_confirm(ctl, arena_format(ctl->arena, "revoke the token \"%s\"", ctl_word(ctl, 1)), e) < 0 ||
	    session_call(ctl->session, ctl->arena, "DELETE",
			 arena_format(ctl->arena, "%s%s", path, path_make(ctl->arena, "/{}", ctl_word(ctl, 1))), NULL, &answer,
			 e) < 0)
		return -1;
	print_line(ctl, "token \"%s\" is revoked", ctl_word(ctl, 1));
	return 0;
}
