/* Local accounts: who signs on with a password of ours, and the links by which they set it. */
#include "base/json.h"
#include "base/text.h"
#include "rosterctl/body.h"
#include "rosterctl/handlers.h"
#include "rosterctl/path.h"
#include "rosterctl/print.h"
#include "rosterctl/session.h"

#define LINK_LIFE "3d"

static const struct column in_list[] = {
	{ "address", "address", CELL_TEXT },
	{ "name", "name", CELL_TEXT },
	{ "counts", "counts", CELL_TEXT },
	{ "break-glass", "break_glass", CELL_TEXT },
	{ "second factor", "second_factor", CELL_TEXT },
	{ "password set", "password_at", CELL_TIME },
	{ "address proven", "verified_at", CELL_TIME },
	{ "last used", "used_at", CELL_TIME },
	{ 0 },
};

static const struct column of_link[] = { { "open", "url", CELL_TEXT },
					 { "until", "expires_at", CELL_TIME },
					 { 0 } };

static const char *account_path(const struct ctl *ctl)
{
	return path_make(ctl->arena, "/v1/organisations/{}/members/{}/account", ctl_word(ctl, 0),
			 ctl_word(ctl, 1));
}

static const char *part_path(const struct ctl *ctl, const char *part)
{
	return arena_format(ctl->arena, "%s/%s", account_path(ctl), part);
}

int account_list(struct ctl *ctl, struct error *e)
{
	return print_list(ctl, path_make(ctl->arena, "/v1/organisations/{}/accounts", ctl_word(ctl, 0)),
			  &(struct listing){ in_list, "no local accounts" }, e);
}

int account_show(struct ctl *ctl, struct error *e)
{
	return print_thing(ctl, account_path(ctl), in_list, e);
}

int account_link(struct ctl *ctl, struct error *e)
{
	scoped(body) body;

	body_open(&body);
	json_put_text(&body.writer, "expires_in",
		      ctl_given(ctl, "expires") ? ctl_option(ctl, "expires") : LINK_LIFE);
	return print_reply(ctl, "POST", part_path(ctl, "link"), &body, of_link, e);
}

int account_delete(struct ctl *ctl, struct error *e)
{
	struct answer answer;

	if (print_confirm(ctl, "delete the account, so that they cannot sign on by it", e) < 0 ||
	    session_call(ctl->session, ctl->arena, "DELETE", account_path(ctl), NULL, &answer, e) < 0)
		return -1;
	print_line(ctl, "the local account of \"%s\" is deleted", ctl_word(ctl, 1));
	return 0;
}

int account_break_glass(struct ctl *ctl, struct error *e)
{
	struct answer answer;

	if (session_ask(ctl->session, ctl->arena, ctl_given(ctl, "end") ? "DELETE" : "POST",
			part_path(ctl, "break-glass"), NULL, &answer, e) < 0)
		return -1;
	print_answer(ctl, &answer, in_list);
	return 0;
}

int account_second_factor(struct ctl *ctl, struct error *e)
{
	struct answer answer;

	if (print_confirm(ctl, "take the second factor off, so that the password alone signs on", e) < 0 ||
	    session_ask(ctl->session, ctl->arena, "DELETE", part_path(ctl, "second-factor"), NULL, &answer,
			e) < 0)
		return -1;
	print_answer(ctl, &answer, in_list);
	return 0;
}

static int set_policy(struct ctl *ctl, const char *path, const struct column *columns, struct error *e)
{
	scoped(body) body;

	body_open(&body);
	body_text(&body, ctl, "second-factor", "second_factor");
	return print_reply(ctl, "PATCH", path, &body, columns, e);
}

int account_policy(struct ctl *ctl, struct error *e)
{
	static const struct column of_policy[] = { { "second factor", "second_factor", CELL_TEXT }, { 0 } };
	const char *path = path_make(ctl->arena, "/v1/organisations/{}/account-policy", ctl_word(ctl, 0));

	return ctl_given(ctl, "second-factor") ? set_policy(ctl, path, of_policy, e)
					       : print_thing(ctl, path, of_policy, e);
}
