/* The table of every address that we answer. */
#ifndef ROSTERD_ENDPOINTS_ROUTES_H
#define ROSTERD_ENDPOINTS_ROUTES_H

#include "endpoints/exchange.h"

extern const struct endpoint routes[]; /* ended by a row without a method */

#endif
