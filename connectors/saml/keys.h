/* The certificates that a provider signs with, as an administrator has pinned them, and the arithmetic of
 * signatures: OpenSSL.
 *
 * Only the key in a certificate counts. Who issued it and until when it is valid says nothing here: it was
 * pinned. */
#ifndef ROSTER_SAML_KEYS_H
#define ROSTER_SAML_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct arena;
struct keys;

enum {
	KEYS_MOST = 16,
	KEYS_RSA_BITS_LEAST = 2048,
	KEYS_RSA_BITS_MOST = 8192,
	KEYS_SIGNATURE_MOST = 1024, /* bytes */
	KEYS_DIGEST_MOST = 64,
	KEYS_PRINT_SIZE = 65, /* SHA-256 in hex, with NUL */
};

/* An empty ring; keys_close frees it. */
struct keys *keys_open(void);
void keys_close(struct keys **keys);

/* Adds all certificates of a PEM text, or the one whose base64 it is (as metadata have it). ERROR_INPUT
 * "saml.certificate": none can be read, or its key is too weak or of another kind than RSA (2048 to 8192
 * bits) and EC (P-256, P-384, P-521). */
int keys_add(struct keys *keys, const char *certificates, struct error *e);

size_t keys_count(const struct keys *keys);

/* Of the n-th: SHA-256 of the certificate in hex; when it ends, in seconds since 1970; and an RSA key as
 * ds:RSAKeyValue has it, in base64; false: it is none. */
const char *keys_print(const struct keys *keys, size_t n);
int64_t keys_until(const struct keys *keys, size_t n);
bool keys_rsa_value(const struct keys *keys, size_t n, struct arena *arena, const char **ret_modulus,
		    const char **ret_exponent);

/* Algorithms by their identifiers. sha1: whether those with SHA-1 are known, too. */
struct keys_algorithm {
	const char *uri;
	const char *kind; /* "RSA", "EC" */
	const char *digest;
	bool pss; /* RSA-PSS with MGF1 of the same digest, the salt as long as the digest: RFC 9231
		     section 2.3.10 */
	bool sha1;
};
const struct keys_algorithm *keys_algorithm(const char *uri, bool sha1);

/* The digest of a DigestMethod; its size, or 0: the method is not known. */
size_t keys_digest(const char *uri, bool sha1, const void *bytes, size_t size, uint8_t ret[KEYS_DIGEST_MOST]);

/* Which key of the ring signed these bytes; -1: none. The signature is as XML has it: that of EC keys two
 * numbers side by side. */
int keys_who_signed(const struct keys *keys, const struct keys_algorithm *algorithm, const void *bytes,
		    size_t size, const uint8_t *signature, size_t signature_size);

/* A private key of ours: PEM without a passphrase. ERROR_INPUT "saml.private_key". */
struct own_key;
int own_key_open(const char *pem, struct own_key **ret, struct error *e);
void own_key_close(struct own_key **key);
/* RSA-SHA256 over these bytes. ERROR_INTERNAL. */
int own_key_sign(const struct own_key *key, const void *bytes, size_t size, uint8_t ret[KEYS_SIGNATURE_MOST],
		 size_t *ret_size, struct error *e);
/* As PEM text, for a library that wants it so: malloc'ed, to be wiped and freed. NULL: it cannot be written.
 */
char *own_key_pem(const struct own_key *key);
/* What was encrypted for it by RSA-OAEP with these digests. Its size, or -1. */
int own_key_unwrap(const struct own_key *key, const char *digest, const char *mask_digest,
		   const uint8_t *bytes, size_t size, uint8_t *ret, size_t most);

#endif
