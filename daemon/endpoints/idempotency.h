/* Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): what is sent again under the same key is
 * answered again and not done again.
 *
 * Only what was done is kept, with its change in one transaction: a refused request changed nothing and may
 * be sent again as it is. Keys of POST and PATCH count; the other methods need none. */
#ifndef ROSTERD_ENDPOINTS_IDEMPOTENCY_H
#define ROSTERD_ENDPOINTS_IDEMPOTENCY_H

#include "endpoints/exchange.h"

struct idempotency_key;

/* The key of this exchange into *ret, NULL if it has none that counts. After who asks, about which
 * organisation, is known. ERROR_INPUT "idempotency.key". */
int idempotency_read(struct exchange *x, const struct idempotency_key **ret, struct error *e);

/* 1: it was done before, and the reply is what was answered then. 0: it is to be done, and nobody else does
 * it until this transaction ends. -1: ERROR_CONFLICT "idempotency.in_flight" (somebody does it just now),
 * "idempotency.shown_once"; ERROR_INPUT "idempotency.other_request" (the key was used for something else). */
int idempotency_replay(struct exchange *x, const struct idempotency_key *key, struct error *e);

/* Keeps what is answered, if anything was done. The last thing before the commit. */
int idempotency_finish(struct exchange *x, const struct idempotency_key *key, struct error *e);

#endif
