#include "plugin/keeper.h"

#include "base/secret.h"
#include "roster/kept.h"
#include "store/transaction.h"

static int keep(void *self, const char *name, const void *bytes, size_t size, int64_t until_s, struct error *e)
{
	const struct keeper *keeper = self;
	scoped(secret) *value = bytes ? secret_take(bytes, size) : NULL;
	scoped(tx) *tx = NULL;

	if (tx_begin(keeper->store, keeper->role, &tx, e) < 0 || tx_for(tx, &keeper->organisation, e) < 0 ||
	    kept_keep(tx, keeper->keys, &keeper->organisation, &keeper->connection, name, value, until_s, e) < 0)
		return -1;
	return tx_commit(&tx, e);
}

static int recall(void *self, const char *name, struct secret **ret, struct error *e)
{
	const struct keeper *keeper = self;
	scoped(tx) *tx = NULL;

	if (tx_begin(keeper->store, keeper->role, &tx, e) < 0 || tx_for(tx, &keeper->organisation, e) < 0)
		return -1;
	return kept_find(tx, keeper->keys, &keeper->organisation, &keeper->connection, name, ret, e);
}

void keeper_open(struct keeper *keeper, struct store *store, enum store_role role, const struct crypt_keys *keys, const struct id *organisation,
                 const struct id *connection)
{
	*keeper = (struct keeper){ .link = { keeper, keep, recall }, .store = store, .role = role, .keys = keys,
		                   .organisation = *organisation, .connection = *connection };
}
