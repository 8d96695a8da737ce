/* Who says so: one connection of one organisation, with what its word is worth and how it is translated. */
#ifndef ROSTERD_PROVISION_SOURCE_H
#define ROSTERD_PROVISION_SOURCE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "roster/connection.h"
#include "store/query.h"

struct source {
	struct id organisation;
	struct connection connection;
	const char *default_role;   /* of who joins and has no group that is mapped */
	const char *const *domains; /* the organisation's verified domains, ended by NULL */
	const void *digest; /* SHA-256 of all that decides what a reading shows and yields: settings, secrets, attributes, mappings, and the
	                     * two above. What changed is asked for only as long as it is the same */
	size_t digest_size;
	int renames_settle_ms; /* of a run: until its groups name who was renamed by the new name; and whether it can be asked for people by name */
	bool asks_named;
	const char *moved; /* of a run: why it reads another directory than the last one that was applied, in words; NULL: it does not */
};

/* Reads it as it is now. 1, 0 if the connection is no more, -1. */
int source_load(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection,
                struct source *ret, struct error *e);

/* The same without a connection, for what is about all of them. */
int source_load_organisation(struct tx *tx, struct arena *arena, const struct id *organisation, struct source *ret, struct error *e);

#endif
