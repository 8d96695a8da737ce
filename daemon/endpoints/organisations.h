/* Organisations, and who owns them. */
#ifndef ROSTERD_ENDPOINTS_ORGANISATIONS_H
#define ROSTERD_ENDPOINTS_ORGANISATIONS_H

#include "endpoints/exchange.h"

answer_fn organisations_list, organisations_create, organisations_show, organisations_change,
	organisations_own;

#endif
