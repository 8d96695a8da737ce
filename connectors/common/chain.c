#include "common/chain.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Brent's way to find a ring with one mark: it moves on to pages 1, 2, 4, 8, ..., so at last it lies within
 * the ring and is as far from the end of it as the ring is long. */
const char *chain_page(struct chain *chain, const char *first)
{
	if (!first)
		return ++chain->empty > CHAIN_EMPTY_MOST
			       ? "more than 100 pages in a row are empty, and each says that there is more"
			       : NULL;
	chain->empty = 0;
	if (chain->pages > 0 && strncmp(chain->mark, first, sizeof(chain->mark) - 1) == 0)
		return "it begins with a record that came before: the same pages are given again and again";
	if (++chain->pages >= chain->next_mark) {
		snprintf(chain->mark, sizeof(chain->mark), "%s", first);
		chain->next_mark = 2 * chain->pages;
	}
	return NULL;
}
