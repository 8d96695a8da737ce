/* Options that are a time: RFC 3339, or how long ago. */
#ifndef ROSTERCTL_INSTANT_H
#define ROSTERCTL_INSTANT_H

#include "rosterctl/ctl.h"

/* "2026-11-22T09:00:00Z" as it is, "1h" as the time an hour ago; NULL if the option was not given. */
int instant_option(struct ctl *ctl, const char *option, const char **ret, struct error *e);

#endif
