/* An ID token that we gave and that comes back as a hint: whom it is about, and in which session. */
#ifndef ROSTERD_ENDPOINTS_OPENID_HINT_H
#define ROSTERD_ENDPOINTS_OPENID_HINT_H

#include "endpoints/exchange.h"

struct openid_hint {
	struct id user, session;
	const char *client; /* the name of whom it was given to */
};

/* In a transaction. 1; 0: it is none of ours, or its key is believed no more; -1. How old it is does not
 * matter: it gives nothing. */
int openid_hint_read(struct exchange *x, const char *token, struct openid_hint *ret, struct error *e);

#endif
