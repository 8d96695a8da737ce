/* The items of a list as the daemon wrote them, byte for byte, so that programs get the API's JSON and not
 * ours. */
#ifndef ROSTERCTL_ITEMS_H
#define ROSTERCTL_ITEMS_H

#include <stddef.h>

struct items {
	const char *at; /* before an item, or at the closing bracket */
};

/* Finds the array of this name in an object that is known to be JSON: 1, or 0 if there is none. */
int items_find(const char *object, const char *name, struct items *ret);

/* The next item: 1, or 0 at the end. */
int items_next(struct items *items, const char **ret, size_t *ret_length);

#endif
