/* Runs a program of this machine and hears what it says. */
#ifndef ROSTERCTL_CHILD_H
#define ROSTERCTL_CHILD_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"

/* Runs argv (its first word is a path or a name to be looked for) without a shell and with an empty standard input, until
 * it ends or timeout_ms have passed, and adds what it prints to the buffer, as much as fits. What it complains about goes
 * where ours goes, or nowhere if quiet. 0 and its exit code; or -1 if it could not be started, was killed or took too
 * long. */
int child_hear(const char *const *argv, bool quiet, int timeout_ms, struct buffer *ret, int *ret_exit, struct error *e);

#endif
