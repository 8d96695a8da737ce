/* Both formats end in the same cells; which one a file is, its first byte says. */
#include "rosterctl/exported.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "rosterctl/exits.h"

const char *const exported_names[EXPORTED_COLUMNS] = {
	"record",     "encoding",   "organisation", "first",	"last",	       "position", "id",     "at",
	"actor_kind", "actor",	    "on_behalf_of", "action",	"target_kind", "target",   "source", "run",
	"request",    "commitment", "salt",	    "personal", "link",	       "entries",
};

struct exported {
	FILE *file;
	struct buffer line;
	size_t number; /* of the last line that was read */
	bool begun, csv;
};

struct exported *exported_open(FILE *file)
{
	struct exported *x = calloc(1, sizeof(*x));

	if (!x)
		memory_exhausted("exported", sizeof(*x));
	x->file = file;
	buffer_open(&x->line, EXPORTED_LINE_MOST);
	return x;
}

void exported_close(struct exported **exported)
{
	if (*exported)
		buffer_close(&(*exported)->line);
	free(*exported);
	*exported = NULL;
}

static bool is_number(enum exported_column column)
{
	return column == EXPORTED_FIRST || column == EXPORTED_LAST || column == EXPORTED_POSITION ||
	       column == EXPORTED_ID || column == EXPORTED_ENTRIES;
}

static int refuse(struct error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int refuse(struct error *e, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	error_setv(e, ERROR_INPUT, CODE_AUDIT_LINE, fmt, args);
	va_end(args);
	return -1;
}

static int not_readable(struct error *e)
{
	return error_set(e, ERROR_INTERNAL, "audit.file", "the file could not be read: %s", strerror(errno));
}

/* Takes one byte more of the line. */
static int take(struct exported *x, char byte, struct error *e)
{
	buffer_add(&x->line, &byte, 1);
	if (!x->line.full)
		return 0;
	return error_set(e, ERROR_INPUT, CODE_AUDIT_LINE,
			 "the line is longer than %d MiB, which none of an export is",
			 EXPORTED_LINE_MOST >> 20);
}

/* ---- JSON lines ---- */

/* 1: a whole line, without its end. */
static int read_json_line(struct exported *x, struct error *e)
{
	int byte;

	buffer_reset(&x->line);
	while ((byte = getc_unlocked(x->file)) != EOF && byte != '\n')
		if (take(x, (char)byte, e) < 0)
			return -1;
	if (ferror(x->file))
		return not_readable(e);
	if (byte == EOF && x->line.length == 0)
		return 0;
	return byte == '\n' ? 1 : refuse(e, "the file ends within a line");
}

static int find_column(const char *name, enum exported_column *ret, struct error *e)
{
	for (int i = 0; i < EXPORTED_COLUMNS; i++)
		if (text_equal(name, exported_names[i]))
			return *ret = (enum exported_column)i, 0;
	return refuse(e, "there is no \"%.40s\" in a line of an export", name);
}

static int take_json_cell(struct arena *arena, const char *name, const struct json *value,
			  struct exported_line *line, struct error *e)
{
	enum exported_column column = EXPORTED_RECORD;

	if (find_column(name, &column, e) < 0)
		return -1;
	if (json_is_null(value))
		return 0;
	if (is_number(column) ? !json_is_number(value) : !json_is_text(value))
		return refuse(e, is_number(column) ? "\"%s\" is no number" : "\"%s\" is no text", name);
	line->cells[column] = is_number(column) ? arena_format(arena, "%lld", (long long)json_int(value))
						: json_text(value);
	return 0;
}

static int take_json(struct exported *x, struct arena *arena, struct exported_line *line, struct error *e)
{
	const struct json *value;
	struct json *object;
	const char *name;
	size_t at = 0;

	if (json_parse(arena, x->line.length ? x->line.bytes : "", x->line.length, &object, e) < 0)
		return -1;
	if (!json_is_object(object))
		return refuse(e, "the line is no JSON object");
	while (json_next(object, &at, &name, &value) > 0)
		if (take_json_cell(arena, name, value, line, e) < 0)
			return -1;
	return 0;
}

/* ---- CSV ---- */

/* Where a cell of the line stands, once its quotes are taken away. */
struct cell {
	size_t begin, end;
	bool quoted;
};

/* Reads the rest of a quoted cell, its closing quote and one byte behind it, which is returned; or EOF, or
 * -2: failed. */
enum { FAILED = -2 };
static int read_quoted(struct exported *x, struct error *e)
{
	int byte;

	for (;;) {
		while ((byte = getc_unlocked(x->file)) != EOF && byte != '"')
			if (take(x, (char)byte, e) < 0)
				return FAILED;
		if (byte == EOF)
			return refuse(e, "the file ends within a quoted cell"), FAILED;
		byte = getc_unlocked(x->file);
		if (byte != '"')
			return byte;
		if (take(x, '"', e) < 0)
			return FAILED;
	}
}

static int read_bare(struct exported *x, int byte, struct error *e)
{
	for (; byte != EOF && byte != ',' && byte != '\r' && byte != '\n'; byte = getc_unlocked(x->file)) {
		if (byte == '"')
			return refuse(e, "a quote stands in a cell that has none around it"), FAILED;
		if (take(x, (char)byte, e) < 0)
			return FAILED;
	}
	return byte;
}

/* One cell; what ended it is returned: ',', '\r', EOF, or FAILED. */
static int read_cell(struct exported *x, int first, struct cell *ret, struct error *e)
{
	int byte;

	*ret = (struct cell){ .begin = x->line.length, .quoted = first == '"' };
	byte = ret->quoted ? read_quoted(x, e) : read_bare(x, first, e);
	ret->end = x->line.length;
	if (byte == FAILED || byte == ',' || byte == '\r')
		return byte;
	return refuse(e, "a cell does not end with \",\" or the end of the line"), FAILED;
}

/* 1: a whole record, its cells in x->line. */
static int read_csv_cells(struct exported *x, struct cell cells[EXPORTED_COLUMNS], struct error *e)
{
	int byte = getc_unlocked(x->file), count = 0;

	buffer_reset(&x->line);
	if (byte == EOF)
		return ferror(x->file) ? not_readable(e) : 0;
	for (;; byte = getc_unlocked(x->file)) {
		if (count == EXPORTED_COLUMNS)
			return refuse(e, "the line has more cells than an export has columns");
		byte = read_cell(x, byte, &cells[count++], e);
		if (byte == FAILED)
			return -1;
		if (byte == '\r')
			break;
	}
	if (getc_unlocked(x->file) != '\n')
		return refuse(e, "the line does not end with CR and LF");
	return count == EXPORTED_COLUMNS ? 1
					 : refuse(e, "the line has fewer cells than an export has columns");
}

/* An apostrophe before what a spreadsheet would take for a formula is not of the text. */
static const char *plain_text(struct arena *arena, const char *text, size_t length, struct error *e)
{
	if (!text_is_utf8(text, length))
		return refuse(e, "a cell is not UTF-8"), NULL;
	if (length > 0 && strchr("=+-@\t\r", *text))
		return refuse(e, "a cell begins as a formula does"), NULL;
	if (length > 0 && *text == '\'') {
		text++, length--;
		if (length == 0 || !strchr("=+-@\t\r'", *text))
			return refuse(e, "a cell has an apostrophe that it does not need"), NULL;
	}
	return arena_text_n(arena, text, length);
}

/* Digits as they are written by themselves: no sign but '-', no zeros before them. */
static const char *plain_number(struct arena *arena, const char *text, size_t length, struct error *e)
{
	const char *copy = arena_text_n(arena, text, length);
	int64_t number;

	if (strlen(copy) == length && text_to_int64(copy, &number) == 0 &&
	    text_equal(copy, arena_format(arena, "%lld", (long long)number)))
		return copy;
	return refuse(e, "\"%.40s\" is no number", text_is_utf8(copy, strlen(copy)) ? copy : "?"), NULL;
}

static int take_csv(struct exported *x, struct arena *arena, const struct cell cells[EXPORTED_COLUMNS],
		    struct exported_line *line, struct error *e)
{
	for (int i = 0; i < EXPORTED_COLUMNS; i++) {
		const char *text = x->line.length > 0 ? x->line.bytes + cells[i].begin : "";
		size_t length = cells[i].end - cells[i].begin;

		if (length == 0 && !cells[i].quoted)
			continue;
		if (cells[i].quoted == is_number((enum exported_column)i))
			return refuse(e, cells[i].quoted ? "\"%s\" is no number" : "\"%s\" is not quoted",
				      exported_names[i]);
		line->cells[i] = cells[i].quoted ? plain_text(arena, text, length, e)
						 : plain_number(arena, text, length, e);
		if (!line->cells[i])
			return -1;
	}
	return 0;
}

static int read_csv_names(struct exported *x, struct error *e)
{
	struct cell cells[EXPORTED_COLUMNS];
	int found = read_csv_cells(x, cells, e);

	if (found <= 0)
		return found;
	for (int i = 0; i < EXPORTED_COLUMNS; i++) {
		size_t length = cells[i].end - cells[i].begin;

		if (cells[i].quoted || length != strlen(exported_names[i]) ||
		    memcmp(x->line.bytes + cells[i].begin, exported_names[i], length) != 0)
			return refuse(e,
				      "the first line does not name the columns of an export: no \"%s\" "
				      "where it belongs",
				      exported_names[i]);
	}
	return 1;
}

/* ---- either ---- */

/* 1: something follows. */
static int begin(struct exported *x, struct error *e)
{
	int byte = getc_unlocked(x->file);

	x->begun = true;
	if (byte == EOF)
		return ferror(x->file) ? not_readable(e) : 0;
	ungetc(byte, x->file);
	x->csv = byte != '{';
	x->number = x->csv;
	return x->csv ? read_csv_names(x, e) : 1;
}

static int next_csv(struct exported *x, struct arena *arena, struct exported_line *line, struct error *e)
{
	struct cell cells[EXPORTED_COLUMNS];
	int found = read_csv_cells(x, cells, e);

	return found <= 0 ? found : take_csv(x, arena, cells, line, e) < 0 ? -1 : 1;
}

static int next_json(struct exported *x, struct arena *arena, struct exported_line *line, struct error *e)
{
	int found = read_json_line(x, e);

	return found <= 0 ? found : take_json(x, arena, line, e) < 0 ? -1 : 1;
}

int exported_next(struct exported *x, struct arena *arena, struct exported_line *ret, struct error *e)
{
	struct exported_line line = { 0 };
	int found = x->begun ? 1 : begin(x, e);

	if (found <= 0)
		return found;
	x->number++;
	found = x->csv ? next_csv(x, arena, &line, e) : next_json(x, arena, &line, e);
	if (found <= 0)
		return found;
	line.number = x->number;
	*ret = line;
	return 1;
}
