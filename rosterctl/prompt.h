/* Asks a person at the terminal for a secret, and does not show it. */
#ifndef ROSTERCTL_PROMPT_H
#define ROSTERCTL_PROMPT_H

#include "base/error.h"

struct secret;

/* Reads one line from /dev/tty without echo. CODE_USAGE if there is no terminal. Whatever happens (an
 * interrupt, too), the terminal is as it was afterwards. */
int prompt_secret(const char *name, struct secret **ret, struct error *e);

#endif
