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

static const char *user_name_of(const struct json_node *user, const char *name, const char **left_out)
{
	const char *found = value_take(user, name, ROSTER_TEXT_MOST, left_out);

	if (!found)
		found = value_take(user, "username", ROSTER_TEXT_MOST, left_out);
	if (!found && !*left_out)
		*left_out = name;
	return found ? found : "";
}

int person_emit(struct directory *d, const struct json_node *user, const char *const *groups)
{
	const char *const *field = d->settings.field;
	const char *id = api_user_id(user), *left_out = NULL;
	struct roster_identity person = { .size = sizeof(person), .remote_id = id, .groups = groups };
	int result;

	for (size_t i = 0; id && i < d->place.gone_count; i++)
		if (text_equal(id, d->place.gone[i]))
			return 0;
	if (!id)
		return d->caller.host->emit_refused(
			d->caller.call, "(no user_id)",
			"Auth0 gives somebody without a user_id that can be used");
#define TAKE(which) value_take(user, field[which], ROSTER_TEXT_MOST, &left_out)
	person.user_name = user_name_of(user, field[FIELD_USER_NAME], &left_out);
	person.email = TAKE(FIELD_EMAIL);
	/* What Auth0 says of proof is about its own member. */
	person.email_proof = text_equal(field[FIELD_EMAIL], "email") ? proof_of(user) : ROSTER_UNPROVEN;
	person.given_name = TAKE(FIELD_GIVEN_NAME);
	person.family_name = TAKE(FIELD_FAMILY_NAME);
	person.display_name = TAKE(FIELD_DISPLAY_NAME);
	person.title = TAKE(FIELD_TITLE);
	person.department = TAKE(FIELD_DEPARTMENT);
	person.locale = TAKE(FIELD_LOCALE);
#undef TAKE
	person.manager = value_take(user, field[FIELD_MANAGER], ROSTER_ID_MOST, &left_out);
	person.standing = standing_of(user);
	person.attributes = value_attributes(user, d->attributes, d->record, &left_out);
	result = d->caller.host->emit(d->caller.call, &person);
	if (result == 0 && left_out)
		result = d->caller.host->emit_refused(d->caller.call, id,
						      "the attribute \"%.100s\" is missing or cannot be used "
						      "and was left out; correct it in Auth0",
						      left_out);
	arena_reset(d->record);
	return result < 0 ? -1 : 0;
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

	if (!id || !name || !name[0] || strlen(name) > ROSTER_TEXT_MOST || !text_is_utf8(name, strlen(name)))
		return d->caller.host->emit_refused(
			d->caller.call, id ? id : "(no id)",
			"Auth0 gives a role without an id or a name that can be used");
	return d->caller.host->emit_group(d->caller.call, &given) < 0 ? -1 : 1;
}

int person_emit_gone(struct directory *d, const char *id)
{
	const struct roster_identity gone = { .size = sizeof(gone),
					      .remote_id = id,
					      .standing = ROSTER_GONE };

	return d->caller.host->emit(d->caller.call, &gone);
}

int role_emit_gone(struct directory *d, const char *id)
{
	const struct roster_group gone = { .size = sizeof(gone), .remote_id = id, .name = id, .gone = 1 };

	return d->caller.host->emit_group(d->caller.call, &gone);
}
