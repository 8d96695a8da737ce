/* Checks what clients sign: JSON web tokens with RS256, PS256 or ES256. */
#ifndef ROSTERD_PEERS_JWT_H
#define ROSTERD_PEERS_JWT_H

#include <stdbool.h>

#include <jansson.h>

struct evp_pkey_st;

struct jwt {
	json_t *header, *claims; /* to be released by jwt_close */
};

/* Splits and decodes; false: it is none. */
bool jwt_open(const char *text, struct jwt *ret);
void jwt_close(struct jwt *jwt);

const char *jwt_text(const json_t *object, const char *name); /* "": none */
long long jwt_number(const json_t *object, const char *name); /* -1: none */

/* Whether the signature is this key's. */
bool jwt_is_signed_by(const char *text, const struct jwt *jwt, struct evp_pkey_st *key);

/* A public key: of PEM, of a JWK (EC P-256 or RSA). NULL: it is none. Its thumbprint (RFC 7638). */
struct evp_pkey_st *jwt_key_of_pem(const char *pem);
/* That of a certificate in PEM, and the SHA-256 of it as base64url. */
struct evp_pkey_st *jwt_key_of_certificate(const char *pem, char ret_thumbprint[44]);
struct evp_pkey_st *jwt_key_of_jwk(const json_t *jwk);
bool jwt_thumbprint(const json_t *jwk, char ret[44]);
void jwt_hash(const char *text, char ret[44]);

#endif
