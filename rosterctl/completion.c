/* Writes what bash needs to complete our commands, from the table of commands. */
#include <stdio.h>
#include <string.h>

#include "rosterctl/commands.h"
#include "rosterctl/ctl.h"
#include "rosterctl/handlers.h"

static void put_options(const struct option *options)
{
	for (; options && options->name; options++)
		printf(" --%s", options->name);
}

/* First words, each once: commands of one group stand together. */
static void put_first_words(void)
{
	const char *last = "";
	size_t length = 0;

	for (const struct command *c = commands; c->name; c++) {
		if (strcspn(c->name, " ") == length && strncmp(c->name, last, length) == 0)
			continue;
		last = c->name;
		length = strcspn(c->name, " ");
		printf(" %.*s", (int)length, last);
	}
}

static void put_second_words(void)
{
	for (const struct command *c = commands; c->name; c++) {
		int length = (int)strcspn(c->name, " ");

		if (!c->name[length] ||
		    (c > commands && strncmp(c[-1].name, c->name, (size_t)length + 1) == 0))
			continue;
		printf("\t%.*s) words=\"", length, c->name);
		for (const struct command *in = c;
		     in->name && strncmp(in->name, c->name, (size_t)length + 1) == 0; in++)
			printf("%s%s", in == c ? "" : " ", in->name + length + 1);
		printf("\" ;;\n");
	}
}

static void put_command_options(void)
{
	for (const struct command *c = commands; c->name; c++) {
		if (!c->options)
			continue;
		printf("\t\"%s\"%s) options+=\"", c->name, strchr(c->name, ' ') ? "" : "*");
		put_options(c->options);
		printf("\" ;;\n");
	}
}

/* Options whose values are known, or are files. */
static void put_values(void)
{
	for (const struct command *c = commands; c->name; c++)
		for (const struct option *o = c->options; o && o->name; o++)
			if (o->choices) {
				printf("\t\"%s --%s\") words=\"", c->name, o->name);
				for (const char *const *choice = o->choices; *choice; choice++)
					printf("%s%s", choice == o->choices ? "" : " ", *choice);
				printf("\" ;;\n");
			}
}

int completion_bash(struct ctl *ctl, struct error *e)
{
	(void)ctl, (void)e;
	printf("# bash completion of rosterctl, made by \"rosterctl completion bash\"\n"
	       "_rosterctl() {\n"
	       "\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
	       "\tlocal command=\"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" words= options=\"");
	put_options(common_options);
	printf("\"\n\tcase $previous in\n"
	       "\t--socket|--token-file|--ca-file) COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n"
	       "\tesac\n"
	       "\tcase \"$command $previous\" in\n");
	put_values();
	printf("\tesac\n"
	       "\tif [[ $words ]]; then COMPREPLY=($(compgen -W \"$words\" -- \"$current\")); return; fi\n"
	       "\tif ((COMP_CWORD == 1)); then\n"
	       "\t\tCOMPREPLY=($(compgen -W \"");
	put_first_words();
	printf("\" -- \"$current\")); return\n\tfi\n"
	       "\tif ((COMP_CWORD == 2)); then case ${COMP_WORDS[1]} in\n");
	put_second_words();
	printf("\tesac; fi\n\tcase $command in\n");
	put_command_options();
	printf("\tesac\n"
	       "\t[[ $current == -* || -z $words ]] && words+=\" $options\"\n"
	       "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
	       "}\n"
	       "complete -F _rosterctl rosterctl\n");
	return 0;
}
