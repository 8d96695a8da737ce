/* A growing set of what has been seen, by 64-bit fingerprints: two of a billion that are taken for one
 * another cost a line of a display. What is old is forgotten in two steps, so that the set stays as small as
 * the time it spans. */
#ifndef ROSTERCTL_SEEN_H
#define ROSTERCTL_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seen {
	struct seen_half {
		uint64_t *slots; /* 0: empty */
		size_t size, count;
	} now, before;
};

/* Whether it was seen since the last but one seen_age; from now on it was. */
bool seen_before(struct seen *seen, const char *name);

/* Forgets what was not seen since the last seen_age. */
void seen_age(struct seen *seen);

void seen_close(struct seen *seen); /* usable with __attribute__((cleanup)) */

#endif
