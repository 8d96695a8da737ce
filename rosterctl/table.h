/* Aligned tables for people.
 *
 * A table is printed a page at a time, so that a listing of a million members takes the memory of one page;
 * columns grow with what they have seen and never shrink again. On a terminal that is too narrow the widest
 * columns are cut. */
#ifndef ROSTERCTL_TABLE_H
#define ROSTERCTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { TABLE_COLUMNS_MOST = 12, TABLE_COLUMN_LEAST = 8, TABLE_GAP = 2 };

/* How a member of a JSON object is shown. */
enum cell_form {
	CELL_TEXT,
	CELL_TIME,   /* RFC 3339, shown to the second */
	CELL_NUMBER, /* right-aligned */
};

struct column {
	const char *title;
	const char *member; /* "name"; "error.text" for a member of a member; "name,id" for the first that is
			       not null */
	enum cell_form form;
};

struct table {
	const struct column *columns; /* ended by {0} */
	size_t fit;		      /* columns of the terminal; 0: it is none, cut nothing */
	size_t count;
	size_t widths[TABLE_COLUMNS_MOST];
	bool headed;
};

void table_open(struct table *table, const struct column *columns, size_t fit);

/* Prints rows of harmless texts (safe.h), and the titles before the first. cells is rows x columns. */
void table_print(struct table *table, FILE *out, const char *const *cells, size_t rows);

/* The columns of the terminal that out is, or 0. */
size_t table_terminal(FILE *out);

#endif
