#include "endpoints/sessions.h"

#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/secret.h"
#include "base/text.h"
#include "endpoints/connections.h"
#include "endpoints/cookie.h"
#include "endpoints/form.h"
#include "endpoints/members.h"
#include "endpoints/page.h"
#include "endpoints/return_to.h"
#include "endpoints/speaker.h"
#include "endpoints/sso.h"
#include "roster/connection.h"
#include "roster/member.h"
#include "roster/session.h"

/* ---- who is signed in ---- */

/* From prepare to answer, of signing off. */
struct speaker {
	struct session session; /* id nil: nobody is */
	bool ours; /* the cookie came along, with a request that a page of ours made */
	const char *return_to, *url, *post_body;
};

static int check_speaker(struct exchange *x, const struct session *session, struct error *e)
{
	if (speaker_check(x, session, e) < 0)
		return -1;
	speaker_become(x, session);
	return 0;
}

int sessions_prepare_speaker(struct exchange *x, struct error *e)
{
	struct session *session = arena_take(x->arena, sizeof(*session));
	int found = speaker_find(x, session, e);

	x->prepared = session;
	if (found <= 0)
		return found == 0 ? speaker_nobody(e) : -1;
	return check_speaker(x, session, e);
}

/* It was shown just now, so it lasts as long again. */
static int64_t end_of(const struct session *s)
{
	int64_t idle_end = clock_now_us() + s->idle_ms * 1000;

	return idle_end < s->expires_at ? idle_end : s->expires_at;
}

static void put_speaker(struct exchange *x, const struct session *s)
{
	struct json_writer w;

	exchange_reply(x, 200, &w);
	json_begin_object(&w, NULL);
	json_put_text(&w, "email", s->email);
	json_put_text(&w, "name", s->name);
	json_put_text(&w, "role", s->role);
	json_put_text(&w, "organisation", s->slug);
	exchange_put_id(&w, "member", &s->user);
	exchange_put_id(&w, "session", &s->id);
	json_put_time(&w, "began_at", s->began_at);
	json_put_time(&w, "expires_at", end_of(s));
	json_end_object(&w);
}

int sessions_speaker(struct exchange *x, struct error *e)
{
	(void)e;
	put_speaker(x, x->prepared);
	return 0;
}

int sessions_speaker_at_once(struct exchange *x, struct error *e)
{
	struct session session;
	uint8_t hash[CRYPT_DIGEST_SIZE];
	int64_t age_ms;

	if (!cookie_session(x->request, x->arena, hash))
		return speaker_nobody(e);
	if (speaker_recall(x, &session, &age_ms) == 0 || age_ms > x->options->verify_stale_ms)
		return 0;
	if (check_speaker(x, &session, e) < 0)
		return -1;
	put_speaker(x, &session);
	return 1;
}

/* ---- signing off ---- */

/* A form of another site is refused though the cookie would not come with it (SameSite): a browser may be old. */
static int check_origin(struct exchange *x, struct error *e)
{
	const char *origin = request_header(x->request, "Origin"), *site = request_header(x->request, "Sec-Fetch-Site");

	if ((site && !text_equal(site, "same-origin") && !text_equal(site, "none")) ||
	    (origin && !text_equal(origin, "null") && x->options->public_url && !text_equal(origin, x->options->public_url)))
		return error_set(e, ERROR_DENIED, "session.origin", "another site asks to sign somebody off; open %s/logout instead",
				 x->options->public_url ? x->options->public_url : "");
	return 0;
}

/* A page of another site that hides where it is from ("null") does not take the cookie away. Ours say that too, for they send no referrer; but browsers
 * that know of Sec-Fetch-Site tell the two apart, and with another one the session is over all the same. */
static bool is_ours(const struct exchange *x)
{
	const char *origin = request_header(x->request, "Origin");

	return cookie_find(x->request, x->arena, COOKIE_SESSION) && (request_header(x->request, "Sec-Fetch-Site") || !text_equal(origin, "null"));
}

static int read_provider(struct exchange *x, const struct session *s, struct secret **ret, struct error *e)
{
	int found = exchange_begin(x, e) < 0
			    ? -1
			    : session_provider(x->tx, x->options->crypt_keys, &s->organisation, &s->id, ret, e);

	tx_close(&x->tx);
	return found < 0 ? -1 : 0;
}

/* The provider's own session is its affair: if it cannot be told, the person is signed off here all the same. */
static void ask_provider(struct exchange *x, struct speaker *speaker)
{
	const struct session *s = &speaker->session;
	scoped(secret) *provider = NULL;
	struct error why = { 0 };

	if (id_is_nil(&s->connection) || !s->remote_id)
		return;
	if (read_provider(x, s, &provider, &why) < 0 ||
	    sso_logout_at_provider(x, &s->organisation, &s->connection, s->remote_id, provider ? secret_text(provider) : NULL, &speaker->url,
				   &speaker->post_body, &why) < 0)
		log_failure(x->options->log, LOG_LEVEL_INFO, "a provider could not be told that somebody signs off", &why);
}

int sessions_prepare_logout(struct exchange *x, struct error *e)
{
	struct speaker *speaker = arena_take(x->arena, sizeof(*speaker));
	struct link_pair *fields = NULL;
	size_t count = 0;
	int found;

	x->prepared = speaker;
	if (check_origin(x, e) < 0 || (x->request->body_size > 0 && form_read(x->request, x->arena, &fields, &count, e) < 0))
		return -1;
	speaker->ours = is_ours(x);
	speaker->return_to = form_field(fields, count, "return_to");
	if (return_to_check(x->options->return_to, speaker->return_to, e) < 0)
		return -1;
	found = speaker_find(x, &speaker->session, e);
	if (found < 0)
		return -1;
	if (found == 1) {
		speaker_become(x, &speaker->session);
		ask_provider(x, speaker);
	}
	return 0;
}

static int end_one(struct exchange *x, const struct id *id, const struct id *member, const char *by, struct error *e)
{
	char session[ID_TEXT_SIZE], user[ID_TEXT_SIZE];
	int64_t ended;

	if (session_end(x->tx, &x->organisation.id, id, NULL, by, &ended, e) < 0)
		return -1;
	if (ended == 0)
		return 0;
	return exchange_audit(x, "session.ended", "session", id_text(id, session), NULL, NULL,
			      exchange_object(x, "member", member ? id_text(member, user) : NULL, "by", by, NULL), e) < 0
		       ? -1
		       : 1;
}

int sessions_logout(struct exchange *x, struct error *e)
{
	const struct speaker *speaker = x->prepared;

	if (!id_is_nil(&speaker->session.id) && end_one(x, &speaker->session.id, &speaker->session.user, "member", e) < 0)
		return -1;
	if (speaker->ours)
		cookie_set_session(x->reply, NULL);
	reply_header(x->reply, "Clear-Site-Data", "\"cache\"");
	if (speaker->url) {
		sso_send_browser(x, speaker->url, speaker->post_body);
	} else if (speaker->return_to) {
		x->reply->status = 303;
		reply_header(x->reply, "Location", "%s%s", speaker->return_to[0] == '/' ? x->options->public_url : "", speaker->return_to);
	} else {
		page_begin(x->reply, 200, "You are signed out");
		page_says(x->reply, "You can close this window.");
		page_end(x->reply, NULL);
	}
	return 0;
}

/* A link cannot sign anybody off: it is a form. */
int sessions_ask_logout(struct exchange *x, struct error *e)
{
	(void)e;
	page_begin(x->reply, 200, "Sign out");
	page_raw(x->reply, "<form method=\"post\" action=\"/logout\">\n<p><button type=\"submit\" autofocus>Sign out</button></p>\n</form>\n");
	page_end(x->reply, "https: http:");
	return 0;
}

/* ---- for administrators, and of oneself ---- */

static void put_session(struct json_writer *w, const struct session *s)
{
	json_begin_object(w, NULL);
	exchange_put_id(w, "id", &s->id);
	exchange_put_id(w, "member", &s->user);
	json_put_text(w, "email", s->email);
	json_put_text(w, "name", s->name);
	exchange_put_id(w, "connection", &s->connection);
	json_put_time(w, "began_at", s->began_at);
	json_put_time(w, "seen_at", s->seen_at);
	json_put_time(w, "expires_at", s->expires_at);
	json_put_text(w, "address", s->address);
	json_put_text(w, "agent", s->agent);
	json_end_object(w);
}

static int list(struct exchange *x, const struct id *user, struct error *e)
{
	struct session *sessions;
	struct json_writer w;
	const struct id *after;
	struct id after_id;
	size_t count;
	int limit;
	char next[ID_TEXT_SIZE];

	if (exchange_page_id(x, &limit, &after_id, &after, e) < 0 ||
	    session_list(x->tx, x->arena, &x->organisation.id, user, after, limit, &sessions, &count, e) < 0)
		return -1;
	exchange_list_begin(x, &w);
	for (size_t i = 0; i < count; i++)
		put_session(&w, &sessions[i]);
	exchange_list_end(&w, count == (size_t)limit ? id_text(&sessions[count - 1].id, next) : NULL);
	return 0;
}

int sessions_list(struct exchange *x, struct error *e)
{
	return list(x, NULL, e);
}

/* Their own are anybody's to see and end; those of others are the administrators'. */
static int find_member_to_change(struct exchange *x, struct member *ret, struct error *e)
{
	if (members_find(x, request_segment(x->request, "member"), ret, e) < 0)
		return -1;
	if (x->principal.kind == PRINCIPAL_MEMBER && id_equal(&ret->user, &x->principal.user))
		return 0;
	return exchange_may(x, (struct question){ .permit = PERMIT_REMOVE_MEMBERS, .target_is_owner = text_equal(ret->role, "owner") }, e);
}

int sessions_list_of_member(struct exchange *x, struct error *e)
{
	struct member member;

	return find_member_to_change(x, &member, e) < 0 ? -1 : list(x, &member.user, e);
}

static const char *by_whom(const struct exchange *x, const struct id *user)
{
	if (x->principal.kind == PRINCIPAL_OPERATOR)
		return "operator";
	return user && id_equal(user, &x->principal.user) ? "member" : "administrator";
}

static int end_many(struct exchange *x, const struct member *member, struct error *e)
{
	const char *by = by_whom(x, member ? &member->user : NULL);
	struct json_writer w;
	char id[ID_TEXT_SIZE];
	int64_t ended;

	if (session_end(x->tx, &x->organisation.id, NULL, member ? &member->user : NULL, by, &ended, e) < 0)
		return -1;
	if (ended > 0 &&
	    exchange_audit(x, member ? "session.ended_of_member" : "session.ended_of_all", member ? "member" : "organisation",
			   id_text(member ? &member->user : &x->organisation.id, id), member ? member->name : NULL, NULL,
			   arena_format(x->arena, "{\"ended\":%lld}", (long long)ended), e) < 0)
		return -1;
	exchange_reply(x, 200, &w);
	json_begin_object(&w, NULL);
	json_put_int(&w, "ended", ended);
	json_end_object(&w);
	return 0;
}

int sessions_end_all(struct exchange *x, struct error *e)
{
	return end_many(x, NULL, e);
}

int sessions_end_of_member(struct exchange *x, struct error *e)
{
	struct member member;

	return find_member_to_change(x, &member, e) < 0 ? -1 : end_many(x, &member, e);
}

int sessions_end(struct exchange *x, struct error *e)
{
	const char *named = request_segment(x->request, "session");
	struct id id;
	int ended;

	if (id_parse(named, &id) < 0)
		return exchange_unknown("session", named, e);
	ended = end_one(x, &id, NULL, by_whom(x, NULL), e);
	if (ended == 0)
		return exchange_unknown("session", named, e);
	exchange_done(x);
	return ended < 0 ? -1 : 0;
}
