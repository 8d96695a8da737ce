/* What people read: aligned, cut to the terminal, and harmless. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "rosterctl/cell.h"
#include "rosterctl/items.h"
#include "rosterctl/path.h"
#include "rosterctl/safe.h"
#include "rosterctl/seen.h"
#include "rosterctl/table.h"

static struct arena *arena;

static const struct column columns[] = {
	{ "name", "name", CELL_TEXT }, { "n", "n", CELL_NUMBER }, { "last", "l", CELL_TEXT }, { 0 }
};

/* Prints rows in one or two pages and compares all of it. */
static void check(size_t fit, const char *const *cells, size_t rows, size_t first, const char *expected)
{
	struct table table;
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	table_open(&table, columns, fit);
	table_print(&table, out, cells, first);
	if (rows > first)
		table_print(&table, out, cells + first * 3, rows - first);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
}

static void columns_are_aligned(void **state)
{
	(void)state;
	check(0, (const char *[]){ "Ada", "5", "x", "Bob the builder", "1000", "y z" }, 2, 2,
	      "name                n  last\n"
	      "Ada                 5  x\n"
	      "Bob the builder  1000  y z\n");
}

static void pages_never_become_narrower(void **state)
{
	(void)state;
	check(0, (const char *[]){ "longer", "5", "x", "a", "1", "y" }, 2, 1,
	      "name    n  last\n"
	      "longer  5  x\n"
	      "a       1  y\n");
}

static void width_is_counted_in_columns(void **state)
{
	(void)state;
	check(0, (const char *[]){ "\u6f22\u5b57", "1", "x", "e\u0301\u00e9", "2", "y" }, 2, 2,
	      "name  n  last\n"
	      "\u6f22\u5b57  1  x\n"
	      "e\u0301\u00e9    2  y\n");
}

static void narrow_terminals_cut_the_widest(void **state)
{
	(void)state;
	check(20, (const char *[]){ "0123456789012345", "7", "abcd" }, 1, 1,
	      "name         n  last\n"
	      "0123456789\u2026  7  abcd\n");
	check(20, (const char *[]){ "\u6f22\u5b57\u6f22\u5b57\u6f22\u5b57\u6f22\u5b57", "7", "abcd" }, 1, 1,
	      "name         n  last\n"
	      "\u6f22\u5b57\u6f22\u5b57\u6f22\u2026  7  abcd\n");
	check(3, (const char *[]){ "0123456789", "7", "abcd" }, 1, 1,
	      "name      n  last\n"
	      "0123456\u2026  7  abcd\n");
}

static void check_safe(const char *text, size_t length, const char *expected)
{
	assert_string_equal(safe_text_n(arena, text, length), expected);
}

#define CHECK_SAFE(text, expected) check_safe(text, sizeof(text) - 1, expected)

static void what_acts_is_shown(void **state)
{
	(void)state;
	CHECK_SAFE("plain \u00e9\u6f22\U0001f469", "plain \u00e9\u6f22\U0001f469");
	CHECK_SAFE("\x1b[31m\r\n\t\x7f", "\\x1b[31m\\x0d\\x0a\\x09\\x7f");
	CHECK_SAFE("a\0b", "a\\x00b");
	CHECK_SAFE("\xc2\x9b"
		   "1m\xc2\x85",
		   "\\x9b1m\\x85");
	CHECK_SAFE("\u202etxt.exe\u2066\ufeff\u200b", "\\u{202e}txt.exe\\u{2066}\\u{feff}\\u{200b}");
	CHECK_SAFE("\xff\xc3", "\\xff\\xc3");
	CHECK_SAFE("\xed\xa0\x80", "\\xed\\xa0\\x80"); /* a surrogate */
	CHECK_SAFE("\U000e0041", "\\u{e0041}");
	CHECK_SAFE("", "");
	assert_string_equal(safe_text(arena, NULL), "");
}

static void everything_that_is_made_safe_stays_so(void **state)
{
	uint32_t seed = 1;
	char bytes[64];

	(void)state;
	for (int round = 0; round < 2000; round++) {
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (char)((seed = seed * 1664525 + 1013904223) >> 24);
		const char *safe = safe_text_n(arena, bytes, sizeof(bytes));

		assert_true(text_is_printable(safe, strlen(safe)));
		assert_string_equal(safe_text(arena, safe), safe);
		assert_true(safe_cut(safe, 10) <= strlen(safe));
		arena_reset(arena);
	}
}

static void json_keeps_its_meaning(void **state)
{
	static const char json[] = "{ \"a\":\t\"\xc2\x9b\u202e\U000e0041\u00e9\"\r\n}";
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	safe_json(out, json, sizeof(json) - 1, true);
	fclose(out);
	assert_string_equal(text, "{ \"a\": \"\\u009b\\u202e\\udb40\\udc41\u00e9\"  }");
	free(text);
}

static const char *cell(const char *json, enum cell_form form)
{
	struct json *value;
	struct error e;

	assert_int_equal(json_parse(arena, json, strlen(json), &value, &e), 0);
	return cell_text(arena, json_at(value, 0), form);
}

static void values_become_words(void **state)
{
	(void)state;
	assert_string_equal(cell("[null]", CELL_TEXT), "-");
	assert_string_equal(cell("[]", CELL_TEXT), "-");
	assert_string_equal(cell("[true]", CELL_TEXT), "yes");
	assert_string_equal(cell("[-5]", CELL_NUMBER), "-5");
	assert_string_equal(cell("[[\"a\",\"b\\n\"]]", CELL_TEXT), "a, b\\x0a");
	assert_string_equal(cell("[\"-----BEGIN CERTIFICATE-----\\nMIIB\\n\"]", CELL_TEXT), "-----BEGIN CERTIFICATE----- ...");
	assert_string_equal(cell("[[]]", CELL_TEXT), "-");
	assert_string_equal(cell("[{\"set\":true}]", CELL_TEXT), "(set)");
	assert_string_equal(cell("[{\"a\\u001b\":1,\"b\":{\"c\":[2]}}]", CELL_TEXT), "a\\x1b=1 b=c=2");
	assert_string_equal(cell("[[[[[1]]]]]", CELL_TEXT), "...");
	assert_string_equal(cell("[\"2026-11-22T10:14:07.9+01:00\"]", CELL_TIME), "2026-11-22 09:14:07Z");
	assert_string_equal(cell("[\"today\\u0007\"]", CELL_TIME), "today\\x07");
	assert_string_equal(cell("[5]", CELL_TIME), "5");
}

static void members_are_found_by_their_names(void **state)
{
	const struct {
		const char *member, *expected;
	} cases[] = {
		{ "a", "1" },
		{ "b.c", "2" },
		{ "n,b.c,a", "2" },
		{ "x,a", "1" },
		{ "a.x", "-" },
		{ "n", "-" },
		{ "", "-" },
		{ "a-name-that-is-longer-than-any-member-of-the-api-has-or-ever-will-have", "-" },
	};
	static const char json[] = "{\"a\":1,\"b\":{\"c\":2},\"n\":null}";
	struct json *object;
	struct error e;

	(void)state;
	assert_int_equal(json_parse(arena, json, strlen(json), &object, &e), 0);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		const struct column column = { "title", cases[i].member, CELL_TEXT };

		assert_string_equal(cell_text(arena, cell_member(object, &column), CELL_TEXT),
				    cases[i].expected);
	}
}

static void what_was_seen_is_known_until_it_is_old(void **state)
{
	struct seen seen = { 0 };
	char name[16];

	(void)state;
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 5000; i++) {
			snprintf(name, sizeof(name), "%d", i);
			assert_int_equal(seen_before(&seen, name), round == 1);
		}
	seen_age(&seen);
	assert_true(seen_before(&seen, "1")); /* and so it is young again */
	seen_age(&seen);
	assert_true(seen_before(&seen, "1"));
	assert_false(seen_before(&seen, "2"));
	seen_close(&seen);
}

static void items_are_found_as_they_were_written(void **state)
{
	static const char json[] =
		" {\"a\":[\"]\"],\"b\":{\"items\":[9]}, \"c\":\"\\\"items\\\":[8]\" ,\"items\" : "
		"[ 1 ,\"a,]\\\"\" , {\"x\":[{}]},[],null ] }";
	static const char *const expected[] = { "1", "\"a,]\\\"\"", "{\"x\":[{}]}", "[]", "null" };
	struct items items;
	const char *item;
	size_t length, i = 0;

	(void)state;
	assert_int_equal(items_find(json, "items", &items), 1);
	for (; items_next(&items, &item, &length) > 0; i++) {
		assert_in_range(i, 0, 4);
		assert_int_equal(length, strlen(expected[i]));
		assert_memory_equal(item, expected[i], length);
	}
	assert_int_equal(i, 5);
	assert_int_equal(items_find("{}", "items", &items), 0);
	assert_int_equal(items_find("[1]", "items", &items), 0);
	assert_int_equal(items_find("{\"items\":{}}", "items", &items), 0);
	assert_int_equal(items_find("{\"items\":[]}", "items", &items), 1);
	assert_int_equal(items_next(&items, &item, &length), 0);
}

static void addresses_are_encoded(void **state)
{
	const char *organisation = NULL, *name = NULL;
	struct error e;

	(void)state;
	assert_string_equal(path_make(arena, "/a/{}/b/{}", "x/y", "%?#&+ "), "/a/x%2Fy/b/%25%3F%23%26%2B%20");
	assert_string_equal(path_make(arena, "/{}", "."), "/%2E");
	assert_string_equal(path_make(arena, "/{}", "a.b"), "/a.b");
	assert_string_equal(path_with(arena, "/a", "q", "x&y=z"), "/a?q=x%26y%3Dz");
	assert_string_equal(path_with(arena, "/a?b=c", "q", "\xff"), "/a?b=c&q=%FF");
	assert_string_equal(path_with(arena, "/a", "q", NULL), "/a");
	assert_int_equal(path_split(arena, "a/b/c", "NAME", &organisation, &name, &e), 0);
	assert_string_equal(organisation, "a");
	assert_string_equal(name, "b/c");
	assert_int_equal(path_split(arena, "a", "NAME", &organisation, &name, &e), -1);
	assert_int_equal(path_split(arena, "/a", "NAME", &organisation, &name, &e), -1);
	assert_int_equal(path_split(arena, "a/", "NAME", &organisation, &name, &e), -1);
}

static int open_all(void **state)
{
	(void)state;
	safe_start();
	arena = arena_open("test");
	return 0;
}

static int close_all(void **state)
{
	(void)state;
	arena_close(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_aligned),
		cmocka_unit_test(pages_never_become_narrower),
		cmocka_unit_test(width_is_counted_in_columns),
		cmocka_unit_test(narrow_terminals_cut_the_widest),
		cmocka_unit_test(what_acts_is_shown),
		cmocka_unit_test(everything_that_is_made_safe_stays_so),
		cmocka_unit_test(json_keeps_its_meaning),
		cmocka_unit_test(values_become_words),
		cmocka_unit_test(members_are_found_by_their_names),
		cmocka_unit_test(what_was_seen_is_known_until_it_is_old),
		cmocka_unit_test(items_are_found_as_they_were_written),
		cmocka_unit_test(addresses_are_encoded),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
