/* Who owns an organisation, and how that changes: the first owner, an offer to a member, a recovery. */
#ifndef ROSTERD_ENDPOINTS_OWNERSHIP_H
#define ROSTERD_ENDPOINTS_OWNERSHIP_H

#include "endpoints/exchange.h"

answer_fn ownership_begin_first, ownership_show, ownership_offer, ownership_accept, ownership_decline, ownership_withdraw,
	ownership_recover, ownership_confirm;

#endif
