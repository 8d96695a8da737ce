/* A refusal: somebody whom a directory showed and whom we could not take, with the reason, for people to see.
 */
#ifndef ROSTERD_ROSTER_REFUSAL_H
#define ROSTERD_ROSTER_REFUSAL_H

#include <stdbool.h>
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

/* How many there are of one connection. */
int refusal_count(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection, int64_t *ret,
		  struct error *e);

/* One of them: 1, 0, -1. */
int refusal_find(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection, const char *remote_id,
		 struct refusal *ret, struct error *e);

/* Whoever has the address of a refused entry, by the entry that they had in this connection, or else in another one. */
struct refusal_holder {
	struct id account;
	const char *name; /* the member's */
	bool gone;	  /* that entry is of this connection, and is gone */
	bool given;	  /* a directory gives them the address now */
	bool known;	  /* the refused entry is somebody already */
	bool by_operator; /* the operator suspended them */
};

/* 1, 0 nobody has it of whom a directory says anything, -1. */
int refusal_find_holder(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection,
			const struct refusal *refusal, struct refusal_holder *ret, struct error *e);

/* Keeps what was said, for the next reading that shows the entry (provision/relink). same: it is the person whose entry `account` was. */
int refusal_resolve(struct tx *tx, const struct id *organisation, const struct id *connection, const char *remote_id,
		    const struct id *account, bool same, const char *who, struct error *e);

#endif
