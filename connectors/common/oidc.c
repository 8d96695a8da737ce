#include "common/oidc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "common/jws.h"
#include "common/oidc_provider.h"
#include "common/sign.h"

enum {
	FORM_MOST = 16 << 10,
	BASIC_MOST = 4096,
	CODE_MOST = 4096,
	TOKEN_MOST = 64 << 10, /* an ID or access token */
	CODE_LIFE_S = 3600,
};

struct oidc *oidc_open(const struct oidc_options *options, struct fetch *fetch)
{
	struct oidc *oidc = calloc(1, sizeof(*oidc));

	if (!oidc)
		memory_exhausted("a relying party", sizeof(*oidc));
	oidc->options = *options;
	oidc->fetch = fetch;
	oidc->arena = arena_open("openid");
	return oidc;
}

void oidc_close(struct oidc **oidc)
{
	if (!*oidc)
		return;
	arena_close(&(*oidc)->arena);
	free(*oidc);
	*oidc = NULL;
}

/* ---- begin ---- */

static void put(struct buffer *form, const char *name, const char *value)
{
	char escaped[3 * CODE_MOST + 1];

	if (!value)
		return;
	if (fetch_escape(value, escaped, sizeof(escaped)) < 0) {
		form->full = true;
		return;
	}
	buffer_format(form, "%s%s=", form->length > 0 ? "&" : "", name);
	buffer_text(form, escaped);
	explicit_bzero(escaped, sizeof(escaped));
}

static int send_off(struct oidc *o, const struct fetch_caller *caller, const char *url, const char *query)
{
	return caller->host->send_browser(caller->call, arena_format(o->arena, "%s%c%s", url, strchr(url, '?') ? '&' : '?', query), NULL);
}

int oidc_begin(struct oidc *o, const struct fetch_caller *caller, const char *state)
{
	const struct roster_host *host = caller->host;
	const char *verifier = host->attempt(caller->call, "verifier"), *back = host->address(caller->call, "callback");
	__attribute__((cleanup(buffer_close))) struct buffer query;
	char challenge[SIGN_HASH_SIZE];
	struct error e;

	arena_reset(o->arena);
	buffer_open(&query, FORM_MOST);
	if (!back || !verifier)
		return host->fail(caller->call, ROSTER_MISCONFIGURED, 0, "the operator's \"public_url\" is not set, so nobody can come back here");
	if (oidc_know_provider(o, caller) < 0)
		return -1;
	if (sign_hash(verifier, challenge, &e) < 0)
		return host->fail(caller->call, ROSTER_NONSENSE, 0, "%s", e.text);
	put(&query, "response_type", "code");
	put(&query, "client_id", o->options.rules.client_id);
	put(&query, "redirect_uri", back);
	put(&query, "scope", o->options.scope);
	put(&query, "state", state);
	put(&query, "nonce", host->attempt(caller->call, "nonce"));
	put(&query, "code_challenge", challenge);
	put(&query, "code_challenge_method", "S256");
	put(&query, "login_hint", host->attempt(caller->call, "login_hint"));
	if (o->options.extra)
		buffer_format(&query, "&%s", o->options.extra);
	if (query.full)
		return host->fail(caller->call, ROSTER_MISCONFIGURED, 0, "what the provider is to be asked for is too long");
	return send_off(o, caller, o->provider.authorization, query.bytes);
}

/* ---- finish: what came back ---- */

int oidc_judged(const struct fetch_caller *caller, bool passed, const char *check, const char *expected, const char *received,
		  const char *advice)
{
	caller->host->checked(caller->call, check, passed, expected, passed ? NULL : received, passed ? NULL : advice);
	return passed ? 0 : caller->host->fail(caller->call, ROSTER_DENIED, 0, "%s: %s", check, advice);
}

const char *oidc_field(const struct roster_pair *form, const char *name, bool *ret_several)
{
	const char *found = NULL;

	for (; form->name; form++) {
		if (strcmp(form->name, name) != 0)
			continue;
		if (found)
			*ret_several = true;
		found = form->value;
	}
	return found;
}

static const char *error_advice(const char *error)
{
	if (text_equal(error, "access_denied"))
		return "the provider does not let this person use the application: assign it to them there";
	if (text_equal(error, "invalid_scope"))
		return "the provider does not give what \"scopes\" asks for: allow it there, or ask for less";
	if (text_equal(error, "unauthorized_client") || text_equal(error, "invalid_client"))
		return "the provider does not know the client id, or does not give it authorization codes";
	return "the provider says what it does not like; its own log says more";
}

static int judge_answer(struct oidc *o, const struct fetch_caller *caller, const struct roster_pair *form, const char **ret_code)
{
	bool several = false;
	const char *error = oidc_field(form, "error", &several), *words = oidc_field(form, "error_description", &several),
		   *code = oidc_field(form, "code", &several), *issuer = oidc_field(form, "iss", &several), *state = oidc_field(form, "state", &several);

	if (oidc_judged(caller, !several, "answer", "each field once", "one of them twice", "something between the provider and here changes what it says") < 0 ||
	    oidc_judged(caller, !error, "provider", "a code",
		   error ? arena_format(o->arena, "%.60s: %.200s", error, words ? words : "") : NULL, error_advice(error ? error : "")) < 0 ||
	    oidc_judged(caller, state && caller->host->attempt(caller->call, "nonce") != NULL, "begun here", "the answer to a sign-on that began here",
		   state ? "one that nobody here has begun" : "none of ours",
		   "let people begin at the address of this connection, not in a portal of the provider") < 0 ||
	    oidc_judged(caller, code && *code && strlen(code) <= CODE_MOST, "code", "an authorization code", code ? "one that is empty or too long" : "none",
		   "the provider is to answer with a code (response type \"code\")") < 0)
		return -1;
	if ((issuer || o->provider.answers_issuer) && !strchr(o->provider.issuer, '{') &&
	    oidc_judged(caller, issuer && strcmp(issuer, o->provider.issuer) == 0, "issuer of the answer", o->provider.issuer, issuer ? issuer : "none",
		   "the answer is another provider's") < 0)
		return -1;
	*ret_code = code;
	return 0;
}

/* ---- finish: the code for tokens ---- */

struct credentials {
	const struct oidc *oidc;
	const char *bearer;
};

/* RFC 6749, 2.3.1: both are form-encoded before they are joined. */
static int add_basic(void *context, const struct fetch_caller *caller, const char *method, const char *url, struct fetch_head *head)
{
	const struct oidc *o = ((struct credentials *)context)->oidc;
	char id[BASIC_MOST], secret[BASIC_MOST], both[2 * BASIC_MOST + 2], encoded[4 * ((2 * BASIC_MOST + 4) / 3) + 8], line[sizeof(encoded) + 8];
	int length;

	(void)caller, (void)method, (void)url;
	if (fetch_escape(o->options.rules.client_id, id, sizeof(id)) < 0 || fetch_escape(o->options.client_secret, secret, sizeof(secret)) < 0)
		return caller->host->fail(caller->call, ROSTER_MISCONFIGURED, 0, "\"%s\" is too long", o->options.secret_setting);
	length = snprintf(both, sizeof(both), "%s:%s", id, secret);
	text_base64(both, (size_t)length, encoded);
	snprintf(line, sizeof(line), "Basic %s", encoded);
	fetch_head_add(head, "Authorization", line);
	explicit_bzero(secret, sizeof(secret));
	explicit_bzero(both, sizeof(both));
	explicit_bzero(encoded, sizeof(encoded));
	explicit_bzero(line, sizeof(line));
	return 0;
}

static int add_bearer(void *context, const struct fetch_caller *caller, const char *method, const char *url, struct fetch_head *head)
{
	const struct credentials *c = context;

	(void)caller, (void)method, (void)url;
	fetch_head_add(head, "Authorization", arena_format(c->oidc->arena, "Bearer %s", c->bearer));
	return 0;
}

static const char *exchange_advice(const struct oidc *o, const char *error)
{
	if (text_equal(error, "invalid_client") || text_equal(error, "unauthorized_client"))
		return arena_format(o->arena, "\"%s\" or \"%s\" is not what the provider knows: enter the secret that counts there now",
				    o->options.client_setting, o->options.secret_setting);
	if (text_equal(error, "invalid_grant"))
		return "the code was used or is too old, or the redirect address at the provider is not exactly ours; begin again";
	return "the provider does not give tokens for the code; its own log says more";
}

/* The tokens, in the arena. */
static int exchange(struct oidc *o, const struct fetch_caller *caller, const char *code, const char **ret_id_token, const char **ret_access_token)
{
	struct credentials credentials = { o, NULL };
	bool basic = o->options.client_secret && !o->options.secret_in_body && (o->provider.basic || !o->provider.post);
	__attribute__((cleanup(buffer_close))) struct buffer form;
	struct fetch_request request = { .doing = "exchanging the code for tokens", .url = o->provider.token,
					 .content_type = "application/x-www-form-urlencoded", .secret = true,
					 .authorise = basic ? add_basic : NULL, .authorise_context = &credentials };
	struct fetch_answer answer;
	const char *error, *words, *id_token, *access_token;
	int result;

	buffer_open(&form, FORM_MOST);
	put(&form, "grant_type", "authorization_code");
	put(&form, "code", code);
	put(&form, "redirect_uri", caller->host->address(caller->call, "callback"));
	put(&form, "code_verifier", caller->host->attempt(caller->call, "verifier"));
	if (!basic) {
		put(&form, "client_id", o->options.rules.client_id);
		put(&form, "client_secret", o->options.client_secret);
	}
	request.body = form.bytes;
	result = form.full ? caller->host->fail(caller->call, ROSTER_DENIED, 0, "the code is too long")
			   : fetch_ask(o->fetch, caller, &request, &answer);
	explicit_bzero(form.bytes, form.length);
	if (result < 0)
		return -1;
	error = json_node_member_text(answer.rest, "error");
	words = json_node_member_text(answer.rest, "error_description");
	id_token = json_node_member_text(answer.rest, "id_token");
	access_token = json_node_member_text(answer.rest, "access_token");
	if (oidc_judged(caller, answer.status == 200 && !error, "exchange of the code", "tokens",
		   arena_format(o->arena, "%d %.60s: %.200s", answer.status, error ? error : "", words ? words : ""),
		   exchange_advice(o, error ? error : "")) < 0 ||
	    oidc_judged(caller, id_token && strlen(id_token) <= TOKEN_MOST, "ID token", "one", id_token ? "one that is too long" : "none",
		   "\"scopes\" must have \"openid\", and the application at the provider must be one of OpenID Connect") < 0)
		return -1;
	*ret_id_token = arena_text(o->arena, id_token);
	*ret_access_token = access_token && strlen(access_token) <= TOKEN_MOST ? arena_text(o->arena, access_token) : NULL;
	return 0;
}

/* ---- finish: the token ---- */

static int verify(struct oidc *o, const char *token, struct jws *ret, struct error *e)
{
	struct json *keys;

	if (json_parse(o->arena, o->keys, strlen(o->keys), &keys, e) < 0)
		return -1;
	return jws_verify(o->arena, token, strlen(token), keys, jws_algorithms, ret, e);
}

/* Providers exchange their keys: one that is not there may have been made since we looked. */
int oidc_verify_token(struct oidc *o, const struct fetch_caller *caller, const char *token, struct json **ret_claims)
{
	struct error e = { 0 };
	struct jws jws;
	int result;

	if (oidc_know_keys(o, caller) < 0)
		return -1;
	result = verify(o, token, &jws, &e);
	if (result < 0 && text_equal(e.code, "jws.unknown_key") && o->keys_again_ms <= clock_monotonic_ms()) {
		o->keys_again_ms = clock_monotonic_ms() + OIDC_KEYS_AGAIN_S * INT64_C(1000);
		if (oidc_fetch_keys(o, caller) < 0)
			return -1;
		result = verify(o, token, &jws, &e);
	}
	if (oidc_judged(caller, result == 0, "signature", "one by a key of the provider", e.text,
		   "if the provider has just exchanged its keys, try again in a minute; otherwise the token is not the provider's") < 0)
		return -1;
	result = json_parse(o->arena, jws.payload, jws.payload_size, ret_claims, &e);
	return oidc_judged(caller, result == 0, "token", "claims as JSON", e.text, "the provider's token is none of OpenID Connect");
}

static void tell(void *context, const char *check, bool passed, const char *expected, const char *received, const char *advice)
{
	oidc_judged(context, passed, check, expected, received, advice);
}

/* What a thin token leaves out; what cannot be had is not there. */
static int ask_userinfo(struct oidc *o, const struct fetch_caller *caller, const char *access_token, const struct json *claims,
			struct json **ret)
{
	static const char *const wanted[] = { "sub", "email", "hd", "name", "given_name", "family_name", "preferred_username", "locale", NULL };
	struct credentials credentials = { o, access_token };
	const struct fetch_request request = { .doing = "reading who it is", .url = o->provider.userinfo, .authorise = add_bearer,
					       .authorise_context = &credentials, .secret = true };
	const struct json *subject = json_member(claims, "sub");
	const struct json_node *verified;
	struct fetch_answer answer;
	const char *said;

	if (fetch_ask(o->fetch, caller, &request, &answer) < 0)
		return -1;
	said = json_node_member_text(answer.rest, "sub");
	if (oidc_judged(caller, answer.status == 200 && said && subject && json_is_text(subject) && text_equal(said, json_text(subject)), "userinfo",
		   "what belongs to the token", answer.status == 200 ? "somebody else's" : arena_format(o->arena, "status %d", answer.status),
		   "the provider is to put \"email\" into the ID token, or answer at its userinfo endpoint") < 0)
		return -1;
	*ret = json_new_object(o->arena);
	for (const char *const *name = wanted; *name; name++) {
		const char *value = json_node_member_text(answer.rest, *name);

		if (value)
			json_set(o->arena, *ret, *name, json_new_text(o->arena, value));
	}
	verified = json_node_member(answer.rest, "email_verified");
	if (verified && verified->type == JSON_NODE_BOOL)
		json_set(o->arena, *ret, "email_verified", json_new_bool(o->arena, verified->truth));
	return 0;
}

static int emit(struct oidc *o, const struct fetch_caller *caller, const struct json *claims, const struct json *more)
{
	const struct roster_identity *person = claims_person(&o->options.rules, claims, more, o->arena);

	if (!person)
		return caller->host->fail(caller->call, ROSTER_DENIED, 0, "the token names nobody");
	if (claims_has_overage(claims))
		oidc_judged(caller, true, "groups", "more than a token holds: none were taken, and none are taken away", NULL, NULL);
	for (const char *const *name = person->groups; name && *name; name++) {
		const struct roster_group group = { .size = sizeof(group), .remote_id = *name, .name = *name, .partial = 1 };

		if (caller->host->emit_group(caller->call, &group) < 0)
			return -1;
	}
	return caller->host->emit(caller->call, person);
}

int oidc_finish(struct oidc *o, const struct fetch_caller *caller, const struct roster_pair *form)
{
	const struct roster_host *host = caller->host;
	const char *code, *id_token, *access_token;
	struct json *claims, *more = NULL;
	int64_t now_s = clock_now_us() / 1000000;

	arena_reset(o->arena);
	if (oidc_know_provider(o, caller) < 0 || judge_answer(o, caller, form, &code) < 0 || exchange(o, caller, code, &id_token, &access_token) < 0 ||
	    oidc_verify_token(o, caller, id_token, &claims) < 0 ||
	    claims_judge(&o->options.rules, claims, host->attempt(caller->call, "nonce"), now_s, o->arena, tell, (void *)caller) < 0)
		return -1;
	if (!json_member(claims, "email") && o->options.rules.email != CLAIMS_EMAIL_NEVER && o->provider.userinfo[0] && access_token &&
	    ask_userinfo(o, caller, access_token, claims, &more) < 0)
		return -1;
	if (host->once(caller->call, code, now_s + CODE_LIFE_S) < 0 ||
	    host->session_of(caller->call, claims_text(claims, "sub", CLAIMS_SUBJECT_MOST), claims_text(claims, "sid", ROSTER_ID_MOST)) < 0 ||
	    (strlen(id_token) <= ROSTER_SESSION_MOST && host->session(caller->call, id_token, 0) < 0))
		return -1;
	return emit(o, caller, claims, more);
}

/* ---- logout ---- */

int oidc_logout(struct oidc *o, const struct fetch_caller *caller, const char *session)
{
	__attribute__((cleanup(buffer_close))) struct buffer query;

	arena_reset(o->arena);
	buffer_open(&query, FORM_MOST);
	if (oidc_know_provider(o, caller) < 0)
		return -1;
	if (!o->provider.end_session[0])
		return 0;
	put(&query, "client_id", o->options.rules.client_id);
	put(&query, "id_token_hint", session);
	return query.full ? 0 : send_off(o, caller, o->provider.end_session, query.bytes);
}

/* ---- check ---- */

int oidc_check(struct oidc *o, const struct fetch_caller *caller)
{
	struct json *keys;
	struct error e;

	arena_reset(o->arena);
	if (oidc_fetch_provider(o, caller) < 0 || oidc_fetch_keys(o, caller) < 0)
		return -1;
	if (json_parse(o->arena, o->keys, strlen(o->keys), &keys, &e) < 0 || json_count(json_member(keys, "keys")) == 0)
		return oidc_wrong_provider(o, caller, "the provider has no keys");
	caller->host->note(caller->call, "the provider is \"%s\", with %zu keys", o->provider.issuer, json_count(json_member(keys, "keys")));
	caller->host->note(caller->call, "its application must have the redirect address %s",
			   caller->host->address(caller->call, "callback") ? caller->host->address(caller->call, "callback")
									   : "that \"public_url\" of rosterd.conf yields, which is not set");
	caller->host->note(caller->call, "it may tell of logout at %s, by back channel or front channel",
			   caller->host->address(caller->call, "logout") ? caller->host->address(caller->call, "logout") : "such an address");
	if (!o->provider.end_session[0])
		caller->host->note(caller->call, "it is not told when somebody signs off here: it has no address for that");
	return 0;
}
