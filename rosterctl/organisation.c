/* Organisations and their domains. */
#include "base/json.h"
#include "rosterctl/body.h"
#include "rosterctl/handlers.h"
#include "rosterctl/path.h"
#include "rosterctl/print.h"
#include "rosterctl/session.h"

static const struct column in_list[] = {
	{ "slug", "slug", CELL_TEXT },
	{ "name", "name", CELL_TEXT },
	{ "type", "type", CELL_TEXT },
	{ "plan", "plan", CELL_TEXT },
	{ "state", "state", CELL_TEXT },
	{ "members", "members", CELL_NUMBER },
	{ "id", "id", CELL_TEXT },
	{ 0 },
};

static const struct column in_full[] = {
	{ "id", "id", CELL_TEXT },
	{ "slug", "slug", CELL_TEXT },
	{ "name", "name", CELL_TEXT },
	{ "type", "type", CELL_TEXT },
	{ "plan", "plan", CELL_TEXT },
	{ "limit set", "seat_limit", CELL_TEXT },
	{ "seats taken", "seats.used", CELL_NUMBER },
	{ "seats in all", "seats.limit", CELL_NUMBER },
	{ "waiting for one", "seats.waiting", CELL_NUMBER },
	{ "state", "state", CELL_TEXT },
	{ "default role", "default_role", CELL_TEXT },
	{ "IP allow-list", "ip_allow_list", CELL_TEXT },
	{ "retention days", "retention_days", CELL_NUMBER },
	{ "grace", "grace", CELL_TEXT },
	{ "session idle", "session_idle", CELL_TEXT },
	{ "session length", "session_length", CELL_TEXT },
	{ "former slugs", "former_slugs", CELL_TEXT },
	{ "owner", "owner", CELL_TEXT },
	{ "owner absent", "owner_absent_at", CELL_TIME },
	{ "members", "members", CELL_NUMBER },
	{ "managed by", "managed_by", CELL_TEXT },
	{ "its line", "managed_line", CELL_TEXT },
	{ "file gone since", "orphaned_at", CELL_TIME },
	{ "created", "created_at", CELL_TIME },
	{ "version", "version", CELL_NUMBER },
	{ "deleted", "deleted_at", CELL_TIME },
	{ "purged after", "purge_after", CELL_TIME },
	{ 0 },
};

static const struct column of_domain[] = {
	{ "domain", "domain", CELL_TEXT },
	{ "state", "state", CELL_TEXT },
	{ "proven by", "proven_by", CELL_TEXT },
	{ "proven at", "proven_at", CELL_TIME },
	{ 0 },
};

static const struct column domain_in_full[] = {
	{ "domain", "domain", CELL_TEXT },
	{ "state", "state", CELL_TEXT },
	{ "proven by", "proven_by", CELL_TEXT },
	{ "proven at", "proven_at", CELL_TIME },
	{ "provider alone", "sso_only", CELL_TEXT },
	{ "managed by", "managed_by", CELL_TEXT },
	{ "record", "challenge.name", CELL_TEXT },
	{ "of type", "challenge.type", CELL_TEXT },
	{ "says", "challenge.value", CELL_TEXT },
	{ "found", "challenge.found", CELL_TEXT },
	{ "looked at", "challenge.checked_at", CELL_TIME },
	{ "given up", "challenge.expires_at", CELL_TIME },
	{ 0 },
};

static const char *domain_path(const struct ctl *ctl)
{
	return path_make(ctl->arena, "/v1/organisations/{}/domains/{}", ctl_word(ctl, 0), ctl_word(ctl, 1));
}

static const char *organisation_path(const struct ctl *ctl)
{
	return path_make(ctl->arena, "/v1/organisations/{}", ctl_word(ctl, 0));
}

int organisation_create(struct ctl *ctl, struct error *e)
{
	scoped(body) body;

	body_open(&body);
	json_put_text(&body.writer, "name", ctl_word(ctl, 0));
	body_text(&body, ctl, "type", "type");
	body_text(&body, ctl, "plan", "plan");
	body_text(&body, ctl, "seats", "seat_limit");
	body_text(&body, ctl, "slug", "slug");
	body_text(&body, ctl, "default-role", "default_role");
	return print_reply(ctl, "POST", "/v1/organisations", &body, in_full, e);
}

int organisation_list(struct ctl *ctl, struct error *e)
{
	const char *path = path_with(ctl->arena, "/v1/organisations", "state",
				     ctl_given(ctl, "deleted") ? "deleted" : NULL);

	return print_list(ctl, path, &(struct listing){ in_list, "no organisations" }, e);
}

int organisation_show(struct ctl *ctl, struct error *e)
{
	return print_thing(ctl, organisation_path(ctl), in_full, e);
}

int organisation_set(struct ctl *ctl, struct error *e)
{
	scoped(body) body;

	body_open(&body);
	body_text(&body, ctl, "name", "name");
	body_text(&body, ctl, "slug", "slug");
	body_text(&body, ctl, "type", "type");
	body_text(&body, ctl, "plan", "plan");
	body_text(&body, ctl, "seats", "seat_limit");
	body_text(&body, ctl, "state", "state");
	body_text(&body, ctl, "default-role", "default_role");
	body_text(&body, ctl, "grace", "grace");
	body_text(&body, ctl, "session-idle", "session_idle");
	body_text(&body, ctl, "session-length", "session_length");
	if (ctl_given(ctl, "let-wait"))
		json_put_text(&body.writer, "seats_over", "wait");
	body_list(&body, ctl, "ip-allow-list", "ip_allow_list", "any");
	if (body_number(&body, ctl, "retention-days", "retention_days", 1, INT32_MAX, e) < 0)
		return -1;
	return print_reply(ctl, "PATCH", organisation_path(ctl), &body, in_full, e);
}

int organisation_delete(struct ctl *ctl, struct error *e)
{
	struct answer answer;

	if (print_confirm(ctl,
			  arena_format(ctl->arena, "delete the organisation \"%s\" and keep all of it out",
				       ctl_word(ctl, 0)),
			  e) < 0 ||
	    session_ask(ctl->session, ctl->arena, "DELETE", organisation_path(ctl), NULL, &answer, e) < 0)
		return -1;
	print_answer(ctl, &answer, in_full);
	return 0;
}

int organisation_restore(struct ctl *ctl, struct error *e)
{
	struct answer answer;

	if (session_ask(ctl->session, ctl->arena, "POST",
			path_make(ctl->arena, "/v1/organisations/{}/restore", ctl_word(ctl, 0)), NULL,
			&answer, e) < 0)
		return -1;
	print_answer(ctl, &answer, in_full);
	return 0;
}

int organisation_owner(struct ctl *ctl, struct error *e)
{
	scoped(body) body;

	body_open(&body);
	json_put_text(&body.writer, "member", ctl_word(ctl, 1));
	return print_reply(ctl, "POST", path_make(ctl->arena, "/v1/organisations/{}/owner", ctl_word(ctl, 0)),
			   &body, in_full, e);
}

int domain_add(struct ctl *ctl, struct error *e)
{
	scoped(body) body;

	body_open(&body);
	json_put_text(&body.writer, "domain", ctl_word(ctl, 1));
	body_text(&body, ctl, "proof", "proof");
	return print_reply(ctl, "POST",
			   path_make(ctl->arena, "/v1/organisations/{}/domains", ctl_word(ctl, 0)), &body,
			   domain_in_full, e);
}

int domain_show(struct ctl *ctl, struct error *e)
{
	return print_thing(ctl, domain_path(ctl), domain_in_full, e);
}

int domain_check(struct ctl *ctl, struct error *e)
{
	const char *path = path_make(ctl->arena, "/v1/organisations/{}/domains/{}/check", ctl_word(ctl, 0), ctl_word(ctl, 1));
	struct answer answer;

	if (session_ask(ctl->session, ctl->arena, "POST", path, NULL, &answer, e) < 0)
		return -1;
	print_answer(ctl, &answer, domain_in_full);
	return 0;
}

int domain_sso_only(struct ctl *ctl, struct error *e)
{
	const char *path = path_make(ctl->arena, "/v1/organisations/{}/domains/{}", ctl_word(ctl, 0), ctl_word(ctl, 1));
	scoped(body) body;

	body_open(&body);
	json_put_bool(&body.writer, "sso_only", !ctl_given(ctl, "end"));
	return print_reply(ctl, "PATCH", path, &body, domain_in_full, e);
}

int domain_list(struct ctl *ctl, struct error *e)
{
	return print_list(ctl, path_make(ctl->arena, "/v1/organisations/{}/domains", ctl_word(ctl, 0)),
			  &(struct listing){ of_domain, "no domains" }, e);
}

int domain_remove(struct ctl *ctl, struct error *e)
{
	struct answer answer;

	if (session_call(ctl->session, ctl->arena, "DELETE", domain_path(ctl), NULL, &answer, e) < 0)
		return -1;
	print_line(ctl, "domain \"%s\" is removed from \"%s\"", ctl_word(ctl, 1), ctl_word(ctl, 0));
	return 0;
}
