#include "endpoints/sso.h"

#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/secret.h"
#include "base/text.h"
#include "endpoints/cookie.h"
#include "endpoints/form.h"
#include "endpoints/page.h"
#include "endpoints/return_to.h"
#include "endpoints/sso_attempt.h"
#include "endpoints/sso_test.h"
#include "roster/session.h"
#include "roster/sign_on.h"

enum { RANDOM_SIZE = 32 };

void sso_send_browser(struct exchange *x, const char *url, const char *post_body)
{
	struct link_pair *fields;
	size_t fields_count, origin = strcspn(strstr(url, "://") + 3, "/?#") + (size_t)(strstr(url, "://") + 3 - url);
	struct error ignored;

	if (!post_body || form_parse(post_body, x->arena, &fields, &fields_count, &ignored) < 0) {
		x->reply->status = 303;
		reply_header(x->reply, "Location", "%s", url);
		reply_header(x->reply, "Referrer-Policy", "no-referrer");
		return;
	}
	page_begin(x->reply, 200, "On to your organisation's sign-in");
	page_raw(x->reply, "<form method=\"post\" action=\"");
	page_text(x->reply, url);
	page_raw(x->reply, "\">\n");
	for (size_t i = 0; i < fields_count; i++)
		page_hidden(x->reply, fields[i].name, fields[i].value);
	page_raw(x->reply, "<p><button type=\"submit\" autofocus>Continue</button></p>\n</form>\n");
	page_end(x->reply, arena_text_n(x->arena, url, origin));
}

/* ---- begin ---- */

/* 43 characters that nobody can guess. */
static const char *random_value(struct exchange *x)
{
	uint8_t bytes[RANDOM_SIZE];
	char *text = arena_take(x->arena, 4 * ((RANDOM_SIZE + 2) / 3) + 1);

	crypt_random(bytes, sizeof(bytes));
	text_base64url(bytes, sizeof(bytes), text);
	secret_wipe(bytes, sizeof(bytes));
	return text;
}

/* A browser that has begun before keeps its cookie, so that two of its windows do not disturb each other. */
static void make_attempt(struct exchange *x, struct sso *s, const char *return_to)
{
	const char *shown = cookie_find(x->request, x->arena, COOKIE_BROWSER), *hint = request_query(x->request, "login_hint");
	struct sign_on *a = &s->attempt;

	a->id = id_new();
	a->organisation = x->organisation.id;
	a->connection = s->connection;
	s->state = random_value(x);
	s->browser = sso_is_value(shown) ? shown : random_value(x);
	sso_hash_value(s->state, a->state_hash);
	sso_hash_value(s->browser, a->browser);
	a->nonce = random_value(x);
	a->verifier = random_value(x);
	a->request = arena_format(x->arena, "_%s", random_value(x));
	a->hint = hint && strlen(hint) <= SIGN_ON_VALUE_SIZE * 6 && text_is_printable(hint, strlen(hint)) ? hint : NULL;
	a->return_to = return_to;
	a->expires_at = clock_now_us() + x->options->attempt_ms * INT64_C(1000);
}

/* Who is signed in in this browser. What begins here ends that; so it is kept now, when the browser shows it: the answer of a provider may come as the form
 * of another site, without the cookie. */
static int find_presented(struct exchange *x, struct sso *s, struct error *e)
{
	struct sign_on *a = &s->attempt;
	int found;

	if (!cookie_session(x->request, x->arena, a->presented))
		return 0;
	found = exchange_begin(x, e) < 0 ? -1 : session_find(x->tx, x->arena, a->presented, &s->presented, e);
	tx_close(&x->tx);
	a->has_presented = found == 1;
	return found < 0 ? -1 : 0;
}

/* Any site can send a browser here, to a provider that signs it on as whomever that site likes, without a word to the person. */
static bool must_ask(const struct exchange *x, const struct sso *s)
{
	const char *site = request_header(x->request, "Sec-Fetch-Site");

	return s->attempt.has_presented && !s->attempt.test && site && text_equal(site, "cross-site");
}

static void ask_page(struct exchange *x, const struct sso *s)
{
	const char *query = sso_raw_query(x);
	char id[ID_TEXT_SIZE];

	page_begin(x->reply, 200, "Sign in again?");
	page_says(x->reply, "You are signed in as %s, of %s. Another site asks you to sign in at %s instead.",
		  s->presented.email ? s->presented.email : s->presented.name, s->presented.slug, x->organisation.slug);
	page_raw(x->reply, "<p><a href=\"/sso/");
	page_text(x->reply, id_text(&s->connection, id));
	page_raw(x->reply, *query ? "/begin?" : "/begin");
	page_text(x->reply, query);
	page_raw(x->reply, "\">Sign in at ");
	page_text(x->reply, x->organisation.slug);
	page_raw(x->reply, "</a></p>\n");
	page_end(x->reply, NULL);
}

int sso_prepare_begin(struct exchange *x, struct error *e)
{
	struct sso *s = arena_take(x->arena, sizeof(*s));
	const char *return_to = request_query(x->request, "return_to");
	struct link_sign_on question = { .step = LINK_BEGIN };
	struct link_pair values[SSO_VALUES_MOST];
	struct error why;

	x->prepared = s;
	if (sso_arrive(x, s, e) < 0 || return_to_check(x->options->return_to, return_to, e) < 0 || sso_test_read(x, &s->connection, &s->attempt.test, e) < 0 || find_presented(x, s, e) < 0)
		return -1;
	s->asks = must_ask(x, s);
	if (s->asks)
		return 0;
	make_attempt(x, s, return_to);
	if (!sso_check_open(x, s, s->address.open))
		return 0;
	question.attempt = values;
	question.attempt_count = sso_put_values(&s->attempt, s->state, values);
	if (sso_ask(x, s, &question, &why) < 0)
		sso_keep_why(s, &why);
	else if (!s->got.url)
		error_set(&s->why, ERROR_RETRY, "sso.nowhere", "the plug-in does not say where the browser is to go");
	return 0;
}

int sso_begin(struct exchange *x, struct error *e)
{
	struct sso *s = x->prepared;

	if (s->asks) {
		ask_page(x, s);
		return 0;
	}
	if (s->why.code[0])
		return sign_on_unasked(x->tx, &s->attempt, e) < 0 ? -1 : sso_keep_failure(x, s, e);
	if (sign_on_begin(x->tx, x->options->crypt_keys, &s->attempt, e) < 0)
		return -1;
	sso_count(s, "begun");
	cookie_set_browser(x->reply, s->browser);
	sso_send_browser(x, s->got.url, s->got.post_body);
	return 0;
}

/* ---- the page that asks for a password ---- */

int sso_prepare_page(struct exchange *x, struct error *e)
{
	struct sso *s = arena_take(x->arena, sizeof(*s));

	x->prepared = s;
	if (sso_arrive(x, s, e) < 0)
		return -1;
	s->state = request_query(x->request, "state");
	return sso_is_value(s->state) ? 0 : error_set(e, ERROR_INPUT, "sso.state", "this page is part of a sign-on; begin one");
}

int sso_page(struct exchange *x, struct error *e)
{
	const struct sso *s = x->prepared;

	(void)e;
	page_begin(x->reply, 200, "Sign in");
	page_raw(x->reply, "<form method=\"post\">\n");
	page_hidden(x->reply, "state", s->state);
	page_raw(x->reply, "<p><label for=\"user_name\">Name</label><br>\n"
			   "<input id=\"user_name\" name=\"user_name\" autocomplete=\"username\" required autofocus></p>\n"
			   "<p><label for=\"password\">Password</label><br>\n"
			   "<input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" required></p>\n"
			   "<p><button type=\"submit\">Sign in</button></p>\n</form>\n");
	page_end(x->reply, "https: http:");
	return 0;
}

/* ---- metadata ---- */

int sso_prepare_metadata(struct exchange *x, struct error *e)
{
	struct sso *s = arena_take(x->arena, sizeof(*s));
	const struct link_sign_on question = { .step = LINK_DESCRIBE };
	struct error why;

	x->prepared = s;
	if (sso_arrive(x, s, e) < 0)
		return -1;
	if (sso_ask(x, s, &question, &why) == 0 && s->got.body)
		return 0;
	sso_count_bad(x);
	return sso_unknown(e);
}

int sso_metadata(struct exchange *x, struct error *e)
{
	const struct sso *s = x->prepared;

	(void)e;
	x->reply->status = 200;
	reply_header(x->reply, "Content-Type", "%s", s->got.content_type);
	reply_header(x->reply, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
	reply_header(x->reply, "X-Content-Type-Options", "nosniff");
	buffer_add(&x->reply->body, s->got.body, s->got.body_size);
	return 0;
}

/* ---- logout ---- */

int sso_logout_at_provider(struct exchange *x, const struct id *organisation, const struct id *connection, const char *remote_id,
			   const char *session, const char **ret_url, const char **ret_post_body, struct error *e)
{
	struct sso *s = arena_take(x->arena, sizeof(*s));
	const struct link_pair values[] = { { "remote_id", remote_id }, { "session", session } };
	const struct link_sign_on question = { .step = LINK_LOGOUT, .attempt = values, .attempt_count = session ? 2 : 1 };

	s->connection = *connection;
	s->until_ms = clock_monotonic_ms() + SSO_DEADLINE_MS;
	x->organisation.id = *organisation;
	tx_close(&x->tx);
	if (exchange_begin(x, e) < 0 || sign_on_address(x->tx, x->arena, connection, &s->address, e) != 1)
		return -1;
	tx_close(&x->tx);
	x->organisation.slug = s->address.slug;
	if (sso_check_plugin(x, s, e) < 0 || sso_ask(x, s, &question, e) < 0)
		return -1;
	*ret_url = s->got.url;
	*ret_post_body = s->got.post_body;
	return s->got.url != NULL;
}
