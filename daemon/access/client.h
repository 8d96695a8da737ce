/* What a client shows to be given a token: its id and secret (RFC 6749, 2.3.1), and the form that it sends
 * them with. */
#ifndef ROSTERD_ACCESS_CLIENT_H
#define ROSTERD_ACCESS_CLIENT_H

#include "base/arena.h"
#include "base/error.h"
#include "http/request.h"

/* A field of the body, an HTML form (application/x-www-form-urlencoded), decoded; NULL: it is not there, or
 * badly encoded. */
const char *client_field(const struct request *request, struct arena *arena, const char *name);

/* By the header "Authorization: Basic ...", or in the body; not both. ERROR_INPUT "oauth.invalid_request";
 * ERROR_UNAUTHENTICATED "oauth.invalid_client": neither. */
int client_credentials(const struct request *request, struct arena *arena, const char **ret_id,
		       const char **ret_secret, struct error *e);

/* ERROR_UNAUTHENTICATED "oauth.invalid_client": whatever was wrong. Returns -1. */
int client_unknown(struct error *e);

#endif
