/* Follows "next", and notices a daemon that would lead us in circles. */
#include "rosterctl/pages.h"

#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "rosterctl/exits.h"
#include "rosterctl/path.h"
#include "rosterctl/session.h"

struct walk {
	char cursor[PAGES_CURSOR_MOST + 1]; /* where the next page begins; "" before the first */
	int64_t left;			    /* items still wanted; -1: all */
	int empty;			    /* pages without an item, in a row */
};

static int read_page(const struct answer *answer, const struct walk *walk, struct page *ret, struct error *e)
{
	const struct json *list = json_member(answer->json, "items");

	if (!json_is_array(list) || items_find(answer->bytes, "items", &ret->items) == 0)
		return error_set(e, ERROR_REMOTE, CODE_NONSENSE,
				 "the answer is no list: it has no \"items\"");
	ret->list = list;
	ret->count = json_count(list);
	if (walk->left >= 0 && (int64_t)ret->count > walk->left)
		ret->count = (size_t)walk->left;
	return 0;
}

/* Remembers where to go on: 1, or 0 if this was the last page. */
static int go_on(struct walk *walk, const struct answer *answer, size_t count, struct error *e)
{
	const char *next = json_text(json_member(answer->json, "next"));

	if (walk->left >= 0)
		walk->left -= (int64_t)count;
	walk->empty = count > 0 ? 0 : walk->empty + 1;
	if (!next || walk->left == 0)
		return 0;
	if (*next == '\0' || strlen(next) > PAGES_CURSOR_MOST || strcmp(next, walk->cursor) == 0 ||
	    walk->empty > PAGES_EMPTY_MOST)
		return error_set(e, ERROR_REMOTE, CODE_NONSENSE,
				 "the list does not end: its \"next\" leads nowhere");
	memcpy(walk->cursor, next, strlen(next) + 1);
	return 1;
}

static const char *page_path(struct arena *arena, const char *path, const struct walk *walk)
{
	int64_t limit = PAGES_ITEMS_MOST;

	if (walk->left > 0 && walk->left < limit)
		limit = walk->left;
	path = path_with(arena, path, "limit", arena_format(arena, "%d", (int)limit));
	return path_with(arena, path, "after", walk->cursor[0] ? walk->cursor : NULL);
}

int pages_walk(struct session *session, const char *path, int64_t most, page_fn *each, void *context,
	       struct error *e)
{
	scoped(arena) *arena = arena_open("page");
	struct walk walk = { .left = most > 0 ? most : -1 };
	struct answer answer;
	struct page page;
	int more, enough;

	do {
		arena_reset(arena);
		if (session_call(session, arena, "GET", page_path(arena, path, &walk), NULL, &answer, e) <
			    0 ||
		    read_page(&answer, &walk, &page, e) < 0 || (enough = each(arena, &page, context, e)) < 0)
			return -1;
		more = enough ? 0 : go_on(&walk, &answer, page.count, e);
	} while (more > 0);
	return more;
}
