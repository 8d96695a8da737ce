/* What a plug-in keeps between its calls, in our database (roster/kept): each value in a short transaction of its own, while its call goes on. */
#ifndef ROSTERD_PLUGIN_KEEPER_H
#define ROSTERD_PLUGIN_KEEPER_H

#include "base/id.h"
#include "plugin/link.h"
#include "store/pool.h"

struct crypt_keys;
struct store;

struct keeper {
	struct link_keeper link; /* for link_options */
	struct store *store;
	enum store_role role;
	const struct crypt_keys *keys;
	struct id organisation, connection;
};

/* Of one connection. Everything is borrowed as long as a link has it. */
void keeper_open(struct keeper *keeper, struct store *store, enum store_role role, const struct crypt_keys *keys, const struct id *organisation,
                 const struct id *connection);

#endif
