/* A chain of pages that must come to an end. A server that loses count begins again from the first page, repeats one for ever, or
 * sends empty pages without end; each of them has a valid cookie. */
#ifndef ROSTER_LDAP_CHAIN_H
#define ROSTER_LDAP_CHAIN_H

#include "connector.h"

enum {
	CHAIN_EMPTY_MOST = 1000, /* pages in a row without an entry: Active Directory sends some where a filter finds little */
};

/* Zeroed, it is a chain without a page. */
struct chain {
	unsigned long pages, next_mark, empty;
	char mark[ROSTER_ID_MOST]; /* the first entry of a page before, as much of its name as fits */
};

/* A further page, which is not the last; first: the name of its first entry, NULL if it has none. NULL, or why the chain will not
 * end, for an administrator. A ring is found at the latest when it has come three times. */
const char *chain_page(struct chain *chain, const char *first);

#endif
