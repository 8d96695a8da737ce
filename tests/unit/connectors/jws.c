/* Signed tokens: every algorithm is accepted from its own key, and nothing else is from anybody. */
#include "common/jws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cjose/cjose.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "common/sign.h"

static struct arena *arena;
static cjose_jwk_t *rsa, *other_rsa, *small_rsa, *p256, *p384, *p521;

static int make(void **state)
{
	uint8_t e[] = { 1, 0, 1 };

	(void)state;
	arena = arena_open("test");
	rsa = cjose_jwk_create_RSA_random(2048, e, sizeof(e), NULL);
	other_rsa = cjose_jwk_create_RSA_random(2048, e, sizeof(e), NULL);
	small_rsa = cjose_jwk_create_RSA_random(1024, e, sizeof(e), NULL);
	p256 = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, NULL);
	p384 = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_384, NULL);
	p521 = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_521, NULL);
	return rsa && other_rsa && small_rsa && p256 && p384 && p521 ? 0 : -1;
}

static int unmake(void **state)
{
	cjose_jwk_t *const all[] = { rsa, other_rsa, small_rsa, p256, p384, p521 };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(all); i++)
		cjose_jwk_release(all[i]);
	arena_close(&arena);
	return 0;
}

/* more: members of the header beside "alg", {"kid":"k"}; NULL: none. */
static const char *token(cjose_jwk_t *key, const char *algorithm, const char *more)
{
	cjose_header_t *header = cjose_header_new(NULL);
	const char *made = NULL, *kept, *name;
	const struct json *value;
	struct json *members;
	struct error e = { 0 };
	cjose_jws_t *jws;
	size_t at = 0;

	assert_true(cjose_header_set(header, CJOSE_HDR_ALG, algorithm, NULL));
	if (more) {
		assert_int_equal(json_parse(arena, more, strlen(more), &members, &e), 0);
		while (json_next(members, &at, &name, &value) == 1)
			assert_true(json_is_text(value)
					    ? cjose_header_set(header, name, json_text(value), NULL)
					    : cjose_header_set_raw(header, name,
								   json_write(arena, value, 4096), NULL));
	}
	jws = cjose_jws_sign(key, header, (const uint8_t *)"{\"sub\":\"u1\"}", 12, NULL);
	assert_non_null(jws);
	assert_true(cjose_jws_export(jws, &made, NULL));
	kept = arena_text(arena, made);
	cjose_jws_release(jws);
	cjose_header_release(header);
	return kept;
}

/* The public half of a key as an object, with further members ("\"kid\":\"k\""); NULL: none. */
static const char *public(cjose_jwk_t *key, const char *more)
{
	char *json = cjose_jwk_to_json(key, false, NULL);
	const char *kept;

	assert_non_null(json);
	kept = more ? arena_format(arena, "{%s,%s", more, json + 1) : arena_text(arena, json);
	free(json);
	return kept;
}

static const char *verdict_of(const char *jws, size_t length, const char *keys, const char *const *allowed)
{
	struct error e = { 0 };
	struct json *set;
	struct jws found;

	assert_int_equal(json_parse(arena, keys, strlen(keys), &set, &e), 0);
	if (jws_verify(arena, jws, length, set, allowed, &found, &e) < 0) {
		assert_true(e.text[0] && e.code[0]);
		return arena_text(arena, e.code);
	}
	assert_int_equal(found.payload_size, strlen(found.payload));
	return "ok";
}

/* keys: members of the set's list. */
static const char *verdict(const char *jws, const char *keys)
{
	return verdict_of(jws, strlen(jws), arena_format(arena, "{\"keys\":[%s]}", keys), jws_algorithms);
}

static const char *unsigned_token(const char *header, const char *signature)
{
	char *text = arena_take(arena, strlen(header) * 2 + 256);

	text_base64url(header, strlen(header), text);
	return strcat(strcat(text, ".eyJzdWIiOiJ1MSJ9."), signature);
}

static void test_every_algorithm_by_its_own_key(void **state)
{
	const struct {
		const char *algorithm;
		cjose_jwk_t *key;
	} rows[] = { { "RS256", rsa },	{ "RS384", rsa },  { "RS512", rsa },
		     { "PS256", rsa },	{ "PS384", rsa },  { "PS512", rsa },
		     { "ES256", p256 }, { "ES384", p384 }, { "ES512", p521 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const char *jws = token(rows[i].key, rows[i].algorithm, NULL),
			   *only[] = { rows[i].algorithm, NULL }, *own = public(rows[i].key, NULL);
		const char *const none[] = { "HS256", "none", NULL };
		const char *set = arena_format(arena, "{\"keys\":[%s]}", own);
		char *bad = arena_text(arena, jws), *last = strrchr(bad, '.') + 5;

		assert_string_equal(verdict(jws, own), "ok");
		assert_string_equal(verdict_of(jws, strlen(jws), set, only), "ok");
		assert_string_equal(verdict_of(jws, strlen(jws), set, none), "jws.algorithm");
		*last = *last == 'A' ? 'B' : 'A';
		assert_string_equal(verdict(bad, own), "jws.signature");
		bad = arena_text(arena, jws);
		last = strchr(bad, '.') + 5;
		*last = *last == 'A' ? 'B' : 'A';
		assert_string_equal(verdict(bad, own), "jws.signature");
		assert_string_equal(verdict(jws, public(rows[i].key == rsa ? p256 : rsa, NULL)),
				    "jws.unknown_key");
	}
}

/* RFC 7515 appendix A.3 and RFC 8037 appendix A.4. */
static void test_examples_of_the_specifications(void **state)
{
	static const char p256_key[] =
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
		"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}";
	static const char ed_key[] = "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
				     "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}";
	static const char by_p256[] =
		"eyJhbGciOiJFUzI1NiJ9."
		"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9p"
		"c19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-"
		"F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-"
		"Kg6NU1Q";
	static const char by_ed[] =
		"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1"
		"PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
	char *bad = arena_text(arena, by_ed);

	(void)state;
	assert_string_equal(verdict(by_p256, p256_key), "ok");
	assert_string_equal(verdict(by_ed, ed_key), "ok");
	bad[30] = 'a';
	assert_string_equal(verdict(bad, ed_key), "jws.signature");
	/* A coordinate that is short by its first byte is no coordinate (RFC 7518 section 6.2.1.2). */
	assert_string_equal(
		verdict(by_p256,
			"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"zickPbEXzvbb20t7WAczNXvp7xO6z248e9FURQ\","
			"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}"),
		"jws.signature");
	/* A point that is on no curve. */
	assert_string_equal(verdict(by_p256, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
					     "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
					     "\"y\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}"),
			    "jws.signature");
	assert_string_equal(verdict(arena_format(arena, "%.*sAAAA", (int)strlen(by_p256), by_p256), p256_key),
			    "jws.signature");
}

/* An attacker knows our public keys, and uses them as a secret; or has none and says so. */
static void test_algorithms_of_attackers(void **state)
{
	const char *own = public(rsa, "\"kid\":\"k\"");
	const char *const headers[] = { "{\"alg\":\"none\"}",	"{\"alg\":\"NONE\"}",	"{\"alg\":\"None\"}",
					"{\"alg\":\"\"}",	"{\"alg\":\"HS256\"}",	"{\"alg\":\"HS512\"}",
					"{\"alg\":\"rs256\"}",	"{\"alg\":\"RS256 \"}", "{\"alg\":\"RS1\"}",
					"{\"alg\":\"ES256K\"}", "{\"alg\":\"dir\"}" };
	cjose_jwk_t *secret = cjose_jwk_create_oct_spec((const uint8_t *)own, strlen(own), NULL);
	const char *by_secret = token(secret, "HS256", NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(headers); i++)
		assert_string_equal(verdict(unsigned_token(headers[i], "AAAA"), own), "jws.algorithm");
	assert_string_equal(verdict(unsigned_token("{\"alg\":\"none\"}", ""), own), "jws.malformed");
	assert_string_equal(verdict(by_secret, own), "jws.algorithm");
	/* Even where the set has the secret. */
	assert_string_equal(verdict(by_secret,
				    arena_format(arena, "%s,{\"kty\":\"oct\",\"k\":\"AAAA\"}", own)),
			    "jws.algorithm");
	assert_string_equal(verdict_of(by_secret, strlen(by_secret),
				       arena_format(arena, "{\"keys\":[%s]}", own),
				       (const char *const[]){ "HS256", NULL }),
			    "jws.algorithm");
	cjose_jwk_release(secret);
}

static void test_headers_that_are_refused(void **state)
{
	const char *own = public(rsa, NULL);
	const char *const headers[] = {
		"",
		"[]",
		"null",
		"{",
		"{}",
		"{\"alg\":5}",
		"{\"alg\":[\"RS256\"]}",
		"{\"alg\":\"RS256\",\"alg\":\"RS256\"}",
		"{\"alg\":\"none\",\"\\u0061lg\":\"RS256\"}",
		"{\"alg\":\"RS256\",\"a\":{\"b\":1,\"b\":2}}",
		"{\"alg\":\"RS256\",\"kid\":5}",
		"{\"alg\":\"RS256\",\"kid\":null}",
		"{\"alg\":\"RS256\",\"crit\":[]}",
		"{\"alg\":\"RS256\",\"crit\":[\"exp\"],\"exp\":1}",
		"{\"alg\":\"RS256\",\"crit\":[\"b64\"],\"b64\":false}",
		"{\"alg\":\"RS256\",\"b64\":false}",
		"{\"alg\":\"RS256\",\"zip\":\"DEF\"}",
		"{\"alg\":\"RS256\",\"enc\":\"A128GCM\"}",
		"{\"alg\":\"RS256\"} x",
		"\xef\xbb\xbf{\"alg\":\"RS256\"}",
	};
	const char *const extended[] = { "{\"alg\":\"ES256\"}",
					 "{\"alg\":\"ES256\",\"crit\":[\"exp\"],\"exp\":1}",
					 "{\"alg\":\"ES256\",\"b64\":false}",
					 "{\"alg\":\"ES256\",\"b64\":true}" };
	char jwk[SIGN_JWK_MOST], jwt[SIGN_JWT_MOST];
	struct sign_key *key;
	struct error e = { 0 };

	(void)state;
	assert_int_equal(sign_key_make(&key, &e), 0);
	assert_int_equal(sign_public(key, jwk, &e), 0);
	for (size_t i = 0; i < ARRAY_COUNT(headers); i++)
		assert_string_equal(verdict(unsigned_token(headers[i], "AAAA"), own),
				    headers[i][0] ? "jws.header" : "jws.malformed");
	/* The same with a signature that is good: it is the header that is refused. */
	for (size_t i = 0; i < ARRAY_COUNT(extended); i++) {
		assert_int_equal(sign_jwt(key, extended[i], "{}", jwt, &e), 0);
		assert_string_equal(verdict(jwt, jwk), i == 0 ? "ok" : "jws.header");
	}
	sign_key_close(&key);
	/* What a token says about keys is not looked at: it changes nothing, either way. */
	assert_string_equal(
		verdict(token(rsa, "RS256",
			      "{\"jku\":\"https://evil.example/\",\"x5u\":\"file:///etc/passwd\"}"),
			own),
		"ok");
	assert_string_equal(verdict(token(other_rsa, "RS256",
					  arena_format(arena, "{\"jwk\":%s}", public(other_rsa, NULL))),
				    own),
			    "jws.signature");
}

static void test_texts_that_are_refused(void **state)
{
	const char *good = token(rsa, "RS256", NULL), *own = public(rsa, NULL);
	const char *const bad[] = { "",
				    ".",
				    "..",
				    "...",
				    "a.b",
				    good + 3,
				    arena_format(arena, "%s.", good),
				    arena_format(arena, ".%s", good),
				    arena_format(arena, "%s=", good),
				    arena_format(arena, "%s==", good),
				    arena_format(arena, " %s", good),
				    arena_format(arena, "%s\n", good),
				    arena_format(arena, "%s.x.y", good),
				    arena_format(arena, "%s+", good),
				    arena_format(arena, "%s/", good) };
	char *same = arena_text(arena, good), *end = same + strlen(same) - 1;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_string_not_equal(verdict(bad[i], own), "ok");
	/* 256 bytes leave four bits of the last letter unused: one signature, one text. */
	*end = *end == 'A' ? 'B' : (char)(*end + 1);
	assert_string_equal(verdict(same, own), "jws.malformed");
	/* A NUL hides nothing behind it. */
	assert_string_equal(verdict_of(good, strlen(good) + 1, arena_format(arena, "{\"keys\":[%s]}", own),
				       jws_algorithms),
			    "jws.malformed");
	same = arena_take(arena, JWS_MOST + 2);
	memset(same, 'a', JWS_MOST + 1);
	assert_string_equal(verdict(same, own), "jws.too_long");
	same[JWS_MOST / 2] = same[JWS_MOST / 2 + 2] = '.';
	same[JWS_MOST] = 0;
	assert_string_equal(verdict(same, own), "jws.too_long");
}

static void test_which_key_of_a_set(void **state)
{
	const char *named = token(rsa, "RS256", "{\"kid\":\"two\"}"), *unnamed = token(rsa, "RS256", NULL);
	const char *one = public(other_rsa, "\"kid\":\"one\""), *two = public(rsa, "\"kid\":\"two\"");

	(void)state;
	assert_string_equal(verdict(named, arena_format(arena, "%s,%s", one, two)), "ok");
	assert_string_equal(verdict(named, arena_format(arena, "%s,%s", two, one)), "ok");
	assert_string_equal(verdict(unnamed, arena_format(arena, "%s,%s,%s", public(p256, NULL), one, two)),
			    "ok");
	assert_string_equal(verdict(named, one), "jws.unknown_key");
	assert_string_equal(verdict(named, ""), "jws.unknown_key");
	assert_string_equal(verdict(named, public(rsa, "\"kid\":\"TWO\"")), "jws.unknown_key");
	assert_string_equal(verdict(named, public(rsa, NULL)), "jws.unknown_key");
	assert_string_equal(verdict(named, public(other_rsa, "\"kid\":\"two\"")), "jws.signature");
	/* While keys are exchanged, two may have one name. */
	assert_string_equal(verdict(named,
				    arena_format(arena, "%s,%s", public(other_rsa, "\"kid\":\"two\""), two)),
			    "ok");
	/* Kinds that nobody here knows are passed over. */
	assert_string_equal(verdict(named,
				    arena_format(arena, "{\"kty\":\"AKP\"},{},5,null,{\"kty\":5},%s", two)),
			    "ok");
}

static void test_what_a_key_is_for(void **state)
{
	const char *jws = token(rsa, "RS256", NULL);
	const struct {
		const char *members, *verdict;
	} rows[] = {
		{ "\"use\":\"sig\"", "ok" },
		{ "\"use\":\"enc\"", "jws.unknown_key" },
		{ "\"use\":null", "jws.unknown_key" },
		{ "\"alg\":\"RS256\"", "ok" },
		{ "\"alg\":\"RS384\"", "jws.unknown_key" },
		{ "\"alg\":\"RSA-OAEP\"", "jws.unknown_key" },
		{ "\"key_ops\":[\"verify\"]", "ok" },
		{ "\"key_ops\":[\"sign\",\"verify\"]", "ok" },
		{ "\"key_ops\":[\"verify\",\"verify\"]", "jws.unknown_key" },
		{ "\"key_ops\":[\"encrypt\"]", "jws.unknown_key" },
		{ "\"key_ops\":[]", "jws.unknown_key" },
		{ "\"key_ops\":\"verify\"", "jws.unknown_key" },
		{ "\"use\":\"sig\",\"key_ops\":[\"encrypt\"]", "jws.unknown_key" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		assert_string_equal(verdict(jws, public(rsa, rows[i].members)), rows[i].verdict);
	/* The same key, said to be for another padding: each key has one purpose. */
	assert_string_equal(verdict(token(rsa, "PS256", NULL), public(rsa, "\"alg\":\"RS256\"")),
			    "jws.unknown_key");
	/* Too small to be believed, though the signature is right. */
	assert_string_equal(verdict(token(small_rsa, "RS256", NULL), public(small_rsa, NULL)),
			    "jws.signature");
}

/* e of 1: everybody can write a signature. */
static void test_keys_that_are_none(void **state)
{
	const char *jws = token(rsa, "RS256", NULL);
	const char *const keys[] = {
		"{\"kty\":\"RSA\"}",
		"{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"}",
		"{\"kty\":\"RSA\",\"n\":\"AAAA\",\"e\":\"AQAB\"}",
		"{\"kty\":\"RSA\",\"n\":5,\"e\":\"AQAB\"}",
		"{\"kty\":\"RSA\",\"n\":\"+/+/\",\"e\":\"AQAB\"}",
	};
	char *json = cjose_jwk_to_json(rsa, false, NULL), *exponent;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(keys); i++)
		assert_string_equal(verdict(jws, keys[i]), "jws.signature");
	exponent = strstr(json, "\"AQAB\"");
	assert_non_null(exponent);
	memcpy(exponent, "\"AAAB\"", 6);
	assert_string_equal(verdict(jws, json), "jws.signature");
	free(json);
	assert_string_equal(verdict_of(jws, strlen(jws), "{}", jws_algorithms), "jws.key_set");
	assert_string_equal(verdict_of(jws, strlen(jws), "[]", jws_algorithms), "jws.key_set");
	assert_string_equal(verdict_of(jws, strlen(jws), "{\"keys\":{}}", jws_algorithms), "jws.key_set");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_algorithm_by_its_own_key),
		cmocka_unit_test(test_examples_of_the_specifications),
		cmocka_unit_test(test_algorithms_of_attackers),
		cmocka_unit_test(test_headers_that_are_refused),
		cmocka_unit_test(test_texts_that_are_refused),
		cmocka_unit_test(test_which_key_of_a_set),
		cmocka_unit_test(test_what_a_key_is_for),
		cmocka_unit_test(test_keys_that_are_none),
	};

	return cmocka_run_group_tests(tests, make, unmake);
}
