/* Which master keys the secrets of connections and event endpoints are sealed by, and sealing them anew. */
#ifndef ROSTERD_ROSTER_SEALED_H
#define ROSTERD_ROSTER_SEALED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/crypt.h"
#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

struct sealed_key {
	const uint8_t *id; /* CRYPT_KEY_ID_SIZE bytes */
	int64_t secrets, organisations;
};

/* The keys that seal anything, of all organisations, in the order of their ids. */
int sealed_keys(struct tx *tx, struct arena *arena, struct sealed_key **ret, size_t *ret_count, struct error *e);

/* An organisation with secrets that our first key does not seal: 1, 0 there is none, -1. */
int sealed_next(struct tx *tx, struct arena *arena, const struct crypt_keys *keys, struct id *ret, struct error *e);

/* Seals at most `most` of them again by the first key, each opened once more before it is written; in a
 * transaction that is for the organisation. What somebody changes at the same time is left to them. The
 * error names a secret that cannot be opened. */
int sealed_renew(struct tx *tx, const struct crypt_keys *keys, const struct id *organisation, int most,
		 int64_t *ret_count, struct error *e);

/* A secret that none of our keys opens. */
struct sealed_lost {
	struct id organisation;
	const char *holder; /* "acme/corporate"; the operator's own event endpoints have no organisation before their name */
	const char *name;
	const uint8_t *key;
	bool of_events; /* the holder is an event endpoint, otherwise a connection */
};

/* All of them, as the owner's role. sealed_forget removes them as well; it does not write the audit. */
int sealed_lost(struct tx *tx, struct arena *arena, const struct crypt_keys *keys, struct sealed_lost **ret,
		size_t *ret_count, struct error *e);
int sealed_forget(struct tx *tx, struct arena *arena, const struct crypt_keys *keys, struct sealed_lost **ret,
		  size_t *ret_count, struct error *e);

#endif
