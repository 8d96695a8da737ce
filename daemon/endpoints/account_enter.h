/* Whoever has shown their password, and a code where one is wanted, is signed in. */
#ifndef ROSTERD_ENDPOINTS_ACCOUNT_ENTER_H
#define ROSTERD_ENDPOINTS_ACCOUNT_ENTER_H

#include "endpoints/exchange.h"
#include "roster/local_account.h"

#define ACCOUNT_BREAK_GLASS "break-glass" /* in the metrics, where others have the name of a plug-in */

enum {
	ACCOUNT_NAME_PER_MINUTE =
		5, /* passwords and codes that are tried for one address of mail or account, wherever from */
	ACCOUNT_NAME_BURST = 10,
};

/* What has changed since the password was looked at counts: another password, a suspension. by: how, for the
 * audit. 1, 0, -1. */
int account_enter(struct exchange *x, const struct local_door *door, const char *by, struct error *e);

/* On to where they wanted to (which was checked; NULL or "": nowhere). */
void account_send_on(struct exchange *x, const char *return_to);

/* One more sign-on by a password with this outcome, in the metrics. */
void account_count(const char *outcome);

/* How often passwords and codes may be tried for something, wherever from: ERROR_LIMIT "rate.password". */
int account_check_tries(struct exchange *x, const char *what, struct error *e);

#endif
