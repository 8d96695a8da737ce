/* What an ID token claims (OpenID Connect Core 1.0, 2 and 3.1.3.7), once its signature is known to be good: whether it is for us, of now, of this
 * attempt and of the tenant that is meant, and whom it names.
 *
 * Nothing here talks to anybody. Each thing that is looked at is told, in an order that does not depend on what came. */
#ifndef ROSTER_COMMON_CLAIMS_H
#define ROSTER_COMMON_CLAIMS_H

#include <stdbool.h>
#include <stdint.h>

#include "connector.h"

struct arena;
struct json;

enum {
	CLAIMS_OLD_S = 900,	    /* how long ago a token may have been issued: it comes straight from the provider */
	CLAIMS_SUBJECT_MOST = 255,  /* bytes of "sub" (OpenID Connect Core 1.0, 2) */
	CLAIMS_ATTRIBUTES_MOST = 40, /* claims that are given as attributes */
};

/* Which address of mail is one that the provider vouches for. */
enum claims_email {
	CLAIMS_EMAIL_VERIFIED, /* "email_verified" is true */
	CLAIMS_EMAIL_HOSTED,   /* so, and "hd" is there: Google is the domain's own, or it is of gmail.com */
	CLAIMS_EMAIL_OWNED,    /* "xms_edov" is true: Entra says that the tenant owns the domain; "email" alone can be set by anybody */
	CLAIMS_EMAIL_NEVER,
};

struct claims_rules {
	const char *issuer; /* exactly; "{tenantid}" in it stands for the claim "tid" */
	const char *client_id;
	const char *const *tenants;	  /* "tid" is one of these, ended by NULL; NULL: it is not looked at */
	const char *const *domains;	  /* the same of "hd" */
	const char *const *organisations; /* the same of "org_id" */
	const char *key;	 /* the claim that is the person's key: "sub", "oid" */
	const char *groups;	 /* the claim with their groups; NULL: groups are never said */
	const char *user_name;	 /* the claim that is the user name; NULL: "preferred_username" */
	enum claims_email email;
	int skew_s;
};

typedef void claims_told_fn(void *context, const char *check, bool passed, const char *expected, const char *received,
			    const char *advice);

/* 0: all of it is as it must be. -1: something is not; the last that was told says what. nonce: of this attempt. */
int claims_judge(const struct claims_rules *rules, const struct json *claims, const char *nonce, int64_t now_s, struct arena *arena,
		 claims_told_fn *told, void *context);

/* The same of a logout token (OpenID Connect Back-Channel Logout 1.0, 2.6), which is none for signing on, as that is none for this: by whom and for whom it
 * is, that it is about logout, and what it names: "sub", "sid" or both. */
int claims_judge_logout(const struct claims_rules *rules, const struct json *claims, int64_t now_s, struct arena *arena, claims_told_fn *told,
			void *context);

/* A claim that is a text and not empty, at most so many bytes; NULL. */
const char *claims_text(const struct json *claims, const char *name, size_t most);

/* Whom it names, in the arena; more: what the provider said beside it (userinfo), or NULL: what it adds is taken, what it says otherwise is not. Groups
 * that are too many for the token to hold them are not said. NULL: the key is missing. */
const struct roster_identity *claims_person(const struct claims_rules *rules, const struct json *claims, const struct json *more,
					    struct arena *arena);

/* Whether groups were left out because there are too many (Entra: "_claim_names", "hasgroups"). */
bool claims_has_overage(const struct json *claims);

#endif
