/* The Entra plug-in, without a network: what waits in a cursor, whom a message names, what a refusal means.
 */
#include "entra/api.h"
#include "entra/messages.h"
#include "entra/place.h"

#include "base/arena.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static const char adele[] = "87d349ed-44d7-43e1-9a83-5f2406dee5bd";

static const char *nth(unsigned n)
{
	static char id[PLACE_GUID_LETTERS + 1];

	snprintf(id, sizeof(id), "%08x-44d7-43e1-9a83-5f2406dee5bd", n);
	return id;
}

/* What was written last. */
static struct buffer cursor;

static bool write_cursor(void (*write)(struct place *, struct buffer *), struct place *place)
{
	buffer_close(&cursor);
	buffer_open(&cursor, ROSTER_CURSOR_MOST);
	write(place, &cursor);
	return !cursor.full;
}

static void ids(void **state)
{
	static const char *const bad[] = { "",
					   "87d349ed",
					   "87d349ed-44d7-43e1-9a83-5f2406dee5b",
					   "87d349ed-44d7-43e1-9a83-5f2406dee5bdd",
					   "87D349ED-44d7-43e1-9a83-5f2406dee5bd",
					   "87d349ed444d7-43e1-9a83-5f2406dee5bd",
					   "87d349e--44d7-43e1-9a83-5f2406dee5bd" };
	char text[PLACE_GUID_LETTERS + 1];
	struct guid guid;

	(void)state;
	assert_true(place_guid(adele, &guid));
	place_guid_text(&guid, text);
	assert_string_equal(text, adele);
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_false(place_guid(bad[i], &guid));
}

/* What a place says last counts, and what waits comes through a cursor. */
static void what_waits(void **state)
{
	static struct place place, again;

	(void)state;
	place = (struct place){ .scope = ROSTER_CHANGED, .stage = STAGE_GROUPS, .people = 7 };
	strcpy(place.url, "https://graph.microsoft.com/v1.0/groups/delta?$skiptoken=x");
	place_leave(&place, LEFT_MEMBER, adele, nth(1));
	place_leave(&place, LEFT_MEMBER, adele, nth(2));
	place_leave(&place, LEFT_MEMBER, adele, nth(2));
	place_leave(&place, LEFT_PERSON, adele, NULL);
	place_read_again(&place, adele);
	place_read_again(&place, adele);
	assert_int_equal(place.left_count, 3);
	assert_int_equal(place.again_count, 1);
	place_take_back(&place, LEFT_MEMBER, adele, nth(1));
	place_take_back(&place, LEFT_MEMBER, nth(9), nth(2));
	assert_int_equal(place.left_count, 2);

	assert_true(write_cursor(place_write, &place));
	assert_int_equal(place_read(cursor.bytes, cursor.length, &again), 0);
	assert_int_equal(again.left_count, 2);
	assert_int_equal(again.left_weight, 3);
	assert_int_equal(again.again_count, 1);
	assert_int_equal(again.people, 7);
	assert_string_equal(again.url, place.url);
	place_take_back(&again, LEFT_MEMBER, adele, NULL);
	assert_int_equal(again.left_count, 1);
	place_take_back(&again, LEFT_PERSON, adele, NULL);
	assert_int_equal(again.left_weight, 0);

	assert_int_equal(place_read(cursor.bytes, cursor.length - 1, &again), -1);
	cursor.bytes[0] = 'E';
	assert_int_equal(place_read(cursor.bytes, cursor.length, &again), -1);
}

/* The largest place fits a cursor; one more is not forgotten in silence. */
static void too_much_waits(void **state)
{
	static struct place place;

	(void)state;
	place = (struct place){ .scope = ROSTER_CHANGED, .stage = STAGE_GROUPS };
	memset(place.url, 'u', sizeof(place.url) - 1);
	memset(place.groups_url, 'g', sizeof(place.groups_url) - 1);
	memset(place.people_next, 'p', sizeof(place.people_next) - 1);
	memset(place.groups_next, 'n', sizeof(place.groups_next) - 1);
	for (unsigned i = 0; i < PLACE_LEFT_MOST; i++)
		place_leave(&place, LEFT_PERSON, nth(i), NULL);
	for (unsigned i = 0; i < PLACE_AGAIN_MOST; i++)
		place_read_again(&place, nth(i));
	assert_int_equal(place.lost, 0);
	assert_true(write_cursor(place_write, &place));
	place_leave(&place, LEFT_PERSON, nth(PLACE_LEFT_MOST), NULL);
	assert_int_equal(place.lost, 1);
	place.lost = 0;
	place_leave(&place, LEFT_MEMBER, "no id of Graph", adele);
	assert_int_equal(place.lost, 1);
}

/* ---- messages ---- */

static struct {
	int trouble, status, changes, people, groups;
	char last[PLACE_GUID_LETTERS + 1], body[64];
} told;

static int on_fail(struct roster_call *call, enum roster_trouble trouble, int after_ms, const char *fmt, ...)
{
	(void)call;
	(void)after_ms;
	(void)fmt;
	told.trouble = (int)trouble;
	return -1;
}

static int on_look_at(struct roster_call *call, enum roster_subject subject, const char *id)
{
	(void)call;
	told.changes += subject == ROSTER_CHANGES;
	told.people += subject == ROSTER_PERSON;
	told.groups += subject == ROSTER_GROUP;
	snprintf(told.last, sizeof(told.last), "%s", id ? id : "");
	return 0;
}

static int on_reply(struct roster_call *call, int status, const char *type, const void *body, size_t size)
{
	(void)call;
	told.status = status;
	if (body)
		snprintf(told.body, sizeof(told.body), "%s %.*s", type, (int)size, (const char *)body);
	return 0;
}

static int hear(const char *state, const char *body, const char *token)
{
	static const struct roster_host host = {
		.size = sizeof(host), .fail = on_fail, .look_at = on_look_at, .reply = on_reply
	};
	const struct roster_pair query[] = { { token ? "validationToken" : NULL, token }, { 0 } };
	const struct roster_message message = { .size = sizeof(message),
						.method = "POST",
						.query = query,
						.body = body,
						.body_size = body ? strlen(body) : 0 };
	static struct directory d;
	int result;

	memset(&told, 0, sizeof(told));
	d.vendor.caller = (struct fetch_caller){ NULL, &host };
	d.settings.client_state = state;
	d.vendor.page = arena_open("test");
	result = messages_read(&d, &message);
	arena_close(&d.vendor.page);
	return result;
}

#define ITEM(state, rest) "{\"clientState\":\"" state "\"," rest "}"
#define USER		  "\"resource\":\"Users/87d349ed-44d7-43e1-9a83-5f2406dee5bd\""
#define DATA		  ",\"resourceData\":{\"id\":\"87d349ed-44d7-43e1-9a83-5f2406dee5bd\"}"
#define LETTER(items)	  "{\"value\":[" items "]}"

static void messages(void **state)
{
	(void)state;
	assert_int_equal(hear("s", LETTER(ITEM("s", USER DATA)), NULL), 0);
	assert_int_equal(told.people, 1);
	assert_int_equal(told.status, 202);
	assert_string_equal(told.last, adele);
	assert_int_equal(hear("s", LETTER(ITEM("s", USER)), NULL), 0); /* the id is in the resource as well */
	assert_int_equal(told.people, 1);
	assert_int_equal(
		hear("s",
		     LETTER(ITEM("s",
				 "\"resource\":\"groups/87d349ed-44d7-43e1-9a83-5f2406dee5bd/members\"")),
		     NULL),
		0);
	assert_int_equal(told.groups, 1);
	assert_int_equal(hear("s", LETTER(ITEM("x", USER DATA) "," ITEM("s", USER DATA)), NULL), 0);
	assert_int_equal(told.people, 1);
	assert_int_equal(hear("s", LETTER(ITEM("s", "\"lifecycleEvent\":\"subscriptionRemoved\"")), NULL), 0);
	assert_int_equal(told.changes, 1);
	assert_int_equal(hear("s", LETTER(ITEM("s", "\"resource\":\"something/else\"")), NULL), 0);
	assert_int_equal(told.changes, 1);
}

static void messages_of_others(void **state)
{
	static const char *const bad[] = { LETTER(ITEM("x", USER DATA)),
					   LETTER(ITEM("ss", USER DATA)),
					   LETTER(ITEM("", USER DATA)),
					   LETTER("{" USER DATA "}"),
					   LETTER(""),
					   LETTER("1,null,[]"),
					   "{}",
					   "nonsense",
					   "{\"value\":[",
					   "" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		assert_int_equal(hear("s", bad[i], NULL), -1);
		assert_int_equal(told.trouble, ROSTER_DENIED);
		assert_int_equal(told.people + told.changes + told.status, 0);
	}
	assert_int_equal(hear(NULL, LETTER(ITEM("s", USER DATA)), NULL), -1);
	assert_int_equal(told.trouble, ROSTER_MISCONFIGURED);
}

static void validation(void **state)
{
	static char long_token[5000];

	(void)state;
	assert_int_equal(hear(NULL, NULL, "Validation: <b> & so on"), 0);
	assert_int_equal(told.status, 200);
	assert_string_equal(told.body, "text/plain Validation: <b> & so on");
	assert_int_equal(hear(NULL, NULL, "a\nb"), -1);
	memset(long_token, 'a', sizeof(long_token) - 1);
	assert_int_equal(hear(NULL, NULL, long_token), -1);
	assert_int_equal(told.trouble, ROSTER_DENIED);
}

/* ---- the token endpoint's words ---- */

static const char *advice_on(const char *text)
{
	struct json_stream *stream = json_stream_open(NULL, NULL, NULL);
	const struct json_node *rest;
	const char *advice;
	struct error e;

	assert_int_equal(json_stream_feed(stream, text, strlen(text), &e), 0);
	assert_int_equal(json_stream_end(stream, &rest, &e), 0);
	advice = api_advise(rest);
	json_stream_close(&stream);
	return advice;
}

static void advice(void **state)
{
	(void)state;
	assert_non_null(strstr(advice_on("{\"error\":\"invalid_client\",\"error_description\":\"x\",\"error_"
					 "codes\":[7000222]}"),
			       "new client secret"));
	assert_non_null(strstr(advice_on("{\"error_description\":\"AADSTS90002: Tenant 'x' not found.\"}"),
			       "\"tenant\""));
	assert_null(advice_on("{\"error_description\":\"AADSTS99999999999999999999: x\"}"));
	assert_null(advice_on("{\"error_codes\":\"7000222\"}"));
	assert_null(advice_on("[]"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids),
		cmocka_unit_test(what_waits),
		cmocka_unit_test(too_much_waits),
		cmocka_unit_test(messages),
		cmocka_unit_test(messages_of_others),
		cmocka_unit_test(validation),
		cmocka_unit_test(advice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
