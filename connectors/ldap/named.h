/* Looking at certain people and groups, by their keys. */
#ifndef ROSTER_LDAP_NAMED_H
#define ROSTER_LDAP_NAMED_H

#include "ldap/directory.h"
#include "ldap/view.h"

/* As roster_directory.page, scope named: always one page. */
int named_page(struct directory *directory, const struct roster_ask *ask);

/* Gives these people, each with all groups that name them, and these groups, each with all its members; whoever does not exist
 * is given as gone. The lists end with NULL, or are NULL. -1: fail() was called. */
int named_look(struct directory *directory, const struct view *view, const char *const *people,
	       const char *const *groups);

/* Scope changed, before these groups are given: gives the groups that name them, as partial ones that have them as members. A
 * group that comes, or comes back, or has another name may be named by others that have not changed. */
int named_parents(struct directory *directory, const struct view *view, const char *const *groups);

/* "(entryUUID=...)" for a key as we keep it; an objectGUID is asked for by its bytes. -1: it does not fit. */
int named_filter(const char *attribute, const char *id, char *ret, size_t size);

/* The same for bytes as they are in the directory. */
int named_filter_bytes(const char *attribute, const void *bytes, size_t length, char *ret, size_t size);

#endif
