/* Okta's users and groups in our words. */
#ifndef ROSTER_OKTA_PERSON_H
#define ROSTER_OKTA_PERSON_H

#include "base/json_stream.h"
#include "common/value.h"
#include "okta/directory.h"

/* Gives a person as they are; what cannot be given is left out and said. A person whom "user_filter" leaves
 * out is not given, or given as gone where that can be said (all: false). 1: given, 0: left out, -1: fail()
 * was called. */
int person_emit(struct directory *d, const struct json_node *user, bool all);

/* Gives whoever an assignment to the application is of ("expand=user"); an assignment that ended is none. As
 * person_emit. */
int person_emit_assigned(struct directory *d, const struct json_node *assignment, bool all);

/* Gives a group if it is one that is read; partial as in roster_group. 1: given, 0: left out, -1: fail() was
 * called. */
int group_emit(struct directory *d, const struct json_node *group, bool partial);

#endif
