/* What an application asks for when it sends somebody here (OpenID Connect Core 1.0, 3.1.2.1; RFC
 * 6749, 4.1.1; RFC 7636): read and checked, without looking at anything else. */
#ifndef ROSTERD_ENDPOINTS_OPENID_REQUEST_H
#define ROSTERD_ENDPOINTS_OPENID_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "plugin/link.h"

struct buffer;

enum {
	OPENID_VALUE_MOST = 512,    /* bytes of a state, nonce, ... */
	OPENID_CHALLENGE_SIZE = 43, /* SHA-256 in base64url */
	OPENID_VERIFIER_LEAST = 43,
	OPENID_VERIFIER_MOST = 128,
};
#define OPENID_MAX_AGE_MOST (10 * 365 * 24 * 3600 * INT64_C(1)) /* seconds */

/* The scopes that there are, ended by NULL. */
extern const char *const openid_scopes[];

struct openid_request {
	/* As they were given; NULL: not. */
	const char *client_id, *redirect_uri, *response_type, *response_mode, *scope, *state, *nonce,
		*code_challenge, *code_challenge_method, *prompt, *max_age, *login_hint, *id_token_hint,
		*organization, *request, *request_uri, *registration;
	const char *asked; /* of ours: what openid_authorize hung on when it sent somebody to sign on */
	/* What that means. */
	const char *const *scopes; /* those of openid_scopes, ended by NULL */
	bool silent;		   /* nobody is to be asked anything */
	bool anew;		   /* they are to sign on anew */
	int64_t max_age_s;	   /* how long ago they may have; -1: it does not matter */
};

/* Whose request it is and where an answer goes, which must be clear before anything else: ERROR_INPUT
 * "oauth.invalid_request": a parameter that came twice, or "client_id" or "redirect_uri" is missing. Others
 * are left alone. */
int openid_request_read(struct arena *arena, const struct link_pair *fields, size_t count,
			struct openid_request *ret, struct error *e);

/* Everything else. The code of the error is "oauth." with the word that the application is told. */
int openid_request_check(struct arena *arena, struct openid_request *request, struct error *e);

/* The same request as an address of ours, "/openid/authorize?...", without hints that are long and without
 * asked. NULL: it is too long. */
const char *openid_request_address(struct arena *arena, const struct openid_request *request);

/* Whether uri is one of these, to the letter. */
bool openid_is_one_of(const char *const *uris, const char *uri);

/* Whether a verifier is the one of a challenge (RFC 7636, 4.6, S256). verifier NULL: none was given. */
bool openid_is_verifier(const char *verifier, const char *challenge);

/* Adds "?name=value" or "&name=value"; value NULL: nothing. */
void openid_add(struct buffer *address, const char *name, const char *value);

#endif
