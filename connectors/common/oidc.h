/* A relying party of OpenID Connect: authorization code with PKCE (RFC 7636), state and nonce, discovery, keys that rotate.
 *
 * What the provider says of itself and its keys is kept by the daemon for a while, so that most sign-ons cost one request: the exchange of the code. A
 * token is believed only if it is signed by a key of the provider's (common/jws) and claims what it must (common/claims). */
#ifndef ROSTER_COMMON_OIDC_H
#define ROSTER_COMMON_OIDC_H

#include "common/claims.h"
#include "common/fetch.h"
#include "connector.h"

enum {
	OIDC_DISCOVERY_S = 3600,      /* how long a provider's description is believed */
	OIDC_KEYS_S = 900,	      /* how long its keys are: one that is taken back counts no longer than this */
	OIDC_KEYS_AGAIN_S = 30,	      /* how soon after they were fetched for a key that was not there they are so again */
	OIDC_KEYS_MOST = 12 << 10,    /* bytes of its keys, as we keep them */
	OIDC_URL_MOST = 2048,
};

/* The steps that may dial, for roster_sign_on.needs_network: begin, finish, logout and ended. */
#define OIDC_NETWORK (1u << 0 | 1u << 1 | 1u << 3 | 1u << 5)

struct oidc_options {
	const char *discovery; /* where the provider describes itself; NULL: below the issuer, as OpenID Connect Discovery 1.0 has it */
	const char *client_secret; /* NULL: there is none, PKCE alone proves that it is us */
	bool secret_in_body;	   /* client_secret_post; otherwise by Basic, unless the provider takes the other alone */
	const char *scope;	   /* "openid profile email" */
	const char *extra;	   /* further parameters of the authorization request, encoded: "hd=acme.example"; NULL: none */
	const char *issuer_setting, *client_setting, *secret_setting; /* what these are called, for advice */
	struct claims_rules rules;
};

struct oidc;

/* The options' texts, and the fetch, are borrowed until oidc_close. */
struct oidc *oidc_open(const struct oidc_options *options, struct fetch *fetch);
void oidc_close(struct oidc **oidc);

/* As the functions of roster_sign_on. */
int oidc_begin(struct oidc *oidc, const struct fetch_caller *caller, const char *state);
int oidc_finish(struct oidc *oidc, const struct fetch_caller *caller, const struct roster_pair *form);
int oidc_logout(struct oidc *oidc, const struct fetch_caller *caller, const char *session);
int oidc_ended(struct oidc *oidc, const struct fetch_caller *caller, const struct roster_pair *form);

/* Whether the provider describes itself and has keys that we can use; notes say what was found. */
int oidc_check(struct oidc *oidc, const struct fetch_caller *caller);

#endif
