/* What an application was given for somebody who is signed in: a code, and for the code tokens. Of all of
 * these only hashes come here.
 *
 * A code is shown once, soon after. A token that refreshes is shown once, too, and gives its successor; one
 * that comes again later was stolen, or its successor was, and ends the grant. Everything counts as long as
 * the session that it came from, its member and the client do, which is looked at each time: nothing is
 * cached. */
#ifndef ROSTERD_ROSTER_GRANT_H
#define ROSTERD_ROSTER_GRANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/crypt.h"
#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

#define GRANT_CODE_PREFIX    "rcd"
#define GRANT_ACCESS_PREFIX  "rat"
#define GRANT_REFRESH_PREFIX "rrt"

enum {
	GRANT_TEXT_SIZE = 3 + 1 + 43, /* of a code or token */
	GRANT_CODE_MS = 60 * 1000,
};

struct granted {
	struct id id, organisation, client, session, user;
	const char *const *scopes;
	const char *nonce;		      /* NULL: none was given */
	const char *redirect_uri, *challenge; /* of grant_by_code alone */
	const char *client_name;	      /* of grant_by_token alone, as the next four */
	const char *kind;		      /* access, refresh */
	int64_t made_at, expires_at;	      /* of the token */
	bool ended;			      /* it, its grant or its client counts no more */
	/* Whose session it is, as they are now; slug NULL: it counts no more. email: a proven one, or NULL.
	 */
	const char *slug, *email, *name, *role;
	int64_t signed_on_at, session_until;
};

/* Whether a text may be one of ours, by its prefix. */
bool grant_is(const char *prefix, const char *text);

/* ---- in any transaction ---- */

/* 1, 0 there is none, -1. */
int grant_by_code(struct tx *tx, struct arena *arena, const uint8_t hash[CRYPT_DIGEST_SIZE],
		  struct granted *ret, struct error *e);
int grant_by_token(struct tx *tx, struct arena *arena, const uint8_t hash[CRYPT_DIGEST_SIZE],
		   struct granted *ret, struct error *e);

/* ---- in transactions that are for its organisation ---- */

/* A code is given, for GRANT_CODE_MS. Uses id, organisation, client, session, scopes, nonce, redirect_uri,
 * challenge. */
int grant_create(struct tx *tx, const struct granted *grant, const uint8_t code[CRYPT_DIGEST_SIZE],
		 struct error *e);

/* Its code was shown: 1 for the first time and in time; 0 not so, and *ret_again says whether it was shown
 * before; -1. */
int grant_use(struct tx *tx, const struct granted *grant, bool *ret_again, struct error *e);

/* Holds its session until the transaction ends: who ends it waits, and then knows what was given. 1, 0 it is
 * over, -1. */
int grant_hold_session(struct tx *tx, const struct granted *grant, struct error *e);

/* Another token for it, of this kind, for so long (not beyond the session). *ret_until: until when. */
int grant_add_token(struct tx *tx, const struct granted *grant, const char *kind,
		    const uint8_t hash[CRYPT_DIGEST_SIZE], const char *const *scopes, int64_t for_ms,
		    int64_t *ret_until, struct error *e);

/* What becomes of a token that refreshes when it is shown. */
enum grant_refresh {
	GRANT_FRESH, /* for the first time: it has its successor now, which the caller adds */
	GRANT_AGAIN, /* a moment ago, by somebody who did not hear the answer: successor was given to them and
			was not used */
	GRANT_REUSED /* later than that, or its successor was used */
};

/* Locks it. successors: what the next one is hashed as, by each master key; *ret_which is the one that
 * counts. grace_ms: how long an answer may have been lost. */
int grant_refresh(struct tx *tx, const struct granted *grant, const uint8_t hash[CRYPT_DIGEST_SIZE],
		  const uint8_t successors[CRYPT_KEYS_MOST][CRYPT_DIGEST_SIZE], size_t count,
		  int64_t grace_ms, enum grant_refresh *ret, size_t *ret_which, struct error *e);

/* Ends all of it; by: replay, reuse, application. Says whether it had not ended before. */
int grant_end(struct tx *tx, const struct granted *grant, const char *by, bool *ret_ended, struct error *e);

/* This one token alone is over. */
int grant_drop_token(struct tx *tx, const struct granted *grant, const uint8_t hash[CRYPT_DIGEST_SIZE],
		     struct error *e);

#endif
