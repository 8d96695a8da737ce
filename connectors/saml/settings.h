/* What an administrator has set of a connection by SAML. */
#ifndef ROSTER_SAML_SETTINGS_H
#define ROSTER_SAML_SETTINGS_H

#include <stdbool.h>

#include "connector.h"
#include "saml/keys.h"

struct arena;
struct preset;

/* The table that the plug-in shows; ended by {0}. */
extern const struct roster_setting settings_table[];

struct settings {
	/* the provider */
	const char *provider;	 /* entity id */
	const char *sign_on_url; /* where people are sent */
	bool sign_on_by_post;
	const char *logout_url;	   /* where it is told that people sign off; NULL: it is not told */
	const char *answer_url;	   /* where it gets our answers about that; NULL: none */
	bool logout_by_post, answer_by_post; /* otherwise HTTP-Redirect */
	struct keys *keys;
	/* ourselves */
	const char *service, *acs_url; /* entity id and address */
	const char *own_logout_url;    /* where it tells us that people sign off */
	struct own_key *key;	       /* NULL: none */
	const char *certificate;       /* of it, base64; NULL */
	struct own_key *next_key;      /* that is to follow it: opens, and signs nothing; NULL: none */
	const char *next_certificate;
	bool sign_requests;
	const char *name_format; /* asked for; NULL: as the provider likes */
	/* how strict */
	bool response_signed, assertion_signed, sha1, authenticated_encryption, unasked;
	int skew_s;
	/* who somebody is */
	const struct preset *preset;
	const char *id_attribute, *email_attribute, *groups_attribute; /* NULL: as the preset says */
};

/* Reads them all. What stands in them lives in the arena, but for the keys, which settings_close frees. -1:
 * fail() was called. */
int settings_read(struct roster_call *call, const struct roster_host *host, struct arena *arena,
		  struct settings *ret);
void settings_close(struct settings *settings);

#endif
