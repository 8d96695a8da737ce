/* Help that is made from the table of commands. */
#ifndef ROSTERCTL_HELP_H
#define ROSTERCTL_HELP_H

#include <stdio.h>

#include "rosterctl/arguments.h"

enum { HELP_WIDTH = 80 };

/* All commands, group by group, with their summaries. */
void help_overview(FILE *out);

/* The commands of one group ("org"). */
void help_group(FILE *out, const char *group);

/* One command: how it is written, what it does, its options, an example, what to do next. */
void help_of(FILE *out, const struct command *command);

#endif
