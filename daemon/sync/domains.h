/* Proves domains by DNS, and looks again from time to time: a thread beside the workers.
 *
 * Claims are rows; several daemons share them. Nobody waits for a name server while holding a transaction. */
#ifndef ROSTERD_SYNC_DOMAINS_H
#define ROSTERD_SYNC_DOMAINS_H

#include "base/error.h"
#include "roster/domain.h"
#include "sync/resolver.h"

struct domains;
struct store;

struct domains_options {
	struct store *store;
	struct resolver_options resolver;
	struct domain_patience patience;
};

int domains_open(const struct domains_options *options, struct domains **ret, struct error *e);

/* Comes to the end of the look under way and joins the thread. Accepts a pointer to NULL; leaves NULL behind. */
void domains_close(struct domains **domains);

#endif
