/* What happened, as a feed for programs: oldest first, and the same events that are delivered. */
#ifndef ROSTERD_ENDPOINTS_EVENTS_H
#define ROSTERD_ENDPOINTS_EVENTS_H

#include "endpoints/exchange.h"

extern const char *const events_parameters[];
answer_fn events_list, events_list_all;

#endif
