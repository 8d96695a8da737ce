/* An address at which an administrator tries a connection with their own browser: all of a sign-on, and nobody is signed on. */
#ifndef ROSTERD_ENDPOINTS_SSO_TEST_H
#define ROSTERD_ENDPOINTS_SSO_TEST_H

#include <stdbool.h>

#include "endpoints/exchange.h"

enum { SSO_TEST_S = 900 }; /* how long such an address is good for */

/* Makes one. */
answer_fn sso_test_create;

/* Whether the request is of such an address of this connection. ERROR_INPUT "sso.test": it was, and is over. */
int sso_test_read(struct exchange *x, const struct id *connection, bool *ret, struct error *e);

#endif
