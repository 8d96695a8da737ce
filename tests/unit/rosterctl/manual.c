/* docs/rosterctl.1 teaches what the table of commands knows, word for word, and no command that there is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rosterctl/commands.h"
#include "rosterctl/exits.h"
#include "rosterctl/help.h"

enum { MANUAL_MOST = 256 << 10, PIECE_MOST = 1024 };

static char manual[MANUAL_MOST];

/* Copies text without what only roff understands, quotes and blanks aside, so that words can be compared. */
static void add_plain(char *to, const char *from)
{
	static const struct {
		const char *roff, *plain;
	} escapes[] = { { "\\-", "-" },	  { "\\(dq", "\"" }, { "\\(aq", "'" },
			{ "\\(ti", "~" }, { "\\e", "\\" },   { "\\fR", "" } };
	size_t i;

	while (*from) {
		for (i = 0; i < sizeof(escapes) / sizeof(*escapes); i++)
			if (strncmp(from, escapes[i].roff, strlen(escapes[i].roff)) == 0)
				break;
		if (i < sizeof(escapes) / sizeof(*escapes)) {
			to += sprintf(to, "%s", escapes[i].plain);
			from += strlen(escapes[i].roff);
		} else if (*from == ' ' || *from == '\n') {
			if (to[-1] != ' ')
				*to++ = ' ';
			from++;
		} else
			*to++ = *from++;
	}
	*to = '\0';
}

/* Macros go, their words stay; a section's title keeps a mark before it. */
static void add_line(char *line)
{
	char *words = strchr(line, ' '), *quote;

	if (line[0] != '.') {
		add_plain(manual + strlen(manual), line);
		return;
	}
	if (strncmp(line, ".SS ", 4) == 0 || strncmp(line, ".SH ", 4) == 0)
		strcat(manual, "\001");
	for (quote = words; quote && (quote = strchr(quote, '"'));)
		memmove(quote, quote + 1, strlen(quote));
	add_plain(manual + strlen(manual), words ? words : "");
}

static int read_manual(void **state)
{
	char path[4096], line[4096];
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "%s/docs/rosterctl.1", getenv("SRCDIR") ? getenv("SRCDIR") : ".");
	file = fopen(path, "r");
	if (!file)
		return -1;
	strcpy(manual, " ");
	while (fgets(line, sizeof(line), file))
		add_line(line);
	return fclose(file);
}

/* The section with this title, its end cut off in a copy; NULL if there is none. */
static char *section(const char *title)
{
	static char copy[MANUAL_MOST];
	char wanted[PIECE_MOST];
	char *begin;

	snprintf(wanted, sizeof(wanted), "\001 %s ", title);
	begin = strstr(manual, wanted);
	if (!begin) {
		snprintf(wanted, sizeof(wanted), "\001%s ", title);
		begin = strstr(manual, wanted);
	}
	if (!begin)
		return NULL;
	strcpy(copy, begin + 1);
	copy[strcspn(copy, "\001")] = '\0';
	return copy;
}

static void assert_taught(const char *where, const char *text, const char *words)
{
	if (words && !strstr(text, words))
		fail_msg("\"%s\" of \"%s\" is not in docs/rosterctl.1", words, where);
}

static void assert_options_taught(const char *where, const char *text, const struct option *options)
{
	char shown[PIECE_MOST];

	for (; options && options->name; options++) {
		snprintf(shown, sizeof(shown), "--%s%s%s%s %s", options->name, options->value ? " " : "",
			 options->value ? options->value : "", options->many ? " ..." : "", options->words);
		assert_taught(where, text, shown);
	}
}

static void every_command_is_in_the_manual(void **state)
{
	char title[PIECE_MOST];

	(void)state;
	for (const struct command *c = commands; c->name; c++) {
		const char *text;

		snprintf(title, sizeof(title), "rosterctl %s%s%s", c->name, *c->arguments ? " " : "",
			 c->arguments);
		text = section(title);
		if (!text)
			fail_msg("\"%s\" has no section in docs/rosterctl.1", title);
		assert_taught(title, text, c->summary);
		assert_taught(title, text, c->words);
		assert_taught(title, text, c->example);
		assert_taught(title, text, c->next);
		assert_options_taught(title, text, c->options);
	}
}

static void the_manual_has_no_other_command(void **state)
{
	size_t sections = 0, count = 0;

	(void)state;
	while (commands[count].name)
		count++;
	for (const char *at = manual; (at = strstr(at, "\001")); at++)
		sections += strncmp(at, "\001rosterctl ", 11) == 0 || strncmp(at, "\001 rosterctl ", 12) == 0;
	assert_int_equal(sections, count);
}

static void common_options_and_exit_codes_are_in_the_manual(void **state)
{
	char shown[PIECE_MOST];

	(void)state;
	assert_non_null(section("OPTIONS"));
	assert_options_taught("OPTIONS", section("OPTIONS"), common_options);
	for (const struct exits_meaning *m = exits_meanings; m->words; m++) {
		snprintf(shown, sizeof(shown), "%d %s", m->number, m->words);
		assert_taught("EXIT STATUS", section("EXIT STATUS"), shown);
	}
}

/* What a program prints into memory; until the next call. */
static const char *help_text(const struct command *command)
{
	static char *text;
	size_t size;
	FILE *out;

	free(text);
	out = open_memstream(&text, &size);
	if (command)
		help_of(out, command);
	else
		help_overview(out);
	fclose(out);
	for (char *at = text; (at = strpbrk(at, "\n "));) /* wrapped lines are compared as one */
		if (at[0] == '\n' || at[1] == ' ' || at[1] == '\n')
			at[0] = ' ', memmove(at + 1, at + 1 + strspn(at + 1, " \n"),
					     strlen(at + 1 + strspn(at + 1, " \n")) + 1);
		else
			at++;
	return text;
}

static void every_help_teaches(void **state)
{
	(void)state;
	for (const struct command *c = commands; c->name; c++) {
		const char *text = help_text(c);

		assert_taught("help", text, c->summary);
		assert_taught("help", text, c->words);
		assert_taught("help", text, c->example);
		assert_taught("help", text, c->next);
		assert_options_taught("help", text, c->options);
		assert_options_taught("help", text, common_options);
		assert_taught("help", help_text(NULL), c->name);
		assert_taught("help", help_text(NULL), c->summary);
	}
}

static void help_fits_a_terminal(void **state)
{
	size_t size;
	char *text;

	(void)state;
	for (const struct command *c = commands; c->name; c++) {
		FILE *out = open_memstream(&text, &size);

		help_of(out, c);
		fclose(out);
		for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
			if (strcspn(line, "\n") > HELP_WIDTH && !strstr(line, c->example))
				fail_msg("help of \"%s\" is too wide: %.100s", c->name, line);
		free(text);
	}
}

/* An option means the same to the reader of a line whatever the command, so it may have a value or none, not
 * both. */
static void options_of_one_name_agree(void **state)
{
	(void)state;
	for (const struct command *c = commands; c->name; c++) {
		assert_non_null(c->run);
		assert_non_null(c->next);
		for (const struct option *o = c->options; o && o->name; o++)
			if (!o->value != !command_option(NULL, o->name)->value)
				fail_msg("--%s of \"%s\" has a value or none, unlike elsewhere", o->name,
					 c->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_is_in_the_manual),
		cmocka_unit_test(the_manual_has_no_other_command),
		cmocka_unit_test(common_options_and_exit_codes_are_in_the_manual),
		cmocka_unit_test(every_help_teaches),
		cmocka_unit_test(help_fits_a_terminal),
		cmocka_unit_test(options_of_one_name_agree),
	};

	return cmocka_run_group_tests(tests, read_manual, NULL);
}
