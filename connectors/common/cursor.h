/* Cursors as text: a first line that says whose it is, then lines "name value". What is not ours, of another
 * version, or cut is refused, so that a reading begins again rather than somewhere. */
#ifndef ROSTER_COMMON_CURSOR_H
#define ROSTER_COMMON_CURSOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* A line's value: a text that fits, or a number. */
struct cursor_row {
	const char *name;
	char *text; /* NULL: a number */
	size_t size;
	unsigned long long *number;
};

/* A line of a name that is in no row. value has no NUL behind it. False: not known, or not good. */
typedef bool cursor_line_fn(void *context, const char *name, const char *value, size_t length);

/* Fills the rows; those that do not come stay as they are. head: "entra 1". line may be NULL. 0, or -1. */
int cursor_read(const char *head, const void *bytes, size_t size, const struct cursor_row *rows, size_t count,
		cursor_line_fn *line, void *context);

/* Copies a value that fits and has no NUL in it: 0, or -1. */
int cursor_keep(char *ret, size_t size, const char *value, size_t length);

/* Begins with the head; rows that are "" or 0 are left out. A text with a line feed makes the buffer full. */
void cursor_write(const char *head, const struct cursor_row *rows, size_t count, struct buffer *ret);

/* One line more. With a line feed in the value the buffer is full. */
void cursor_put(struct buffer *ret, const char *name, const char *value);

#endif
