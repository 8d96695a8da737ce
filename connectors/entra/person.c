#include "entra/person.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

const char *const group_select = "id,displayName,groupTypes,securityEnabled";

/* ---- what is asked for ---- */

/* A name becomes part of a list in an address: what is not plain would end it. Of a path the first step is
 * asked for. */
static const char *add_property(struct directory *d, const char *select, const char *name)
{
	size_t length = strcspn(name, "/");
	const char *first = arena_text_n(d->vendor.page, name, length);

	if (length == 0 ||
	    first[strspn(first, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")]) {
		d->vendor.caller.host->fail(
			d->vendor.caller.call, ROSTER_MISCONFIGURED, 0,
			"\"%.100s\" is no name of a property; one such as \"department\" is expected", name);
		return NULL;
	}
	if (strstr(arena_format(d->vendor.page, ",%s,", select), arena_format(d->vendor.page, ",%s,", first)))
		return select;
	return arena_format(d->vendor.page, "%s,%s", select, first);
}

const char *person_select(struct directory *d)
{
	const char *select = "id,accountEnabled,userType,userPrincipalName";

	for (int i = 0; i < FIELD_COUNT && select; i++)
		if (d->settings.field[i])
			select = add_property(d, select, d->settings.field[i]);
	for (const char *const *name = d->attributes; name && *name && select; name++)
		select = add_property(d, select, *name);
	return select;
}

/* ---- people ---- */

bool person_is_removed(const struct json_node *object)
{
	return json_node_member(object, "@removed") != NULL;
}

bool person_is_complete(const struct directory *d, const struct json_node *user)
{
	return json_node_member(user, "accountEnabled") && json_node_member(user, "userPrincipalName") &&
	       value_at(user, d->settings.field[FIELD_USER_NAME]);
}

/* Old accounts have no userType; whoever was invited is called so. */
static bool is_guest(const struct json_node *user)
{
	const char *type = json_node_member_text(user, "userType"),
		   *name = json_node_member_text(user, "userPrincipalName");

	return type ? text_equal_nocase(type, "Guest") : name && strstr(name, "#EXT#");
}

/* Who does not say to be enabled is not. */
static bool is_enabled(const struct json_node *user)
{
	const struct json_node *enabled = json_node_member(user, "accountEnabled");

	return enabled && enabled->type == JSON_NODE_BOOL && enabled->truth;
}

static int emit_person(struct directory *d, const struct json_node *user, const char *id)
{
	const char *left_out = NULL;
	struct roster_identity person = { .size = sizeof(person),
					  .remote_id = id,
					  .email_proof = ROSTER_ASSERTED };

	fields_take(user, d->settings.field, &person, &left_out);
	person.standing = is_enabled(user) ? ROSTER_ACTIVE : ROSTER_SUSPENDED;
	person.attributes = value_attributes(user, d->attributes, d->vendor.record, &left_out);
	if (!json_node_member(user, "accountEnabled") && !left_out)
		left_out = "accountEnabled";
	return vendor_emit(&d->vendor, &person, left_out, d->settings.field[FIELD_USER_NAME]);
}

int person_emit(struct directory *d, const struct json_node *user, bool all)
{
	const char *id = value_id(user);

	if (!id)
		return d->vendor.caller.host->emit_refused(
			       d->vendor.caller.call, "(no id)",
			       "Graph gives somebody without an id that can be used") < 0
			       ? -1
			       : 1;
	if ((is_guest(user) && !d->settings.guests) || (!is_enabled(user) && !d->settings.disabled))
		return all ? 0 : vendor_emit_gone(&d->vendor, id);
	return emit_person(d, user, id);
}

/* ---- groups ---- */

static bool is_unified(const struct json_node *group)
{
	const struct json_node *types = json_node_member(group, "groupTypes");

	for (const struct json_node *type = json_node_first(types); type; type = json_node_next(types, type))
		if (text_equal_nocase(json_node_text(type), "Unified"))
			return true;
	return false;
}

static bool is_security(const struct json_node *group)
{
	const struct json_node *enabled = json_node_member(group, "securityEnabled");

	return enabled && enabled->type == JSON_NODE_BOOL && enabled->truth;
}

bool group_is_wanted(const struct directory *d, const struct json_node *group)
{
	const char *name = json_node_member_text(group, "displayName");

	if ((d->settings.group_kinds == GROUPS_SECURITY && !is_security(group)) ||
	    (d->settings.group_kinds == GROUPS_MICROSOFT365 && !is_unified(group)))
		return false;
	return setting_has_name(d->settings.group_name, name ? name : "");
}

int group_emit(struct directory *d, const struct json_node *group, bool partial)
{
	const char *id = value_id(group), *name = json_node_member_text(group, "displayName");
	const struct roster_group given = {
		.size = sizeof(given), .remote_id = id, .name = name, .partial = partial
	};

	if (!id || !value_is_name(name))
		return d->vendor.caller.host->emit_refused(
			       d->vendor.caller.call, id ? id : "(no id)",
			       "Graph gives a group without an id or a name that can be used") < 0
			       ? -1
			       : 0;
	return d->vendor.caller.host->emit_group(d->vendor.caller.call, &given) < 0 ? -1 : 1;
}

bool group_member_counts(const struct json_node *member)
{
	const char *type = json_node_member_text(member, "@odata.type");

	return !type || text_equal_nocase(type, "#microsoft.graph.user") ||
	       text_equal_nocase(type, "#microsoft.graph.group");
}
