/* Whether we are well. */
#ifndef ROSTERD_ENDPOINTS_HEALTH_H
#define ROSTERD_ENDPOINTS_HEALTH_H

#include "endpoints/exchange.h"

answer_fn health_show;

#endif
