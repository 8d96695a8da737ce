/* Reading all groups and people, page after page, and whether that was everything.
 *
 * Groups come first, to their last member: whoever is renamed meanwhile is shown by the new name after a
 * group that has the old one, or after one that has the new one, for no directory rewrites a group before the
 * name is another. The other way round, a group that was rewritten would name somebody whom nobody has heard
 * of, and seem to have lost somebody.
 *
 * The place of a paged search lives in the server, bound to the connection: a cursor only names this
 * conversation and this page, and to anybody else it is lost. The next page is asked for before the last one
 * is handed over, so the server does not wait for us. */
#ifndef ROSTER_LDAP_LISTING_H
#define ROSTER_LDAP_LISTING_H

#include "ldap/directory.h"

/* As roster_directory.page, scope all. */
int listing_page(struct directory *directory, const struct roster_ask *ask);

/* Forgets where it was, with everything it holds. */
void listing_forget(struct listing *listing);

#endif
