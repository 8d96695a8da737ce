/* Signing on by a connection: a browser is sent to the provider, comes back with what the provider says, and is signed in if all of it is well.
 *
 * The plug-in judges what came, in its confined child; whether whoever it names may come in is decided here and in provision. Whatever was looked at is
 * kept for administrators (roster/sign_on), and the person is told little. An attempt is answered once, in the browser that began it. */
#ifndef ROSTERD_ENDPOINTS_SSO_H
#define ROSTERD_ENDPOINTS_SSO_H

#include "endpoints/exchange.h"

answer_fn sso_prepare_begin, sso_begin;
answer_fn sso_prepare_page, sso_page; /* where a name and a password are asked for, of plug-ins that check them (sso_finish) */
answer_fn sso_prepare_metadata, sso_metadata;

/* Where the provider is to be told, when somebody signs off, that they did: 1 and where the browser goes (with post_body NULL or what it posts), 0 nowhere,
 * -1. Asks the plug-in, so outside of a transaction. */
int sso_logout_at_provider(struct exchange *x, const struct id *organisation, const struct id *connection, const char *remote_id,
			   const char *session, const char **ret_url, const char **ret_post_body, struct error *e);

/* Sends the browser there. */
void sso_send_browser(struct exchange *x, const char *url, const char *post_body);

#endif
