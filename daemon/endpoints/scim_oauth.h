/* Tokens that soon end, for clients that show a secret (RFC 6749, 4.4 and 5). */
#ifndef ROSTERD_ENDPOINTS_SCIM_OAUTH_H
#define ROSTERD_ENDPOINTS_SCIM_OAUTH_H

#include "base/error.h"

struct exchange;
struct reply;

/* Who asks has been found to be the client of the connection. ERROR_INPUT "oauth.unsupported_grant_type",
 * "oauth.invalid_scope". */
int scim_oauth_token(struct exchange *x, struct error *e);

/* An error as OAuth tells it. Replaces whatever stands in the reply. */
void scim_oauth_reply_error(struct reply *reply, const struct error *e);

#endif
