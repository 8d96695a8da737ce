/* Where a browser may be sent when somebody is signed on or off: nowhere but where the operator's list says, or to a path of ours.
 *
 * An open redirect would lend our name to whoever wants people to believe that they are with us. */
#ifndef ROSTERD_ENDPOINTS_RETURN_TO_H
#define ROSTERD_ENDPOINTS_RETURN_TO_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"

enum { RETURN_TO_MOST = 2048 };

/* allowed: addresses ended by NULL, or NULL: none. One that ends in "/" stands for all that begins with it; any other for itself, with whatever
 * query, and what is below it. */
bool return_to_allowed(const char *const *allowed, const char *address);

/* The same as an error for whoever gave it: ERROR_INPUT "sso.return_to". address NULL: none was given, which is well. */
int return_to_check(const char *const *allowed, const char *address, struct error *e);

/* Where whoever was signed on goes, as it stands in a header: where they wanted to (which was checked; NULL: nowhere), or first in the list, or to us. */
const char *return_to_address(struct arena *arena, const char *const *allowed, const char *public_url, const char *wanted);

#endif
