/* Tells applications that a session is over (OpenID Connect Back-Channel Logout 1.0), whoever ended it: one
 * at a time, again where nobody answered, and no longer than HERALD_PATIENCE_MS. And sees to it that there
 * are keys to sign with.
 *
 * What is to be told are rows, made in the statement that ended the session, so a daemon that dies loses
 * nothing, and several share the work. */
#ifndef ROSTERD_DELIVER_HERALD_H
#define ROSTERD_DELIVER_HERALD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct catalog;
struct crypt_keys;
struct log;
struct store;

enum {
	HERALD_ANSWER_MS = 18000,    /* that an application may take; 15 s of it are its own */
	HERALD_HOLD_MS = 60000,	     /* before another daemon tells what one was about to that died */
	HERALD_TOKEN_S = 120,	     /* how long a logout token counts */
	HERALD_REFUSALS_MOST = 5,    /* answers that say that the message itself is not good */
	HERALD_SESSIONS_MOST = 1000, /* that end by their time in one transaction */
};
#define HERALD_PATIENCE_MS (24 * 3600 * INT64_C(1000))

/* Borrowed for one round. */
struct herald_means {
	struct store *store;
	struct catalog *catalog;
	const struct crypt_keys *keys;
	const char *public_url; /* NULL: there is no provider */
	int64_t roll_keys_ms;	/* how long a key signs; 0: until somebody rolls it */
	bool allow_private;
	const struct log *log;
};

/* Tells one that is due. *ret_more: there may be another one at once. -1: the database is away; that an
 * application fails is none of our failures. */
int herald_round(const struct herald_means *means, bool *ret_more, struct error *e);

/* Now and then: keys are made that there must be, sessions whose time is over end, and it is counted how many
 * wait to be told. */
int herald_tend(const struct herald_means *means, bool *ret_more, struct error *e);

#endif
