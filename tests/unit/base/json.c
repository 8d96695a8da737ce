/* JSON: tables that refuse with a path and what was expected, and a writer whose output can be read again. */
#include "base/json.h"

#include "base/arena.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static const char *const roles[] = { "owner", "administrator", "member", NULL };

struct member {
	const char *name;
	const char *role;
	int64_t seats;
	bool active;
	int64_t since;
	const char *const *groups;
	const struct json *extra;
	const char *note;
	bool note_given;
	int64_t limit;
};

static const struct json_field member_fields[] = {
	JSON_TEXT(struct member, name, JSON_NEEDED, 8),
	JSON_WORD(struct member, role, JSON_OPTIONAL, roles),
	JSON_INT(struct member, seats, JSON_OPTIONAL, INT64_MIN, INT64_MAX),
	JSON_BOOL(struct member, active, JSON_OPTIONAL),
	JSON_TIME(struct member, since, JSON_OPTIONAL),
	JSON_TEXTS(struct member, groups, JSON_OPTIONAL, 3),
	JSON_VALUE(struct member, extra, JSON_OPTIONAL),
	{ "note", JSON_TYPE_TEXT, offsetof(struct member, note), JSON_OPTIONAL, 0, 8, NULL,
	  offsetof(struct member, note_given) },
	JSON_INT(struct member, limit, JSON_OPTIONAL, 1, 100),
	{ 0 },
};

static void all_types(void **state)
{
	static const char body[] = "{ \"name\": \"J\\u00fcrgen\", \"role\": \"owner\", \"seats\": -5, \"active\": true,"
		"\"since\": \"1970-01-01T00:00:01Z\", \"groups\": [\"a\", \"\"], \"extra\": {\"deep\": [1, null]},"
		"\"limit\": 100 }";
	scoped(arena) *arena = arena_open("test");
	struct member m = { 0 };
	struct error e;

	(void)state;
	assert_int_equal(json_read_bytes(arena, body, strlen(body), member_fields, &m, &e), 0);
	assert_string_equal(m.name, "J\xc3\xbcrgen");
	assert_string_equal(m.role, "owner");
	assert_true(m.seats == -5);
	assert_true(m.active);
	assert_true(m.since == 1000000);
	assert_string_equal(m.groups[0], "a");
	assert_string_equal(m.groups[1], "");
	assert_null(m.groups[2]);
	assert_int_equal(json_count(json_member(m.extra, "deep")), 2);
	assert_false(m.note_given);
	assert_true(m.limit == 100);
}

static int read_member(struct arena *arena, const char *body, struct member *ret, struct error *e)
{
	return json_read_bytes(arena, body, strlen(body), member_fields, ret, e);
}

static void what_is_not_given_is_left_alone(void **state)
{
	scoped(arena) *arena = arena_open("test");
	struct member m = { .limit = 25, .role = "member", .note = "old" };
	struct error e;

	(void)state;
	assert_int_equal(read_member(arena, "{\"name\":\"a\",\"limit\":null}", &m, &e), 0);
	assert_true(m.limit == 25);
	assert_string_equal(m.role, "member");
	assert_string_equal(m.note, "old");
	assert_false(m.note_given);
	assert_int_equal(read_member(arena, "{\"name\":\"a\",\"note\":null}", &m, &e), 0);
	assert_null(m.note);
	assert_true(m.note_given);
	m.note_given = false;
	assert_int_equal(read_member(arena, "{\"name\":\"a\",\"note\":\"n\"}", &m, &e), 0);
	assert_string_equal(m.note, "n");
	assert_true(m.note_given);
}

static void assert_refused(const char *body, const char *text)
{
	scoped(arena) *arena = arena_open("test");
	struct member m = { 0 };
	struct error e;

	assert_int_equal(read_member(arena, body, &m, &e), -1);
	assert_int_equal(e.kind, ERROR_INPUT);
	assert_string_equal(e.code, "json.field");
	assert_string_equal(e.text, text);
}

static void wrong_members_are_refused(void **state)
{
	(void)state;
	assert_refused("[]", "the document: an object is expected, an array came");
	assert_refused("null", "the document: an object is expected, null came");
	assert_refused("{}", "\"/name\": text of at most 8 bytes is expected, nothing came");
	assert_refused("{\"name\":null}", "\"/name\": text of at most 8 bytes is expected, null came");
	assert_refused("{\"name\":{}}", "\"/name\": text of at most 8 bytes is expected, an object came");
	assert_refused("{\"name\":\"123456789\"}", "\"/name\": text of at most 8 bytes is expected, 9 came");
	assert_refused("{\"name\":\"a\",\"active\":1}", "\"/active\": true or false is expected, a number came");
	assert_refused("{\"name\":\"a\",\"active\":\"true\"}", "\"/active\": true or false is expected, text came");
	assert_refused("{\"name\":\"a\",\"limit\":0}", "\"/limit\": a whole number from 1 to 100 is expected, 0 came");
	assert_refused("{\"name\":\"a\",\"limit\":101}",
	               "\"/limit\": a whole number from 1 to 100 is expected, 101 came");
	assert_refused("{\"name\":\"a\",\"limit\":1.0}", "\"/limit\": a whole number from 1 to 100 is expected, "
	                                                 "a number with a fraction or exponent came");
	assert_refused("{\"name\":\"a\",\"limit\":1e1}", "\"/limit\": a whole number from 1 to 100 is expected, "
	                                                 "a number with a fraction or exponent came");
	assert_refused("{\"name\":\"a\",\"since\":\"yesterday\"}",
	               "\"/since\": a time such as \"2026-11-22T09:14:07Z\" is expected, another text came");
	assert_refused("{\"name\":\"a\",\"since\":5}",
	               "\"/since\": a time such as \"2026-11-22T09:14:07Z\" is expected, a number came");
	assert_refused("{\"name\":\"a\",\"groups\":\"b\"}", "\"/groups\": an array of at most 3 texts is expected, text came");
	assert_refused("{\"name\":\"a\",\"groups\":[\"1\",\"2\",\"3\",\"4\"]}",
	               "\"/groups\": an array of at most 3 texts is expected, 4 came");
	assert_refused("{\"name\":\"a\",\"groups\":[\"1\",null]}",
	               "\"/groups/1\": text of at most 1024 bytes is expected, null came");
	assert_refused("{\"name\":\"a\",\"role\":\"Owner\"}",
	               "\"/role\": one of \"owner\", \"administrator\", \"member\" is expected, \"Owner\" came; "
	               "did you mean \"owner\"?");
	assert_refused("{\"name\":\"a\",\"role\":\"\"}",
	               "\"/role\": one of \"owner\", \"administrator\", \"member\" is expected, \"\" came");
}

static void unknown_names_are_refused(void **state)
{
	(void)state;
	assert_refused("{\"name\":\"a\",\"raole\":\"owner\"}", "\"/raole\": there is no such name here; did you mean \"role\"?");
	assert_refused("{\"a/b~c\":1}", "\"/a~1b~0c\": there is no such name here; expected are \"name\", \"role\", "
	                                "\"seats\", \"active\", \"since\", \"groups\", \"extra\", \"note\", \"limit\"");
	assert_refused("{\"\":1}", "\"/\": there is no such name here; expected are \"name\", \"role\", \"seats\", "
	                           "\"active\", \"since\", \"groups\", \"extra\", \"note\", \"limit\"");
}

static void long_names_leave_room_for_the_reason(void **state)
{
	scoped(arena) *arena = arena_open("test");
	char body[4000];
	struct member m = { 0 };
	struct error e;
	size_t length = (size_t)snprintf(body, sizeof(body), "{\"%03000d\":1}", 0);

	(void)state;
	assert_int_equal(json_read_bytes(arena, body, length, member_fields, &m, &e), -1);
	assert_non_null(strstr(e.text, "0...\": there is no such name here"));
}

static void a_list_text_has_its_own_limit(void **state)
{
	scoped(arena) *arena = arena_open("test");
	char body[JSON_LIST_TEXT_MOST + 100];
	struct member m = { 0 };
	struct error e;

	(void)state;
	snprintf(body, sizeof(body), "{\"name\":\"a\",\"groups\":[\"%0*d\"]}", JSON_LIST_TEXT_MOST, 0);
	assert_int_equal(read_member(arena, body, &m, &e), 0);
	snprintf(body, sizeof(body), "{\"name\":\"a\",\"groups\":[\"%0*d\"]}", JSON_LIST_TEXT_MOST + 1, 0);
	assert_int_equal(read_member(arena, body, &m, &e), -1);
	assert_non_null(strstr(e.text, "/groups/0"));
}

static void paths_begin_at_the_top(void **state)
{
	static const char body[] = "{\"members\":[{\"name\":\"a\"},{\"name\":3}]}";
	scoped(arena) *arena = arena_open("test");
	struct json *value;
	struct member m = { 0 };
	struct error e;

	(void)state;
	assert_int_equal(json_parse(arena, body, strlen(body), &value, &e), 0);
	assert_int_equal(json_read(arena, json_at(json_member(value, "members"), 0), member_fields, &m, &e), 0);
	assert_int_equal(json_read(arena, json_at(json_member(value, "members"), 1), member_fields, &m, &e), -1);
	assert_string_equal(e.text, "\"/members/1/name\": text of at most 8 bytes is expected, a number came");
}

static void whole_numbers_to_their_ends(void **state)
{
	scoped(arena) *arena = arena_open("test");
	struct member m = { 0 };
	struct error e;

	(void)state;
	assert_int_equal(read_member(arena, "{\"name\":\"a\",\"seats\":9223372036854775807}", &m, &e), 0);
	assert_true(m.seats == INT64_MAX);
	assert_int_equal(read_member(arena, "{\"name\":\"a\",\"seats\":-9223372036854775808}", &m, &e), 0);
	assert_true(m.seats == INT64_MIN);
	assert_int_equal(read_member(arena, "{\"name\":\"a\",\"seats\":9223372036854775808}", &m, &e), -1);
	assert_non_null(strstr(e.text, "this number is too large"));
	assert_int_equal(read_member(arena, "{\"name\":\"a\",\"seats\":-9223372036854775809}", &m, &e), -1);
	assert_int_equal(read_member(arena, "{\"name\":\"a\",\"seats\":1e999}", &m, &e), -1);
}

static void bad_json_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *bytes, *text;
	} cases[] = {
		{ "", "the end came too early" },
		{ "{\"a\":1", "the end came too early" },
		{ "{\"a\":1}x", "the end is expected here" },
		{ "{\"a\":1,\n \"a\":2}", "line 2" },
		{ "{\"a\":1,\"a\":2}", "stands in its object twice" },
		{ "[\"\xff\"]", "this is not UTF-8" },
		{ "[\"\\u0000\"]", "U+0000" },
		{ "{\"\\u0000\":1}", "U+0000" },
		{ "[\"\\ud800\"]", "this is not JSON" },
		{ "[1,]", "this is not JSON" },
		{ "{'a':1}", "this is not JSON" },
		{ "[01]", "" },
		{ "[NaN]", "this is not JSON" },
		{ "[\"a\nb\"]", "this is not JSON" },
		{ "\xef\xbb\xbf{}", "this is not JSON" },
		{ "[1] // why", "the end is expected here" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		scoped(arena) *arena = arena_open("test");
		struct json *value = NULL;
		struct error e;

		assert_int_equal(json_parse(arena, cases[i].bytes, strlen(cases[i].bytes), &value, &e), -1);
		assert_null(value);
		assert_int_equal(e.kind, ERROR_INPUT);
		assert_string_equal(e.code, "json.syntax");
		assert_true(text_begins(e.text, "line "));
		assert_non_null(strstr(e.text, cases[i].text));
	}
}

static void what_was_sent_is_not_repeated(void **state)
{
	static const char *const bodies[] = { "{\"password\":\"hunter2\" x}", "{\"password\":\"hunter2\n\"}",
		                              "{\"password\":hunter2}", "{\"a\":1,\"a\":hunter2", "{\"active\":\"hunter2\"}" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
		scoped(arena) *arena = arena_open("test");
		struct member m = { 0 };
		struct error e;

		assert_int_equal(read_member(arena, bodies[i], &m, &e), -1);
		assert_null(strstr(e.text, "hunter2"));
		assert_null(strstr(e.detail, "hunter2"));
	}
}

static void depth_has_a_limit(void **state)
{
	scoped(arena) *arena = arena_open("test");
	char body[2 * (JSON_DEPTH_MOST + 1)];
	struct json *value;
	struct error e;

	(void)state;
	memset(body, '[', JSON_DEPTH_MOST + 1);
	memset(body + JSON_DEPTH_MOST + 1, ']', JSON_DEPTH_MOST + 1);
	assert_int_equal(json_parse(arena, body + 1, 2 * JSON_DEPTH_MOST, &value, &e), 0);
	assert_int_equal(json_parse(arena, body, sizeof(body), &value, &e), -1);
	assert_string_equal(e.text, "line 1, column 33: arrays and objects are nested more than 32 deep");

	/* Brackets in texts are no depth, and an escaped quote does not end a text. */
	memset(body, '[', sizeof(body));
	memcpy(body, "\"\\\"", 3);
	body[sizeof(body) - 1] = '"';
	assert_int_equal(json_parse(arena, body, sizeof(body), &value, &e), 0);
	assert_int_equal(strlen(json_text(value)), sizeof(body) - 3);
}

static void looking_by_hand(void **state)
{
	static const char body[] = "{\"t\":\"x\",\"n\":7,\"f\":1.5,\"b\":true,\"z\":null,\"a\":[1],\"o\":{}}";
	scoped(arena) *arena = arena_open("test");
	struct json *value;
	struct error e;

	(void)state;
	assert_int_equal(json_parse(arena, body, strlen(body), &value, &e), 0);
	assert_true(json_is_object(value));
	assert_int_equal(json_count(value), 7);
	assert_string_equal(json_text(json_member(value, "t")), "x");
	assert_true(json_int(json_member(value, "n")) == 7);
	assert_true(json_is_number(json_member(value, "f")));
	assert_true(json_int(json_member(value, "f")) == 0);
	assert_true(json_bool(json_member(value, "b")));
	assert_true(json_is_null(json_member(value, "z")));
	assert_true(json_int(json_at(json_member(value, "a"), 0)) == 1);
	assert_null(json_at(json_member(value, "a"), 1));
	assert_true(json_is_object(json_member(value, "o")));
	assert_int_equal(json_count(json_member(value, "o")), 0);
}

static void getters_of_the_wrong_type_give_nothing(void **state)
{
	static const char body[] = "[\"7\", 7, true]";
	scoped(arena) *arena = arena_open("test");
	struct json *value;
	struct error e;

	(void)state;
	assert_int_equal(json_parse(arena, body, strlen(body), &value, &e), 0);
	assert_null(json_text(json_at(value, 1)));
	assert_true(json_int(json_at(value, 0)) == 0);
	assert_false(json_bool(json_at(value, 1)));
	assert_int_equal(json_count(json_at(value, 0)), 0);
	assert_null(json_member(value, "7"));
	assert_null(json_at(json_at(value, 0), 0));
	assert_null(json_text(NULL));
	assert_true(json_int(NULL) == 0);
	assert_false(json_bool(NULL) || json_is_null(NULL) || json_is_object(NULL) || json_is_number(NULL));
	assert_int_equal(json_count(NULL), 0);
	assert_null(json_member(NULL, "a"));
}

static void objects_are_walked_in_order(void **state)
{
	static const char body[] = "{\"z\":0,\"a\":1,\"m\":2}";
	static const char *const names[] = { "z", "a", "m" };
	scoped(arena) *arena = arena_open("test");
	const struct json *member;
	const char *name;
	struct json *value;
	struct error e;
	size_t at = 0;

	(void)state;
	assert_int_equal(json_parse(arena, body, strlen(body), &value, &e), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(json_next(value, &at, &name, &member), 1);
		assert_string_equal(name, names[i]);
		assert_true(json_int(member) == i);
	}
	assert_int_equal(json_next(value, &at, &name, &member), 0);
	at = 0;
	assert_int_equal(json_next(member, &at, &name, &member), 0);
}

static void writing(void **state)
{
	struct buffer buffer __attribute__((cleanup(buffer_close)));
	struct json_writer w;

	(void)state;
	buffer_open(&buffer, KB(4));
	json_writer_open(&w, &buffer);
	json_begin_object(&w, NULL);
	json_put_text(&w, "text", "a\"b\\c\n\x1f\x7f\xc3\xa4");
	json_put_text(&w, "none", NULL);
	json_put_int(&w, "least", INT64_MIN);
	json_put_bool(&w, "yes", true);
	json_put_time(&w, "at", 1000000);
	json_put_time(&w, "never", 0);
	json_put_raw(&w, "raw", "{\"x\":1}");
	json_put_raw(&w, "no raw", NULL);
	json_begin_array(&w, "list");
	json_put_int(&w, NULL, 1);
	json_begin_object(&w, NULL);
	json_end_object(&w);
	json_begin_array(&w, NULL);
	json_end_array(&w);
	json_put_null(&w, NULL);
	json_end_array(&w);
	json_put_bool(&w, "na\"me", false);
	json_end_object(&w);
	assert_string_equal(buffer.bytes,
	                    "{\"text\":\"a\\\"b\\\\c\\u000a\\u001f\x7f\xc3\xa4\",\"none\":null,"
	                    "\"least\":-9223372036854775808,\"yes\":true,\"at\":\"1970-01-01T00:00:01.000000Z\","
	                    "\"never\":null,\"raw\":{\"x\":1},\"no raw\":null,\"list\":[1,{},[],null],"
	                    "\"na\\\"me\":false}");
}

static void what_is_no_utf8_is_replaced(void **state)
{
	struct buffer buffer __attribute__((cleanup(buffer_close)));
	struct json_writer w;

	(void)state;
	buffer_open(&buffer, KB(4));
	json_writer_open(&w, &buffer);
	json_put_text(&w, NULL, "a\xff\xc3z\xe2\x82");
	assert_string_equal(buffer.bytes, "\"a\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void every_byte_can_be_read_again(void **state)
{
	scoped(arena) *arena = arena_open("test");

	(void)state;
	for (int byte = 1; byte < 0x80; byte++) {
		struct buffer buffer __attribute__((cleanup(buffer_close)));
		const char text[] = { 'x', (char)byte, 'y', '\0' };
		struct json_writer w;
		struct json *value;
		struct error e;

		buffer_open(&buffer, KB(1));
		json_writer_open(&w, &buffer);
		json_put_text(&w, NULL, text);
		assert_int_equal(json_parse(arena, buffer.bytes, buffer.length, &value, &e), 0);
		assert_string_equal(json_text(value), text);
	}
}

static void depth_of_the_writer(void **state)
{
	struct buffer buffer __attribute__((cleanup(buffer_close)));
	scoped(arena) *arena = arena_open("test");
	struct json_writer w;
	struct json *value;
	struct error e;

	(void)state;
	buffer_open(&buffer, KB(1));
	json_writer_open(&w, &buffer);
	for (int i = 0; i < JSON_DEPTH_MOST; i++)
		json_begin_array(&w, NULL);
	json_put_int(&w, NULL, 1);
	json_put_int(&w, NULL, 2);
	for (int i = 0; i < JSON_DEPTH_MOST; i++)
		json_end_array(&w);
	assert_int_equal(json_parse(arena, buffer.bytes, buffer.length, &value, &e), 0);
}

/* ---- changing ---- */

static struct json *parsed(struct arena *arena, const char *text)
{
	struct json *value;
	struct error e;

	assert_int_equal(json_parse(arena, text, strlen(text), &value, &e), 0);
	return value;
}

static void assert_written(const struct json *value, const char *expected)
{
	struct buffer buffer;
	struct json_writer w;

	buffer_open(&buffer, KB(64));
	json_writer_open(&w, &buffer);
	json_put(&w, NULL, value);
	assert_string_equal(buffer.bytes, expected);
	buffer_close(&buffer);
}

static void what_is_written_is_what_was_read(void **state)
{
	static const char text[] = "{\"a\":[1,-2,true,null,\"x\\\"y\",{\"b\":[]}],\"c\":{},\"d\":2.5,\"e\":7.0,\"f\":1e+300}";
	scoped(arena) *arena = arena_open("test");

	(void)state;
	assert_written(parsed(arena, text), text);
	assert_written(json_duplicate(arena, parsed(arena, text)), text);
}

static void a_tree_can_be_changed(void **state)
{
	scoped(arena) *arena = arena_open("test");
	struct json *tree = parsed(arena, "{\"a\":{\"x\":[{\"n\":1},{\"n\":2}]},\"b\":1}");
	struct json *list = json_member_to_change(json_member_to_change(tree, "a"), "x");
	struct error e;
	struct { bool truth; } into = { false };
	static const struct json_field fields[] = { { "truth", JSON_TYPE_BOOL, 0, JSON_NEEDED, 0, 0, NULL, -1 }, { 0 } };

	(void)state;
	json_append(arena, list, json_at(list, 0));
	json_set(arena, json_at_to_change(list, 0), "n", json_new_text(arena, "one"));
	json_set(arena, tree, "b", json_new_bool(arena, true));
	json_set(arena, tree, "c", json_new_array(arena));
	json_set(arena, tree, "again", tree);
	assert_written(tree, "{\"a\":{\"x\":[{\"n\":\"one\"},{\"n\":2},{\"n\":1}]},\"b\":true,\"c\":[],"
			     "\"again\":{\"a\":{\"x\":[{\"n\":\"one\"},{\"n\":2},{\"n\":1}]},\"b\":true,\"c\":[]}}");
	assert_true(json_unset(tree, "again"));
	assert_false(json_unset(tree, "again"));
	list = json_member_to_change(json_member_to_change(tree, "a"), "x");
	assert_true(json_take_out(list, 1));
	assert_false(json_take_out(list, 2));
	assert_written(tree, "{\"a\":{\"x\":[{\"n\":\"one\"},{\"n\":1}]},\"b\":true,\"c\":[]}");
	/* Paths of what is wrong still begin at the top. */
	assert_int_equal(json_read(arena, json_at(list, 1), fields, &into, &e), -1);
	assert_non_null(strstr(e.text, "/a/x/1/"));
}

static void equal_is_what_means_the_same(void **state)
{
	scoped(arena) *arena = arena_open("test");

	(void)state;
#define EQUAL(a, b) json_same(parsed(arena, a), parsed(arena, b))
	assert_true(EQUAL("{\"a\":1,\"b\":[null,2.5]}", "{\"b\":[null,2.5],\"a\":1}"));
	assert_false(EQUAL("{\"a\":1}", "{\"a\":1,\"b\":1}"));
	assert_false(EQUAL("{\"a\":1,\"c\":1}", "{\"a\":1,\"b\":1}"));
	assert_false(EQUAL("[1,2]", "[2,1]"));
	assert_false(EQUAL("1", "1.0"));
	assert_false(EQUAL("true", "false"));
	assert_false(EQUAL("\"a\"", "\"A\""));
	assert_false(EQUAL("2.5", "2.6"));
	assert_false(EQUAL("[]", "{}"));
#undef EQUAL
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_types),
		cmocka_unit_test(what_is_not_given_is_left_alone),
		cmocka_unit_test(wrong_members_are_refused),
		cmocka_unit_test(unknown_names_are_refused),
		cmocka_unit_test(long_names_leave_room_for_the_reason),
		cmocka_unit_test(a_list_text_has_its_own_limit),
		cmocka_unit_test(paths_begin_at_the_top),
		cmocka_unit_test(whole_numbers_to_their_ends),
		cmocka_unit_test(bad_json_is_refused_with_its_place),
		cmocka_unit_test(what_was_sent_is_not_repeated),
		cmocka_unit_test(depth_has_a_limit),
		cmocka_unit_test(looking_by_hand),
		cmocka_unit_test(getters_of_the_wrong_type_give_nothing),
		cmocka_unit_test(objects_are_walked_in_order),
		cmocka_unit_test(writing),
		cmocka_unit_test(what_is_no_utf8_is_replaced),
		cmocka_unit_test(every_byte_can_be_read_again),
		cmocka_unit_test(depth_of_the_writer),
		cmocka_unit_test(what_is_written_is_what_was_read),
		cmocka_unit_test(a_tree_can_be_changed),
		cmocka_unit_test(equal_is_what_means_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
