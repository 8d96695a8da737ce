/* Hears NOTIFY: one connection of its own that waits, and connects again when it is lost.
 *
 * After a gap (the first connection, and each one after a loss) one notice with channel "" is given, so that
 * the listener looks for itself. A session of its own is needed: a pooler that shares them by transaction
 * cannot stand between. */
#ifndef ROSTERD_STORE_LISTEN_H
#define ROSTERD_STORE_LISTEN_H

#include <stddef.h>

#include "store/pool.h"

struct arena;
struct listener;

enum {
	LISTEN_PAYLOAD_MOST = 256,
	LISTEN_ASK_MS = 2000, /* for the answer to a question */
};

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

/* Asks the server something on the very connection that listens: a statement of its own, which gives one row of texts (NULL for NULL). What it
 * notifies is heard on that connection behind all that was committed before it. On failure the connection is given up and made again, and then a
 * notice with channel "" comes. */
int listen_ask(struct listener *listener, const char *name, const char *sql, const char *const *values, size_t count, struct arena *arena,
               const char **ret, size_t ret_count, struct error *e);

/* Gives the connection up, and makes a new one: a notice with channel "" follows. */
void listen_renew(struct listener *listener);

/* Ends a wait early, from any thread. */
void listen_wake(struct listener *listener);

#endif
