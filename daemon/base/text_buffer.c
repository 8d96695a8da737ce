/* A growing buffer with a hard maximum. */
#include "base/text.h"

#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_FIRST = 256 };

void buffer_open(struct buffer *buffer, size_t most)
{
	*buffer = (struct buffer){ .most = most };
}

void buffer_close(struct buffer *buffer)
{
	free(buffer->bytes);
	*buffer = (struct buffer){ .most = buffer->most };
}

void buffer_reset(struct buffer *buffer)
{
	buffer->length = 0;
	buffer->full = false;
	if (buffer->bytes)
		buffer->bytes[0] = '\0';
}

/* Room for length more bytes and a NUL. False, and full from now on, if the maximum forbids them. */
static bool make_room(struct buffer *buffer, size_t length)
{
	size_t size = buffer->size > 0 ? buffer->size : BUFFER_FIRST, wanted;

	if (buffer->full || length > buffer->most - buffer->length) {
		buffer->full = true;
		return false;
	}
	wanted = buffer->length + length + 1;
	if (buffer->bytes && wanted <= buffer->size)
		return true;

	while (size < wanted && size <= SIZE_MAX / 2)
		size *= 2;
	buffer->size = size > wanted ? size : wanted;
	buffer->bytes = realloc(buffer->bytes, buffer->size);
	if (!buffer->bytes)
		memory_exhausted("buffer", buffer->size);
	return true;
}

void buffer_add(struct buffer *buffer, const void *bytes, size_t length)
{
	if (!make_room(buffer, length))
		return;
	if (length > 0)
		memcpy(buffer->bytes + buffer->length, bytes, length);
	buffer->length += length;
	buffer->bytes[buffer->length] = '\0';
}

void buffer_text(struct buffer *buffer, const char *text)
{
	buffer_add(buffer, text, strlen(text));
}

void buffer_format(struct buffer *buffer, const char *fmt, ...)
{
	va_list args;
	int length;

	va_start(args, fmt);
	length = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (length < 0 || !make_room(buffer, (size_t)length))
		return;

	va_start(args, fmt);
	vsnprintf(buffer->bytes + buffer->length, (size_t)length + 1, fmt, args);
	va_end(args);
	buffer->length += (size_t)length;
}

void buffer_percent(struct buffer *buffer, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		const char code[3] = { '%', hex[c >> 4], hex[c & 15] };

		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", c))
			buffer_add(buffer, text, 1);
		else
			buffer_add(buffer, code, sizeof(code));
	}
}
