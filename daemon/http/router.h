/* Finds the row of a table for a method and a path.
 *
 * Patterns are literal segments and {names}: "/v1/organisations/{organisation}/members". A literal beats a
 * name. Rows that differ in method alone share a pattern; HEAD is answered by the row of GET unless it has
 * one of its own. */
#ifndef ROSTERD_HTTP_ROUTER_H
#define ROSTERD_HTTP_ROUTER_H

#include <stddef.h>

#include "base/error.h"
#include "http/request.h"

struct router;

enum { ROUTER_ALLOW_SIZE = 128 };

/* Compiles patterns: method and path of each route i, borrowed until router_close. Two rows that can't be
 * told apart end the process: a bug. */
struct router *router_open(const char *const *methods, const char *const *paths, size_t count);
void router_close(struct router **router);

/* 1: *ret is the row's index and request->segments are filled. 0: nothing lives there (ERROR_NOT_FOUND in e).
 * -1: the path exists, the method does not (ERROR_INPUT "http.method"; ret_allow, ROUTER_ALLOW_SIZE bytes,
 * lists those that do, "GET, POST"). */
int router_find(const struct router *router, struct request *request, size_t *ret, char *ret_allow,
		struct error *e);

#endif
