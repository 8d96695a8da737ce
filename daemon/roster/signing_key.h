/* The keys that sign what applications are told. Made by whichever daemon finds that there is none; private
 * halves are sealed by the master key.
 *
 * Each is published before it signs and after, so that applications that have read the set some time ago do
 * not meet an unknown one. Of each algorithm the one signs whose time has come last. */
#ifndef ROSTERD_ROSTER_SIGNING_KEY_H
#define ROSTERD_ROSTER_SIGNING_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/crypt.h"
#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

struct secret;

#define SIGNING_KEY_LEAD_MS (24 * 3600 * INT64_C(1000))	     /* between being published and signing */
#define SIGNING_KEY_KEEP_MS (30 * 24 * 3600 * INT64_C(1000)) /* between signing no more and being gone */

/* RS256 first: it is the one that every application must know (OpenID Connect Core 1.0, 15.1). Ended by NULL.
 */
extern const char *const signing_key_algorithms[];

struct signing_key {
	struct id id;
	const char *algorithm, *public; /* public: a JSON web key */
	const char *state;		/* next, current, former */
	int64_t made_at, signs_from, replaced_at, gone_at;
};

/* Those that are published, the newest of each algorithm first. The same from any transaction. */
int signing_key_list(struct tx *tx, struct arena *arena, struct signing_key **ret, size_t *ret_count,
		     struct error *e);

/* One that is published, by its "kid": 1, 0, -1. */
int signing_key_find(struct tx *tx, struct arena *arena, const char *kid, struct signing_key *ret,
		     struct error *e);

/* Signs with the one whose turn it is. ERROR_RETRY "openid.no_key": there is none yet. */
int signing_key_sign(struct tx *tx, const struct crypt_keys *keys, const char *algorithm, const char *type,
		     const char *payload, struct arena *arena, const char **ret, struct error *e);

/* ---- in transactions that are for no organisation ---- */

/* Makes what there must be: a first one of each algorithm, and a next one where the newest signs for longer
 * than most_ms (0: never for that). *ret_made: how many. One that our master keys do not open is as if there
 * were none, and signs no more from now on. */
int signing_key_tend(struct tx *tx, const struct crypt_keys *keys, int64_t most_ms, int *ret_made,
		     struct error *e);

/* Another one of this algorithm, from lead_ms on. now_gone: those before are believed no more at once.
 * ERROR_CONFLICT "signing_key.rolled": somebody else does the same just now. */
int signing_key_roll(struct tx *tx, const struct crypt_keys *keys, const char *algorithm, int64_t lead_ms,
		     bool now_gone, struct error *e);

const char *signing_key_context(struct arena *arena, const struct id *organisation, const struct id *key,
				const char *name);

#endif
