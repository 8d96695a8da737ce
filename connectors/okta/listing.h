/* Reading everybody, and what changed, page after page. */
#ifndef ROSTER_OKTA_LISTING_H
#define ROSTER_OKTA_LISTING_H

#include "okta/directory.h"

/* One page of scopes all and changed. */
int listing_page(struct directory *d, const struct roster_ask *ask);

/* The groups whose members are still to be read: each member is given. 0: a page of the first of them was
 * read; -1: fail() was called. */
int listing_members_page(struct directory *d);

#endif
