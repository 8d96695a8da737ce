/* A cursor of any bytes: what is accepted is written, read, and written the same again. */
#include "okta/place.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "this does not hold: %s\n", what);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static char once[ROSTER_CURSOR_MOST], twice[ROSTER_CURSOR_MOST];
	static struct place place;
	size_t once_size, twice_size;

	if (place_read(bytes, size, &place) < 0)
		return 0;
	must(place.group_count <= PLACE_GROUPS_MOST && place.pair_count <= PLACE_PAIRS_MOST,
	     "there is room for what was read");
	if (place_write(&place, once, sizeof(once), &once_size) < 0)
		return 0;
	must(place_read(once, once_size, &place) == 0, "what was written is read");
	must(place_write(&place, twice, sizeof(twice), &twice_size) == 0 && once_size == twice_size &&
		     memcmp(once, twice, once_size) == 0,
	     "what was read is written the same");
	must(place_write_next(&place, once, sizeof(once), &once_size) == 0 &&
		     place_read(once, once_size, &place) == 0,
	     "the next reading has a place");
	return 0;
}
