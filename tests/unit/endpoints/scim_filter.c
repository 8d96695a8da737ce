/* The filter language of SCIM: what is read, what it means, and what is refused with the place. */
#include "endpoints/scim_filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "endpoints/scim_resource.h"

static struct arena *arena;

static int start(void **state)
{
	(void)state;
	arena = arena_open("test");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	arena_close(&arena);
	return 0;
}

/* ---- a tree as text, with a bracket around everything ---- */

static void show(struct buffer *into, const struct scim_filter *f);

static void show_path(struct buffer *into, const struct scim_path *path)
{
	buffer_format(into, "%s%s%s", path->urn ? path->urn : "", path->urn ? ":" : "", path->name ? path->name : "");
	if (path->filter) {
		buffer_text(into, "[");
		show(into, path->filter);
		buffer_text(into, "]");
	}
	if (path->part)
		buffer_format(into, ".%s", path->part);
}

static void show(struct buffer *into, const struct scim_filter *f)
{
	static const char *const operators[] = { "eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr" };

	buffer_text(into, "(");
	if (f->kind == SCIM_NOT) {
		buffer_text(into, "not ");
		show(into, f->left);
	} else if (f->kind == SCIM_AND || f->kind == SCIM_OR) {
		show(into, f->left);
		buffer_text(into, f->kind == SCIM_AND ? " and " : " or ");
		show(into, f->right);
	} else {
		show_path(into, &f->path);
		if (f->kind == SCIM_COMPARE)
			buffer_format(into, " %s", operators[f->operator]);
		if (f->value && json_is_text(f->value))
			buffer_format(into, " '%s'", json_text(f->value));
		else if (f->value && json_is_bool(f->value))
			buffer_format(into, " %s", json_bool(f->value) ? "yes" : "no");
		else if (f->value && json_is_null(f->value))
			buffer_text(into, " nothing");
		else if (f->value)
			buffer_format(into, " %lld", (long long)json_int(f->value));
	}
	buffer_text(into, ")");
}

static void reads(enum scim_kind kind, const char *text, const char *expected, unsigned deviations)
{
	const struct scim_filter *filter;
	unsigned tolerated = 0;
	struct buffer shown;
	struct error e;

	if (scim_filter_read(arena, kind, text, &filter, &tolerated, &e) < 0)
		fail_msg("%s: %s", text, e.text);
	buffer_open(&shown, KB(16));
	show(&shown, filter);
	assert_string_equal(shown.bytes, expected);
	buffer_close(&shown);
	assert_int_equal(tolerated, deviations);
}

static void refuses(const char *text, const char *words)
{
	const struct scim_filter *filter;
	unsigned tolerated = 0;
	struct error e;

	if (scim_filter_read(arena, SCIM_USER, text, &filter, &tolerated, &e) == 0)
		fail_msg("%s was taken", text);
	assert_string_equal(e.code, "scim.invalidFilter");
	assert_string_equal(e.text, words);
}

static void every_form_is_read(void **state)
{
	(void)state;
	reads(SCIM_USER, "userName eq \"bjensen\"", "(userName eq 'bjensen')", 0);
	reads(SCIM_USER, "  USERNAME   Eq \"b\\u00e4r \\\"x\\\"\"  ", "(userName eq 'b\u00e4r \"x\"')", 0);
	reads(SCIM_USER, "name.familyName co \"O'Malley\"", "(name.familyName co 'O'Malley')", 0);
	reads(SCIM_USER, "urn:ietf:params:scim:schemas:core:2.0:User:userName sw \"J\"", "(userName sw 'J')", 0);
	reads(SCIM_USER, "title pr", "(title pr)", 0);
	reads(SCIM_USER, "name pr", "(name pr)", 0);
	reads(SCIM_USER, "meta.lastModified gt \"2011-05-13T04:42:34Z\"", "(meta.lastModified gt '2011-05-13T04:42:34Z')", 0);
	reads(SCIM_USER, "active eq true", "(active eq yes)", 0);
	reads(SCIM_USER, "active eq \"False\"", "(active eq no)", SCIM_DEVIATION(SCIM_BOOLEAN_AS_TEXT));
	reads(SCIM_USER, "emails co \"example.com\"", "(emails.value co 'example.com')", 0);
	reads(SCIM_USER, "emails.type eq \"work\"", "(emails.type eq 'work')", 0);
	reads(SCIM_USER, "title eq null", "(title eq nothing)", 0);
	reads(SCIM_USER, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq \"Eng\"",
	      "(urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq 'Eng')", 0);
	reads(SCIM_USER, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq \"7\"",
	      "(urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq '7')", 0);
	reads(SCIM_USER, "urn:acme:params:2.0:User:shoe.size ge 43", "(urn:acme:params:2.0:User:shoe.size ge 43)", 0);
	reads(SCIM_GROUP, "members.value eq \"x\" and displayName eq \"y\"",
	      "((members.value eq 'x') and (displayName eq 'y'))", 0);
	reads(SCIM_USER, "externalId eq jyoung", "(externalId eq 'jyoung')", SCIM_DEVIATION(SCIM_UNQUOTED_VALUE));
}

static void not_binds_closer_than_and_and_and_closer_than_or(void **state)
{
	(void)state;
	reads(SCIM_USER, "title pr or title eq \"a\" and title eq \"b\" or title eq \"c\"",
	      "(((title pr) or ((title eq 'a') and (title eq 'b'))) or (title eq 'c'))", 0);
	reads(SCIM_USER, "title pr and (title eq \"a\" or title eq \"b\")", "((title pr) and ((title eq 'a') or (title eq 'b')))", 0);
	reads(SCIM_USER, "not (title pr) and title eq \"a\"", "((not (title pr)) and (title eq 'a'))", 0);
	reads(SCIM_USER, "userType ne \"Employee\" and not(emails co \"a\")",
	      "((userType ne 'Employee') and (not (emails.value co 'a')))", 0);
}

static void brackets_ask_one_value(void **state)
{
	(void)state;
	reads(SCIM_USER, "emails[type eq \"work\" and value co \"@example.com\"]",
	      "(emails[((type eq 'work') and (value co '@example.com'))])", 0);
	reads(SCIM_USER, "emails[type eq \"work\"].value eq \"x\"", "(emails[(type eq 'work')].value eq 'x')", 0);
	reads(SCIM_USER, "userType eq \"E\" and (emails[primary eq \"True\"] or emails pr)",
	      "((userType eq 'E') and ((emails[(primary eq yes)]) or (emails pr)))",
	      SCIM_DEVIATION(SCIM_BOOLEAN_AS_TEXT));
}

static void what_is_wrong_is_refused_with_the_place(void **state)
{
	(void)state;
	refuses("", "the filter, at character 1: the name of an attribute is expected");
	refuses("userName", "the filter, at character 9: an operator is expected: eq, ne, co, sw, ew, gt, ge, lt, le or pr");
	refuses("userName is \"a\"", "the filter, at character 10: an operator is expected: eq, ne, co, sw, ew, gt, ge, lt, le or pr");
	refuses("userName eq", "the filter, at character 12: a value is expected");
	refuses("userName eq \"a", "the filter, at character 13: the text has no closing quote");
	refuses("userName eq \"\\q\"", "the filter, at character 13: the text in quotes is not as JSON writes it");
	refuses("userName eq \"a\" and", "the filter, at character 20: the name of an attribute is expected");
	refuses("userName eq \"a\" xor title pr", "the filter, at character 17: it should have ended here");
	refuses("(title pr", "the filter, at character 10: \")\" is expected");
	refuses("title pr)", "the filter, at character 9: it should have ended here");
	refuses("not title pr", "the filter, at character 5: behind \"not\", \"(\" is expected");
	refuses("shoeSize eq 43", "the filter, at character 1: there is no attribute \"shoeSize\"");
	refuses("emails.size eq 43", "the filter, at character 1: \"emails\" has no part \"size\"");
	refuses("name eq \"x\"", "the filter, at character 8: \"name\" has parts; say which, such as \"name.formatted\"");
	refuses("title[type eq \"x\"]", "the filter, at character 7: only an attribute with parts can have brackets");
	refuses("emails[type[value eq \"x\"]]", "the filter, at character 13: brackets of this kind cannot stand within each other");
	refuses("emails[userName eq \"x\"]", "the filter, at character 8: there is no attribute \"userName\"");
	refuses("emails[type eq \"x\"", "the filter, at character 19: \"]\" is expected");
	refuses("active gt true", "the filter, at character 15: \"gt\" cannot be asked of this value");
	refuses("active eq \"perhaps\"", "the filter, at character 20: \"active\" is true or false, and can be asked for with eq and ne");
	refuses("userName co 7", "the filter, at character 14: \"co\" cannot be asked of this value");
	refuses("userName eq 7", "the filter, at character 14: \"userName\" is a text, which stands in quotes");
	refuses("meta.created gt \"yesterday\"", "the filter, at character 28: \"created\" is a time, such as \"2026-01-31T12:00:00Z\"");
	refuses("urn:ietf:params:scim:schemas:core:2.0:User pr",
		"the filter, at character 43: the name of an attribute is expected behind that of the schema");
	refuses("user\x01Name pr", "the filter, at character 1: \"user\x01Name\" is no name of an attribute");
}

static void every_limit_holds(void **state)
{
	const struct scim_filter *filter;
	unsigned tolerated = 0;
	struct buffer text;
	struct error e;

	(void)state;
	buffer_open(&text, MB(1));
	for (int i = 0; i <= SCIM_FILTER_DEPTH_MOST; i++)
		buffer_text(&text, "(");
	buffer_text(&text, "title pr");
	assert_int_equal(scim_filter_read(arena, SCIM_USER, text.bytes, &filter, &tolerated, &e), -1);
	assert_string_equal(e.text, "the filter has more than 16 brackets within brackets");
	buffer_reset(&text);
	for (int i = 0; i < SCIM_FILTER_TERMS_MOST; i++)
		buffer_text(&text, "title pr or ");
	buffer_text(&text, "title pr");
	assert_int_equal(scim_filter_read(arena, SCIM_USER, text.bytes, &filter, &tolerated, &e), -1);
	assert_string_equal(e.text, "the filter has more than 100 comparisons");
	assert_string_equal(e.code, "scim.filter_limit");
	buffer_reset(&text);
	buffer_text(&text, "title eq \"");
	for (int i = 0; i < SCIM_FILTER_MOST; i++)
		buffer_text(&text, "x");
	buffer_text(&text, "\"");
	assert_int_equal(scim_filter_read(arena, SCIM_USER, text.bytes, &filter, &tolerated, &e), -1);
	assert_string_equal(e.text, "the filter has more than 8192 bytes");
	buffer_close(&text);
}

static void path_is(const char *text, const char *expected)
{
	struct scim_path path;
	unsigned tolerated = 0;
	struct buffer shown;
	struct error e;

	if (scim_path_read(arena, SCIM_USER, text, &path, &tolerated, &e) < 0)
		fail_msg("%s: %s", text, e.text);
	buffer_open(&shown, KB(16));
	show_path(&shown, &path);
	assert_string_equal(shown.bytes, expected);
	buffer_close(&shown);
}

static void paths_are_read(void **state)
{
	struct scim_path path;
	unsigned tolerated = 0;
	struct error e;

	(void)state;
	path_is("active", "active");
	path_is("NAME.givenname", "name.givenName");
	path_is("emails[type eq \"work\"].value", "emails[(type eq 'work')].value");
	path_is("emails[type eq \"work\"]", "emails[(type eq 'work')]");
	path_is("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value");
	path_is("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:");
	path_is("urn:ietf:params:scim:schemas:core:2.0:User:name.familyName", "name.familyName");
	path_is("urn:ietf:params:scim:schemas:extension:acme:2.0:User:floor", "urn:ietf:params:scim:schemas:extension:acme:2.0:User:floor");
	assert_int_equal(scim_path_read(arena, SCIM_USER, "members", &path, &tolerated, &e), -1);
	assert_string_equal(e.code, "scim.invalidPath");
	assert_string_equal(e.text, "the path, at character 1: there is no attribute \"members\"");
	assert_int_equal(scim_path_read(arena, SCIM_USER, "emails[type eq \"x\"] eq", &path, &tolerated, &e), -1);
	assert_string_equal(e.text, "the path, at character 21: it should have ended here");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_is_read),
		cmocka_unit_test(not_binds_closer_than_and_and_and_closer_than_or),
		cmocka_unit_test(brackets_ask_one_value),
		cmocka_unit_test(what_is_wrong_is_refused_with_the_place),
		cmocka_unit_test(every_limit_holds),
		cmocka_unit_test(paths_are_read),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
