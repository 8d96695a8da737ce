/* Signing on with an address and a password of ours, for people whom no provider vouches for.
 *
 * An address that nobody has, one whose person may not sign on so, and a wrong password are told apart
 * neither by the page nor by the time that it takes. */
#ifndef ROSTERD_ENDPOINTS_ACCOUNT_SIGN_ON_H
#define ROSTERD_ENDPOINTS_ACCOUNT_SIGN_ON_H

#include "endpoints/exchange.h"

enum {
	ACCOUNT_PER_MINUTE = 30, /* passwords from one address of the network */
	ACCOUNT_BURST = 60,
};

answer_fn account_sign_on_prepare_ask, account_sign_on_ask;
answer_fn account_sign_on_prepare_check, account_sign_on_check;

/* The form; each may be NULL. says: a sentence above it. */
void account_sign_on_page(struct exchange *x, int status, const char *says, const char *email,
			  const char *slug, const char *return_to);

#endif
