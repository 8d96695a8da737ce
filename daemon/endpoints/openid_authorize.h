/* Where an application sends people: whoever is signed in goes back with a code, whoever is not signs on
 * first (OpenID Connect Core 1.0, 3.1.2). */
#ifndef ROSTERD_ENDPOINTS_OPENID_AUTHORIZE_H
#define ROSTERD_ENDPOINTS_OPENID_AUTHORIZE_H

#include "endpoints/exchange.h"

answer_fn openid_prepare_authorize, openid_authorize;

#endif
