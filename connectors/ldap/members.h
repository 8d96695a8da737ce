/* The members of groups: emitted one by one, and fetched in parts where the server gives them so. */
#ifndef ROSTER_LDAP_MEMBERS_H
#define ROSTER_LDAP_MEMBERS_H

#include "ldap/directory.h"
#include "ldap/entry.h"
#include "ldap/view.h"

struct arena;

/* Groups whose member lists did not come whole. */
struct unfinished {
	struct unfinished *next;
	const char *dn, *reference, *attribute;
	long from;
};

/* Emits the members that an entry of a group holds. What is missing is put into *unfinished, in the arena.
 * -1: fail() was called. */
int members_emit(struct directory *directory, const struct view *view, const struct entry *entry,
		 const char *reference, struct arena *arena, struct unfinished **unfinished);

/* Fetches and emits the rest. *ret_gap: a group whose list cannot be finished, or NULL. */
int members_finish(struct directory *directory, const struct view *view, struct unfinished *unfinished,
		   const char **ret_gap);

#endif
