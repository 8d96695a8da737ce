/* Values that are bound to a statement: what they are here, and in binary there. */
#include "store/param.h"

#include <string.h>

#include "base/arena.h"
#include "base/id.h"
#include "store/binary.h"
#include "store/connection.h"

/* One value as it goes out. bytes NULL: SQL NULL. */
struct value {
	Oid type;
	const char *bytes;
	size_t size;
};

enum { ARRAY_HEAD = 3 * 4 + 2 * 4 }; /* dimensions, has NULLs, type; length and lower bound of the one dimension */

static const char *put_number(int64_t number, struct arena *arena)
{
	char *bytes = arena_take(arena, 8);

	binary_put64(bytes, (uint64_t)number);
	return bytes;
}

static struct value text_value(const char *text)
{
	return (struct value){ OID_TEXT, text, text ? strlen(text) : 0 };
}

static struct value json_value(const char *text, struct arena *arena)
{
	if (!text)
		return (struct value){ OID_JSONB, NULL, 0 };

	size_t length = strlen(text);
	char *bytes = arena_take(arena, 1 + length);
	bytes[0] = BINARY_JSONB_VERSION;
	memcpy(bytes + 1, text, length); /* NOLINT(bugprone-not-null-terminated-result): it goes with its length */
	return (struct value){ OID_JSONB, bytes, 1 + length };
}

/* An empty list has no dimension at all. */
static char *put_array_head(char *to, Oid type, size_t count)
{
	to = binary_put32(to, count > 0);
	to = binary_put32(to, 0);
	to = binary_put32(to, type);
	if (count == 0)
		return to;
	to = binary_put32(to, (uint32_t)count);
	return binary_put32(to, 1);
}

static char *put_element(char *to, const void *bytes, size_t size)
{
	to = binary_put32(to, (uint32_t)size);
	memcpy(to, bytes, size);
	return to + size;
}

static struct value texts_value(const char *const *list, struct arena *arena)
{
	size_t count = 0, size = ARRAY_HEAD;

	if (!list)
		return (struct value){ OID_TEXTS, NULL, 0 };
	for (; list[count]; count++)
		size += 4 + strlen(list[count]);

	char *bytes = arena_take(arena, size);
	char *to = put_array_head(bytes, OID_TEXT, count);
	for (size_t i = 0; i < count; i++)
		to = put_element(to, list[i], strlen(list[i]));
	return (struct value){ OID_TEXTS, bytes, (size_t)(to - bytes) };
}

static struct value ids_value(const struct id *ids, size_t count, struct arena *arena)
{
	if (!ids)
		return (struct value){ OID_UUIDS, NULL, 0 };

	char *bytes = arena_take(arena, ARRAY_HEAD + count * (4 + ID_SIZE));
	char *to = put_array_head(bytes, OID_UUID, count);
	for (size_t i = 0; i < count; i++)
		to = put_element(to, ids[i].bytes, ID_SIZE);
	return (struct value){ OID_UUIDS, bytes, (size_t)(to - bytes) };
}

static struct value bool_value(bool yes)
{
	return (struct value){ OID_BOOL, yes ? "\1" : "\0", 1 };
}

static struct value time_value(int64_t us, struct arena *arena)
{
	return (struct value){ OID_TIMESTAMPTZ, us ? put_number(binary_from_time(us), arena) : NULL, 8 };
}

static struct value value_of(const struct param *p, struct arena *arena)
{
	switch (p->type) {
	case PARAM_ID:
		return (struct value){ OID_UUID, p->bytes, ID_SIZE };
	case PARAM_TEXT:
		return text_value(p->bytes);
	case PARAM_INT:
		return (struct value){ OID_INT8, put_number(p->number, arena), 8 };
	case PARAM_BOOL:
		return bool_value(p->number != 0);
	case PARAM_TIME:
		return time_value(p->number, arena);
	case PARAM_BYTES:
		return (struct value){ OID_BYTEA, p->bytes, p->size };
	case PARAM_JSON:
		return json_value(p->bytes, arena);
	case PARAM_TEXTS:
		return texts_value(p->bytes, arena);
	case PARAM_IDS:
		return ids_value(p->bytes, p->size, arena);
	case PARAM_NULL:
		break;
	}
	return (struct value){ 0, NULL, 0 };
}

int param_bind(const struct param *params, size_t count, struct arena *arena, struct statement *ret,
               struct error *e)
{
	if (count > PARAMS_MOST)
		return error_set(e, ERROR_INTERNAL, "query.params", "statement \"%s\" has more than %d parameters",
		                 ret->name, PARAMS_MOST);

	Oid *types = arena_array(arena, count, sizeof *types);
	const char **values = arena_array(arena, count, sizeof *values);
	int *sizes = arena_array(arena, count, sizeof *sizes),
	    *formats = arena_array(arena, count, sizeof *formats);

	for (size_t i = 0; i < count; i++) {
		struct value v = value_of(&params[i], arena);

		if (v.bytes && v.size > PARAM_BYTES_MOST)
			return error_set(e, ERROR_LIMIT, "query.value",
			                 "a value of %zu bytes; at most %d can be kept", v.size,
			                 PARAM_BYTES_MOST);
		types[i] = v.type;
		values[i] = v.bytes;
		sizes[i] = (int)v.size;
		formats[i] = 1;
	}
	ret->count = (int)count;
	ret->types = types;
	ret->values = values;
	ret->sizes = sizes;
	ret->formats = formats;
	return 0;
}
