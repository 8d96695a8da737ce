/* What a statement gave, cell by cell. */
#include "store/rows.h"

#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/arena.h"
#include "base/log.h"
#include "store/binary.h"

struct cell {
	const char *bytes; /* NULL: SQL NULL. Ends with NUL. */
	size_t size;
	const char *const *texts; /* of text[] */
};

struct rows {
	size_t count;
	int columns;
	const Oid *types;
	const struct cell *cells;
};

/* ---- taking ---- */

static int bad_list(struct error *e)
{
	return error_set(e, ERROR_INTERNAL, "rows.list", "a list has a NULL in it, or more than one dimension");
}

/* PostgreSQL's arrays: dimensions, has NULLs, type, then for each dimension its length and lower bound, then
 * size and bytes each. */
static int take_texts(const char *from, struct arena *arena, const char *const **ret, struct error *e)
{
	int32_t dimensions = binary_get32(from);
	int32_t count = dimensions == 1 ? binary_get32(from + 12) : 0;

	if (dimensions < 0 || dimensions > 1)
		return bad_list(e);

	const char **texts = arena_array(arena, (size_t)count + 1, sizeof *texts);
	from += 20;
	for (int32_t i = 0; i < count; i++) {
		int32_t size = binary_get32(from);
		if (size < 0)
			return bad_list(e);
		texts[i] = arena_text_n(arena, from + 4, (size_t)size);
		from += 4 + size;
	}
	*ret = texts;
	return 0;
}

static size_t bytes_of(const PGresult *result)
{
	size_t size = 0;

	for (int row = 0; row < PQntuples(result); row++)
		for (int column = 0; column < PQnfields(result); column++)
			size += (size_t)PQgetlength(result, row, column) + 1;
	return size;
}

/* *to moves behind the cell's bytes and their NUL. */
static int take_cell(const PGresult *result, int row, int column, char **to, struct arena *arena, struct cell *ret,
                     struct error *e)
{
	if (PQgetisnull(result, row, column))
		return 0;

	const char *bytes = PQgetvalue(result, row, column);
	ret->size = (size_t)PQgetlength(result, row, column);
	ret->bytes = memcpy(*to, bytes, ret->size);
	*to += ret->size + 1;
	if (PQftype(result, column) == OID_TEXTS)
		return take_texts(bytes, arena, &ret->texts, e);
	return 0;
}

static int take_cells(const PGresult *result, struct arena *arena, const struct cell **ret, struct error *e)
{
	int columns = PQnfields(result), count = PQntuples(result);
	struct cell *cells = arena_array(arena, (size_t)count * (size_t)columns, sizeof *cells), *cell = cells;
	char *to = arena_take(arena, bytes_of(result));

	for (int row = 0; row < count; row++)
		for (int column = 0; column < columns; column++)
			if (take_cell(result, row, column, &to, arena, cell++, e) < 0)
				return -1;
	*ret = cells;
	return 0;
}

static const Oid *take_types(const PGresult *result, struct arena *arena)
{
	int columns = PQnfields(result);
	Oid *types = arena_array(arena, (size_t)columns, sizeof *types);

	for (int i = 0; i < columns; i++)
		types[i] = PQftype(result, i);
	return types;
}

int rows_take(const struct pg_result *result, struct arena *arena, const struct rows **ret, struct error *e)
{
	struct rows *rows = arena_take(arena, sizeof *rows);

	if (take_cells(result, arena, &rows->cells, e) < 0)
		return -1;
	rows->count = (size_t)PQntuples(result);
	rows->columns = PQnfields(result);
	rows->types = take_types(result, arena);
	*ret = rows;
	return 0;
}

/* ---- reading ---- */

static const struct cell *cell_at(const struct rows *rows, size_t row, int column)
{
	if (row >= rows->count || column < 0 || column >= rows->columns) {
		log_error(NULL, "bug: row %zu, column %d was asked for; there are %zu rows of %d columns",
		          row, column, rows->count, rows->columns);
		abort();
	}
	return &rows->cells[row * (size_t)rows->columns + (size_t)column];
}

static _Noreturn void wrong_type(const struct rows *rows, int column, const char *wanted)
{
	log_error(NULL, "bug: column %d is read as %s and has the type number %u", column, wanted,
	          rows->types[column]);
	abort();
}

static const struct cell *cell_of(const struct rows *rows, size_t row, int column, Oid type, const char *wanted)
{
	const struct cell *cell = cell_at(rows, row, column);

	if (rows->types[column] != type)
		wrong_type(rows, column, wanted);
	return cell;
}

size_t rows_count(const struct rows *rows)
{
	return rows->count;
}

bool rows_null(const struct rows *rows, size_t row, int column)
{
	return cell_at(rows, row, column)->bytes == NULL;
}

const char *rows_text(const struct rows *rows, size_t row, int column)
{
	const struct cell *cell = cell_at(rows, row, column);

	switch (rows->types[column]) {
	case OID_TEXT:
	case OID_NAME:
	case OID_VARCHAR:
	case OID_JSON:
		return cell->bytes;
	default:
		wrong_type(rows, column, "text");
	}
}

int64_t rows_int(const struct rows *rows, size_t row, int column)
{
	const struct cell *cell = cell_at(rows, row, column);

	switch (rows->types[column]) {
	case OID_INT2:
		return cell->bytes ? binary_get16(cell->bytes) : 0;
	case OID_INT4:
		return cell->bytes ? binary_get32(cell->bytes) : 0;
	case OID_INT8:
		return cell->bytes ? binary_get64(cell->bytes) : 0;
	default:
		wrong_type(rows, column, "a whole number");
	}
}

bool rows_bool(const struct rows *rows, size_t row, int column)
{
	const struct cell *cell = cell_of(rows, row, column, OID_BOOL, "a boolean");

	return cell->bytes && *cell->bytes;
}

int64_t rows_time(const struct rows *rows, size_t row, int column)
{
	const struct cell *cell = cell_of(rows, row, column, OID_TIMESTAMPTZ, "a time");

	return cell->bytes ? binary_to_time(binary_get64(cell->bytes)) : 0;
}

struct id rows_id(const struct rows *rows, size_t row, int column)
{
	const struct cell *cell = cell_of(rows, row, column, OID_UUID, "an id");
	struct id id = { { 0 } };

	if (cell->bytes)
		memcpy(id.bytes, cell->bytes, ID_SIZE);
	return id;
}

const void *rows_bytes(const struct rows *rows, size_t row, int column, size_t *ret_size)
{
	const struct cell *cell = cell_of(rows, row, column, OID_BYTEA, "bytes");

	*ret_size = cell->size;
	return cell->bytes;
}

const char *const *rows_texts(const struct rows *rows, size_t row, int column)
{
	return cell_of(rows, row, column, OID_TEXTS, "a list of texts")->texts;
}

const char *const *rows_texts_or_null(const struct rows *rows, size_t row, int column)
{
	return rows_null(rows, row, column) ? NULL : rows_texts(rows, row, column);
}
