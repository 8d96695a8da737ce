/* Whether a compact JSON web signature (RFC 7515) is by one of the keys of a set (RFC 7517). cjose lives
 * here.
 *
 * Only signatures by asymmetric keys, and only by a key that the caller holds: what a token says about keys
 * ("jwk", "jku", "x5c", "x5u") is not looked at. Strict where senders are sloppy: no name twice in a JSON
 * object, base64url without padding and without stray bits, no extension that must be understood ("crit").
 * What the payload claims is the caller's to judge. */
#ifndef ROSTER_COMMON_JWS_H
#define ROSTER_COMMON_JWS_H

#include <stddef.h>

#include "base/error.h"

struct arena;
struct json;

enum {
	JWS_MOST = 256 << 10,	    /* bytes of a signed text */
	JWS_HEADER_MOST = 16 << 10, /* ... of its header, encoded */
	JWS_KEYS_MOST = 100,	    /* keys of a set */
	JWS_KEY_SET_MOST = 512 << 10,
	JWS_KID_MOST = 1024,
	JWS_TRIES_MOST = 16, /* keys that fit one token and are tried */
	JWS_RSA_BITS_LEAST = 2048,
	JWS_RSA_BITS_MOST = 8192,
};

/* All that can be allowed: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA (Ed25519);
 * ended by NULL. */
extern const char *const jws_algorithms[];

/* What was signed. */
struct jws {
	const char *algorithm;
	const char *kid;	   /* of the header; NULL: it has none */
	const struct json *header; /* an object */
	const char *payload;	   /* ends with NUL, which may also stand in it */
	size_t payload_size;
};

/* jws: the text "header.payload.signature". keys: the set, {"keys": [...]}, as json_parse gave it. allowed:
 * which algorithms, ended by NULL; names that are not of jws_algorithms never fit. ret stands in the arena.
 *
 * A key fits if its type and curve are those of the algorithm, "kid" is that of the header, if the header
 * names one, and "use", "key_ops" and "alg" of the key, where present, say "sig", "verify" and this
 * algorithm. A key that cannot be read is as if it were not there: sets may hold kinds that we do not know.
 *
 * -1, ERROR_DENIED: "jws.malformed", "jws.header" (not JSON, a name twice, "crit", "b64"), "jws.algorithm"
 * (not allowed), "jws.unknown_key" (none fits: the keys may have been exchanged, fetch them again),
 * "jws.signature" (by none of those that fit). ERROR_REMOTE "jws.key_set": the set is none. ERROR_LIMIT
 * "jws.too_long". */
int jws_verify(struct arena *arena, const char *jws, size_t length, const struct json *keys,
	       const char *const *allowed, struct jws *ret, struct error *e);

#endif
