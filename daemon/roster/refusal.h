/* A refusal: somebody whom a directory showed and whom we could not take, with the reason, for people to see.
 */
#ifndef ROSTERD_ROSTER_REFUSAL_H
#define ROSTERD_ROSTER_REFUSAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

struct refusal {
	const char *remote_id, *code, *reason, *user_name, *email;
	int64_t first_seen_at, last_seen_at;
};

/* Of one connection, ordered by remote id, after one (NULL: from the first). The transaction must be for the
 * organisation. */
int refusal_list(struct tx *tx, struct arena *arena, const struct id *organisation,
		 const struct id *connection, const char *after, int most, struct refusal **ret,
		 size_t *ret_count, struct error *e);

#endif
