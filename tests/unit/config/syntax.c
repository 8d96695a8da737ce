/* What a configuration file says: shapes, quotes, lists, lines, and what becomes of mistakes. */
#include "syntax.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/text.h"
#include "problem.h"

struct fixture {
	struct arena *arena;
	struct problems problems;
};

static int prepare(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	f->arena = arena_open("test");
	problems_open(&f->problems, f->arena);
	*state = f;
	return 0;
}

static int clear(void **state)
{
	struct fixture *f = *state;

	arena_close(&f->arena);
	test_free(f);
	return 0;
}

static const struct syntax_section *parse(struct fixture *f, const char *text)
{
	return syntax_parse(f->arena, "t.conf", text, strlen(text), &f->problems);
}

/* All problems of a text, a line each. */
static const char *problems_of(struct fixture *f, const char *text)
{
	const char *all = "";

	f->problems.count = 0;
	parse(f, text);
	for (size_t i = 0; i < f->problems.count; i++)
		all = arena_format(f->arena, "%s%d: %s\n", all, f->problems.list[i].line,
				   f->problems.list[i].text);
	return all;
}

static void assert_setting(const struct syntax_setting *setting, const char *name, int line, const char *text)
{
	assert_non_null(setting);
	assert_string_equal(setting->name, name);
	assert_int_equal(setting->line, line);
	assert_int_equal(setting->count, 1);
	assert_string_equal(setting->values[0].text, text);
	assert_int_equal(setting->values[0].line, line);
}

static void settings_and_lines(void **state)
{
	struct fixture *f = *state;
	const struct syntax_section *top = parse(f, "# first\n"
						    "a = 1 # why\n"
						    "\n"
						    "  b=two-words.of/letters\r\n"
						    "# c = 3\n"
						    "c = \"#not a comment\"# one\n"
						    "d = ''");

	assert_int_equal(f->problems.count, 0);
	assert_setting(top->settings, "a", 2, "1");
	assert_setting(top->settings->next, "b", 4, "two-words.of/letters");
	assert_setting(top->settings->next->next, "c", 6, "#not a comment");
	assert_setting(top->settings->next->next->next, "d", 7, "");
	assert_null(top->settings->next->next->next->next);
}

static void quotes(void **state)
{
	struct fixture *f = *state;
	const struct syntax_section *top = parse(f, "a = \"say \\\"hi\\\" \\\\ twice\"\n"
						    "b = 'cn=a\\,b ${HOME}'\n"
						    "\"All | Staff, {x}\" = \"Köln // https://x\"\n");

	assert_int_equal(f->problems.count, 0);
	assert_setting(top->settings, "a", 1, "say \"hi\" \\ twice");
	assert_setting(top->settings->next, "b", 2, "cn=a\\,b ${HOME}");
	assert_setting(top->settings->next->next, "All | Staff, {x}", 3, "Köln // https://x");
}

static void lists(void **state)
{
	struct fixture *f = *state;
	const struct syntax_section *top = parse(f, "a = { one, \"two words\" }\n"
						    "b = {\n"
						    "\tthree, # a comment, with }\n"
						    "\n"
						    "\t\"4 } four\"\n"
						    "}\n"
						    "c = { }\n");

	assert_int_equal(f->problems.count, 0);
	assert_int_equal(top->settings->count, 2);
	assert_string_equal(top->settings->values[1].text, "two words");

	const struct syntax_setting *b = top->settings->next;
	assert_int_equal(b->line, 2);
	assert_int_equal(b->count, 2);
	assert_string_equal(b->values[0].text, "three");
	assert_int_equal(b->values[0].line, 3);
	assert_string_equal(b->values[1].text, "4 } four");
	assert_int_equal(b->values[1].line, 5);
	assert_string_equal(b->next->name, "c");
	assert_int_equal(b->next->line, 7);
	assert_int_equal(b->next->count, 0);
}

static void sections(void **state)
{
	struct fixture *f = *state;
	const struct syntax_section *top = parse(f, "a = 1\n"
						    "connection \"one\" { # first\n"
						    "\tplugin = ldap\n"
						    "\tguard {\n"
						    "\t\tmost = 3\n"
						    "\t} # guard\n"
						    "\tstate = paused\n"
						    "}\n"
						    "connection one {\n"
						    "}\n"
						    "b = 2\n");
	const struct syntax_section *one = top->sections;

	assert_int_equal(f->problems.count, 0);
	assert_setting(top->settings->next, "b", 11, "2");
	assert_string_equal(one->name, "connection");
	assert_string_equal(one->title, "one");
	assert_int_equal(one->line, 2);
	assert_setting(one->settings->next, "state", 7, "paused");
	assert_setting(one->sections->settings, "most", 5, "3");
	assert_ptr_equal(one->sections->parent, one);
	assert_string_equal(one->next->title, "one");
	assert_int_equal(one->next->line, 9);
	assert_null(one->next->next);
}

static void mistakes_end_with_their_line(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(
		problems_of(f, "name = Acme Corp\n"
			       "workers 5\n"
			       "size =\n"
			       "url = https://acme.example\n"
			       "text = \"open\n"
			       "home = \"${HOME}\"\n"
			       "tab = \"\\t\"\n"
			       "list = { a b }\n"
			       "}\n"
			       "= 5\n"
			       "fine = 1\n"
			       "two = 1;\n"
			       "log = }\n"
			       "last = 1 last = 2"),
		"1: \"name\" has more than one value; a text with blanks stands in quotes, a list in { }\n"
		"2: after \"workers\" comes \"= value\", or \"{\" if it is a section\n"
		"3: \"size\" has no value\n"
		"4: the value of \"url\" has \"/\" in it; such a text stands in quotes\n"
		"5: a text is not closed with \" on its line\n"
		"6: \"${\" means nothing in a text; nothing is put in from outside, and single quotes keep "
		"it "
		"as it is\n"
		"7: \"\\t\" means nothing in a text; write \"\\\\\" for a backslash, or use single quotes\n"
		"8: the list of \"list\" cannot be read; { one, \"two\", three } is expected\n"
		"9: there is no section to close with \"}\"\n"
		"10: a line is \"name = value\", \"section {\" or \"}\"\n"
		"12: the value of \"two\" has \";\" in it; such a text stands in quotes\n"
		"13: the value of \"log\" has \"}\" in it; such a text stands in quotes\n"
		"14: the value of \"last\" has \"=\" in it; such a text stands in quotes\n");
}

static void unclosed(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(problems_of(f, "a = { one,\n two\nb = 5\nc 1\n"),
			    "1: the list of \"a\" is not closed with \"}\"\n"
			    "4: after \"c\" comes \"= value\", or \"{\" if it is a section\n");
	assert_string_equal(problems_of(f, "a = { one,\n"),
			    "1: the list of \"a\" is not closed with \"}\"\n");
	assert_string_equal(problems_of(f, "s {\n a = 1\n t {\n"),
			    "3: section \"t\" is not closed with \"}\"\n"
			    "1: section \"s\" is not closed with \"}\"\n");
	assert_string_equal(problems_of(f, "a = {\n x$y,\n \"z\"\n}\nb 1\n"),
			    "2: the value of \"a\" has \"$\" in it; such a text stands in quotes\n"
			    "5: after \"b\" comes \"= value\", or \"{\" if it is a section\n");
}

static void one_line_sections(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(
		problems_of(f, "s { a = 1 }\nb = 1\n"),
		"1: what stands in \"s\" begins on the line after \"{\", and \"}\" has a line of its own\n");
	assert_string_equal(
		problems_of(f, "s { a = 1\n}\n"),
		"1: what stands in \"s\" begins on the line after \"{\", and \"}\" has a line of its own\n");
	assert_string_equal(problems_of(f, "s {\n} b = 1\n"), "2: nothing can follow \"}\" on its line\n");
}

static void limits(void **state)
{
	struct fixture *f = *state;
	char *text = test_malloc(MB(1));
	int at = 0;

	assert_string_equal(problems_of(f, "a {\nb {\nc {\nd {\ne {\nx = 1\n}\n}\n}\n}\n}\n"),
			    "5: \"e\" is the 5th section inside another; at most 4 are taken\n");

	memset(text, 'x', MB(1));
	memcpy(text, "a = ", 4);
	text[4 + SYNTAX_TEXT_MOST] = 0;
	assert_string_equal(problems_of(f, text), "");
	text[4 + SYNTAX_TEXT_MOST] = 'x';
	text[5 + SYNTAX_TEXT_MOST] = 0;
	assert_string_equal(problems_of(f, text), "1: the value of \"a\" has more than 4096 bytes\n");

	at += sprintf(text, "a = { 1");
	for (int i = 0; i < SYNTAX_LIST_MOST; i++)
		at += sprintf(text + at, ",1");
	strcpy(text + at, "}");
	assert_string_equal(problems_of(f, text), "1: \"a\" has 1001 values; at most 1000 are taken\n");
	test_free(text);
}

static void bytes_that_are_no_text(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(problems_of(f, "a = \"\xc3\x28\"\nb = \"\x01\"\nc 1\n"),
			    "1: this line is not text in UTF-8, or has control characters in it\n"
			    "2: this line is not text in UTF-8, or has control characters in it\n"
			    "3: after \"c\" comes \"= value\", or \"{\" if it is a section\n");
	f->problems.count = 0;
	syntax_parse(f->arena, "t.conf", "a = 1\0b\nc = 2\n", 14, &f->problems);
	assert_int_equal(f->problems.count, 1);
	assert_int_equal(f->problems.list[0].line, 1);
}

/* libconfuse would follow it into another section, or end the program. */
static void names_that_the_library_knows(void **state)
{
	struct fixture *f = *state;
	const struct syntax_section *top =
		parse(f, "\"s|x\" = 1\n\"s=a|x\" = 2\nroot {\n}\nvalue = 3\n\"\\\\\" = 4\n");

	assert_int_equal(f->problems.count, 0);
	assert_string_equal(top->settings->name, "s|x");
	assert_string_equal(top->settings->next->name, "s=a|x");
	assert_setting(top->settings->next->next, "value", 5, "3");
	assert_setting(top->settings->next->next->next, "\\", 6, "4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(settings_and_lines, prepare, clear),
		cmocka_unit_test_setup_teardown(quotes, prepare, clear),
		cmocka_unit_test_setup_teardown(lists, prepare, clear),
		cmocka_unit_test_setup_teardown(sections, prepare, clear),
		cmocka_unit_test_setup_teardown(mistakes_end_with_their_line, prepare, clear),
		cmocka_unit_test_setup_teardown(unclosed, prepare, clear),
		cmocka_unit_test_setup_teardown(one_line_sections, prepare, clear),
		cmocka_unit_test_setup_teardown(limits, prepare, clear),
		cmocka_unit_test_setup_teardown(bytes_that_are_no_text, prepare, clear),
		cmocka_unit_test_setup_teardown(names_that_the_library_knows, prepare, clear),
	};

	return cmocka_run_group_tests_name("config/syntax", tests, NULL, NULL);
}
