/* Hears NOTIFY: one connection of its own that waits, and connects again when it is lost.
 *
 * After a gap (the first connection, and each one after a loss) one notice with channel "" is given, so that
 * the listener looks for itself. A session of its own is needed: a pooler that shares them by transaction
 * cannot stand between. */
#ifndef ROSTERD_STORE_LISTEN_H
#define ROSTERD_STORE_LISTEN_H

#include "store/pool.h"

struct listener;

enum { LISTEN_PAYLOAD_MOST = 256 };

struct notice {
	char channel[64]; /* "": we may have missed some */
	char payload[LISTEN_PAYLOAD_MOST]; /* a longer one arrives as "" */
};

/* channels: names ended by NULL, which must outlive the listener. Connects at the first wait. */
int listen_open(struct store *store, enum store_role role, const char *const *channels, struct listener **ret,
                struct error *e);
void listen_close(struct listener **listener);

/* 1: a notice. 0: timeout_ms passed, or listen_wake was called. Trouble with the connection is logged once
 * and mended here; an attempt to connect may make the wait longer by the store's connect_timeout_ms. */
int listen_wait(struct listener *listener, int timeout_ms, struct notice *ret);

/* Ends a wait early, from any thread. */
void listen_wake(struct listener *listener);

#endif
