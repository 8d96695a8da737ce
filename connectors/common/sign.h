/* Keys that sign JSON web tokens (RFC 7515, 7518): RS256, PS256 and ES256; and what else of OpenSSL plug-ins
 * need. */
#ifndef ROSTER_COMMON_SIGN_H
#define ROSTER_COMMON_SIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum {
	SIGN_JWT_MOST = 12 << 10, /* bytes of a signed token */
	SIGN_JWK_MOST = 2048,	  /* bytes of a public key as JSON */
	SIGN_HASH_SIZE = 44,	  /* SHA-256 as base64url, with NUL */
	SIGN_RANDOM_SIZE = 23,	  /* 128 random bits as base64url, with NUL */
	SIGN_RSA_BITS_LEAST = 2048,
	SIGN_ED25519_SIZE = 32, /* bytes of a public key */
	SIGN_ED25519_SIGNATURE_SIZE = 64,
};

struct sign_key;

/* A private key from PEM text without a passphrase: RSA of 2048 bits or more, or EC P-256. ERROR_INPUT
 * "sign.key" says what is wrong with it and never what stands in it. */
int sign_key_open(const char *pem, struct sign_key **ret, struct error *e);

/* A fresh key, EC P-256. */
int sign_key_make(struct sign_key **ret, struct error *e);
void sign_key_close(struct sign_key **key);

/* From now on an RSA key signs with PSS: PS256. 0, or -1: it is none. */
int sign_use_pss(struct sign_key *key);

/* "RS256", "PS256" or "ES256". */
const char *sign_algorithm(const struct sign_key *key);

/* The public half, as a JWK with the required members in the order of RFC 7638, so that its SHA-256 is the
 * key's thumbprint. */
int sign_public(const struct sign_key *key, char ret[SIGN_JWK_MOST], struct error *e);

/* header and claims: JSON. ret: "header.claims.signature". */
int sign_jwt(const struct sign_key *key, const char *header, const char *claims, char ret[SIGN_JWT_MOST],
	     struct error *e);

/* Base64url of SHA-256 of a text; base64url of chance. */
int sign_hash(const char *text, char ret[SIGN_HASH_SIZE], struct error *e);
int sign_random(char ret[SIGN_RANDOM_SIZE], struct error *e);

/* "x5t#S256" (RFC 7515 section 4.1.8) of the first certificate of a PEM text, which must be that of the key.
 * ERROR_INPUT "sign.certificate". */
int sign_thumbprint(const struct sign_key *key, const char *pem, char ret[SIGN_HASH_SIZE], struct error *e);

/* Whether a signature of Ed25519 (RFC 8032) over these bytes is by this public key. */
bool sign_ed25519_holds(const unsigned char public[SIGN_ED25519_SIZE], const void *bytes, size_t size,
			const unsigned char signature[SIGN_ED25519_SIGNATURE_SIZE]);

/* Whether what was given is the secret, in a time that tells nothing but its length. */
bool sign_same(const char *secret, const char *given);

#endif
