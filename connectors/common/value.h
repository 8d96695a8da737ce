/* Values of a vendor's JSON, as they may be given to rosterd: what is too long or no UTF-8 is left out, and
 * said. */
#ifndef ROSTER_COMMON_VALUE_H
#define ROSTER_COMMON_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/json_stream.h"
#include "connector.h"

struct arena;

/* The id of a person or group, its member "id"; NULL: there is none that can be used. */
const char *value_id(const struct json_node *object);

/* Whether it can be the name of a group: something that fits. NULL: no. */
bool value_is_name(const char *name);

/* A text, number or truth as text; NULL: null, or something else. */
const char *value_scalar(const struct json_node *node);

/* What a name leads to, where "employeeOrgData/division" is a member of a member; NULL: nothing. Of a list on
 * the way it is the entry that is "primary", or the first; of "relations[manager]/value" the first of this
 * "type". */
const struct json_node *value_at(const struct json_node *object, const char *path);

/* The value of `name`, which may be NULL; NULL: there is none, or none that fits. *left_out is the first name
 * of which that was so. */
const char *value_take(const struct json_node *object, const char *name, size_t most, const char **left_out);

/* The attributes of these names (NULL: none), in the arena; NULL: none. */
const struct roster_attribute *value_attributes(const struct json_node *object, const char *const *names,
						struct arena *arena, const char **left_out);

#endif
