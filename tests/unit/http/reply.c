/* Headers, their limits, and errors as problem documents. */
#include "http/reply.h"

#include "base/arena.h"
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct reply reply;

static int set_up(void **state)
{
	(void)state;
	reply_open(&reply);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	reply_close(&reply);
	return 0;
}

static void replaces_headers_but_cookies(void **state)
{
	(void)state;
	reply_header(&reply, "ETag", "\"%d\"", 1);
	reply_header(&reply, "etag", "\"%d\"", 2);
	reply_header(&reply, "Set-Cookie", "a=1");
	reply_header(&reply, "Set-Cookie", "b=2");
	assert_int_equal(reply.header_count, 3);
	assert_string_equal(reply_find_header(&reply, "ETAG"), "\"2\"");
	assert_string_equal(reply.headers[2].value, "b=2");
	assert_null(reply_find_header(&reply, "Location"));
	assert_false(reply.broken);
}

static void takes_a_long_location(void **state)
{
	char location[6000];

	(void)state;
	memset(location, 'x', sizeof(location));
	location[sizeof(location) - 1] = '\0';
	reply_header(&reply, "Location", "https://idp.example/?SAMLRequest=%s", location);
	assert_false(reply.broken);
	assert_true(strlen(reply_find_header(&reply, "Location")) > 6000);
}

static void never_sends_a_broken_header(void **state)
{
	static const char *const values[] = { "a\r\nSet-Cookie: b=c", "a\nb", "\x7f", "\x01", "\xff" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
		reply_close(&reply);
		reply_open(&reply);
		reply_header(&reply, "Location", "%s", values[i]);
		assert_true(reply.broken);
		assert_int_equal(reply.header_count, 0);
	}
	reply_open(&reply);
	reply_header(&reply, "Bad Name", "x");
	assert_true(reply.broken);
}

static void has_room_for_so_many_headers(void **state)
{
	char name[16];

	(void)state;
	for (int i = 0; i < REPLY_HEADERS_MOST; i++) {
		snprintf(name, sizeof(name), "X-%d", i);
		reply_header(&reply, name, "x");
	}
	assert_false(reply.broken);
	reply_header(&reply, "X-0", "replaced");
	assert_false(reply.broken);
	reply_header(&reply, "One-Too-Many", "x");
	assert_true(reply.broken);
	assert_int_equal(reply.header_count, REPLY_HEADERS_MOST);
}

static void has_room_for_so_many_bytes(void **state)
{
	(void)state;
	reply_header(&reply, "A", "%0*d", REPLY_HEAD_MOST - 2, 0);
	assert_false(reply.broken);
	reply_header(&reply, "B", "x");
	assert_true(reply.broken);
}

static void gives_each_kind_its_status(void **state)
{
	static const struct {
		enum error_kind kind;
		const char *code;
		int status;
	} rows[] = {
		{ ERROR_INPUT, "json.field", 400 },
		{ ERROR_UNAUTHENTICATED, "access.nobody", 401 },
		{ ERROR_DENIED, "access.denied", 403 },
		{ ERROR_NOT_FOUND, "member.unknown", 404 },
		{ ERROR_CONFLICT, "member.last_owner", 409 },
		{ ERROR_PRECONDITION, "member.changed", 412 },
		{ ERROR_LIMIT, "http.body", 413 },
		{ ERROR_LIMIT, "rate.sign_on", 429 },
		{ ERROR_RETRY, "store.busy", 503 },
		{ ERROR_REMOTE, "link.nonsense", 502 },
		{ ERROR_UNCERTAIN, "uncertain", 500 },
		{ ERROR_INTERNAL, "store.bug", 500 },
		{ ERROR_INPUT, "http.method", 405 },
		{ ERROR_LIMIT, "http.target", 414 },
		{ ERROR_INPUT, "http.media_type", 415 },
		{ ERROR_LIMIT, "http.head", 431 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct error e;

		error_set(&e, rows[i].kind, rows[i].code, "x");
		assert_int_equal(reply_status(&e), rows[i].status);
	}
}

static void turns_an_error_into_a_problem(void **state)
{
	scoped(arena) *arena = arena_open("test");
	struct json *problem;
	struct error e, failed;

	(void)state;
	buffer_text(&reply.body, "half an answer");
	reply_header(&reply, "ETag", "\"1\"");
	error_set(&e, ERROR_RETRY, "store.busy", "the database says \"%s\"", "later");
	error_detail(&e, "SELECT secret");
	e.wait_ms = 1001;
	reply_error(&reply, &e, "7f3a");

	assert_int_equal(reply.status, 503);
	assert_string_equal(reply_find_header(&reply, "Content-Type"), "application/problem+json");
	assert_string_equal(reply_find_header(&reply, "Retry-After"), "2");
	assert_null(reply_find_header(&reply, "ETag"));
	assert_null(strstr(reply.body.bytes, "secret"));
	assert_int_equal(json_parse(arena, reply.body.bytes, reply.body.length, &problem, &failed), 0);
	assert_string_equal(json_text(json_member(problem, "type")), "urn:rosterd:error:store.busy");
	assert_string_equal(json_text(json_member(problem, "title")), "Try again later");
	assert_int_equal(json_int(json_member(problem, "status")), 503);
	assert_string_equal(json_text(json_member(problem, "detail")), "the database says \"later\"");
	assert_string_equal(json_text(json_member(problem, "code")), "store.busy");
	assert_string_equal(json_text(json_member(problem, "request")), "7f3a");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(replaces_headers_but_cookies),  CASE(takes_a_long_location),
		CASE(never_sends_a_broken_header),   CASE(has_room_for_so_many_headers),
		CASE(has_room_for_so_many_bytes),    CASE(gives_each_kind_its_status),
		CASE(turns_an_error_into_a_problem),
	};
	return cmocka_run_group_tests_name("http/reply", tests, NULL, NULL);
}
