/* What a statement gave, cell by cell. Lives in an arena. */
#ifndef ROSTERD_STORE_ROWS_H
#define ROSTERD_STORE_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/id.h"

struct arena;
struct pg_result;
struct rows;

/* Reading cells. A NULL cell gives NULL, 0, false or the nil id. The SQL type decides: uuid; text, name, json
 * (cast jsonb to text); smallint, integer, bigint; boolean; timestamptz; bytea; text[]. A cell of another
 * type than asked for ends the process: a bug. */
size_t rows_count(const struct rows *rows);
bool rows_null(const struct rows *rows, size_t row, int column);
const char *rows_text(const struct rows *rows, size_t row, int column);
int64_t rows_int(const struct rows *rows, size_t row, int column);
bool rows_bool(const struct rows *rows, size_t row, int column);
int64_t rows_time(const struct rows *rows, size_t row, int column);
struct id rows_id(const struct rows *rows, size_t row, int column);
const void *rows_bytes(const struct rows *rows, size_t row, int column, size_t *ret_size);
const char *const *rows_texts(const struct rows *rows, size_t row, int column); /* ends with NULL */
const char *const *rows_texts_or_null(const struct rows *rows, size_t row, int column); /* NULL where the cell is */

/* ---- for the other rooms of store/ alone ---- */

/* Copies libpq's result (a PGresult) into the arena. Fails on a list with a NULL or of more than one dimension. */
int rows_take(const struct pg_result *result, struct arena *arena, const struct rows **ret, struct error *e);

#endif
