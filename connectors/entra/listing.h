/* Reading everybody, and what changed, page after page. */
#ifndef ROSTER_ENTRA_LISTING_H
#define ROSTER_ENTRA_LISTING_H

#include "entra/directory.h"

/* One page of scopes all and changed. */
int listing_page(struct directory *d, const struct roster_ask *ask);

#endif
