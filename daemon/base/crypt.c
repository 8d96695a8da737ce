/* Digests, random bytes and envelopes. */
#include "base/crypt.h"

#include "base/arena.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"

#include <openssl/evp.h>
#include <sodium.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One fetch for the process and one context a thread: both cost more than hashing a token does. */
static pthread_once_t prepared = PTHREAD_ONCE_INIT;
static pthread_key_t thread_context;
static EVP_MD *sha256;

/* There is no answer without a digest, and none of its callers could find another one. */
static void __attribute__((noreturn)) give_up(const char *what)
{
	log_error(NULL, "cannot go on: OpenSSL %s; look at its configuration (openssl.cnf)", what);
	_exit(EXIT_FAILURE);
}

static void close_context(void *context)
{
	EVP_MD_CTX_free(context);
}

static void prepare(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!sha256)
		give_up("has no SHA-256");
	if (pthread_key_create(&thread_context, close_context) != 0)
		memory_exhausted("digest", sizeof(thread_context));
}

static EVP_MD_CTX *open_context(void)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (!context)
		memory_exhausted("digest", sizeof(void *));
	return context;
}

static EVP_MD_CTX *context_of_thread(void)
{
	EVP_MD_CTX *context;

	pthread_once(&prepared, prepare);
	context = pthread_getspecific(thread_context);
	if (!context) {
		context = open_context();
		if (pthread_setspecific(thread_context, context) != 0)
			memory_exhausted("digest", sizeof(context));
	}
	return context;
}

static void begin(EVP_MD_CTX *context)
{
	if (EVP_DigestInit_ex2(context, sha256, NULL) != 1)
		give_up("cannot begin a digest");
}

static void add(EVP_MD_CTX *context, const void *bytes, size_t size)
{
	if (EVP_DigestUpdate(context, bytes, size) != 1)
		give_up("cannot continue a digest");
}

static void end(EVP_MD_CTX *context, uint8_t ret[CRYPT_DIGEST_SIZE])
{
	if (EVP_DigestFinal_ex(context, ret, NULL) != 1)
		give_up("cannot end a digest");
}

void crypt_sha256(const void *bytes, size_t size, uint8_t ret[CRYPT_DIGEST_SIZE])
{
	EVP_MD_CTX *context = context_of_thread();

	begin(context);
	add(context, bytes, size);
	end(context, ret);
}

bool crypt_digest_equal(const uint8_t a[CRYPT_DIGEST_SIZE], const uint8_t b[CRYPT_DIGEST_SIZE])
{
	return sodium_memcmp(a, b, CRYPT_DIGEST_SIZE) == 0;
}

struct digest {
	EVP_MD_CTX *context;
};

struct digest *digest_open(void)
{
	struct digest *digest = malloc(sizeof(*digest));

	if (!digest)
		memory_exhausted("digest", sizeof(*digest));
	pthread_once(&prepared, prepare);
	digest->context = open_context();
	digest_begin(digest);
	return digest;
}

void digest_close(struct digest **digest)
{
	if (!*digest)
		return;

	EVP_MD_CTX_free((*digest)->context);
	free(*digest);
	*digest = NULL;
}

void digest_begin(struct digest *digest)
{
	begin(digest->context);
}

void digest_add(struct digest *digest, const void *bytes, size_t size)
{
	add(digest->context, bytes, size);
}

void digest_add_field(struct digest *digest, const char *text)
{
	uint32_t length = text ? (uint32_t)strlen(text) : UINT32_MAX;
	const uint8_t big_endian[] = { (uint8_t)(length >> 24), (uint8_t)(length >> 16),
				       (uint8_t)(length >> 8), (uint8_t)length };

	digest_add(digest, big_endian, sizeof(big_endian));
	if (text)
		digest_add(digest, text, length);
}

void digest_end(struct digest *digest, uint8_t ret[CRYPT_DIGEST_SIZE])
{
	end(digest->context, ret);
}

void crypt_random(void *ret, size_t size)
{
	randombytes_buf(ret, size);
}

void crypt_hmac_sha256(const void *key, size_t key_size, const void *bytes, size_t size,
		       uint8_t ret[CRYPT_DIGEST_SIZE])
{
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, key, key_size);
	crypto_auth_hmacsha256_update(&state, bytes, size);
	crypto_auth_hmacsha256_final(&state, ret);
	secret_wipe(&state, sizeof(state));
}

void crypt_hmac_sha1(const void *key, size_t key_size, const void *bytes, size_t size, uint8_t ret[CRYPT_SHA1_SIZE])
{
	size_t length = 0;

	if (!EVP_Q_mac(NULL, "HMAC", NULL, "SHA1", NULL, key, key_size, bytes, size, ret, CRYPT_SHA1_SIZE, &length) || length != CRYPT_SHA1_SIZE)
		abort();
}

enum { TOKEN_RANDOM_SIZE = 32, TOKEN_PREFIX_MOST = 15, TOKEN_LETTERS = 43 };

struct secret *crypt_token_new(const char *prefix, uint8_t ret_hash[CRYPT_DIGEST_SIZE])
{
	uint8_t random[TOKEN_RANDOM_SIZE];
	char text[TOKEN_PREFIX_MOST + 1 + TOKEN_LETTERS + 1];
	size_t length = (size_t)snprintf(text, TOKEN_PREFIX_MOST + 1, "%s", prefix);
	struct secret *token;

	length = length < TOKEN_PREFIX_MOST ? length : TOKEN_PREFIX_MOST;
	text[length++] = '_';
	crypt_random(random, sizeof(random));
	text_base64url(random, sizeof(random), text + length);
	length += TOKEN_LETTERS;

	crypt_sha256(text, length, ret_hash);
	token = secret_take(text, length);
	secret_wipe(random, sizeof(random));
	secret_wipe(text, sizeof(text));
	return token;
}

enum {
	ENVELOPE_VERSION = 1,
	KEY_ID_SIZE = CRYPT_KEY_ID_SIZE,
	NONCE_SIZE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	TAG_SIZE = crypto_aead_xchacha20poly1305_ietf_ABYTES,
	DATA_KEY_SIZE = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
	/* where the parts of an envelope stand */
	AT_KEY_ID = 1,
	AT_KEY_NONCE = AT_KEY_ID + KEY_ID_SIZE,
	AT_DATA_KEY = AT_KEY_NONCE + NONCE_SIZE,
	AT_VALUE_NONCE = AT_DATA_KEY + DATA_KEY_SIZE + TAG_SIZE,
	AT_VALUE = AT_VALUE_NONCE + NONCE_SIZE,
};
_Static_assert(AT_VALUE + TAG_SIZE == CRYPT_ENVELOPE_OVERHEAD, "the header names another size");
_Static_assert((int)DATA_KEY_SIZE == (int)CRYPT_MASTER_KEY_SIZE, "both keys are used by one cipher");

struct master_key {
	uint8_t id[KEY_ID_SIZE];
	uint8_t bytes[CRYPT_MASTER_KEY_SIZE];
};

struct crypt_keys {
	int count;
	struct master_key keys[CRYPT_KEYS_MOST]; /* the first seals; all open */
};

/* Says which key it is and nothing about its bytes. */
static void name_key(struct master_key *key)
{
	static const char purpose[] = "rosterd master key id";
	uint8_t digest[CRYPT_DIGEST_SIZE];

	crypt_hmac_sha256(key->bytes, sizeof(key->bytes), purpose, sizeof(purpose) - 1, digest);
	memcpy(key->id, digest, sizeof(key->id));
}

static int read_key(const struct secret *from, const char *which, struct master_key *ret, struct error *e)
{
	size_t size = secret_size(from);

	if (size == CRYPT_MASTER_KEY_SIZE) {
		memcpy(ret->bytes, secret_bytes(from), size);
	} else if (size == CRYPT_MASTER_KEY_SIZE - 1) {
		/* Raw bytes of which the last was taken for a line break: one key file of 256 ends so. */
		memcpy(ret->bytes, secret_bytes(from), size);
		ret->bytes[size] = '\n';
	} else if (text_unhex(secret_text(from), size, ret->bytes, sizeof(ret->bytes)) !=
		   CRYPT_MASTER_KEY_SIZE) {
		return error_set(e, ERROR_INPUT, "crypt.master_key",
				 "the %smaster key has %zu bytes; 32 bytes or 64 hexadecimal digits are "
				 "expected (\"openssl rand -hex 32\" makes one)",
				 which, size);
	}
	name_key(ret);
	return 0;
}

int crypt_keys_open(const struct secret *master, const struct secret *previous, struct crypt_keys **ret,
		    struct error *e)
{
	struct crypt_keys *keys = sodium_malloc(sizeof(*keys));

	if (!keys)
		memory_exhausted("master keys", sizeof(*keys));

	keys->count = previous ? 2 : 1;
	if (read_key(master, "", &keys->keys[0], e) < 0 ||
	    (previous && read_key(previous, "previous ", &keys->keys[1], e) < 0)) {
		crypt_keys_close(&keys);
		return -1;
	}
	sodium_mprotect_readonly(keys);
	*ret = keys;
	return 0;
}

void crypt_keys_close(struct crypt_keys **keys)
{
	sodium_free(*keys); /* wipes; accepts NULL */
	*keys = NULL;
}

size_t crypt_key_ids(const struct crypt_keys *keys, uint8_t ret[CRYPT_KEYS_MOST][CRYPT_KEY_ID_SIZE])
{
	for (int i = 0; i < keys->count; i++)
		memcpy(ret[i], keys->keys[i].id, KEY_ID_SIZE);
	return (size_t)keys->count;
}

size_t crypt_keys_hash(const struct crypt_keys *keys, const uint8_t digest[CRYPT_DIGEST_SIZE],
		       uint8_t ret[CRYPT_KEYS_MOST][CRYPT_DIGEST_SIZE])
{
	static const char purpose[] = "rosterd keyed hash";
	uint8_t message[sizeof(purpose) + CRYPT_DIGEST_SIZE];

	memcpy(message, purpose, sizeof(purpose));
	memcpy(message + sizeof(purpose), digest, CRYPT_DIGEST_SIZE);
	for (int i = 0; i < keys->count; i++)
		crypt_hmac_sha256(keys->keys[i].bytes, sizeof(keys->keys[i].bytes), message, sizeof(message), ret[i]);
	return (size_t)keys->count;
}

/* Version, key and context as one value of fixed size: what both seals of an envelope are bound to. */
static void bind_to(const uint8_t *envelope, const char *context, uint8_t ret[CRYPT_DIGEST_SIZE])
{
	EVP_MD_CTX *digest = context_of_thread();

	begin(digest);
	add(digest, envelope, AT_KEY_NONCE);
	add(digest, context, strlen(context));
	end(digest, ret);
}

static void seal(uint8_t *ret, const void *bytes, size_t size, const uint8_t bound[CRYPT_DIGEST_SIZE],
		 const uint8_t *nonce, const uint8_t *key)
{
	crypto_aead_xchacha20poly1305_ietf_encrypt(ret, NULL, bytes, size, bound, CRYPT_DIGEST_SIZE, NULL,
						   nonce, key);
}

static bool unseal(uint8_t *ret, const uint8_t *sealed, size_t sealed_size,
		   const uint8_t bound[CRYPT_DIGEST_SIZE], const uint8_t *nonce, const uint8_t *key)
{
	return crypto_aead_xchacha20poly1305_ietf_decrypt(ret, NULL, NULL, sealed, sealed_size, bound,
							  CRYPT_DIGEST_SIZE, nonce, key) == 0;
}

void crypt_seal(const struct crypt_keys *keys, const char *context, const struct secret *value,
		struct arena *arena, const uint8_t **ret, size_t *ret_size)
{
	const struct master_key *master = &keys->keys[0];
	size_t size = CRYPT_ENVELOPE_OVERHEAD + secret_size(value);
	uint8_t *envelope = arena_take(arena, size);
	uint8_t data_key[DATA_KEY_SIZE], bound[CRYPT_DIGEST_SIZE];

	crypt_random(data_key, sizeof(data_key));
	envelope[0] = ENVELOPE_VERSION;
	memcpy(envelope + AT_KEY_ID, master->id, KEY_ID_SIZE);
	crypt_random(envelope + AT_KEY_NONCE, NONCE_SIZE);
	crypt_random(envelope + AT_VALUE_NONCE, NONCE_SIZE);
	bind_to(envelope, context, bound);
	seal(envelope + AT_DATA_KEY, data_key, sizeof(data_key), bound, envelope + AT_KEY_NONCE,
	     master->bytes);
	seal(envelope + AT_VALUE, secret_bytes(value), secret_size(value), bound, envelope + AT_VALUE_NONCE,
	     data_key);
	secret_wipe(data_key, sizeof(data_key));
	*ret = envelope;
	*ret_size = size;
}

static const struct master_key *find_key(const struct crypt_keys *keys, const uint8_t *id)
{
	for (int i = 0; i < keys->count; i++)
		if (memcmp(keys->keys[i].id, id, KEY_ID_SIZE) == 0)
			return &keys->keys[i];
	return NULL;
}

static int refuse_key(const struct crypt_keys *keys, const uint8_t *id, struct error *e)
{
	char wanted[2 * KEY_ID_SIZE + 1], ours[2 * KEY_ID_SIZE + 1];

	text_hex(id, KEY_ID_SIZE, wanted);
	text_hex(keys->keys[0].id, KEY_ID_SIZE, ours);
	return error_set(e, ERROR_INTERNAL, "crypt.unknown_key",
			 "a stored secret was sealed by master key %s, ours is %s; give the old key as the "
			 "previous one",
			 wanted, ours);
}

static int refuse_envelope(const char *context, const char *why, struct error *e)
{
	error_set(e, ERROR_INTERNAL, "crypt.damaged", "a stored secret cannot be opened: %s", why);
	return error_detail(e, "context \"%s\"", context);
}

static int open_value(const uint8_t *sealed, size_t size, const uint8_t bound[CRYPT_DIGEST_SIZE],
		      const uint8_t *data_key, struct secret **ret)
{
	size_t value_size = size - CRYPT_ENVELOPE_OVERHEAD;
	uint8_t *value = sodium_malloc(value_size + 1);
	bool opened;

	if (!value)
		memory_exhausted("secret", value_size);
	opened = unseal(value, sealed + AT_VALUE, size - AT_VALUE, bound, sealed + AT_VALUE_NONCE, data_key);
	if (opened)
		*ret = secret_take(value, value_size);
	sodium_free(value);
	return opened ? 0 : -1;
}

int crypt_open(const struct crypt_keys *keys, const char *context, const uint8_t *sealed, size_t size,
	       struct secret **ret, struct error *e)
{
	uint8_t data_key[DATA_KEY_SIZE], bound[CRYPT_DIGEST_SIZE];
	const struct master_key *master;
	int result = -1;

	if (size < CRYPT_ENVELOPE_OVERHEAD)
		return refuse_envelope(context, "it is shorter than an envelope", e);
	if (sealed[0] != ENVELOPE_VERSION)
		return refuse_envelope(context, "its version is unknown; was it written by a newer rosterd?",
				       e);
	master = find_key(keys, sealed + AT_KEY_ID);
	if (!master)
		return refuse_key(keys, sealed + AT_KEY_ID, e);

	bind_to(sealed, context, bound);
	if (unseal(data_key, sealed + AT_DATA_KEY, DATA_KEY_SIZE + TAG_SIZE, bound, sealed + AT_KEY_NONCE,
		   master->bytes))
		result = open_value(sealed, size, bound, data_key, ret);
	secret_wipe(data_key, sizeof(data_key));
	return result == 0 ? 0 : refuse_envelope(context, "it was changed, or moved from another place", e);
}
