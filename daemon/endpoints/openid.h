/* rosterd as the OpenID provider of the operator's applications: what it says of itself, and what its rooms
 * do alike.
 *
 * openid_authorize lets people in, openid_token gives and renews what applications hold, openid_ask answers
 * what they ask about it, openid_logout signs off. There is no consent: the applications are the operator's
 * own. */
#ifndef ROSTERD_ENDPOINTS_OPENID_H
#define ROSTERD_ENDPOINTS_OPENID_H

#include "endpoints/exchange.h"
#include "plugin/link.h"
#include "roster/client.h"
#include "roster/grant.h"

enum {
	OPENID_BODY_MOST = 16 << 10,
	OPENID_PER_MINUTE = 600, /* people whom one address sends here ... */
	OPENID_BURST = 300,
	OPENID_BAD_PER_MINUTE = 30, /* ... and wrong secrets of one client from one address */
	OPENID_BAD_BURST = 60,
};

answer_fn openid_prepare_discovery, openid_discovery;
answer_fn openid_prepare_keys, openid_keys;

/* Whether there can be a provider: ERROR_RETRY "openid.public_url". */
int openid_check(const struct exchange *x, struct error *e);

/* The parameters of the query, or the fields of the form where there is a body, with their names. */
int openid_fields(struct exchange *x, struct link_pair **ret, size_t *ret_count, struct error *e);

/* The client that asks, with its secret or, if it is public, without one; it is the exchange's principal from
 * then on. Outside of a transaction. ERROR_UNAUTHENTICATED "oauth.invalid_client", ERROR_LIMIT "rate.client".
 */
int openid_client(struct exchange *x, const struct link_pair *fields, size_t count, struct client *ret,
		  struct error *e);

/* Looks, in a transaction of its own: 1, 0, -1. */
int openid_find_token(struct exchange *x, const char *token, struct granted *ret, struct error *e);

/* Its session is used now. */
int openid_seen(struct exchange *x, const struct granted *grant, struct error *e);

/* ---- what is said of somebody ---- */

/* The claims about who they are and where, as the scopes have it, into the object that was begun. */
void openid_put_claims(struct json_writer *w, const struct granted *grant, const char *const *scopes);

/* An ID token for the client, signed. nonce may be NULL; access: the access token that it comes with. */
int openid_id_token(struct exchange *x, const struct client *client, const struct granted *grant,
		    const char *const *scopes, const char *nonce, const char *access, const char **ret,
		    struct error *e);

bool openid_has_scope(const char *const *scopes, const char *scope);

#endif
