/* Digests, random bytes and envelopes. The only room that calls OpenSSL and libsodium's ciphers.
 *
 * An envelope keeps a value that must be read back: a fresh data key encrypts the value
 * (XChaCha20-Poly1305), the master key encrypts the data key, and both are bound to a context
 * ("connection_secrets/<organisation>/<connection>/<name>") so that a row moved elsewhere cannot be opened.
 *
 *   version(1) master key id(8) nonce(24) sealed data key(32+16) nonce(24) sealed value(n+16) */
#ifndef ROSTERD_BASE_CRYPT_H
#define ROSTERD_BASE_CRYPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct arena;
struct secret;

enum {
	CRYPT_DIGEST_SIZE = 32,
	CRYPT_SHA1_SIZE = 20,
	CRYPT_MASTER_KEY_SIZE = 32,
	CRYPT_KEY_ID_SIZE = 8,
	CRYPT_KEYS_MOST = 2,
	CRYPT_ENVELOPE_OVERHEAD = 1 + 8 + 24 + 48 + 24 + 16,
};

/* SHA-256 in one call; the digest algorithm is fetched once (performance.md: three times faster). Any thread. */
void crypt_sha256(const void *bytes, size_t size, uint8_t ret[CRYPT_DIGEST_SIZE]);

/* Whether two digests are the same; how long it takes does not tell how much of them is. */
bool crypt_digest_equal(const uint8_t a[CRYPT_DIGEST_SIZE], const uint8_t b[CRYPT_DIGEST_SIZE]);

/* SHA-256 in pieces. */
struct digest;
struct digest *digest_open(void);
void digest_close(struct digest **digest);
void digest_begin(struct digest *digest);
void digest_add(struct digest *digest, const void *bytes, size_t size);
/* Adds a field so that no two lists of fields give the same bytes: a length of four bytes (big endian), then the
 * text; NULL is the length 0xffffffff alone. */
void digest_add_field(struct digest *digest, const char *text);
void digest_end(struct digest *digest, uint8_t ret[CRYPT_DIGEST_SIZE]);

void crypt_random(void *ret, size_t size);

/* HMAC-SHA-256, for keyed hashes of tokens and keys. */
void crypt_hmac_sha256(const void *key, size_t key_size, const void *bytes, size_t size,
                       uint8_t ret[CRYPT_DIGEST_SIZE]);

/* HMAC-SHA-1, for the codes of authenticators (RFC 6238) and nothing else. */
void crypt_hmac_sha1(const void *key, size_t key_size, const void *bytes, size_t size, uint8_t ret[CRYPT_SHA1_SIZE]);

/* A token for people and programs: prefix, '_', 32 random bytes in base64url ("rst_..."): 43 characters after
 * the prefix. The hash that is stored is SHA-256 of the whole text. */
struct secret *crypt_token_new(const char *prefix, uint8_t ret_hash[CRYPT_DIGEST_SIZE]);

/* The key that opens envelopes. From a file or credential: 32 bytes raw, or 64 hexadecimal digits.
 * previous may be NULL: the key before the last rotation, used for opening alone. */
struct crypt_keys;
int crypt_keys_open(const struct secret *master, const struct secret *previous,
                    struct crypt_keys **ret, struct error *e);
void crypt_keys_close(struct crypt_keys **keys);
/* What envelopes call these keys; tells nothing about their bytes. The first one seals, all open. Returns how many. */
size_t crypt_key_ids(const struct crypt_keys *keys, uint8_t ret[CRYPT_KEYS_MOST][CRYPT_KEY_ID_SIZE]);

/* One keyed hash for each key, in their order: who does not know them cannot tell what was hashed by guessing. Returns how
 * many. */
size_t crypt_keys_hash(const struct crypt_keys *keys, const uint8_t digest[CRYPT_DIGEST_SIZE],
		       uint8_t ret[CRYPT_KEYS_MOST][CRYPT_DIGEST_SIZE]);

/* Seals; the result stands in the arena. */
void crypt_seal(const struct crypt_keys *keys, const char *context, const struct secret *value,
                struct arena *arena, const uint8_t **ret, size_t *ret_size);

/* Opens. ERROR_INTERNAL "crypt.unknown_key" or "crypt.damaged"; the text says which key id is wanted. */
int crypt_open(const struct crypt_keys *keys, const char *context, const uint8_t *sealed, size_t size,
               struct secret **ret, struct error *e);

#endif
