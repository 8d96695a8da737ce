/* The names of things: UUIDs of version 7 (RFC 9562), so that keys are inserted in the order of time. */
#ifndef ROSTERD_BASE_ID_H
#define ROSTERD_BASE_ID_H

#include <stdbool.h>
#include <stdint.h>

enum { ID_SIZE = 16, ID_TEXT_SIZE = 37 };

struct id {
	uint8_t bytes[ID_SIZE];
};

/* A new id: 48 bits of milliseconds, then a counter of 12+14 bits that grows within one millisecond
 * (so ids of one process are strictly ascending), then 48 random bits. Safe from any thread. */
struct id id_new(void);

/* The 36 characters of RFC 9562 in lower case, and NUL. Returns ret, so that it can stand in an argument. */
const char *id_text(const struct id *id, char ret[ID_TEXT_SIZE]);

/* Any UUID in its 36-character form, either case. 0, or -1 and *ret untouched. */
int id_parse(const char *text, struct id *ret);

bool id_equal(const struct id *a, const struct id *b);
bool id_is_nil(const struct id *id);

#endif
