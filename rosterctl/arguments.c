/* Sorts the words of the command line into command, options and arguments. */
#include "platform.h" /* memmem */
#include "rosterctl/arguments.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "rosterctl/commands.h"
#include "rosterctl/exits.h"

enum { NAMES_MOST = 255 };

/* Names to choose from when one was mistyped; each once, ended by NULL. */
struct names {
	const char *list[NAMES_MOST + 1];
	size_t count;
};

static void add_name(struct names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->list[i], name) == 0)
			return;
	if (names->count < NAMES_MOST)
		names->list[names->count++] = name;
}

static int unknown(const struct names *names, const char *what, const char *given, const char *otherwise,
		   struct error *e)
{
	const char *meant = text_did_you_mean(given, names->list);

	if (meant)
		return usage_error(e, "there is no %s \"%s\"; did you mean \"%s\"?", what, given, meant);
	return usage_error(e, "there is no %s \"%s\"; %s", what, given, otherwise);
}

static void add_options(struct names *names, const struct option *options)
{
	for (; options && options->name; options++)
		add_name(names, options->name);
}

/* No command knows it. */
static int unknown_anywhere(const char *name, struct error *e)
{
	struct names names = { 0 };

	add_options(&names, common_options);
	for (const struct command *any = commands; any->name; any++)
		add_options(&names, any->options);
	return unknown(&names, "option", name, "\"rosterctl help COMMAND\" shows those of a command", e);
}

static int unknown_to(const struct command *command, const char *name, struct error *e)
{
	struct names names = { 0 };
	const char *meant;

	add_options(&names, command->options);
	add_options(&names, common_options);
	meant = text_did_you_mean(name, names.list);
	if (meant)
		return usage_error(e, "\"%s\" takes no option \"--%s\"; did you mean \"--%s\"?",
				   command->name, name, meant);
	return usage_error(e, "\"%s\" takes no option \"--%s\"; \"rosterctl help %s\" shows what it takes",
			   command->name, name, command->name);
}

/* The command that the words so far name, or NULL. */
static const struct command *command_so_far(struct arena *arena, const struct arguments *a)
{
	const struct command *command =
		a->count > 1 ? command_find(arena_format(arena, "%s %s", a->words[0], a->words[1])) : NULL;

	return command || a->count == 0 ? command : command_find(a->words[0]);
}

static int check_choice(const struct option *option, const char *value, struct error *e)
{
	struct names names = { 0 };
	char all[128] = "";
	const char *meant;

	for (const char *const *choice = option->choices; choice && *choice; choice++) {
		if (strcmp(*choice, value) == 0)
			return 0;
		add_name(&names, *choice);
		strncat(all, all[0] ? ", " : "", sizeof(all) - strlen(all) - 1);
		strncat(all, *choice, sizeof(all) - strlen(all) - 1);
	}
	if (!option->choices)
		return 0;
	meant = text_did_you_mean(value, names.list);
	return usage_error(e, "--%s is \"%s\"; one of %s is expected%s%s%s", option->name, value, all,
			   meant ? "; did you mean \"" : "", meant ? meant : "", meant ? "\"?" : "");
}

static void keep_option(struct arguments *a, const struct option *option, const char *value)
{
	a->options[a->option_count++] = (struct given_option){ option, value };
}

/* Reads argv[*at], and the next one if that is its value. */
static int read_option(struct arena *arena, int argc, char *const *argv, int *at, struct arguments *a,
		       struct error *e)
{
	const char *given = argv[*at] + 2, *equals = strchr(given, '='), *value = equals ? equals + 1 : NULL;
	const char *name = equals ? arena_text_n(arena, given, (size_t)(equals - given)) : given;
	const struct option *option = command_option(NULL, name);

	if (!option) {
		const struct command *command = command_so_far(arena, a);

		return command ? unknown_to(command, name, e) : unknown_anywhere(name, e);
	}
	if (!option->value && value)
		return usage_error(e, "--%s takes no value, and \"%s\" came with it", name, value);
	if (option->value && !value && *at + 1 < argc && !text_begins(argv[*at + 1], "--"))
		value = argv[++*at];
	if (option->value && !value)
		return usage_error(e, "--%s needs a value: --%s %s", name, name, option->value);
	keep_option(a, option, value);
	return 0;
}

static int split(struct arena *arena, int argc, char *const *argv, struct arguments *a, struct error *e)
{
	bool ended = false;

	for (int i = 1; i < argc; i++) {
		if (!ended && strcmp(argv[i], "--") == 0)
			ended = true;
		else if (!ended && strcmp(argv[i], "-h") == 0)
			keep_option(a, command_option(NULL, "help"), NULL);
		else if (!ended && text_begins(argv[i], "--")) {
			if (read_option(arena, argc, argv, &i, a, e) < 0)
				return -1;
		} else if (!ended && argv[i][0] == '-' && argv[i][1] != '\0')
			return usage_error(
				e, "there is no option \"%s\"; options have two dashes and a whole name",
				argv[i]);
		else
			a->words[a->count++] = argv[i];
	}
	return 0;
}

/* The second word of a command's name. */
static const char *second_word(const struct command *command)
{
	const char *blank = strchr(command->name, ' ');

	return blank ? blank + 1 : NULL;
}

/* A group was named, and no command of it. */
static int only_group(struct arguments *a, struct error *e)
{
	struct names names = { 0 };
	char otherwise[256] = "there are ";

	a->topic = a->words[0];
	if (arguments_given(a, "help"))
		return 0;
	for (const struct command *c = commands; c->name; c++)
		if (command_in_group(c, a->topic)) {
			strncat(otherwise, names.count ? ", " : "",
				sizeof(otherwise) - strlen(otherwise) - 1);
			strncat(otherwise, second_word(c), sizeof(otherwise) - strlen(otherwise) - 1);
			add_name(&names, second_word(c));
		}
	if (a->count < 2)
		return usage_error(e, "\"%s\" needs a second word; %s", a->topic, otherwise);
	return unknown(&names, "command", a->words[1], otherwise, e);
}

static int unknown_command(struct arena *arena, struct arguments *a, struct error *e)
{
	struct names names = { 0 };

	for (const struct command *c = commands; c->name; c++)
		add_name(&names, arena_text_n(arena, c->name, strcspn(c->name, " ")));
	return unknown(&names, "command", a->words[0], "\"rosterctl help\" lists them", e);
}

static void drop_words(struct arguments *a, size_t count)
{
	a->words += count;
	a->count -= count;
}

static int name_command(struct arena *arena, struct arguments *a, struct error *e)
{
	if (a->count == 0)
		return 0;
	if (a->count > 1)
		a->command = command_find(arena_format(arena, "%s %s", a->words[0], a->words[1]));
	if (a->command)
		return drop_words(a, 2), 0;
	a->command = command_find(a->words[0]);
	if (a->command)
		return drop_words(a, 1), 0;
	for (const struct command *c = commands; c->name; c++)
		if (command_in_group(c, a->words[0]))
			return only_group(a, e);
	return unknown_command(arena, a, e);
}

void arguments_bounds(const struct command *command, size_t *ret_least, size_t *ret_most)
{
	size_t least = 0, most = 0;

	for (const char *at = command->arguments; *at;) {
		size_t length = strcspn(at, " ");

		least += at[0] != '[';
		most = memmem(at, length, "...", 3) ? SIZE_MAX : most + 1;
		at += length + strspn(at + length, " ");
	}
	*ret_least = least;
	*ret_most = most;
}

/* Before the command is known an option is that of any command; now it becomes the command's own. */
static int check_option(struct arguments *a, size_t index, struct error *e)
{
	struct given_option *given = &a->options[index];
	const struct option *own = command_option(a->command, given->option->name);

	if (!own)
		return unknown_to(a->command, given->option->name, e);
	for (size_t i = 0; i < index && !own->many && own->value; i++)
		if (a->options[i].option == own)
			return usage_error(e, "--%s is given twice; it is expected once", own->name);
	given->option = own;
	return check_choice(own, given->value, e);
}

static int check_command(struct arguments *a, struct error *e)
{
	size_t least, most;

	for (size_t i = 0; i < a->option_count; i++)
		if (check_option(a, i, e) < 0)
			return -1;
	arguments_bounds(a->command, &least, &most);
	if (arguments_given(a, "help"))
		return 0;
	if (a->count < least)
		return usage_error(e, "an argument is missing: rosterctl %s %s", a->command->name,
				   a->command->arguments);
	if (a->count > most)
		return usage_error(e,
				   "\"%s\" is one argument too many: rosterctl %s %s (text with blanks "
				   "stands in quotes)",
				   a->words[most], a->command->name, a->command->arguments);
	for (size_t i = 0; i < a->count; i++)
		if (a->words[i][0] == '\0')
			return usage_error(e, "an argument is empty: rosterctl %s %s", a->command->name,
					   a->command->arguments);
	return 0;
}

int arguments_read(struct arena *arena, int argc, char *const *argv, struct arguments *ret, struct error *e)
{
	struct arguments a = { 0 };

	a.words = arena_array(arena, (size_t)argc + 1, sizeof(*a.words));
	a.options = arena_array(arena, (size_t)argc + 1, sizeof(*a.options));
	if (split(arena, argc, argv, &a, e) < 0 || name_command(arena, &a, e) < 0 ||
	    (a.command && check_command(&a, e) < 0))
		return -1;
	*ret = a;
	return 0;
}

/* ---- places in the body, as options ---- */

/* "default_role" is "default-role", and MEMBER is "member". */
static bool is_called(const char *word, size_t length, const char *member)
{
	size_t i = 0;

	for (; i < length && member[i]; i++) {
		char c = word[i] == '-' ? '_' : (char)tolower((unsigned char)word[i]);

		if (c != member[i])
			return false;
	}
	return i == length && !member[i];
}

static const char *option_for(struct arena *arena, const struct command *command, const char *member)
{
	for (const struct option *o = command->options; o && o->name; o++)
		if (o->member ? text_equal(o->member, member)
			      : o->value && is_called(o->name, strlen(o->name), member))
			return arena_format(arena, "--%s", o->name);
	return NULL;
}

static const char *argument_for(struct arena *arena, const struct command *command, const char *member)
{
	for (const char *at = command->arguments; *at; at += strspn(at, " []")) {
		size_t length = strcspn(at, " []");

		if (length > 0 && is_called(at, length, member))
			return arena_text_n(arena, at, length);
		at += length;
	}
	return NULL;
}

void arguments_name_place(struct arena *arena, const struct command *command, struct error *e)
{
	size_t length;
	const char *member, *name;

	if (!text_begins(e->text, "\"/"))
		return;
	length = strcspn(e->text + 2, "\"/");
	member = arena_text_n(arena, e->text + 2, length);
	name = option_for(arena, command, member);
	if (!name)
		name = argument_for(arena, command, member);
	length += 2;
	length += strcspn(e->text + length, "\"");
	if (name && e->text[length] == '"')
		snprintf(e->text, sizeof(e->text), "%s",
			 arena_format(arena, "%s%s", name, e->text + length + 1));
}

const char *arguments_each(const struct arguments *given, const char *name, size_t *at)
{
	for (; *at < given->option_count; ++*at)
		if (strcmp(given->options[*at].option->name, name) == 0)
			return given->options[(*at)++].value;
	return NULL;
}

const char *arguments_option(const struct arguments *given, const char *name)
{
	size_t at = 0;

	return arguments_each(given, name, &at);
}

bool arguments_given(const struct arguments *given, const char *name)
{
	for (size_t i = 0; i < given->option_count; i++)
		if (strcmp(given->options[i].option->name, name) == 0)
			return true;
	return false;
}
