/* What a provider of OpenID Connect says of itself (Discovery 1.0), and its keys: read, and kept by the daemon for a while.
 *
 * For oidc alone. */
#ifndef ROSTER_COMMON_OIDC_PROVIDER_H
#define ROSTER_COMMON_OIDC_PROVIDER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/oidc.h"

struct arena;
struct json;

/* What the provider says of itself, as far as we use it. */
struct oidc_provider {
	char issuer[OIDC_URL_MOST], authorization[OIDC_URL_MOST], token[OIDC_URL_MOST], keys[OIDC_URL_MOST], userinfo[OIDC_URL_MOST],
		end_session[OIDC_URL_MOST];
	bool basic, post; /* how it takes the secret; neither: it does not say */
	bool answers_issuer; /* "iss" in the answer (RFC 9207) */
};

struct oidc {
	struct oidc_options options;
	struct fetch *fetch;
	struct arena *arena; /* of one call */
	struct oidc_provider provider;
	int64_t provider_until_ms; /* of the monotonic clock; 0: not known */
	char keys[OIDC_KEYS_MOST]; /* {"keys":[...]} */
	int64_t keys_until_ms, keys_again_ms;
};

/* That we know it: what is kept, or is read now. 0; -1: fail() was called. */
int oidc_know_provider(struct oidc *o, const struct fetch_caller *caller);

/* The same of its keys, once it is known. */
int oidc_know_keys(struct oidc *o, const struct fetch_caller *caller);

/* Read now, whatever is kept. */
int oidc_fetch_provider(struct oidc *o, const struct fetch_caller *caller);
int oidc_fetch_keys(struct oidc *o, const struct fetch_caller *caller);

/* One thing that was looked at; fails with ROSTER_DENIED if it is not as it must be. */
int oidc_judged(const struct fetch_caller *caller, bool passed, const char *check, const char *expected, const char *received, const char *advice);

/* The only field of this name; NULL: there is none, or several, which sets *ret_several. */
const char *oidc_field(const struct roster_pair *form, const char *name, bool *ret_several);

/* The claims of a token that is signed by a key of the provider's, in the arena. 0; -1: fail() was called. */
int oidc_verify_token(struct oidc *o, const struct fetch_caller *caller, const char *token, struct json **ret_claims);

/* Fails: what is wrong with how it describes itself. -1. */
int oidc_wrong_provider(struct oidc *o, const struct fetch_caller *caller, const char *what);

#endif
