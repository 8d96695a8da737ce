/* Aligns what people read. */
#include "rosterctl/table.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"
#include "rosterctl/safe.h"

void table_open(struct table *table, const struct column *columns, size_t fit)
{
	*table = (struct table){ .columns = columns, .fit = fit };
	while (table->count < TABLE_COLUMNS_MOST && columns[table->count].title) {
		table->widths[table->count] = safe_width(columns[table->count].title);
		table->count++;
	}
}

static void measure(struct table *table, const char *const *cells, size_t rows)
{
	for (size_t i = 0; i < rows * table->count; i++) {
		size_t width = safe_width(cells[i]), *widest = &table->widths[i % table->count];

		if (width > *widest)
			*widest = width;
	}
}

/* Takes from the widest column until the row fits, or no column has anything to give. */
static void shrink(const struct table *table, size_t widths[TABLE_COLUMNS_MOST])
{
	size_t total = TABLE_GAP * (table->count - 1), widest;

	memcpy(widths, table->widths, sizeof(table->widths));
	for (size_t i = 0; i < table->count; i++)
		total += widths[i];
	for (; table->fit > 0 && total > table->fit; total--) {
		widest = 0;
		for (size_t i = 1; i < table->count; i++)
			if (widths[i] > widths[widest])
				widest = i;
		if (widths[widest] <= TABLE_COLUMN_LEAST)
			return;
		widths[widest]--;
	}
}

static void pad(FILE *out, size_t columns)
{
	fprintf(out, "%*s", (int)columns, "");
}

/* One cell, cut to its column; the last one is not filled up with blanks. */
static void print_cell(FILE *out, const char *cell, size_t width, bool right, bool last)
{
	size_t columns = safe_width(cell), bytes = strlen(cell);
	bool cut = columns > width;

	if (cut) {
		bytes = safe_cut(cell, width - 1);
		columns = width;
	}
	if (right)
		pad(out, width - columns);
	fprintf(out, "%.*s%s", (int)bytes, cell, cut ? "\u2026" : "");
	if (!right && !last)
		pad(out, width - columns);
	if (!last)
		pad(out, TABLE_GAP);
}

void table_print(struct table *table, FILE *out, const char *const *cells, size_t rows)
{
	size_t widths[TABLE_COLUMNS_MOST], count = table->count;

	measure(table, cells, rows);
	shrink(table, widths);
	for (size_t i = 0; !table->headed && i < count; i++) {
		print_cell(out, table->columns[i].title, widths[i], table->columns[i].form == CELL_NUMBER,
			   i + 1 == count);
		if (i + 1 == count)
			fputc('\n', out);
	}
	table->headed = true;
	for (size_t i = 0; i < rows * count; i++) {
		bool last = (i + 1) % count == 0;

		print_cell(out, cells[i], widths[i % count], table->columns[i % count].form == CELL_NUMBER,
			   last);
		if (last)
			fputc('\n', out);
	}
}

size_t table_terminal(FILE *out)
{
	struct winsize size;

	if (!isatty(fileno(out)) || ioctl(fileno(out), TIOCGWINSZ, &size) < 0)
		return 0;
	return size.ws_col;
}
