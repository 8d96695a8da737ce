/* Tokens of connections that push, and the address that they are for: what an administrator pastes into their directory. */
#ifndef ROSTERD_ENDPOINTS_SCIM_TOKENS_H
#define ROSTERD_ENDPOINTS_SCIM_TOKENS_H

#include "endpoints/exchange.h"

/* The connection that the address names. ERROR_CONFLICT "connection.not_pushed": its directory is read. */
struct connection;
int scim_tokens_connection(struct exchange *x, struct connection *ret, struct error *e);

int scim_tokens_list(struct exchange *x, struct error *e);
int scim_tokens_create(struct exchange *x, struct error *e);
int scim_tokens_revoke(struct exchange *x, struct error *e);

#endif
