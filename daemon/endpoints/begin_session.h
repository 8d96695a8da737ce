/* Somebody is signed in from now on, in this browser: the session, its entry in the audit, and the cookie,
 * however they have shown who they are. */
#ifndef ROSTERD_ENDPOINTS_BEGIN_SESSION_H
#define ROSTERD_ENDPOINTS_BEGIN_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/crypt.h"
#include "endpoints/exchange.h"
#include "plugin/link.h"

struct secret;

/* Who, and how. */
struct beginning {
	struct id user, connection;	 /* connection nil: none */
	const char *name, *email, *role; /* of the member; email may be NULL */
	const char *remote_id;		 /* what the connection calls them; NULL: there is none */
	const struct secret *provider;	 /* what the plug-in is told to end the provider's own session; NULL: not known */
	const struct link_session *provider_name; /* what the provider calls it when it ends it; NULL: not known */
	const char
		*by; /* a word for the audit where there is no connection: "password"; NULL: there is one */
	int64_t expires_at;	  /* 0: as the settings say; never later than that */
	const uint8_t *presented; /* the hash of the session that this browser had when it began; NULL: the
				     one that it shows now */
};

/* In the transaction of the exchange, which speaks for this member from then on. The session that the browser
 * had ends, whoever's it was. 1; 0: they are not active (any more), and nothing was done; -1. */
int begin_session(struct exchange *x, const struct beginning *beginning, struct id *ret_session,
		  struct error *e);

#endif
