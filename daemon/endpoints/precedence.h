/* The order of sources: shown, and changed by a run whose plan is shown like any other. */
#ifndef ROSTERD_ENDPOINTS_PRECEDENCE_H
#define ROSTERD_ENDPOINTS_PRECEDENCE_H

#include "endpoints/exchange.h"

answer_fn precedence_show, precedence_change;

#endif
