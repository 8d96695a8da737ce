#include "common/value.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

const char *value_id(const struct json_node *object)
{
	const char *id = json_node_member_text(object, "id");

	return id && id[0] && strlen(id) <= ROSTER_ID_MOST && text_is_printable(id, strlen(id)) ? id : NULL;
}

bool value_is_name(const char *name)
{
	return name && name[0] && strlen(name) <= ROSTER_TEXT_MOST && text_is_utf8(name, strlen(name));
}

const char *value_scalar(const struct json_node *node)
{
	if (!node)
		return NULL;
	if (node->type == JSON_NODE_TEXT || node->type == JSON_NODE_NUMBER)
		return node->text;
	return node->type == JSON_NODE_BOOL ? (node->truth ? "true" : "false") : NULL;
}

static bool is_primary(const struct json_node *entry)
{
	const struct json_node *primary = json_node_member(entry, "primary");

	return primary && primary->type == JSON_NODE_BOOL && primary->truth;
}

/* The entry of a list that is meant; what is no list is its own entry, if it is of the type. */
static const struct json_node *entry_of(const struct json_node *node, const char *type)
{
	const struct json_node *first = NULL;

	if (!node || node->type != JSON_NODE_ARRAY)
		return !type || text_equal(json_node_member_text(node, "type"), type) ? node : NULL;
	for (const struct json_node *entry = json_node_first(node); entry;
	     entry = json_node_next(node, entry)) {
		if (type && !text_equal(json_node_member_text(entry, "type"), type))
			continue;
		if (type || is_primary(entry))
			return entry;
		if (!first)
			first = entry;
	}
	return first;
}

const struct json_node *value_at(const struct json_node *object, const char *path)
{
	const struct json_node *node = json_node_member(object, path); /* names may have a slash, too */
	const char *slash = node ? NULL : strchr(path, '/');
	char step[256], *type;

	if (!slash || !object || (size_t)(slash - path) >= sizeof(step))
		return node;
	memcpy(step, path, (size_t)(slash - path));
	step[slash - path] = '\0';
	type = strchr(step, '[');
	if (type) {
		*type++ = '\0';
		type[strcspn(type, "]")] = '\0';
	}
	return value_at(entry_of(json_node_member(object, step), type), slash + 1);
}

static bool fits(const struct json_node *node, const char *text)
{
	size_t length = node->type == JSON_NODE_BOOL ? strlen(text) : node->length;

	return length <= ROSTER_TEXT_MOST && text_is_utf8(text, length);
}

static void leave_out(const char **left_out, const char *name)
{
	if (!*left_out)
		*left_out = name;
}

const char *value_take(const struct json_node *object, const char *name, size_t most, const char **left_out)
{
	const struct json_node *node = name ? value_at(object, name) : NULL;
	const char *text = value_scalar(node);

	if (!node || !text || (fits(node, text) && strlen(text) <= most))
		return text;
	leave_out(left_out, name);
	return NULL;
}

static const char *const *values_of(const struct json_node *object, const char *name, struct arena *arena,
				    const char **left_out)
{
	const struct json_node *node = value_at(object, name);
	const struct json_node *value = node && node->type == JSON_NODE_ARRAY ? json_node_first(node) : node;
	const char **values = arena_array(arena, ROSTER_VALUES_MOST + 1, sizeof(*values));
	size_t count = 0;

	for (; value; value = value == node ? NULL : json_node_next(node, value)) {
		const char *text = value_scalar(value);

		if (text && fits(value, text) && count < ROSTER_VALUES_MOST)
			values[count++] = text;
		else if (text)
			leave_out(left_out, name);
	}
	return count > 0 ? values : NULL;
}

const struct roster_attribute *value_attributes(const struct json_node *object, const char *const *names,
						struct arena *arena, const char **left_out)
{
	struct roster_attribute *attributes;
	size_t count = 0;

	if (!names || !*names)
		return NULL;
	attributes = arena_array(arena, ROSTER_ATTRIBUTES_MOST + 1, sizeof(*attributes));
	for (; *names && count < ROSTER_ATTRIBUTES_MOST; names++) {
		const char *const *values = values_of(object, *names, arena, left_out);

		if (values)
			attributes[count++] =
				(struct roster_attribute){ sizeof(*attributes), *names, values };
	}
	return attributes;
}
