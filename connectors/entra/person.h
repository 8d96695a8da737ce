/* Graph's users and groups in our words. */
#ifndef ROSTER_ENTRA_PERSON_H
#define ROSTER_ENTRA_PERSON_H

#include "base/json_stream.h"
#include "common/value.h"
#include "entra/directory.h"

/* The properties of people that are asked for, "id,accountEnabled,...", in the page's arena. NULL: fail() was
 * called. */
const char *person_select(struct directory *d);

/* The properties of groups. */
extern const char *const group_select;

/* Whether a delta says that the object is gone. */
bool person_is_removed(const struct json_node *object);

/* Whether all that a person is judged by is there. Of somebody who changed, Graph may tell that alone. */
bool person_is_complete(const struct directory *d, const struct json_node *user);

/* Gives a person as they are; what cannot be given is left out and said. Guests, and accounts that are
 * blocked, as the settings say: whoever is left out is not given, or given as gone where that can be said
 * (all: false). 1: given, 0: left out, -1: fail() was called. */
int person_emit(struct directory *d, const struct json_node *user, bool all);

/* Whether a group is one that is read. */
bool group_is_wanted(const struct directory *d, const struct json_node *group);

/* Gives a group; partial as in roster_group. 1: given, 0: it cannot be, and was refused, -1: fail() was
 * called. */
int group_emit(struct directory *d, const struct json_node *group, bool partial);

/* Whether a member may be a person or a group: devices and applications are members, too. */
bool group_member_counts(const struct json_node *member);

#endif
