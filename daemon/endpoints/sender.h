/* Who sends, for limits of those whom nobody knows. */
#ifndef ROSTERD_ENDPOINTS_SENDER_H
#define ROSTERD_ENDPOINTS_SENDER_H

#include "base/id.h"
#include "http/request.h"

/* A key of rate.h for this address, as a sender to `what` (nil: to anything): an address of IPv6 is one of very many that somebody has, so their
 * network of 64 bits counts. */
struct id sender_of(const struct request *request, const struct id *what);

#endif
