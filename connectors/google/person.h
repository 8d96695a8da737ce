/* Google's users and groups in our words. */
#ifndef ROSTER_GOOGLE_PERSON_H
#define ROSTER_GOOGLE_PERSON_H

#include <stdbool.h>

#include "base/json_stream.h"
#include "common/value.h"
#include "google/directory.h"

/* The fields of people that are asked for, and the projection that has them. -1: fail() was called. */
int person_select(struct directory *d);

/* Whether an address is of the domain that is read; NULL: no, unless all of the account is. */
bool person_is_of_domain(const struct settings *settings, const char *address);

/* The fields of groups. */
extern const char *const group_fields;

/* Gives a person as they are; what cannot be given is left out and said. Whom the settings leave out is not
 * given, or given as gone where that can be said (all: false). 1: given, 0: left out, -1: fail() was called.
 */
int person_emit(struct directory *d, const struct json_node *user, bool all);

/* Gives a group if it is one that is read. 1: given, 0: left out, or it cannot be read and was refused, -1:
 * fail() was called. */
int group_emit(struct directory *d, const struct json_node *group);

#endif
