/* What plug-ins of vendors' APIs share, without a network: links, limits, signatures. */
#include "common/chain.h"
#include "common/fetch.h"
#include "common/limits.h"
#include "common/links.h"
#include "common/sign.h"
#include "common/value.h"

#include "base/arena.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static void next_links(void **state)
{
	static const struct {
		const char *line;
		int result;
		const char *url;
	} cases[] = {
		{ "<https://a.example/u?limit=2>; rel=\"self\"", 0, NULL },
		{ "<https://a.example/u?after=x&limit=2>; rel=\"next\"", 1,
		  "https://a.example/u?after=x&limit=2" },
		{ "<https://a.example/u?a=1,2>; rel=\"self\", <https://a.example/u?a=3,4>; rel=\"next\"", 1,
		  "https://a.example/u?a=3,4" },
		{ "<n>;rel=next", 1, "n" },
		{ "<n> ; title=\"a, b; rel=\\\"x\\\"\" ; REL=\"prev Next\"", 1, "n" },
		{ "<n>; rel=\"self\"; rel=\"next\"", 0, NULL },
		{ "<n>; rel=\"nextish\"", 0, NULL },
		{ "<n>; crossorigin; rel=\"next\"", 1, "n" },
		{ "", 0, NULL },
		{ " , ", 0, NULL },
		{ "nonsense", -1, NULL },
		{ "<https://a.example/u; rel=\"next\"", -1, NULL },
		{ "<n>; rel=\"next", -1, NULL },
		{ "<>; rel=\"next\"", -1, NULL },
		{ "<this-one-is-far-too-long-for-the-room>; rel=next", -1, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		char url[36] = "untouched";

		assert_int_equal(link_next_of(cases[i].line, url, sizeof(url)), cases[i].result);
		assert_string_equal(url, cases[i].url ? cases[i].url : "untouched");
	}
}

static void origins(void **state)
{
	static const char *const bad[] = { "http://a.example/",	   "https://",
					   "https:///x",	   "https://u@a.example/",
					   "https://a.example:0/", "https://a.example:65536/",
					   "https://a.example:/",  "https://a.example:8x/",
					   "ftp://a.example",	   "https://[::1/",
					   "https://a b/",	   "//a.example" };
	struct link_origin origin;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(link_origin_of(bad[i], &origin), -1);
	assert_int_equal(link_origin_of("https://[::1]:8443/x", &origin), 0);
	assert_string_equal(origin.host, "::1");
	assert_string_equal(origin.port, "8443");
	assert_true(link_same_origin("https://a.example/x", "HTTPS://A.Example:443?y"));
	assert_false(link_same_origin("https://a.example/x", "https://a.example:444/x"));
	assert_false(link_same_origin("https://a.example/x", "https://a.example.evil.example/x"));
	assert_false(link_same_origin("https://a.example", "https://a.example\\@evil.example/"));
	assert_false(link_same_origin("https://a.example", "https://evil.example/https://a.example"));
}

static struct limit_headers headers(const char *const *lines)
{
	struct limit_headers ret;

	limit_clear(&ret);
	for (; lines[0]; lines += 2)
		limit_take(&ret, lines[0], lines[1]);
	return ret;
}
#define HEADERS(...) headers((const char *const[]){ __VA_ARGS__, NULL })
#define AT_NOON	     "Date", "Sun, 29 Nov 2026 12:00:00 GMT" /* 1795953600 */

static void waits(void **state)
{
	struct limit_headers h;

	(void)state;
	h = HEADERS("retry-after", "7", AT_NOON);
	assert_int_equal(limit_wait_ms(&h, 0), 7000);
	h = HEADERS("Retry-After", "2.128");
	assert_int_equal(limit_wait_ms(&h, 0), 2128);
	h = HEADERS("Retry-After", "0");
	assert_int_equal(limit_wait_ms(&h, 0), LIMIT_WAIT_LEAST_MS);
	h = HEADERS("Retry-After", "Sun, 29 Nov 2026 12:00:30 GMT", AT_NOON);
	assert_int_equal(limit_wait_ms(&h, 0), 30000);
	h = HEADERS("Retry-After", "99999999999999999999999");
	assert_int_equal(limit_wait_ms(&h, 0), LIMIT_WAIT_MOST_MS);
	h = HEADERS(AT_NOON, "X-Rate-Limit-Limit", "600", "X-Rate-Limit-Remaining", "0", "X-Rate-Limit-Reset",
		    "1795953620");
	assert_int_equal(limit_wait_ms(&h, 0), 21000);
	assert_int_equal(limit_pause_ms(&h), 21000);
	h = HEADERS(AT_NOON, "x-ratelimit-limit", "10", "x-ratelimit-remaining", "0", "x-ratelimit-reset",
		    "1795953602");
	assert_int_equal(limit_pause_ms(&h), 3000);
	h = HEADERS(AT_NOON, "X-Rate-Limit-Limit", "600", "X-Rate-Limit-Remaining", "3", "X-Rate-Limit-Reset",
		    "1795953620");
	assert_int_equal(limit_pause_ms(&h), 0);
	/* Okta's limit of requests at the same time: the reset is only a hint */
	h = HEADERS(AT_NOON, "X-Rate-Limit-Limit", "0", "X-Rate-Limit-Remaining", "0", "X-Rate-Limit-Reset",
		    "1795953660");
	assert_int_equal(limit_wait_ms(&h, 0), 1000);
	assert_int_equal(limit_wait_ms(&h, 3), 8000);
	assert_int_equal(limit_wait_ms(&h, 30), LIMIT_BACKOFF_MOST_MS);
	assert_int_equal(limit_pause_ms(&h), 0);
	/* a clock that is wrong, nonsense, nothing */
	h = HEADERS(AT_NOON, "X-Rate-Limit-Limit", "600", "X-Rate-Limit-Remaining", "0", "X-Rate-Limit-Reset",
		    "1995953600");
	assert_int_equal(limit_wait_ms(&h, 0), LIMIT_WAIT_MOST_MS);
	h = HEADERS("X-Rate-Limit-Remaining", "-1", "X-Rate-Limit-Reset", "soon", "Retry-After", "later",
		    "Date", "noon");
	assert_int_equal(limit_wait_ms(&h, 1), 2000);
	assert_int_equal(limit_pause_ms(&h), 0);
}

static void rings(void **state)
{
	struct chain chain = { 0 };
	const char *why = NULL;
	char id[16];
	int pages = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(id, sizeof(id), "id%d", i);
		assert_null(chain_page(&chain, id));
	}
	for (; !why && pages < 3 * 1000; pages++) {
		snprintf(id, sizeof(id), "id%d", 100 + pages % 700);
		why = chain_page(&chain, id);
	}
	assert_non_null(why);
	chain = (struct chain){ 0 };
	for (pages = 0; pages < CHAIN_EMPTY_MOST; pages++)
		assert_null(chain_page(&chain, NULL));
	assert_non_null(chain_page(&chain, NULL));
}

/* RFC 7638 section 3.1's way to a thumbprint holds for our public keys; a signed token has three parts, and
 * the first two say what was given. */
static void tokens(void **state)
{
	char jwk[SIGN_JWK_MOST], jwt[SIGN_JWT_MOST], again[SIGN_JWT_MOST], bytes[256], hash[SIGN_HASH_SIZE];
	struct sign_key *key;
	struct error e;
	const char *dot;
	int size;

	(void)state;
	assert_int_equal(sign_key_make(&key, &e), 0);
	assert_string_equal(sign_algorithm(key), "ES256");
	assert_int_equal(sign_public(key, jwk, &e), 0);
	assert_int_equal(strncmp(jwk, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"", 31), 0);
	assert_int_equal(strlen(jwk),
			 strlen("{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"\",\"y\":\"\"}") + 2 * 43);
	assert_int_equal(sign_jwt(key, "{\"alg\":\"ES256\"}", "{\"a\":1}", jwt, &e), 0);
	dot = strchr(jwt, '.');
	size = text_unbase64url(jwt, (size_t)(dot - jwt), bytes, sizeof(bytes));
	assert_int_equal(size, strlen("{\"alg\":\"ES256\"}"));
	assert_memory_equal(bytes, "{\"alg\":\"ES256\"}", (size_t)size);
	dot = strrchr(jwt, '.');
	assert_int_equal(text_unbase64url(dot + 1, strlen(dot + 1), bytes, sizeof(bytes)), 64);
	assert_int_equal(sign_jwt(key, "{\"alg\":\"ES256\"}", "{\"a\":1}", again, &e), 0);
	assert_string_not_equal(jwt, again); /* a nonce of its own */
	sign_key_close(&key);
	assert_int_equal(sign_hash("abc", hash, &e), 0);
	assert_string_equal(hash, "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"); /* FIPS 180-2, B.1 */
}

static void bad_keys(void **state)
{
	static const char *const bad[] = {
		"", "nonsense", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n"
	};
	struct sign_key *key = NULL;
	struct error e;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		assert_int_equal(sign_key_open(bad[i], &key, &e), -1);
		assert_null(key);
		assert_int_equal(e.kind, ERROR_INPUT);
	}
}

static void escapes(void **state)
{
	char text[64];

	(void)state;
	assert_int_equal(fetch_escape("a b\"c~-._\xc3\xa9/&=+", text, sizeof(text)), 0);
	assert_string_equal(text, "a%20b%22c~-._%C3%A9%2F%26%3D%2B");
	assert_int_equal(fetch_escape("abc", text, 3), -1);
	assert_int_equal(fetch_escape("\"", text, 3), -1);
}

/* What a name leads to in a record. */
static void paths(void **state)
{
	static const char record[] =
		"{\"flat\":\"f\",\"a/b\":\"slash\",\"name\":{\"given\":\"Liz\"},\"own\":{\"hr\":{\"id\":7}},"
		"\"jobs\":[{\"title\":\"first\",\"type\":\"school\"},{\"title\":\"second\",\"type\":\"work\","
		"\"primary\":true}],"
		"\"ids\":[{\"value\":\"1\",\"type\":\"x\"},{\"value\":\"2\",\"type\":\"y\",\"primary\":false}"
		"],"
		"\"single\":{\"value\":\"s\",\"type\":\"x\"},\"none\":[],\"texts\":[\"t\"]}";
	static const struct {
		const char *path, *value; /* NULL: it leads to nothing */
	} cases[] = {
		{ "flat", "f" },
		{ "a/b", "slash" },
		{ "name/given", "Liz" },
		{ "own/hr/id", "7" },
		{ "jobs/title", "second" },
		{ "jobs[school]/title", "first" },
		{ "jobs[other]/title", NULL },
		{ "ids/value", "1" },
		{ "ids[y]/value", "2" },
		{ "single/value", "s" },
		{ "single[x]/value", "s" },
		{ "single[y]/value", NULL },
		{ "none/value", NULL },
		{ "texts/value", NULL },
		{ "flat/value", NULL },
		{ "nothing/value", NULL },
		{ "ids[y/value", "2" },
		{ "/", NULL },
	};
	struct json_stream *stream = json_stream_open(NULL, NULL, NULL);
	const struct json_node *object;
	struct error e;

	(void)state;
	assert_int_equal(json_stream_feed(stream, record, strlen(record), &e), 0);
	assert_int_equal(json_stream_end(stream, &object, &e), 0);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		const char *value = value_scalar(value_at(object, cases[i].path));

		if (cases[i].value)
			assert_string_equal(value ? value : "(nothing)", cases[i].value);
		else
			assert_null(value);
	}
	json_stream_close(&stream);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(next_links), cmocka_unit_test(origins), cmocka_unit_test(waits),
		cmocka_unit_test(rings),      cmocka_unit_test(tokens),	 cmocka_unit_test(bad_keys),
		cmocka_unit_test(escapes),    cmocka_unit_test(paths),
	};

	return cmocka_run_group_tests_name("connectors/common", tests, NULL, NULL);
}
