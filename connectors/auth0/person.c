#include "auth0/person.h"

#include <string.h>

#include "auth0/api.h"
#include "base/arena.h"
#include "base/text.h"
#include "common/value.h"

/* Absent means no (Auth0 leaves it out); what is neither yes nor no keeps people out. */
static enum roster_standing standing_of(const struct json_node *user)
{
	const struct json_node *blocked = json_node_member(user, "blocked");

	if (!blocked || blocked->type == JSON_NODE_NULL)
		return ROSTER_ACTIVE;
	return blocked->type == JSON_NODE_BOOL && !blocked->truth ? ROSTER_ACTIVE : ROSTER_SUSPENDED;
}

/* Connections to Entra ID and ADFS set it always or never, by a setting: that proves nothing about the
 * mailbox. */
static bool is_proof(const struct json_node *user)
{
	const struct json_node *list = json_node_member(user, "identities");

	for (const struct json_node *identity = json_node_first(list); identity;
	     identity = json_node_next(list, identity)) {
		const char *provider = json_node_member_text(identity, "provider");

		if (text_equal(provider, "waad") || text_equal(provider, "adfs"))
			return false;
	}
	return true;
}

static enum roster_proof proof_of(const struct json_node *user)
{
	const struct json_node *verified = json_node_member(user, "email_verified");

	if (!verified || verified->type != JSON_NODE_BOOL || !verified->truth)
		return ROSTER_UNPROVEN;
	return is_proof(user) ? ROSTER_PROVEN : ROSTER_ASSERTED;
}

int person_emit(struct directory *d, const struct json_node *user, const char *const *groups)
{
	const char *const *field = d->settings.field;
	const char *id = api_user_id(user), *left_out = NULL, *name;
	struct roster_identity person = { .size = sizeof(person), .remote_id = id, .groups = groups };

	for (size_t i = 0; id && i < d->place.gone_count; i++)
		if (text_equal(id, d->place.gone[i]))
			return 0;
	if (!id)
		return d->vendor.caller.host->emit_refused(
			d->vendor.caller.call, "(no user_id)",
			"Auth0 gives somebody without a user_id that can be used");
	fields_take(user, field, &person, &left_out);
	name = person.user_name[0] ? NULL : value_take(user, "username", ROSTER_TEXT_MOST, &left_out);
	if (name)
		person.user_name = name;
	/* What Auth0 says of proof is about its own member. */
	person.email_proof = text_equal(field[FIELD_EMAIL], "email") ? proof_of(user) : ROSTER_UNPROVEN;
	person.standing = standing_of(user);
	person.attributes = value_attributes(user, d->attributes, d->vendor.record, &left_out);
	return vendor_emit(&d->vendor, &person, left_out, field[FIELD_USER_NAME]) < 0 ? -1 : 0;
}

const char *role_id(const struct json_node *role)
{
	const char *id = value_id(role);

	return id && strlen(id) <= PLACE_ROLE_MOST && !strpbrk(id, "/ \n") ? id : NULL;
}

int role_emit(struct directory *d, const struct json_node *role, bool partial)
{
	const char *id = role_id(role), *name = json_node_member_text(role, "name");
	const struct roster_group given = {
		.size = sizeof(given), .remote_id = id, .name = name, .partial = partial
	};

	if (!id || !value_is_name(name))
		return d->vendor.caller.host->emit_refused(
			d->vendor.caller.call, id ? id : "(no id)",
			"Auth0 gives a role without an id or a name that can be used");
	return d->vendor.caller.host->emit_group(d->vendor.caller.call, &given) < 0 ? -1 : 1;
}
