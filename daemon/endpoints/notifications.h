/* What a connection's directory told, and what became of it, for the administrators of its organisation. */
#ifndef ROSTERD_ENDPOINTS_NOTIFICATIONS_H
#define ROSTERD_ENDPOINTS_NOTIFICATIONS_H

#include "endpoints/exchange.h"

answer_fn notifications_list;
extern const char *const notifications_parameters[];

#endif
