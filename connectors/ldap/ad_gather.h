/* Finding the keys of what changed on a domain controller. */
#ifndef ROSTER_LDAP_AD_GATHER_H
#define ROSTER_LDAP_AD_GATHER_H

#include <stdbool.h>
#include <stddef.h>

#include "ldap/ad_change.h"
#include "ldap/ad_place.h"
#include "ldap/directory.h"
#include "ldap/view.h"

enum {
	CHANGES_MOST = 50000,		/* beyond this, reading everything costs less */
	CHANGED_MEMBERS_MOST = 1000000, /* of all groups together */
	ASKED_MOST = 128,		/* attributes in filters */
};

/* A group that has a member which was not asked for before. */
struct ad_parent {
	struct ad_parent *next;
	bool again; /* it stands further on, too */
	const char *id, *reference, *name, *member;
};

struct gathered {
	struct directory *directory;
	const struct view *view;
	struct arena *arena;	   /* what lives as long as the reading */
	const char **asked;	   /* the attributes that decide what is in scope; ends with NULL */
	int64_t since;		   /* a number of a change, for gather_usn */
	struct ad_change *changes; /* sorted by key, each key once, when gathering is over */
	size_t count, room, members;
	bool too_many;
	struct ad_parent *parents;
};

/* The attributes of the filters. -1: there are too many. */
int gather_asked(const struct view *view, const struct settings *settings, struct arena *arena,
		 const char ***ret);

/* With DirSync since then->cookie; *next gets the new one, in the arena. 0. 1: the server does not know the
 * cookie any more, or the account may not ask so any more. -1: fail() was called. */
int gather_dirsync(struct gathered *gathered, const struct ad_place *then, struct ad_place *next);

/* By numbers of changes beyond then->usn, with deleted entries if they are told. As above. */
int gather_usn(struct gathered *gathered, const struct ad_place *then);

/* The change of a key, or NULL. */
struct ad_change *gather_find(const struct gathered *gathered, const char *id);

/* A cookie of now, without anything before it. *ret_tells: the server tells of deleted entries. As
 * gather_dirsync. */
int gather_cookie(struct directory *directory, struct arena *arena, struct ad_place *ret);

/* Sorts the changes and joins those of one key; a function of its arguments. */
size_t gather_join(struct ad_change *changes, size_t count);

#endif
