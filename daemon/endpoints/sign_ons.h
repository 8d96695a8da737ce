/* The sign-ons that were tried, for administrators: how each ended, and what was looked at. */
#ifndef ROSTERD_ENDPOINTS_SIGN_ONS_H
#define ROSTERD_ENDPOINTS_SIGN_ONS_H

#include "endpoints/exchange.h"

answer_fn sign_ons_list, sign_ons_show;
extern const char *const sign_ons_parameters[];

#endif
