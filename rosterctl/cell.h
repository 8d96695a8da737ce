/* One member of a JSON object as a person reads it. */
#ifndef ROSTERCTL_CELL_H
#define ROSTERCTL_CELL_H

#include "rosterctl/table.h"

struct arena;
struct json;

/* The value in its form, harmless for a terminal; "-" if there is none. Lists stand with commas, objects as
 * "name=value", and a secret as "(set)". */
const char *cell_text(struct arena *arena, const struct json *value, enum cell_form form);

/* The member of an object that a column shows (table.h), or NULL. */
const struct json *cell_member(const struct json *object, const struct column *column);

#endif
