/* One call of rosterctl: what a command is given to work with. */
#ifndef ROSTERCTL_CTL_H
#define ROSTERCTL_CTL_H

#include <stdbool.h>

#include "rosterctl/arguments.h"

struct session;

struct ctl {
	struct arena *arena; /* until the end of the program */
	const struct arguments *given;
	struct session *session; /* NULL if the command is offline */
	bool json;		 /* answers are for a program */
	bool lines;		 /* ... one item a line */
};

/* The n-th argument after the command's name, NULL if it was not given. */
static inline const char *ctl_word(const struct ctl *ctl, size_t n)
{
	return n < ctl->given->count ? ctl->given->words[n] : NULL;
}

/* The value of an option, NULL if it was not given. */
static inline const char *ctl_option(const struct ctl *ctl, const char *name)
{
	return arguments_option(ctl->given, name);
}

/* Whether an option was given. */
static inline bool ctl_given(const struct ctl *ctl, const char *name)
{
	return arguments_given(ctl->given, name);
}

#endif
