/* Where an application exchanges its code, and renews what it has (RFC 6749, 4.1.3 and 6; OpenID Connect
 * Core 1.0, 3.1.3 and 12). */
#ifndef ROSTERD_ENDPOINTS_OPENID_TOKEN_H
#define ROSTERD_ENDPOINTS_OPENID_TOKEN_H

#include "endpoints/exchange.h"

answer_fn openid_prepare_token, openid_token;

#endif
