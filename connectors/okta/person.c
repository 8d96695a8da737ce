#include "okta/person.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

enum { ATTRIBUTE_VALUES_MOST = ROSTER_VALUES_MOST };

/* A person under construction. */
struct draft {
	struct directory *directory;
	const struct json_node *profile;
	const char *left_out; /* the first value that cannot be given */
};

const char *person_id(const struct json_node *user)
{
	const char *id = json_node_member_text(user, "id");

	return id && id[0] && strlen(id) <= ROSTER_ID_MOST && text_is_printable(id, strlen(id)) ? id : NULL;
}

/* ---- values ---- */

/* A text, number or truth as text; NULL: null, or something else. */
static const char *scalar(const struct json_node *node)
{
	if (!node)
		return NULL;
	if (node->type == JSON_NODE_TEXT || node->type == JSON_NODE_NUMBER)
		return node->text;
	return node->type == JSON_NODE_BOOL ? (node->truth ? "true" : "false") : NULL;
}

static bool is_acceptable(const struct json_node *node, const char *text)
{
	size_t length = node->type == JSON_NODE_BOOL ? strlen(text) : node->length;

	return length <= ROSTER_TEXT_MOST && text_is_utf8(text, length);
}

static const char *take(struct draft *draft, const char *name, size_t most)
{
	const struct json_node *node = name ? json_node_member(draft->profile, name) : NULL;
	const char *text = scalar(node);

	if (!text || (is_acceptable(node, text) && strlen(text) <= most))
		return text;
	if (!draft->left_out)
		draft->left_out = name;
	return NULL;
}

static const char *take_field(struct draft *draft, enum field field)
{
	return take(draft, draft->directory->settings.field[field], ROSTER_TEXT_MOST);
}

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
static enum roster_standing standing_of(struct draft *draft, const struct json_node *user)
{
	struct directory *d = draft->directory;
	const char *status = json_node_member_text(user, "status");

	for (size_t i = 0; status && i < ARRAY_COUNT(statuses); i++)
		if (text_equal(status, statuses[i].status))
			return statuses[i].means == COMES_IN ||
					       (statuses[i].means == IS_PENDING && d->settings.pending_active)
				       ? ROSTER_ACTIVE
				       : ROSTER_SUSPENDED;
	if (!draft->left_out)
		draft->left_out = "status";
	if (!d->unknown_status[0]) {
		snprintf(d->unknown_status, sizeof(d->unknown_status), "%.60s", status ? status : "(none)");
		d->caller.host->note(
			d->caller.call,
			"Okta shows a status that is not known here, \"%s\": it counts as suspended",
			d->unknown_status);
	}
	return ROSTER_SUSPENDED;
}

/* ---- who is read ---- */

static bool meets(const struct json_node *profile, const struct condition *condition)
{
	const struct json_node *node = json_node_member(profile, condition->attribute);
	const char *text = scalar(node);

	if (text)
		return text_equal(text, condition->value);
	if (!node || node->type != JSON_NODE_ARRAY)
		return false;
	for (const struct json_node *value = json_node_first(node); value;
	     value = json_node_next(node, value))
		if (text_equal(scalar(value), condition->value))
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

/* ---- attributes beside the fields ---- */

static const char *const *attribute_values(struct draft *draft, const char *name)
{
	const struct json_node *node = json_node_member(draft->profile, name);
	const struct json_node *value = node && node->type == JSON_NODE_ARRAY ? json_node_first(node) : node;
	const char **values =
		arena_array(draft->directory->record, ATTRIBUTE_VALUES_MOST + 1, sizeof(*values));
	size_t count = 0;

	for (; value; value = value == node ? NULL : json_node_next(node, value)) {
		const char *text = scalar(value);

		if (text && is_acceptable(value, text) && count < ATTRIBUTE_VALUES_MOST)
			values[count++] = text;
		else if (text && !draft->left_out)
			draft->left_out = name;
	}
	return count > 0 ? values : NULL;
}

static const struct roster_attribute *take_attributes(struct draft *draft)
{
	const char *const *name = draft->directory->attributes;
	struct roster_attribute *attributes;
	size_t count = 0;

	if (!name || !*name)
		return NULL;
	attributes = arena_array(draft->directory->record, ROSTER_ATTRIBUTES_MOST + 1, sizeof(*attributes));
	for (; *name && count < ROSTER_ATTRIBUTES_MOST; name++) {
		const char *const *values = attribute_values(draft, *name);

		if (values)
			attributes[count++] = (struct roster_attribute){ sizeof(*attributes), *name, values };
	}
	return attributes;
}

/* ---- giving ---- */

static int emit_draft(struct draft *draft, const struct json_node *user, const char *id)
{
	struct directory *d = draft->directory;
	const char *user_name = take_field(draft, FIELD_USER_NAME);
	const struct roster_identity person = {
		.size = sizeof(person),
		.remote_id = id,
		.user_name = user_name ? user_name : "",
		.email = take_field(draft, FIELD_EMAIL),
		.email_proof = ROSTER_ASSERTED,
		.given_name = take_field(draft, FIELD_GIVEN_NAME),
		.family_name = take_field(draft, FIELD_FAMILY_NAME),
		.display_name = take_field(draft, FIELD_DISPLAY_NAME),
		.title = take_field(draft, FIELD_TITLE),
		.department = take_field(draft, FIELD_DEPARTMENT),
		.manager = take(draft, d->settings.field[FIELD_MANAGER], ROSTER_ID_MOST),
		.locale = take_field(draft, FIELD_LOCALE),
		.standing = standing_of(draft, user),
		.attributes = take_attributes(draft),
	};

	if (!user_name && !draft->left_out)
		draft->left_out = d->settings.field[FIELD_USER_NAME];
	if (d->caller.host->emit(d->caller.call, &person) < 0)
		return -1;
	if (!draft->left_out)
		return 1;
	return d->caller.host->emit_refused(d->caller.call, id,
					    "the attribute \"%.100s\" is missing or cannot be used and was "
					    "left out; correct it in Okta",
					    draft->left_out) < 0
		       ? -1
		       : 1;
}

int person_emit(struct directory *d, const struct json_node *user, bool all)
{
	struct draft draft = { d, json_node_member(user, "profile"), NULL };
	const char *id = person_id(user);
	int result;

	if (!id)
		return d->caller.host->emit_refused(d->caller.call, "(no id)",
						    "Okta gives somebody without an id that can be used") < 0
			       ? -1
			       : 1;
	if (!is_wanted(&d->settings, draft.profile))
		return all ? 0 : person_emit_gone(d, id);
	result = emit_draft(&draft, user, id);
	arena_reset(d->record);
	return result;
}

int group_emit(struct directory *d, const struct json_node *group, bool partial)
{
	const char *id = person_id(group),
		   *name = json_node_member_text(json_node_member(group, "profile"), "name");
	const struct roster_group given = {
		.size = sizeof(given), .remote_id = id, .name = name, .partial = partial
	};

	if (!id || !name || !name[0] || strlen(name) > ROSTER_TEXT_MOST || !text_is_utf8(name, strlen(name)))
		return d->caller.host->emit_refused(
			d->caller.call, id ? id : "(no id)",
			"Okta gives a group without an id or a name that can be used");
	if (!setting_has_name(d->settings.group_name, name))
		return 0;
	return d->caller.host->emit_group(d->caller.call, &given) < 0 ? -1 : 1;
}

int person_emit_gone(struct directory *d, const char *id)
{
	const struct roster_identity gone = { .size = sizeof(gone),
					      .remote_id = id,
					      .standing = ROSTER_GONE };

	return d->caller.host->emit(d->caller.call, &gone);
}

int group_emit_gone(struct directory *d, const char *id)
{
	const struct roster_group gone = { .size = sizeof(gone), .remote_id = id, .name = id, .gone = 1 };

	return d->caller.host->emit_group(d->caller.call, &gone);
}
