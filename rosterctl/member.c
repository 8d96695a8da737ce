/* Members and groups of an organisation. */
#include "base/json.h"
#include "rosterctl/body.h"
#include "rosterctl/cell.h"
#include "rosterctl/exits.h"
#include "rosterctl/handlers.h"
#include "rosterctl/path.h"
#include "rosterctl/print.h"
#include "rosterctl/session.h"

static const struct column in_list[] = {
	{ "name", "name", CELL_TEXT },
	{ "e-mail", "email", CELL_TEXT },
	{ "role", "role", CELL_TEXT },
	{ "state", "state", CELL_TEXT },
	{ "source", "source", CELL_TEXT },
	{ "joined", "joined_at", CELL_TIME },
	{ 0 },
};

/* For telling apart those who share an address or a name. */
static const struct column with_ids[] = {
	{ "id", "id", CELL_TEXT },	   { "name", "name", CELL_TEXT },
	{ "e-mail", "email", CELL_TEXT },  { "guest", "guest", CELL_TEXT },
	{ "role", "role", CELL_TEXT },	   { "state", "state", CELL_TEXT },
	{ "source", "source", CELL_TEXT }, { 0 },
};

static const struct column in_full[] = {
	{ "id", "id", CELL_TEXT },
	{ "name", "name", CELL_TEXT },
	{ "e-mail", "email", CELL_TEXT },
	{ "user name", "user_name", CELL_TEXT },
	{ "title", "title", CELL_TEXT },
	{ "department", "department", CELL_TEXT },
	{ "role", "role", CELL_TEXT },
	{ "role from", "role_source", CELL_TEXT },
	{ "state", "state", CELL_TEXT },
	{ "waiting since", "waiting_since", CELL_TIME },
	{ "waiting to be", "waiting_role", CELL_TEXT },
	{ "suspended by", "suspended_by", CELL_TEXT },
	{ "since", "suspended_at", CELL_TIME },
	{ "can come back until", "grace_until", CELL_TIME },
	{ "left", "left_at", CELL_TIME },
	{ "left because of", "left_by", CELL_TEXT },
	{ "source", "source", CELL_TEXT },
	{ "connection", "connection", CELL_TEXT },
	{ "guest", "guest", CELL_TEXT },
	{ "joined", "joined_at", CELL_TIME },
	{ "last active", "last_active_at", CELL_TIME },
	{ "version", "version", CELL_NUMBER },
	{ 0 },
};

static const struct column of_group[] = {
	{ "name", "name", CELL_TEXT },
	{ "members", "members", CELL_NUMBER },
	{ "connection", "connection", CELL_TEXT },
	{ "in the directory", "remote_id", CELL_TEXT },
	{ "id", "id", CELL_TEXT },
	{ 0 },
};

static const struct column of_group_member[] = {
	{ "name", "name", CELL_TEXT },
	{ "e-mail", "email", CELL_TEXT },
	{ "role", "role", CELL_TEXT },
	{ "state", "state", CELL_TEXT },
	{ 0 },
};

static const char *member_path(const struct ctl *ctl)
{
	return path_make(ctl->arena, "/v1/organisations/{}/members/{}", ctl_word(ctl, 0), ctl_word(ctl, 1));
}

int member_list(struct ctl *ctl, struct error *e)
{
	const char *path = path_make(ctl->arena, "/v1/organisations/{}/members", ctl_word(ctl, 0));

	path = path_with(ctl->arena, path, "state", ctl_option(ctl, "state"));
	path = path_with(ctl->arena, path, "role", ctl_option(ctl, "role"));
	path = path_with(ctl->arena, path, "q", ctl_option(ctl, "match"));
	return print_list(ctl, path,
			  &(struct listing){ ctl_given(ctl, "ids") ? with_ids : in_list, "no members" }, e);
}

int member_add(struct ctl *ctl, struct error *e)
{
	scoped(body) body;

	body_open(&body);
	json_put_text(&body.writer, "email", ctl_word(ctl, 1));
	json_put_text(&body.writer, "name", ctl_word(ctl, 2));
	body_text(&body, ctl, "role", "role");
	return print_reply(ctl, "POST",
			   path_make(ctl->arena, "/v1/organisations/{}/members", ctl_word(ctl, 0)), &body,
			   in_full, e);
}

int member_show(struct ctl *ctl, struct error *e)
{
	return print_thing(ctl, member_path(ctl), in_full, e);
}

/* ---- why they are as they are ---- */

static const struct column of_attribute[] = {
	{ "what", "attribute", CELL_TEXT },
	{ "shown", "value", CELL_TEXT },
	{ "word of", "source,from", CELL_TEXT },
	{ "set", "entry.at", CELL_TIME },
	{ "audit entry", "entry.id", CELL_NUMBER },
	{ "because", "because", CELL_TEXT },
	{ 0 },
};

static const struct column of_word[] = {
	{ "what", "attribute", CELL_TEXT },
	{ "source", "source", CELL_TEXT },
	{ "says", "value", CELL_TEXT },
	{ "by group", "mapping.group_name", CELL_TEXT },
	{ "set by", "entry.actor_name,entry.actor", CELL_TEXT },
	{ "", "verdict", CELL_TEXT },
	{ "why", "why", CELL_TEXT },
	{ 0 },
};

static const struct column of_account[] = {
	{ "entry in", "connection_name", CELL_TEXT },
	{ "key there", "remote_id", CELL_TEXT },
	{ "user name", "user_name", CELL_TEXT },
	{ "language", "locale", CELL_TEXT },
	{ "active", "active", CELL_TEXT },
	{ "since", "first_seen_at", CELL_TIME },
	{ "gone", "gone_at", CELL_TIME },
	{ 0 },
};

static const struct column of_their_group[] = {
	{ "in the group", "name", CELL_TEXT },
	{ "of", "connection_name", CELL_TEXT },
	{ "through", "through_name", CELL_TEXT },
	{ "in the directory", "remote_id", CELL_TEXT },
	{ 0 },
};

static const struct column of_held[] = {
	{ "held plan", "run", CELL_TEXT },
	{ "of", "connection_name", CELL_TEXT },
	{ "would", "kind", CELL_TEXT },
	{ 0 },
};

static const struct column in_explanation[] = {
	{ "id", "id", CELL_TEXT },
	{ "name", "name", CELL_TEXT },
	{ "e-mail", "email", CELL_TEXT },
	{ "waiting since", "waiting_since", CELL_TIME },
	{ "waiting to be", "waiting_role", CELL_TEXT },
	{ "suspended since", "suspended_at", CELL_TIME },
	{ "can come back until", "grace_until", CELL_TIME },
	{ "left", "left_at", CELL_TIME },
	{ "joined", "joined_at", CELL_TIME },
	{ 0 },
};

static void print_part(struct ctl *ctl, const struct answer *answer, const char *name, const struct column *columns)
{
	const struct json *part = json_member(answer->json, name);

	if (json_count(part) == 0)
		return;
	print_line(ctl, "%s", "");
	print_table(ctl, part, columns);
}

/* What is known of them may be older than it looks. */
static void print_refused(struct ctl *ctl, const struct json *accounts)
{
	for (size_t i = 0; i < json_count(accounts); i++) {
		const struct json *account = json_at(accounts, i);

		if (json_text(json_member(account, "refused")))
			print_line(ctl, "the entry in \"%s\" is not taken whole since %s: %s",
				   cell_text(ctl->arena, json_member(account, "connection_name"), CELL_TEXT),
				   cell_text(ctl->arena, json_member(account, "refused_since"), CELL_TIME),
				   cell_text(ctl->arena, json_member(account, "refused"), CELL_TEXT));
	}
}

int member_explain(struct ctl *ctl, struct error *e)
{
	struct answer answer;

	if (session_ask(ctl->session, ctl->arena, "GET", arena_format(ctl->arena, "%s/explain", member_path(ctl)), NULL, &answer,
			e) < 0)
		return -1;
	if (ctl->json) {
		print_answer(ctl, &answer, in_explanation);
		return 0;
	}
	print_record(ctl, json_member(answer.json, "member"), in_explanation);
	print_part(ctl, &answer, "attributes", of_attribute);
	print_part(ctl, &answer, "words", of_word);
	print_part(ctl, &answer, "accounts", of_account);
	print_refused(ctl, json_member(answer.json, "accounts"));
	print_part(ctl, &answer, "groups", of_their_group);
	if (json_bool(json_member(answer.json, "more_groups")))
		print_line(ctl, "... and more groups");
	print_part(ctl, &answer, "held", of_held);
	return 0;
}

/* ---- changed ---- */

static int change_member(struct ctl *ctl, const char *name, const char *value, struct error *e)
{
	scoped(body) body;

	body_open(&body);
	json_put_text(&body.writer, name, value);
	return print_reply(ctl, "PATCH", member_path(ctl), &body, in_full, e);
}

int member_role(struct ctl *ctl, struct error *e)
{
	bool by_directory = ctl_given(ctl, "by-directory");
	struct answer answer;

	if (by_directory == (ctl_word(ctl, 2) != NULL))
		return usage_error(e, "either a role is expected, or --by-directory");
	if (!by_directory)
		return change_member(ctl, "role", ctl_word(ctl, 2), e);
	if (session_ask(ctl->session, ctl->arena, "DELETE",
			arena_format(ctl->arena, "%s/role", member_path(ctl)), NULL, &answer, e) < 0)
		return -1;
	print_answer(ctl, &answer, in_full);
	return 0;
}

int member_suspend(struct ctl *ctl, struct error *e)
{
	return change_member(ctl, "state", "suspended", e);
}

int member_restore(struct ctl *ctl, struct error *e)
{
	return change_member(ctl, "state", "active", e);
}

static void print_tokens(struct ctl *ctl, const struct json *names, const char *what)
{
	for (size_t i = 0; i < json_count(names); i++)
		print_line(ctl, "token %s \"%s\": %s", json_text(json_member(json_at(names, i), "id")),
			   json_text(json_member(json_at(names, i), "name")), what);
}

int member_remove(struct ctl *ctl, struct error *e)
{
	struct answer answer;

	if (print_confirm(ctl,
			  arena_format(ctl->arena, "remove \"%s\" from \"%s\"", ctl_word(ctl, 1),
				       ctl_word(ctl, 0)),
			  e) < 0 ||
	    session_call(ctl->session, ctl->arena, "DELETE", member_path(ctl), NULL, &answer, e) < 0)
		return -1;
	print_line(ctl, "\"%s\" is no longer a member of \"%s\"", ctl_word(ctl, 1), ctl_word(ctl, 0));
	print_tokens(ctl, json_member(json_member(answer.json, "tokens"), "revoked"), "revoked, since it spoke for them");
	print_tokens(ctl, json_member(json_member(answer.json, "tokens"), "suspended"),
		     "suspended, since they answered for it; adopt it (rosterctl token adopt) or revoke it");
	return 0;
}

int group_list(struct ctl *ctl, struct error *e)
{
	return print_list(ctl, path_make(ctl->arena, "/v1/organisations/{}/groups", ctl_word(ctl, 0)),
			  &(struct listing){ of_group, "no groups" }, e);
}

int group_members(struct ctl *ctl, struct error *e)
{
	const char *path = path_make(ctl->arena, "/v1/organisations/{}/groups/{}/members", ctl_word(ctl, 0),
				     ctl_word(ctl, 1));

	return print_list(ctl, path, &(struct listing){ of_group_member, "nobody is in this group" }, e);
}
