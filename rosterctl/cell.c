/* Turns JSON values into words. */
#include "rosterctl/cell.h"

#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "rosterctl/safe.h"

enum {
	CELL_BYTES_MOST = 4096,	  /* of a list or an object in one cell; more is cut */
	MEMBER_NAME_MOST = 63,	  /* in a column's member */
	CELL_DEPTH_MOST = 3,	  /* objects within objects that are still spelled out */
	CLOCK_SECONDS_LENGTH = 19 /* "2026-11-22T09:14:07" */
};

static void add_value(struct arena *arena, struct buffer *buffer, const struct json *value, int depth);

static const char *time_text(struct arena *arena, const char *given)
{
	char text[CLOCK_TEXT_SIZE];
	char *shown;
	int64_t us;

	if (clock_parse(given, &us) < 0)
		return safe_text(arena, given);
	shown = arena_format(arena, "%.*sZ", CLOCK_SECONDS_LENGTH, clock_text(us, text));
	shown[strcspn(shown, "T")] = ' ';
	return shown;
}

/* Certificates are told by their first line; whoever wants the others asks for --json. */
static void add_text(struct arena *arena, struct buffer *buffer, const char *text)
{
	bool is_pem = text_begins(text, "-----BEGIN ");

	buffer_text(buffer, safe_text_n(arena, text, is_pem ? strcspn(text, "\n") : strlen(text)));
	if (is_pem)
		buffer_text(buffer, " ...");
}

static void add_array(struct arena *arena, struct buffer *buffer, const struct json *array, int depth)
{
	for (size_t i = 0; i < json_count(array) && !buffer->full; i++) {
		if (i > 0)
			buffer_text(buffer, ", ");
		add_value(arena, buffer, json_at(array, i), depth + 1);
	}
}

static void add_object(struct arena *arena, struct buffer *buffer, const struct json *object, int depth)
{
	const struct json *value;
	const char *name;
	bool first = true;

	if (json_count(object) == 1 && json_bool(json_member(object, "set"))) {
		buffer_text(buffer, "(set)");
		return;
	}
	for (size_t at = 0; !buffer->full && json_next(object, &at, &name, &value) > 0; first = false) {
		buffer_format(buffer, "%s%s=", first ? "" : " ", safe_text(arena, name));
		add_value(arena, buffer, value, depth + 1);
	}
}

static void add_value(struct arena *arena, struct buffer *buffer, const struct json *value, int depth)
{
	if (!value || json_is_null(value))
		buffer_text(buffer, "-");
	else if (json_is_text(value))
		add_text(arena, buffer, json_text(value));
	else if (json_is_bool(value))
		buffer_text(buffer, json_bool(value) ? "yes" : "no");
	else if (json_is_number(value))
		buffer_format(buffer, "%" PRId64, json_int(value));
	else if (depth >= CELL_DEPTH_MOST)
		buffer_text(buffer, "...");
	else if (json_is_array(value))
		add_array(arena, buffer, value, depth);
	else
		add_object(arena, buffer, value, depth);
}

const char *cell_text(struct arena *arena, const struct json *value, enum cell_form form)
{
	struct buffer buffer;
	const char *text;

	if (form == CELL_TIME && json_is_text(value))
		return time_text(arena, json_text(value));
	buffer_open(&buffer, CELL_BYTES_MOST);
	add_value(arena, &buffer, value, 0);
	text = arena_text_n(arena, buffer.length > 0 ? buffer.bytes : "-",
			    buffer.length > 0 ? buffer.length : 1);
	buffer_close(&buffer);
	return text;
}

/* The member that these bytes name: "name", or "error.text". */
static const struct json *find_member(const struct json *object, const char *name, size_t length)
{
	char part[MEMBER_NAME_MOST + 1];
	size_t dot;

	if (length > MEMBER_NAME_MOST)
		return NULL;
	memcpy(part, name, length);
	part[length] = '\0';
	dot = strcspn(part, ".");
	if (dot == length)
		return json_member(object, part);
	part[dot] = '\0';
	return json_member(json_member(object, part), part + dot + 1);
}

const struct json *cell_member(const struct json *object, const struct column *column)
{
	const struct json *value = NULL;
	const char *at = column->member;

	for (size_t length; *at && (!value || json_is_null(value)); at += length + (at[length] == ',')) {
		length = strcspn(at, ",");
		value = find_member(object, at, length);
	}
	return value;
}
