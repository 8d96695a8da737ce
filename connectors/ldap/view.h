/* How the entries of this directory are read: the settings, with what the server's kind leaves open filled
 * in. */
#ifndef ROSTER_LDAP_VIEW_H
#define ROSTER_LDAP_VIEW_H

#include <stdbool.h>
#include <time.h>

#include "connector.h"
#include "ldap/entry.h"
#include "ldap/settings.h"
#include "ldap/vendor.h"

struct arena;

struct view {
	const struct vendor *vendor;
	const char *user_id, *group_id, *user_filter;
	struct names fields[FIELD_COUNT], group_name, group_member;
	bool member_is_name;	  /* groups name people by user name (memberUid), not by DN */
	const char *const *extra; /* attributes asked for by name; ends with NULL */
	char **user_attributes, **group_attributes; /* all that must be asked for; end with NULL */
};

struct view view_make(struct arena *arena, const struct settings *settings, const struct vendor *vendor,
		      const char *const *extra);

/* A person with the memory that its texts need beside the entry. */
struct person {
	struct roster_identity identity;
	char id[ROSTER_ID_MOST + 1], reference[ROSTER_ID_MOST + 1], manager[ROSTER_ID_MOST + 1];
	struct roster_address addresses[ROSTER_VALUES_MOST + 1];
};

struct group {
	struct roster_group group;
	char id[ROSTER_ID_MOST + 1], reference[ROSTER_ID_MOST + 1];
};

/* What an entry says about a person at this time. The arena takes what extra attributes need. 0; 1: it is
 * usable without what *ret_why says, which was left out (without a usable user name that is ""); -1: it has no
 * usable key, and *ret_why says why; ret->id then holds its DN. Many can write parts of their own entry: nothing
 * but the key may hide that the directory has switched them off. */
int view_person(const struct view *view, const struct entry *entry, time_t now, struct arena *arena,
		struct person *ret, char ret_why[ROSTER_NOTE_MOST]);
/* 0; -1: it cannot be taken, and *ret_why says why; ret->id as above. */
int view_group(const struct view *view, const struct entry *entry, struct group *ret,
	       char ret_why[ROSTER_NOTE_MOST]);

/* The key of an entry; -1: it has none that is usable. */
int view_id(const struct entry *entry, const char *attribute, char *ret, size_t size);

/* The server's own version of an entry, or NULL. */
const char *view_stamp(const struct view *view, const struct entry *entry);

/* A group's word for a member in the form of references. -1: it is none. */
int view_member(const struct view *view, const struct berval *value, char *ret, size_t size);

#endif
