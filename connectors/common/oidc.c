#include "common/oidc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "common/jws.h"
#include "common/links.h"
#include "common/sign.h"

enum {
	FORM_MOST = 16 << 10,
	BASIC_MOST = 4096,
	CODE_MOST = 4096,
	TOKEN_MOST = 64 << 10, /* an ID or access token */
	CODE_LIFE_S = 3600,
};

/* What the provider says of itself, as far as we use it. */
struct provider {
	char issuer[OIDC_URL_MOST], authorization[OIDC_URL_MOST], token[OIDC_URL_MOST], keys[OIDC_URL_MOST], userinfo[OIDC_URL_MOST],
		end_session[OIDC_URL_MOST];
	bool basic, post; /* how it takes the secret; neither: it does not say */
	bool answers_issuer; /* "iss" in the answer (RFC 9207) */
};

struct oidc {
	struct oidc_options options;
	struct fetch *fetch;
	struct arena *arena; /* of one call */
	struct provider provider;
	int64_t provider_until_ms; /* of the monotonic clock; 0: not known */
	char keys[OIDC_KEYS_MOST]; /* {"keys":[...]} */
	int64_t keys_until_ms, keys_again_ms;
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

/* ---- what the provider says of itself ---- */

static const char kept_provider[] = "openid provider", kept_keys[] = "openid keys";

/* What is kept is good for these settings alone. */
static bool begins_so(const char *bytes, size_t size, const char *head)
{
	return size > strlen(head) && memcmp(bytes, head, strlen(head)) == 0 && bytes[strlen(head)] == '\n';
}

static const char *discovery_url(const struct oidc *o)
{
	const char *issuer = o->options.rules.issuer;
	size_t length = strlen(issuer);

	if (o->options.discovery)
		return o->options.discovery;
	return arena_format(o->arena, "%.*s/.well-known/openid-configuration", (int)(length > 0 && issuer[length - 1] == '/' ? length - 1 : length),
			    issuer);
}

/* An address of https, or none. */
static int take_url(const struct json_node *from, const char *name, char ret[OIDC_URL_MOST])
{
	const char *url = json_node_member_text(from, name);
	struct link_origin origin;

	ret[0] = '\0';
	if (!url)
		return 0;
	if (strlen(url) >= OIDC_URL_MOST || link_origin_of(url, &origin) < 0 || strpbrk(url, " \t\r\n\"<>\\^`{|}"))
		return -1;
	strcpy(ret, url);
	return 1;
}

static bool takes(const struct json_node *methods, const char *name)
{
	const struct json_node *method = methods ? json_node_first(methods) : NULL;

	for (; method; method = json_node_next(methods, method))
		if (text_equal(json_node_text(method), name))
			return true;
	return false;
}

static int wrong_provider(struct oidc *o, const struct fetch_caller *caller, const char *what)
{
	return caller->host->fail(caller->call, ROSTER_MISCONFIGURED, 0, "%s at \"%.200s\"; see \"%s\"", what, discovery_url(o),
				  o->options.issuer_setting);
}

static int read_provider(struct oidc *o, const struct fetch_caller *caller, const struct json_node *from, struct provider *ret)
{
	const char *issuer = json_node_member_text(from, "issuer");
	const struct json_node *methods = json_node_member(from, "token_endpoint_auth_methods_supported"),
			       *answers = json_node_member(from, "authorization_response_iss_parameter_supported");

	*ret = (struct provider){ .answers_issuer = answers && answers->type == JSON_NODE_BOOL && answers->truth };
	if (!issuer || strcmp(issuer, o->options.rules.issuer) != 0)
		return caller->host->fail(caller->call, ROSTER_MISCONFIGURED, 0,
					  "the provider calls itself \"%.200s\" and not \"%.200s\"; set \"%s\" to that, to the letter",
					  issuer ? issuer : "nothing", o->options.rules.issuer, o->options.issuer_setting);
	snprintf(ret->issuer, sizeof(ret->issuer), "%s", issuer);
	if (take_url(from, "authorization_endpoint", ret->authorization) != 1 || take_url(from, "token_endpoint", ret->token) != 1 ||
	    take_url(from, "jwks_uri", ret->keys) != 1)
		return wrong_provider(o, caller, "the provider does not say where people sign on, where tokens and where keys are, by https,");
	if (take_url(from, "userinfo_endpoint", ret->userinfo) < 0 || take_url(from, "end_session_endpoint", ret->end_session) < 0)
		return wrong_provider(o, caller, "the provider names an address that is none of https");
	ret->basic = !methods || takes(methods, "client_secret_basic");
	ret->post = takes(methods, "client_secret_post");
	return 0;
}

static int keep_provider(const struct oidc *o, const struct fetch_caller *caller)
{
	const struct provider *p = &o->provider;
	char text[ROSTER_KEPT_MOST];
	int length = snprintf(text, sizeof(text), "%s\n%s\n%s\n%s\n%s\n%s\n%d%d%d\n", o->options.rules.issuer, p->authorization, p->token, p->keys,
			      p->userinfo, p->end_session, p->basic, p->post, p->answers_issuer);

	if (length < 0 || (size_t)length >= sizeof(text))
		return 0;
	return caller->host->keep(caller->call, kept_provider, text, (size_t)length, clock_now_us() / 1000000 + OIDC_DISCOVERY_S);
}

static bool read_line(const char **at, char *ret, size_t size)
{
	size_t length = strcspn(*at, "\n");

	if ((*at)[length] != '\n' || length >= size)
		return false;
	memcpy(ret, *at, length);
	ret[length] = '\0';
	*at += length + 1;
	return true;
}

/* 1: what was kept is of this provider. 0: nothing is. */
static int recall_provider(struct oidc *o, const struct fetch_caller *caller)
{
	char text[ROSTER_KEPT_MOST + 1], flags[8];
	int size = caller->host->recall(caller->call, kept_provider, text, ROSTER_KEPT_MOST);
	struct provider p = { 0 };
	const char *at = text;

	if (size <= 0 || !begins_so(text, (size_t)size, o->options.rules.issuer))
		return size < 0 ? -1 : 0;
	text[size] = '\0';
	if (!read_line(&at, p.issuer, sizeof(p.issuer)) || !read_line(&at, p.authorization, sizeof(p.authorization)) ||
	    !read_line(&at, p.token, sizeof(p.token)) || !read_line(&at, p.keys, sizeof(p.keys)) ||
	    !read_line(&at, p.userinfo, sizeof(p.userinfo)) || !read_line(&at, p.end_session, sizeof(p.end_session)) ||
	    !read_line(&at, flags, sizeof(flags)) || strlen(flags) != 3)
		return 0;
	p.basic = flags[0] == '1';
	p.post = flags[1] == '1';
	p.answers_issuer = flags[2] == '1';
	o->provider = p;
	return 1;
}

static int fetch_provider(struct oidc *o, const struct fetch_caller *caller)
{
	const struct fetch_request request = { .doing = "reading what the provider says of itself", .url = discovery_url(o) };
	struct fetch_answer answer;

	caller->host->step(caller->call, "reading %.200s", request.url);
	if (fetch_ask(o->fetch, caller, &request, &answer) < 0)
		return -1;
	if (answer.status != 200 || !answer.rest || answer.rest->type != JSON_NODE_OBJECT)
		return wrong_provider(o, caller, "there is no description of a provider");
	if (read_provider(o, caller, answer.rest, &o->provider) < 0)
		return -1;
	o->provider_until_ms = clock_monotonic_ms() + OIDC_DISCOVERY_S * INT64_C(1000);
	return keep_provider(o, caller);
}

static int know_provider(struct oidc *o, const struct fetch_caller *caller)
{
	int known;

	if (o->provider_until_ms > clock_monotonic_ms())
		return 0;
	known = recall_provider(o, caller);
	if (known < 0)
		return -1;
	/* Its time is with what keeps it; here it is asked for again soon. */
	if (known == 1)
		o->provider_until_ms = clock_monotonic_ms() + OIDC_KEYS_AGAIN_S * INT64_C(1000);
	return known == 1 ? 0 : fetch_provider(o, caller);
}

/* ---- its keys ---- */

struct gathering {
	struct buffer text;
	struct json_writer w;
	size_t count;
};

/* Of a key, what says which it is and what it is made of. */
static int take_key(void *context, const struct json_node *key, struct error *e)
{
	static const char *const members[] = { "kty", "kid", "use", "alg", "n", "e", "crv", "x", "y", NULL };
	struct gathering *g = context;

	(void)e;
	if (key->type != JSON_NODE_OBJECT || g->count == JWS_KEYS_MOST)
		return 0;
	g->count++;
	json_begin_object(&g->w, NULL);
	for (const char *const *member = members; *member; member++) {
		const char *value = json_node_member_text(key, *member);

		if (value)
			json_put_text(&g->w, *member, value);
	}
	json_end_object(&g->w);
	return 0;
}

static void begin_keys(void *context)
{
	struct gathering *g = context;

	buffer_reset(&g->text);
	json_writer_open(&g->w, &g->text);
	json_begin_object(&g->w, NULL);
	json_begin_array(&g->w, "keys");
	g->count = 0;
}

static int keep_keys(const struct oidc *o, const struct fetch_caller *caller)
{
	char text[OIDC_KEYS_MOST + OIDC_URL_MOST];
	int length = snprintf(text, sizeof(text), "%s\n%s", o->provider.keys, o->keys);

	if (length < 0 || length > ROSTER_KEPT_MOST)
		return 0;
	return caller->host->keep(caller->call, kept_keys, text, (size_t)length, clock_now_us() / 1000000 + OIDC_KEYS_S);
}

static int take_keys(struct oidc *o, const struct fetch_caller *caller, struct gathering *g)
{
	json_end_array(&g->w);
	json_end_object(&g->w);
	if (g->text.full || g->text.length >= sizeof(o->keys))
		return caller->host->fail(caller->call, ROSTER_NONSENSE, 0, "the keys at \"%.200s\" have more than %d bytes", o->provider.keys,
					  OIDC_KEYS_MOST);
	memcpy(o->keys, g->text.bytes, g->text.length + 1);
	o->keys_until_ms = clock_monotonic_ms() + OIDC_KEYS_S * INT64_C(1000);
	return keep_keys(o, caller);
}

static int fetch_keys(struct oidc *o, const struct fetch_caller *caller)
{
	struct gathering g = { 0 };
	const struct fetch_request request = { .doing = "reading the provider's keys", .url = o->provider.keys, .array = "keys",
					       .take = take_key, .begin = begin_keys, .context = &g };
	struct fetch_answer answer;
	int result = -1;

	buffer_open(&g.text, OIDC_KEYS_MOST);
	begin_keys(&g);
	if (fetch_ask(o->fetch, caller, &request, &answer) == 0)
		result = answer.status == 200 ? take_keys(o, caller, &g) : wrong_provider(o, caller, "the provider has no keys");
	buffer_close(&g.text);
	return result;
}

static int know_keys(struct oidc *o, const struct fetch_caller *caller)
{
	char text[ROSTER_KEPT_MOST + 1];
	size_t head = strlen(o->provider.keys) + 1;
	int size;

	if (o->keys_until_ms > clock_monotonic_ms())
		return 0;
	size = caller->host->recall(caller->call, kept_keys, text, ROSTER_KEPT_MOST);
	if (size < 0)
		return -1;
	if (size == 0 || !begins_so(text, (size_t)size, o->provider.keys) || (size_t)size - head >= sizeof(o->keys))
		return fetch_keys(o, caller);
	memcpy(o->keys, text + head, (size_t)size - head);
	o->keys[(size_t)size - head] = '\0';
	o->keys_until_ms = clock_monotonic_ms() + OIDC_KEYS_AGAIN_S * INT64_C(1000);
	return 0;
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
	if (know_provider(o, caller) < 0)
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

/* One thing that was looked at; refuses the sign-on if it is not as it must be. */
static int judged(const struct fetch_caller *caller, bool passed, const char *check, const char *expected, const char *received,
		  const char *advice)
{
	caller->host->checked(caller->call, check, passed, expected, passed ? NULL : received, passed ? NULL : advice);
	return passed ? 0 : caller->host->fail(caller->call, ROSTER_DENIED, 0, "%s: %s", check, advice);
}

/* The only field of this name; NULL: there is none, or several. */
static const char *field(const struct roster_pair *form, const char *name, bool *ret_several)
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
	const char *error = field(form, "error", &several), *words = field(form, "error_description", &several),
		   *code = field(form, "code", &several), *issuer = field(form, "iss", &several), *state = field(form, "state", &several);

	if (judged(caller, !several, "answer", "each field once", "one of them twice", "something between the provider and here changes what it says") < 0 ||
	    judged(caller, !error, "provider", "a code",
		   error ? arena_format(o->arena, "%.60s: %.200s", error, words ? words : "") : NULL, error_advice(error ? error : "")) < 0 ||
	    judged(caller, state && caller->host->attempt(caller->call, "nonce") != NULL, "begun here", "the answer to a sign-on that began here",
		   state ? "one that nobody here has begun" : "none of ours",
		   "let people begin at the address of this connection, not in a portal of the provider") < 0 ||
	    judged(caller, code && *code && strlen(code) <= CODE_MOST, "code", "an authorization code", code ? "one that is empty or too long" : "none",
		   "the provider is to answer with a code (response type \"code\")") < 0)
		return -1;
	if ((issuer || o->provider.answers_issuer) && !strchr(o->provider.issuer, '{') &&
	    judged(caller, issuer && strcmp(issuer, o->provider.issuer) == 0, "issuer of the answer", o->provider.issuer, issuer ? issuer : "none",
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
	if (judged(caller, answer.status == 200 && !error, "exchange of the code", "tokens",
		   arena_format(o->arena, "%d %.60s: %.200s", answer.status, error ? error : "", words ? words : ""),
		   exchange_advice(o, error ? error : "")) < 0 ||
	    judged(caller, id_token && strlen(id_token) <= TOKEN_MOST, "ID token", "one", id_token ? "one that is too long" : "none",
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
static int verify_token(struct oidc *o, const struct fetch_caller *caller, const char *token, struct json **ret_claims)
{
	struct error e = { 0 };
	struct jws jws;
	int result;

	if (know_keys(o, caller) < 0)
		return -1;
	result = verify(o, token, &jws, &e);
	if (result < 0 && text_equal(e.code, "jws.unknown_key") && o->keys_again_ms <= clock_monotonic_ms()) {
		o->keys_again_ms = clock_monotonic_ms() + OIDC_KEYS_AGAIN_S * INT64_C(1000);
		if (fetch_keys(o, caller) < 0)
			return -1;
		result = verify(o, token, &jws, &e);
	}
	if (judged(caller, result == 0, "signature", "one by a key of the provider", e.text,
		   "if the provider has just exchanged its keys, try again in a minute; otherwise the token is not the provider's") < 0)
		return -1;
	result = json_parse(o->arena, jws.payload, jws.payload_size, ret_claims, &e);
	return judged(caller, result == 0, "token", "claims as JSON", e.text, "the provider's token is none of OpenID Connect");
}

static void tell(void *context, const char *check, bool passed, const char *expected, const char *received, const char *advice)
{
	judged(context, passed, check, expected, received, advice);
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
	if (judged(caller, answer.status == 200 && said && subject && json_is_text(subject) && text_equal(said, json_text(subject)), "userinfo",
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
		judged(caller, true, "groups", "more than a token holds: none were taken, and none are taken away", NULL, NULL);
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
	if (know_provider(o, caller) < 0 || judge_answer(o, caller, form, &code) < 0 || exchange(o, caller, code, &id_token, &access_token) < 0 ||
	    verify_token(o, caller, id_token, &claims) < 0 ||
	    claims_judge(&o->options.rules, claims, host->attempt(caller->call, "nonce"), now_s, o->arena, tell, (void *)caller) < 0)
		return -1;
	if (!json_member(claims, "email") && o->options.rules.email != CLAIMS_EMAIL_NEVER && o->provider.userinfo[0] && access_token &&
	    ask_userinfo(o, caller, access_token, claims, &more) < 0)
		return -1;
	if (host->once(caller->call, code, now_s + CODE_LIFE_S) < 0 ||
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
	if (know_provider(o, caller) < 0)
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
	if (fetch_provider(o, caller) < 0 || fetch_keys(o, caller) < 0)
		return -1;
	if (json_parse(o->arena, o->keys, strlen(o->keys), &keys, &e) < 0 || json_count(json_member(keys, "keys")) == 0)
		return wrong_provider(o, caller, "the provider has no keys");
	caller->host->note(caller->call, "the provider is \"%s\", with %zu keys", o->provider.issuer, json_count(json_member(keys, "keys")));
	caller->host->note(caller->call, "its application must have the redirect address %s",
			   caller->host->address(caller->call, "callback") ? caller->host->address(caller->call, "callback")
									   : "that \"public_url\" of rosterd.conf yields, which is not set");
	if (!o->provider.end_session[0])
		caller->host->note(caller->call, "it is not told when somebody signs off here: it has no address for that");
	return 0;
}
