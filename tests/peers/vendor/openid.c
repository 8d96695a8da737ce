/* A provider of OpenID Connect: discovery, authorization codes bound to PKCE, ID tokens with RS256, userinfo, keys that rotate; and on demand every kind of
 * token that must not be believed. Whoever comes is signed on at once, as the person that the test has named.
 *
 * Options: --client=ID --secret=TEXT. Commands beside the server's:
 *
 *   person SUB EMAIL VERIFIED     who comes next; VERIFIED: true, false, or "-": it is not said; EMAIL "-": none
 *   claim NAME JSON               a claim of the ID token, whatever it would be otherwise; null: it is left out
 *   claims                        forgets all of these
 *   forge KIND                    how tokens are spoiled from now on; "no" for not:
 *                                 none (alg none), unsigned (RS256 without a signature), hs256 (the public key as a secret), other (signed by a key
 *                                 that is not ours, under our kid), jwk (the key stands in the header), nokid, badkid, cut, crit, twice, payload
 *   logout                        prints a logout token about who comes next; `claim` and `forge` count for it, too
 *   rotate                        a new key in place of the old one
 *   thin yes|no                   the ID token says nothing but who it is
 *   userinfo SUB                  whom the userinfo endpoint speaks of; "-": the right one
 *   secret TEXT                   the client's secret from now on
 *   deny WORD                     instead of a code the answer is this error; "no" for not
 *   issuer TEXT                   what the description says the issuer is; "-": the truth */
#include <jansson.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "base/secret.h"
#include "base/text.h"
#include "peers/vendor/server.h"

enum { CODES_MOST = 64, TEXT_MOST = 512, TOKEN_MOST = 16384, LIFE_S = 300 };

static const char *client = "rosterd";
static char secret[TEXT_MOST] = "hush", forge[32] = "no", deny[64] = "no", said_issuer[TEXT_MOST] = "-", told_of[TEXT_MOST] = "-";
static char subject[TEXT_MOST] = "u1", email[TEXT_MOST] = "ada@acme.example", verified[16] = "true";
static bool thin;
static json_t *overrides;
static EVP_PKEY *key, *other;
static unsigned key_number;

static struct code {
	char text[64], redirect[TEXT_MOST], challenge[64], nonce[TEXT_MOST];
	bool used;
} codes[CODES_MOST];
static unsigned code_count;

/* ---- tokens ---- */

static EVP_PKEY *make_key(void)
{
	EVP_PKEY *made = EVP_RSA_gen(2048);

	if (!made)
		abort();
	key_number++;
	return made;
}

static void start(void)
{
	struct error e;

	if (secret_start(&e) < 0)
		abort();
	overrides = json_object();
	other = make_key();
	key_number = 0;
	key = make_key();
}

static void encode(const void *bytes, size_t size, char *ret, size_t room)
{
	if (4 * ((size + 2) / 3) + 1 > room)
		abort();
	text_base64url(bytes, size, ret);
}

static void put_number(json_t *jwk, const char *name, EVP_PKEY *of, const char *param)
{
	unsigned char bytes[600];
	char text[900];
	BIGNUM *number = NULL;
	int size;

	if (!EVP_PKEY_get_bn_param(of, param, &number))
		abort();
	size = BN_bn2bin(number, bytes);
	BN_free(number);
	encode(bytes, (size_t)size, text, sizeof(text));
	json_object_set_new(jwk, name, json_string(text));
}

static json_t *jwk_of(EVP_PKEY *of, bool named)
{
	json_t *jwk = json_pack("{s:s, s:s, s:s}", "kty", "RSA", "use", "sig", "alg", "RS256");
	char kid[32];

	snprintf(kid, sizeof(kid), "key-%u", key_number);
	if (named)
		json_object_set_new(jwk, "kid", json_string(kid));
	put_number(jwk, "n", of, OSSL_PKEY_PARAM_RSA_N);
	put_number(jwk, "e", of, OSSL_PKEY_PARAM_RSA_E);
	return jwk;
}

/* The text of the public key that whoever takes it for a secret would use. */
static size_t public_text(char *ret, size_t room)
{
	json_t *jwk = jwk_of(key, true);
	char *text = json_dumps(jwk, JSON_COMPACT);

	snprintf(ret, room, "%s", text);
	free(text);
	json_decref(jwk);
	return strlen(ret);
}

static void sign(EVP_PKEY *by, const char *text, char *ret, size_t room)
{
	unsigned char signature[512];
	size_t size = sizeof(signature);
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	if (EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, by) != 1 ||
	    EVP_DigestSign(md, signature, &size, (const unsigned char *)text, strlen(text)) != 1)
		abort();
	EVP_MD_CTX_free(md);
	encode(signature, size, ret, room);
}

static json_t *header(void)
{
	char kid[32];
	json_t *head = json_pack("{s:s, s:s}", "typ", "JWT", "alg", "RS256");

	snprintf(kid, sizeof(kid), "key-%u", key_number);
	json_object_set_new(head, "kid", json_string(kid));
	if (strcmp(forge, "none") == 0)
		json_object_set_new(head, "alg", json_string("none"));
	else if (strcmp(forge, "hs256") == 0)
		json_object_set_new(head, "alg", json_string("HS256"));
	else if (strcmp(forge, "nokid") == 0)
		json_object_del(head, "kid");
	else if (strcmp(forge, "badkid") == 0)
		json_object_set_new(head, "kid", json_string("../../key-1"));
	else if (strcmp(forge, "crit") == 0)
		json_object_set_new(head, "crit", json_pack("[s]", "exp"));
	else if (strcmp(forge, "jwk") == 0) {
		json_object_set_new(head, "jwk", jwk_of(other, false));
		json_object_set_new(head, "jku", json_string("https://evil.example/keys"));
		json_object_del(head, "kid");
	}
	return head;
}

static void signature_of(const char *signed_text, char *ret, size_t room)
{
	char public[2048];
	uint8_t digest[CRYPT_DIGEST_SIZE];

	ret[0] = '\0';
	if (strcmp(forge, "none") == 0 || strcmp(forge, "unsigned") == 0)
		return;
	if (strcmp(forge, "hs256") == 0) {
		size_t size = public_text(public, sizeof(public));

		crypt_hmac_sha256(public, size, signed_text, strlen(signed_text), digest);
		encode(digest, sizeof(digest), ret, room);
		return;
	}
	sign(strcmp(forge, "other") == 0 || strcmp(forge, "jwk") == 0 ? other : key, signed_text, ret, room);
	if (strcmp(forge, "cut") == 0)
		ret[strlen(ret) / 2] = '\0';
}

static void override(json_t *claims)
{
	const char *name;
	json_t *value;

	json_object_foreach(overrides, name, value)
		if (json_is_null(value))
			json_object_del(claims, name);
		else
			json_object_set(claims, name, value);
}

static json_t *claims_for(const struct code *code)
{
	int64_t now = vendor_now_ms() / 1000;
	json_t *claims = json_pack("{s:s, s:s, s:s, s:I, s:I, s:s}", "iss", vendor_base(), "sub", subject, "aud", client, "exp",
				   (json_int_t)(now + LIFE_S), "iat", (json_int_t)now, "nonce", code->nonce);

	if (!thin && strcmp(email, "-") != 0) {
		json_object_set_new(claims, "email", json_string(email));
		if (strcmp(verified, "-") != 0)
			json_object_set_new(claims, "email_verified", json_boolean(strcmp(verified, "true") == 0));
		json_object_set_new(claims, "name", json_string("Somebody Known"));
	}
	override(claims);
	return claims;
}

static void put_claims(struct buffer *out, json_t *claims)
{
	static char token[TOKEN_MOST], head_text[2048], claims_text[TOKEN_MOST / 2], signature[1024];
	json_t *head = header();
	char *head_json = json_dumps(head, JSON_COMPACT), *claims_json = json_dumps(claims, JSON_COMPACT);

	if (strcmp(forge, "twice") == 0) { /* one reader takes the first, another the last */
		char *twice = malloc(strlen(claims_json) + 64);

		sprintf(twice, "{\"sub\":\"somebody-else\",%s", claims_json + 1);
		free(claims_json);
		claims_json = twice;
	}
	encode(head_json, strlen(head_json), head_text, sizeof(head_text));
	encode(claims_json, strlen(claims_json), claims_text, sizeof(claims_text));
	snprintf(token, sizeof(token), "%s.%s", head_text, claims_text);
	signature_of(token, signature, sizeof(signature));
	if (strcmp(forge, "payload") == 0) { /* changed after it was signed */
		claims_json[strlen(claims_json) - 2] ^= 1;
		encode(claims_json, strlen(claims_json), claims_text, sizeof(claims_text));
	}
	buffer_format(out, "%s.%s.%s", head_text, claims_text, signature);
	free(head_json);
	free(claims_json);
	json_decref(head);
	json_decref(claims);
}

static void put_token(struct buffer *out, const struct code *code)
{
	put_claims(out, claims_for(code));
}

/* Back-Channel Logout 1.0, 2.4. */
static void put_logout_token(struct buffer *out)
{
	static unsigned count;
	int64_t now = vendor_now_ms() / 1000;
	char jti[32];
	json_t *claims;

	snprintf(jti, sizeof(jti), "out-%u", ++count);
	claims = json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:{s:{}}}", "iss", vendor_base(), "sub", subject, "aud", client, "exp", (json_int_t)(now + LIFE_S),
			   "iat", (json_int_t)now, "jti", jti, "events", "http://schemas.openid.net/event/backchannel-logout");
	override(claims);
	put_claims(out, claims);
}

/* ---- addresses ---- */

static void describe(struct vendor_reply *reply)
{
	const char *base = vendor_base();

	buffer_format(&reply->body,
		      "{\"issuer\":\"%s\",\"authorization_endpoint\":\"%s/authorize\",\"token_endpoint\":\"%s/token\",\"jwks_uri\":\"%s/keys\","
		      "\"userinfo_endpoint\":\"%s/userinfo\",\"end_session_endpoint\":\"%s/logout\",\"response_types_supported\":[\"code\"],"
		      "\"subject_types_supported\":[\"public\"],\"id_token_signing_alg_values_supported\":[\"RS256\"],"
		      "\"code_challenge_methods_supported\":[\"S256\"],"
		      "\"token_endpoint_auth_methods_supported\":[\"client_secret_basic\",\"client_secret_post\"],"
		      "\"authorization_response_iss_parameter_supported\":true}",
		      strcmp(said_issuer, "-") == 0 ? base : said_issuer, base, base, base, base, base);
}

static void give_keys(struct vendor_reply *reply)
{
	json_t *jwk = jwk_of(key, true);
	char *text = json_dumps(jwk, JSON_COMPACT);

	/* A key of a kind that nobody knows, and one for something else, stand there as well. */
	buffer_format(&reply->body, "{\"keys\":[{\"kty\":\"new\",\"kid\":\"odd\"},%s]}", text);
	free(text);
	json_decref(jwk);
}

static void redirect(struct vendor_reply *reply, const char *to, const char *fields)
{
	reply->status = 302;
	vendor_reply_header(reply, "Location", "%s?%s", to, fields);
}

static void authorize(const struct vendor_request *request, struct vendor_reply *reply)
{
	const char *to = vendor_query(request, "redirect_uri"), *state = vendor_query(request, "state"), *nonce = vendor_query(request, "nonce"),
		   *challenge = vendor_query(request, "code_challenge"), *method = vendor_query(request, "code_challenge_method");
	struct code *code = &codes[code_count++ % CODES_MOST];
	char fields[2048];

	if (!to || !state || !nonce || !challenge || !method || strcmp(method, "S256") != 0 || strcmp(vendor_query(request, "client_id"), client) != 0) {
		reply->status = 400;
		buffer_text(&reply->body, "{\"error\":\"invalid_request\"}");
		return;
	}
	*code = (struct code){ 0 };
	snprintf(code->text, sizeof(code->text), "code-%u", code_count);
	snprintf(code->redirect, sizeof(code->redirect), "%s", to);
	snprintf(code->challenge, sizeof(code->challenge), "%s", challenge);
	snprintf(code->nonce, sizeof(code->nonce), "%s", nonce);
	if (strcmp(deny, "no") != 0)
		snprintf(fields, sizeof(fields), "error=%s&error_description=not+today&state=%s&iss=%s", deny, state, vendor_base());
	else
		snprintf(fields, sizeof(fields), "code=%s&state=%s&iss=%s", code->text, state, vendor_base());
	redirect(reply, to, fields);
}

/* RFC 6749, 2.3.1: what stands in the header is form-encoded before it is joined. */
static void undo(char *text)
{
	char *to = text;
	unsigned char byte;

	for (; *text; text++)
		if (*text == '%' && text_unhex(text + 1, 2, &byte, 1) == 1) {
			*to++ = (char)byte;
			text += 2;
		} else {
			*to++ = *text == '+' ? ' ' : *text;
		}
	*to = '\0';
}

static bool is_by_header(const char *given)
{
	char both[2 * TEXT_MOST] = "", *colon;
	size_t length = strlen(given);

	if (strncmp(given, "Basic ", 6) != 0 || length > sizeof(both) || EVP_DecodeBlock((unsigned char *)both, (const unsigned char *)given + 6, (int)length - 6) < 0 ||
	    !(colon = strchr(both, ':')))
		return false;
	*colon = '\0';
	undo(both);
	undo(colon + 1);
	return strcmp(both, client) == 0 && strcmp(colon + 1, secret) == 0;
}

static bool is_client(const struct vendor_request *request)
{
	const char *given = vendor_header(request, "Authorization");
	char id[TEXT_MOST], text[TEXT_MOST];

	if (given)
		return is_by_header(given);
	vendor_form(request, "client_id", id, sizeof(id));
	vendor_form(request, "client_secret", text, sizeof(text));
	return strcmp(id, client) == 0 && strcmp(text, secret) == 0;
}

static struct code *find_code(const struct vendor_request *request)
{
	char text[64], redirect_uri[TEXT_MOST], verifier[TEXT_MOST], challenge[64];
	uint8_t digest[CRYPT_DIGEST_SIZE];

	vendor_form(request, "code", text, sizeof(text));
	vendor_form(request, "redirect_uri", redirect_uri, sizeof(redirect_uri));
	vendor_form(request, "code_verifier", verifier, sizeof(verifier));
	crypt_sha256(verifier, strlen(verifier), digest);
	encode(digest, sizeof(digest), challenge, sizeof(challenge));
	for (size_t i = 0; i < CODES_MOST; i++)
		if (codes[i].text[0] && strcmp(codes[i].text, text) == 0 && !codes[i].used && strcmp(codes[i].redirect, redirect_uri) == 0 &&
		    strcmp(codes[i].challenge, challenge) == 0)
			return &codes[i];
	return NULL;
}

static void refuse(struct vendor_reply *reply, int status, const char *error)
{
	reply->status = status;
	buffer_format(&reply->body, "{\"error\":\"%s\",\"error_description\":\"the provider says no\"}", error);
}

static void give_token(const struct vendor_request *request, struct vendor_reply *reply)
{
	struct code *code;

	if (!is_client(request)) {
		refuse(reply, 401, "invalid_client");
		return;
	}
	code = find_code(request);
	if (!code) {
		refuse(reply, 400, "invalid_grant");
		return;
	}
	code->used = true;
	buffer_text(&reply->body, "{\"access_token\":\"access-1\",\"token_type\":\"Bearer\",\"expires_in\":300,\"id_token\":\"");
	put_token(&reply->body, code);
	buffer_text(&reply->body, "\"}");
}

static void give_userinfo(const struct vendor_request *request, struct vendor_reply *reply)
{
	const char *given = vendor_header(request, "Authorization");

	if (!given || strcmp(given, "Bearer access-1") != 0) {
		refuse(reply, 401, "invalid_token");
		return;
	}
	buffer_format(&reply->body, "{\"sub\":\"%s\",\"email\":\"%s\",\"email_verified\":%s,\"name\":\"Somebody Known\"}",
		      strcmp(told_of, "-") == 0 ? subject : told_of, email, strcmp(verified, "true") == 0 ? "true" : "false");
}

static void answer(const struct vendor_request *request, struct vendor_reply *reply)
{
	if (strcmp(request->path, "/.well-known/openid-configuration") == 0)
		describe(reply);
	else if (strcmp(request->path, "/keys") == 0)
		give_keys(reply);
	else if (strcmp(request->path, "/authorize") == 0)
		authorize(request, reply);
	else if (strcmp(request->path, "/token") == 0 && strcmp(request->method, "POST") == 0)
		give_token(request, reply);
	else if (strcmp(request->path, "/userinfo") == 0)
		give_userinfo(request, reply);
	else
		refuse(reply, 404, "not_found");
}

/* ---- the server's questions ---- */

static struct vendor_bucket buckets[] = { { "description", 0 }, { "keys", 0 }, { "authorize", 0 }, { "token", 0 }, { "userinfo", 0 }, { 0 } };

static const char *bucket(const struct vendor_request *request)
{
	if (strncmp(request->path, "/.well-known/", 13) == 0)
		return "description";
	for (size_t i = 1; buckets[i].name; i++)
		if (strcmp(request->path + 1, buckets[i].name) == 0)
			return buckets[i].name;
	return NULL;
}

static void limited(struct vendor_reply *reply)
{
	refuse(reply, 429, "too_many");
}

static void mark(struct vendor_reply *reply, const struct vendor_bucket *of, long left, int64_t reset)
{
	(void)reply, (void)of, (void)left, (void)reset;
}

static bool set(char *into, size_t size, const char *value)
{
	snprintf(into, size, "%s", value);
	return true;
}

static bool set_claim(char **words, size_t count)
{
	char text[TEXT_MOST] = "";
	json_t *value;

	for (size_t i = 2; i < count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i > 2 ? " " : "", words[i]);
	value = json_loads(text, JSON_DECODE_ANY, NULL);
	return value && json_object_set_new(overrides, words[1], value) == 0;
}

static bool tell(char **words, size_t count, struct buffer *out)
{
	if (count == 1 && strcmp(words[0], "logout") == 0)
		return put_logout_token(out), true;
	if (count == 4 && strcmp(words[0], "person") == 0)
		return set(subject, sizeof(subject), words[1]) && set(email, sizeof(email), words[2]) && set(verified, sizeof(verified), words[3]);
	if (count >= 3 && strcmp(words[0], "claim") == 0)
		return set_claim(words, count);
	if (count == 1 && strcmp(words[0], "claims") == 0)
		return json_object_clear(overrides) == 0;
	if (count == 1 && strcmp(words[0], "rotate") == 0) {
		EVP_PKEY_free(key);
		key = make_key();
		return true;
	}
	if (count != 2)
		return false;
	if (strcmp(words[0], "forge") == 0)
		return set(forge, sizeof(forge), words[1]);
	if (strcmp(words[0], "deny") == 0)
		return set(deny, sizeof(deny), words[1]);
	if (strcmp(words[0], "secret") == 0)
		return set(secret, sizeof(secret), words[1]);
	if (strcmp(words[0], "issuer") == 0)
		return set(said_issuer, sizeof(said_issuer), words[1]);
	if (strcmp(words[0], "userinfo") == 0)
		return set(told_of, sizeof(told_of), words[1]);
	if (strcmp(words[0], "thin") == 0)
		return thin = strcmp(words[1], "yes") == 0, true;
	return false;
}

static bool option(const char *name, const char *value)
{
	if (strcmp(name, "--client") == 0)
		return client = value, true;
	if (strcmp(name, "--secret") == 0)
		return set(secret, sizeof(secret), value);
	return false;
}

int main(int argc, char **argv)
{
	const struct vendor vendor = { .name = "openid", .buckets = buckets, .bucket = bucket, .limited = limited, .mark = mark, .answer = answer,
				       .tell = tell, .option = option, .start = start };

	return vendor_main(argc, argv, &vendor);
}
