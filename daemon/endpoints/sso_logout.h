/* What a provider says about logout, through somebody's browser or by itself: the sessions that it means end, whoever's browser this is. The plug-in judges
 * the message before the transaction; in it the message is used once, and the sessions end with an entry of the audit for each. */
#ifndef ROSTERD_ENDPOINTS_SSO_LOGOUT_H
#define ROSTERD_ENDPOINTS_SSO_LOGOUT_H

#include "endpoints/exchange.h"

answer_fn sso_prepare_logout, sso_logout;

#endif
