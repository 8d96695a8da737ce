/* Teaches the commands. */
#include "rosterctl/help.h"

#include <string.h>

#include "base/arena.h"
#include "rosterctl/commands.h"
#include "rosterctl/ctl.h"
#include "rosterctl/exits.h"
#include "rosterctl/handlers.h"

enum { INDENT = 2, NAME_WIDTH = 20, OPTION_WIDTH = 26, SHOWN_MOST = 64 };

/* Wraps words at HELP_WIDTH; what follows the first line is indented. The first line stands at column `at`
 * already. */
static void put_wrapped(FILE *out, const char *words, size_t at, size_t indent)
{
	bool first = true;

	while (*words) {
		size_t length = strcspn(words, " ");

		if (!first && at + 1 + length > HELP_WIDTH) {
			fprintf(out, "\n%*s", (int)indent, "");
			at = indent;
		} else if (!first)
			at += (size_t)fprintf(out, " ");
		at += (size_t)fprintf(out, "%.*s", (int)length, words);
		words += length + (words[length] == ' ');
		first = false;
	}
	fputc('\n', out);
}

/* "  name        words", or the words on a line of their own if the name is too long. */
static void put_entry(FILE *out, const char *name, const char *words, size_t width)
{
	int length = fprintf(out, "%*s%s", INDENT, "", name);

	if ((size_t)length + 1 > width)
		fprintf(out, "\n%*s", (int)width, "");
	else
		fprintf(out, "%*s", (int)width - length, "");
	put_wrapped(out, words, width, width);
}

static void put_options(FILE *out, const char *title, const struct option *options)
{
	char shown[SHOWN_MOST];

	fprintf(out, "\n%s\n", title);
	for (; options->name; options++) {
		snprintf(shown, sizeof(shown), "--%s%s%s%s", options->name, options->value ? " " : "",
			 options->value ? options->value : "", options->many ? " ..." : "");
		put_entry(out, shown, options->words, OPTION_WIDTH);
	}
}

void help_of(FILE *out, const struct command *command)
{
	fprintf(out, "rosterctl %s%s%s%s\n\n", command->name, *command->arguments ? " " : "",
		command->arguments, command->options ? " [OPTION...]" : "");
	put_wrapped(out, command->summary, 0, 0);
	if (command->words) {
		fputc('\n', out);
		put_wrapped(out, command->words, 0, 0);
	}
	if (command->options)
		put_options(out, "Options", command->options);
	put_options(out, "Options of every command", common_options);
	fprintf(out, "\nExample\n%*s%s\n", INDENT, "", command->example);
	fputs("\nNext\n  ", out);
	put_wrapped(out, command->next, INDENT, INDENT);
}

void help_group(FILE *out, const char *group)
{
	for (const struct command *c = commands; c->name; c++)
		if (command_in_group(c, group))
			put_entry(out, c->name, c->summary, NAME_WIDTH + INDENT);
	fprintf(out, "\n\"rosterctl help %s COMMAND\" teaches one of them.\n", group);
}

static void put_exits(FILE *out)
{
	char number[8];

	fputs("\nExit codes\n", out);
	for (const struct exits_meaning *m = exits_meanings; m->words; m++) {
		snprintf(number, sizeof(number), "%d", m->number);
		put_entry(out, number, m->words, INDENT + 3);
	}
}

/* An empty line between groups. */
static bool same_group(const struct command *a, const struct command *b)
{
	size_t length = strcspn(a->name, " ");

	return length == strcspn(b->name, " ") && strncmp(a->name, b->name, length) == 0;
}

void help_overview(FILE *out)
{
	fputs("rosterctl COMMAND [ARGUMENT...] [OPTION...]\n\n"
	      "Talks to rosterd: organisations, the directories they are connected to, and the\n"
	      "people who come from there.\n\nCommands\n",
	      out);
	for (const struct command *c = commands; c->name; c++) {
		if (c > commands && (strchr(c->name, ' ') || strchr(c[-1].name, ' ')) &&
		    !same_group(c, c - 1))
			fputc('\n', out);
		put_entry(out, c->name, c->summary, NAME_WIDTH + INDENT);
	}
	put_options(out, "Options of every command", common_options);
	put_exits(out);
	fputs("\n\"rosterctl help COMMAND\" teaches one command; rosterctl(1) is the manual.\n", out);
}

static bool is_group(const char *word)
{
	for (const struct command *c = commands; c->name; c++)
		if (command_in_group(c, word))
			return true;
	return false;
}

int help_command(struct ctl *ctl, struct error *e)
{
	const char *first = ctl_word(ctl, 0), *second = ctl_word(ctl, 1);
	const struct command *command;

	if (!first) {
		help_overview(stdout);
		return 0;
	}
	command = command_find(second ? arena_format(ctl->arena, "%s %s", first, second) : first);
	if (command)
		help_of(stdout, command);
	else if (!second && is_group(first))
		help_group(stdout, first);
	else
		return usage_error(e, "there is no command \"%s%s%s\"; \"rosterctl help\" lists them", first,
				   second ? " " : "", second ? second : "");
	return 0;
}
