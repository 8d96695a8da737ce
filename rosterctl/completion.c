/* Writes what a shell needs to complete our commands, from the table of commands.
 *
 * All three scripts do the same: they go through the words before the cursor, leave out options and the values of options,
 * and offer what may follow on the words that are left. "help" counts for none of them, so that it completes like what it
 * teaches. No script asks the daemon. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "rosterctl/commands.h"
#include "rosterctl/ctl.h"
#include "rosterctl/handlers.h"

/* ---- what the table says ---- */

/* What stands for a value tells what is looked for: a file, a folder, or nothing that a shell could know. */
static bool is_file(const char *value)
{
	return value && (text_equal(value, "FILE") || text_equal(value, "PATH"));
}

static bool is_folder(const char *value)
{
	return value && text_equal(value, "DIR");
}

static bool is_any_value(const char *value)
{
	return value != NULL;
}

static bool takes_files(const struct command *command)
{
	return strstr(command->arguments, "FILE") != NULL;
}

static int first_length(const struct command *command)
{
	return (int)strcspn(command->name, " ");
}

static const char *second_word(const struct command *command)
{
	const char *blank = strchr(command->name, ' ');

	return blank ? blank + 1 : NULL;
}

/* Commands of one group stand together, so the first of them is the one whose neighbour above is of another. */
static bool is_first_of_group(const struct command *command)
{
	size_t length = (size_t)first_length(command);

	return command == commands || (size_t)first_length(command - 1) != length ||
	       strncmp(command[-1].name, command->name, length) != 0;
}

static const struct command *next_of_group(const struct command *command)
{
	return command[1].name && !is_first_of_group(command + 1) ? command + 1 : NULL;
}

typedef bool value_fn(const char *value);

static bool add_option_name(const struct option *option, value_fn *wanted, const char *between, bool any)
{
	if (!wanted(option->value))
		return any;
	printf("%s--%s", any ? between : "", option->name);
	return true;
}

/* Whether a command above, or one of all commands, has an option of this name. */
static bool is_told_before(const struct command *command, const struct option *option)
{
	for (const struct option *o = common_options; o->name; o++)
		if (text_equal(o->name, option->name))
			return true;
	for (const struct command *c = commands; c < command; c++)
		for (const struct option *o = c->options; o && o->name; o++)
			if (text_equal(o->name, option->name))
				return true;
	return false;
}

/* Names of options whose value is wanted, each once; false: there is none. */
static bool put_option_names(value_fn *wanted, const char *between)
{
	bool any = false;

	for (const struct option *o = common_options; o->name; o++)
		any = add_option_name(o, wanted, between, any);
	for (const struct command *c = commands; c->name; c++)
		for (const struct option *o = c->options; o && o->name; o++)
			if (!is_told_before(c, o))
				any = add_option_name(o, wanted, between, any);
	return any;
}

static void put_choices(const struct option *option)
{
	for (const char *const *choice = option->choices; *choice; choice++)
		printf("%s%s", choice == option->choices ? "" : " ", *choice);
}

/* Text within single quotes: `special` is what a backslash stands before; a quote is written as `quote`. */
static void put_quoted(const char *text, const char *special, const char *quote)
{
	for (; *text; text++)
		if (*text == '\'')
			fputs(quote, stdout);
		else
			printf("%s%c", strchr(special, *text) ? "\\" : "", *text);
}

/* ---- bash ---- */

static void put_option_words(const struct option *options)
{
	for (; options && options->name; options++)
		printf(" --%s", options->name);
}

static void put_first_words(void)
{
	for (const struct command *c = commands; c->name; c++)
		if (is_first_of_group(c))
			printf("%s%.*s", c == commands ? "" : " ", first_length(c), c->name);
}

/* A case for each group. */
static void put_bash_groups(void)
{
	for (const struct command *c = commands; c->name; c++) {
		if (!second_word(c) || !is_first_of_group(c))
			continue;
		printf("\t\"%.*s \") words=\"", first_length(c), c->name);
		for (const struct command *in = c; in; in = next_of_group(in))
			printf("%s%s", in == c ? "" : " ", second_word(in));
		printf("\" ;;\n");
	}
}

/* A case for each command: its options, and whether it takes files. */
static void put_bash_commands(void)
{
	for (const struct command *c = commands; c->name; c++) {
		if (!c->options && !takes_files(c))
			continue;
		printf("\t\"%s\"%s)", c->name, second_word(c) ? "" : "\\ *");
		if (c->options) {
			printf(" options+=\"");
			put_option_words(c->options);
			printf("\"");
		}
		printf("%s%s ;;\n", c->options && takes_files(c) ? ";" : "", takes_files(c) ? " files=1" : "");
	}
}

static void put_bash_values(void)
{
	for (const struct command *c = commands; c->name; c++)
		for (const struct option *o = c->options; o && o->name; o++)
			if (o->choices) {
				printf("\t\t\"%s%s --%s\") words=\"", c->name, second_word(c) ? "" : " \"*\"", o->name);
				put_choices(o);
				printf("\" ;;\n");
			}
}

int completion_bash(struct ctl *ctl, struct error *e)
{
	(void)ctl, (void)e;
	printf("# bash completion of rosterctl, made by \"rosterctl completion bash\"\n"
	       "_rosterctl_files() {\n"
	       "\tcompopt -o filenames 2>/dev/null\n"
	       "\tmapfile -t COMPREPLY < <(compgen \"$@\")\n"
	       "}\n"
	       "_rosterctl() {\n"
	       "\tlocal current=${COMP_WORDS[COMP_CWORD]} word valued= first= second= i at=0 files= words= options=\"");
	put_option_words(common_options);
	printf("\"\n"
	       "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	       "\t\tword=${COMP_WORDS[i]}\n"
	       "\t\t[[ $word == = ]] && continue # bash makes three words of --name=value\n"
	       "\t\tif [[ $valued ]]; then valued=; continue; fi\n"
	       "\t\tcase $at$word in\n"
	       "\t\t0help) ;;\n"
	       "\t\t?--*) case $word in\n\t\t\t");
	put_option_names(is_any_value, "|");
	printf(") valued=$word ;;\n"
	       "\t\t\tesac ;;\n"
	       "\t\t?-*) ;;\n"
	       "\t\t0*) first=$word at=1 ;;\n"
	       "\t\t1*) second=$word at=2 ;;\n"
	       "\t\tesac\n"
	       "\tdone\n"
	       "\t[[ $current == = ]] && current=\n"
	       "\tcase $valued in\n\t");
	put_option_names(is_file, "|");
	printf(") _rosterctl_files -f -- \"$current\"; return ;;\n\t");
	put_option_names(is_folder, "|");
	printf(") _rosterctl_files -d -- \"$current\"; return ;;\n"
	       "\t?*)\n"
	       "\t\tcase \"$first $second $valued\" in\n");
	put_bash_values();
	printf("\t\tesac\n"
	       "\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
	       "\t\treturn ;;\n"
	       "\tesac\n"
	       "\tcase \"$first $second\" in\n"
	       "\t\" \") words=\"");
	put_first_words();
	printf("\" ;;\n");
	put_bash_groups();
	put_bash_commands();
	printf("\tesac\n"
	       "\tif [[ $files && $current != -* ]]; then _rosterctl_files -f -- \"$current\"; return; fi\n"
	       "\t[[ $current == -* || -z $words ]] && words=$options\n"
	       "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
	       "}\n"
	       "complete -F _rosterctl rosterctl\n");
	return 0;
}

/* ---- zsh: an offer is 'word:what it is' ---- */

static void put_zsh_offer(const char *word, int length, const char *words)
{
	printf(" '%.*s:", length, word);
	put_quoted(words, "\\", "'\\''");
	printf("'");
}

/* What a group is, is what it has: "create, list, show". */
static void put_group_words(const struct command *first)
{
	for (const struct command *in = first; in; in = next_of_group(in))
		printf("%s%s", in == first ? "" : ", ", second_word(in));
}

static void put_zsh_first_words(void)
{
	for (const struct command *c = commands; c->name; c++) {
		if (!is_first_of_group(c))
			continue;
		if (!second_word(c)) {
			put_zsh_offer(c->name, first_length(c), c->summary);
			continue;
		}
		printf(" '%.*s:", first_length(c), c->name);
		put_group_words(c);
		printf("'");
	}
}

static void put_zsh_options(const struct option *options)
{
	for (; options && options->name; options++) {
		printf(" '--%s:", options->name);
		put_quoted(options->words, "\\", "'\\''");
		printf("'");
	}
}

static void put_zsh_groups(void)
{
	for (const struct command *c = commands; c->name; c++) {
		if (!second_word(c) || !is_first_of_group(c))
			continue;
		printf("\t'%.*s ') offered=(", first_length(c), c->name);
		for (const struct command *in = c; in; in = next_of_group(in))
			put_zsh_offer(second_word(in), (int)strlen(second_word(in)), in->summary);
		printf(" ) ;;\n");
	}
}

static void put_zsh_commands(void)
{
	for (const struct command *c = commands; c->name; c++) {
		if (!c->options && !takes_files(c))
			continue;
		printf("\t'%s'%s)", c->name, second_word(c) ? "" : "' '*");
		if (c->options) {
			printf(" options+=(");
			put_zsh_options(c->options);
			printf(" )");
		}
		printf("%s%s ;;\n", c->options && takes_files(c) ? ";" : "", takes_files(c) ? " files=1" : "");
	}
}

static void put_zsh_values(void)
{
	for (const struct command *c = commands; c->name; c++)
		for (const struct option *o = c->options; o && o->name; o++)
			if (o->choices) {
				printf("\t\t'%s%s--%s') compadd -- ", c->name, second_word(c) ? " " : " '*' ", o->name);
				put_choices(o);
				printf(" ;;\n");
			}
}

int completion_zsh(struct ctl *ctl, struct error *e)
{
	(void)ctl, (void)e;
	printf("#compdef rosterctl\n"
	       "# zsh completion of rosterctl, made by \"rosterctl completion zsh\"\n"
	       "_rosterctl() {\n"
	       "\tlocal word valued= first= second= i at=0 files=\n"
	       "\tlocal -a offered options\n"
	       "\tfor ((i = 2; i < CURRENT; i++)); do\n"
	       "\t\tword=${words[i]}\n"
	       "\t\tif [[ -n $valued ]]; then valued=; continue; fi\n"
	       "\t\tcase $at$word in\n"
	       "\t\t0help) ;;\n"
	       "\t\t?--*) case $word in\n\t\t\t");
	put_option_names(is_any_value, "|");
	printf(") valued=$word ;;\n"
	       "\t\t\tesac ;;\n"
	       "\t\t?-*) ;;\n"
	       "\t\t0*) first=$word at=1 ;;\n"
	       "\t\t1*) second=$word at=2 ;;\n"
	       "\t\tesac\n"
	       "\tdone\n"
	       "\tcase $valued in\n\t");
	put_option_names(is_file, "|");
	printf(") _files; return ;;\n\t");
	put_option_names(is_folder, "|");
	printf(") _files -/; return ;;\n"
	       "\t?*)\n"
	       "\t\tcase \"$first $second $valued\" in\n");
	put_zsh_values();
	printf("\t\t*) _message value ;;\n"
	       "\t\tesac\n"
	       "\t\treturn ;;\n"
	       "\tesac\n"
	       "\toptions=(");
	put_zsh_options(common_options);
	printf(" )\n"
	       "\tcase \"$first $second\" in\n"
	       "\t' ') offered=(");
	put_zsh_first_words();
	printf(" ) ;;\n");
	put_zsh_groups();
	put_zsh_commands();
	printf("\tesac\n"
	       "\tif [[ $PREFIX == -* ]] || [[ -z $files && $#offered == 0 ]]; then\n"
	       "\t\t_describe -o option options\n"
	       "\telif [[ -n $files ]]; then\n"
	       "\t\t_files\n"
	       "\telse\n"
	       "\t\t_describe -t commands command offered\n"
	       "\tfi\n"
	       "}\n"
	       "# Read from a folder of functions it is the function itself; read by \"source\" it says whose it is.\n"
	       "if [[ $funcstack[1] == _rosterctl ]]; then _rosterctl \"$@\"; else compdef _rosterctl rosterctl; fi\n");
	return 0;
}

/* ---- fish: a line for each offer, with the condition under which it is made ---- */

static void put_fish_words(const char *words)
{
	put_quoted(words, "\\", "\\'");
}

/* command NULL: of every command. */
static void put_fish_options(const struct command *command, const struct option *options)
{
	for (; options && options->name; options++) {
		printf("complete -c rosterctl%s%s%s -l %s", command ? " -n '__rosterctl_in " : "",
		       command ? command->name : "", command ? "'" : "", options->name);
		if (is_file(options->value))
			printf(" -r -F");
		else if (is_folder(options->value))
			printf(" -x -a '(__fish_complete_directories)'");
		else if (options->value)
			printf(" -x");
		if (options->choices) {
			printf(" -a '");
			put_choices(options);
			printf("'");
		}
		printf(" -d '");
		put_fish_words(options->words);
		printf("'\n");
	}
}

static void put_fish_command(const struct command *command)
{
	if (is_first_of_group(command)) {
		printf("complete -c rosterctl -n '__rosterctl_after' -a %.*s -d '", first_length(command), command->name);
		if (second_word(command))
			put_group_words(command);
		else
			put_fish_words(command->summary);
		printf("'\n");
	}
	if (second_word(command)) {
		printf("complete -c rosterctl -n '__rosterctl_after %.*s' -a %s -d '", first_length(command), command->name,
		       second_word(command));
		put_fish_words(command->summary);
		printf("'\n");
	}
	if (takes_files(command))
		printf("complete -c rosterctl -n '__rosterctl_in %s' -F\n", command->name);
	put_fish_options(command, command->options);
}

int completion_fish(struct ctl *ctl, struct error *e)
{
	(void)ctl, (void)e;
	printf("# fish completion of rosterctl, made by \"rosterctl completion fish\"\n"
	       "function __rosterctl_words\n"
	       "\tset -l valued\n"
	       "\tset -l found\n"
	       "\tfor word in (commandline -opc)[2..-1]\n"
	       "\t\tif test -n \"$valued\"\n"
	       "\t\t\tset valued\n"
	       "\t\t\tcontinue\n"
	       "\t\tend\n"
	       "\t\tswitch $word\n"
	       "\t\t\tcase ");
	put_option_names(is_any_value, " ");
	printf("\n"
	       "\t\t\t\tset valued $word\n"
	       "\t\t\tcase '-*'\n"
	       "\t\t\tcase '*'\n"
	       "\t\t\t\tif test \"$word\" != help; or set -q found[1]\n"
	       "\t\t\t\t\tset -a found $word\n"
	       "\t\t\t\tend\n"
	       "\t\tend\n"
	       "\tend\n"
	       "\tset -q found[1]; and printf '%%s\\n' $found\n"
	       "end\n"
	       "# These words stand there, and no others.\n"
	       "function __rosterctl_after\n"
	       "\tset -l words (__rosterctl_words)\n"
	       "\ttest \"$words\" = \"$argv\"\n"
	       "end\n"
	       "# These words stand there, and perhaps others after them.\n"
	       "function __rosterctl_in\n"
	       "\tset -l words (__rosterctl_words)\n"
	       "\tset -l last (count $argv)\n"
	       "\ttest \"$words[1..$last]\" = \"$argv\"\n"
	       "end\n"
	       "complete -c rosterctl -f\n");
	for (const struct command *c = commands; c->name; c++)
		put_fish_command(c);
	put_fish_options(NULL, common_options);
	return 0;
}
