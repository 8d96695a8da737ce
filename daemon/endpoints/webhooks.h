/* Messages of directories (webhooks): from anybody, for one connection, whose plug-in alone can tell whether
 * they are authentic.
 *
 * Asked first, kept then, answered last: what is answered with success is in the database. Whoever sends what
 * is not authentic is soon not listened to, and costs no child. */
#ifndef ROSTERD_ENDPOINTS_WEBHOOKS_H
#define ROSTERD_ENDPOINTS_WEBHOOKS_H

#include "endpoints/exchange.h"
#include "plugin/link.h"

enum {
	WEBHOOK_BODY_MOST = LINK_MESSAGE_MOST,
	WEBHOOK_PER_MINUTE = 6000,  /* messages of one connection, on each daemon ... */
	WEBHOOK_BURST = 1000,	    /* ... and at once */
	WEBHOOK_BAD_PER_MINUTE = 6, /* those that were not authentic, or failed, from one address (of IPv6:
				       one network of 64 bits) ... */
	WEBHOOK_BAD_BURST = 20,	    /* ... and at once */
	WEBHOOK_DEADLINE_MS = 2500, /* for all that the plug-in does: vendors wait for three seconds */
	WEBHOOK_LATER_MS = 30000,   /* after which a message is to be repeated, if nobody says otherwise */
};

answer_fn webhooks_prepare, webhooks_take;

/* Where messages for a connection come in; NULL: public_url is not known, or its plug-in understands none. */
const char *webhooks_url(struct exchange *x, const struct id *connection, const char *plugin);

#endif
