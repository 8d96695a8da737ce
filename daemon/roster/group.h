/* A group of a directory, as it was read last. Its people are read by member_list_of_group. */
#ifndef ROSTERD_ROSTER_GROUP_H
#define ROSTERD_ROSTER_GROUP_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

struct group {
	struct id organisation, id;
	struct id connection; /* nil: made here */
	const char *remote_id, *name;
	int64_t members; /* different people in it and in the groups within it */
	int64_t version;
};

/* By id or name: 1, 0, -1. A name that two groups have is ERROR_CONFLICT "group.ambiguous". The transaction
 * must be for the organisation. */
int group_find(struct tx *tx, struct arena *arena, const struct id *organisation, const char *id_or_name,
	       struct group *ret, struct error *e);

/* Ordered by id, after one (NULL: from the first). */
int group_list(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *after,
	       int most, struct group **ret, size_t *ret_count, struct error *e);

#endif
