/* Asks the domain name system, on the thread that asks. The only room that calls c-ares. */
#ifndef ROSTERD_SYNC_RESOLVER_H
#define ROSTERD_SYNC_RESOLVER_H

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

struct resolver_options {
	const char *const *servers; /* "127.0.0.1:53", ended by NULL; NULL or none: as the machine does */
	int timeout_ms;             /* of one lookup, all tries together */
};

enum { RESOLVER_TEXTS_MOST = 64 };

/* The TXT records of a name, each put together from its strings; what is not readable UTF-8 is left out. 1: there are some,
 * at most RESOLVER_TEXTS_MOST. 0: there are surely none (NXDOMAIN, or no data of this type). -1: nobody knows, ERROR_RETRY
 * "dns.no_answer". */
int resolver_texts(const struct resolver_options *options, const char *name, struct arena *arena, const char *const **ret,
                   size_t *ret_count, struct error *e);

#endif
