#include "okta/person.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

/* ---- standing ---- */

static const struct {
	const char *status;
	enum { COMES_IN, STAYS_OUT, IS_PENDING } means;
} statuses[] = {
	{ "ACTIVE", COMES_IN },		  { "RECOVERY", COMES_IN }, /* a password is being reset */
	{ "PASSWORD_EXPIRED", COMES_IN },			    /* is changed at the next sign-on */
	{ "LOCKED_OUT", COMES_IN }, /* too many wrong passwords: passes, and anybody can bring it about */
	{ "STAGED", IS_PENDING },	  { "PROVISIONED", IS_PENDING },
	{ "SUSPENDED", STAYS_OUT },	  { "DEPROVISIONED", STAYS_OUT },
};

/* A status that we have never heard of keeps people out, and is told. */
static enum roster_standing standing_of(struct directory *d, const struct json_node *user,
					const char **left_out)
{
	const char *status = json_node_member_text(user, "status");

	for (size_t i = 0; status && i < ARRAY_COUNT(statuses); i++)
		if (text_equal(status, statuses[i].status))
			return statuses[i].means == COMES_IN ||
					       (statuses[i].means == IS_PENDING && d->settings.pending_active)
				       ? ROSTER_ACTIVE
				       : ROSTER_SUSPENDED;
	if (!*left_out)
		*left_out = "status";
	if (!d->unknown_status[0]) {
		snprintf(d->unknown_status, sizeof(d->unknown_status), "%.60s", status ? status : "(none)");
		d->vendor.caller.host->note(
			d->vendor.caller.call,
			"Okta shows a status that is not known here, \"%s\": it counts as suspended",
			d->unknown_status);
	}
	return ROSTER_SUSPENDED;
}

/* ---- who is read ---- */

static bool meets(const struct json_node *profile, const struct condition *condition)
{
	const struct json_node *node = json_node_member(profile, condition->attribute);
	const char *text = value_scalar(node);

	if (text)
		return text_equal(text, condition->value);
	if (!node || node->type != JSON_NODE_ARRAY)
		return false;
	for (const struct json_node *value = json_node_first(node); value;
	     value = json_node_next(node, value))
		if (text_equal(value_scalar(value), condition->value))
			return true;
	return false;
}

/* For each attribute that is named, one of its lines must hold. */
static bool is_wanted(const struct settings *settings, const struct json_node *profile)
{
	for (const struct condition *first = settings->condition; first->attribute; first++) {
		bool met = false;

		for (const struct condition *line = settings->condition; line->attribute && !met; line++)
			met = text_equal(line->attribute, first->attribute) && meets(profile, line);
		if (!met)
			return false;
	}
	return true;
}

/* ---- giving ---- */

static int emit_person(struct directory *d, const struct json_node *user, const struct json_node *profile,
		       const char *id)
{
	const char *left_out = NULL;
	struct roster_identity person = { .size = sizeof(person),
					  .remote_id = id,
					  .email_proof = ROSTER_ASSERTED };

	fields_take(profile, d->settings.field, &person, &left_out);
	person.standing = standing_of(d, user, &left_out);
	person.attributes = value_attributes(profile, d->attributes, d->vendor.record, &left_out);
	return vendor_emit(&d->vendor, &person, left_out, d->settings.field[FIELD_USER_NAME]);
}

int person_emit(struct directory *d, const struct json_node *user, bool all)
{
	const struct json_node *profile = json_node_member(user, "profile");
	const char *id = value_id(user);

	if (!id)
		return d->vendor.caller.host->emit_refused(
			       d->vendor.caller.call, "(no id)",
			       "Okta gives somebody without an id that can be used") < 0
			       ? -1
			       : 1;
	if (!is_wanted(&d->settings, profile))
		return all ? 0 : vendor_emit_gone(&d->vendor, id);
	return emit_person(d, user, profile, id);
}

/* Okta names thirteen states of an assignment; in these nobody is assigned any more. */
static bool has_ended(const struct json_node *assignment)
{
	static const char *const over[] = { "DEPROVISIONED", "INACTIVE", "REVOKED", "UNASSIGNED" };
	const char *status = json_node_member_text(assignment, "status");

	for (size_t i = 0; i < ARRAY_COUNT(over); i++)
		if (text_equal(status, over[i]))
			return true;
	return false;
}

int person_emit_assigned(struct directory *d, const struct json_node *assignment, bool all)
{
	const struct json_node *user = json_node_member(json_node_member(assignment, "_embedded"), "user");
	const char *id = value_id(assignment);

	if (id && has_ended(assignment))
		return all ? 0 : vendor_emit_gone(&d->vendor, id);
	if (id && (!user || !text_equal(value_id(user), id)))
		return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_NONSENSE, 0,
						   "Okta gives an assignment without whom it is of");
	return person_emit(d, user ? user : assignment, all);
}

int group_emit(struct directory *d, const struct json_node *group, bool partial)
{
	const char *id = value_id(group),
		   *name = json_node_member_text(json_node_member(group, "profile"), "name");
	const struct roster_group given = {
		.size = sizeof(given), .remote_id = id, .name = name, .partial = partial
	};

	if (!id || !value_is_name(name))
		return d->vendor.caller.host->emit_refused(
			d->vendor.caller.call, id ? id : "(no id)",
			"Okta gives a group without an id or a name that can be used");
	if (!setting_has_name(d->settings.group_name, name))
		return 0;
	return d->vendor.caller.host->emit_group(d->vendor.caller.call, &given) < 0 ? -1 : 1;
}
