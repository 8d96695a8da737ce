/* Hears NOTIFY: one connection of its own that waits, and connects again when it is lost.
 *
 * After a gap (a lost connection) one wake with channel "" is given, so that the listener looks for itself. */
#ifndef ROSTERD_STORE_LISTEN_H
#define ROSTERD_STORE_LISTEN_H

#include "store/pool.h"

struct listener;

enum { LISTEN_PAYLOAD_MOST = 256 };

struct notice {
	char channel[64]; /* "": we may have missed some */
	char payload[LISTEN_PAYLOAD_MOST];
};

/* channels: names ended by NULL. Connects at the first wait. */
int listen_open(struct store *store, enum store_role role, const char *const *channels, struct listener **ret,
                struct error *e);
void listen_close(struct listener **listener);

/* 1: a notice. 0: timeout_ms passed, or listen_wake was called. Trouble with the connection is logged once and mended here. */
int listen_wait(struct listener *listener, int timeout_ms, struct notice *ret);

/* Ends a wait early, from any thread. */
void listen_wake(struct listener *listener);

#endif
