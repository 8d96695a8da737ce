/* Where events are delivered to: of an organisation, or the operator's own. */
#ifndef ROSTERD_ENDPOINTS_EVENT_ENDPOINTS_H
#define ROSTERD_ENDPOINTS_EVENT_ENDPOINTS_H

#include "endpoints/exchange.h"

answer_fn event_endpoints_list, event_endpoints_create, event_endpoints_show, event_endpoints_change, event_endpoints_delete,
	event_endpoints_rotate, event_endpoints_replay, event_endpoints_prepare_test, event_endpoints_test, event_endpoints_passed_over;

#endif
