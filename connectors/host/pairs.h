/* Names with values as the daemon sends them, one by one and before what they are for: settings, our addresses, what belongs to a message or a sign-on.
 * Copied, since what was received is overwritten by the next frame. Memory that runs out ends the child. */
#ifndef CONNECTORS_HOST_PAIRS_H
#define CONNECTORS_HOST_PAIRS_H

#include <stddef.h>

#include "connector.h"

struct pair {
	struct pair *next;
	int kind; /* what the list's owner tells apart by it */
	const char *value;
	char name[]; /* and the value behind it */
};

/* In the order in which they came. All zero: empty. */
struct pairs {
	struct pair *first, **end;
	size_t count;
};

/* value: size bytes; it ends with a NUL of ours. */
void pairs_add(struct pairs *pairs, int kind, const char *name, const void *value, size_t size);

/* The first of this kind and name; NULL: there is none. */
const char *pairs_find(const struct pairs *pairs, int kind, const char *name);

/* Those of one kind, ROSTER_PAIRS_MOST at most, and an end. Borrowed until pairs_forget. */
void pairs_list(const struct pairs *pairs, int kind, struct roster_pair ret[ROSTER_PAIRS_MOST + 1]);

/* Wiped: passwords and codes are among them. */
void pairs_forget(struct pairs *pairs);

#endif
