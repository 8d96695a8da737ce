/* The operator's applications, which sign people on here; and the keys that sign for them. */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "rosterctl/body.h"
#include "rosterctl/handlers.h"
#include "rosterctl/path.h"
#include "rosterctl/print.h"
#include "rosterctl/session.h"

#define OVERLAP "24h" /* that the help promises */

static const struct column in_short[] = {
	{ "name", "name", CELL_TEXT },
	{ "title", "title", CELL_TEXT },
	{ "public", "public", CELL_TEXT },
	{ "sends people to", "redirect_uris", CELL_TEXT },
	{ "told of logout at", "backchannel_uri", CELL_TEXT },
	{ "state", "state", CELL_TEXT },
	{ 0 },
};

static const struct column in_full[] = {
	{ "name", "name", CELL_TEXT },
	{ "title", "title", CELL_TEXT },
	{ "public", "public", CELL_TEXT },
	{ "sends people to", "redirect_uris", CELL_TEXT },
	{ "after logout to", "logout_uris", CELL_TEXT },
	{ "told of logout at", "backchannel_uri", CELL_TEXT },
	{ "asks about tokens", "introspects", CELL_TEXT },
	{ "algorithm", "algorithm", CELL_TEXT },
	{ "state", "state", CELL_TEXT },
	{ "has a secret", "has_secret", CELL_TEXT },
	{ "described by", "managed_by", CELL_TEXT },
	{ "in line", "managed_line", CELL_NUMBER },
	{ "orphaned", "orphaned_at", CELL_TIME },
	{ "made by", "created_by", CELL_TEXT },
	{ "made", "created_at", CELL_TIME },
	{ "version", "version", CELL_NUMBER },
	{ "secret", "secret", CELL_TEXT },
	{ "id", "id", CELL_TEXT },
	{ 0 },
};

static const struct column of_keys[] = {
	{ "id", "id", CELL_TEXT },
	{ "algorithm", "algorithm", CELL_TEXT },
	{ "state", "state", CELL_TEXT },
	{ "signs from", "signs_from", CELL_TIME },
	{ "signs until", "signs_until", CELL_TIME },
	{ "believed until", "published_until", CELL_TIME },
	{ 0 },
};

static const char *client_path(const struct ctl *ctl, const char *tail)
{
	return arena_format(ctl->arena, "%s%s", path_make(ctl->arena, "/v1/clients/{}", ctl_word(ctl, 0)),
			    tail);
}

/* Texts that can be taken away by "none". */
static void body_text_or_none(struct body *body, const struct ctl *ctl, const char *option,
			      const char *member)
{
	const char *given = ctl_given(ctl, option) ? ctl_option(ctl, option) : NULL;

	if (given && text_equal(given, "none"))
		json_put_null(&body->writer, member);
	else
		body_text(body, ctl, option, member);
}

static void body_texts_or_none(struct body *body, const struct ctl *ctl, const char *option,
			       const char *member)
{
	if (ctl_given(ctl, option) && text_equal(ctl_option(ctl, option), "none")) {
		json_begin_array(&body->writer, member);
		json_end_array(&body->writer);
	} else {
		body_texts(body, ctl, option, member);
	}
}

int client_list(struct ctl *ctl, struct error *e)
{
	return print_list(ctl, "/v1/clients", &(struct listing){ in_short, "no applications" }, e);
}

int client_create(struct ctl *ctl, struct error *e)
{
	scoped(body) body;

	body_open(&body);
	json_put_text(&body.writer, "name", ctl_word(ctl, 0));
	body_text(&body, ctl, "title", "title");
	body_texts(&body, ctl, "redirect", "redirect_uris");
	body_texts(&body, ctl, "logout", "logout_uris");
	body_text(&body, ctl, "backchannel", "backchannel_uri");
	body_text(&body, ctl, "algorithm", "algorithm");
	if (ctl_given(ctl, "public"))
		json_put_bool(&body.writer, "public", true);
	if (ctl_given(ctl, "introspects"))
		json_put_bool(&body.writer, "introspects", text_equal(ctl_option(ctl, "introspects"), "yes"));
	if (print_reply(ctl, "POST", "/v1/clients", &body, in_full, e) < 0)
		return -1;
	if (!ctl_given(ctl, "public"))
		print_hint(ctl, "the secret is shown once; give it to the application with its name, which "
				"is its client_id");
	return 0;
}

int client_show(struct ctl *ctl, struct error *e)
{
	return print_thing(ctl, client_path(ctl, ""), in_full, e);
}

int client_set(struct ctl *ctl, struct error *e)
{
	scoped(body) body;

	body_open(&body);
	body_text_or_none(&body, ctl, "title", "title");
	body_texts(&body, ctl, "redirect", "redirect_uris");
	body_texts_or_none(&body, ctl, "logout", "logout_uris");
	body_text_or_none(&body, ctl, "backchannel", "backchannel_uri");
	body_text(&body, ctl, "algorithm", "algorithm");
	body_text(&body, ctl, "state", "state");
	if (ctl_given(ctl, "introspects"))
		json_put_bool(&body.writer, "introspects", text_equal(ctl_option(ctl, "introspects"), "yes"));
	return print_reply(ctl, "PATCH", client_path(ctl, ""), &body, in_full, e);
}

int client_rotate(struct ctl *ctl, struct error *e)
{
	scoped(body) body;

	body_open(&body);
	json_put_text(&body.writer, "overlap",
		      ctl_given(ctl, "overlap") ? ctl_option(ctl, "overlap") : OVERLAP);
	if (print_reply(ctl, "POST", client_path(ctl, "/rotate"), &body, in_full, e) < 0)
		return -1;
	print_hint(ctl, "the secret is shown once; until the overlap is over, the former one counts too");
	return 0;
}

int client_delete(struct ctl *ctl, struct error *e)
{
	struct answer answer;

	if (print_confirm(ctl,
			  arena_format(ctl->arena, "delete the application \"%s\" with all that it was given",
				       ctl_word(ctl, 0)),
			  e) < 0 ||
	    session_call(ctl->session, ctl->arena, "DELETE", client_path(ctl, ""), NULL, &answer, e) < 0)
		return -1;
	print_line(ctl, "application \"%s\" is deleted", ctl_word(ctl, 0));
	return 0;
}

int client_adopt(struct ctl *ctl, struct error *e)
{
	struct answer answer;

	if (session_ask(ctl->session, ctl->arena, "POST", client_path(ctl, "/adopt"), NULL, &answer, e) < 0)
		return -1;
	print_answer(ctl, &answer, in_full);
	return 0;
}

int signing_key_list(struct ctl *ctl, struct error *e)
{
	return print_list(ctl, "/v1/signing-keys",
			  &(struct listing){ of_keys, "no keys: \"public_url\" of rosterd.conf is not set" },
			  e);
}

int signing_key_roll(struct ctl *ctl, struct error *e)
{
	struct answer answer;
	scoped(body) body;

	body_open(&body);
	body_text(&body, ctl, "algorithm", "algorithm");
	if (ctl_given(ctl, "now"))
		json_put_bool(&body.writer, "now", true);
	if (ctl_given(ctl, "revoke"))
		json_put_bool(&body.writer, "revoke", true);
	if (body_end(&body, e) < 0 ||
	    (ctl_given(ctl, "revoke") &&
	     print_confirm(ctl, "take the former keys away, so that no application believes what they signed",
			   e) < 0) ||
	    session_call(ctl->session, ctl->arena, "POST", "/v1/signing-keys/roll", &body.buffer, &answer,
			 e) < 0)
		return -1;
	if (ctl->json)
		print_answer(ctl, &answer, of_keys);
	else
		print_table(ctl, json_member(answer.json, "items"), of_keys);
	return 0;
}
