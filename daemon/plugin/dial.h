/* A connected socket for a child that may not connect: asks whether it may go there, resolves, judges, connects.
 *
 * A plug-in gets to hosts that its settings name, and to public addresses; to addresses of our own networks only if
 * the operator allows it and the settings name the host; to sockets of this machine in the same way, but never to one
 * of the daemon's own or a PostgreSQL's, where we would be somebody; to services for machines' metadata and to addresses that
 * belong to one wire or to many machines, never. */
#ifndef ROSTERD_PLUGIN_DIAL_H
#define ROSTERD_PLUGIN_DIAL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"

enum { DIAL_TIMEOUT_MS_MOST = 60000, DIAL_ADDRESSES_MOST = 16 };

enum dial_judgement { DIAL_PUBLIC = 1, DIAL_PRIVATE, DIAL_NEVER };

struct dial_request {
	const char *host, *port;   /* port NULL: host is a path */
	const char *const *places; /* values of the settings of type address; ends with NULL */
	bool allow_private;
	int64_t deadline_ms;       /* of the monotonic clock */
	int cancel_fd;             /* readable: stop */
};

/* A blocking, connected stream socket. ERROR_DENIED "dial.refused": it may not go there. ERROR_RETRY "dial.failed":
 * it could not be reached; the text says what was tried and why it failed. */
int dial(const struct dial_request *request, int *ret, struct error *e);

/* Whether one of the places names this host: "ldaps://dc1.acme.example:636", "dc1.acme.example", "[2001:db8::1]:389";
 * several may stand in one place, between blanks or commas. */
bool dial_is_named(const char *const *places, const char *host);

/* Whether one of the places in a text is the path of a socket of this machine: "ldapi://%2Frun%2Fslapd%2Fldapi". */
bool dial_names_socket(const char *places);

/* What an address is; of IPv6 that carries IPv4 it is what the IPv4 is. */
enum dial_judgement dial_judge(const struct sockaddr *address);

#endif
