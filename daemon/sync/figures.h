/* What the database shows of the whole installation, counted from time to time and kept as figures (base/metric): so that whoever
 * asks for them costs the database nothing, and gets an answer when it is down. */
#ifndef ROSTERD_SYNC_FIGURES_H
#define ROSTERD_SYNC_FIGURES_H

#include "base/error.h"

struct store;

/* Few statements, which look at each connection, organisation, token and subscription by an index. On failure the figures stay as they were. */
int figures_refresh(struct store *store, struct error *e);

#endif
