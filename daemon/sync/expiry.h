/* Tells, once and as an event, what will soon end: tokens (`token.expiring`), tokens of directories that push and certificates in the settings of
 * connections (`connection.token_expiring`, `connection.certificate_expiring`). Several daemons may look at once. */
#ifndef ROSTERD_SYNC_EXPIRY_H
#define ROSTERD_SYNC_EXPIRY_H

#include "base/error.h"

struct log;
struct store;

enum {
	EXPIRY_SOON_DAYS = 14,	      /* so long before the end it is told */
	EXPIRY_TOKENS_MOST = 500,     /* of each kind, in one look; the others come with the next */
	EXPIRY_CONNECTIONS_MOST = 200 /* whose certificates are in memory at a time */
};

/* One look at everything. A certificate that cannot be read is passed over: the doctor names it. */
int expiry_look(struct store *store, const struct log *log, struct error *e);

#endif
