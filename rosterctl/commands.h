/* The one table of commands: it drives reading, help, completion, and the check of the manual. */
#ifndef ROSTERCTL_COMMANDS_H
#define ROSTERCTL_COMMANDS_H

#include "rosterctl/arguments.h"

/* All commands, those of one group together; ended by {0}. */
extern const struct command commands[];

/* What every command understands; ended by {0}. */
extern const struct option common_options[];

/* One word or two: the command of this name, or NULL. */
const struct command *command_find(const char *name);

/* Whether a command's name begins with this word ("org"), and a second one follows. */
bool command_in_group(const struct command *command, const char *group);

/* A command's own or common option, or NULL. command NULL: of any command. */
const struct option *command_option(const struct command *command, const char *name);

#endif
