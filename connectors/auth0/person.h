/* Auth0's users and roles in our words. */
#ifndef ROSTER_AUTH0_PERSON_H
#define ROSTER_AUTH0_PERSON_H

#include "auth0/directory.h"
#include "base/json_stream.h"

/* Gives a person as they are; what cannot be given is left out and said. groups: all roles that they have,
 * ending with NULL; NULL: it is not said. 0, or -1: fail() was called. */
int person_emit(struct directory *d, const struct json_node *user, const char *const *groups);

/* Gives a role; partial as in roster_group. 1: given, 0: it has no id or name that can be used, which is
 * said; -1: fail() was called. */
int role_emit(struct directory *d, const struct json_node *role, bool partial);

/* The id of a role; NULL: there is none that can be used. */
const char *role_id(const struct json_node *role);

#endif
