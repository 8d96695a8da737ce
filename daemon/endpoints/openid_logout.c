#include "endpoints/openid_logout.h"

#include <string.h>

#include "base/crypt.h"
#include "base/text.h"
#include "endpoints/cookie.h"
#include "endpoints/form.h"
#include "endpoints/openid.h"
#include "endpoints/openid_hint.h"
#include "endpoints/openid_request.h"
#include "endpoints/page.h"
#include "endpoints/speaker.h"
#include "roster/session.h"

enum { LOCATION_MOST = 8 << 10 };

/* What becomes of it. */
enum fate {
	FATE_DONE,  /* nobody is signed in any more */
	FATE_ASK,   /* the person is asked first: anybody could have sent them here */
	FATE_MOVED, /* the same as a GET, with which a browser shows its cookie though another site has sent
		       it */
	FATE_WRONG  /* the application is to mend it */
};

/* From prepare to answer. */
struct leave {
	enum fate fate;
	const char *hint, *client_id, *uri, *state; /* as they came; NULL: not */
	struct client client;			    /* name NULL: not known */
	struct session session;			    /* id nil: nobody is signed in */
	struct error why;			    /* FATE_WRONG */
};

/* ---- what is asked ---- */

static int read_fields(struct exchange *x, struct leave *l, bool *ret_confirmed, struct error *e)
{
	struct link_pair *fields;
	size_t count;

	if (openid_fields(x, &fields, &count, e) < 0)
		return -1;
	l->hint = form_field(fields, count, "id_token_hint");
	l->client_id = form_field(fields, count, "client_id");
	l->uri = form_field(fields, count, "post_logout_redirect_uri");
	l->state = form_field(fields, count, "state");
	*ret_confirmed = text_equal(form_field(fields, count, "confirmed"), "yes");
	if (l->state &&
	    (strlen(l->state) > OPENID_VALUE_MOST || !text_is_printable(l->state, strlen(l->state))))
		l->state = NULL;
	return 0;
}

/* The form of our own page, and of no other: whoever says that they have asked must have been asked here. */
static int check_ours(const struct exchange *x, struct error *e)
{
	const char *origin = request_header(x->request, "Origin"),
		   *site = request_header(x->request, "Sec-Fetch-Site");

	if (site ? text_equal(site, "same-origin") : (!origin || text_equal(origin, x->options->public_url)))
		return 0;
	return error_set(e, ERROR_DENIED, "session.origin",
			 "another site asks to sign somebody off; open %s/logout instead",
			 x->options->public_url);
}

static void mistaken(struct leave *l, const char *why)
{
	l->fate = FATE_WRONG;
	error_set(&l->why, ERROR_INPUT, "oauth.invalid_request", "%s", why);
}

/* *ret_session: the one that the hint is about; nil: there is none, or it is none of ours. */
static int find_client(struct exchange *x, struct leave *l, struct id *ret_session, struct error *e)
{
	struct openid_hint hint = { .client = NULL };
	const char *name = l->client_id;
	int found = l->hint ? openid_hint_read(x, l->hint, &hint, e) : 0;

	if (found < 0)
		return -1;
	*ret_session = hint.session;
	if (hint.client && name && !text_equal(hint.client, name)) {
		mistaken(l, "the token that it shows is another application's");
		return 0;
	}
	name = name ? name : hint.client;
	if (name && (found = client_find(x->tx, x->arena, name, &l->client, e)) < 0)
		return -1;
	if (!name || found == 0 || !text_equal(l->client.state, "active"))
		l->client = (struct client){ .name = NULL };
	if (l->uri && !(l->client.name && openid_is_one_of(l->client.logout_uris, l->uri)))
		mistaken(l, "the address that it wants you sent to is not among its own");
	return 0;
}

static int find_session(struct exchange *x, struct leave *l, struct error *e)
{
	uint8_t hash[CRYPT_DIGEST_SIZE];
	int found = cookie_session(x->request, x->arena, hash)
			    ? session_find(x->tx, x->arena, hash, &l->session, e)
			    : 0;

	if (found == 0)
		l->session = (struct session){ .slug = NULL };
	return found < 0 ? -1 : 0;
}

static int look(struct exchange *x, struct leave *l, bool confirmed, struct error *e)
{
	struct id meant;

	if (exchange_begin(x, e) < 0 || find_client(x, l, &meant, e) < 0 ||
	    (l->fate != FATE_WRONG && find_session(x, l, e) < 0))
		return -1;
	tx_close(&x->tx);
	if (l->fate != FATE_WRONG && !confirmed && !id_is_nil(&l->session.id) &&
	    !id_equal(&meant, &l->session.id))
		l->fate = FATE_ASK;
	return 0;
}

int openid_prepare_logout(struct exchange *x, struct error *e)
{
	struct leave *l = arena_take(x->arena, sizeof(*l));
	bool posted = text_equal(x->request->method, "POST"), confirmed;

	x->prepared = l;
	if (openid_check(x, e) < 0 || read_fields(x, l, &confirmed, e) < 0)
		return -1;
	if (posted && !confirmed) {
		l->fate = FATE_MOVED;
		return 0;
	}
	if ((posted && check_ours(x, e) < 0) || look(x, l, posted, e) < 0)
		return -1;
	if (!id_is_nil(&l->session.id))
		speaker_become(x, &l->session);
	return 0;
}

/* ---- what is answered ---- */

static void send(struct exchange *x, const char *location)
{
	x->reply->status = 303;
	reply_header(x->reply, "Location", "%s", location);
	reply_header(x->reply, "Referrer-Policy", "no-referrer");
}

static int move(struct exchange *x, const struct leave *l)
{
	__attribute__((cleanup(buffer_close))) struct buffer location;

	buffer_open(&location, LOCATION_MOST);
	buffer_text(&location, "/openid/logout");
	openid_add(&location, "id_token_hint", l->hint);
	openid_add(&location, "client_id", l->client_id);
	openid_add(&location, "post_logout_redirect_uri", l->uri);
	openid_add(&location, "state", l->state);
	send(x, location.full ? "/logout" : location.bytes);
	return 0;
}

static int show_wrong(struct exchange *x, const struct leave *l)
{
	page_begin(x->reply, 400, "This link does not work");
	page_says(x->reply,
		  "An application has sent you here to sign out, but %s. You are still signed in here if you "
		  "were.",
		  l->why.text);
	page_raw(x->reply, "<p><a href=\"/logout\">Sign out here</a></p>\n");
	page_end(x->reply, NULL);
	return 0;
}

static int ask(struct exchange *x, const struct leave *l)
{
	page_begin(x->reply, 200, "Sign out?");
	page_says(x->reply, "You are signed in as %s, of %s. Signing out ends that for all applications.",
		  l->session.email ? l->session.email : l->session.name, l->session.slug);
	page_raw(x->reply, "<form method=\"post\" action=\"/openid/logout\">\n");
	page_hidden(x->reply, "confirmed", "yes");
	if (l->client.name)
		page_hidden(x->reply, "client_id", l->client.name);
	if (l->uri)
		page_hidden(x->reply, "post_logout_redirect_uri", l->uri);
	if (l->state)
		page_hidden(x->reply, "state", l->state);
	page_raw(x->reply, "<p><button type=\"submit\" autofocus>Sign out</button></p>\n</form>\n");
	page_end(x->reply, "https: http:"); /* browsers hold a form to this along redirects */
	return 0;
}

static int end_session(struct exchange *x, const struct session *s, struct error *e)
{
	char id[ID_TEXT_SIZE], user[ID_TEXT_SIZE];
	int64_t ended;

	if (session_end(x->tx, &s->organisation, &s->id, NULL, "member", &ended, e) < 0)
		return -1;
	return ended == 0 ? 0
			  : exchange_audit(x, "session.ended", "session", id_text(&s->id, id), NULL, NULL,
					   exchange_object(x, "member", id_text(&s->user, user), "by",
							   "member", NULL),
					   e);
}

static int leave(struct exchange *x, const struct leave *l, struct error *e)
{
	__attribute__((cleanup(buffer_close))) struct buffer location = { 0 };

	if (!id_is_nil(&l->session.id) && end_session(x, &l->session, e) < 0)
		return -1;
	if (!id_is_nil(&l->session.id))
		cookie_set_session(x->reply, NULL);
	reply_header(x->reply, "Clear-Site-Data", "\"cache\"");
	if (!l->uri) {
		page_begin(x->reply, 200, "You are signed out");
		page_says(x->reply, "You can close this window.");
		page_end(x->reply, NULL);
		return 0;
	}
	buffer_open(&location, LOCATION_MOST);
	buffer_text(&location, l->uri);
	openid_add(&location, "state", l->state);
	send(x, location.bytes);
	return 0;
}

int openid_logout(struct exchange *x, struct error *e)
{
	const struct leave *l = x->prepared;

	switch (l->fate) {
	case FATE_MOVED:
		return move(x, l);
	case FATE_WRONG:
		return show_wrong(x, l);
	case FATE_ASK:
		return ask(x, l);
	case FATE_DONE:
		break;
	}
	return leave(x, l, e);
}
