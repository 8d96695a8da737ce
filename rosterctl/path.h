/* Addresses of the API, made so that no name can leave its place in them. */
#ifndef ROSTERCTL_PATH_H
#define ROSTERCTL_PATH_H

#include "base/error.h"

struct arena;

/* Puts each argument, percent-encoded, in the place of a "{}": path_make(arena, "/v1/organisations/{}",
 * name). */
const char *path_make(struct arena *arena, const char *pattern, ...);

/* The path with one more "name=value" in its query; value NULL: the path as it is. */
const char *path_with(struct arena *arena, const char *path, const char *name, const char *value);

/* Splits "ORG/NAME" at its first slash. what ("CONNECTION", "RUN") is for the message. */
int path_split(struct arena *arena, const char *given, const char *what, const char **ret_organisation,
	       const char **ret_name, struct error *e);

#endif
