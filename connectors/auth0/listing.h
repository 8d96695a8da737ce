/* Reading everybody and every role, or what the log says has changed. */
#ifndef ROSTER_AUTH0_LISTING_H
#define ROSTER_AUTH0_LISTING_H

#include "auth0/directory.h"
#include "connector.h"

int listing_page(struct directory *d, const struct roster_ask *ask);

#endif
