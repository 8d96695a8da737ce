/* A cursor of any bytes: what is accepted is written, read, and written the same again. */
#include "auth0/place.h"

#include "place.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct place place;

	if (!check_place(bytes, size, place_read, place_write, &place))
		return 0;
	must(place.role_count <= PLACE_ROLES_MOST && place.due_count <= PLACE_DUE_MOST &&
		     place.gone_count <= PLACE_GONE_MOST,
	     "there is room for what was read");
	check_next(&place, place_read, place_write_next);
	return 0;
}
