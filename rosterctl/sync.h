/* What the commands that change members without reading a directory share with those of runs. */
#ifndef ROSTERCTL_SYNC_H
#define ROSTERCTL_SYNC_H

#include "base/error.h"
#include "rosterctl/ctl.h"

struct answer;

/* Follows a run that was just asked for to its end. If it is held, its plan is shown and whoever is at the terminal is asked ("really " what
 * "?"); --yes says yes. Left held: as a held run of sync. */
int sync_settle(struct ctl *ctl, const char *organisation, const struct answer *asked, const char *what, struct error *e);

#endif
