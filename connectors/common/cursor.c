#include "common/cursor.h"

#include <string.h>

int cursor_keep(char *ret, size_t size, const char *value, size_t length)
{
	if (length >= size || memchr(value, '\0', length))
		return -1;
	memcpy(ret, value, length);
	ret[length] = '\0';
	return 0;
}

static int read_number(const char *value, size_t length, unsigned long long *ret)
{
	char text[24];
	int64_t number;

	if (cursor_keep(text, sizeof(text), value, length) < 0 || text_to_int64(text, &number) < 0 ||
	    number < 0)
		return -1;
	*ret = (unsigned long long)number;
	return 0;
}

static int read_line(const struct cursor_row *rows, size_t count, cursor_line_fn *line, void *context,
		     const char *name, const char *value, size_t length)
{
	for (size_t i = 0; i < count; i++)
		if (text_equal(name, rows[i].name))
			return rows[i].text ? cursor_keep(rows[i].text, rows[i].size, value, length)
					    : read_number(value, length, rows[i].number);
	return line && line(context, name, value, length) ? 0 : -1;
}

int cursor_read(const char *head, const void *bytes, size_t size, const struct cursor_row *rows, size_t count,
		cursor_line_fn *line, void *context)
{
	const char *at = bytes, *end = at + size;
	size_t head_length = strlen(head);

	if (size <= head_length || memcmp(at, head, head_length) != 0 || at[head_length] != '\n')
		return -1;
	at += head_length + 1;
	while (at < end) {
		const char *feed = memchr(at, '\n', (size_t)(end - at)),
			   *blank = feed ? memchr(at, ' ', (size_t)(feed - at)) : NULL;
		char name[32];

		if (!blank || cursor_keep(name, sizeof(name), at, (size_t)(blank - at)) < 0 ||
		    read_line(rows, count, line, context, name, blank + 1, (size_t)(feed - blank - 1)) < 0)
			return -1;
		at = feed + 1;
	}
	return 0;
}

void cursor_put(struct buffer *ret, const char *name, const char *value)
{
	if (strchr(value, '\n'))
		ret->full = true;
	buffer_format(ret, "%s ", name);
	buffer_text(ret, value);
	buffer_text(ret, "\n");
}

void cursor_write(const char *head, const struct cursor_row *rows, size_t count, struct buffer *ret)
{
	buffer_format(ret, "%s\n", head);
	for (const struct cursor_row *row = rows; row < rows + count; row++) {
		if (row->text && row->text[0])
			cursor_put(ret, row->name, row->text);
		else if (!row->text && *row->number != 0)
			buffer_format(ret, "%s %llu\n", row->name, *row->number);
	}
}
