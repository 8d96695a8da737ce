/* Each is asked for by id, and is gone if Google says that there is none. */
#include "google/named.h"

#include <string.h>

#include "base/text.h"
#include "google/api.h"
#include "google/listing.h"
#include "google/person.h"

/* An id is what is asked for: Google also takes addresses, and somebody else may have had one of them. */
static bool is_answer_of(const struct directory *d, const char *id)
{
	return d->vendor.answer.status == 200 && text_equal(value_id(d->vendor.answer.rest), id);
}

static int read_person(struct directory *d, const char *id)
{
	const char *url = api_url(d, "/users/%s?projection=%s&fields=kind,%s", vendor_escape(&d->vendor, id),
				  d->projection, d->fields);

	if (api_get(d, &api_person, url, true, NULL) < 0)
		return -1;
	if (!is_answer_of(d, id))
		return vendor_emit_gone(&d->vendor, id);
	return person_emit(d, d->vendor.answer.rest, false) < 0 ? -1 : 0;
}

/* What is not read by a listing of all is not read here either. */
static int read_group(struct directory *d, const char *id)
{
	struct place *place = &d->place;
	const char *url =
		api_url(d, "/groups/%s?fields=kind,%s", vendor_escape(&d->vendor, id), group_fields);
	int given;

	if (!d->settings.groups || strlen(id) > PLACE_ID_MOST)
		return vendor_emit_group_gone(&d->vendor, id);
	if (api_get(d, &api_group, url, true, NULL) < 0)
		return -1;
	if (!is_answer_of(d, id))
		return vendor_emit_group_gone(&d->vendor, id);
	given = group_emit(d, d->vendor.answer.rest);
	if (given <= 0)
		return given < 0 ? -1 : vendor_emit_group_gone(&d->vendor, id);
	memset(place, 0, sizeof(*place));
	place->stage = STAGE_GROUPS;
	place->group_count = 1;
	strcpy(place->groups[0], id);
	while (place->group_at < place->group_count)
		if (listing_members_page(d) < 0)
			return -1;
	return 0;
}

int named_page(struct directory *d, const struct roster_ask *ask)
{
	d->vendor.caller.host->step(d->vendor.caller.call, "reading people and groups by their ids");
	for (const char *const *id = ask->named; id && *id; id++)
		if (read_person(d, *id) < 0)
			return -1;
	for (const char *const *id = ask->named_groups; id && *id; id++)
		if (read_group(d, *id) < 0)
			return -1;
	return 0;
}
