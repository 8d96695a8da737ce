/* Whether the threads that matter still move: each says by when it will have said so again.
 *
 * A thread takes a lease for as long as what it begins may take at most, its waiting for others included, and gives it up
 * while it has nothing to do. A lease that has run out belongs to a thread that is stuck, and nothing else. */
#ifndef ROSTERD_BASE_LEASE_H
#define ROSTERD_BASE_LEASE_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/error.h"

struct lease {
	const char *of; /* for people: "the watch", "a worker"; borrowed */
	atomic_llong until_ms; /* of the monotonic clock; 0: given up */
	struct lease *next, **link;
};

/* Makes it known to lease_check. Its memory is the caller's and stays where it is. */
void lease_open(struct lease *lease, const char *of);
void lease_close(struct lease *lease);

/* From now on for so long. */
void lease_take(struct lease *lease, int64_t within_ms);
void lease_give_up(struct lease *lease);

/* 0: all move. -1: ERROR_INTERNAL "lease.stuck" says what does not, and for how long. */
int lease_check(struct error *e);

#endif
