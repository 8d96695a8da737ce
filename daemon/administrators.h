/* Finds the users and groups of this machine whom the configuration names as operators at the socket.
 *
 * The daemon's own user always is one. A name that the machine does not know is a mistake in the file: a typing error
 * must not silently keep somebody out. */
#ifndef ROSTERD_ADMINISTRATORS_H
#define ROSTERD_ADMINISTRATORS_H

#include "access/authenticate.h"
#include "settings.h"

enum { ADMINISTRATORS_MOST = 64 }; /* users, and groups as many */

/* users, groups: names, ended by NULL. file: where they stand, for problems; NULL: nowhere. */
void administrators_find(struct settings_reader *r, const struct syntax_section *file, const char *const *users,
                         const char *const *groups, struct administrators *ret);

#endif
