/* RFC 7643, 3.1, 4.1, 4.2, 4.3 and 8.7, as far as rosterd stores them; the rest is kept as it came. */
#include "endpoints/scim_schema.h"

#include <string.h>
#include <strings.h>

#include "base/json.h"

/* A row ends where it has no more to say. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/* clang-format off */
static const struct scim_attribute name_parts[] = {
	{ "formatted",       SCIM_STRING, .words = "The whole name, as it is shown." },
	{ "familyName",      SCIM_STRING, .words = "The family name." },
	{ "givenName",       SCIM_STRING, .words = "The given name." },
	{ "middleName",      SCIM_STRING, .words = "The middle names." },
	{ "honorificPrefix", SCIM_STRING, .words = "A title before the name." },
	{ "honorificSuffix", SCIM_STRING, .words = "What stands behind the name." },
	{ 0 },
};

/* RFC 7643, 2.4: the usual parts of an attribute with several values. */
#define USUAL_PARTS(value_type) \
	{ "value",   value_type,   .words = "The value itself." }, \
	{ "display", SCIM_STRING,  .words = "How it is shown." }, \
	{ "type",    SCIM_STRING,  .words = "What it is for, such as work." }, \
	{ "primary", SCIM_BOOLEAN, .words = "Whether it is the one to use first." }

static const struct scim_attribute usual_parts[] = { USUAL_PARTS(SCIM_STRING), { 0 } };
static const struct scim_attribute photo_parts[] = { USUAL_PARTS(SCIM_REFERENCE), { 0 } };
static const struct scim_attribute certificate_parts[] = { USUAL_PARTS(SCIM_BINARY), { 0 } };

static const struct scim_attribute address_parts[] = {
	{ "formatted",     SCIM_STRING,  .words = "The whole address, as it stands on a letter." },
	{ "streetAddress", SCIM_STRING,  .words = "Street and number." },
	{ "locality",      SCIM_STRING,  .words = "The city." },
	{ "region",        SCIM_STRING,  .words = "The state or region." },
	{ "postalCode",    SCIM_STRING,  .words = "The postal code." },
	{ "country",       SCIM_STRING,  .words = "The country, by ISO 3166-1." },
	{ "type",          SCIM_STRING,  .words = "What it is for, such as work." },
	{ "primary",       SCIM_BOOLEAN, .words = "Whether it is the one to use first." },
	{ 0 },
};

static const struct scim_attribute of_group_parts[] = {
	{ "value",   SCIM_STRING,    .exact = true, .mutability = SCIM_READ_ONLY, .words = "The id of the group." },
	{ "$ref",    SCIM_REFERENCE, .exact = true, .mutability = SCIM_READ_ONLY, .words = "Its address." },
	{ "display", SCIM_STRING,    .mutability = SCIM_READ_ONLY, .words = "Its name." },
	{ "type",    SCIM_STRING,    .mutability = SCIM_READ_ONLY, .words = "direct or indirect." },
	{ 0 },
};

static const struct scim_attribute member_parts[] = {
	{ "value",   SCIM_STRING,    .exact = true, .mutability = SCIM_IMMUTABLE, .words = "The id of the user or group." },
	{ "$ref",    SCIM_REFERENCE, .exact = true, .mutability = SCIM_IMMUTABLE, .words = "Its address." },
	{ "display", SCIM_STRING,    .mutability = SCIM_READ_ONLY, .words = "Its name." },
	{ "type",    SCIM_STRING,    .mutability = SCIM_IMMUTABLE, .words = "User or Group." },
	{ 0 },
};

static const struct scim_attribute manager_parts[] = {
	{ "value",       SCIM_STRING,    .exact = true, .words = "The id of the manager." },
	{ "$ref",        SCIM_REFERENCE, .exact = true, .words = "The manager's address." },
	{ "displayName", SCIM_STRING,    .mutability = SCIM_READ_ONLY, .words = "The manager's name." },
	{ 0 },
};

static const struct scim_attribute meta_parts[] = {
	{ "resourceType", SCIM_STRING,    .exact = true, .mutability = SCIM_READ_ONLY, .words = "User or Group." },
	{ "created",      SCIM_DATETIME,  .mutability = SCIM_READ_ONLY, .words = "When it was made." },
	{ "lastModified", SCIM_DATETIME,  .mutability = SCIM_READ_ONLY, .words = "When it was changed last." },
	{ "location",     SCIM_REFERENCE, .exact = true, .mutability = SCIM_READ_ONLY, .words = "Its address." },
	{ "version",      SCIM_STRING,    .exact = true, .mutability = SCIM_READ_ONLY, .words = "Its version, as in ETag." },
	{ 0 },
};

const struct scim_attribute scim_common[] = {
	{ "schemas",    SCIM_REFERENCE, .multi = true, .exact = true, .words = "The schemas that it is made of." },
	{ "id",         SCIM_STRING,    .exact = true, .mutability = SCIM_READ_ONLY, .words = "Ours; it never changes." },
	{ "externalId", SCIM_STRING,    .exact = true, .words = "The directory's own key for it." },
	{ "meta",       SCIM_COMPLEX,   .mutability = SCIM_READ_ONLY, .words = "What is known about it.", .parts = meta_parts },
	{ 0 },
};

static const struct scim_attribute user_attributes[] = {
	{ "userName",          SCIM_STRING,    .needed = true, .words = "What the person signs in with; no other user of the connection has it." },
	{ "name",              SCIM_COMPLEX,   .words = "The person's name.", .parts = name_parts },
	{ "displayName",       SCIM_STRING,    .words = "The name that is shown." },
	{ "nickName",          SCIM_STRING,    .words = "What the person is called." },
	{ "profileUrl",        SCIM_REFERENCE, .exact = true, .words = "A page about the person." },
	{ "title",             SCIM_STRING,    .words = "The person's title, such as Vice President." },
	{ "userType",          SCIM_STRING,    .words = "What the person is to the organisation, such as Contractor." },
	{ "preferredLanguage", SCIM_STRING,    .words = "The language that the person prefers, by RFC 7231." },
	{ "locale",            SCIM_STRING,    .words = "Language and region, by BCP 47." },
	{ "timezone",          SCIM_STRING,    .words = "The time zone, by the IANA data base." },
	{ "active",            SCIM_BOOLEAN,   .words = "Whether the person may sign in; false suspends the member." },
	{ "password",          SCIM_STRING,    .exact = true, .mutability = SCIM_WRITE_ONLY, .words = "Taken and thrown away: rosterd keeps no passwords of directories." },
	{ "emails",            SCIM_COMPLEX,   .multi = true, .words = "Addresses of mail.", .parts = usual_parts },
	{ "phoneNumbers",      SCIM_COMPLEX,   .multi = true, .words = "Telephone numbers, kept as they came.", .parts = usual_parts },
	{ "ims",               SCIM_COMPLEX,   .multi = true, .words = "Addresses of instant messengers.", .parts = usual_parts },
	{ "photos",            SCIM_COMPLEX,   .multi = true, .words = "Addresses of pictures.", .parts = photo_parts },
	{ "addresses",         SCIM_COMPLEX,   .multi = true, .words = "Postal addresses.", .parts = address_parts },
	{ "groups",            SCIM_COMPLEX,   .multi = true, .mutability = SCIM_READ_ONLY, .words = "The groups that the person is in; changed through the groups.", .parts = of_group_parts },
	{ "entitlements",      SCIM_COMPLEX,   .multi = true, .words = "Entitlements, kept as they came.", .parts = usual_parts },
	{ "roles",             SCIM_COMPLEX,   .multi = true, .words = "Roles, kept as they came; what a member may do follows from groups.", .parts = usual_parts },
	{ "x509Certificates",  SCIM_COMPLEX,   .multi = true, .words = "Certificates.", .parts = certificate_parts },
	{ 0 },
};

static const struct scim_attribute enterprise_attributes[] = {
	{ "employeeNumber", SCIM_STRING,  .words = "The organisation's own number for the person." },
	{ "costCenter",     SCIM_STRING,  .words = "The cost centre." },
	{ "organization",   SCIM_STRING,  .words = "The organisation." },
	{ "division",       SCIM_STRING,  .words = "The division." },
	{ "department",     SCIM_STRING,  .words = "The department." },
	{ "manager",        SCIM_COMPLEX, .words = "The person's manager.", .parts = manager_parts },
	{ 0 },
};

static const struct scim_attribute group_attributes[] = {
	{ "displayName", SCIM_STRING,  .needed = true, .words = "The name of the group; no other group of the connection has it." },
	{ "members",     SCIM_COMPLEX, .multi = true, .words = "Users and groups in it.", .parts = member_parts },
	{ 0 },
};
/* clang-format on */

static const struct scim_schema user_schema = { SCIM_URN_USER, "User", "A person.", user_attributes };
static const struct scim_schema group_schema = { SCIM_URN_GROUP, "Group", "A group of people.", group_attributes };
static const struct scim_schema enterprise_schema = { SCIM_URN_ENTERPRISE, "EnterpriseUser",
						      "What an enterprise knows of a person.", enterprise_attributes };

static const struct scim_schema *const of_users[] = { &user_schema, &enterprise_schema, NULL };
static const struct scim_schema *const of_groups[] = { &group_schema, NULL };

const struct scim_schema *const *scim_schemas(enum scim_kind kind)
{
	return kind == SCIM_USER ? of_users : of_groups;
}

const struct scim_attribute *scim_attribute_find(const struct scim_attribute *table, const char *name, size_t length)
{
	for (; table && table->name; table++)
		if (strlen(table->name) == length && strncasecmp(table->name, name, length) == 0)
			return table;
	return NULL;
}

const struct scim_attribute *scim_attribute_of_extension(enum scim_kind kind, const char *name, size_t length, const char **ret_urn)
{
	for (const struct scim_schema *const *s = scim_schemas(kind) + 1; *s; s++) {
		const struct scim_attribute *found = scim_attribute_find((*s)->attributes, name, length);

		if (!found)
			continue;
		*ret_urn = (*s)->urn;
		return found;
	}
	return NULL;
}

static const char *const type_words[] = {
	[SCIM_STRING] = "string",     [SCIM_BOOLEAN] = "boolean",     
	[SCIM_DATETIME] = "dateTime", [SCIM_REFERENCE] = "reference", [SCIM_BINARY] = "binary",
	[SCIM_COMPLEX] = "complex",
};

static const char *const mutability_words[] = {
	[SCIM_READ_WRITE] = "readWrite",
	[SCIM_READ_ONLY] = "readOnly",
	[SCIM_IMMUTABLE] = "immutable",
	[SCIM_WRITE_ONLY] = "writeOnly",
};

static void put_attributes(const struct scim_attribute *table, const char *name, struct json_writer *w)
{
	json_begin_array(w, name);
	for (; table->name; table++) {
		json_begin_object(w, NULL);
		json_put_text(w, "name", table->name);
		json_put_text(w, "type", type_words[table->type]);
		json_put_bool(w, "multiValued", table->multi);
		json_put_text(w, "description", table->words);
		json_put_bool(w, "required", table->needed);
		json_put_bool(w, "caseExact", table->exact);
		json_put_text(w, "mutability", mutability_words[table->mutability]);
		json_put_text(w, "returned", table->mutability == SCIM_WRITE_ONLY ? "never" : "default");
		json_put_text(w, "uniqueness", table->needed ? "server" : "none");
		if (table->parts)
			put_attributes(table->parts, "subAttributes", w);
		json_end_object(w);
	}
	json_end_array(w);
}

void scim_schema_put(const struct scim_schema *schema, struct json_writer *w)
{
	json_put_text(w, "id", schema->urn);
	json_put_text(w, "name", schema->name);
	json_put_text(w, "description", schema->words);
	put_attributes(schema->attributes, "attributes", w);
}
