/* Asks directories to send messages: makes subscriptions, renews them before they end, takes them back when a connection is paused or deleted.
 *
 * What is to be done is in the database (subscriptions_claim), so it survives the daemon. One thread, one at a time: nothing waits for it but messages
 * that come sooner than the schedule, and a directory that hangs is waited for no longer than a call may take, and later each time. */
#ifndef ROSTERD_SYNC_SUBSCRIBER_H
#define ROSTERD_SYNC_SUBSCRIBER_H

#include <stdbool.h>

#include "base/error.h"
#include "base/id.h"

struct catalog;
struct crypt_keys;
struct shared;
struct store;
struct subscriber;

/* Borrowed as long as `keeps` is held. */
struct subscriber_options {
	struct store *store;
	struct catalog *catalog;
	const struct crypt_keys *keys;
	struct id daemon;       /* this process, as other daemons see it */
	const char *public_url; /* where the world reaches us; NULL: nobody is asked for messages */
	bool allow_private;
	int call_deadline_ms;
	struct shared *keeps; /* held by each call that began with these options; NULL: nothing is */
};

int subscriber_open(const struct subscriber_options *options, struct subscriber **ret, struct error *e);

/* What is done from now on sees these. */
void subscriber_change(struct subscriber *subscriber, const struct subscriber_options *options);

/* Stops what is under way; its claim is given again once it is old. Accepts a pointer to NULL; leaves NULL behind. */
void subscriber_close(struct subscriber **subscriber);

#endif
