/* Shows what is foreign without letting it act. */
#include "platform.h" /* wcwidth */
#include "rosterctl/safe.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>
#include <wchar.h>

#include "base/arena.h"
#include "base/text.h"

enum {
	ESCAPE_MOST = 16,   /* "\u{10FFFF}" and NUL fit */
	CHARACTER_MOST = 4, /* bytes of one character in UTF-8 */
};

/* Characters that change how the text around them is shown, or that cannot be seen at all. */
static const struct {
	uint32_t from, to;
} hidden[] = {
	{ 0x00, 0x1f },	    { 0x7f, 0x9f },	{ 0xad, 0xad },	      { 0x61c, 0x61c },
	{ 0x200b, 0x200b }, { 0x200e, 0x200f }, { 0x2028, 0x202e },   { 0x2060, 0x206f },
	{ 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe007f },
};

void safe_start(void)
{
	setlocale(LC_CTYPE, "");
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
}

bool safe_character(uint32_t c)
{
	for (size_t i = 0; i < ARRAY_COUNT(hidden); i++)
		if (c >= hidden[i].from && c <= hidden[i].to)
			return false;
	return true;
}

/* The bytes of the character that begins here, or 0 if none does. */
static size_t character_length(const char *at, size_t left)
{
	for (size_t length = 1; length <= CHARACTER_MOST && length <= left; length++)
		if (at[0] != '\0' && text_is_utf8(at, length))
			return length;
	return 0;
}

/* The character in well-formed UTF-8 of this length. */
static uint32_t character(const char *at, size_t length)
{
	static const uint8_t first_bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t c = (uint8_t)at[0] & first_bits[length];

	for (size_t i = 1; i < length; i++)
		c = c << 6 | ((uint8_t)at[i] & 0x3f);
	return c;
}

/* Adds one character, or one bad byte; returns how many bytes were used. */
static size_t add_character(struct buffer *buffer, const char *at, size_t left)
{
	size_t length = character_length(at, left);
	uint32_t c = length > 0 ? character(at, length) : (uint8_t)*at;

	if (length == 0 || (c < 0x100 && !safe_character(c)))
		buffer_format(buffer, "\\x%02x", c);
	else if (!safe_character(c))
		buffer_format(buffer, "\\u{%x}", c);
	else
		buffer_add(buffer, at, length);
	return length > 0 ? length : 1;
}

const char *safe_text_n(struct arena *arena, const char *text, size_t length)
{
	struct buffer buffer;
	const char *safe;

	buffer_open(&buffer, length * ESCAPE_MOST + 1);
	for (size_t at = 0; at < length;)
		at += add_character(&buffer, text + at, length - at);
	safe = arena_text_n(arena, buffer.length > 0 ? buffer.bytes : "", buffer.length);
	buffer_close(&buffer);
	return safe;
}

const char *safe_text(struct arena *arena, const char *text)
{
	return text ? safe_text_n(arena, text, strlen(text)) : "";
}

static void put_escape(FILE *out, uint32_t c)
{
	if (c > 0xffff) {
		fprintf(out, "\\u%04x", 0xd800 + ((c - 0x10000) >> 10));
		c = 0xdc00 + ((c - 0x10000) & 0x3ff);
	}
	fprintf(out, "\\u%04x", c);
}

void safe_json(FILE *out, const char *bytes, size_t length, bool one_line)
{
	for (size_t at = 0, used; at < length; at += used) {
		uint32_t c;

		used = character_length(bytes + at, length - at);
		used = used > 0 ? used : 1;
		c = character(bytes + at, used);
		if (c < 0x20) /* white space between values */
			fputc(one_line || c == '\r' ? ' ' : (int)c, out);
		else if (!safe_character(c))
			put_escape(out, c);
		else
			fwrite(bytes + at, 1, used, out);
	}
}

static size_t character_width(const char *at, size_t length)
{
	int width = wcwidth((wchar_t)character(at, length));

	return width < 0 ? 1 : (size_t)width;
}

size_t safe_width(const char *text)
{
	size_t left = strlen(text), width = 0;

	for (size_t length; left > 0; text += length, left -= length) {
		length = character_length(text, left);
		length = length > 0 ? length : 1;
		width += character_width(text, length);
	}
	return width;
}

size_t safe_cut(const char *text, size_t columns)
{
	size_t left = strlen(text), at = 0, width = 0;

	for (size_t length; at < left; at += length) {
		length = character_length(text + at, left - at);
		length = length > 0 ? length : 1;
		width += character_width(text + at, length);
		if (width > columns)
			break;
	}
	return at;
}
