/* What a log stream or an event stream of the tenant sends. */
#ifndef ROSTER_AUTH0_MESSAGES_H
#define ROSTER_AUTH0_MESSAGES_H

#include "auth0/directory.h"
#include "connector.h"

int messages_read(struct directory *d, const struct roster_message *message);

#endif
