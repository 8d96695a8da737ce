/* A chain of pages that must come to an end. A server that loses count begins again from the first page,
 * repeats one for ever, or sends empty pages without end; each of them with a link to the next. */
#ifndef ROSTER_COMMON_CHAIN_H
#define ROSTER_COMMON_CHAIN_H

enum {
	CHAIN_EMPTY_MOST = 100, /* pages in a row without an element */
	CHAIN_MARK_SIZE = 128,
};

/* Zeroed, it is a chain without a page. Small, for it travels in cursors. */
struct chain {
	unsigned long long pages, next_mark, empty;
	char mark[CHAIN_MARK_SIZE]; /* the key of the first element of a page before */
};

/* A further page, which is not the last; first: the key of its first element, NULL if it has none. NULL, or
 * why the chain will not end, for an administrator. A ring is found at the latest when it has come three
 * times. */
const char *chain_page(struct chain *chain, const char *first);

#endif
