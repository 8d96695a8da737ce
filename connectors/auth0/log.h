/* The tenant's log: who was made, changed, blocked, deleted, given a role. Its events are hints; what is true
 * is asked. */
#ifndef ROSTER_AUTH0_LOG_H
#define ROSTER_AUTH0_LOG_H

#include "auth0/directory.h"

/* Keeps where the log is now, less a few minutes, and what time it is there. Where the log may not be read,
 * there is no place. -1: fail() was called. */
int log_begin(struct directory *d);

/* Whether the log still reaches back to the place; ROSTER_LOST_PLACE if not. */
int log_reaches_back(struct directory *d);

/* Reads a page: people and roles that it tells of are kept in the place, to be looked at. */
int log_page(struct directory *d);

/* Whether the log may be read, for "test connection": a note says it. */
int log_check(struct directory *d);

#endif
