/* Tokens of OAuth 2.0 for services: asked for, kept until they end, shown with each request.
 *
 * Three ways to say who we are: a secret (RFC 6749 section 2.3.1), an assertion that we signed
 * (private_key_jwt, RFC 7523 section 2.2), an assertion that is the grant itself (RFC 7523 section 2.1:
 * Google's service accounts, with the person to act as). Where the vendor demands it, tokens are bound to a
 * key that never leaves this process (DPoP, RFC 9449).
 *
 * A token is asked for once in its life: the daemon keeps it between readings, sealed, for the settings that
 * it was given for (keep and recall). One that is bound to a key is not kept. It is in no message. */
#ifndef ROSTER_COMMON_OAUTH_H
#define ROSTER_COMMON_OAUTH_H

#include <stdbool.h>

#include "common/fetch.h"

enum {
	OAUTH_TOKEN_MOST = 16 << 10, /* bytes of an access token */
	OAUTH_EARLY_S = 60,	     /* a token is given up so long before it ends */
	OAUTH_LIFE_MOST_S = 86400,   /* and is not believed to live longer */
	OAUTH_SCOPE_MOST = 512,
};

enum oauth_way { OAUTH_SECRET = 1, OAUTH_PRIVATE_KEY, OAUTH_ASSERTION };

struct oauth_options {
	enum oauth_way way;
	const char *vendor;    /* for messages */
	const char *token_url; /* https */
	const char *client_id; /* OAUTH_ASSERTION: the service account's address */
	const char *secret;    /* OAUTH_SECRET */
	const char *key;       /* PEM, of the other two */
	const char *key_id;    /* "kid"; NULL: none */
	const char *key_setting, *secret_setting, *client_setting; /* what these are called, for messages */
	const char *certificate; /* PEM: the key's, named in what it signs with PS256 (Entra); NULL: none */
	const char *certificate_setting;
	const char *scope;	/* NULL: none */
	const char *audience;	/* a parameter "audience" (Auth0); NULL: none */
	const char *subject;	/* OAUTH_ASSERTION: whom to act as; NULL: nobody */
	const char *kept_name;	/* by which the daemon keeps it; NULL: "token". Two of one plug-in need two */
	bool dpop;		/* may bind tokens to a key if the vendor demands it */
	/* What a refusal means and who mends it, by what the vendor answered; NULL: it is not known. May be
	 * NULL. */
	const char *(*advise)(const struct json_node *answer);
};

struct oauth;

/* The options' texts are borrowed until oauth_close. -1: fail() was called. */
int oauth_open(const struct fetch_caller *caller, const struct oauth_options *options, struct fetch *fetch,
	       struct oauth **ret);

/* Wipes keys and token. */
void oauth_close(struct oauth **oauth);

/* Adds the token, which is asked for if there is none: a fetch_authorise_fn, its context is the oauth. */
int oauth_authorise(void *oauth, const struct fetch_caller *caller, const char *method, const char *url,
		    struct fetch_head *head);

/* Whether the vendor gives a token of these scopes, which is asked for if there is none: 1; 0: it does not give
 * them, or not all, and nothing was failed; -1: fail() was called. */
int oauth_try(struct oauth *oauth, const struct fetch_caller *caller);

/* The vendor has refused the token: the next request asks for another one. False: it is a fresh one that was
 * refused, and another will fare no better. */
bool oauth_refused(struct oauth *oauth);

/* The next request asks for a new token, whatever is kept: a test of the settings must find that a secret counts
 * no longer. */
void oauth_renew(struct oauth *oauth);

/* It has accepted the token. */
void oauth_accepted(struct oauth *oauth);

/* The scopes that the vendor says the token has, and "" if it says nothing (RFC 6749 section 3.3: those that
 * were asked for). */
const char *oauth_scope(const struct oauth *oauth);
bool oauth_uses_dpop(const struct oauth *oauth);

#endif
