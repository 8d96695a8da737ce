/* Between two forms: that somebody has shown their password a moment ago, sealed, as a field of the next one.
 *
 * It is good in the browser that it was made for, for one purpose and for a few minutes. Nothing of it is
 * kept here, and nobody else can make or read one. */
#ifndef ROSTERD_ENDPOINTS_ACCOUNT_STEP_H
#define ROSTERD_ENDPOINTS_ACCOUNT_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/totp.h"
#include "endpoints/exchange.h"

enum { ACCOUNT_STEP_MS = 10 * 60 * 1000 };

#define ACCOUNT_STEP_CODE  "code"  /* a code is wanted */
#define ACCOUNT_STEP_ENROL "enrol" /* a secret is offered */

struct account_step {
	struct id organisation, user;
	int64_t password_at;		  /* of the password that was shown */
	bool signing_on;		  /* otherwise they are signed in already */
	uint8_t secret[TOTP_SECRET_SIZE]; /* that is offered */
};

/* The field. The browser has shown its cookie (browser_form_is_ours). */
const char *account_step_seal(struct exchange *x, const char *purpose, const struct account_step *step);

/* Whether it is one of this browser, for this purpose, whose time is not over. */
bool account_step_open(struct exchange *x, const char *purpose, const char *field, struct account_step *ret);

#endif
