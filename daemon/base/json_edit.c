/* Trees made and changed. The children of a value stand in one array, and each knows its parent; whoever moves them
 * tells their own children. */
#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json_tree.h"
#include "base/text.h"

static struct json *make(struct arena *arena, enum json_kind kind)
{
	struct json *value = arena_take(arena, sizeof(*value));

	value->kind = kind;
	return value;
}

struct json *json_new_object(struct arena *arena)
{
	return make(arena, JSON_KIND_OBJECT);
}

struct json *json_new_array(struct arena *arena)
{
	return make(arena, JSON_KIND_ARRAY);
}

struct json *json_new_text(struct arena *arena, const char *text)
{
	struct json *value = make(arena, JSON_KIND_TEXT);

	value->text = arena_text(arena, text);
	value->count = strlen(text);
	return value;
}

struct json *json_new_bool(struct arena *arena, bool truth)
{
	struct json *value = make(arena, JSON_KIND_BOOL);

	value->truth = truth;
	return value;
}

static bool has_children(const struct json *value)
{
	return value->kind == JSON_KIND_ARRAY || value->kind == JSON_KIND_OBJECT;
}

/* The children of a value that has moved know where it is now. */
static void settle(struct json *value)
{
	for (size_t i = 0; has_children(value) && i < value->count; i++)
		value->children[i].parent = value;
}

/* Fills what a value is; its own name and parent stay. */
static void fill(struct arena *arena, struct json *into, const struct json *from)
{
	into->kind = from->kind;
	into->count = from->count;
	switch (from->kind) {
	case JSON_KIND_NULL:
		break;
	case JSON_KIND_BOOL:
		into->truth = from->truth;
		break;
	case JSON_KIND_WHOLE:
		into->whole = from->whole;
		break;
	case JSON_KIND_FRACTION:
		into->fraction = from->fraction;
		break;
	case JSON_KIND_TEXT:
		into->text = arena_copy(arena, from->text, from->count + 1);
		break;
	case JSON_KIND_ARRAY:
	case JSON_KIND_OBJECT:
		into->children = from->count > 0 ? arena_array(arena, from->count, sizeof(*into)) : NULL;
		for (size_t i = 0; i < from->count; i++) {
			struct json *child = &into->children[i];

			child->parent = into;
			child->name = from->children[i].name ? arena_text(arena, from->children[i].name) : NULL;
			fill(arena, child, &from->children[i]);
		}
		break;
	}
}

struct json *json_duplicate(struct arena *arena, const struct json *value)
{
	struct json *copy = make(arena, value->kind);

	fill(arena, copy, value);
	return copy;
}

/* One more child at the end. What stood in the old array stays there, unused, until the arena goes. */
static struct json *grow(struct arena *arena, struct json *parent)
{
	struct json *children = arena_array(arena, parent->count + 1, sizeof(*children));

	if (parent->count > 0)
		memcpy(children, parent->children, parent->count * sizeof(*children));
	parent->children = children;
	for (size_t i = 0; i < parent->count; i++)
		settle(&children[i]);
	children[parent->count].parent = parent;
	return &children[parent->count++];
}

struct json *json_member_to_change(struct json *object, const char *name)
{
	return (struct json *)json_member(object, name);
}

struct json *json_at_to_change(struct json *array, size_t index)
{
	return (struct json *)json_at(array, index);
}

/* What was copied becomes what the other is; its name and parent stay. */
static void move(struct json *into, const struct json *copy)
{
	const char *name = into->name;
	const struct json *parent = into->parent;

	*into = *copy;
	into->name = name;
	into->parent = parent;
	settle(into);
}

struct json *json_set(struct arena *arena, struct json *into, const char *name, const struct json *from)
{
	struct json *copy = json_duplicate(arena, from), *member = json_member_to_change(into, name);

	if (!member) {
		member = grow(arena, into);
		member->name = arena_text(arena, name);
	}
	move(member, copy);
	return member;
}

struct json *json_append(struct arena *arena, struct json *into, const struct json *from)
{
	struct json *copy = json_duplicate(arena, from), *added = grow(arena, into);

	move(added, copy);
	return added;
}

static void take_out(struct json *parent, size_t index)
{
	parent->count--;
	memmove(&parent->children[index], &parent->children[index + 1], (parent->count - index) * sizeof(*parent->children));
	for (size_t i = index; i < parent->count; i++)
		settle(&parent->children[i]);
}

bool json_unset(struct json *object, const char *name)
{
	const struct json *member = json_member(object, name);

	if (!member)
		return false;
	take_out(object, (size_t)(member - object->children));
	return true;
}

bool json_take_out(struct json *array, size_t index)
{
	if (!json_at(array, index))
		return false;
	take_out(array, index);
	return true;
}

bool json_same(const struct json *a, const struct json *b)
{
	if (a->kind != b->kind || (has_children(a) && a->count != b->count))
		return false;
	switch (a->kind) {
	case JSON_KIND_NULL:
		return true;
	case JSON_KIND_BOOL:
		return a->truth == b->truth;
	case JSON_KIND_WHOLE:
		return a->whole == b->whole;
	case JSON_KIND_FRACTION:
		return !islessgreater(a->fraction, b->fraction);
	case JSON_KIND_TEXT:
		return a->count == b->count && memcmp(a->text, b->text, a->count) == 0;
	case JSON_KIND_ARRAY:
	case JSON_KIND_OBJECT:
		break;
	}
	for (size_t i = 0; i < a->count; i++) {
		const struct json *other = a->kind == JSON_KIND_ARRAY ? &b->children[i]
								       : json_member(b, a->children[i].name);

		if (!other || !json_same(&a->children[i], other))
			return false;
	}
	return true;
}

/* The shortest text that reads back as the same number (IEEE 754 needs 17 digits at most). */
static void put_fraction(struct json_writer *w, const char *name, double number)
{
	char digits[40];

	for (int precision = 15; precision <= 17; precision++) {
		snprintf(digits, sizeof(digits), "%.*g", precision, number);
		if (!islessgreater(strtod(digits, NULL), number))
			break;
	}
	/* What has no point and no exponent would come back as a whole number. */
	if (!strpbrk(digits, ".e"))
		strcat(digits, ".0");
	json_put_raw(w, name, digits);
}

static void put_children(struct json_writer *w, const struct json *value)
{
	for (size_t i = 0; i < value->count; i++)
		json_put(w, value->children[i].name, &value->children[i]);
}

void json_put(struct json_writer *w, const char *name, const struct json *value)
{
	switch (value->kind) {
	case JSON_KIND_NULL:
		json_put_null(w, name);
		break;
	case JSON_KIND_BOOL:
		json_put_bool(w, name, value->truth);
		break;
	case JSON_KIND_WHOLE:
		json_put_int(w, name, value->whole);
		break;
	case JSON_KIND_FRACTION:
		put_fraction(w, name, value->fraction);
		break;
	case JSON_KIND_TEXT:
		json_put_text(w, name, value->text);
		break;
	case JSON_KIND_ARRAY:
		json_begin_array(w, name);
		put_children(w, value);
		json_end_array(w);
		break;
	case JSON_KIND_OBJECT:
		json_begin_object(w, name);
		put_children(w, value);
		json_end_object(w);
		break;
	}
}

const char *json_write(struct arena *arena, const struct json *value, size_t most)
{
	struct buffer text;
	struct json_writer w;
	const char *ret;

	buffer_open(&text, most);
	json_writer_open(&w, &text);
	json_put(&w, NULL, value);
	ret = text.full ? NULL : arena_text_n(arena, text.bytes, text.length);
	buffer_close(&text);
	return ret;
}
