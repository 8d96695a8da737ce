/* How the entries of this directory are read. Everything here is a function of its arguments. */
#include "ldap/view.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "ldap/dn.h"

/* ---- what is asked for ---- */

enum { WANTED_MOST = 2 * FIELD_COUNT * NAMES_MOST + ROSTER_ATTRIBUTES_MOST + 8 };

struct wanted {
	char **names;
	size_t count;
};

static void want(struct wanted *wanted, const char *name)
{
	for (size_t i = 0; name && i < wanted->count; i++)
		if (text_equal_nocase(wanted->names[i], name))
			return;
	if (name && wanted->count < WANTED_MOST)
		wanted->names[wanted->count++] = (char *)name; /* libldap only reads it */
}

static void want_names(struct wanted *wanted, const struct names *names)
{
	for (const char *const *name = names->name; *name; name++)
		want(wanted, *name);
}

static char **person_attributes(struct arena *arena, const struct view *view)
{
	struct wanted wanted = { arena_array(arena, WANTED_MOST + 1, sizeof(char *)), 0 };

	want(&wanted, view->user_id);
	want(&wanted, view->vendor->lock);
	want(&wanted, view->vendor->expiry);
	want(&wanted, view->vendor->primary_group);
	want(&wanted, view->vendor->sid);
	want(&wanted, view->vendor->stamp);
	for (int i = 0; i < FIELD_COUNT; i++)
		want_names(&wanted, &view->fields[i]);
	for (const char *const *name = view->extra; name && *name; name++)
		want(&wanted, *name);
	return wanted.names;
}

static char **group_attributes(struct arena *arena, const struct view *view)
{
	struct wanted wanted = { arena_array(arena, WANTED_MOST + 1, sizeof(char *)), 0 };

	want(&wanted, view->group_id);
	want(&wanted, view->vendor->stamp);
	want_names(&wanted, &view->group_name);
	want_names(&wanted, &view->group_member);
	if (view->vendor->groups_have_members)
		want(&wanted, "objectClass");
	want(&wanted, view->vendor->sid);
	return wanted.names;
}

struct view view_make(struct arena *arena, const struct settings *settings, const struct vendor *vendor,
		      const char *const *extra)
{
	struct view view = {
		.vendor = vendor,
		.user_id = settings->user_id ? settings->user_id : vendor->id,
		.user_filter = settings->user_filter ? settings->user_filter : vendor->user_filter,
		.group_name = settings->group_name,
		.group_member = settings->group_member,
		.extra = extra,
	};

	view.group_id = settings->group_id ? settings->group_id : view.user_id;
	view.member_is_name = text_equal_nocase(view.group_member.name[0], "memberUid");
	memcpy(view.fields, settings->fields, sizeof(view.fields));
	if (!view.fields[FIELD_USER_NAME].name[0])
		view.fields[FIELD_USER_NAME].name[0] = vendor->user_name;
	view.user_attributes = person_attributes(arena, &view);
	view.group_attributes = group_attributes(arena, &view);
	return view;
}

/* ---- what an entry says ---- */

/* What an identity has room for beside its fields, and what each value costs beside its bytes, at most. */
enum { VALUES_ROOM = ROSTER_IDENTITY_MOST / 2, VALUE_OVERHEAD = 32 };

static int refuse(char why[ROSTER_NOTE_MOST], const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int refuse(char why[ROSTER_NOTE_MOST], const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, ROSTER_NOTE_MOST, fmt, args);
	va_end(args);
	return -1;
}

int view_id(const struct entry *entry, const char *attribute, char *ret, size_t size)
{
	BerVarray values = entry_values(entry, attribute);

	return values && values->bv_val ? value_to_id(attribute, values, ret, size) : -1;
}

const char *view_stamp(const struct view *view, const struct entry *entry)
{
	const char *stamp = entry_text(entry, view->vendor->stamp);

	return stamp && strlen(stamp) <= ROSTER_STAMP_MOST ? stamp : NULL;
}

/* The first of the attributes that has a value. 1 and its values, 0: none has. */
static int find_values(const struct entry *entry, const struct names *names, BerVarray *ret,
		       const char **ret_name)
{
	for (const char *const *name = names->name; *name; name++) {
		BerVarray values = entry_values(entry, *name);

		if (values && values->bv_val && values->bv_len > 0) {
			*ret = values;
			*ret_name = *name;
			return 1;
		}
	}
	return 0;
}

/* The text of a field, NULL if the entry has none. */
static int read_field(const struct entry *entry, const struct names *names, const char **ret,
		      char why[ROSTER_NOTE_MOST])
{
	const char *name;
	BerVarray values;

	*ret = NULL;
	if (find_values(entry, names, &values, &name) == 0)
		return 0;
	if (!value_is_text(values, ROSTER_TEXT_MOST))
		return refuse(why, "\"%.60s\" is not UTF-8 text of at most %d bytes; correct it in the directory",
			      name, ROSTER_TEXT_MOST);
	*ret = values->bv_val;
	return 0;
}

/* Whether there is room for one more of the values of which an entry may have any number: more than an identity may hold would
 * be the end of the whole listing. */
static bool has_room(size_t *room, const struct berval *value)
{
	size_t needed = value->bv_len + VALUE_OVERHEAD;

	if (needed > *room)
		return false;
	*room -= needed;
	return true;
}

/* Addresses of mail beyond the first. One that is no text is left out: the first is what counts. */
static void read_addresses(const struct view *view, const struct entry *entry, size_t *room, struct person *ret)
{
	const char *name;
	BerVarray values;
	size_t count = 0;

	if (find_values(entry, &view->fields[FIELD_EMAIL], &values, &name) == 0 || !values[1].bv_val)
		return;
	for (values++; values->bv_val && count < ROSTER_VALUES_MOST; values++)
		if (values->bv_len > 0 && value_is_text(values, ROSTER_TEXT_MOST) && has_room(room, values))
			ret->addresses[count++] = (struct roster_address){ sizeof(struct roster_address),
									   values->bv_val, ROSTER_ASSERTED };
	ret->addresses[count] = (struct roster_address){ 0 };
	ret->identity.addresses = ret->addresses;
}

/* Values that are no text (pictures, certificates) are left out. */
static const char *const *text_values(struct arena *arena, BerVarray values, size_t *room)
{
	const char **texts = arena_array(arena, ROSTER_VALUES_MOST + 1, sizeof(*texts));
	size_t count = 0;

	for (; values && values->bv_val && count < ROSTER_VALUES_MOST; values++)
		if (value_is_text(values, ROSTER_TEXT_MOST) && has_room(room, values))
			texts[count++] = values->bv_val;
	return texts;
}

static const struct roster_attribute *read_extra(const struct view *view, const struct entry *entry,
						 size_t *room, struct arena *arena)
{
	struct roster_attribute *extra = arena_array(arena, ROSTER_ATTRIBUTES_MOST + 1, sizeof(*extra));
	size_t count = 0;

	for (const char *const *name = view->extra; *name && count < ROSTER_ATTRIBUTES_MOST; name++)
		extra[count++] = (struct roster_attribute){ sizeof(*extra), *name,
							    text_values(arena, entry_values(entry, *name), room) };
	return extra;
}

/* Those that are usable. 0; -1: there are others, and why says what the first of them is. */
static int read_fields(const struct view *view, const struct entry *entry, struct roster_identity *identity,
		       char why[ROSTER_NOTE_MOST])
{
	char other[ROSTER_NOTE_MOST] = "";
	int result = 0;
	const char **const targets[FIELD_COUNT] = {
		[FIELD_USER_NAME] = &identity->user_name,
		[FIELD_EMAIL] = &identity->email,
		[FIELD_GIVEN_NAME] = &identity->given_name,
		[FIELD_FAMILY_NAME] = &identity->family_name,
		[FIELD_DISPLAY_NAME] = &identity->display_name,
		[FIELD_TITLE] = &identity->title,
		[FIELD_DEPARTMENT] = &identity->department,
		[FIELD_MANAGER] = &identity->manager,
		[FIELD_LOCALE] = &identity->locale,
	};

	for (int i = 0; i < FIELD_COUNT; i++)
		if (read_field(entry, &view->fields[i], targets[i], result < 0 ? other : why) < 0)
			result = -1;
	if (identity->user_name)
		return result;
	identity->user_name = "";
	return result < 0 ? result
			  : refuse(why, "it has no \"%s\"; that is what people sign in with, see \"user_name\"",
				   view->fields[FIELD_USER_NAME].name[0]);
}

/* How groups refer to this person; NULL: by nothing that could be read, so none does. */
static const char *find_reference(const struct view *view, struct person *person)
{
	const char *name = person->identity.user_name;

	if (view->member_is_name)
		return *name && strlen(name) <= ROSTER_ID_MOST ? name : NULL;
	return *person->reference ? person->reference : NULL;
}

/* The key, or, so that somebody finds the entry, as much of its DN as is text. */
static int read_id(const struct entry *entry, const char *attribute, const char *setting, char *ret,
		   size_t size, char why[ROSTER_NOTE_MOST])
{
	size_t length;

	if (view_id(entry, attribute, ret, size) == 0)
		return 0;
	length = text_cut(entry->dn.bv_val, entry->dn.bv_len, size - 1);
	if (!text_is_utf8(entry->dn.bv_val, length))
		length = 0;
	snprintf(ret, size, "%.*s", (int)length, length ? entry->dn.bv_val : "");
	if (length == 0)
		snprintf(ret, size, "(a name that is not UTF-8)");
	return refuse(why, "it has no usable \"%s\"; may the account that we bind as read it? See \"%s\"",
		      attribute, setting);
}

static int read_reference(const struct entry *entry, char *ret, size_t size, char why[ROSTER_NOTE_MOST])
{
	if (dn_normalise(entry->dn.bv_val, entry->dn.bv_len, ret, size) > 0)
		return 0;
	return refuse(why, "its distinguished name is malformed, or longer than %d bytes", ROSTER_ID_MOST);
}

int view_person(const struct view *view, const struct entry *entry, time_t now, struct arena *arena,
		struct person *ret, char ret_why[ROSTER_NOTE_MOST])
{
	struct roster_identity *identity = &ret->identity;
	size_t room = VALUES_ROOM;
	char other[ROSTER_NOTE_MOST] = "";
	int result = 0;

	*identity = (struct roster_identity){ .size = sizeof(*identity),
					      .remote_id = ret->id,
					      .standing = ROSTER_ACTIVE };
	if (read_id(entry, view->user_id, "user_id", ret->id, sizeof(ret->id), ret_why) < 0)
		return -1;
	ret->reference[0] = '\0';
	if (read_reference(entry, ret->reference, sizeof(ret->reference), ret_why) < 0) {
		ret->reference[0] = '\0';
		result = 1;
	}
	if (read_fields(view, entry, identity, result ? other : ret_why) < 0)
		result = 1;
	identity->reference = find_reference(view, ret);
	identity->stamp = view_stamp(view, entry);
	identity->email_proof = ROSTER_ASSERTED;
	read_addresses(view, entry, &room, ret);
	if (identity->manager)
		identity->manager =
			!view->member_is_name && dn_normalise(identity->manager, strlen(identity->manager),
							      ret->manager, sizeof(ret->manager)) > 0
				? ret->manager
				: NULL;
	if (view->extra && view->extra[0])
		identity->attributes = read_extra(view, entry, &room, arena);
	if (vendor_suspends(view->vendor, view->vendor->lock ? entry_text(entry, view->vendor->lock) : NULL,
			    view->vendor->expiry ? entry_text(entry, view->vendor->expiry) : NULL, now))
		identity->standing = ROSTER_SUSPENDED;
	return result;
}

int view_group(const struct view *view, const struct entry *entry, struct group *ret,
	       char ret_why[ROSTER_NOTE_MOST])
{
	ret->group = (struct roster_group){ .size = sizeof(ret->group),
					    .remote_id = ret->id,
					    .reference = ret->reference };
	if (read_id(entry, view->group_id, "group_id", ret->id, sizeof(ret->id), ret_why) < 0 ||
	    read_reference(entry, ret->reference, sizeof(ret->reference), ret_why) < 0 ||
	    read_field(entry, &view->group_name, &ret->group.name, ret_why) < 0)
		return -1;
	ret->group.stamp = view_stamp(view, entry);
	if (!ret->group.name)
		return refuse(ret_why, "it has no \"%s\"; see \"group_name\"", view->group_name.name[0]);
	return 0;
}

int view_member(const struct view *view, const struct berval *value, char *ret, size_t size)
{
	if (!view->member_is_name)
		return dn_normalise(value->bv_val, dn_without_bits(value->bv_val, value->bv_len), ret, size) >
				       0
			       ? 0
			       : -1;
	if (value->bv_len == 0 || value->bv_len >= size || !value_is_text(value, ROSTER_ID_MOST))
		return -1;
	memcpy(ret, value->bv_val, value->bv_len + 1);
	return 0;
}
