/* Where an application sends people who sign off (OpenID Connect RP-Initiated Logout 1.0). Their session here
 * ends, and with it what every application was given in it; those that want to be told are told
 * (deliver/herald). */
#ifndef ROSTERD_ENDPOINTS_OPENID_LOGOUT_H
#define ROSTERD_ENDPOINTS_OPENID_LOGOUT_H

#include "endpoints/exchange.h"

answer_fn openid_prepare_logout, openid_logout;

#endif
