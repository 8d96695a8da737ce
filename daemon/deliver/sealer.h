/* Seals what was committed, and lets go what is too old. Called again and again by one thread. */
#ifndef ROSTERD_DELIVER_SEALER_H
#define ROSTERD_DELIVER_SEALER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct store;

enum {
	SEALER_BATCH = 10000,	   /* entries of one transaction: under a second */
	SEALER_PRUNE_MOST = 10000, /* of one chain in one transaction */
};

/* One batch. *ret_more: at least one more waits. */
int sealer_seal(struct store *store, bool *ret_more, struct error *e);

/* How many entries wait, and for how long the oldest has. */
int sealer_lag(struct store *store, int64_t *ret_entries, int64_t *ret_ms, struct error *e);

/* One batch of those older than keep_ms. *ret_more as above. */
int sealer_prune(struct store *store, int64_t keep_ms, bool *ret_more, struct error *e);

#endif
