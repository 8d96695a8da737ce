/* A list of the API from its first page to its last, one page in memory at a time. */
#ifndef ROSTERCTL_PAGES_H
#define ROSTERCTL_PAGES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "rosterctl/items.h"

struct arena;
struct json;
struct session;

enum {
	PAGES_ITEMS_MOST = 1000,  /* asked for at once; the API's own limit */
	PAGES_EMPTY_MOST = 16,	  /* pages without an item in a row, before we think that it never ends */
	PAGES_CURSOR_MOST = 4096, /* bytes of "next" */
};

struct page {
	const struct json *list; /* the array */
	struct items items;	 /* the same, as it was written */
	size_t count;		 /* how many of them to take */
};

/* Called for each page; the arena is emptied afterwards. 0: go on, 1: that is enough, -1: failed. */
typedef int page_fn(struct arena *arena, const struct page *page, void *context, struct error *e);

/* Walks the list at path, at most `most` items (0: all). */
int pages_walk(struct session *session, const char *path, int64_t most, page_fn *each, void *context,
	       struct error *e);

#endif
