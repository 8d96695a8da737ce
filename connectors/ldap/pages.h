/* A search read to its end, page after page, in one go. */
#ifndef ROSTER_LDAP_PAGES_H
#define ROSTER_LDAP_PAGES_H

#include "ldap/search.h"

/* 0, whatever the server's last code is; entries and references are those of all pages. -1: fail() was
 * called, also for pages that will not end. */
int pages_run(const struct caller *caller, struct session *session, const struct search *search,
	      take_entry *take, void *context, struct outcome *ret);

#endif
