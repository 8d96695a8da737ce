#include "place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "connector.h"

void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "this does not hold: %s\n", what);
	abort();
}

static void write_again(place_write_fn *write, struct place *place, struct buffer *ret)
{
	buffer_close(ret);
	buffer_open(ret, ROSTER_CURSOR_MOST);
	write(place, ret);
}

bool check_place(const uint8_t *bytes, size_t size, place_read_fn *read, place_write_fn *write,
		 struct place *place)
{
	static struct buffer once, twice;

	if (read(bytes, size, place) < 0)
		return false;
	write_again(write, place, &once);
	if (once.full)
		return false;
	must(read(once.bytes, once.length, place) == 0, "what was written is read");
	write_again(write, place, &twice);
	must(!twice.full && once.length == twice.length && memcmp(once.bytes, twice.bytes, once.length) == 0,
	     "what was read is written the same");
	return true;
}

void check_next(struct place *place, place_read_fn *read, place_write_fn *write)
{
	static struct buffer next;

	write_again(write, place, &next);
	must(!next.full && read(next.bytes, next.length, place) == 0, "the next reading has a place");
}
