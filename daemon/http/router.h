/* Finds the row of a table for a method and a path.
 *
 * Patterns are literal segments and {names}: "/v1/organisations/{organisation}/members". A literal beats a name. */
#ifndef ROSTERD_HTTP_ROUTER_H
#define ROSTERD_HTTP_ROUTER_H

#include <stddef.h>

#include "base/error.h"
#include "http/request.h"

struct router;

/* Compiles patterns: method and path of each route i. Two rows that can't be told apart end the process: a bug. */
struct router *router_open(const char *const *methods, const char *const *paths, size_t count);
void router_close(struct router **router);

/* 1: *ret is the row's index and request->segments are filled. 0: nothing lives there (ERROR_NOT_FOUND in e).
 * -1: the path exists, the method does not (ERROR_INPUT "http.method"; ret_allow, at least 128 bytes, lists them, "GET, POST"). */
int router_find(const struct router *router, struct request *request, size_t *ret, char *ret_allow, struct error *e);

#endif
