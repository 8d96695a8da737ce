/* What applications ask about the tokens that they hold: whose they are (userinfo, RFC 7662), and that one is
 * to count no more (RFC 7009). */
#ifndef ROSTERD_ENDPOINTS_OPENID_ASK_H
#define ROSTERD_ENDPOINTS_OPENID_ASK_H

#include "endpoints/exchange.h"

answer_fn openid_prepare_userinfo, openid_userinfo;
answer_fn openid_prepare_introspect, openid_introspect;
answer_fn openid_prepare_revoke, openid_revoke;

#endif
