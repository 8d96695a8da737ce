#include "deliver/sealer.h"

#include "base/arena.h"
#include "base/clock.h"
#include "roster/chain.h"

/* The first batch after a back-up was restored looks through everything that is sealed. */
enum { PATIENCE_MS = 3600 * 1000 };

int sealer_seal(struct store *store, bool *ret_more, struct error *e)
{
	scoped(tx) *tx = NULL;
	int64_t sealed;

	if (tx_begin(store, STORE_WORKER, &tx, e) < 0 || tx_patience(tx, PATIENCE_MS, e) < 0 ||
	    chain_seal(tx, SEALER_BATCH, &sealed, e) < 0 || tx_commit(&tx, e) < 0)
		return -1;
	*ret_more = sealed == SEALER_BATCH;
	return 0;
}

int sealer_lag(struct store *store, int64_t *ret_entries, int64_t *ret_ms, struct error *e)
{
	scoped(arena) *arena = arena_open("lag");
	scoped(tx) *tx = NULL;
	int64_t entries, oldest, waited;

	if (tx_begin(store, STORE_WORKER, &tx, e) < 0 || chain_lag(tx, arena, &entries, &oldest, e) < 0 ||
	    tx_commit(&tx, e) < 0)
		return -1;
	waited = oldest ? (clock_now_us() - oldest) / 1000 : 0;
	*ret_entries = entries;
	*ret_ms = waited > 0 ? waited : 0;
	return 0;
}

int sealer_prune(struct store *store, int64_t keep_ms, bool *ret_more, struct error *e)
{
	scoped(tx) *tx = NULL;
	int64_t gone;

	if (tx_begin(store, STORE_WORKER, &tx, e) < 0 || tx_patience(tx, PATIENCE_MS, e) < 0 ||
	    chain_prune(tx, clock_now_us() - keep_ms * 1000, SEALER_PRUNE_MOST, &gone, e) < 0 ||
	    tx_commit(&tx, e) < 0)
		return -1;
	*ret_more = gone >= SEALER_PRUNE_MOST;
	return 0;
}
