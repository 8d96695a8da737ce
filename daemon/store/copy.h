/* Many rows into a staging table: COPY ... FROM STDIN (FORMAT binary), streamed.
 *
 * Rows are collected here and sent by one copy_send. Writing never waits for more than the socket. */
#ifndef ROSTERD_STORE_COPY_H
#define ROSTERD_STORE_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/id.h"
#include "store/transaction.h"

/* Rows are built here and may be kept for a later copy_send: COPY binary tuples in a row. */
struct copy_rows;
/* most: bytes. copy_rows_full says when to send; a larger row still fits. */
struct copy_rows *copy_rows_open(size_t most);
void copy_rows_close(struct copy_rows **rows);
bool copy_rows_full(const struct copy_rows *rows); /* less than one more row of ordinary size would fit */
size_t copy_rows_count(const struct copy_rows *rows);

/* Begins a row; then exactly that many cells, or copy_send fails with "copy.shape". */
void copy_row(struct copy_rows *rows, int columns);
void copy_id(struct copy_rows *rows, const struct id *id);
void copy_text(struct copy_rows *rows, const char *text); /* NULL is SQL NULL */
void copy_bytes(struct copy_rows *rows, const void *bytes, size_t size);
void copy_int2(struct copy_rows *rows, int value);
void copy_int4(struct copy_rows *rows, int32_t value);
void copy_int8(struct copy_rows *rows, int64_t value);
void copy_bool(struct copy_rows *rows, bool value);
void copy_null(struct copy_rows *rows);

/* Sends all rows through one COPY and empties them. sql: "COPY staging.x (a, b) FROM STDIN (FORMAT binary)".
 * The number that the server took must equal the number sent ("copy.count"). Nothing is sent for no rows; on
 * failure the rows are kept. */
int copy_send(struct tx *tx, const char *sql, struct copy_rows *rows, struct error *e);

#endif
