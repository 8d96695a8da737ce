/* The example's server: gives a text to whoever connects, and hangs up. */
#ifndef CONNECTORS_EXAMPLE_FETCH_H
#define CONNECTORS_EXAMPLE_FETCH_H

#include "connector.h"

enum { FETCH_MOST = 16777216, FETCH_DIAL_MS = 5000 }; /* bytes of the text */

/* Cuts "host:port" in two. 0, or -1: it is none. */
int fetch_split(const char *server, char *host, size_t size, const char **ret_port);

/* The whole text, for free(); NULL: fail() is filled. */
char *fetch(struct roster_call *call, const struct roster_host *host, const char *server);

#endif
