/* What is decided here before cjose is asked: which key, which algorithm, and whether the text is what it
 * seems. cjose is given a key of public members alone and does the arithmetic. It knows no Ed25519: that is
 * OpenSSL's. */
#include "common/jws.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjose/cjose.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "common/sign.h"

enum { NUMBER_MOST = 1024, EXPONENT_MOST = 8 }; /* bytes of an RSA modulus, of an exponent */

const char *const jws_algorithms[] = { "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
				       "ES256", "ES384", "ES512", "EdDSA", NULL };

/* RFC 7518 sections 3.3 to 3.5, RFC 8037. size: bytes of a coordinate; 0: RSA. */
static const struct kind {
	const char *algorithm, *type, *curve;
	size_t size, signature_size;
} kinds[] = {
	{ "RS256", "RSA", NULL, 0, 0 },
	{ "RS384", "RSA", NULL, 0, 0 },
	{ "RS512", "RSA", NULL, 0, 0 },
	{ "PS256", "RSA", NULL, 0, 0 },
	{ "PS384", "RSA", NULL, 0, 0 },
	{ "PS512", "RSA", NULL, 0, 0 },
	{ "ES256", "EC", "P-256", 32, 64 },
	{ "ES384", "EC", "P-384", 48, 96 },
	{ "ES512", "EC", "P-521", 66, 132 },
	{ "EdDSA", "OKP", "Ed25519", SIGN_ED25519_SIZE, SIGN_ED25519_SIGNATURE_SIZE },
};

/* A text in its three parts, which stand in it. */
struct parts {
	const char *header, *payload, *signature;
	size_t header_length, payload_length, signature_length;
};

static int refuse(struct error *e, const char *code, const char *why)
{
	return error_set(e, ERROR_DENIED, code, "%s", why);
}

/* ---- the text ---- */

static int divide(const char *jws, size_t length, struct parts *ret, struct error *e)
{
	const char *first = memchr(jws, '.', length), *second;

	second = first ? memchr(first + 1, '.', length - (size_t)(first + 1 - jws)) : NULL;
	if (!second || memchr(second + 1, '.', length - (size_t)(second + 1 - jws)))
		return refuse(e, "jws.malformed",
			      "this is no signed token: three parts with a dot between are expected");
	*ret = (struct parts){ .header = jws,
			       .header_length = (size_t)(first - jws),
			       .payload = first + 1,
			       .payload_length = (size_t)(second - first - 1),
			       .signature = second + 1,
			       .signature_length = length - (size_t)(second + 1 - jws) };
	if (ret->header_length > JWS_HEADER_MOST)
		return error_set(e, ERROR_LIMIT, "jws.too_long",
				 "the header of the token has %zu bytes; at most %d are read",
				 ret->header_length, JWS_HEADER_MOST);
	if (ret->header_length == 0 || ret->signature_length == 0)
		return refuse(e, "jws.malformed", "the token has no header or is not signed");
	return 0;
}

static int decode(struct arena *arena, const char *text, size_t length, const char **ret, size_t *ret_size,
		  struct error *e)
{
	char *bytes = arena_take(arena, length + 1);
	int size = text_unbase64url(text, length, bytes, length);

	if (size < 0)
		return refuse(e, "jws.malformed", "a part of the token is not base64url without padding");
	bytes[size] = 0;
	*ret = bytes;
	*ret_size = (size_t)size;
	return 0;
}

/* A member that is a text, NULL if it is not there; -1: it is something else. */
static int text_member(const struct json *object, const char *name, const char **ret)
{
	const struct json *value = json_member(object, name);

	*ret = value ? json_text(value) : NULL;
	return !value || json_is_text(value) ? 0 : -1;
}

static int read_header(struct arena *arena, const struct parts *parts, struct jws *ret, struct error *e)
{
	struct json *header;
	const char *bytes;
	size_t size;

	if (decode(arena, parts->header, parts->header_length, &bytes, &size, e) < 0)
		return -1;
	if (json_parse(arena, bytes, size, &header, e) < 0 || !json_is_object(header))
		return refuse(e, "jws.header",
			      "the header of the token is no JSON object, or has a name twice");
	if (json_member(header, "crit"))
		return refuse(
			e, "jws.header",
			"the token demands that an extension is understood (\"crit\"); none is known here");
	if (json_member(header, "b64"))
		return refuse(e, "jws.header", "the token has a payload that is not encoded (\"b64\")");
	if (json_member(header, "enc") || json_member(header, "zip"))
		return refuse(e, "jws.header",
			      "the token is encrypted or compressed; a signed one is expected");
	if (text_member(header, "alg", &ret->algorithm) < 0 || !ret->algorithm)
		return refuse(e, "jws.header", "the header of the token names no algorithm");
	if (text_member(header, "kid", &ret->kid) < 0 || (ret->kid && strlen(ret->kid) > JWS_KID_MOST))
		return refuse(e, "jws.header", "the \"kid\" of the token is no text, or too long");
	ret->header = header;
	return 0;
}

static const struct kind *kind_of(const char *algorithm, const char *const *allowed)
{
	bool may = false;

	for (; *allowed && !may; allowed++)
		may = text_equal(*allowed, algorithm);
	for (size_t i = 0; may && i < ARRAY_COUNT(kinds); i++)
		if (text_equal(kinds[i].algorithm, algorithm))
			return &kinds[i];
	return NULL;
}

/* ---- keys ---- */

/* RFC 7517 section 4.3: operations are named once each. */
static bool may_verify(const struct json *operations)
{
	bool verify = false;

	if (!json_is_array(operations))
		return false;
	for (size_t i = 0; i < json_count(operations); i++) {
		const char *operation = json_text(json_at(operations, i));

		for (size_t before = 0; before < i; before++)
			if (!operation || text_equal(operation, json_text(json_at(operations, before))))
				return false;
		verify = verify || text_equal(operation, "verify");
	}
	return verify;
}

static bool fits(const struct json *key, const struct kind *kind, const char *kid)
{
	const char *type, *curve, *use, *algorithm, *own;
	const struct json *operations = json_member(key, "key_ops");

	if (!json_is_object(key) || text_member(key, "kty", &type) < 0 ||
	    text_member(key, "crv", &curve) < 0 || text_member(key, "use", &use) < 0 ||
	    text_member(key, "alg", &algorithm) < 0 || text_member(key, "kid", &own) < 0)
		return false;
	return text_equal(type, kind->type) && (!kind->curve || text_equal(curve, kind->curve)) &&
	       (!kid || text_equal(own, kid)) && (!use || text_equal(use, "sig")) &&
	       (!algorithm || text_equal(algorithm, kind->algorithm)) &&
	       (!operations || may_verify(operations));
}

/* A number of a key; its length, or -1. */
static int number(const struct json *key, const char *name, uint8_t *ret, size_t most)
{
	const char *text = json_text(json_member(key, name));

	return text && *text ? text_unbase64url(text, strlen(text), ret, most) : -1;
}

/* An exponent of 1 makes every message its own signature. */
static bool is_sound_exponent(const uint8_t *bytes, int length)
{
	uint64_t value = 0;

	for (int i = 0; i < length; i++)
		value = value << 8 | bytes[i];
	return value >= 3 && value % 2 == 1;
}

static cjose_jwk_t *rsa_key(const struct json *key)
{
	uint8_t modulus[NUMBER_MOST + 1], exponent[EXPONENT_MOST];
	int modulus_length = number(key, "n", modulus, sizeof(modulus)),
	    exponent_length = number(key, "e", exponent, sizeof(exponent)), zeros = 0, bits;

	while (zeros < modulus_length && modulus[zeros] == 0)
		zeros++;
	if (modulus_length - zeros <= 0 || exponent_length <= 0 ||
	    !is_sound_exponent(exponent, exponent_length))
		return NULL;
	bits = 8 * (modulus_length - zeros);
	for (int top = modulus[zeros]; top < 0x80; top <<= 1)
		bits--;
	if (bits < JWS_RSA_BITS_LEAST || bits > JWS_RSA_BITS_MOST || modulus[modulus_length - 1] % 2 == 0)
		return NULL;
	return cjose_jwk_create_RSA_spec(&(cjose_jwk_rsa_keyspec){ .n = modulus + zeros,
								   .nlen = (size_t)(modulus_length - zeros),
								   .e = exponent,
								   .elen = (size_t)exponent_length },
					 NULL);
}

/* Whether the point is on its curve is looked at by OpenSSL, below cjose. */
static cjose_jwk_t *curve_key(const struct json *key, const struct kind *kind)
{
	uint8_t x[NUMBER_MOST], y[NUMBER_MOST];

	if (number(key, "x", x, sizeof(x)) != (int)kind->size ||
	    number(key, "y", y, sizeof(y)) != (int)kind->size)
		return NULL;
	return cjose_jwk_create_EC_spec(&(cjose_jwk_ec_keyspec){ .crv = kind->size == 32 ? CJOSE_JWK_EC_P_256
									: kind->size == 48
										? CJOSE_JWK_EC_P_384
										: CJOSE_JWK_EC_P_521,
								 .x = x,
								 .xlen = kind->size,
								 .y = y,
								 .ylen = kind->size },
					NULL);
}

/* ---- the arithmetic ---- */

static bool ed25519_signed(const struct json *key, const struct parts *parts)
{
	uint8_t public[SIGN_ED25519_SIZE], signature[SIGN_ED25519_SIGNATURE_SIZE];

	return number(key, "x", public, sizeof(public)) == SIGN_ED25519_SIZE &&
	       text_unbase64url(parts->signature, parts->signature_length, signature, sizeof(signature)) ==
		       SIGN_ED25519_SIGNATURE_SIZE &&
	       sign_ed25519_holds(public, parts->header, parts->header_length + 1 + parts->payload_length,
				  signature);
}

static bool is_signed_by(const struct json *key, const struct kind *kind, const char *jws, size_t length,
			 const struct parts *parts)
{
	cjose_jwk_t *made;
	cjose_jws_t *read;
	bool holds = false;

	if (text_equal(kind->type, "OKP"))
		return ed25519_signed(key, parts);
	made = kind->size > 0 ? curve_key(key, kind) : rsa_key(key);
	read = made ? cjose_jws_import(jws, length, NULL) : NULL;
	if (read)
		holds = cjose_jws_verify(read, made, NULL);
	if (read)
		cjose_jws_release(read);
	if (made)
		cjose_jwk_release(made);
	return holds;
}

static int try_keys(const char *jws, size_t length, const struct parts *parts, const struct json *list,
		    const struct kind *kind, const char *kid, struct error *e)
{
	int tries = 0;

	for (size_t i = 0; i < json_count(list) && tries < JWS_TRIES_MOST; i++) {
		const struct json *key = json_at(list, i);

		if (!fits(key, kind, kid))
			continue;
		tries++;
		if (is_signed_by(key, kind, jws, length, parts))
			return 0;
	}
	if (tries == 0)
		return refuse(e, "jws.unknown_key",
			      kid ? "the token names a key (\"kid\") that is not among the keys for "
				    "signatures of this kind"
				  : "there is no key for signatures of this kind");
	return refuse(e, "jws.signature", "the token is not signed by the key that it should be signed by");
}

int jws_verify(struct arena *arena, const char *jws, size_t length, const struct json *keys,
	       const char *const *allowed, struct jws *ret, struct error *e)
{
	const struct json *list = json_member(keys, "keys");
	const struct kind *kind;
	struct parts parts = { 0 };
	struct jws found = { 0 };
	const char *signature;
	size_t signature_size;

	if (length > JWS_MOST)
		return error_set(e, ERROR_LIMIT, "jws.too_long",
				 "the token has %zu bytes; at most %d are read", length, JWS_MOST);
	if (!json_is_array(list) || json_count(list) > JWS_KEYS_MOST)
		return error_set(e, ERROR_REMOTE, "jws.key_set",
				 "the keys are no JSON web key set ({\"keys\": [...]}) of at most %d",
				 JWS_KEYS_MOST);
	if (divide(jws, length, &parts, e) < 0 || read_header(arena, &parts, &found, e) < 0)
		return -1;
	kind = kind_of(found.algorithm, allowed);
	if (!kind)
		return refuse(e, "jws.algorithm", "the token is signed by an algorithm that is not allowed");
	if (decode(arena, parts.payload, parts.payload_length, &found.payload, &found.payload_size, e) < 0 ||
	    decode(arena, parts.signature, parts.signature_length, &signature, &signature_size, e) < 0)
		return -1;
	if (kind->signature_size > 0 && signature_size != kind->signature_size)
		return refuse(e, "jws.signature",
			      "the signature of the token has another length than it must have");
	if (try_keys(jws, length, &parts, list, kind, found.kid, e) < 0)
		return -1;
	*ret = found;
	return 0;
}
