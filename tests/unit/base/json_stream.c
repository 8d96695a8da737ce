/* JSON that arrives in pieces: elements are the same however it is cut, and what is too much is refused. */
#include "base/json_stream.h"

#include "base/arena.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct seen {
	char text[4096];
	int stop_at; /* 0: never */
	int count;
};

static void show(const struct json_node *node, char *to, size_t size)
{
	size_t length = strlen(to);

	snprintf(to + length, size - length, "%s%s%d%s%s", node->name ? node->name : "",
		 node->name ? "=" : "", node->type, node->text ? ":" : "",
		 node->text    ? node->text
		 : node->truth ? "!"
			       : "");
	for (const struct json_node *child = json_node_first(node); child;
	     child = json_node_next(node, child)) {
		length = strlen(to);
		snprintf(to + length, size - length, "%s", child == json_node_first(node) ? "(" : " ");
		show(child, to, size);
	}
	if (json_node_first(node))
		strcat(to, ")");
}

static int take(void *context, const struct json_node *element, struct error *e)
{
	struct seen *seen = context;

	if (++seen->count == seen->stop_at)
		return error_set(e, ERROR_LIMIT, "test.stop", "enough");
	if (seen->text[0])
		strcat(seen->text, "|");
	show(element, seen->text, sizeof(seen->text));
	return 0;
}

/* Feeds in pieces of so many bytes; the elements and the rest as text, or the error. */
static void read_all(const char *array, const char *json, size_t piece, struct seen *seen, char rest[1024],
		     struct error *e)
{
	struct json_stream *stream = json_stream_open(array, take, seen);
	const struct json_node *node;
	size_t length = strlen(json), at = 0;
	int result = 0;

	*e = (struct error){ 0 };
	rest[0] = '\0';
	for (; at < length && result == 0; at += piece)
		result = json_stream_feed(stream, json + at, length - at < piece ? length - at : piece, e);
	if (result == 0)
		result = json_stream_end(stream, &node, e);
	if (result == 0) {
		show(node, rest, 1024);
		assert_int_equal(json_stream_elements(stream), seen->count);
	} else {
		assert_int_not_equal(e->kind, ERROR_NONE);
	}
	json_stream_close(&stream);
	assert_null(stream);
}

static void check(const char *array, const char *json, const char *elements, const char *rest_wanted)
{
	for (size_t piece = 1; piece <= strlen(json) + 1; piece++) {
		struct seen seen = { 0 };
		char rest[1024];
		struct error e;

		read_all(array, json, piece, &seen, rest, &e);
		assert_string_equal(e.text, "");
		assert_string_equal(seen.text, elements);
		assert_string_equal(rest, rest_wanted);
	}
}

static void check_refused(const char *array, const char *json, const char *words)
{
	for (size_t piece = 1; piece <= strlen(json) + 1; piece++) {
		struct seen seen = { 0 };
		char rest[1024];
		struct error e;

		read_all(array, json, piece, &seen, rest, &e);
		assert_int_equal(e.kind, ERROR_REMOTE);
		if (!strstr(e.text, words))
			fail_msg("\"%s\" does not say \"%s\"", e.text, words);
	}
}

static void array_itself(void **state)
{
	(void)state;
	check(NULL, "[{\"id\":\"a\",\"n\":[1,-2.5e3,true,false,null]},\"x\\u00e9\\n\",[[]],{}]",
	      "5(id=3:a n=4(2:1 2:-2.5e3 1! 1 0))|3:x\xc3\xa9\n|4(4)|5", "4");
	check(NULL, " [ ] ", "", "4");
	check(NULL, "{\"error\":\"no\",\"list\":[1,2]}", "", "5(error=3:no list=4(2:1 2:2))");
	check(NULL, "\"text\"", "", "3:text");
}

static void member_of_an_object(void **state)
{
	(void)state;
	check("value", "{\"@odata.context\":\"c\",\"value\":[{\"value\":[1]},2],\"next\":{\"value\":[3]}}",
	      "5(value=4(2:1))|2:2", "5(@odata.context=3:c value=4 next=5(value=4(2:3)))");
	check("value", "{\"value\":{\"value\":[1]}}", "", "5(value=5(value=4(2:1)))");
	check("value", "[[1]]", "", "4(4(2:1))");
	check("value", "{}", "", "5");
}

static void not_json(void **state)
{
	(void)state;
	check_refused(NULL, "", "premature EOF");
	check_refused(NULL, "[{\"id\":\"a\"", "premature EOF");
	check_refused(NULL, "[1,]", "parse error");
	check_refused(NULL, "[1] [2]", "trailing garbage");
	check_refused(NULL, "<html>", "lexical error");
	check_refused("value", "{\"value\":[1],\"value\":[2]}", "twice");
}

static void too_much(void **state)
{
	char deep[80] = "", *wide = malloc(1 << 21);
	struct seen seen = { 0 };
	char rest[1024];
	struct error e;

	(void)state;
	memset(deep, '[', 70);
	check_refused(NULL, deep, "nested too deep");

	/* a text that never ends, a text that ends, and many small values */
	memset(wide, 'x', 1 << 21);
	memcpy(wide, "[\"", 2);
	wide[(1 << 21) - 1] = '\0';
	read_all(NULL, wide, 4096, &seen, rest, &e);
	assert_non_null(strstr(e.text, "too long"));
	memcpy(wide + (1 << 20) + 10, "\"]", 3);
	read_all(NULL, wide, 1 << 20, &seen, rest, &e);
	assert_non_null(strstr(e.text, "too long"));
	strcpy(wide, "[[");
	for (size_t i = 0; i <= JSON_STREAM_NODES_MOST; i++)
		strcpy(wide + 2 + 2 * i, "1,");
	read_all(NULL, wide, 4096, &seen, rest, &e);
	assert_non_null(strstr(e.text, "too many values"));
	free(wide);
}

static void stopped(void **state)
{
	struct seen seen = { .stop_at = 2 };
	char rest[1024];
	struct error e;

	(void)state;
	read_all(NULL, "[1,2,3]", 100, &seen, rest, &e);
	assert_string_equal(e.code, "test.stop");
	assert_int_equal(seen.count, 2);
}

static void texts(void **state)
{
	static const char json[] =
		"{\"a\":\"x\",\"nul\":\"x\\u0000y\",\"n\":12,\"bad\":1.5,\"a\":\"second\"}";
	struct json_stream *stream = json_stream_open(NULL, NULL, NULL);
	const struct json_node *node;
	int64_t number = 7;

	(void)state;
	assert_int_equal(json_stream_feed(stream, json, strlen(json), NULL), 0);
	assert_int_equal(json_stream_end(stream, &node, NULL), 0);
	assert_string_equal(json_node_member_text(node, "a"), "x");
	assert_null(json_node_member_text(node, "nul"));
	assert_int_equal(json_node_member(node, "nul")->length, 3);
	assert_null(json_node_member_text(node, "n"));
	assert_null(json_node_member_text(NULL, "n"));
	assert_int_equal(json_node_int(json_node_member(node, "bad"), &number), -1);
	assert_int_equal(json_node_int(json_node_member(node, "none"), &number), -1);
	assert_int_equal(number, 7);
	assert_int_equal(json_node_int(json_node_member(node, "n"), &number), 0);
	assert_int_equal(number, 12);
	json_stream_close(&stream);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(array_itself), cmocka_unit_test(member_of_an_object),
		cmocka_unit_test(not_json),	cmocka_unit_test(too_much),
		cmocka_unit_test(stopped),	cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests_name("base/json_stream", tests, NULL, NULL);
}
