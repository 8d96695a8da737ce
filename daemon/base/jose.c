#include "base/jose.h"

#include <stdlib.h>
#include <string.h>

#include <cjose/cjose.h>

#include "base/json.h"
#include "base/secret.h"
#include "base/text.h"

enum { PUBLIC_MOST = 4 << 10, HEADER_MOST = 1 << 10 };

static int failed(const char *what, const cjose_err *why, struct error *e)
{
	return error_set(e, ERROR_INTERNAL, "jose.failed", "could not %s: %s", what,
			 why->message ? why->message : "no reason was given");
}

/* ---- making one ---- */

/* The members that everybody may see; what cjose writes has others, by which keys are told from what they are
 * for. */
static int write_public(const char *json, const char *algorithm, const char *kid, struct arena *arena,
			const char **ret, struct error *e)
{
	static const char *const members[] = { "kty", "n", "e", "crv", "x", "y" };
	struct json *whole, *key = json_new_object(arena);

	if (json_parse(arena, json, strlen(json), &whole, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_COUNT(members); i++)
		if (json_member(whole, members[i]))
			json_set(arena, key, members[i], json_member(whole, members[i]));
	json_set(arena, key, "kid", json_new_text(arena, kid));
	json_set(arena, key, "alg", json_new_text(arena, algorithm));
	json_set(arena, key, "use", json_new_text(arena, "sig"));
	*ret = json_write(arena, key, PUBLIC_MOST);
	return *ret ? 0 : error_set(e, ERROR_INTERNAL, "jose.key", "the key that was made is too long");
}

static cjose_jwk_t *make(const char *algorithm, cjose_err *why)
{
	static const uint8_t exponent[] = { 1, 0, 1 };

	return text_equal(algorithm, "ES256")
		       ? cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, why)
		       : cjose_jwk_create_RSA_random(JOSE_RSA_BITS, exponent, sizeof(exponent), why);
}

int jose_key_make(const char *algorithm, const char *kid, struct arena *arena, const char **ret_public,
		  struct secret **ret, struct error *e)
{
	cjose_err why = { 0 };
	cjose_jwk_t *key = make(algorithm, &why);
	char *public = key ? cjose_jwk_to_json(key, false, &why) : NULL;
	char *private = public ? cjose_jwk_to_json(key, true, &why) : NULL;
	int made = private ? write_public(public, algorithm, kid, arena, ret_public, e)
			   : failed("make a key", &why, e);

	if (made == 0)
		*ret = secret_take(private, strlen(private));
	if (private)
		secret_wipe(private, strlen(private));
	free(private);
	free(public);
	if (key)
		cjose_jwk_release(key);
	return made;
}

/* ---- signing ---- */

static cjose_header_t *write_header(const char *algorithm, const char *kid, const char *type, cjose_err *why)
{
	cjose_header_t *header = cjose_header_new(why);

	if (header && cjose_header_set(header, CJOSE_HDR_ALG, algorithm, why) &&
	    cjose_header_set(header, CJOSE_HDR_KID, kid, why) && cjose_header_set(header, "typ", type, why))
		return header;
	if (header)
		cjose_header_release(header);
	return NULL;
}

static int sign(cjose_jwk_t *key, cjose_header_t *header, const char *payload, struct arena *arena,
		const char **ret, struct error *e)
{
	cjose_err why = { 0 };
	cjose_jws_t *made = cjose_jws_sign(key, header, (const uint8_t *)payload, strlen(payload), &why);
	const char *text;
	int done = -1;

	if (made && cjose_jws_export(made, &text, &why)) {
		*ret = arena_text(arena, text);
		done = 0;
	} else {
		failed("sign", &why, e);
	}
	if (made)
		cjose_jws_release(made);
	return done;
}

int jose_sign(const struct secret *key, const char *algorithm, const char *kid, const char *type,
	      const char *payload, struct arena *arena, const char **ret, struct error *e)
{
	cjose_err why = { 0 };
	cjose_jwk_t *read = cjose_jwk_import(secret_text(key), secret_size(key), &why);
	cjose_header_t *header = read ? write_header(algorithm, kid, type, &why) : NULL;
	int done = header ? sign(read, header, payload, arena, ret, e) : failed("read a key", &why, e);

	if (header)
		cjose_header_release(header);
	if (read)
		cjose_jwk_release(read);
	return done;
}

/* ---- what we have signed ---- */

static int not_ours(struct error *e)
{
	return error_set(e, ERROR_DENIED, "jose.token", "this is no token that was signed here");
}

/* A part of a token as an object; NULL: it is none. */
static struct json *decode(const char *part, size_t length, struct arena *arena)
{
	char *bytes = arena_take(arena, length + 1);
	int size = text_unbase64url(part, length, bytes, length);
	struct json *object;
	struct error ignored;

	return size > 0 && json_parse(arena, bytes, (size_t)size, &object, &ignored) == 0 &&
			       json_is_object(object)
		       ? object
		       : NULL;
}

/* "header.payload.signature", none of them empty, and nothing but their letters. */
static bool is_token(const char *token)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *at = token;

	for (int part = 0; part < 3; part++) {
		size_t length = strspn(at, letters);

		if (length == 0 || at[length] != (part < 2 ? '.' : '\0'))
			return false;
		at += length + 1;
	}
	return strlen(token) <= JOSE_TOKEN_MOST;
}

static struct json *header_of(const char *token, struct arena *arena)
{
	size_t length = is_token(token) ? strcspn(token, ".") : 0;

	return length > 0 && length <= HEADER_MOST ? decode(token, length, arena) : NULL;
}

const char *jose_kid(const char *token, struct arena *arena)
{
	const struct json *header = header_of(token, arena);

	return header ? json_text(json_member(header, "kid")) : NULL;
}

static bool is_signed(const char *token, const char *public_key)
{
	cjose_jwk_t *key = cjose_jwk_import(public_key, strlen(public_key), NULL);
	cjose_jws_t *read = key ? cjose_jws_import(token, strlen(token), NULL) : NULL;
	bool holds = read && cjose_jws_verify(read, key, NULL);

	if (read)
		cjose_jws_release(read);
	if (key)
		cjose_jwk_release(key);
	return holds;
}

int jose_verify(const char *token, const char *public_key, const char *algorithm, struct arena *arena,
		struct json **ret, struct error *e)
{
	const struct json *header = header_of(token, arena);
	const char *payload, *signature;
	struct json *claims;

	if (!header || !text_equal(json_text(json_member(header, "alg")), algorithm) ||
	    json_member(header, "crit") || json_member(header, "b64") || !is_signed(token, public_key))
		return not_ours(e);
	payload = strchr(token, '.') + 1;
	signature = strchr(payload, '.');
	claims = decode(payload, (size_t)(signature - payload), arena);
	if (!claims)
		return not_ours(e);
	*ret = claims;
	return 0;
}
