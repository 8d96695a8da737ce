/* Roles, and who has them: groups in our words. */
#ifndef ROSTER_AUTH0_ROLES_H
#define ROSTER_AUTH0_ROLES_H

#include "auth0/directory.h"

/* Reads which roles there are, gives them, and keeps them in the place. -1: fail() was called, here and in
 * the following. */
int roles_list(struct directory *d);

/* Reads a page of those who have the first role of the place. The last one takes the role out of it. */
int roles_holders_page(struct directory *d);

/* A page of members of the organisation: with their roles, and, unless only: NULL, of that role alone.
 * ids: NULL, or who they are, API_PAGE at most and NULL behind them. 1: there is more. */
int roles_members_page(struct directory *d, const char *only, const char **ids);

/* One role with all who have it; gone if it is not there. */
int roles_named(struct directory *d, const char *id);

#endif
