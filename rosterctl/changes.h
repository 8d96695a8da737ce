/* The changes of a run, as a difference that a person can read. */
#ifndef ROSTERCTL_CHANGES_H
#define ROSTERCTL_CHANGES_H

#include "base/error.h"
#include "rosterctl/ctl.h"

struct json;

/* Prints all changes at path: a sign, the kind, who, and what becomes of what. */
int changes_print(struct ctl *ctl, const char *path, struct error *e);

/* "12 join, 3 role" of a run's counts; "nothing" if there are none. */
const char *changes_counts(struct arena *arena, const struct json *counts);

#endif
