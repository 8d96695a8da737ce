/* Some people and roles, as they are now. */
#ifndef ROSTER_AUTH0_NAMED_H
#define ROSTER_AUTH0_NAMED_H

#include <stdbool.h>

#include "auth0/directory.h"
#include "connector.h"

int named_page(struct directory *d, const struct roster_ask *ask);

/* Whether somebody is not there any more. 1, 0, or -1: fail() was called. */
int named_is_gone(struct directory *d, const char *id);

/* One person. listed: while everybody is read, so that who is not there is not given, and roles are not said.
 * -1: fail() was called. */
int named_person(struct directory *d, const char *id, bool listed);

#endif
