/* The request target: "/v1/people?after=x%20y" becomes a path and pairs, or is refused. Knows no library: it
 * is fuzzed. */
#ifndef ROSTERD_HTTP_TARGET_H
#define ROSTERD_HTTP_TARGET_H

#include "base/error.h"
#include "http/request.h"

/* Fills path, query and query_count from request->target (origin form, absolute form whose authority is the
 * Host header's, or "*"). ERROR_INPUT "http.path" or "http.query"; ERROR_LIMIT "http.target". An encoded "/"
 * is refused as well: a path that is decoded can't show it. */
int target_read(struct request *request, struct error *e);

#endif
