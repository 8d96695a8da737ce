/* The command line, read by the table of commands.
 *
 * Options may stand anywhere, as "--name value" or "--name=value"; "--" ends them. What is unknown is
 * answered with what was probably meant. */
#ifndef ROSTERCTL_ARGUMENTS_H
#define ROSTERCTL_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct arena;
struct ctl;

struct option {
	const char *name;	    /* without its dashes */
	const char *value;	    /* what stands for its value in the help, "ROLE"; NULL: it has none */
	const char *words;	    /* what it does */
	const char *const *choices; /* the values that there are, ended by NULL; NULL: any */
	bool many;		    /* may be given more than once */
	const char *member;	    /* what it is called in the body that we send, if that is another word */
};

typedef int command_fn(struct ctl *ctl, struct error *e);

struct command {
	const char *name;	      /* "org create" */
	const char *arguments;	      /* "NAME", "ORG/NAME [FIELD]", "[WORD...]"; "": none */
	const char *summary;	      /* one line */
	const char *words;	      /* what a person should know before using it */
	const struct option *options; /* ended by {0}; NULL: only the common ones */
	const char *example;	      /* a whole line to type */
	const char *next;	      /* what one does afterwards */
	command_fn *run;
	bool offline; /* asks no daemon */
};

struct given_option {
	const struct option *option;
	const char *value; /* NULL if it has none */
};

struct arguments {
	const struct command *command; /* NULL: none was named */
	const char *topic;	       /* without a command: "org" of "rosterctl org --help", or NULL */
	const char **words;	       /* what stands after the command's name; ended by NULL */
	size_t count;
	struct given_option *options;
	size_t option_count;
};

/* Reads argv[1..]. CODE_USAGE says what is wrong. With --help or --version missing arguments are not minded.
 */
int arguments_read(struct arena *arena, int argc, char *const *argv, struct arguments *ret, struct error *e);

/* The value of an option, or NULL; given tells an option without a value. */
const char *arguments_option(const struct arguments *given, const char *name);
bool arguments_given(const struct arguments *given, const char *name);

/* Walks the values of an option that may be given often: *at starts at 0; NULL at the end. */
const char *arguments_each(const struct arguments *given, const char *name, size_t *at);

/* The daemon names what is wrong by its place in the body, "/seat_limit". In its message that becomes the
 * option or the argument that whoever reads it knows: "--seats", "NAME". Any other message stays. */
void arguments_name_place(struct arena *arena, const struct command *command, struct error *e);

/* How many arguments a command takes, from its "arguments". */
void arguments_bounds(const struct command *command, size_t *ret_least, size_t *ret_most);

#endif
