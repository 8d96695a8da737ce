/* Parsed values, looked at one by one or read by a table. */
#include "base/json.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/json_tree.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

static bool is_kind(const struct json *value, enum json_kind kind)
{
	return value && value->kind == kind;
}

bool json_is_object(const struct json *value)
{
	return is_kind(value, JSON_KIND_OBJECT);
}

bool json_is_array(const struct json *value)
{
	return is_kind(value, JSON_KIND_ARRAY);
}

bool json_is_text(const struct json *value)
{
	return is_kind(value, JSON_KIND_TEXT);
}

bool json_is_number(const struct json *value)
{
	return is_kind(value, JSON_KIND_WHOLE) || is_kind(value, JSON_KIND_FRACTION);
}

bool json_is_bool(const struct json *value)
{
	return is_kind(value, JSON_KIND_BOOL);
}

bool json_is_null(const struct json *value)
{
	return is_kind(value, JSON_KIND_NULL);
}

const char *json_text(const struct json *value)
{
	return json_is_text(value) ? value->text : NULL;
}

int64_t json_int(const struct json *value)
{
	return is_kind(value, JSON_KIND_WHOLE) ? value->whole : 0;
}

bool json_bool(const struct json *value)
{
	return json_is_bool(value) && value->truth;
}

size_t json_count(const struct json *value)
{
	return json_is_array(value) || json_is_object(value) ? value->count : 0;
}

const struct json *json_at(const struct json *array, size_t index)
{
	return json_is_array(array) && index < array->count ? &array->children[index] : NULL;
}

const struct json *json_member(const struct json *object, const char *name)
{
	for (size_t i = 0; json_is_object(object) && i < object->count; i++)
		if (text_equal(object->children[i].name, name))
			return &object->children[i];
	return NULL;
}

int json_next(const struct json *object, size_t *at, const char **ret_name, const struct json **ret_value)
{
	if (!json_is_object(object) || *at >= object->count)
		return 0;
	*ret_name = object->children[*at].name;
	*ret_value = &object->children[(*at)++];
	return 1;
}

/* A table being read. The path of what is wrong is made only when something is. */
struct reading {
	struct arena *arena;
	struct error *error;
};

enum { PATH_SHOWN_MOST = 200, WORD_SHOWN_MOST = 40 };

/* One step of an RFC 6901 pointer: "~" and "/" of a name are written "~0" and "~1". */
static void add_step(struct buffer *path, const struct json *value)
{
	buffer_text(path, "/");
	if (!value->name) {
		buffer_format(path, "%zu", (size_t)(value - value->parent->children));
		return;
	}
	for (const char *at = value->name; *at; at++) {
		if (*at == '~' || *at == '/')
			buffer_text(path, *at == '~' ? "~0" : "~1");
		else
			buffer_add(path, at, 1);
	}
}

static void add_path(struct buffer *path, const struct json *value)
{
	if (!value->parent)
		return;
	add_path(path, value->parent);
	add_step(path, value);
}

static int __attribute__((format(printf, 4, 0)))
refuse_path(const struct reading *r, const struct json *at, const char *missing, const char *fmt,
	    va_list args)
{
	const char *why = arena_formatv(r->arena, fmt, args);
	struct buffer path;
	size_t shown;
	int result;

	buffer_open(&path, MB(1));
	add_path(&path, at);
	if (missing)
		buffer_format(&path, "/%s", missing);
	if (path.length == 0) {
		buffer_close(&path);
		return error_set(r->error, ERROR_INPUT, "json.field", "the document: %s", why);
	}
	shown = text_cut(path.bytes, path.length, PATH_SHOWN_MOST);
	result = error_set(r->error, ERROR_INPUT, "json.field", "\"%.*s%s\": %s", (int)shown, path.bytes,
			   shown < path.length ? "..." : "", why);
	buffer_close(&path);
	return result;
}

/* Refuses the value: `"/members/3/email": text is expected, a number came`. */
static int __attribute__((format(printf, 3, 4)))
refuse(const struct reading *r, const struct json *value, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	refuse_path(r, value, NULL, fmt, args);
	va_end(args);
	return -1;
}

/* Refuses that the object has no member of this name. */
static int __attribute__((format(printf, 4, 5)))
refuse_missing(const struct reading *r, const struct json *object, const char *name, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	refuse_path(r, object, name, fmt, args);
	va_end(args);
	return -1;
}

static const char *kind_of(const struct json *value)
{
	static const char *const names[] = {
		[JSON_KIND_NULL] = "null",
		[JSON_KIND_BOOL] = "true or false",
		[JSON_KIND_WHOLE] = "a number",
		[JSON_KIND_FRACTION] = "a number with a fraction or exponent",
		[JSON_KIND_TEXT] = "text",
		[JSON_KIND_ARRAY] = "an array",
		[JSON_KIND_OBJECT] = "an object",
	};

	return names[value->kind];
}

/* "a", "b", "c" */
static const char *list_words(struct arena *arena, const char *const *words)
{
	const char *list = "";

	for (size_t i = 0; words[i]; i++)
		list = arena_format(arena, "%s%s\"%s\"", list, i > 0 ? ", " : "", words[i]);
	return list;
}

/* What would have been right, to stand before "is expected". */
static const char *expectation(struct arena *arena, const struct json_field *field)
{
	switch (field->type) {
	case JSON_TYPE_TEXT:
		return arena_format(arena, "text of at most %" PRId64 " bytes", field->most);
	case JSON_TYPE_BOOL:
		return "true or false";
	case JSON_TYPE_INT:
		return arena_format(arena, "a whole number from %" PRId64 " to %" PRId64, field->least,
				    field->most);
	case JSON_TYPE_TIME:
		return "a time such as \"2026-11-22T09:14:07Z\"";
	case JSON_TYPE_WORD:
		return arena_format(arena, "one of %s", list_words(arena, field->words));
	case JSON_TYPE_TEXTS:
		return arena_format(arena, "an array of at most %" PRId64 " texts", field->most);
	case JSON_TYPE_VALUE:
		break;
	}
	return "a value";
}

static int refuse_kind(const struct reading *r, const struct json *value, const struct json_field *field)
{
	return refuse(r, value, "%s is expected, %s came", expectation(r->arena, field), kind_of(value));
}

static int read_text(const struct reading *r, const struct json *value, const struct json_field *field,
		     void *into)
{
	if (!json_is_text(value))
		return refuse_kind(r, value, field);
	if (value->count > (uint64_t)field->most)
		return refuse(r, value, "%s is expected, %zu came", expectation(r->arena, field),
			      value->count);
	*(const char **)into = arena_text(r->arena, value->text);
	return 0;
}

static int read_bool(const struct reading *r, const struct json *value, const struct json_field *field,
		     void *into)
{
	if (!json_is_bool(value))
		return refuse_kind(r, value, field);
	*(bool *)into = value->truth;
	return 0;
}

static int read_int(const struct reading *r, const struct json *value, const struct json_field *field,
		    void *into)
{
	if (!is_kind(value, JSON_KIND_WHOLE))
		return refuse_kind(r, value, field);
	if (value->whole < field->least || value->whole > field->most)
		return refuse(r, value, "%s is expected, %" PRId64 " came", expectation(r->arena, field),
			      value->whole);
	*(int64_t *)into = value->whole;
	return 0;
}

static int read_time(const struct reading *r, const struct json *value, const struct json_field *field,
		     void *into)
{
	if (!json_is_text(value))
		return refuse_kind(r, value, field);
	if (clock_parse(value->text, into) < 0)
		return refuse(r, value, "%s is expected, another text came", expectation(r->arena, field));
	return 0;
}

static int read_word(const struct reading *r, const struct json *value, const struct json_field *field,
		     void *into)
{
	const char *meant;

	if (!json_is_text(value))
		return refuse_kind(r, value, field);

	for (const char *const *word = field->words; *word; word++) {
		if (!text_equal(value->text, *word))
			continue;
		*(const char **)into = *word;
		return 0;
	}
	meant = text_did_you_mean(value->text, field->words);
	return refuse(r, value, "%s is expected, \"%.*s\" came%s%s%s", expectation(r->arena, field),
		      (int)text_cut(value->text, value->count, WORD_SHOWN_MOST), value->text,
		      meant ? "; did you mean \"" : "", meant ? meant : "", meant ? "\"?" : "");
}

static int read_texts(const struct reading *r, const struct json *value, const struct json_field *field,
		      void *into)
{
	static const struct json_field item = { .type = JSON_TYPE_TEXT, .most = JSON_LIST_TEXT_MOST };
	const char **texts;

	if (!json_is_array(value))
		return refuse_kind(r, value, field);
	if (value->count > (uint64_t)field->most)
		return refuse(r, value, "%s is expected, %zu came", expectation(r->arena, field),
			      value->count);

	texts = arena_array(r->arena, value->count + 1, sizeof(*texts));
	for (size_t i = 0; i < value->count; i++)
		if (read_text(r, &value->children[i], &item, &texts[i]) < 0)
			return -1;
	*(const char *const **)into = texts;
	return 0;
}

static int read_value(const struct reading *r, const struct json *value, const struct json_field *field,
		      void *into)
{
	(void)r;
	(void)field;
	*(const struct json **)into = value;
	return 0;
}

/* By json_type: how it is read, and how large the place is that it is read into. */
static const struct kind_of_field {
	int (*read)(const struct reading *r, const struct json *value, const struct json_field *field,
		    void *into);
	size_t size;
} kinds[] = {
	[JSON_TYPE_TEXT] = { read_text, sizeof(char *) },
	[JSON_TYPE_BOOL] = { read_bool, sizeof(bool) },
	[JSON_TYPE_INT] = { read_int, sizeof(int64_t) },
	[JSON_TYPE_TIME] = { read_time, sizeof(int64_t) },
	[JSON_TYPE_WORD] = { read_word, sizeof(char *) },
	[JSON_TYPE_TEXTS] = { read_texts, sizeof(char **) },
	[JSON_TYPE_VALUE] = { read_value, sizeof(struct json *) },
};

static int read_member(const struct reading *r, const struct json *value, const struct json_field *field,
		       char *into)
{
	bool is_given = field->given_offset >= 0;

	if (!json_is_null(value) || field->presence == JSON_NEEDED) {
		if (kinds[field->type].read(r, value, field, into + field->offset) < 0)
			return -1;
	} else if (is_given) {
		memset(into + field->offset, 0, kinds[field->type].size);
	}
	if (is_given)
		*(bool *)(into + field->given_offset) = true;
	return 0;
}

static const struct json_field *find_field(const struct json_field *fields, const char *name)
{
	for (; fields->name; fields++)
		if (text_equal(fields->name, name))
			return fields;
	return NULL;
}

static const char *const *names_of(struct arena *arena, const struct json_field *fields)
{
	size_t count = 0;
	const char **names;

	while (fields[count].name)
		count++;
	names = arena_array(arena, count + 1, sizeof(*names));
	for (size_t i = 0; i < count; i++)
		names[i] = fields[i].name;
	return names;
}

static int refuse_name(const struct reading *r, const struct json *member, const struct json_field *fields)
{
	const char *const *names = names_of(r->arena, fields);
	const char *meant = text_did_you_mean(member->name, names);

	if (meant)
		return refuse(r, member, "there is no such name here; did you mean \"%s\"?", meant);
	return refuse(r, member, "there is no such name here; expected are %s", list_words(r->arena, names));
}

int json_read(struct arena *arena, const struct json *object, const struct json_field *fields, void *into,
	      struct error *e)
{
	const struct reading r = { arena, e };

	if (!json_is_object(object))
		return refuse(&r, object, "an object is expected, %s came", kind_of(object));

	for (size_t i = 0; i < object->count; i++)
		if (!find_field(fields, object->children[i].name))
			return refuse_name(&r, &object->children[i], fields);

	for (; fields->name; fields++) {
		const struct json *member = json_member(object, fields->name);

		if (!member && fields->presence == JSON_NEEDED)
			return refuse_missing(&r, object, fields->name, "%s is expected, nothing came",
					      expectation(arena, fields));
		if (member && read_member(&r, member, fields, into) < 0)
			return -1;
	}
	return 0;
}

int json_read_bytes(struct arena *arena, const char *bytes, size_t length, const struct json_field *fields,
		    void *into, struct error *e)
{
	struct json *value;

	if (json_parse(arena, bytes, length, &value, e) < 0)
		return -1;
	return json_read(arena, value, fields, into, e);
}
