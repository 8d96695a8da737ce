/* JSON written in pieces: the writer keeps the commas and quotes, and lets nothing out that is not UTF-8. */
#include "base/json.h"

#include "base/clock.h"
#include "base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

void json_writer_open(struct json_writer *w, struct buffer *buffer)
{
	*w = (struct json_writer){ .buffer = buffer, .first = { true } };
}

static bool stands_unescaped(const char *text, size_t length)
{
	return length > 0 && (uint8_t)text[0] >= 0x20 && text[0] != '"' && text[0] != '\\';
}

static void put_escaped(struct buffer *buffer, char c)
{
	if ((uint8_t)c >= 0x80)
		buffer_text(buffer, "\xef\xbf\xbd"); /* U+FFFD for a byte that belongs to no character */
	else if (c == '"' || c == '\\')
		buffer_format(buffer, "\\%c", c);
	else
		buffer_format(buffer, "\\u%04x", (unsigned)c);
}

/* Long clean runs are added at once. */
static void put_quoted(struct buffer *buffer, const char *text)
{
	size_t length = strlen(text), run = 0;

	buffer_text(buffer, "\"");
	for (size_t at = 0; at < length;) {
		size_t n = text_character(text + at, length - at);

		if (stands_unescaped(text + at, n)) {
			at += n;
			continue;
		}
		buffer_add(buffer, text + run, at - run);
		put_escaped(buffer, text[at++]);
		run = at;
	}
	buffer_add(buffer, text + run, length - run);
	buffer_text(buffer, "\"");
}

/* What stands before a value: a comma, and the name. */
static void begin_value(struct json_writer *w, const char *name)
{
	if (!w->first[w->depth])
		buffer_text(w->buffer, ",");
	w->first[w->depth] = false;
	if (name) {
		put_quoted(w->buffer, name);
		buffer_text(w->buffer, ":");
	}
}

static void begin_inner(struct json_writer *w, const char *name, const char *bracket)
{
	begin_value(w, name);
	buffer_text(w->buffer, bracket);
	assert(w->depth < JSON_DEPTH_MOST); /* our own documents are not that deep */
	w->first[++w->depth] = true;
}

static void end_inner(struct json_writer *w, const char *bracket)
{
	assert(w->depth > 0);
	w->depth--;
	buffer_text(w->buffer, bracket);
}

void json_begin_object(struct json_writer *w, const char *name)
{
	begin_inner(w, name, "{");
}

void json_end_object(struct json_writer *w)
{
	end_inner(w, "}");
}

void json_begin_array(struct json_writer *w, const char *name)
{
	begin_inner(w, name, "[");
}

void json_end_array(struct json_writer *w)
{
	end_inner(w, "]");
}

void json_put_text(struct json_writer *w, const char *name, const char *text)
{
	if (!text) {
		json_put_null(w, name);
		return;
	}
	begin_value(w, name);
	put_quoted(w->buffer, text);
}

void json_put_int(struct json_writer *w, const char *name, int64_t value)
{
	begin_value(w, name);
	buffer_format(w->buffer, "%" PRId64, value);
}

void json_put_bool(struct json_writer *w, const char *name, bool value)
{
	json_put_raw(w, name, value ? "true" : "false");
}

void json_put_null(struct json_writer *w, const char *name)
{
	json_put_raw(w, name, "null");
}

void json_put_time(struct json_writer *w, const char *name, int64_t us)
{
	char text[CLOCK_TEXT_SIZE];

	json_put_text(w, name, us == 0 ? NULL : clock_text(us, text));
}

void json_put_raw(struct json_writer *w, const char *name, const char *json)
{
	begin_value(w, name);
	buffer_text(w->buffer, json ? json : "null");
}

void json_put_members(struct json_writer *w, const char *object)
{
	size_t length = strlen(object);

	assert(length >= 2 && object[0] == '{' && object[length - 1] == '}');
	if (length == 2)
		return;
	begin_value(w, NULL);
	buffer_add(w->buffer, object + 1, length - 2);
}
