/* What holds for a cursor of any plug-in for a vendor's API: what is read of any bytes is written, read, and written
 * the same again. */
#ifndef ROSTER_FUZZ_PLACE_H
#define ROSTER_FUZZ_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer;
struct place; /* the plug-in's own */

typedef int place_read_fn(const void *bytes, size_t size, struct place *ret);
typedef void place_write_fn(struct place *place, struct buffer *ret);

/* Ends the process if it does not. */
void must(bool holds, const char *what);

/* Whether the bytes are a cursor; then its place is in *place. */
bool check_place(const uint8_t *bytes, size_t size, place_read_fn *read, place_write_fn *write,
		 struct place *place);

/* The cursor that is written of the place for the reading after this one must be one. */
void check_next(struct place *place, place_read_fn *read, place_write_fn *write);

#endif
