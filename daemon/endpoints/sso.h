/* Signing on by a connection: a browser is sent to the provider, comes back with what the provider says, and is signed in if all of it is well.
 *
 * The plug-in judges what came, in its confined child; whether whoever it names may come in is decided here and in provision. Whatever was looked at is
 * kept for administrators (roster/sign_on), and the person is told little. An attempt is answered once, in the browser that began it. */
#ifndef ROSTERD_ENDPOINTS_SSO_H
#define ROSTERD_ENDPOINTS_SSO_H

#include "endpoints/exchange.h"
#include "plugin/link.h"

enum {
	SSO_BODY_MOST = LINK_FORM_MOST + (64 << 10),
	SSO_DEADLINE_MS = 15000,     /* for all that a plug-in does, its provider's answers included */
	SSO_LINKS_OF_ONE = 4,        /* children that one connection has at a time */
	SSO_PER_MINUTE = 600,        /* sign-ons of one connection from one address (a company has few) ... */
	SSO_BURST = 300,
	SSO_BAD_PER_MINUTE = 30,     /* those that come to nothing */
	SSO_BAD_BURST = 60,
	SSO_NAME_PER_MINUTE = 5,     /* passwords that are tried for one name, wherever they come from */
	SSO_NAME_BURST = 10,
	SSO_TEST_S = 900, /* how long such an address is good for */
};

answer_fn sso_prepare_begin, sso_begin;
answer_fn sso_prepare_finish, sso_finish;
answer_fn sso_prepare_page, sso_page;	       /* where a name and a password are asked for, of plug-ins that check them ... */
answer_fn sso_prepare_password; /* ... and what is done with them, ended by sso_finish */
answer_fn sso_prepare_metadata, sso_metadata;

/* An address at which an administrator tries a connection with their own browser: all of a sign-on, and nobody is signed on. */
answer_fn sso_test_create;

/* Where the provider is to be told, when somebody signs off, that they did: 1 and where the browser goes (with post_body NULL or what it posts), 0 nowhere,
 * -1. Asks the plug-in, so outside of a transaction. */
int sso_logout_at_provider(struct exchange *x, const struct id *organisation, const struct id *connection, const char *remote_id,
			   const char *session, const char **ret_url, const char **ret_post_body, struct error *e);

/* Sends the browser there. */
void sso_send_browser(struct exchange *x, const char *url, const char *post_body);

#endif
