#include "endpoints/openid_authorize.h"

#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/jose.h"
#include "base/metric.h"
#include "base/secret.h"
#include "base/text.h"
#include "endpoints/openid.h"
#include "endpoints/openid_hint.h"
#include "endpoints/openid_request.h"
#include "endpoints/page.h"
#include "endpoints/rate.h"
#include "endpoints/return_to.h"
#include "endpoints/sender.h"
#include "endpoints/speaker.h"
#include "roster/session.h"

enum {
	ASKED_S = 3600, /* for so long somebody who was sent to sign on may come back and is not sent again */
	MAC_SIZE = 43,
	STAMP_MOST = 20, /* digits of a time */
	LOCATION_MOST = 8 << 10,
};

/* What becomes of a request. */
enum fate {
	FATE_CODE,    /* they are let in */
	FATE_SIGN_ON, /* they sign on first */
	FATE_REFUSED, /* the application is told why not */
	FATE_PAGE,    /* nobody knows where an answer would go: the person is told */
	FATE_MOVED /* the same as a GET, with which a browser shows its cookie though another site has sent it
		    */
};

/* From prepare to answer. */
struct visit {
	enum fate fate;
	struct openid_request request;
	struct client client;
	struct session session; /* id nil: nobody is signed in */
	struct error why;	/* FATE_REFUSED, FATE_PAGE */
};

static void refuse(struct visit *v, const struct error *why)
{
	v->fate = FATE_REFUSED;
	v->why = *why;
}

static void refuse_with(struct visit *v, const char *code, const char *why)
{
	error_set(&v->why, ERROR_DENIED, code, "%s", why);
	v->fate = FATE_REFUSED;
}

/* ---- whose request it is ---- */

static int check_rate(struct exchange *x, struct error *e)
{
	static const struct id authorize = { { 'o', 'p', 'e', 'n', 'i', 'd' } };
	const struct id who = sender_of(x->request, &authorize);
	int64_t wait_ms = rate_take(x->rate, &who, OPENID_PER_MINUTE, OPENID_BURST, clock_monotonic_ms());

	if (wait_ms == 0)
		return 0;
	error_set(e, ERROR_LIMIT, "rate.openid",
		  "too many people are sent here from this address; come again");
	e->wait_ms = (int)wait_ms;
	return -1;
}

/* Before this is known nothing is sent anywhere. 1, 0 the person is told, -1. */
static int find_client(struct exchange *x, struct visit *v, struct error *e)
{
	struct link_pair *fields;
	size_t count;
	int found;

	v->fate = FATE_PAGE;
	if (openid_fields(x, &fields, &count, &v->why) < 0 ||
	    openid_request_read(x->arena, fields, count, &v->request, &v->why) < 0)
		return 0;
	found = exchange_begin(x, e) < 0 ? -1
					 : client_find(x->tx, x->arena, v->request.client_id, &v->client, e);
	tx_close(&x->tx);
	if (found < 0)
		return -1;
	if (found == 0 || !text_equal(v->client.state, "active"))
		error_set(&v->why, ERROR_INPUT, "oauth.unauthorized_client",
			  "the application is not known here, or is paused");
	else if (!openid_is_one_of(v->client.redirect_uris, v->request.redirect_uri))
		error_set(&v->why, ERROR_INPUT, "oauth.invalid_request",
			  "the application wants people sent to an address that is not among its own");
	else
		return 1;
	return 0;
}

/* ---- who is signed in ---- */

static int find_session(struct exchange *x, struct visit *v, struct error *e)
{
	int found = speaker_find(x, &v->session, e);

	if (found == 0)
		v->session = (struct session){ 0 };
	return found < 0 ? -1 : 0;
}

/* Bound to the request, so that another one is not taken for asked. */
static void digest_of(const char *address, const char *stamp, uint8_t ret[CRYPT_DIGEST_SIZE])
{
	struct digest *digest = digest_open();

	digest_begin(digest);
	digest_add_field(digest, "rosterd openid asked");
	digest_add_field(digest, address);
	digest_add_field(digest, stamp);
	digest_end(digest, ret);
	digest_close(&digest);
}

/* "TIME.MAC": when we sent them to sign on. */
static const char *make_asked(struct exchange *x, const char *address)
{
	uint8_t digest[CRYPT_DIGEST_SIZE], made[CRYPT_KEYS_MOST][CRYPT_DIGEST_SIZE];
	const char *stamp = arena_format(x->arena, "%lld", (long long)clock_now_us());
	char mac[CRYPT_DIGEST_SIZE * 2];

	digest_of(address, stamp, digest);
	crypt_keys_hash(x->options->crypt_keys, digest, made);
	text_base64url(made[0], CRYPT_DIGEST_SIZE, mac);
	return arena_format(x->arena, "%s.%s", stamp, mac);
}

/* When they were asked, in microseconds; 0: they were not, or too long ago, or somebody has made that up. */
static int64_t read_asked(struct exchange *x, const struct openid_request *request)
{
	const char *asked = request->asked, *dot = asked ? strchr(asked, '.') : NULL,
		   *address = openid_request_address(x->arena, request), *stamp;
	uint8_t digest[CRYPT_DIGEST_SIZE], made[CRYPT_KEYS_MOST][CRYPT_DIGEST_SIZE], given[CRYPT_DIGEST_SIZE];
	bool ours = false;
	int64_t at;

	if (!dot || !address || (size_t)(dot - asked) > STAMP_MOST || strlen(dot + 1) != MAC_SIZE ||
	    text_unbase64url(dot + 1, MAC_SIZE, given, sizeof(given)) != CRYPT_DIGEST_SIZE)
		return 0;
	stamp = arena_text_n(x->arena, asked, (size_t)(dot - asked));
	digest_of(address, stamp, digest);
	for (size_t i = crypt_keys_hash(x->options->crypt_keys, digest, made); i-- > 0;)
		ours |= crypt_digest_equal(made[i], given);
	return ours && text_to_int64(stamp, &at) == 0 && clock_now_us() - at < ASKED_S * INT64_C(1000000) ? at
													  : 0;
}

/* Whether whoever is signed in will do, or must sign on (anew). */
static bool will_do(struct exchange *x, const struct visit *v)
{
	const struct openid_request *r = &v->request;
	const struct session *s = &v->session;

	if (id_is_nil(&s->id) || (r->organization && !text_equal(r->organization, s->slug)))
		return false;
	if (r->anew) {
		int64_t asked_at = read_asked(x, r);

		if (asked_at == 0 || s->began_at < asked_at)
			return false;
	}
	return r->max_age_s < 0 || s->began_at + r->max_age_s * INT64_C(1000000) >= clock_now_us();
}

/* The hint says whom the application means. 1 it is them, or nobody is meant; 0; -1. */
static int is_meant(struct exchange *x, const struct visit *v, struct error *e)
{
	struct openid_hint hint;
	int found;

	if (!v->request.id_token_hint)
		return 1;
	found = exchange_begin(x, e) < 0 ? -1 : openid_hint_read(x, v->request.id_token_hint, &hint, e);
	tx_close(&x->tx);
	return found == 1 ? id_equal(&hint.user, &v->session.user) : found;
}

/* ---- what becomes of it ---- */

static int decide(struct exchange *x, struct visit *v, struct error *e)
{
	const struct principal who = { .kind = PRINCIPAL_MEMBER, .ip_allow_list = v->session.ip_allow_list };
	struct error why;
	int meant = 1;

	if (openid_request_check(x->arena, &v->request, &why) < 0) {
		refuse(v, &why);
		return 0;
	}
	if (find_session(x, v, e) < 0)
		return -1;
	v->fate = will_do(x, v) ? FATE_CODE : FATE_SIGN_ON;
	if (v->fate == FATE_CODE && (meant = is_meant(x, v, e)) < 0)
		return -1;
	if (meant == 0)
		v->fate = FATE_SIGN_ON;
	if (v->fate == FATE_SIGN_ON && v->request.silent)
		refuse_with(v, "oauth.login_required",
			    "whoever is meant is not signed in, or not as it was asked for");
	if (v->fate == FATE_CODE && authenticate_address(&who, x->request->address, &why) < 0)
		refuse_with(v, "oauth.access_denied", "the organisation lets nobody in from this address");
	if (v->fate == FATE_CODE)
		speaker_become(x, &v->session);
	return 0;
}

int openid_prepare_authorize(struct exchange *x, struct error *e)
{
	struct visit *v = arena_take(x->arena, sizeof(*v));
	int found;

	x->prepared = v;
	if (openid_check(x, e) < 0 || check_rate(x, e) < 0)
		return -1;
	found = find_client(x, v, e);
	if (found <= 0)
		return found;
	v->fate = FATE_MOVED;
	return text_equal(x->request->method, "POST") ? 0 : decide(x, v, e);
}

/* ---- what is answered ---- */

static void send(struct exchange *x, const char *location)
{
	x->reply->status = 303;
	reply_header(x->reply, "Location", "%s", location);
	reply_header(x->reply, "Referrer-Policy", "no-referrer");
}

static void count(const char *outcome)
{
	metric_add(METRIC_OPENID_AUTHORIZATIONS, LABELS(outcome), 1);
}

/* To the application; description NULL: there is nothing to explain. */
static void send_back(struct exchange *x, const struct visit *v, const char *name, const char *value,
		      const char *description)
{
	__attribute__((cleanup(buffer_close))) struct buffer location;

	buffer_open(&location, LOCATION_MOST);
	buffer_text(&location, v->request.redirect_uri);
	openid_add(&location, name, value);
	openid_add(&location, "error_description", description);
	openid_add(&location, "state", v->request.state);
	openid_add(&location, "iss", x->options->public_url); /* RFC 9207: a client of several providers knows
								 whose answer it is */
	send(x, location.bytes);
}

static int send_code(struct exchange *x, const struct visit *v, struct error *e)
{
	const struct granted grant = {
		.id = id_new(),
		.organisation = v->session.organisation,
		.client = v->client.id,
		.session = v->session.id,
		.scopes = v->request.scopes,
		.nonce = v->request.nonce,
		.redirect_uri = v->request.redirect_uri,
		.challenge = v->request.code_challenge,
	};
	uint8_t hash[CRYPT_DIGEST_SIZE];
	scoped(secret) *code = crypt_token_new(GRANT_CODE_PREFIX, hash);
	char client[ID_TEXT_SIZE], id[ID_TEXT_SIZE];

	if (grant_create(x->tx, &grant, hash, e) < 0 ||
	    openid_seen(x, &grant, e) < 0 ||
	    exchange_audit(x, "application.entered", "client", id_text(&v->client.id, client), v->client.name,
			   NULL,
			   exchange_object(x, "client", v->client.name, "grant", id_text(&grant.id, id),
					   NULL),
			   e) < 0)
		return -1;
	count("code");
	x->shown_once = true;
	send_back(x, v, "code", secret_text(code), NULL);
	return 0;
}

static int show_page(struct exchange *x, const struct visit *v)
{
	count("unknown");
	page_begin(x->reply, 400, "This link does not work");
	page_says(x->reply, "You were sent here by an application to sign in, but %s. Tell those who run it.",
		  v->why.text);
	page_end(x->reply, NULL);
	return 0;
}

/* An address that is too long to come back to is refused by the same words as any other that is wrong. */
static int send_to_sign_on(struct exchange *x, const struct visit *v)
{
	const struct openid_request *r = &v->request;
	const char *address = openid_request_address(x->arena, r), *back;
	__attribute__((cleanup(buffer_close))) struct buffer location = { 0 };

	back = address ? arena_format(x->arena, "%s&asked=%s", address, make_asked(x, address)) : NULL;
	if (!back || !return_to_allowed(NULL, back)) {
		count("refused");
		send_back(x, v, "error", "invalid_request", "the request is too long");
		return 0;
	}
	count("sign_on");
	buffer_open(&location, LOCATION_MOST);
	buffer_text(&location, "/login");
	openid_add(&location, "organisation", r->organization);
	openid_add(&location, "login_hint", r->login_hint);
	openid_add(&location, "return_to", back);
	send(x, location.bytes);
	return 0;
}

static int move(struct exchange *x, const struct visit *v)
{
	const char *address = openid_request_address(x->arena, &v->request);

	if (address)
		send(x, address);
	else
		send_back(x, v, "error", "invalid_request", "the request is too long");
	return 0;
}

int openid_authorize(struct exchange *x, struct error *e)
{
	const struct visit *v = x->prepared;

	switch (v->fate) {
	case FATE_CODE:
		return send_code(x, v, e);
	case FATE_SIGN_ON:
		return send_to_sign_on(x, v);
	case FATE_REFUSED:
		count("refused");
		send_back(x, v, "error", v->why.code + strlen("oauth."), v->why.text);
		return 0;
	case FATE_MOVED:
		return move(x, v);
	case FATE_PAGE:
		break;
	}
	return show_page(x, v);
}
