/* What one entry of DirSync's answer tells: what happened to it, as a function of its bytes. */
#ifndef ROSTER_LDAP_AD_CHANGE_H
#define ROSTER_LDAP_AD_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ldap/entry.h"

struct arena;
struct view;

/* One name that a group's member list has gained or lost, in the form of references. */
struct ad_member {
	struct ad_member *next;
	bool gone;
	const char *reference;
};

/* What an entry is, as far as it matters here. */
enum ad_kind {
	AD_UNSEEN, /* not known, or not to be seen */
	AD_PERSON, /* somebody or something that a filter for people may find */
	AD_GROUP,
	AD_CONTAINER, /* people and groups may lie in it */
	AD_OTHER,
};

struct ad_change {
	char id[40];	 /* the objectGUID as text */
	bool gone;	 /* it was deleted */
	bool silent;	 /* nothing of it changed that was asked for */
	int64_t expires; /* when its account does from now on, in seconds since 1970; 0: never, or not said */
	bool created;	 /* it is new */
	bool moved;	 /* it has another name or place, or came back from the deleted */
	bool elsewhere; /* one of the attributes that filters ask for changed: it may be in scope now, and was
			   not before */
	bool listed;	/* its member list changed */
	bool relisted;	/* so much so that it must be read whole */
	size_t strangers; /* members whose names cannot be read */
	struct ad_member *members;
	size_t order; /* as they came */
	/* Found out later. */
	enum ad_kind kind;
	bool found;		    /* as a group that is asked for */
	const char *dn, *reference; /* of a group */
	uint32_t number;	    /* of a group within its domain; 0: not known */
};

/* `asked` are the attributes that decide whether it is in scope; ends with NULL. Members are put into the
 * arena. -1: it has no objectGUID. */
int ad_change_read(const struct entry *entry, const struct view *view, const char *const *asked,
		   struct arena *arena, struct ad_change *ret);

/* The names of the attributes that a filter asks for, added to ret; ends with NULL. -1: more than `most` in
 * all. */
int filter_names(const char *filter, struct arena *arena, const char **ret, size_t most);

/* NULL, or what in a filter, or which attribute, changes without a change of the entry that has it
 * ("memberOf"). */
const char *filter_unwatched(const char *filter);
const char *attribute_unwatched(const char *const *names);

#endif
