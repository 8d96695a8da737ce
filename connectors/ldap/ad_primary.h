/* Active Directory keeps one membership of each person apart: the primary group is named by a number in the
 * person, and neither the group's `member` nor the person's `memberOf` tells of it. Here it is one like the
 * others. */
#ifndef ROSTER_LDAP_AD_PRIMARY_H
#define ROSTER_LDAP_AD_PRIMARY_H

#include <stddef.h>
#include <stdint.h>

#include "ldap/directory.h"
#include "ldap/entry.h"
#include "ldap/view.h"

enum { PRIMARIES_MOST = 64 };

/* Groups by number, as they were found. Almost all people have the same one. Lives as long as a page. */
struct primaries {
	size_t count;
	struct {
		uint32_t number;
		const char *reference; /* NULL: no group that is asked for */
	} of[PRIMARIES_MOST];
};

/* The primary group of a person, if it is one of those that are asked for. 1: *ret is its reference. 0: none.
 * -1: fail() was called. Always 0 where the server's kind has no such groups. */
int primary_group(struct directory *directory, const struct view *view, struct primaries *primaries,
		  const struct entry *person, const char **ret);

/* Emits everybody whose primary group this is as its member. 0; -1: fail() was called. */
int primary_members(struct directory *directory, const struct view *view, const struct entry *group,
		    const char *reference);

#endif
