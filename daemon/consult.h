/* `rosterd --doctor`: reads the configuration as far as it can be read, becomes whom the daemon is, looks at everything,
 * and says what is wrong. */
#ifndef ROSTERD_CONSULT_H
#define ROSTERD_CONSULT_H

#include <stdbool.h>
#include <stdio.h>

/* What the program ends with; rosterctl(1) has the same numbers. */
enum consult_exit {
	CONSULT_WELL = 0,
	CONSULT_PROBLEM = 10,
	CONSULT_WARNING = 11, /* and no problem */
};

struct consult_options {
	const char *config;    /* NULL: the installed one */
	const char *directory; /* of a standalone daemon; NULL: its usual place */
	bool standalone;
	bool json;
	bool details; /* with the configuration and figures of the database, for a support bundle; implies json */
};

/* Prints what was found. Changes nothing but, if root started us, who we are. */
enum consult_exit consult(const struct consult_options *options, FILE *to);

#endif
