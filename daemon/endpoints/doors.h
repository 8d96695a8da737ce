/* The connections by which somebody can sign on, as a browser is led to them. */
#ifndef ROSTERD_ENDPOINTS_DOORS_H
#define ROSTERD_ENDPOINTS_DOORS_H

#include <stddef.h>

#include "endpoints/exchange.h"
#include "roster/sign_on.h"

/* One: the browser goes there at once. Several: a list, within a page that was begun. email and return_to may
 * be NULL. */
void doors_go(struct exchange *x, const struct sign_on_door *door, const char *email, const char *return_to);
void doors_put(struct exchange *x, const struct sign_on_door *doors, size_t count, const char *email,
	       const char *return_to);

#endif
