/* What one entry of DirSync's answer tells. */
#include "ldap/ad_change.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/text.h"
#include "connector.h"
#include "ldap/view.h"

/* Values of links come as "member;range=1-1" when they were added, and as "member;range=0-0" when removed. */
static const char added[] = "member;range=1-1", removed[] = "member;range=0-0", members[] = "member";

static bool has_value(const struct entry *entry, const char *name)
{
	BerVarray values = entry_values(entry, name);

	return values && values->bv_val;
}

/* Said, be it that it has no value any more. */
static bool is_said(const struct entry *entry, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < entry->count; i++)
		if (entry->attributes[i].name.bv_len == length &&
		    strncasecmp(entry->attributes[i].name.bv_val, name, length) == 0)
			return true;
	return false;
}

static bool holds(const char *const *names, const char *name, size_t length)
{
	for (; *names; names++)
		if (strlen(*names) == length && strncasecmp(*names, name, length) == 0)
			return true;
	return false;
}

static void read_members(const struct entry *entry, const struct view *view, const char *name, bool gone,
			 struct arena *arena, struct ad_change *ret)
{
	BerVarray values = entry_values(entry, name);
	char reference[ROSTER_ID_MOST + 1];

	for (; values && values->bv_val; values++) {
		struct ad_member *member;

		ret->listed = true;
		if (view_member(view, values, reference, sizeof(reference)) < 0) {
			ret->strangers++;
			continue;
		}
		member = arena_take(arena, sizeof(*member));
		*member = (struct ad_member){ ret->members, gone, arena_text(arena, reference) };
		ret->members = member;
	}
}

/* Members that are given in any other way than by changes are read by a search of their own. */
static bool must_be_read_whole(const struct entry *entry, const struct view *view)
{
	for (const char *const *name = view->group_member.name; *name; name++)
		if (is_said(entry, *name))
			return true;
	return false;
}

/* What each answer holds, whatever changed. */
static bool says_nothing(const struct entry *entry)
{
	static const char *const always[] = { "objectGUID", "instanceType", "distinguishedName", NULL };

	for (size_t i = 0; i < entry->count; i++)
		if (!holds(always, entry->attributes[i].name.bv_val, entry->attributes[i].name.bv_len))
			return false;
	return true;
}

int ad_change_read(const struct entry *entry, const struct view *view, const char *const *asked,
		   struct arena *arena, struct ad_change *ret)
{
	const char *deleted = entry_text(entry, "isDeleted");

	*ret = (struct ad_change){ .gone = deleted && text_equal_nocase(deleted, "TRUE") };
	if (view_id(entry, "objectGUID", ret->id, sizeof(ret->id)) < 0)
		return -1;
	if (ret->gone)
		return 0;
	ret->created = has_value(entry, "whenCreated");
	ret->moved = !ret->created &&
		     (is_said(entry, "name") || is_said(entry, "parentGUID") || is_said(entry, "isDeleted"));
	for (const char *const *name = asked; *name; name++)
		ret->elsewhere =
			ret->elsewhere || (!text_equal_nocase(*name, members) && is_said(entry, *name));
	if (holds(view->group_member.name, members, strlen(members))) {
		read_members(entry, view, added, false, arena, ret);
		read_members(entry, view, removed, true, arena, ret);
	}
	ret->silent = says_nothing(entry);
	ret->expires = view->vendor->expiry
			       ? vendor_expires(view->vendor, entry_text(entry, view->vendor->expiry))
			       : 0;
	ret->relisted = must_be_read_whole(entry, view);
	return 0;
}

/* ---- filters (RFC 4515) ---- */

static bool is_name_character(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '.' || c == ';' || c == '_';
}

/* An item begins with '(' and a name. Within a value parentheses are escaped. */
int filter_names(const char *filter, struct arena *arena, const char **ret, size_t most)
{
	size_t count = 0;

	while (ret[count])
		count++;
	for (const char *at = filter; at && (at = strchr(at, '('));) {
		size_t length = 0;

		at++;
		while (is_name_character(at[length]))
			length++;
		if (length > 0 && !holds(ret, at, length)) {
			if (count == most)
				return -1;
			ret[count++] = arena_text_n(arena, at, length);
			ret[count] = NULL;
		}
	}
	return 0;
}

/* Links that are kept at their other end, values that are made when they are asked for, and values that each
 * controller keeps for itself. */
static const char *const unwatched[] = {
	"memberOf",
	"directReports",
	"managedObjects",
	"ownerBL",
	"tokenGroups",
	"primaryGroupToken",
	"lastLogon",
	"lastLogoff",
	"logonCount",
	"badPwdCount",
	"badPasswordTime",
	"whenChanged",
	"uSNChanged",
	"modifyTimeStamp",
	"createTimeStamp",
	"canonicalName",
	"msDS-parentdistname",
	"allowedAttributes",
	"msDS-User-Account-Control-Computed",
	NULL,
};

static const char *find_unwatched(const char *name)
{
	for (const char *const *other = unwatched; *other; other++)
		if (text_equal_nocase(name, *other))
			return *other;
	return NULL;
}

const char *attribute_unwatched(const char *const *names)
{
	const char *found = NULL;

	for (; names && *names && !found; names++)
		found = find_unwatched(*names);
	return found;
}

const char *filter_unwatched(const char *filter)
{
	static const char in_chain[] = ":1.2.840.113556.1.4.1941:";
	const char *found = NULL;

	if (filter && strstr(filter, in_chain))
		return in_chain;
	for (const char *const *other = unwatched; filter && *other && !found; other++) {
		size_t length = strlen(*other);

		for (const char *at = filter; (at = strchr(at, '(')) && !found; at++)
			if (strncasecmp(at + 1, *other, length) == 0 && !is_name_character(at[1 + length]))
				found = *other;
	}
	return found;
}
