/* A session: that somebody is signed in, as a member of one organisation, by a connection. Its cookie never comes here, only its hash.
 *
 * It counts until it is ended, its time is over, nobody has shown it for so long, or its member is not active any more: that ends it in the statement that
 * changes the member (schema/0043_sign_on.sql), whoever does it; who keeps one in memory hears of that (access/changes). */
#ifndef ROSTERD_ROSTER_SESSION_H
#define ROSTERD_ROSTER_SESSION_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/crypt.h"
#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

struct secret;

#define SESSION_PREFIX "rses"

enum {
	SESSION_TEXT_SIZE = 4 + 1 + 43, /* of the cookie's value */
	SESSION_SEEN_EVERY_MS = 60 * 1000, /* how exactly it is known when it was shown last */
	SESSION_AGENT_MOST = 200,
	SESSION_ENDED_MOST = 100, /* that are found at a time */
};

struct session {
	struct id id, organisation, user, connection; /* connection nil: none */
	const char *slug;      /* filled by session_find alone, as the next three */
	const char *email, *name, *role; /* of the member, as they are now; email may be NULL, and by session_find it is a proven one */
	const char *const *ip_allow_list; /* the organisation's; NULL: none */
	const char *remote_id; /* what the connection calls them; NULL: there is none */
	const char *provider_subject, *provider_index; /* of session_create alone: what the provider calls them, and this session, when it ends it; NULL: not known */
	const char *address, *agent, *ended_by; /* each may be NULL; filled by session_list alone */
	int64_t began_at, seen_at, expires_at; /* expires_at: by session_list when it ends if it is not shown again */
	int64_t idle_ms, ended_at;
	int64_t left_ms, unseen_ms; /* by session_find, by the clock of the database: until expires_at, and since seen_at */
};

enum { SESSION_SEEN_MOST = 1000 }; /* written at a time */

struct session_seen {
	struct id organisation, id;
	int64_t at_ms; /* clock_monotonic_ms */
};

/* Who is signed in: 1, 0 (unknown, over, ended, or its member or organisation is not active), -1. Needs no organisation. */
int session_find(struct tx *tx, struct arena *arena, const uint8_t hash[CRYPT_DIGEST_SIZE], struct session *ret, struct error *e);

/* For as long as it says, or as its organisation does if that is shorter. 1, 0 its member is not active (any more), -1; holds the member until the transaction ends, so that nobody is signed on whom somebody suspends meanwhile.
 * provider: what the plug-in is told to end the provider's own, NULL: not known. Uses id, organisation, user, connection, remote_id, provider_subject, provider_index,
 * address, agent, expires_at and idle_ms. */
int session_create(struct tx *tx, const struct crypt_keys *keys, const struct session *session, const uint8_t hash[CRYPT_DIGEST_SIZE],
                   const struct secret *provider, struct error *e);

/* They were shown, of whichever organisations; what is over by then stays so. At most SESSION_SEEN_MOST. */
int session_seen_many(struct tx *tx, const struct session_seen *seen, size_t count, struct error *e);

/* What the provider calls its own: 1, 0 it is not known, -1. */
int session_provider(struct tx *tx, const struct crypt_keys *keys, const struct id *organisation, const struct id *id, struct secret **ret,
                     struct error *e);

/* Those that count and that the provider of a connection means by these, SESSION_ENDED_MOST at most: only id and user are filled. subject NULL: whoever's; index
 * NULL: all of theirs; one that has no index is meant by any of its subject. */
int session_meant(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection, const char *subject, const char *index,
                  struct session **ret, size_t *ret_count, struct error *e);

/* Those that count, of a member (NULL: of all), the oldest first, after one (NULL: from the first). */
int session_list(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *user, const struct id *after, int most,
                 struct session **ret, size_t *ret_count, struct error *e);

/* Ends one (id), those of a member (user), or all of the organisation (both NULL). Says how many counted. */
int session_end(struct tx *tx, const struct id *organisation, const struct id *id, const struct id *user, const char *by, int64_t *ret_count,
                struct error *e);

/* Ends those that began with a password of ours, of members whose local account has an address of this domain; break-glass stays. Says how many. */
int session_end_local(struct tx *tx, const struct id *organisation, const char *domain, int64_t *ret_count, struct error *e);

#endif
