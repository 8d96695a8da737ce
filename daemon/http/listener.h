/* One place where we listen: TCP, a Unix socket that we make, or a descriptor that was handed in. */
#ifndef ROSTERD_HTTP_LISTENER_H
#define ROSTERD_HTTP_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/un.h>

#include "base/error.h"

struct listener {
	int fd;
	int port;	/* of TCP; -1: a Unix socket */
	bool inherited; /* belongs to whoever handed it in: never shut down, for he goes on listening */
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)]; /* "": no Unix socket of ours */
	dev_t device; /* of the path, so that we never remove somebody else's */
	ino_t inode;
};

/* "127.0.0.1:8080", "[::1]:8080", "unix:/run/rosterd/rosterd.sock" with mode and group (NULL: ours). A socket
 * file on which nobody listens any more is replaced. ERROR_INPUT "http.listen"; ERROR_CONFLICT if somebody
 * listens there. */
int listener_open(struct listener *listener, const char *where, unsigned mode, const char *group,
		  struct error *e);

/* Takes over a listening stream socket. Whoever connects to it finds us at its end (SO_PEERCRED), not who made it. */
int listener_inherit(struct listener *listener, int fd, struct error *e);

/* Where a listening stream socket is bound, in the words of listener_open. */
enum { LISTENER_WHERE_SIZE = 128 };
int listener_where(int fd, char ret[LISTENER_WHERE_SIZE], struct error *e);

/* Whether a socket is bound to the place that these words name. */
bool listener_is_at(int fd, const char *where);

/* 0, or -1 ERROR_PRECONDITION "http.socket": a Unix socket of ours is not (any more) the one at its path. */
int listener_reachable(const struct listener *listener, struct error *e);

/* Nobody new comes into the queue from now on; those in it can still be let in. Whoever connects by TCP hears nothing
 * and asks again in a second, when listener_stop has refused them; by a Unix socket of ours they find none. Of a
 * descriptor that was handed in the queue is the next daemon's. */
void listener_turn_away(struct listener *listener);
/* Whether somebody in the queue is ours to let in. */
bool listener_has_queue(const struct listener *listener);

/* From now on nobody can connect, and who is in the queue is cut off; the descriptor stays valid. */
void listener_stop(struct listener *listener);

/* Closes it and removes a Unix socket of ours. */
void listener_close(struct listener *listener);

#endif
