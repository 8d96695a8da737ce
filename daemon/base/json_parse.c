/* From bytes to a tree in the arena. The only file that knows jansson, and it is left behind here: what it
 * allocated is freed before json_parse returns.
 *
 * Its own messages are not passed on: they quote what was sent, and that may be a secret. */
#include "base/json.h"

#include "base/arena.h"
#include "base/json_tree.h"

#include <jansson.h>

#include <string.h>

struct place {
	int line, column;
};

static int refuse(struct place at, const char *why, struct error *e)
{
	return error_set(e, ERROR_INPUT, "json.syntax", "line %d, column %d: %s", at.line, at.column, why);
}

/* The place behind a string that begins at `from`; strings are only skipped here, jansson judges them. */
static size_t skip_string(const char *bytes, size_t length, size_t from)
{
	size_t at = from + 1;

	while (at < length && bytes[at] != '"')
		at += bytes[at] == '\\' ? 2 : 1;
	return at;
}

/* Whether it is nested deeper than we walk; jansson's own limit is 2048 and cannot be set. */
static bool is_too_deep(const char *bytes, size_t length, struct place *ret)
{
	struct place at = { 1, 1 };
	size_t line_start = 0;
	int depth = 0;

	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == '"')
			i = skip_string(bytes, length, i);
		else if (bytes[i] == '\n')
			at.line++, line_start = i + 1;
		else if (bytes[i] == '[' || bytes[i] == '{')
			depth++;
		else if (bytes[i] == ']' || bytes[i] == '}')
			depth--;
		if (depth > JSON_DEPTH_MOST) {
			at.column = (int)(i - line_start) + 1;
			*ret = at;
			return true;
		}
	}
	return false;
}

static const char *reason(enum json_error_code code)
{
	switch (code) {
	case json_error_premature_end_of_input:
		return "the end came too early";
	case json_error_end_of_input_expected:
		return "the end is expected here, more came";
	case json_error_invalid_utf8:
		return "this is not UTF-8";
	case json_error_duplicate_key:
		return "this name stands in its object twice";
	case json_error_numeric_overflow:
		return "this number is too large; -9223372036854775808 to 9223372036854775807 can be kept";
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return "a text with U+0000 is not allowed";
	default:
		return "this is not JSON";
	}
}

static void fill(struct arena *arena, json_t *from, struct json *into);

/* What the child's own fill leaves alone, and then the child. */
static void fill_child(struct arena *arena, json_t *from, const struct json *parent, const char *name,
		       struct json *into)
{
	into->parent = parent;
	into->name = arena_text(arena, name);
	fill(arena, from, into);
}

static void fill_array(struct arena *arena, json_t *from, struct json *into)
{
	into->kind = JSON_KIND_ARRAY;
	into->count = json_array_size(from);
	into->children = arena_array(arena, into->count, sizeof(*into));
	for (size_t i = 0; i < into->count; i++)
		fill_child(arena, json_array_get(from, i), into, NULL, &into->children[i]);
}

static void fill_object(struct arena *arena, json_t *from, struct json *into)
{
	struct json *child;
	const char *name;
	json_t *value;

	into->kind = JSON_KIND_OBJECT;
	into->count = json_object_size(from);
	child = into->children = arena_array(arena, into->count, sizeof(*into));
	json_object_foreach(from, name, value) fill_child(arena, value, into, name, child++);
}

static void fill(struct arena *arena, json_t *from, struct json *into)
{
	switch (json_typeof(from)) {
	case JSON_OBJECT:
		fill_object(arena, from, into);
		break;
	case JSON_ARRAY:
		fill_array(arena, from, into);
		break;
	case JSON_STRING:
		into->kind = JSON_KIND_TEXT;
		into->count = json_string_length(from);
		into->text = arena_copy(arena, json_string_value(from), into->count + 1);
		break;
	case JSON_INTEGER:
		into->kind = JSON_KIND_WHOLE;
		into->whole = json_integer_value(from);
		break;
	case JSON_REAL:
		into->kind = JSON_KIND_FRACTION;
		into->fraction = json_real_value(from);
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		into->kind = JSON_KIND_BOOL;
		into->truth = json_is_true(from);
		break;
	case JSON_NULL:
		into->kind = JSON_KIND_NULL;
		break;
	}
}

int json_parse(struct arena *arena, const char *bytes, size_t length, struct json **ret, struct error *e)
{
	struct place too_deep;
	json_error_t fault;
	json_t *parsed;

	if (is_too_deep(bytes, length, &too_deep))
		return refuse(too_deep, "arrays and objects are nested more than 32 deep", e);

	parsed = json_loadb(bytes, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &fault);
	if (!parsed && json_error_code(&fault) == json_error_out_of_memory)
		memory_exhausted("json", length);
	if (!parsed)
		return refuse((struct place){ fault.line, fault.column }, reason(json_error_code(&fault)), e);

	*ret = arena_take(arena, sizeof(**ret));
	fill(arena, parsed, *ret);
	json_decref(parsed);
	return 0;
}
