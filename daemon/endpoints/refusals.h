/* Whom a directory showed and who could not be taken, and what an administrator says of an address that was another entry's. */
#ifndef ROSTERD_ENDPOINTS_REFUSALS_H
#define ROSTERD_ENDPOINTS_REFUSALS_H

#include "endpoints/exchange.h"

answer_fn refusals_list;

/* The same person with a new entry, or another person: kept for the reading that is asked for with it. */
answer_fn refusals_prepare_resolve, refusals_resolve;

#endif
