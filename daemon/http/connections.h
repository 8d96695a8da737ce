/* Who is connected: counted, timed, and closed when they idle too long, send too slowly or we want to end.
 *
 * The server library owns the sockets; here they are only shut down, which makes it close them. */
#ifndef ROSTERD_HTTP_CONNECTIONS_H
#define ROSTERD_HTTP_CONNECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/error.h"
#include "http/proxy.h"

struct connections;

enum { CONNECTIONS_FRESH_MS = 500 }; /* from connecting to the first byte, when we are about to end */

enum connection_state {
	CONNECTION_FRESH,     /* nothing was asked yet */
	CONNECTION_IDLE,      /* after an answer */
	CONNECTION_ARRIVING,  /* a request has begun and is not whole */
	CONNECTION_ANSWERING, /* from the whole request to the last byte of the answer */
};

struct connection {
	int fd;
	bool over_unix_socket;
	struct address address; /* of TCP */
	uid_t peer_uid;		/* of a Unix socket: SO_PEERCRED */
	gid_t peer_gid;
	pid_t peer_pid;
	_Atomic enum connection_state state; /* these two without the lock: whoever looks for slow ones may see one of before */
	_Atomic int64_t since_ms; /* of the state */
	size_t place;
	struct connection *next, **link;
};

/* per_address_most counts an IPv6 network of 64 bits as one address; Unix sockets and trusted proxies are not
 * counted by address. proxies is borrowed. */
struct connections *connections_open(int most, int per_address_most, const struct networks *proxies);
void connections_close(struct connections **connections);

/* Takes note of a new one. One above a limit is shut down at once. */
struct connection *connections_add(struct connections *connections, int fd, const struct sockaddr *from);
void connections_remove(struct connections *connections, struct connection *connection);

void connections_set(struct connection *connection, enum connection_state state);

/* Shuts down all that have been idle or arriving for longer than most_ms. */
void connections_end_slow(struct connections *connections, int64_t most_ms);

/* Shuts down all that are not being answered. */
void connections_end_unanswered(struct connections *connections);

/* Until none is left, or the deadline: closes those that are idle as they become it, and fresh ones that have
 * asked nothing for CONNECTIONS_FRESH_MS. A request that has come in while its connection was idle is still
 * read and answered. */
void connections_drain(struct connections *connections, int64_t deadline_ms);

#endif
