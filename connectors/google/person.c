#include "google/person.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/text.h"

const char *const group_fields = "id,email,name";

/* ---- what is asked for ---- */

/* A name becomes part of a list in an address: what is not plain would end it. Of a path the first step is
 * asked for. */
static int add_field(struct directory *d, const char *name)
{
	size_t length = strcspn(name, "/[");
	const char *first = arena_text_n(d->vendor.page, name, length);

	if (length == 0 ||
	    first[strspn(first, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")])
		return d->vendor.caller.host->fail(
			d->vendor.caller.call, ROSTER_MISCONFIGURED, 0,
			"\"%.100s\" is no name of a field; one such as \"primaryEmail\" "
			"or \"organizations/department\" is expected",
			name);
	if (text_equal(first, "customSchemas"))
		d->projection = "full";
	if (!strstr(arena_format(d->vendor.page, ",%s,", d->fields),
		    arena_format(d->vendor.page, ",%s,", first)))
		d->fields = arena_format(d->vendor.page, "%s,%s", d->fields, first);
	return 0;
}

int person_select(struct directory *d)
{
	d->fields = "id,customerId,primaryEmail,suspended,archived,deletionTime,orgUnitPath,aliases,"
		    "nonEditableAliases";
	d->projection = "basic";
	for (int i = 0; i < FIELD_COUNT; i++)
		if (d->settings.field[i] && add_field(d, d->settings.field[i]) < 0)
			return -1;
	for (const char *const *name = d->attributes; name && *name; name++)
		if (add_field(d, *name) < 0)
			return -1;
	return 0;
}

/* ---- who is read ---- */

static bool is_bool(const struct json_node *object, const char *name, bool truth)
{
	const struct json_node *node = json_node_member(object, name);

	return node && node->type == JSON_NODE_BOOL && node->truth == truth;
}

/* Who does not say that they are not suspended, is. */
static bool is_suspended(const struct json_node *user)
{
	return !is_bool(user, "suspended", false);
}

static bool is_archived(const struct json_node *user)
{
	return is_bool(user, "archived", true);
}

bool person_is_of_domain(const struct settings *settings, const char *address)
{
	const char *at = address ? strrchr(address, '@') : NULL;

	return !settings->domain || (at && text_equal_nocase(at + 1, settings->domain));
}

/* Paths of units are compared without case, as Google does; "/Sales" is not within "/Sale". */
static bool is_in_unit(const struct settings *settings, const char *path)
{
	if (!settings->org_unit[0])
		return true;
	for (const char *const *unit = settings->org_unit; *unit && path; unit++) {
		size_t length = strlen(*unit);

		if (text_equal(*unit, "/") ||
		    (strncasecmp(path, *unit, length) == 0 && (path[length] == '\0' || path[length] == '/')))
			return true;
	}
	return false;
}

static bool is_wanted(const struct settings *settings, const struct json_node *user)
{
	if (json_node_member(user, "deletionTime") || (is_suspended(user) && !settings->suspended) ||
	    (is_archived(user) && !settings->archived))
		return false;
	return person_is_of_domain(settings, json_node_member_text(user, "primaryEmail")) &&
	       is_in_unit(settings, json_node_member_text(user, "orgUnitPath"));
}

/* ---- addresses ---- */

struct addresses {
	struct roster_address *list;
	size_t count;
};

/* Google makes some of its own for each account, at which nobody writes to anybody. */
static void add_addresses(struct addresses *addresses, const struct json_node *list, const char **left_out)
{
	for (const struct json_node *node = json_node_first(list); node; node = json_node_next(list, node)) {
		const char *text = json_node_text(node);

		if (!text || text_ends(text, ".test-google-a.com"))
			continue;
		if (addresses->count < ROSTER_VALUES_MOST && strlen(text) <= ROSTER_TEXT_MOST &&
		    text_is_utf8(text, strlen(text)))
			addresses->list[addresses->count++] =
				(struct roster_address){ sizeof(*addresses->list), text, ROSTER_PROVEN };
		else if (!*left_out)
			*left_out = "aliases";
	}
}

/* An account has addresses of its own domains alone, which Google has seen to belong to it. */
static const struct roster_address *take_addresses(struct directory *d, const struct json_node *user,
						   const char **left_out)
{
	struct addresses addresses = {
		arena_array(d->vendor.record, ROSTER_VALUES_MOST + 1, sizeof(struct roster_address)), 0
	};

	add_addresses(&addresses, json_node_member(user, "aliases"), left_out);
	add_addresses(&addresses, json_node_member(user, "nonEditableAliases"), left_out);
	return addresses.count > 0 ? addresses.list : NULL;
}

/* ---- giving ---- */

static int emit_person(struct directory *d, const struct json_node *user, const char *id)
{
	const char *left_out = NULL;
	struct roster_identity person = { .size = sizeof(person), .remote_id = id };

	fields_take(user, d->settings.field, &person, &left_out);
	person.email_proof =
		text_equal(d->settings.field[FIELD_EMAIL], "primaryEmail") ? ROSTER_PROVEN : ROSTER_ASSERTED;
	person.standing = is_suspended(user) || is_archived(user) ? ROSTER_SUSPENDED : ROSTER_ACTIVE;
	person.addresses = take_addresses(d, user, &left_out);
	person.attributes = value_attributes(user, d->attributes, d->vendor.record, &left_out);
	if (!json_node_member(user, "suspended") && !left_out)
		left_out = "suspended";
	return vendor_emit(&d->vendor, &person, left_out, d->settings.field[FIELD_USER_NAME]);
}

int person_emit(struct directory *d, const struct json_node *user, bool all)
{
	const char *id = value_id(user);

	if (!id)
		return d->vendor.caller.host->emit_refused(
			       d->vendor.caller.call, "(no id)",
			       "Google gives somebody without an id that can be used") < 0
			       ? -1
			       : 1;
	if (!is_wanted(&d->settings, user))
		return all ? 0 : vendor_emit_gone(&d->vendor, id);
	return emit_person(d, user, id);
}

int group_emit(struct directory *d, const struct json_node *group)
{
	const char *id = value_id(group), *email = json_node_member_text(group, "email"),
		   *name = d->settings.named_by_email ? email : json_node_member_text(group, "name");
	const struct roster_group given = { .size = sizeof(given), .remote_id = id, .name = name };

	if (!id || strlen(id) > PLACE_ID_MOST || !value_is_name(name))
		return d->vendor.caller.host->emit_refused(
			       d->vendor.caller.call, id ? id : "(no id)",
			       "Google gives a group without an id or a name that can be used") < 0
			       ? -1
			       : 0;
	if (!person_is_of_domain(&d->settings, email) || !setting_has_name(d->settings.group_name, name))
		return 0;
	return d->vendor.caller.host->emit_group(d->vendor.caller.call, &given) < 0 ? -1 : 1;
}
