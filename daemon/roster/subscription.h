/* A subscription: that a directory sends messages because we asked it to. One for each connection whose plug-in can have one. */
#ifndef ROSTERD_ROSTER_SUBSCRIPTION_H
#define ROSTERD_ROSTER_SUBSCRIPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

enum {
	SUBSCRIPTION_BACK_OFF_S = 30,        /* after a failure; twice as long each time ... */
	SUBSCRIPTION_BACK_OFF_S_MOST = 3600, /* ... up to this */
	SUBSCRIPTION_END_TRIES_MOST = 5,     /* to take one back; then it is left to expire */
	SUBSCRIPTION_LATE_S = 600,           /* one that is renewed so late may have ended before */
	SUBSCRIPTION_MOVED_S = 60,           /* an address that changes is told no more often: two daemons may not agree on it */
};

struct subscription {
	const char *state;             /* none, active, failed */
	int64_t renewed_at, renew_at;  /* 0: never */
	int64_t tries;
	const char *error_code, *error_text; /* of the last try; NULL: it went well */
};

/* 1, 0 nobody has looked yet, -1. */
int subscription_find(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection, struct subscription *ret,
                      struct error *e);

enum subscription_action { SUBSCRIPTION_SUBSCRIBE = 1, SUBSCRIPTION_RENEW, SUBSCRIPTION_UNSUBSCRIBE };

/* What is to be done next, of connections of these plug-ins (ended by NULL), where messages are to come to this address ("public_url"); claimed for this
 * daemon. 1, 0 nothing is, -1. The transaction is a worker's, of no organisation. */
struct subscription_task {
	struct id organisation, connection;
	enum subscription_action action;
};
int subscription_claim(struct tx *tx, struct arena *arena, const struct id *daemon, const char *const *plugins, const char *address,
                       int64_t silent_ms, struct subscription_task *ret, struct error *e);

/* How it went; the claim is given back. address: as claimed with. wanted: of subscribe. After a time without one of which messages may have been lost, all that changed is
 * due to be read (as roster/notification has it), unless nobody has read the directory so far. The transaction is a worker's, for the organisation. */
int subscription_done(struct tx *tx, const struct id *daemon, const struct subscription_task *task, int64_t version, const char *address,
                      bool wanted, int64_t renew_after_ms, struct error *e);
int subscription_failed(struct tx *tx, const struct id *daemon, const struct subscription_task *task, const struct error *why, struct error *e);

#endif
