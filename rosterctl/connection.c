/* Connections of an organisation, and the plug-ins that they are made of. */
#include "base/json.h"
#include "rosterctl/body.h"
#include "rosterctl/handlers.h"
#include "rosterctl/path.h"
#include "rosterctl/print.h"
#include "rosterctl/safe.h"
#include "rosterctl/session.h"

enum { REMOVE_MOST_MOST = 1000 * 1000 * 1000, SHARE_MOST = 100 /* percent */, PRECEDENCE_MOST = 1000000 };

static const struct column in_list[] = {
	{ "name", "name", CELL_TEXT },
	{ "plug-in", "plugin", CELL_TEXT },
	{ "state", "state", CELL_TEXT },
	{ "last run", "last_run.state", CELL_TEXT },
	{ "schedule", "schedule", CELL_TEXT },
	{ "next due", "next_due_at", CELL_TIME },
	{ "id", "id", CELL_TEXT },
	{ 0 },
};

static const struct column in_bin[] = {
	{ "name", "name", CELL_TEXT },
	{ "plug-in", "plugin", CELL_TEXT },
	{ "deleted", "deleted_at", CELL_TIME },
	{ "thrown away", "purge_after", CELL_TIME },
	{ "id", "id", CELL_TEXT },
	{ 0 },
};

static const struct column in_full[] = {
	{ "id", "id", CELL_TEXT },
	{ "name", "name", CELL_TEXT },
	{ "plug-in", "plugin", CELL_TEXT },
	{ "state", "state", CELL_TEXT },
	{ "paused since", "paused_at", CELL_TIME },
	{ "deleted", "deleted_at", CELL_TIME },
	{ "thrown away", "purge_after", CELL_TIME },
	{ "precedence", "precedence", CELL_NUMBER },
	{ "settings", "settings", CELL_TEXT },
	{ "roles", "roles", CELL_TEXT },
	{ "attributes", "attributes", CELL_TEXT },
	{ "schedule", "schedule", CELL_TEXT },
	{ "whole every", "full_schedule", CELL_TEXT },
	{ "watch", "watch", CELL_TEXT },
	{ "remove at most", "remove_most", CELL_NUMBER },
	{ "remove share %", "remove_share", CELL_NUMBER },
	{ "admins at most", "remove_admins_most", CELL_NUMBER },
	{ "admins share %", "remove_admins_share", CELL_NUMBER },
	{ "group at most", "remove_group_most", CELL_NUMBER },
	{ "group share %", "remove_group_share", CELL_NUMBER },
	{ "last run", "last_run.id", CELL_TEXT },
	{ "how it ended", "last_run.state", CELL_TEXT },
	{ "not taken", "refused", CELL_NUMBER }, /* "connection refused" says whom, and why */
	{ "next due", "next_due_at", CELL_TIME },
	{ "managed by", "managed_by", CELL_TEXT },
	{ "its line", "managed_line", CELL_TEXT },
	{ "file gone since", "orphaned_at", CELL_TIME },
	{ "version", "version", CELL_NUMBER },
	{ "base URL", "base_url", CELL_TEXT },
	{ "messages to", "hook_url", CELL_TEXT },
	{ "subscription", "subscription.state", CELL_TEXT },
	{ "renewed next", "subscription.renew_at", CELL_TIME },
	{ "its trouble", "subscription.error_text", CELL_TEXT },
	{ "token", "token", CELL_TEXT }, /* of one whose directory pushes, when it is made */
	{ 0 },
};

static const struct column of_refused[] = {
	{ "account", "remote_id", CELL_TEXT },
	{ "user name", "user_name", CELL_TEXT },
	{ "e-mail", "email", CELL_TEXT },
	{ "last seen", "last_seen_at", CELL_TIME },
	{ "code", "code", CELL_TEXT },
	{ "reason", "reason", CELL_TEXT }, /* a sentence: nothing stands behind it */
	{ 0 },
};

static const struct column of_notification[] = {
	{ "received", "received_at", CELL_TIME },
	{ "message", "message_id", CELL_TEXT },
	{ "about", "subjects", CELL_NUMBER },
	{ "state", "state", CELL_TEXT },
	{ "run", "run", CELL_TEXT },
	{ "the run", "run_state", CELL_TEXT },
	{ "failed", "tries", CELL_NUMBER },
	{ 0 },
};

static const struct column of_plugin[] = {
	{ "name", "name", CELL_TEXT },
	{ "title", "title", CELL_TEXT },
	{ "abilities", "abilities", CELL_TEXT },
	{ "unusable because", "unusable", CELL_TEXT },
	{ 0 },
};

static const struct column of_setting[] = {
	{ "setting", "name", CELL_TEXT },
	{ "type", "type", CELL_TEXT },
	{ "required", "required", CELL_TEXT },
	{ "default", "default", CELL_TEXT },
	{ "choices", "choices", CELL_TEXT },
	{ "what it is", "words", CELL_TEXT },
	{ 0 },
};

/* The address of the connection that is the first argument, ORG/NAME, with what follows it. */
#define SETUP_LINK_LIFE "7d" /* that the help promises */

static int connection_path(const struct ctl *ctl, const char *then, const char **ret, struct error *e)
{
	const char *organisation, *name;

	if (path_split(ctl->arena, ctl_word(ctl, 0), "CONNECTION", &organisation, &name, e) < 0)
		return -1;
	*ret = arena_format(ctl->arena, "%s%s",
			    path_make(ctl->arena, "/v1/organisations/{}/connections/{}", organisation, name),
			    then);
	return 0;
}

/* What create and set have in common. */
static int write_connection(struct body *body, const struct ctl *ctl, struct error *e)
{
	if (ctl_option(ctl, "private-addresses"))
		json_put_bool(&body->writer, "private_addresses", text_equal(ctl_option(ctl, "private-addresses"), "yes"));
	body_text(body, ctl, "schedule", "schedule");
	body_text(body, ctl, "full-schedule", "full_schedule");
	if (ctl_given(ctl, "watch"))
		json_put_bool(&body->writer, "watch", text_equal(ctl_option(ctl, "watch"), "yes"));
	body_text(body, ctl, "grace", "grace");
	if (body_settings(body, ctl, e) < 0 || body_roles(body, ctl, e) < 0 ||
	    body_attributes(body, ctl, e) < 0 ||
	    body_number(body, ctl, "remove-most", "remove_most", 0, REMOVE_MOST_MOST, e) < 0 ||
	    body_number(body, ctl, "remove-share", "remove_share", 0, SHARE_MOST, e) < 0 ||
	    body_number(body, ctl, "remove-admins-most", "remove_admins_most", 0, REMOVE_MOST_MOST, e) < 0 ||
	    body_number(body, ctl, "remove-admins-share", "remove_admins_share", 0, SHARE_MOST, e) < 0 ||
	    body_number(body, ctl, "remove-group-most", "remove_group_most", 0, REMOVE_MOST_MOST, e) < 0 ||
	    body_number(body, ctl, "remove-group-share", "remove_group_share", 0, SHARE_MOST, e) < 0)
		return -1;
	return 0;
}

int connection_create(struct ctl *ctl, struct error *e)
{
	scoped(body) body;

	body_open(&body);
	json_put_text(&body.writer, "plugin", ctl_word(ctl, 1));
	json_put_text(&body.writer, "name", ctl_word(ctl, 2));
	if (body_number(&body, ctl, "precedence", "precedence", 0, PRECEDENCE_MOST, e) < 0 || write_connection(&body, ctl, e) < 0)
		return -1;
	if (print_reply(ctl, "POST",
			path_make(ctl->arena, "/v1/organisations/{}/connections", ctl_word(ctl, 0)), &body,
			in_full, e) < 0)
		return -1;
	print_hint(ctl, "try it: rosterctl connection test %s/%s", ctl_word(ctl, 0), ctl_word(ctl, 2));
	return 0;
}

int connection_list(struct ctl *ctl, struct error *e)
{
	const char *path = path_make(ctl->arena, "/v1/organisations/{}/connections", ctl_word(ctl, 0));

	if (ctl_given(ctl, "deleted"))
		return print_list(ctl, path_with(ctl->arena, path, "state", "deleted"), &(struct listing){ in_bin, "no deleted connections" },
				  e);
	return print_list(ctl, path, &(struct listing){ in_list, "no connections" }, e);
}

int connection_show(struct ctl *ctl, struct error *e)
{
	const char *path;

	if (connection_path(ctl, "", &path, e) < 0)
		return -1;
	return print_thing(ctl, path, in_full, e);
}

int connection_set(struct ctl *ctl, struct error *e)
{
	scoped(body) body;
	const char *path;

	body_open(&body);
	body_text(&body, ctl, "name", "name");
	body_text(&body, ctl, "state", "state");
	if (connection_path(ctl, "", &path, e) < 0 || write_connection(&body, ctl, e) < 0)
		return -1;
	return print_reply(ctl, "PATCH", path, &body, in_full, e);
}

/* What the plug-in noted on the way, and why it did not work. */
static int judge_test(struct ctl *ctl, const struct answer *answer, struct error *e)
{
	const struct json *notes = json_member(answer->json, "notes"),
			  *why = json_member(answer->json, "error");
	const char *code = json_text(json_member(why, "code")), *text = json_text(json_member(why, "text"));

	for (size_t i = 0; i < json_count(notes); i++)
		print_line(ctl, "%s", json_text(json_at(notes, i)) ? json_text(json_at(notes, i)) : "-");
	if (!json_bool(json_member(answer->json, "ok")))
		return error_set(e, ERROR_REMOTE, code ? code : "connection.test", "%s",
				 text ? text
				      : "the connection does not work, and nothing was said about why");
	print_line(ctl, "connection \"%s\" works", ctl_word(ctl, 0));
	return 0;
}

int connection_test(struct ctl *ctl, struct error *e)
{
	struct answer answer;
	const char *path;

	if (connection_path(ctl, "/test", &path, e) < 0 ||
	    session_ask(ctl->session, ctl->arena, "POST", path, NULL, &answer, e) < 0)
		return -1;
	if (ctl->json)
		print_answer(ctl, &answer, in_full);
	return judge_test(ctl, &answer, e);
}

int connection_setup_link(struct ctl *ctl, struct error *e)
{
	static const struct column of_link[] = {
		{ "token", "token", CELL_TEXT }, { "ends", "expires_at", CELL_TIME }, { "id", "id", CELL_TEXT }, { 0 },
	};
	const char *path;
	scoped(body) body;

	body_open(&body);
	json_put_text(&body.writer, "expires_in", ctl_given(ctl, "expires") ? ctl_option(ctl, "expires") : SETUP_LINK_LIFE);
	if (connection_path(ctl, "/setup-link", &path, e) < 0 || print_reply(ctl, "POST", path, &body, of_link, e) < 0)
		return -1;
	print_hint(ctl, "it is shown once; \"rosterctl token revoke ID --organisation ORG\" ends it");
	return 0;
}

int connection_refused(struct ctl *ctl, struct error *e)
{
	const char *path;

	if (connection_path(ctl, "/refused", &path, e) < 0)
		return -1;
	return print_list(ctl, path, &(struct listing){ of_refused, "nobody is refused" }, e);
}

int connection_notifications(struct ctl *ctl, struct error *e)
{
	const char *path;

	if (connection_path(ctl, "/notifications", &path, e) < 0)
		return -1;
	path = path_with(ctl->arena, path, "run", ctl_option(ctl, "run"));
	return print_list(ctl, path, &(struct listing){ of_notification, "its directory has told nothing so far" }, e);
}

int connection_same_directory(struct ctl *ctl, struct error *e)
{
	struct answer answer;
	const char *path;

	if (connection_path(ctl, "/same-directory", &path, e) < 0 ||
	    session_ask(ctl->session, ctl->arena, "POST", path, NULL, &answer, e) < 0)
		return -1;
	if (ctl->json)
		print_answer(ctl, &answer, in_full);
	print_line(ctl, "connection \"%s\" reads the same directory as before; its runs are judged like any other", ctl_word(ctl, 0));
	return 0;
}

int plugin_list(struct ctl *ctl, struct error *e)
{
	return print_list(ctl, "/v1/plugins", &(struct listing){ of_plugin, "no plug-ins" }, e);
}

int plugin_show(struct ctl *ctl, struct error *e)
{
	struct answer answer;

	if (session_ask(ctl->session, ctl->arena, "GET",
			path_make(ctl->arena, "/v1/plugins/{}", ctl_word(ctl, 0)), NULL, &answer, e) < 0)
		return -1;
	print_answer(ctl, &answer, of_plugin);
	if (!ctl->json)
		print_table(ctl, json_member(answer.json, "settings"), of_setting);
	return 0;
}
