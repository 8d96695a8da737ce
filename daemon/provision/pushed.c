#include "provision/pushed.h"

#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/text.h"

#define URN_ENTERPRISE "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

/* Of several values the one to use first, then one for work, then the first. */
static const struct json *first_of(const struct json *values)
{
	const struct json *work = NULL;

	for (size_t i = 0; i < json_count(values); i++) {
		const struct json *value = json_at(values, i);
		const char *type = json_text(json_member(value, "type"));

		if (json_bool(json_member(value, "primary")))
			return value;
		if (!work && type && strcasecmp(type, "work") == 0)
			work = value;
	}
	return work ? work : json_at(values, 0);
}

static const char *text_of(const struct json *object, const char *name)
{
	const char *text = json_text(json_member(object, name));

	return text && *text ? text : NULL;
}

/* The user's address: what is called so, or a user name that is one, as most directories have it. */
static const char *email_of(const struct json *document)
{
	const char *email = text_of(first_of(json_member(document, "emails")), "value");
	const char *user_name = text_of(document, "userName");

	return email || !user_name || !strchr(user_name, '@') ? email : user_name;
}

/* ---- attributes by name ---- */

/* Where "urn:...:User:costCenter" stands, and what is left of the name. */
static const struct json *holder(const struct json *document, const char **name)
{
	const struct json *value;
	const char *urn;

	for (size_t at = 0; json_next(document, &at, &urn, &value) == 1;) {
		size_t length = strlen(urn);

		if (strncasecmp(urn, "urn:", 4) == 0 && strncasecmp(*name, urn, length) == 0 && (*name)[length] == ':') {
			*name += length + 1;
			return value;
		}
	}
	return document;
}

static const struct json *member_nocase(const struct json *object, const char *name, size_t length)
{
	const struct json *value;
	const char *is;

	for (size_t at = 0; json_next(object, &at, &is, &value) == 1;)
		if (strlen(is) == length && strncasecmp(is, name, length) == 0)
			return value;
	return NULL;
}

/* One text at most: of several values the first one to use. */
static const char *attribute(const struct json *document, const char *name)
{
	const struct json *at = holder(document, &name);
	size_t length = strcspn(name, ".");

	at = member_nocase(at, name, length);
	if (json_is_array(at))
		at = first_of(at);
	if (name[length] == '.')
		at = member_nocase(at, name + length + 1, strlen(name + length + 1));
	else if (json_is_object(at))
		at = json_member(at, "value");
	return json_text(at);
}

static void take_attributes(struct arena *arena, const struct json *document, const char *const *wanted, struct identity *ret)
{
	struct identity_attribute *attributes;
	size_t count = 0;

	for (size_t i = 0; wanted && wanted[i]; i++)
		count++;
	attributes = arena_array(arena, count + 1, sizeof(*attributes));
	for (size_t i = 0; i < count; i++) {
		const char **values = arena_array(arena, 2, sizeof(*values));

		values[0] = attribute(document, wanted[i]);
		attributes[i] = (struct identity_attribute){ .name = wanted[i], .values = values };
	}
	ret->attributes = attributes;
	ret->attribute_count = count;
}

int pushed_identity(struct arena *arena, const char *remote_id, const char *document, bool active, const char *const *attributes,
		    struct identity *ret, struct error *e)
{
	const struct json *name, *enterprise;
	struct json *d;

	if (json_parse(arena, document, strlen(document), &d, e) < 0)
		return error_set(e, ERROR_INTERNAL, "scim.document", "the document of the user \"%s\" cannot be read", remote_id);
	name = json_member(d, "name");
	enterprise = json_member(d, URN_ENTERPRISE);
	*ret = (struct identity){
		.remote_id = remote_id,
		.user_name = text_of(d, "userName"),
		.email = email_of(d),
		.email_proof = PROOF_ASSERTED,
		.given_name = text_of(name, "givenName"),
		.family_name = text_of(name, "familyName"),
		.display_name = text_of(d, "displayName") ? text_of(d, "displayName") : text_of(name, "formatted"),
		.standing = active ? STANDING_ACTIVE : STANDING_SUSPENDED,
		.locale = text_of(d, "locale") ? text_of(d, "locale") : text_of(d, "preferredLanguage"),
		.title = text_of(d, "title"),
		.department = text_of(enterprise, "department"),
		.manager = text_of(json_member(enterprise, "manager"), "value"),
	};
	take_attributes(arena, d, attributes, ret);
	return 0;
}
