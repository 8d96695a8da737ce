/* The second factor of a local account: an authenticator's secret, sealed, and recovery codes, of which the
 * hashes are kept; and who must have one.
 *
 * In a transaction that is for the organisation. */
#ifndef ROSTERD_ROSTER_SECOND_FACTOR_H
#define ROSTERD_ROSTER_SECOND_FACTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/crypt.h"
#include "base/error.h"
#include "base/id.h"
#include "base/totp.h"
#include "store/query.h"

struct secret;

enum {
	SECOND_FACTOR_FAILURES_MOST = 10, /* wrong codes in a row, whoever typed them and wherever, before
					     none is looked at for ... */
	SECOND_FACTOR_PAUSE_S = 3600,
};

struct second_factor {
	bool wanted;	       /* a code is */
	struct secret *secret; /* NULL: there is none, or none of our keys opens it */
	int64_t step;	       /* of the last code that was used; 0: none was */
	bool paused;	       /* too many were wrong */
};

void second_factor_close(struct second_factor *factor);

/* Nobody else uses one of this account until the transaction ends. 1, 0 (no such account), -1. */
int second_factor_hold(struct tx *tx, const struct crypt_keys *keys, const struct id *organisation,
		       const struct id *user, struct second_factor *ret, struct error *e);

/* The code of this step was used; ends the row of wrong ones. */
int second_factor_used(struct tx *tx, const struct id *organisation, const struct id *user, int64_t step,
		       struct error *e);
/* One more wrong one. */
int second_factor_failed(struct tx *tx, const struct id *organisation, const struct id *user,
			 struct error *e);
/* Uses a recovery code up: 1; 0: it is none of theirs, or was used; -1. */
int second_factor_recover(struct tx *tx, const struct id *organisation, const struct id *user,
			  const uint8_t hash[CRYPT_DIGEST_SIZE], struct error *e);

/* From now on a code is wanted; step: of the one that showed that they have the secret. */
int second_factor_set(struct tx *tx, const struct crypt_keys *keys, const struct id *organisation,
		      const struct id *user, const struct secret *secret, int64_t step, struct error *e);
/* These recovery codes in place of those that there were. */
int second_factor_set_codes(struct tx *tx, const struct id *organisation, const struct id *user,
			    const uint8_t hashes[RECOVERY_CODES][CRYPT_DIGEST_SIZE], struct error *e);
/* None is wanted any more. How many had one (0 or 1). */
int second_factor_remove(struct tx *tx, const struct id *organisation, const struct id *user,
			 int64_t *ret_count, struct error *e);

/* What the envelope is bound to; name as roster/sealed has it. */
const char *second_factor_context(struct arena *arena, const struct id *organisation, const struct id *user,
				  const char *name);

/* "optional", "admins" or "all"; ended by NULL. */
extern const char *const second_factor_policies[];
int second_factor_policy(struct tx *tx, struct arena *arena, const struct id *organisation, const char **ret,
			 struct error *e);
int second_factor_set_policy(struct tx *tx, const struct id *organisation, const char *policy,
			     struct error *e);

#endif
