#include "endpoints/scim_resource.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/metric.h"
#include "base/text.h"

static const char *const deviation_names[SCIM_DEVIATIONS] = {
	[SCIM_UNQUOTED_VALUE] = "unquoted_value",
	[SCIM_BOOLEAN_AS_TEXT] = "boolean_as_text",
	[SCIM_NUMBER_AS_TEXT] = "number_as_text",
	[SCIM_TEXT_AS_OBJECT] = "text_as_object",
	[SCIM_OBJECT_AS_ARRAY] = "object_as_array",
	[SCIM_ARRAY_AS_OBJECT] = "array_as_object",
	[SCIM_OPERATION_CASE] = "operation_case",
	[SCIM_KEY_AS_PATH] = "key_as_path",
	[SCIM_READ_ONLY_SENT] = "read_only_sent",
	[SCIM_UNKNOWN_ATTRIBUTE] = "unknown_attribute",
	[SCIM_MADE_BY_FILTER] = "made_by_filter",
	[SCIM_REMOVE_BY_VALUE] = "remove_by_value",
	[SCIM_WITHOUT_URN] = "without_urn",
	[SCIM_SLASHES] = "slashes",
	[SCIM_FLAG_BEFORE_PATH] = "flag_before_path",
};

const char *scim_deviation_name(enum scim_deviation which)
{
	return deviation_names[which];
}

void scim_count_deviations(unsigned deviations)
{
	for (enum scim_deviation d = 0; d < SCIM_DEVIATIONS; d++)
		if (deviations & SCIM_DEVIATION(d))
			metric_add(METRIC_SCIM_DEVIATIONS, LABELS(scim_deviation_name(d)), 1);
}

/* A value being taken: what is tolerated is noted, what is wrong is told. */
struct taking {
	struct arena *arena;
	unsigned *deviations;
	struct error *error;
};

static void tolerate(const struct taking *t, enum scim_deviation which)
{
	*t->deviations |= SCIM_DEVIATION(which);
}

static int refuse(const struct taking *t, const char *where, const char *expected)
{
	return error_set(t->error, ERROR_INPUT, "scim.invalidValue", "\"%.100s\": %s", where, expected);
}

static bool is_unassigned(const struct json *value)
{
	return json_is_null(value) || (json_is_array(value) && json_count(value) == 0);
}

bool scim_is_kept(const struct scim_attribute *attribute)
{
	return !attribute || (attribute->mutability != SCIM_READ_ONLY && attribute->mutability != SCIM_WRITE_ONLY &&
			      !(attribute->multi && strcmp(attribute->name, "members") == 0) &&
			      strcmp(attribute->name, "schemas") != 0);
}

/* ---- single values ---- */

static int take_boolean(const struct taking *t, const struct json *given, const char *where, struct json **ret)
{
	const char *text = json_text(given);

	if (json_is_bool(given)) {
		*ret = json_duplicate(t->arena, given);
		return 1;
	}
	if (!text || (strcasecmp(text, "true") != 0 && strcasecmp(text, "false") != 0))
		return refuse(t, where, "true or false is expected");
	tolerate(t, SCIM_BOOLEAN_AS_TEXT);
	*ret = json_new_bool(t->arena, strcasecmp(text, "true") == 0);
	return 1;
}

static int take_text(const struct taking *t, const struct json *given, const char *where, struct json **ret)
{
	const char *text = json_text(given);

	if (json_is_number(given)) {
		*ret = json_new_text(t->arena, json_write(t->arena, given, SCIM_NUMBER_MOST));
		tolerate(t, SCIM_NUMBER_AS_TEXT);
		return 1;
	}
	if (!text)
		return refuse(t, where, "a text is expected");
	if (strlen(text) > SCIM_TEXT_MOST)
		return error_set(t->error, ERROR_INPUT, "scim.invalidValue", "\"%.100s\" is longer than %d bytes", where,
				 SCIM_TEXT_MOST);
	*ret = json_duplicate(t->arena, given);
	return 1;
}

static int take(const struct taking *t, const struct scim_attribute *attribute, const struct json *given,
		const char *where, struct json **ret);

/* A value with parts. What the server alone says of a part (a member's display) is passed over. */
static int take_parts(const struct taking *t, const struct scim_attribute *attribute, const struct json *given,
		      const char *where, struct json **ret)
{
	struct json *object = json_new_object(t->arena), *part;
	const struct json *value;
	const char *name;
	size_t at = 0;

	while (json_next(given, &at, &name, &value)) {
		const struct scim_attribute *of = scim_attribute_find(attribute->parts, name, strlen(name));
		int taken;

		if (!of || of->mutability == SCIM_READ_ONLY) {
			tolerate(t, of ? SCIM_READ_ONLY_SENT : SCIM_UNKNOWN_ATTRIBUTE);
			continue;
		}
		taken = take(t, of, value, arena_format(t->arena, "%s.%s", where, of->name), &part);
		if (taken < 0)
			return -1;
		if (taken == 1)
			json_set(t->arena, object, of->name, part);
	}
	*ret = object;
	return json_count(object) > 0;
}

static int take_complex(const struct taking *t, const struct scim_attribute *attribute, const struct json *given,
			const char *where, struct json **ret)
{
	const struct scim_attribute *value = scim_attribute_find(attribute->parts, "value", strlen("value"));
	struct json *object;

	if (json_is_object(given))
		return take_parts(t, attribute, given, where, ret);
	if (!value || !json_is_text(given))
		return refuse(t, where, "an object is expected");
	tolerate(t, SCIM_TEXT_AS_OBJECT);
	/* A manager of "" is nobody. */
	if (json_text(given)[0] == '\0')
		return 0;
	object = json_new_object(t->arena);
	json_set(t->arena, object, value->name, given);
	return take_parts(t, attribute, object, where, ret);
}

static int take_single(const struct taking *t, const struct scim_attribute *attribute, const struct json *given,
		       const char *where, struct json **ret)
{
	if (json_is_null(given))
		return 0;
	switch (attribute->type) {
	case SCIM_COMPLEX:
		return take_complex(t, attribute, given, where, ret);
	case SCIM_BOOLEAN:
		return take_boolean(t, given, where, ret);
	default:
		return take_text(t, given, where, ret);
	}
}

/* ---- several values ---- */

/* RFC 7643, 2.4: the one to use first is one. Of several, the last that was said so. */
static void keep_one_primary(struct json *values)
{
	bool found = false;

	for (size_t i = json_count(values); i-- > 0;) {
		struct json *value = json_at_to_change(values, i);

		if (!json_bool(json_member(value, "primary")))
			continue;
		if (found)
			json_unset(value, "primary");
		found = true;
	}
}

static int take_values(const struct taking *t, const struct scim_attribute *attribute, const struct json *given,
		       const char *where, struct json **ret)
{
	struct json *values = json_new_array(t->arena), *value;

	if (json_count(given) > SCIM_VALUES_MOST)
		return error_set(t->error, ERROR_INPUT, "scim.invalidValue", "\"%.100s\" has more than %d values", where,
				 SCIM_VALUES_MOST);
	for (size_t i = 0; i < json_count(given); i++) {
		int taken = take_single(t, attribute, json_at(given, i), arena_format(t->arena, "%s[%zu]", where, i), &value);

		if (taken < 0)
			return -1;
		if (taken == 1)
			json_append(t->arena, values, value);
	}
	keep_one_primary(values);
	*ret = values;
	return json_count(values) > 0;
}

static int take_wrapped(const struct taking *t, const struct scim_attribute *attribute, const struct json *given,
			const char *where, struct json **ret)
{
	struct json *values = json_new_array(t->arena);

	tolerate(t, SCIM_OBJECT_AS_ARRAY);
	json_append(t->arena, values, given);
	return take_values(t, attribute, values, where, ret);
}

static int take(const struct taking *t, const struct scim_attribute *attribute, const struct json *given,
		const char *where, struct json **ret)
{
	if (is_unassigned(given))
		return 0;
	if (attribute->multi)
		return json_is_array(given) ? take_values(t, attribute, given, where, ret)
					    : take_wrapped(t, attribute, given, where, ret);
	if (json_is_array(given) && json_count(given) == 1) {
		tolerate(t, SCIM_ARRAY_AS_OBJECT);
		given = json_at(given, 0);
	}
	return take_single(t, attribute, given, where, ret);
}

int scim_value_take(struct arena *arena, const struct scim_attribute *attribute, const struct json *given, const char *where,
		    struct json **ret, unsigned *deviations, struct error *e)
{
	struct taking t = { .arena = arena, .error = e };

	t.deviations = deviations;
	if (attribute)
		return take(&t, attribute, given, where, ret);
	if (is_unassigned(given))
		return 0;
	*ret = json_duplicate(arena, given);
	return 1;
}

/* ---- a document ---- */

static struct json *extension_of(const struct taking *t, struct json *document, const char *urn)
{
	struct json *extension = json_member_to_change(document, urn);

	return extension ? extension : json_set(t->arena, document, urn, json_new_object(t->arena));
}

/* The attributes of an extension. table is NULL for one that we do not know. */
static int take_extension(const struct taking *t, const char *urn, const struct scim_attribute *table,
			  const struct json *given, struct json *document)
{
	const struct json *inner;
	struct json *value;
	const char *name;
	size_t at = 0;

	if (json_is_null(given))
		return 0;
	if (!json_is_object(given))
		return refuse(t, urn, "an object is expected");
	if (json_count(given) > SCIM_UNKNOWN_MOST)
		return error_set(t->error, ERROR_INPUT, "scim.invalidValue", "\"%.100s\" has more than %d attributes", urn,
				 SCIM_UNKNOWN_MOST);
	while (json_next(given, &at, &name, &inner)) {
		const struct scim_attribute *of = scim_attribute_find(table, name, strlen(name));
		int taken;

		if (table && !of) {
			tolerate(t, SCIM_UNKNOWN_ATTRIBUTE);
			continue;
		}
		taken = scim_value_take(t->arena, of, inner, arena_format(t->arena, "%s:%s", urn, name), &value,
					t->deviations, t->error);
		if (taken < 0)
			return -1;
		if (taken == 1)
			json_set(t->arena, extension_of(t, document, urn), of ? of->name : name, value);
	}
	return 0;
}

/* "department" among the attributes of the core. */
static int take_without_urn(const struct taking *t, const char *urn, const struct scim_attribute *of, const struct json *given,
			    struct json *document)
{
	struct json *value;
	int taken = take(t, of, given, of->name, &value);

	tolerate(t, SCIM_WITHOUT_URN);
	if (taken == 1)
		json_set(t->arena, extension_of(t, document, urn), of->name, value);
	return taken < 0 ? -1 : 0;
}

/* The extension whose URN this name is: 1 and what is to be known of it, 0 it is no URN. */
static bool is_extension(enum scim_kind kind, const char *name, const char **ret_urn, const struct scim_attribute **ret_table)
{
	for (const struct scim_schema *const *s = scim_schemas(kind) + 1; *s; s++)
		if (strcasecmp((*s)->urn, name) == 0) {
			*ret_urn = (*s)->urn;
			*ret_table = (*s)->attributes;
			return true;
		}
	*ret_urn = name;
	*ret_table = NULL;
	return strncasecmp(name, "urn:", 4) == 0;
}

static int take_attribute(const struct taking *t, enum scim_kind kind, const char *name, const struct json *given,
			  struct json *document)
{
	const struct scim_attribute *of = scim_attribute_find(scim_schemas(kind)[0]->attributes, name, strlen(name)), *table;
	const char *urn;
	struct json *value;
	int taken;

	if (!of)
		of = scim_attribute_find(scim_common, name, strlen(name));
	if (!of && is_extension(kind, name, &urn, &table))
		return take_extension(t, urn, table, given, document);
	if (!of && (of = scim_attribute_of_extension(kind, name, strlen(name), &urn)))
		return take_without_urn(t, urn, of, given, document);
	if (!of) {
		tolerate(t, SCIM_UNKNOWN_ATTRIBUTE);
		return 0;
	}
	if (!scim_is_kept(of)) {
		if (of->mutability == SCIM_READ_ONLY && !is_unassigned(given))
			tolerate(t, SCIM_READ_ONLY_SENT);
		return 0;
	}
	taken = take(t, of, given, of->name, &value);
	if (taken == 1)
		json_set(t->arena, document, of->name, value);
	return taken < 0 ? -1 : 0;
}

int scim_document_take(struct arena *arena, enum scim_kind kind, const struct json *body, struct json **ret,
		       unsigned *deviations, struct error *e)
{
	struct taking t = { .arena = arena, .error = e };
	struct json *document = json_new_object(arena);
	const struct json *value;
	const char *name;
	size_t at = 0;

	t.deviations = deviations;
	if (!json_is_object(body))
		return error_set(e, ERROR_INPUT, "scim.invalidSyntax", "the body is no JSON object");
	while (json_next(body, &at, &name, &value))
		if (take_attribute(&t, kind, name, value, document) < 0)
			return -1;
	*ret = document;
	return 0;
}

/* ---- kept ---- */

static int depth_of(const struct json *value)
{
	const struct json *child;
	const char *name;
	int deepest = 0;

	for (size_t i = 0; json_is_array(value) && i < json_count(value); i++) {
		int depth = depth_of(json_at(value, i));

		deepest = depth > deepest ? depth : deepest;
	}
	for (size_t at = 0; json_next(value, &at, &name, &child) == 1;) {
		int depth = depth_of(child);

		deepest = depth > deepest ? depth : deepest;
	}
	return json_is_array(value) || json_is_object(value) ? deepest + 1 : 0;
}

int scim_document_write(struct arena *arena, const struct json *document, const char **ret, struct error *e)
{
	if (depth_of(document) > SCIM_DOCUMENT_DEPTH_MOST)
		return error_set(e, ERROR_INPUT, "scim.invalidValue", "objects and arrays stand within each other more than %d deep",
				 SCIM_DOCUMENT_DEPTH_MOST);
	*ret = json_write(arena, document, SCIM_DOCUMENT_MOST);
	return *ret ? 0
		    : error_set(e, ERROR_INPUT, "scim.invalidValue", "all attributes together are more than %d bytes",
				SCIM_DOCUMENT_MOST);
}
