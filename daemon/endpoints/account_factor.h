/* The second factor of a local account: a code is asked for, or a secret is offered to somebody who has none
 * yet. */
#ifndef ROSTERD_ENDPOINTS_ACCOUNT_FACTOR_H
#define ROSTERD_ENDPOINTS_ACCOUNT_FACTOR_H

#include "endpoints/exchange.h"
#include "roster/local_account.h"

/* The password is right, and a code is wanted. */
void account_factor_ask(struct exchange *x, const struct local_door *door, const char *return_to);
answer_fn account_factor_prepare_check, account_factor_check;

/* The password is right; here is a secret for an authenticator, and a code shows that it has it. signing_on:
 * they are signed in then. */
void account_factor_offer(struct exchange *x, const struct local_door *door, bool signing_on,
			  const char *return_to);
answer_fn account_factor_prepare_enrol, account_factor_enrol;

/* Makes recovery codes in place of those that there were, and shows them, once. go_on: where a link leads. */
int account_factor_new_codes(struct exchange *x, const struct id *user, const char *go_on, struct error *e);

#endif
