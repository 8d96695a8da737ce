/* Whom the end of a session still has to be told: the applications that somebody came to by it (OpenID
 * Connect Back-Channel Logout 1.0).
 *
 * The row is made by a trigger, in the statement that ends the session, whoever does that
 * (schema/0058_applications.sql). */
#ifndef ROSTERD_ROSTER_LOGOUT_H
#define ROSTERD_ROSTER_LOGOUT_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

struct logout {
	struct id organisation, id, session, user;
	const char *client, *uri, *algorithm; /* client: its name */
	int tries;			      /* this one included */
	int64_t made_at;
};

/* One that is due: it is the caller's for hold_ms. 1, 0 there is none, -1. In a transaction that is for no
 * organisation. */
int logout_claim(struct tx *tx, struct arena *arena, int64_t hold_ms, struct logout *ret, struct error *e);

/* What came of it, in a transaction that is for its organisation: it was told, it never will be (why), or not
 * now (why), and not before. */
int logout_told(struct tx *tx, const struct logout *logout, struct error *e);
int logout_give_up(struct tx *tx, const struct logout *logout, const char *why, struct error *e);
int logout_again(struct tx *tx, const struct logout *logout, const char *why, int64_t pause_ms,
		 struct error *e);

/* Sessions whose time is over, of which applications have something, end by that; *ret: how many did. */
int logout_sessions_over(struct tx *tx, int most, int64_t *ret, struct error *e);

/* How many wait, and how long the oldest of them does. */
int logout_figures(struct tx *tx, struct arena *arena, int64_t *ret_waiting, int64_t *ret_us,
		   struct error *e);

#endif
