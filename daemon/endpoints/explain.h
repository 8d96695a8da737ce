/* Why a member is as they are. */
#ifndef ROSTERD_ENDPOINTS_EXPLAIN_H
#define ROSTERD_ENDPOINTS_EXPLAIN_H

#include "endpoints/exchange.h"

answer_fn explain_show;

#endif
