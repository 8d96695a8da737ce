#include "endpoints/sso_logout.h"

#include "base/text.h"
#include "endpoints/page.h"
#include "endpoints/sso.h"
#include "endpoints/sso_attempt.h"
#include "roster/audit.h"
#include "roster/connection.h"

/* A connection that is paused signs nobody on, and lets people go all the same. */
int sso_prepare_logout(struct exchange *x, struct error *e)
{
	struct sso *s = arena_take(x->arena, sizeof(*s));
	struct link_pair values[] = { { "method", x->request->method }, { "query", sso_raw_query(x) } }, *fields;
	struct link_sign_on question = { .step = LINK_ENDED, .attempt = values, .attempt_count = ARRAY_COUNT(values) };
	struct error why;

	x->prepared = s;
	if (sso_arrive(x, s, e) < 0 || sso_read_fields(x, &fields, &question.form_count, e) < 0)
		return -1;
	question.form = fields;
	if (sso_ask(x, s, &question, &why) < 0)
		sso_keep_why(s, &why);
	return 0;
}

/* ---- in the transaction ---- */

static int end_one(struct exchange *x, const struct actor *actor, const struct session *session, struct error *e)
{
	char id[ID_TEXT_SIZE], member[ID_TEXT_SIZE];
	const struct audit_event event = {
		.action = "session.ended",
		.target_kind = "session",
		.target = id_text(&session->id, id),
		.after = exchange_object(x, "member", id_text(&session->user, member), "by", "provider", NULL),
	};
	int64_t ended;

	if (session_end(x->tx, &x->organisation.id, &session->id, NULL, "provider", &ended, e) < 0)
		return -1;
	return ended > 0 ? audit_write(x->tx, &x->organisation.id, actor, &event, e) : 0;
}

/* Those that are found have ended when it looks again, so that it comes to an end. */
static int end_meant(struct exchange *x, const struct sso *s, const struct link_session *meant, struct error *e)
{
	char id[ID_TEXT_SIZE];
	struct actor actor = { .kind = "connector", .id = id_text(&s->connection, id), .source = "api", .request = x->id,
			       .address = x->request->address[0] ? x->request->address : NULL };
	struct connection connection;
	struct session *sessions;
	size_t count;

	if (connection_load(x->tx, x->arena, &x->organisation.id, &s->connection, &connection, e) < 0)
		return -1;
	actor.name = arena_format(x->arena, "%s/%s", x->organisation.slug, connection.name);
	do {
		if (session_meant(x->tx, x->arena, &x->organisation.id, &s->connection, meant->subject, meant->index, &sessions, &count, e) < 0)
			return -1;
		for (size_t i = 0; i < count; i++)
			if (end_one(x, &actor, &sessions[i], e) < 0)
				return -1;
	} while (count == SESSION_ENDED_MOST);
	return 0;
}

static int refuse(struct exchange *x, struct sso *s, struct error *e)
{
	char id[ID_TEXT_SIZE];

	if (sso_begin_unasked(x, s, e) < 0 || sso_note_failure(x, s, e) < 0)
		return -1;
	page_begin(x->reply, s->why.kind == ERROR_DENIED ? 400 : 503, "Nobody was signed out");
	page_says(x->reply, "What your organisation's sign-in says about signing out cannot be followed. An administrator can see why.");
	page_says(x->reply, "Tell them this number: %s", id_text(&s->attempt.id, id));
	page_raw(x->reply, "<p><a href=\"/logout\">Sign out here</a></p>\n");
	page_end(x->reply, NULL);
	return 0;
}

int sso_logout(struct exchange *x, struct error *e)
{
	struct sso *s = x->prepared;

	if (!s->why.code[0] && s->got.message_id && sso_use_message(x, s, e) < 0)
		return -1;
	if (s->why.code[0])
		return refuse(x, s, e);
	for (size_t i = 0; i < s->got.session_count; i++)
		if (end_meant(x, s, &s->got.sessions[i], e) < 0)
			return -1;
	sso_count(s, "signed_off");
	if (s->got.url) {
		sso_send_browser(x, s->got.url, s->got.post_body);
		return 0;
	}
	page_begin(x->reply, 200, "You are signed out");
	page_says(x->reply, "You can close this window.");
	page_end(x->reply, NULL);
	return 0;
}
