/* The command line is read as the table of commands says, and what is wrong with it is said usefully. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "rosterctl/arguments.h"
#include "rosterctl/commands.h"
#include "rosterctl/exits.h"

#define READ(...) read_words((const char *const[]){ "rosterctl", __VA_ARGS__, NULL })

static struct arena *arena;
static struct arguments given;
static struct error error;

/* Reads a command line; what was read stands in `given`, what was wrong in `error`. */
static int read_words(const char *const *words)
{
	char *argv[32] = { NULL };
	int argc = 0;

	for (; words[argc]; argc++)
		argv[argc] = arena_text(arena, words[argc]);
	given = (struct arguments){ 0 };
	error = (struct error){ 0 };
	return arguments_read(arena, argc, argv, &given, &error);
}

static void assert_refused(int result, const char *says)
{
	assert_int_equal(result, -1);
	assert_string_equal(error.code, CODE_USAGE);
	assert_int_equal(exits_of(&error), EXITS_USAGE);
	if (!strstr(error.text, says))
		fail_msg("\"%s\" is not in: %s", says, error.text);
	assert_null(given.command); /* written only on success */
}

static void options_stand_anywhere(void **state)
{
	(void)state;
	assert_int_equal(READ("--type", "team", "--socket=/s", "org", "--json", "create", "Acme", "--slug",
			      "a"),
			 0);
	assert_string_equal(given.command->name, "org create");
	assert_int_equal(given.count, 1);
	assert_string_equal(given.words[0], "Acme");
	assert_null(given.words[1]);
	assert_string_equal(arguments_option(&given, "type"), "team");
	assert_string_equal(arguments_option(&given, "socket"), "/s");
	assert_string_equal(arguments_option(&given, "slug"), "a");
	assert_true(arguments_given(&given, "json"));
	assert_false(arguments_given(&given, "help"));
	assert_null(arguments_option(&given, "url"));
}

static void two_dashes_end_the_options(void **state)
{
	(void)state;
	assert_int_equal(READ("org", "create", "--", "--json"), 0);
	assert_string_equal(given.words[0], "--json");
	assert_false(arguments_given(&given, "json"));
	assert_int_equal(READ("org", "create", "-"), 0);
	assert_string_equal(given.words[0], "-");
}

static void values_after_equals_may_be_anything(void **state)
{
	(void)state;
	assert_int_equal(READ("org", "create", "A", "--slug=--x=y"), 0);
	assert_string_equal(arguments_option(&given, "slug"), "--x=y");
	assert_int_equal(READ("org", "create", "A", "--slug="), 0);
	assert_string_equal(arguments_option(&given, "slug"), "");
}

static void some_options_may_be_given_often(void **state)
{
	size_t at = 0;

	(void)state;
	assert_int_equal(READ("connection", "create", "--set", "a=1", "o", "p", "--set=b=2", "--role", "g=r",
			      "n"),
			 0);
	assert_string_equal(arguments_each(&given, "set", &at), "a=1");
	assert_string_equal(arguments_each(&given, "set", &at), "b=2");
	assert_null(arguments_each(&given, "set", &at));
	assert_refused(READ("org", "create", "A", "--slug", "a", "--slug", "b"), "--slug is given twice");
}

static void what_was_meant_is_said(void **state)
{
	(void)state;
	assert_refused(READ("conection", "list", "acme"), "did you mean \"connection\"?");
	assert_refused(READ("member", "lst", "acme"), "did you mean \"list\"?");
	assert_refused(READ("org", "create", "A", "--tpye", "team"), "did you mean \"--type\"?");
	assert_refused(READ("org", "list", "--delted"),
		       "\"org list\" takes no option \"--delted\"; did you mean \"--deleted\"?");
	assert_refused(READ("--delted", "org", "list"),
		       "there is no option \"delted\"; did you mean \"deleted\"?");
	assert_refused(READ("connection", "list", "a", "--states", "x"),
		       "\"rosterctl help connection list\" shows what it takes");
	assert_refused(READ("member", "list", "a", "--slate", "x"),
		       "\"member list\" takes no option \"--slate\"; did you mean \"--state\"?");
	assert_refused(READ("org", "create", "A", "--type", "entreprise"), "did you mean \"enterprise\"?");
	assert_refused(READ("statsu"), "did you mean \"status\"?");
	assert_refused(READ("xyzzy"), "\"rosterctl help\" lists them");
	assert_refused(READ("domain", "xyzzy"), "there are add, check, sso-only, show, list, adopt, remove");
	assert_refused(READ("org", "create", "A", "--type", "xyzzy"),
		       "one of solo, team, enterprise is expected");
}

/* What the daemon says of a place in the body, as whoever typed the command reads it. */
static const char *named(const char *command, const char *text)
{
	snprintf(error.text, sizeof(error.text), "%s", text);
	arguments_name_place(arena, command_find(command), &error);
	return error.text;
}

static void places_in_the_body_become_options(void **state)
{
	(void)state;
	assert_string_equal(named("org create", "\"/type\": one of a is expected, nothing came"),
			    "--type: one of a is expected, nothing came");
	assert_string_equal(named("org create", "\"/seat_limit\": a number"), "--seats: a number");
	assert_string_equal(named("org set", "\"/default_role\": no"), "--default-role: no");
	assert_string_equal(named("org create", "\"/name\": text"), "NAME: text");
	assert_string_equal(named("member role", "\"/role\": text"), "ROLE: text");
	assert_string_equal(named("token create", "\"/scopes/0\": text"), "--scope: text");
	assert_string_equal(named("connection create", "\"/settings/url\": text"), "--set: text");
	assert_string_equal(named("org create", "\"/colour\": text"), "\"/colour\": text");
	assert_string_equal(named("org create", "\"/type"), "\"/type");
	assert_string_equal(named("org create", "there is no /type"), "there is no /type");
}

static void what_is_missing_or_too_much_is_said(void **state)
{
	(void)state;
	assert_refused(READ("org"), "needs a second word; there are create, list, show, set, owner");
	assert_refused(READ("member", "role", "acme"), "rosterctl member role ORG MEMBER [ROLE]");
	assert_refused(READ("member", "show", "acme", "Ada", "Lovelace"),
		       "\"Lovelace\" is one argument too many");
	assert_refused(READ("org", "show", ""), "an argument is empty");
	assert_refused(READ("org", "create", "A", "--slug"), "--slug needs a value: --slug SLUG");
	assert_refused(READ("org", "create", "A", "--slug", "--json"), "--slug needs a value");
	assert_refused(READ("org", "list", "--json=yes"), "--json takes no value");
	assert_refused(READ("org", "list", "--wait"), "\"org list\" takes no option \"--wait\"");
	assert_refused(READ("org", "list", "-j"), "there is no option \"-j\"");
}

static void help_does_not_mind_what_is_missing(void **state)
{
	(void)state;
	assert_int_equal(READ("member", "role", "--help"), 0);
	assert_string_equal(given.command->name, "member role");
	assert_int_equal(READ("-h", "org"), 0);
	assert_null(given.command);
	assert_string_equal(given.topic, "org");
	assert_int_equal(READ("--help"), 0);
	assert_null(given.topic);
}

static void the_number_of_arguments_is_read_from_the_table(void **state)
{
	const struct {
		const char *arguments;
		size_t least, most;
	} cases[] = {
		{ "", 0, 0 },
		{ "A", 1, 1 },
		{ "A B/C", 2, 2 },
		{ "A [B]", 1, 2 },
		{ "[A...]", 0, SIZE_MAX },
		{ "A[/B]", 1, 1 },
	};
	size_t least, most;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		arguments_bounds(&(struct command){ .arguments = cases[i].arguments }, &least, &most);
		assert_int_equal(least, cases[i].least);
		assert_int_equal(most, cases[i].most);
	}
}

/* Every word of the table, one letter wrong, is either refused or another word of the table. */
static void no_mistyped_command_runs(void **state)
{
	char word[64];

	(void)state;
	for (const struct command *c = commands; c->name; c++)
		for (size_t i = 0; c->name[i] && c->name[i] != ' '; i++) {
			snprintf(word, sizeof(word), "%.*s", (int)strcspn(c->name, " "), c->name);
			word[i] = '#';
			assert_refused(READ(word, "x"), "there is no command");
		}
}

static int open_all(void **state)
{
	(void)state;
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
		cmocka_unit_test(options_stand_anywhere),
		cmocka_unit_test(two_dashes_end_the_options),
		cmocka_unit_test(values_after_equals_may_be_anything),
		cmocka_unit_test(some_options_may_be_given_often),
		cmocka_unit_test(what_was_meant_is_said),
		cmocka_unit_test(places_in_the_body_become_options),
		cmocka_unit_test(what_is_missing_or_too_much_is_said),
		cmocka_unit_test(help_does_not_mind_what_is_missing),
		cmocka_unit_test(the_number_of_arguments_is_read_from_the_table),
		cmocka_unit_test(no_mistyped_command_runs),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
