/* Targets and heads: what is taken, and above all what is not. */
#include "http/head.h"
#include "http/target.h"

#include "base/arena.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct request request;
static struct error e;

static int set_up(void **state)
{
	(void)state;
	memset(&request, 0, sizeof(request));
	memset(&e, 0, sizeof(e));
	request.arena = arena_open("test");
	request.method = "GET";
	request.headers[0] = (struct request_pair){ "Host", "roster.example" };
	request.header_count = 1;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_close(&request.arena);
	return 0;
}

static int read_target(const char *target)
{
	request.target = target;
	return target_read(&request, &e);
}

static void add_header(const char *name, const char *value)
{
	request.headers[request.header_count++] = (struct request_pair){ name, value };
}

static int read_with(const char *name, const char *value, struct head *ret)
{
	request.header_count = 1;
	add_header(name, value);
	return head_read(&request, "HTTP/1.1", ret, &e);
}

static void decodes_paths_and_queries(void **state)
{
	(void)state;
	assert_int_equal(read_target("/v1/J%C3%BCrgen%20K?after=a%26b+c&empty=&flag&&after=second"), 0);
	assert_string_equal(request.path, "/v1/J\xc3\xbcrgen K");
	assert_int_equal(request.query_count, 4);
	assert_string_equal(request_query(&request, "after"), "a&b c");
	assert_string_equal(request_query(&request, "empty"), "");
	assert_string_equal(request_query(&request, "flag"), "");
	assert_null(request_query(&request, "other"));
	assert_int_equal(read_target("/a+b"), 0);
	assert_string_equal(request.path, "/a+b");
	assert_int_equal(request.query_count, 0);
}

static void refuses_paths(void **state)
{
	static const char *const bad[] = { "/a/./b",     "/a/..",  "/.",	 "/%2e%2e/x",
					   "/a%2",  "/a%zz",   "/%",	     "/a%00b", "/a%0ab", "/%ff",
					   "/%c3",  "/%c0%80", "/%ed%a0%80", "/a%2fb", "/a%2Fb", "/a\x01",
					   "/a b",  "/a#b",    "/\xc3\xbc",  "",       "a",	 "?a=b",
					   "*",	    "/%c2%85" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		memset(&e, 0, sizeof(e));
		assert_int_equal(read_target(bad[i]), -1);
		assert_int_equal(e.kind, ERROR_INPUT);
		assert_string_equal(e.code, "http.path");
	}
}

/* Two readers could mean different paths by it: so it is told to whoever is asked. */
static void says_that_slashes_were_doubled(void **state)
{
	(void)state;
	assert_int_equal(read_target("/a//b///c//?d=//"), 0);
	assert_string_equal(request.path, "/a/b/c/");
	assert_string_equal(request_query(&request, "d"), "//");
	assert_true(request.doubled);
	assert_int_equal(read_target("//"), 0);
	assert_string_equal(request.path, "/");
	assert_true(request.doubled);
	assert_int_equal(read_target("/a/b/"), 0);
	assert_false(request.doubled);
	assert_int_equal(read_target("/a/.//.."), -1);
	assert_int_equal(read_target("/a//../b"), -1);
}

static void refuses_queries(void **state)
{
	static const char *const bad[] = {
		"/?a=%", "/?%0d=a", "/?a=%00", "/?a=%ff", "/?%e2%82=1", "/?a=%1f"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		memset(&e, 0, sizeof(e));
		assert_int_equal(read_target(bad[i]), -1);
		assert_string_equal(e.code, "http.query");
	}
}

static void limits_path_and_parameters(void **state)
{
	char target[REQUEST_PATH_MOST + 2] = "/", *at = target + 1;

	(void)state;
	memset(at, 'a', REQUEST_PATH_MOST);
	assert_int_equal(read_target(target), -1);
	assert_int_equal(e.kind, ERROR_LIMIT);
	assert_string_equal(e.code, "http.target");
	target[REQUEST_PATH_MOST] = '\0';
	assert_int_equal(read_target(target), 0);

	*at++ = '?';
	for (int i = 0; i < REQUEST_PARAMETERS_MOST; i++, at += 2)
		memcpy(at, "a&", 2);
	*at = '\0';
	assert_int_equal(read_target(target), 0);
	assert_int_equal(request.query_count, REQUEST_PARAMETERS_MOST);
	strcpy(at, "a");
	assert_int_equal(read_target(target), -1);
	assert_string_equal(e.code, "http.query");
}

static void takes_the_absolute_form_of_its_host(void **state)
{
	(void)state;
	assert_int_equal(read_target("http://Roster.example/v1/x?a=b"), 0);
	assert_string_equal(request.path, "/v1/x");
	assert_string_equal(request_query(&request, "a"), "b");
	assert_int_equal(read_target("http://evil.example/v1/x"), -1);
	assert_int_equal(read_target("http://roster.example"), -1);
	request.header_count = 0;
	assert_int_equal(read_target("http://roster.example/"), -1);
}

static void takes_the_asterisk_of_options(void **state)
{
	(void)state;
	request.method = "OPTIONS";
	assert_int_equal(read_target("*"), 0);
	assert_string_equal(request.path, "*");
}

static void finds_the_length_of_the_body(void **state)
{
	struct head head;

	(void)state;
	assert_int_equal(head_read(&request, "HTTP/1.1", &head, &e), 0);
	assert_false(head.has_body);
	assert_int_equal(read_with("content-length", "0", &head), 0);
	assert_false(head.has_body);
	assert_int_equal(read_with("Content-Length", "0042", &head), 0);
	assert_true(head.has_body);
	assert_int_equal(head.length, 42);
	assert_int_equal(read_with("Transfer-Encoding", "Chunked", &head), 0);
	assert_true(head.chunked && head.has_body);
}

static void refuses_a_body_of_doubtful_length(void **state)
{
	static const struct request_pair bad[] = {
		{ "Content-Length", "" },
		{ "Content-Length", "-1" },
		{ "Content-Length", "+1" },
		{ "Content-Length", "0x10" },
		{ "Content-Length", "1,1" },
		{ "Content-Length", "1 1" },
		{ "Content-Length", "9999999999999999" },
		{ "Transfer-Encoding", "identity" },
		{ "Transfer-Encoding", "gzip, chunked" },
		{ "Transfer-Encoding", "" },
		{ "Transfer-Encoding", "xchunked" },
	};
	struct head head = { .length = 7 };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		memset(&e, 0, sizeof(e));
		assert_int_equal(read_with(bad[i].name, bad[i].value, &head), -1);
		assert_string_equal(e.code, "http.body_length");
	}
	assert_int_equal(head.length, 7);
}

static void refuses_two_ways_to_tell_the_length(void **state)
{
	struct head head;

	(void)state;
	read_with("Content-Length", "3", &head);
	add_header("Transfer-Encoding", "chunked");
	assert_int_equal(head_read(&request, "HTTP/1.1", &head, &e), -1);
	read_with("Content-Length", "3", &head);
	add_header("content-length", "3");
	assert_int_equal(head_read(&request, "HTTP/1.1", &head, &e), -1);
	read_with("Transfer-Encoding", "chunked", &head);
	add_header("transfer-encoding", "chunked");
	assert_int_equal(head_read(&request, "HTTP/1.1", &head, &e), -1);
	read_with("Transfer-Encoding", "chunked", &head);
	assert_int_equal(head_read(&request, "HTTP/1.0", &head, &e), -1);
	assert_string_equal(e.code, "http.body_length");
}

static void wants_one_good_host(void **state)
{
	static const char *const good[] = { "a", "roster.example:8443", "192.0.2.1:80", "[2001:db8::1]",
					    "[::1]:65535" };
	static const char *const bad[] = { "",	   "a b", "a/b", "a@b", "a:b", "a:",	  "a:123456",
					   "[::1", "[]",  "[g]", "a,b", "a#",  "\xc3\xbc" };
	char longest[255 + 6 + 2]; /* a name and a port, and one byte too many */
	struct head head;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
		request.headers[0].value = good[i];
		assert_int_equal(head_read(&request, "HTTP/1.1", &head, &e), 0);
	}
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		memset(&e, 0, sizeof(e));
		request.headers[0].value = bad[i];
		assert_int_equal(head_read(&request, "HTTP/1.1", &head, &e), -1);
		assert_string_equal(e.code, "http.host");
	}
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	request.headers[0].value = longest;
	assert_int_equal(head_read(&request, "HTTP/1.1", &head, &e), -1);
	request.headers[0].value = longest + 1;
	assert_int_equal(head_read(&request, "HTTP/1.1", &head, &e), 0);
	request.headers[0].value = "a";
	assert_int_equal(read_with("host", "a", &head), -1);
	request.header_count = 0;
	assert_int_equal(head_read(&request, "HTTP/1.1", &head, &e), -1);
	assert_int_equal(head_read(&request, "HTTP/1.0", &head, &e), 0);
}

static void refuses_bad_names_and_values(void **state)
{
	static const char *const names[] = { "", "X Y", "X\t", "X(", "X\x01", "\xc3\xbc" };
	struct head head;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		memset(&e, 0, sizeof(e));
		assert_int_equal(read_with(names[i], "x", &head), -1);
		assert_string_equal(e.code, "http.header");
	}
	assert_int_equal(read_with("X", "a\rb", &head), -1);
	assert_int_equal(read_with("X", "a\x7f", &head), -1);
	assert_int_equal(read_with("X", "a\tb \xc3\xbc", &head), 0);
	request.method = "G(T";
	assert_int_equal(read_with("X", "a", &head), -1);
	assert_string_equal(e.code, "http.method_name");
}

static void refuses_a_second_one_of_what_stands_once(void **state)
{
	static const char *const once[] = { "Authorization", "Content-Type", "Expect", "Idempotency-Key", "If-Match",
					    "If-None-Match", "X-Request-Id" };
	static const char *const lists[] = { "Accept", "Forwarded", "X-Forwarded-For", "X-Anything" };
	struct head head;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(once); i++) {
		memset(&e, 0, sizeof(e));
		assert_int_equal(read_with(once[i], "a", &head), 0);
		add_header(i % 2 ? "x-between" : "Accept", "b");
		add_header(once[i], "a");
		assert_int_equal(head_read(&request, "HTTP/1.1", &head, &e), -1);
		assert_int_equal(e.kind, ERROR_INPUT);
		assert_string_equal(e.code, "http.header_twice");
		assert_non_null(strstr(e.text, once[i]));
	}
	read_with("authorization", "a", &head);
	add_header("AUTHORIZATION", "b");
	assert_int_equal(head_read(&request, "HTTP/1.1", &head, &e), -1);
	for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
		assert_int_equal(read_with(lists[i], "a", &head), 0);
		add_header(lists[i], "b");
		assert_int_equal(head_read(&request, "HTTP/1.1", &head, &e), 0);
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(decodes_paths_and_queries),
		CASE(refuses_paths),
		CASE(says_that_slashes_were_doubled),
		CASE(refuses_queries),
		CASE(limits_path_and_parameters),
		CASE(takes_the_absolute_form_of_its_host),
		CASE(takes_the_asterisk_of_options),
		CASE(finds_the_length_of_the_body),
		CASE(refuses_a_body_of_doubtful_length),
		CASE(refuses_two_ways_to_tell_the_length),
		CASE(wants_one_good_host),
		CASE(refuses_bad_names_and_values),
		CASE(refuses_a_second_one_of_what_stands_once),
	};
	return cmocka_run_group_tests_name("http/request", tests, NULL, NULL);
}
