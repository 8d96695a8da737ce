/* How a directory that pushes gets in: the address of its connection, and tokens made for it. */
#ifndef ROSTERD_ENDPOINTS_SCIM_ACCESS_H
#define ROSTERD_ENDPOINTS_SCIM_ACCESS_H

#include "endpoints/exchange.h"
#include "roster/connection.h"
#include "roster/scim_token.h"

/* Whether a connection is one of those, and the base URL of one that is. */
bool scim_is_pushed(const struct connection *connection);
const char *scim_base_url(struct exchange *x, const struct connection *connection);

struct scim_access_wish {
	const char *name, *expires_in; /* NULL: it does not end */
	const char *kind;	       /* "client": an id and a secret by which tokens are got; "token" or NULL: a token */
	const char *const *scopes;     /* ended by NULL; NULL: all of SCIM */
};

/* Makes a token, with its audit entry. Its text is in the reply from now on and nowhere else: the reply is shown once.
 * ERROR_INPUT "token.name", "token.kind", "token.scope", "token.expires_in"; ERROR_LIMIT "limit.scim_tokens". */
int scim_access_make(struct exchange *x, const struct connection *connection, const struct scim_access_wish *wish,
		     struct scim_token *ret, const char **ret_text, struct error *e);

#endif
