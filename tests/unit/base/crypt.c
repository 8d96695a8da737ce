/* Digests against published vectors, tokens, and envelopes that open only where they were sealed. */
#include "base/crypt.h"

#include "base/arena.h"
#include "base/secret.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <string.h>

static void assert_digest(const uint8_t digest[CRYPT_DIGEST_SIZE], const char *hex)
{
	char text[2 * CRYPT_DIGEST_SIZE + 1];

	text_hex(digest, CRYPT_DIGEST_SIZE, text);
	assert_string_equal(text, hex);
}

static const char of_nothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
static const char of_abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

static void sha256(void **state)
{
	uint8_t digest[CRYPT_DIGEST_SIZE];

	(void)state;
	crypt_sha256("", 0, digest);
	assert_digest(digest, of_nothing);
	crypt_sha256("abc", 3, digest);
	assert_digest(digest, of_abc);
}

static void sha256_in_pieces(void **state)
{
	uint8_t digest[CRYPT_DIGEST_SIZE], other[CRYPT_DIGEST_SIZE];
	scoped(digest) *d = digest_open();

	(void)state;
	digest_add(d, "a", 1);
	crypt_sha256("in between, on the same thread", 30, other);
	digest_add(d, "bc", 2);
	digest_end(d, digest);
	assert_digest(digest, of_abc);
	digest_begin(d);
	digest_end(d, digest);
	assert_digest(digest, of_nothing);
	digest_begin(d);
	digest_add(d, "spoilt", 6);
	digest_begin(d);
	digest_add(d, "abc", 3);
	digest_end(d, digest);
	assert_digest(digest, of_abc);
}

static void digest_fields(const char *a, const char *b, uint8_t ret[CRYPT_DIGEST_SIZE])
{
	scoped(digest) *d = digest_open();

	digest_add_field(d, a);
	digest_add_field(d, b);
	digest_end(d, ret);
}

static void fields_do_not_run_together(void **state)
{
	static const char *const lists[][2] = { { "ab", "c" }, { "a", "bc" }, { "abc", "" },
		                                { "", "abc" }, { NULL, "abc" }, { "abc", NULL } };
	uint8_t digests[ARRAY_COUNT(lists)][CRYPT_DIGEST_SIZE], written[CRYPT_DIGEST_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
		digest_fields(lists[i][0], lists[i][1], digests[i]);
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(digests[i], digests[j], CRYPT_DIGEST_SIZE);
	}
	/* The encoding is what the audit is sealed with: it may never change. */
	crypt_sha256("\0\0\0\2ab\0\0\0\1c", 11, written);
	assert_memory_equal(digests[0], written, CRYPT_DIGEST_SIZE);
	crypt_sha256("\xff\xff\xff\xff\0\0\0\3abc", 11, written);
	assert_memory_equal(digests[4], written, CRYPT_DIGEST_SIZE);
}

static void hmac(void **state)
{
	uint8_t digest[CRYPT_DIGEST_SIZE], key[131];

	(void)state;
	/* RFC 4231, cases 2 and 6 (a key longer than a block). */
	crypt_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, digest);
	assert_digest(digest, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	crypt_hmac_sha256(key, sizeof(key), "Test Using Larger Than Block-Size Key - Hash Key First", 54, digest);
	assert_digest(digest, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void *hash_often(void *failed)
{
	for (int i = 0; i < 2000; i++) {
		uint8_t digest[CRYPT_DIGEST_SIZE];
		char hex[2 * CRYPT_DIGEST_SIZE + 1];

		crypt_sha256("abc", 3, digest);
		text_hex(digest, sizeof(digest), hex);
		if (strcmp(hex, of_abc) != 0)
			*(bool *)failed = true;
	}
	return NULL;
}

static void threads_do_not_share_a_context(void **state)
{
	enum { THREADS = 4 };
	pthread_t threads[THREADS];
	bool failed[THREADS] = { false };

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hash_often, &failed[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		assert_false(failed[i]);
	}
}

static void tokens(void **state)
{
	uint8_t hash[CRYPT_DIGEST_SIZE], expected[CRYPT_DIGEST_SIZE], random[32];
	scoped(secret) *token = crypt_token_new("rst", hash), *other = crypt_token_new("rst", expected);

	(void)state;
	assert_int_equal(secret_size(token), 4 + 43);
	assert_true(text_begins(secret_text(token), "rst_"));
	assert_int_equal(text_unbase64url(secret_text(token) + 4, 43, random, sizeof(random)), 32);
	assert_false(secret_equal(other, secret_bytes(token), secret_size(token)));
	crypt_sha256(secret_bytes(token), secret_size(token), expected);
	assert_memory_equal(hash, expected, sizeof(hash));
}

static struct crypt_keys *keys_of(const char *master, const char *previous)
{
	scoped(secret) *first = secret_take(master, strlen(master));
	scoped(secret) *second = previous ? secret_take(previous, strlen(previous)) : NULL;
	struct crypt_keys *keys = NULL;
	struct error e;

	assert_int_equal(crypt_keys_open(first, second, &keys, &e), 0);
	return keys;
}

static const char key_a[] = "0123456789abcdef0123456789abcdef", key_b[] = "fedcba9876543210fedcba9876543210";
static void a_keyed_hash_is_known_to_who_has_the_key(void **state)
{
	struct crypt_keys *old = keys_of(key_a, NULL), *new = keys_of(key_b, key_a);
	uint8_t digest[CRYPT_DIGEST_SIZE] = { 1 }, other[CRYPT_DIGEST_SIZE] = { 2 };
	uint8_t before[CRYPT_KEYS_MOST][CRYPT_DIGEST_SIZE], after[CRYPT_KEYS_MOST][CRYPT_DIGEST_SIZE];

	(void)state;
	assert_int_equal(crypt_keys_hash(old, digest, before), 1);
	assert_int_equal(crypt_keys_hash(new, digest, after), 2);
	assert_memory_equal(after[1], before[0], CRYPT_DIGEST_SIZE);
	assert_memory_not_equal(after[0], before[0], CRYPT_DIGEST_SIZE);
	assert_memory_not_equal(before[0], digest, CRYPT_DIGEST_SIZE);
	crypt_keys_hash(old, other, after);
	assert_memory_not_equal(after[0], before[0], CRYPT_DIGEST_SIZE);
	crypt_keys_close(&old);
	crypt_keys_close(&new);
}

static const char context[] = "connection_secrets/acme/corporate/bind_password";

struct sealed {
	struct arena *arena;
	struct crypt_keys *keys;
	const uint8_t *bytes;
	size_t size;
};

static struct sealed seal(const char *value, size_t size)
{
	scoped(secret) *secret = secret_take(value, size);
	struct sealed sealed = { .arena = arena_open("test"), .keys = keys_of(key_a, NULL) };

	crypt_seal(sealed.keys, context, secret, sealed.arena, &sealed.bytes, &sealed.size);
	return sealed;
}

static void sealed_close(struct sealed *sealed)
{
	arena_close(&sealed->arena);
	crypt_keys_close(&sealed->keys);
}

static void assert_not_opened(const struct crypt_keys *keys, const char *where, const uint8_t *bytes, size_t size,
                              const char *code)
{
	struct secret *secret = NULL;
	struct error e;

	assert_int_equal(crypt_open(keys, where, bytes, size, &secret, &e), -1);
	assert_null(secret);
	assert_int_equal(e.kind, ERROR_INTERNAL);
	assert_string_equal(e.code, code);
	assert_null(strstr(e.text, "hunter2"));
	assert_null(strstr(e.detail, "hunter2"));
}

static void envelopes_open_again(void **state)
{
	static const size_t sizes[] = { 0, 1, 7, 4096, SECRET_MOST };
	static char value[SECRET_MOST];

	(void)state;
	memset(value, 'v', sizeof(value));
	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		struct sealed sealed __attribute__((cleanup(sealed_close))) = seal(value, sizes[i]);
		scoped(secret) *opened = NULL;
		struct error e;

		assert_int_equal(sealed.size, CRYPT_ENVELOPE_OVERHEAD + sizes[i]);
		assert_int_equal(crypt_open(sealed.keys, context, sealed.bytes, sealed.size, &opened, &e), 0);
		assert_true(secret_equal(opened, value, sizes[i]));
	}
}

static void two_envelopes_of_one_value_differ(void **state)
{
	struct sealed a __attribute__((cleanup(sealed_close))) = seal("hunter2", 7);
	struct sealed b __attribute__((cleanup(sealed_close))) = seal("hunter2", 7);

	(void)state;
	assert_memory_equal(a.bytes, b.bytes, 9); /* version and key */
	assert_memory_not_equal(a.bytes + 9, b.bytes + 9, 24);
	assert_memory_not_equal(a.bytes + a.size - 7, b.bytes + b.size - 7, 7);
}

static void every_changed_byte_is_noticed(void **state)
{
	struct sealed sealed __attribute__((cleanup(sealed_close))) = seal("hunter2", 7);
	uint8_t *bytes = arena_copy(sealed.arena, sealed.bytes, sealed.size);

	(void)state;
	for (size_t i = 0; i < sealed.size; i++) {
		bool of_key_id = i >= 1 && i < 9;

		bytes[i] ^= 0x40;
		assert_not_opened(sealed.keys, context, bytes, sealed.size,
		                  of_key_id ? "crypt.unknown_key" : "crypt.damaged");
		bytes[i] ^= 0x40;
	}
}

static void every_cut_is_noticed(void **state)
{
	struct sealed sealed __attribute__((cleanup(sealed_close))) = seal("hunter2", 7);

	(void)state;
	for (size_t size = 0; size < sealed.size; size++)
		assert_not_opened(sealed.keys, context, arena_copy(sealed.arena, sealed.bytes, size), size,
		                  "crypt.damaged");
}

static void envelopes_do_not_open_elsewhere(void **state)
{
	struct sealed sealed __attribute__((cleanup(sealed_close))) = seal("hunter2", 7);

	(void)state;
	assert_not_opened(sealed.keys, "connection_secrets/evil/corporate/bind_password", sealed.bytes, sealed.size,
	                  "crypt.damaged");
	assert_not_opened(sealed.keys, "", sealed.bytes, sealed.size, "crypt.damaged");
}

static void rotation(void **state)
{
	struct sealed sealed __attribute__((cleanup(sealed_close))) = seal("hunter2", 7);
	struct crypt_keys *rotated = keys_of(key_b, key_a), *without = keys_of(key_b, NULL);
	struct secret *opened = NULL;
	const uint8_t *again;
	size_t size;
	struct error e;

	(void)state;
	assert_int_equal(crypt_open(rotated, context, sealed.bytes, sealed.size, &opened, &e), 0);
	assert_not_opened(without, context, sealed.bytes, sealed.size, "crypt.unknown_key");
	crypt_seal(rotated, context, opened, sealed.arena, &again, &size);
	secret_close(&opened);
	assert_int_equal(crypt_open(without, context, again, size, &opened, &e), 0);
	secret_close(&opened);
	crypt_keys_close(&rotated);
	crypt_keys_close(&without);
}

static void one_key_in_three_spellings(void **state)
{
	static const char raw[] = "0123456789abcdef0123456789abcde\n";
	char hex[65];
	struct crypt_keys *whole = keys_of(raw, NULL), *as_hex, *as_read;
	struct sealed sealed = { .arena = arena_open("test"), .keys = whole };
	scoped(secret) *value = secret_take("v", 1);

	(void)state;
	text_hex(raw, 32, hex);
	as_hex = keys_of(hex, NULL);
	as_read = keys_of("0123456789abcdef0123456789abcde", NULL); /* as secret_read_file leaves it */
	crypt_seal(whole, context, value, sealed.arena, &sealed.bytes, &sealed.size);
	for (int i = 0; i < 2; i++) {
		scoped(secret) *opened = NULL;
		struct error e;

		assert_int_equal(crypt_open(i ? as_hex : as_read, context, sealed.bytes, sealed.size, &opened, &e), 0);
	}
	crypt_keys_close(&as_hex);
	crypt_keys_close(&as_read);
	sealed_close(&sealed);
}

static void bad_keys_are_refused(void **state)
{
	static const char *const bad[] = { "", "short", "0123456789abcdef0123456789abcdef0",
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeg" };
	scoped(secret) *good = secret_take(key_a, 32);

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		scoped(secret) *key = secret_take(bad[i], strlen(bad[i]));
		struct crypt_keys *keys = NULL;
		struct error e;

		assert_int_equal(crypt_keys_open(key, NULL, &keys, &e), -1);
		assert_string_equal(e.code, "crypt.master_key");
		assert_true(bad[i][0] == '\0' || !strstr(e.text, bad[i]));
		assert_int_equal(crypt_keys_open(good, key, &keys, &e), -1);
		assert_non_null(strstr(e.text, "previous master key"));
		assert_null(keys);
	}
}

static int prepare(void **state)
{
	struct error e;

	(void)state;
	return secret_start(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256),
		cmocka_unit_test(sha256_in_pieces),
		cmocka_unit_test(fields_do_not_run_together),
		cmocka_unit_test(hmac),
		cmocka_unit_test(threads_do_not_share_a_context),
		cmocka_unit_test(tokens),
		cmocka_unit_test(envelopes_open_again),
		cmocka_unit_test(two_envelopes_of_one_value_differ),
		cmocka_unit_test(every_changed_byte_is_noticed),
		cmocka_unit_test(every_cut_is_noticed),
		cmocka_unit_test(envelopes_do_not_open_elsewhere),
		cmocka_unit_test(rotation),
		cmocka_unit_test(a_keyed_hash_is_known_to_who_has_the_key),
		cmocka_unit_test(one_key_in_three_spellings),
		cmocka_unit_test(bad_keys_are_refused),
	};

	return cmocka_run_group_tests(tests, prepare, NULL);
}
