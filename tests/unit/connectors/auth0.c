/* Auth0's cursor, and what an event of its log is about. */
#include "auth0/event.h"
#include "auth0/place.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static struct place here, there;

/* What was written last. */
static struct buffer text;

static bool write_cursor(void (*write)(struct place *, struct buffer *), struct place *place)
{
	buffer_close(&text);
	buffer_open(&text, ROSTER_CURSOR_MOST);
	write(place, &text);
	return !text.full;
}

static void round_trip(void **state)
{
	(void)state;
	here = (struct place){ .scope = ROSTER_ALL,
			       .stage = STAGE_HOLDERS,
			       .ties = 2,
			       .tie_page = 1,
			       .total = 1000,
			       .capped = 1,
			       .log_more = 1,
			       .role_at = 1,
			       .role_count = 2,
			       .due_at = 1,
			       .due_count = 3,
			       .gone_count = 1,
			       .people = 7,
			       .role_total = 9,
			       .held = 11,
			       .pages = 13,
			       .requests = 15 };
	strcpy(here.at, "900202611290000000000000000000000000000005");
	strcpy(here.at_time, "2026-11-29T18:02:00.000Z");
	strcpy(here.mark, "900202611290000000000000000000000000000003");
	strcpy(here.mark_time, "2026-11-29T18:01:00.000Z");
	strcpy(here.begun, "2026-11-29T18:06:00.000Z");
	strcpy(here.settled, "2026-11-29T18:05:00.000Z");
	strcpy(here.low, "2025-01-01T00:00:00.123Z");
	strcpy(here.next, "where it goes on");
	here.chain = (struct chain){ 3, 4, 0, "auth0|1" };
	strcpy(here.roles[0], "rol_1");
	strcpy(here.roles[1], "rol_2");
	strcpy(here.due[0], "auth0|1");
	strcpy(here.due[1], "samlp|acme|two words");
	strcpy(here.due[2], "auth0|3");
	strcpy(here.gone[0], "auth0|9");
	assert_true(write_cursor(place_write, &here));
	assert_int_equal(place_read(text.bytes, text.length, &there), 0);

	/* what has been read is not written */
	assert_int_equal(there.role_count, 1);
	assert_string_equal(there.roles[0], "rol_2");
	assert_int_equal(there.due_count, 2);
	assert_string_equal(there.due[0], "samlp|acme|two words");
	there.role_at = there.due_at = 1;
	there.role_count = 2;
	there.due_count = 3;
	memcpy(there.roles, here.roles, sizeof(here.roles));
	memcpy(there.due, here.due, sizeof(here.due));
	assert_memory_equal(&here, &there, sizeof(here));

	/* what changed is read from before the listing began */
	assert_true(write_cursor(place_write_next, &here));
	assert_int_equal(place_read(text.bytes, text.length, &there), 0);
	assert_int_equal(there.scope, ROSTER_CHANGED);
	assert_int_equal(there.stage, STAGE_LOG);
	assert_string_equal(there.at, here.mark);
	assert_string_equal(there.at_time, here.mark_time);
	assert_string_equal(there.settled, here.settled);
	assert_int_equal(there.gone_count + there.due_count + there.role_count, 0);

	here.scope = ROSTER_CHANGED;
	assert_true(write_cursor(place_write_next, &here));
	assert_int_equal(place_read(text.bytes, text.length, &there), 0);
	assert_string_equal(there.at, here.at);
}

static void not_ours(void **state)
{
	static const char *const bad[] = {
		"",
		"auth0 2\nscope 1\nstage 2\n",
		"auth0 1\n",
		"auth0 1\nscope 1\n",
		"auth0 1\nscope 3\nstage 2\n",
		"auth0 1\nscope 1\nstage 99\n",
		"auth0 1\nscope 1\nstage 2\nwhat 1\n",
		"auth0 1\nscope 1\nstage 2",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(place_read(bad[i], strlen(bad[i]), &there), -1);
}

/* ---- events ---- */

static char said[512];

static void say(void *context, enum event_subject subject, const char *id)
{
	static const char *const words[] = { "", "person", "gone", "role", "bulk" };
	size_t length = strlen(said);

	(void)context;
	snprintf(said + length, sizeof(said) - length, "%s%s%s%s", length ? ", " : "", words[subject],
		 id ? " " : "", id ? id : "");
}

static const char *about(const char *json)
{
	struct json_stream *stream = json_stream_open(NULL, NULL, NULL);
	const struct json_node *event;
	struct error e;

	said[0] = '\0';
	assert_int_equal(json_stream_feed(stream, json, strlen(json), &e), 0);
	assert_int_equal(json_stream_end(stream, &event, &e), 0);
	event_read(event, "org_1", say, NULL);
	json_stream_close(&stream);
	return said;
}

#define API(method, path, asked, answered)                                                                   \
	"{\"type\":\"sapi\",\"user_id\":\"x@clients\",\"details\":{\"request\":{\"method\":\"" method        \
	"\",\"path\":\"" path "\",\"body\":" asked "},\"response\":{\"statusCode\":200,\"body\":" answered   \
	"}}}"

static void events(void **state)
{
	(void)state;
	assert_string_equal(about("{\"type\":\"ss\",\"user_id\":\"auth0|1\"}"), "person auth0|1");
	assert_string_equal(about("{\"type\":\"sdu\",\"user_id\":\"auth0|1\"}"), "gone auth0|1");
	assert_string_equal(about("{\"type\":\"sui\"}"), "bulk");
	assert_string_equal(about("{\"type\":\"f\",\"user_id\":\"auth0|1\"}"), "");
	assert_string_equal(about("{\"user_id\":\"auth0|1\"}"), "");
	assert_string_equal(about("[]"), "");
	/* masked: somebody, but who? */
	assert_string_equal(about("{\"type\":\"scu\",\"user_id\":\"****\"}"), "bulk");
	assert_string_equal(about("{\"type\":\"s\",\"user_id\":\"auth0|1\",\"strategy_type\":\"database\"}"),
			    "");
	assert_string_equal(about("{\"type\":\"s\",\"user_id\":\"waad|1\",\"strategy_type\":\"enterprise\"}"),
			    "person waad|1");

	assert_string_equal(about(API("patch", "/api/v2/users/auth0%7C1", "{}", "{}")), "person auth0|1");
	assert_string_equal(about(API("PATCH", "/api/v2/users/auth0|1", "{}", "{}")), "person auth0|1");
	assert_string_equal(about(API("delete", "/api/v2/users/auth0%7C1", "{}", "{}")), "gone auth0|1");
	assert_string_equal(about(API("delete", "/api/v2/users/auth0%7C1/roles", "{}", "{}")),
			    "person auth0|1");
	assert_string_equal(about(API("post", "/api/v2/users", "{}", "{\"user_id\":\"auth0|2\"}")),
			    "person auth0|2");
	assert_string_equal(about(API("post", "/api/v2/users", "{}", "{}")), "bulk");
	assert_string_equal(about(API("get", "/api/v2/users/auth0%7C1", "{}", "{}")), "");
	assert_string_equal(about(API("post", "/api/v2/users/auth0%7C1/identities",
				      "{\"provider\":\"github\",\"user_id\":77}", "[]")),
			    "person auth0|1, bulk");
	assert_string_equal(about(API("post", "/api/v2/users/auth0%7C1/identities",
				      "{\"provider\":\"github\",\"user_id\":\"77\"}", "[]")),
			    "person auth0|1, gone github|77");
	assert_string_equal(about(API("delete", "/api/v2/users/auth0%7C1/identities/github/77", "{}", "[]")),
			    "person auth0|1, person github|77");
	assert_string_equal(about(API("post", "/api/v2/roles/rol_1/users", "{}", "{}")), "role rol_1");
	assert_string_equal(about(API("post", "/api/v2/roles", "{}", "{\"id\":\"rol_2\"}")), "role rol_2");
	assert_string_equal(about(API("post", "/api/v2/roles", "{}", "{}")), "bulk");
	assert_string_equal(about(API("post", "/api/v2/organizations/org_1/members",
				      "{\"members\":[\"auth0|1\",\"auth0|2\"]}", "{}")),
			    "person auth0|1, person auth0|2");
	assert_string_equal(about(API("delete", "/api/v2/organizations/org_1/members", "{}", "{}")), "bulk");
	assert_string_equal(about(API("post", "/api/v2/organizations/org_1/members/auth0%7C1/roles", "{}",
				      "{}")),
			    "person auth0|1");
	/* another organisation's */
	assert_string_equal(about(API("post", "/api/v2/organizations/org_2/members",
				      "{\"members\":[\"auth0|1\"]}", "{}")),
			    "");
	assert_string_equal(about(API("post", "/api/v2/clients", "{}", "{}")), "");
	assert_string_equal(about("{\"type\":\"sapi\"}"), "bulk");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(not_ours),
		cmocka_unit_test(events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
