#include "common/oauth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "common/cursor.h"
#include "common/sign.h"

enum {
	FORM_MOST = 48 << 10, /* bytes of what a token is asked for with */
	ASSERTION_LIFE_S = 300,
	ASKED_MOST = 3, /* times in a row, for a nonce or for DPoP itself */
	KEPT_MOST = OAUTH_TOKEN_MOST + OAUTH_SCOPE_MOST + 256, /* bytes of a token that the daemon keeps */
};

static const char kept_head[] = "token 1";

struct oauth {
	struct oauth_options options;
	struct fetch *fetch;
	struct sign_key *key, *proof_key; /* proof_key: of DPoP, made here */
	char thumbprint[SIGN_HASH_SIZE];  /* of the certificate; "": there is none */
	char nonce[FETCH_WORD_MOST];
	char token[OAUTH_TOKEN_MOST];
	char scope[OAUTH_SCOPE_MOST];
	int64_t good_until_ms; /* of the monotonic clock */
	bool bound;	       /* the token is one of DPoP */
	bool proven;	       /* it was accepted once */
	bool recalled;	       /* what the daemon keeps was looked at, or is not wanted */
	int64_t skew_s;	       /* the vendor's clock less ours */
};

static int internal(const struct fetch_caller *caller, const struct error *e)
{
	return caller->host->fail(caller->call, ROSTER_NONSENSE, 0, "%s", e->text);
}

/* What names a certificate is signed with PS256, and that takes RSA. */
static int open_certificate(struct oauth *oauth, const struct fetch_caller *caller)
{
	const struct oauth_options *options = &oauth->options;
	struct error e;

	if (sign_use_pss(oauth->key) < 0)
		return caller->host->fail(caller->call, ROSTER_MISCONFIGURED, 0,
					  "\"%s\": an RSA key is expected, %s takes no other",
					  options->key_setting, options->vendor);
	if (sign_thumbprint(oauth->key, options->certificate, oauth->thumbprint, &e) < 0)
		return caller->host->fail(caller->call, ROSTER_MISCONFIGURED, 0, "\"%s\": %s",
					  options->certificate_setting, e.text);
	return 0;
}

int oauth_open(const struct fetch_caller *caller, const struct oauth_options *options, struct fetch *fetch,
	       struct oauth **ret)
{
	struct oauth *oauth = calloc(1, sizeof(*oauth));
	struct error e;

	if (!oauth)
		return caller->host->fail(caller->call, ROSTER_TRY_LATER, 0, "out of memory");
	oauth->options = *options;
	if (!options->kept_name)
		oauth->options.kept_name = "token";
	oauth->fetch = fetch;
	if (options->way != OAUTH_SECRET && sign_key_open(options->key, &oauth->key, &e) < 0) {
		oauth_close(&oauth);
		return caller->host->fail(caller->call, ROSTER_MISCONFIGURED, 0, "\"%s\": %s",
					  options->key_setting, e.text);
	}
	if (oauth->key && options->certificate && open_certificate(oauth, caller) < 0) {
		oauth_close(&oauth);
		return -1;
	}
	*ret = oauth;
	return 0;
}

void oauth_close(struct oauth **oauth)
{
	struct oauth *o = *oauth;

	*oauth = NULL;
	if (!o)
		return;
	sign_key_close(&o->key);
	sign_key_close(&o->proof_key);
	explicit_bzero(o, sizeof(*o));
	free(o);
}

const char *oauth_scope(const struct oauth *oauth)
{
	return oauth->scope;
}

bool oauth_uses_dpop(const struct oauth *oauth)
{
	return oauth->bound;
}

static void forget(struct oauth *oauth)
{
	explicit_bzero(oauth->token, sizeof(oauth->token));
	oauth->good_until_ms = 0;
}

bool oauth_refused(struct oauth *oauth)
{
	bool was_good = oauth->proven;

	forget(oauth);
	oauth->proven = false;
	return was_good;
}

void oauth_accepted(struct oauth *oauth)
{
	oauth->proven = true;
}

void oauth_renew(struct oauth *oauth)
{
	forget(oauth);
	oauth->recalled = true;
}

/* ---- a token that outlives us ---- */

static void mix(struct buffer *ret, const char *text)
{
	buffer_format(ret, "%zu:%s,", text ? strlen(text) + 1 : 0, text ? text : "");
}

/* What a token was given for. Other settings want another one, whatever was kept. */
static int fingerprint(const struct oauth *oauth, char ret[SIGN_HASH_SIZE], struct error *e)
{
	const struct oauth_options *o = &oauth->options;
	const char *const parts[] = { o->token_url, o->client_id, o->secret,   o->key,	  o->key_id,
				      o->scope,	    o->audience,  o->subject, o->certificate };
	__attribute__((cleanup(buffer_close))) struct buffer all;
	int result;

	buffer_open(&all, FORM_MOST);
	buffer_format(&all, "%d,", (int)o->way);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		mix(&all, parts[i]);
	result = all.full ? error_set(e, ERROR_INPUT, "oauth.settings", "the settings are too long")
			  : sign_hash(all.bytes, ret, e);
	explicit_bzero(all.bytes, all.length);
	return result;
}

static int keep(const struct oauth *oauth, const struct fetch_caller *caller, int64_t good_for_s)
{
	unsigned long long until = (unsigned long long)(clock_now_us() / 1000000 + good_for_s);
	char hash[SIGN_HASH_SIZE];
	const struct cursor_row rows[] = {
		{ .name = "for", .text = hash, .size = sizeof(hash) },
		{ .name = "until", .number = &until },
		{ .name = "scope", .text = (char *)oauth->scope, .size = sizeof(oauth->scope) },
		{ .name = "token", .text = (char *)oauth->token, .size = sizeof(oauth->token) },
	};
	__attribute__((cleanup(buffer_close))) struct buffer kept;
	struct error e;
	int result;

	buffer_open(&kept, KEPT_MOST);
	if (fingerprint(oauth, hash, &e) < 0)
		return internal(caller, &e);
	cursor_write(kept_head, rows, sizeof(rows) / sizeof(rows[0]), &kept);
	/* One with a line feed among its scopes is not kept. */
	result = kept.full ? 0
			   : caller->host->keep(caller->call, oauth->options.kept_name, kept.bytes, kept.length, (int64_t)until);
	explicit_bzero(kept.bytes, kept.length);
	return result;
}

/* Takes the token that an earlier reading asked for: what is of other settings or cut counts as none. */
static int recall(struct oauth *oauth, const struct fetch_caller *caller)
{
	char bytes[KEPT_MOST], kept_for[SIGN_HASH_SIZE] = "", hash[SIGN_HASH_SIZE];
	unsigned long long until = 0;
	int64_t left_s;
	const struct cursor_row rows[] = {
		{ .name = "for", .text = kept_for, .size = sizeof(kept_for) },
		{ .name = "until", .number = &until },
		{ .name = "scope", .text = oauth->scope, .size = sizeof(oauth->scope) },
		{ .name = "token", .text = oauth->token, .size = sizeof(oauth->token) },
	};
	int size = caller->host->recall(caller->call, oauth->options.kept_name, bytes, sizeof(bytes));
	bool read = size > 0 && cursor_read(kept_head, bytes, (size_t)size, rows,
					    sizeof(rows) / sizeof(rows[0]), NULL, NULL) == 0;
	struct error e;

	oauth->recalled = true;
	explicit_bzero(bytes, sizeof(bytes));
	if (size < 0)
		return -1;
	if (fingerprint(oauth, hash, &e) < 0)
		return internal(caller, &e);
	left_s = (int64_t)until - clock_now_us() / 1000000;
	if (!read || !oauth->token[0] || !text_equal(kept_for, hash) || left_s <= 0 ||
	    left_s > OAUTH_LIFE_MOST_S) {
		oauth->scope[0] = '\0';
		forget(oauth);
		return 0;
	}
	oauth->proven = true; /* when it is refused, its time is over: a new one may fare better */
	oauth->good_until_ms = clock_monotonic_ms() + left_s * 1000;
	return 0;
}

/* ---- what we sign ---- */

static int64_t now_s(const struct oauth *oauth)
{
	return clock_now_us() / 1000000 + oauth->skew_s;
}

static int make_assertion(const struct oauth *oauth, char ret[SIGN_JWT_MOST], struct error *e)
{
	const struct oauth_options *options = &oauth->options;
	__attribute__((cleanup(buffer_close))) struct buffer header, claims;
	char random[SIGN_RANDOM_SIZE];
	struct json_writer w;

	buffer_open(&header, SIGN_JWT_MOST);
	buffer_open(&claims, SIGN_JWT_MOST);
	if (sign_random(random, e) < 0)
		return -1;
	json_writer_open(&w, &header);
	json_begin_object(&w, NULL);
	json_put_text(&w, "alg", sign_algorithm(oauth->key));
	json_put_text(&w, "typ", "JWT");
	if (options->key_id)
		json_put_text(&w, "kid", options->key_id);
	if (oauth->thumbprint[0])
		json_put_text(&w, "x5t#S256", oauth->thumbprint);
	json_end_object(&w);

	json_writer_open(&w, &claims);
	json_begin_object(&w, NULL);
	json_put_text(&w, "iss", options->client_id);
	if (options->way == OAUTH_PRIVATE_KEY || options->subject)
		json_put_text(&w, "sub",
			      options->way == OAUTH_PRIVATE_KEY ? options->client_id : options->subject);
	json_put_text(&w, "aud", options->token_url);
	if (options->way == OAUTH_ASSERTION)
		json_put_text(&w, "scope", options->scope);
	else
		json_put_text(&w, "jti", random);
	json_put_int(&w, "iat", now_s(oauth));
	if (oauth->thumbprint[0])
		json_put_int(&w, "nbf", now_s(oauth));
	json_put_int(&w, "exp", now_s(oauth) + ASSERTION_LIFE_S);
	json_end_object(&w);
	return sign_jwt(oauth->key, header.bytes, claims.bytes, ret, e);
}

/* RFC 9449 section 4.2; token NULL: at the token endpoint. */
static int make_proof(struct oauth *oauth, const char *method, const char *url, const char *token,
		      char ret[SIGN_JWT_MOST], struct error *e)
{
	__attribute__((cleanup(buffer_close))) struct buffer header, claims;
	char random[SIGN_RANDOM_SIZE], hash[SIGN_HASH_SIZE], jwk[SIGN_JWK_MOST], target[LINK_URL_MOST];
	struct json_writer w;

	buffer_open(&header, SIGN_JWT_MOST);
	buffer_open(&claims, SIGN_JWT_MOST);
	snprintf(target, sizeof(target), "%.*s", (int)strcspn(url, "?#"),
		 url); /* section 4.2: without query and fragment */
	if (sign_random(random, e) < 0 || sign_public(oauth->proof_key, jwk, e) < 0 ||
	    (token && sign_hash(token, hash, e) < 0))
		return -1;
	json_writer_open(&w, &header);
	json_begin_object(&w, NULL);
	json_put_text(&w, "typ", "dpop+jwt");
	json_put_text(&w, "alg", sign_algorithm(oauth->proof_key));
	json_put_raw(&w, "jwk", jwk);
	json_end_object(&w);

	json_writer_open(&w, &claims);
	json_begin_object(&w, NULL);
	json_put_text(&w, "jti", random);
	json_put_text(&w, "htm", method);
	json_put_text(&w, "htu", target);
	json_put_int(&w, "iat", now_s(oauth));
	if (token)
		json_put_text(&w, "ath", hash);
	if (oauth->nonce[0])
		json_put_text(&w, "nonce", oauth->nonce);
	json_end_object(&w);
	return sign_jwt(oauth->proof_key, header.bytes, claims.bytes, ret, e);
}

/* ---- asking for a token ---- */

static void put(struct buffer *form, const char *name, const char *value)
{
	char escaped[3 * SIGN_JWT_MOST];

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

static int make_form(const struct oauth *oauth, struct buffer *form, struct error *e)
{
	const struct oauth_options *options = &oauth->options;
	char assertion[SIGN_JWT_MOST];

	if (options->way != OAUTH_SECRET && make_assertion(oauth, assertion, e) < 0)
		return -1;
	if (options->way == OAUTH_ASSERTION) {
		put(form, "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
		put(form, "assertion", assertion);
	} else {
		put(form, "grant_type", "client_credentials");
		put(form, "scope", options->scope);
		put(form, "audience", options->audience);
	}
	if (options->way == OAUTH_PRIVATE_KEY) {
		put(form, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
		put(form, "client_assertion", assertion);
	}
	if (options->way == OAUTH_SECRET || options->audience || options->certificate)
		put(form, "client_id", options->client_id);
	if (options->way == OAUTH_SECRET)
		put(form, "client_secret", options->secret);
	return form->full ? error_set(e, ERROR_INPUT, "oauth.form", "the request for a token is too long")
			  : 0;
}

static int prove_at_token_endpoint(void *context, const struct fetch_caller *caller, const char *method,
				   const char *url, struct fetch_head *head)
{
	struct oauth *oauth = context;
	char proof[SIGN_JWT_MOST];
	struct error e;

	if (!oauth->proof_key)
		return 0;
	if (make_proof(oauth, method, url, NULL, proof, &e) < 0)
		return internal(caller, &e);
	fetch_head_add(head, "DPoP", proof);
	return 0;
}

/* Okta and others name errors in two ways. */
static const char *error_word(const struct fetch_answer *answer)
{
	const char *word = json_node_member_text(answer->rest, "error");

	if (!word)
		word = json_node_member_text(answer->rest, "errorCode");
	return word ? word : "";
}

static const char *error_words(const struct fetch_answer *answer)
{
	const char *words = json_node_member_text(answer->rest, "error_description");

	if (!words)
		words = json_node_member_text(answer->rest, "errorSummary");
	return words ? words : "it says no more";
}

/* The first line: behind it stand numbers for the vendor's support. */
static int first_line(const char *words)
{
	return (int)strcspn(words, "\r\n");
}

static int refuse_with_advice(const struct oauth *oauth, const struct fetch_caller *caller,
			      const struct fetch_answer *answer, const char *advice)
{
	const char *words = error_words(answer);
	char trace[FETCH_WORD_MOST + 16];

	return caller->host->fail(caller->call, ROSTER_REFUSED, 0, "%s gives no token: %.*s; %s%s",
				  oauth->options.vendor, first_line(words) < 180 ? first_line(words) : 180,
				  words, advice, fetch_trace(answer, trace));
}

/* 1: ask again, with a proof or with the nonce that came. 0: the refusal is one. -1: failed. */
static int learn_dpop(struct oauth *oauth, const struct fetch_caller *caller,
		      const struct fetch_answer *answer)
{
	const char *word = error_word(answer);
	struct error e;

	if (!oauth->options.dpop ||
	    (!text_equal(word, "use_dpop_nonce") && !text_equal(word, "invalid_dpop_proof")))
		return 0;
	if (!oauth->proof_key && sign_key_make(&oauth->proof_key, &e) < 0)
		return internal(caller, &e);
	if (answer->nonce[0])
		snprintf(oauth->nonce, sizeof(oauth->nonce), "%s", answer->nonce);
	return 1;
}

/* An assertion is good for minutes: a clock that is wrong here refuses it, and the vendor's says by how much.
 */
static bool learn_skew(struct oauth *oauth, const struct fetch_answer *answer)
{
	int64_t skew = answer->limits.date - clock_now_us() / 1000000;

	if (answer->limits.date < 0 || (skew - oauth->skew_s < 30 && skew - oauth->skew_s > -30))
		return false;
	oauth->skew_s = skew;
	return true;
}

static int refuse(const struct oauth *oauth, const struct fetch_caller *caller,
		  const struct fetch_answer *answer)
{
	const struct oauth_options *options = &oauth->options;
	const char *word = error_word(answer),
		   *advice = options->advise && answer->rest ? options->advise(answer->rest) : NULL;
	char trace[FETCH_WORD_MOST + 16];

	fetch_trace(answer, trace);
	if (advice)
		return refuse_with_advice(oauth, caller, answer, advice);
	if (text_equal(word, "invalid_scope"))
		return caller->host->fail(
			caller->call, ROSTER_REFUSED, 0,
			"%s does not give the scopes \"%s\": %.200s; grant them to the application%s",
			options->vendor, options->scope ? options->scope : "", error_words(answer), trace);
	if (text_equal(word, "invalid_client") || text_equal(word, "unauthorized_client") ||
	    text_equal(word, "invalid_grant"))
		return caller->host->fail(caller->call, ROSTER_REFUSED, 0,
					  "%s does not accept us (%s): %.200s; see \"%s\" and \"%s\"%s",
					  options->vendor, word, error_words(answer), options->client_setting,
					  options->way == OAUTH_SECRET ? options->secret_setting
								       : options->key_setting,
					  trace);
	if (answer->status == 404)
		return caller->host->fail(caller->call, ROSTER_MISCONFIGURED, 0,
					  "there are no tokens at \"%.200s\": is the address right",
					  options->token_url);
	return caller->host->fail(caller->call, answer->status >= 500 ? ROSTER_TRY_LATER : ROSTER_REFUSED, 0,
				  "%s gives no token: it answers %d%s%.60s: %.200s%s", options->vendor,
				  answer->status, word[0] ? ", " : "", word, error_words(answer), trace);
}

static int take_token(struct oauth *oauth, const struct fetch_caller *caller,
		      const struct fetch_answer *answer)
{
	const char *token = json_node_member_text(answer->rest, "access_token"),
		   *type = json_node_member_text(answer->rest, "token_type");
	const char *scope = json_node_member_text(answer->rest, "scope");
	int64_t life_s = 0;
	size_t length = token ? strlen(token) : 0;
	int64_t good_for_s;
	bool bound = text_equal_nocase(type, "DPoP");

	if (length == 0 || length >= sizeof(oauth->token) || !text_is_printable(token, length) ||
	    strchr(token, ' '))
		return caller->host->fail(caller->call, ROSTER_NONSENSE, 0,
					  "%s: the answer has no token that can be used",
					  oauth->options.vendor);
	if ((!bound && !text_equal_nocase(type, "Bearer")) || (bound && !oauth->proof_key))
		return caller->host->fail(caller->call, ROSTER_NONSENSE, 0,
					  "%s gives a token of type \"%.40s\"; Bearer or DPoP is expected",
					  oauth->options.vendor, type ? type : "");
	if (json_node_int(json_node_member(answer->rest, "expires_in"), &life_s) < 0 || life_s <= 0 ||
	    life_s > OAUTH_LIFE_MOST_S)
		life_s = 2 *
			 OAUTH_EARLY_S; /* RFC 6749 section 5.1 only recommends it: then it is good for now */
	memcpy(oauth->token, token, length + 1);
	snprintf(oauth->scope, sizeof(oauth->scope), "%s", scope ? scope : "");
	if (answer->nonce[0])
		snprintf(oauth->nonce, sizeof(oauth->nonce), "%s", answer->nonce);
	oauth->bound = bound;
	oauth->proven = false;
	good_for_s = life_s > 2 * OAUTH_EARLY_S ? life_s - OAUTH_EARLY_S : life_s / 2;
	oauth->good_until_ms = clock_monotonic_ms() + good_for_s * 1000;
	/* One that is bound to a key lives as long as the key, which is as long as we do. */
	return bound ? 0 : keep(oauth, caller, good_for_s);
}

static int ask_once(struct oauth *oauth, const struct fetch_caller *caller, struct fetch_answer *ret)
{
	__attribute__((cleanup(buffer_close))) struct buffer form;
	struct fetch_request request = {
		.doing = "asking for a token",
		.url = oauth->options.token_url,
		.content_type = "application/x-www-form-urlencoded",
		.repeatable = false,
		.secret = true,
		.bucket = "token",
		.authorise = prove_at_token_endpoint,
		.authorise_context = oauth,
	};
	struct error e;
	int result;

	buffer_open(&form, FORM_MOST);
	if (make_form(oauth, &form, &e) < 0)
		return internal(caller, &e);
	request.body = form.bytes;
	caller->host->step(caller->call, "asking for a token at \"%s\"", oauth->options.token_url);
	result = fetch_ask(oauth->fetch, caller, &request, ret);
	explicit_bzero(form.bytes, form.length);
	return result;
}

/* Which scopes an application has is its administrator's to say: RFC 6749 section 5.2, and Google's word for a
 * delegation that lacks one of them. */
static bool is_about_scopes(const struct fetch_answer *answer)
{
	const char *word = error_word(answer);

	return text_equal(word, "invalid_scope") || text_equal(word, "unauthorized_client") ||
	       text_equal(word, "access_denied");
}

/* 1: there is a token; 0: its scopes are not given, if `may_lack` says that this is no failure. */
static int ask_for_token(struct oauth *oauth, const struct fetch_caller *caller, bool may_lack)
{
	struct fetch_answer *answer = calloc(1, sizeof(*answer));
	bool skewed = false;
	int result = answer ? 0 : caller->host->fail(caller->call, ROSTER_TRY_LATER, 0, "out of memory");

	for (int asked = 0; result == 0; asked++) {
		result = ask_once(oauth, caller, answer);
		if (result < 0)
			break;
		if (answer->status == 200) {
			result = take_token(oauth, caller, answer) < 0 ? -1 : 1;
			break;
		}
		if (may_lack && is_about_scopes(answer))
			break;
		if (asked + 1 < ASKED_MOST) {
			result = learn_dpop(oauth, caller, answer);
			if (result > 0 ||
			    (result == 0 && oauth->key && !skewed && learn_skew(oauth, answer))) {
				skewed = result == 0;
				result = 0;
				continue;
			}
		}
		if (result == 0)
			result = refuse(oauth, caller, answer);
	}
	free(answer);
	return result;
}

static int have_token(struct oauth *oauth, const struct fetch_caller *caller, bool may_lack)
{
	if (!oauth->recalled && recall(oauth, caller) < 0)
		return -1;
	return clock_monotonic_ms() < oauth->good_until_ms ? 1 : ask_for_token(oauth, caller, may_lack);
}

int oauth_try(struct oauth *oauth, const struct fetch_caller *caller)
{
	return have_token(oauth, caller, true);
}

int oauth_authorise(void *context, const struct fetch_caller *caller, const char *method, const char *url,
		    struct fetch_head *head)
{
	struct oauth *oauth = context;
	char value[OAUTH_TOKEN_MOST + 16], proof[SIGN_JWT_MOST];
	struct error e;

	if (have_token(oauth, caller, false) < 0)
		return -1;
	snprintf(value, sizeof(value), "%s %s", oauth->bound ? "DPoP" : "Bearer", oauth->token);
	fetch_head_add(head, "Authorization", value);
	explicit_bzero(value, sizeof(value));
	if (!oauth->bound)
		return 0;
	if (make_proof(oauth, method, url, oauth->token, proof, &e) < 0)
		return internal(caller, &e);
	fetch_head_add(head, "DPoP", proof);
	return 0;
}
