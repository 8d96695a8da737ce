/* The System Log: who came to a group or left it, who was deleted. Its events are hints; what is true the org
 * is asked. */
#ifndef ROSTER_OKTA_LOG_H
#define ROSTER_OKTA_LOG_H

#include <stdbool.h>

#include "okta/directory.h"

/* Reads a page of the log: whoever was deleted is looked at, groups that were are given as gone, memberships
 * are remembered in the place. The last page moves on to the people. -1: fail() was called. */
int log_page(struct directory *d);

/* How many pairs there are of a group. */
size_t log_pairs_of(const struct directory *d, const char *group);

/* Gives each membership of these groups, which were given as partial, that the pairs tell of: as it is now.
 * -1: fail() was called. */
int log_emit_pairs(struct directory *d, const char *const *groups, size_t count);

/* Whether the log may be read, for "test connection": a note says it. -1: fail() was called. */
int log_check(struct directory *d);

#endif
