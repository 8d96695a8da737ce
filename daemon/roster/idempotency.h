/* What was answered under an idempotency key, kept in the transaction of what was done. */
#ifndef ROSTERD_ROSTER_IDEMPOTENCY_H
#define ROSTERD_ROSTER_IDEMPOTENCY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/crypt.h"
#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

enum { IDEMPOTENCY_KEY_MOST = 255, IDEMPOTENCY_KEPT_HOURS = 24 };

/* Whose word it is: the same key of somebody else, or at another address, is another. */
struct idempotency_key {
	struct id organisation; /* nil: of the operator's addresses */
	const char *principal, *method, *path, *key;
	uint8_t fingerprints[CRYPT_KEYS_MOST][CRYPT_DIGEST_SIZE]; /* of what was asked; the first is kept, each is understood */
	size_t fingerprint_count;
};

struct kept_answer {
	bool same; /* it was asked the same */
	int status;
	bool versioned; /* it showed one thing, which was at this version */
	int64_t version;
	const char *location; /* NULL: none */
	const char *body;     /* NULL: it held a secret */
	const char *request;  /* the id of the request that it was given to */
};

/* Until the end of the transaction nobody else works under this key: 1, 0 (somebody does), -1. */
int idempotency_lock(struct tx *tx, struct arena *arena, const struct idempotency_key *key, struct error *e);

/* 1, 0 (there is none, or it has expired), -1. The transaction is for the key's organisation, or for none. */
int idempotency_find(struct tx *tx, struct arena *arena, const struct idempotency_key *key,
		     struct kept_answer *ret, struct error *e);

/* The last statement of the transaction. `same` is not looked at. */
int idempotency_keep(struct tx *tx, const struct idempotency_key *key, const struct kept_answer *answer,
		     struct error *e);

#endif
