/* Reading everybody, page after page. */
#ifndef ROSTER_GOOGLE_LISTING_H
#define ROSTER_GOOGLE_LISTING_H

#include "google/directory.h"

/* One page of scope all. */
int listing_page(struct directory *d, const struct roster_ask *ask);

/* A page of the members of the first of those groups whose members are still to be read: each member is
 * given. -1: fail() was called. */
int listing_members_page(struct directory *d);

#endif
