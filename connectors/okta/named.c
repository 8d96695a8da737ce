/* Many people are asked for with one filter; who does not come is asked for by id, and is gone if the org
 * says that there is none. */
#include "okta/named.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "okta/api.h"
#include "okta/listing.h"
#include "okta/person.h"

enum { TOGETHER_MOST = 40 }; /* ids of one filter: some 2 KiB of an address */

struct batch {
	struct directory *directory;
	const char *const *ids;
	size_t count;
	bool seen[TOGETHER_MOST];
};

static const int missing[] = { 404, 0 };

static int take_person(void *context, const struct json_node *user, struct error *e)
{
	struct batch *batch = context;
	const char *id = value_id(user);

	for (size_t i = 0; id && i < batch->count; i++)
		if (text_equal(id, batch->ids[i])) {
			batch->seen[i] = true;
			if (person_emit(batch->directory, user, false) < 0)
				return error_set(e, ERROR_INPUT, "okta.refused", "the record was not taken");
		}
	return 0;
}

/* Ids come from us, but what is not of Okta's letters would end the text that it stands in. */
static bool is_plain(const char *id)
{
	return id[0] &&
	       id[strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] == '\0';
}

static const char *batch_url(struct directory *d, const struct batch *batch)
{
	const char *filter = "";

	for (size_t i = 0; i < batch->count; i++)
		filter = arena_format(d->vendor.page, "%s%sid eq \"%s\"", filter, i > 0 ? " or " : "",
				      batch->ids[i]);
	return api_url(d, "/api/v1/users?limit=%d&filter=%s", TOGETHER_MOST,
		       vendor_escape(&d->vendor, filter));
}

static int read_together(struct batch *batch)
{
	static const int refused[] = { 400, 0 };
	const struct api_taker taker = { take_person, NULL, batch };
	struct directory *d = batch->directory;

	for (size_t i = 0; i < batch->count; i++)
		if (!is_plain(batch->ids[i]))
			return 0;
	/* Where the org does not take such a filter (400), each is asked for by id. */
	return api_get(d, &api_people, batch_url(d, batch), refused, &taker);
}

static int read_one(struct directory *d, const char *id)
{
	if (api_get(d, &api_person, api_url(d, "/api/v1/users/%s", vendor_escape(&d->vendor, id)), missing,
		    NULL) < 0)
		return -1;
	if (d->vendor.answer.status == 404)
		return vendor_emit_gone(&d->vendor, id);
	/* An id is what was asked for: Okta also takes logins, and somebody else's may look like one. */
	if (!text_equal(value_id(d->vendor.answer.rest), id))
		return vendor_emit_gone(&d->vendor, id);
	return person_emit(d, d->vendor.answer.rest, false) < 0 ? -1 : 0;
}

static int read_assigned(struct directory *d, const char *id)
{
	if (api_get(d, &api_assignment,
		    api_url(d, "/api/v1/apps/%s/users/%s?expand=user", vendor_escape(&d->vendor, d->settings.application),
			    vendor_escape(&d->vendor, id)),
		    missing, NULL) < 0)
		return -1;
	if (d->vendor.answer.status == 404 || !text_equal(value_id(d->vendor.answer.rest), id))
		return vendor_emit_gone(&d->vendor, id);
	return person_emit_assigned(d, d->vendor.answer.rest, false) < 0 ? -1 : 0;
}

int named_people(struct directory *d, const char *const *ids)
{
	for (; d->settings.application && ids && *ids; ids++)
		if (read_assigned(d, *ids) < 0)
			return -1;
	while (ids && *ids) {
		struct batch batch = { .directory = d, .ids = ids };

		while (batch.count < TOGETHER_MOST && ids[batch.count])
			batch.count++;
		if (batch.count > 1 && read_together(&batch) < 0)
			return -1;
		for (size_t i = 0; i < batch.count; i++)
			if (!batch.seen[i] && read_one(d, ids[i]) < 0)
				return -1;
		ids += batch.count;
	}
	return 0;
}

/* What is not read by a listing of all is not read here either. */
static int read_group(struct directory *d, const char *id)
{
	struct place *place = &d->place;
	int given;

	if (strlen(id) > PLACE_ID_MOST)
		return vendor_emit_group_gone(&d->vendor, id);
	if (api_get(d, &api_members, api_url(d, "/api/v1/groups/%s", vendor_escape(&d->vendor, id)), missing,
		    NULL) < 0)
		return -1;
	if (d->vendor.answer.status == 404 || !text_equal(value_id(d->vendor.answer.rest), id))
		return vendor_emit_group_gone(&d->vendor, id);
	given = group_emit(d, d->vendor.answer.rest, false);
	if (given <= 0)
		return given < 0 ? -1 : vendor_emit_group_gone(&d->vendor, id);
	*place = (struct place){ .scope = ROSTER_NAMED, .stage = STAGE_GROUPS, .group_count = 1 };
	strcpy(place->groups[0], id);
	while (place->group_at < place->group_count)
		if (listing_members_page(d) < 0)
			return -1;
	return 0;
}

int named_page(struct directory *d, const struct roster_ask *ask)
{
	d->attributes = ask->attributes;
	if (named_people(d, ask->named) < 0)
		return -1;
	for (const char *const *id = ask->named_groups; id && *id; id++)
		if (read_group(d, *id) < 0)
			return -1;
	return 0;
}
