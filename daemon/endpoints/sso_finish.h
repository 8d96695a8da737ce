/* What a browser brings back from a provider, or types into our page: judged by the plug-in before the transaction, and in it the one use of the attempt,
 * the roster, the session and the cookie. */
#ifndef ROSTERD_ENDPOINTS_SSO_FINISH_H
#define ROSTERD_ENDPOINTS_SSO_FINISH_H

#include "endpoints/exchange.h"
#include "plugin/link.h"

enum {
	SSO_BODY_MOST = LINK_FORM_MOST + (64 << 10),
	SSO_NAME_PER_MINUTE = 5, /* passwords that are tried for one name, wherever they come from */
	SSO_NAME_BURST = 10,
};

answer_fn sso_prepare_finish, sso_finish;
answer_fn sso_prepare_password; /* ended by sso_finish, too */

#endif
