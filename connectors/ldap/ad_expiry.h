/* Accounts that expire: somebody may no longer sign in from a moment on, and no change tells of it.
 *
 * So each place remembers when the next account expires, and a reading after that moment looks at those that
 * did since. It costs a search only then. */
#ifndef ROSTER_LDAP_AD_EXPIRY_H
#define ROSTER_LDAP_AD_EXPIRY_H

#include <stdint.h>

#include "ldap/directory.h"
#include "ldap/view.h"

/* Finds the next moment after `now` at which an account expires, 0 if none will. *ret_ids, in the page's
 * arena and ended by NULL, are the people whose account expired after `since` and until `now`; none are
 * looked for if it is NULL. Seconds since 1970. -1: fail() was called. */
int expiry_find(struct directory *directory, const struct view *view, int64_t since, int64_t now,
		int64_t *ret_next, const char *const **ret_ids);

/* The sooner of two moments, of which 0 is none, and those until `now` do not count. */
int64_t expiry_sooner(int64_t a, int64_t b, int64_t now);

#endif
