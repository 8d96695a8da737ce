#include "endpoints/openid.h"

#include <string.h>

#include "access/client.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/secret.h"
#include "base/text.h"
#include "endpoints/form.h"
#include "endpoints/openid_request.h"
#include "endpoints/rate.h"
#include "endpoints/sender.h"
#include "roster/session.h"
#include "roster/signing_key.h"

enum { CLAIMS_MOST = 8 << 10 };

int openid_check(const struct exchange *x, struct error *e)
{
	return x->options->public_url
		       ? 0
		       : error_set(e, ERROR_RETRY, "openid.public_url",
				   "\"public_url\" of rosterd.conf is not set, so there is no provider here");
}

int openid_fields(struct exchange *x, struct link_pair **ret, size_t *ret_count, struct error *e)
{
	const struct request *request = x->request;
	struct link_pair *fields;

	if (text_equal(request->method, "POST"))
		return form_read(request, x->arena, ret, ret_count, e);
	fields = arena_array(x->arena, request->query_count + 1, sizeof(*fields));
	for (size_t i = 0; i < request->query_count; i++)
		fields[i] = (struct link_pair){ request->query[i].name, request->query[i].value };
	*ret = fields;
	*ret_count = request->query_count;
	return 0;
}

/* ---- what it says of itself ---- */

int openid_prepare_discovery(struct exchange *x, struct error *e)
{
	return openid_check(x, e);
}

static void put_words(struct json_writer *w, const char *name, const char *const *words)
{
	json_begin_array(w, name);
	for (; *words; words++)
		json_put_text(w, NULL, *words);
	json_end_array(w);
}

/* OpenID Connect Discovery 1.0, 3; RFC 8414; RFC 9207. */
int openid_discovery(struct exchange *x, struct error *e)
{
	static const struct {
		const char *name, *path;
	} addresses[] = {
		{ "issuer", "" },
		{ "authorization_endpoint", "/openid/authorize" },
		{ "token_endpoint", "/openid/token" },
		{ "userinfo_endpoint", "/openid/userinfo" },
		{ "jwks_uri", "/openid/keys" },
		{ "introspection_endpoint", "/openid/introspect" },
		{ "revocation_endpoint", "/openid/revoke" },
		{ "end_session_endpoint", "/openid/logout" },
	};
	static const char *const one_code[] = { "code", NULL }, *const query[] = { "query", NULL },
				 *const s256[] = { "S256", NULL };
	static const char *const grants[] = { "authorization_code", "refresh_token", NULL },
				 *const public[] = { "public", NULL };
	static const char *const with_secret[] = { "client_secret_basic", "client_secret_post", NULL };
	static const char *const methods[] = { "client_secret_basic", "client_secret_post", "none", NULL };
	static const char *const prompts[] = { "none", "login", "consent", "select_account", NULL };
	static const char *const claims[] = { "iss",	      "sub",
					      "aud",	      "exp",
					      "iat",	      "auth_time",
					      "nonce",	      "at_hash",
					      "sid",	      "name",
					      "email",	      "email_verified",
					      "organization", "organization_id",
					      "role",	      NULL };
	struct json_writer w;

	(void)e;
	exchange_reply(x, 200, &w);
	json_begin_object(&w, NULL);
	for (size_t i = 0; i < ARRAY_COUNT(addresses); i++)
		json_put_text(&w, addresses[i].name,
			      arena_format(x->arena, "%s%s", x->options->public_url, addresses[i].path));
	put_words(&w, "scopes_supported", openid_scopes);
	put_words(&w, "response_types_supported", one_code);
	put_words(&w, "response_modes_supported", query);
	put_words(&w, "grant_types_supported", grants);
	put_words(&w, "subject_types_supported", public);
	put_words(&w, "id_token_signing_alg_values_supported", signing_key_algorithms);
	put_words(&w, "token_endpoint_auth_methods_supported", methods);
	put_words(&w, "introspection_endpoint_auth_methods_supported", with_secret);
	put_words(&w, "revocation_endpoint_auth_methods_supported", methods);
	put_words(&w, "code_challenge_methods_supported", s256);
	put_words(&w, "prompt_values_supported", prompts);
	put_words(&w, "claims_supported", claims);
	json_put_bool(&w, "claims_parameter_supported", false);
	json_put_bool(&w, "request_parameter_supported", false);
	json_put_bool(&w, "request_uri_parameter_supported", false);
	json_put_bool(&w, "authorization_response_iss_parameter_supported", true);
	json_put_bool(&w, "backchannel_logout_supported", true);
	json_put_bool(&w, "backchannel_logout_session_supported", true);
	json_end_object(&w);
	return 0;
}

int openid_prepare_keys(struct exchange *x, struct error *e)
{
	return openid_check(x, e);
}

int openid_keys(struct exchange *x, struct error *e)
{
	struct signing_key *keys;
	struct json_writer w;
	size_t count;

	if (signing_key_list(x->tx, x->arena, &keys, &count, e) < 0)
		return -1;
	exchange_reply(x, 200, &w);
	json_begin_object(&w, NULL);
	json_begin_array(&w, "keys");
	for (size_t i = 0; i < count; i++)
		json_put_raw(&w, NULL, keys[i].public);
	json_end_array(&w);
	json_end_object(&w);
	return 0;
}

/* ---- who asks ---- */

static int unknown_client(struct error *e)
{
	return error_set(e, ERROR_UNAUTHENTICATED, "oauth.invalid_client",
			 "there is no such application, it is paused, or its secret is another; \"rosterctl "
			 "client show\" tells");
}

/* By the header, or in the body, or (public) by name alone; *ret_secret NULL: none was shown. */
static int read_credentials(struct exchange *x, const struct link_pair *fields, size_t count,
			    const char **ret_id, const char **ret_secret, struct error *e)
{
	const char *id = form_field(fields, count, "client_id");

	*ret_id = id;
	*ret_secret = form_field(fields, count, "client_secret");
	if (!request_header(x->request, "Authorization"))
		return id ? 0 : unknown_client(e);
	if (client_credentials(x->request, x->arena, ret_id, ret_secret, e) < 0)
		return text_equal(e->code, "oauth.invalid_client") ? unknown_client(e) : -1;
	if (id && !text_equal(id, *ret_id))
		return error_set(e, ERROR_INPUT, "oauth.invalid_request",
				 "the header and the body name two applications");
	return 0;
}

/* A client that shows wrong secrets is slowed down, where it comes from, and no other one with it. */
static struct id who_tries(const struct exchange *x, const char *name)
{
	uint8_t digest[CRYPT_DIGEST_SIZE];
	struct id what;

	crypt_sha256(name, strlen(name), digest);
	memcpy(what.bytes, digest, sizeof(what.bytes));
	return sender_of(x->request, &what);
}

static int check_tries(struct exchange *x, const char *name, struct error *e)
{
	const struct id who = who_tries(x, name);
	int64_t wait_ms =
		rate_look(x->rate, &who, OPENID_BAD_PER_MINUTE, OPENID_BAD_BURST, clock_monotonic_ms());

	if (wait_ms == 0)
		return 0;
	error_set(e, ERROR_LIMIT, "rate.client", "too many wrong secrets came from this address; come again");
	e->wait_ms = (int)wait_ms;
	return -1;
}

/* 1 it is, 0 it is not, -1. */
static int is_itself(struct exchange *x, const char *name, const char *secret, struct client *ret,
		     struct error *e)
{
	int found = exchange_begin(x, e) < 0 ? -1 : client_find(x->tx, x->arena, name, ret, e);

	if (found == 1 && !text_equal(ret->state, "active"))
		found = 0;
	if (found == 1)
		found = ret->is_public ? !secret : secret ? client_shows(x->tx, &ret->id, secret, e) : 0;
	tx_close(&x->tx);
	return found;
}

int openid_client(struct exchange *x, const struct link_pair *fields, size_t count, struct client *ret,
		  struct error *e)
{
	const char *name, *secret;
	char id[ID_TEXT_SIZE];
	int found;

	if (read_credentials(x, fields, count, &name, &secret, e) < 0)
		return -1;
	if (strlen(name) > CLIENT_NAME_MOST || (secret && strlen(secret) > OPENID_VALUE_MOST))
		return unknown_client(e);
	if (check_tries(x, name, e) < 0 || (found = is_itself(x, name, secret, ret, e)) < 0)
		return -1;
	if (found == 0) {
		const struct id who = who_tries(x, name);

		rate_take(x->rate, &who, OPENID_BAD_PER_MINUTE, OPENID_BAD_BURST, clock_monotonic_ms());
		return unknown_client(e);
	}
	x->principal = (struct principal){
		.kind = PRINCIPAL_SERVICE,
		.id = arena_text(x->arena, id_text(&ret->id, id)),
		.name = ret->name,
	};
	return 0;
}

int openid_find_token(struct exchange *x, const char *token, struct granted *ret, struct error *e)
{
	uint8_t hash[CRYPT_DIGEST_SIZE];
	int found;

	if (!grant_is(GRANT_ACCESS_PREFIX, token) && !grant_is(GRANT_REFRESH_PREFIX, token))
		return 0;
	crypt_sha256(token, GRANT_TEXT_SIZE, hash);
	found = exchange_begin(x, e) < 0 ? -1 : grant_by_token(x->tx, x->arena, hash, ret, e);
	tx_close(&x->tx);
	return found;
}

int openid_seen(struct exchange *x, const struct granted *g, struct error *e)
{
	const struct session_seen seen = { .organisation = g->organisation, .id = g->session, .at_ms = clock_monotonic_ms() };

	return session_seen_many(x->tx, &seen, 1, e);
}

/* ---- what is said of somebody ---- */

bool openid_has_scope(const char *const *scopes, const char *scope)
{
	return openid_is_one_of(scopes, scope);
}

void openid_put_claims(struct json_writer *w, const struct granted *g, const char *const *scopes)
{
	exchange_put_id(w, "sub", &g->user);
	exchange_put_id(w, "sid", &g->session);
	json_put_text(w, "organization", g->slug);
	exchange_put_id(w, "organization_id", &g->organisation);
	json_put_text(w, "role", g->role);
	if (openid_has_scope(scopes, "profile") && g->name)
		json_put_text(w, "name", g->name);
	if (openid_has_scope(scopes, "email") && g->email) {
		json_put_text(w, "email", g->email);
		json_put_bool(w, "email_verified", true); /* another one is said to nobody */
	}
}

/* OpenID Connect Core 1.0, 3.1.3.6: the left half of its SHA-256. Both algorithms that we sign with have that
 * one. */
static const char *half_hash(struct exchange *x, const char *token)
{
	uint8_t digest[CRYPT_DIGEST_SIZE];
	char *text = arena_take(x->arena, CRYPT_DIGEST_SIZE);

	crypt_sha256(token, strlen(token), digest);
	text_base64url(digest, CRYPT_DIGEST_SIZE / 2, text);
	return text;
}

int openid_id_token(struct exchange *x, const struct client *client, const struct granted *g,
		    const char *const *scopes, const char *nonce, const char *access, const char **ret,
		    struct error *e)
{
	__attribute__((cleanup(buffer_close))) struct buffer claims;
	int64_t now_s = clock_now_us() / 1000000;
	struct json_writer w;

	buffer_open(&claims, CLAIMS_MOST);
	json_writer_open(&w, &claims);
	json_begin_object(&w, NULL);
	json_put_text(&w, "iss", x->options->public_url);
	json_put_text(&w, "aud", client->name);
	json_put_int(&w, "iat", now_s);
	json_put_int(&w, "exp", now_s + x->options->id_token_ms / 1000);
	json_put_int(&w, "auth_time", g->signed_on_at / 1000000);
	if (nonce)
		json_put_text(&w, "nonce", nonce);
	json_put_text(&w, "at_hash", half_hash(x, access));
	openid_put_claims(&w, g, scopes);
	json_end_object(&w);
	if (claims.full)
		return error_set(e, ERROR_INTERNAL, "openid.claims",
				 "what is said of \"%.80s\" is too long for a token", g->name ? g->name : "");
	return signing_key_sign(x->tx, x->options->crypt_keys, client->algorithm, "JWT", claims.bytes,
				x->arena, ret, e);
}
