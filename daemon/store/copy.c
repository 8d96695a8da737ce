/* Many rows into a staging table: binary COPY. */
#include "store/copy.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "store/binary.h"
#include "store/connection.h"

enum { ROW_ORDINARY = 4096, ROWS_FIRST = 64 << 10, CELL_MOST = 256 << 20 };

/* From the manual of COPY: signature, no flags, no extension; at the end a row of -1 columns. */
static const char copy_head[11 + 4 + 4] = "PGCOPY\n\377\r\n";
static const char copy_tail[] = { '\377', '\377' };

struct copy_rows {
	char *bytes;
	size_t length, size, most, count;
	int cells_left;   /* of the row begun last */
	bool wrong_shape; /* a row had not as many cells as it said */
	bool too_large;
};

struct copy_rows *copy_rows_open(size_t most)
{
	struct copy_rows *rows = calloc(1, sizeof *rows);

	if (!rows)
		abort();
	rows->most = most;
	return rows;
}

void copy_rows_close(struct copy_rows **rows)
{
	if (*rows)
		free((*rows)->bytes);
	free(*rows);
	*rows = NULL;
}

bool copy_rows_full(const struct copy_rows *rows)
{
	return rows->length + ROW_ORDINARY > rows->most;
}

size_t copy_rows_count(const struct copy_rows *rows)
{
	return rows->count;
}

/* ---- cells ---- */

static char *room_for(struct copy_rows *rows, size_t size)
{
	if (rows->size - rows->length < size) {
		size_t wanted = rows->size ? rows->size : ROWS_FIRST;
		while (wanted - rows->length < size)
			wanted *= 2;
		rows->bytes = realloc(rows->bytes, wanted);
		if (!rows->bytes)
			abort();
		rows->size = wanted;
	}
	rows->length += size;
	return rows->bytes + rows->length - size;
}

void copy_row(struct copy_rows *rows, int columns)
{
	rows->wrong_shape |= rows->cells_left != 0;
	rows->cells_left = columns;
	rows->count++;
	binary_put16(room_for(rows, 2), (uint16_t)columns);
}

/* Room for a cell of this size, behind its length. */
static char *cell(struct copy_rows *rows, size_t size)
{
	rows->wrong_shape |= rows->cells_left <= 0;
	rows->cells_left--;
	return binary_put32(room_for(rows, 4 + size), (uint32_t)size);
}

void copy_null(struct copy_rows *rows)
{
	rows->wrong_shape |= rows->cells_left <= 0;
	rows->cells_left--;
	binary_put32(room_for(rows, 4), UINT32_MAX);
}

void copy_bytes(struct copy_rows *rows, const void *bytes, size_t size)
{
	rows->too_large |= bytes && size > CELL_MOST;
	if (!bytes || size > CELL_MOST)
		copy_null(rows);
	else
		memcpy(cell(rows, size), bytes, size);
}

void copy_id(struct copy_rows *rows, const struct id *id)
{
	copy_bytes(rows, id ? id->bytes : NULL, ID_SIZE);
}

void copy_text(struct copy_rows *rows, const char *text)
{
	copy_bytes(rows, text, text ? strlen(text) : 0);
}

void copy_int2(struct copy_rows *rows, int value)
{
	binary_put16(cell(rows, 2), (uint16_t)value);
}

void copy_int4(struct copy_rows *rows, int32_t value)
{
	binary_put32(cell(rows, 4), (uint32_t)value);
}

void copy_int8(struct copy_rows *rows, int64_t value)
{
	binary_put64(cell(rows, 8), (uint64_t)value);
}

void copy_bool(struct copy_rows *rows, bool value)
{
	*cell(rows, 1) = value;
}

/* ---- sending ---- */

static int check_rows(const struct copy_rows *rows, struct error *e)
{
	if (rows->too_large)
		return error_set(e, ERROR_LIMIT, "copy.value", "a value of more than %d bytes cannot be kept",
		                 CELL_MOST);
	if (rows->wrong_shape || rows->cells_left != 0)
		return error_set(e, ERROR_INTERNAL, "copy.shape", "a row has not as many cells as it said");
	return 0;
}

static int put_all(struct connection *c, const struct copy_rows *rows, struct error *e)
{
	if (connection_put(c, copy_head, sizeof copy_head, e) < 0 ||
	    connection_put(c, rows->bytes, rows->length, e) < 0 ||
	    connection_put(c, copy_tail, sizeof copy_tail, e) < 0)
		return -1;
	return connection_put_end(c, e);
}

static int check_taken(PGresult *result, size_t sent, struct error *e)
{
	size_t taken = strtoull(PQcmdTuples(result), NULL, 10);

	if (taken != sent)
		return error_set(e, ERROR_INTERNAL, "copy.count", "%zu rows were sent and %zu taken", sent, taken);
	return 0;
}

/* The result of the COPY, and the end of results behind it. */
static int finish(struct connection *c, size_t sent, struct error *e)
{
	PGresult *result, *none;

	if (connection_more(c, &result, e) < 0)
		return -1;
	int checked = result ? check_taken(result, sent, e) : connection_lost(c, e);
	PQclear(result);
	if (!connection_dead(c) && connection_more(c, &none, checked < 0 ? NULL : e) < 0)
		return -1;
	return checked;
}

static int stream(struct connection *c, const char *sql, const struct copy_rows *rows, struct error *e)
{
	PGresult *result;

	if (connection_plain(c, "copy", sql, &result, e) < 0)
		return -1;

	bool invited = result && PQresultStatus(result) == PGRES_COPY_IN;
	PQclear(result);
	if (!invited) {
		connection_lost(c, NULL);
		return error_set(e, ERROR_INTERNAL, "copy.statement", "this is not a COPY ... FROM STDIN");
	}
	if (put_all(c, rows, e) < 0)
		return -1;
	return finish(c, rows->count, e);
}

static void empty(struct copy_rows *rows)
{
	rows->length = rows->count = 0;
}

int copy_send(struct tx *tx, const char *sql, struct copy_rows *rows, struct error *e)
{
	if (tx_check_quiet(tx, e) < 0 || check_rows(rows, e) < 0)
		return -1;
	if (rows->count == 0)
		return 0;
	if (tx_lead(tx, e) < 0)
		return -1;
	if (stream(tx_connection(tx), sql, rows, e) < 0)
		return tx_failed(tx);
	tx_counted(tx, true, 0, 0);
	empty(rows);
	return 0;
}
