#include "google/changed.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "common/value.h"
#include "google/api.h"
#include "google/listing.h"
#include "google/person.h"

enum { TOGETHER = 25 }; /* people who are looked at before the time is looked at */

/* ---- who was deleted ---- */

/* A page of the list, which has whoever was deleted in the last weeks. */
struct deleted {
	struct directory *directory;
	struct due found[PLACE_DUE_MOST]; /* by id */
	bool is_clear[PLACE_DUE_MOST];	  /* of what is due: it is on the page */
	size_t found_count;
	char first[CHAIN_MARK_SIZE];
};

static void begin_deleted(void *context)
{
	struct deleted *page = context;

	memset(page->is_clear, 0, sizeof(page->is_clear));
	page->found_count = 0;
	page->first[0] = '\0';
}

/* Somebody may have had the address before, and been deleted as well: each of them is looked at. */
static int take_deleted(void *context, const struct json_node *user, struct error *e)
{
	struct deleted *page = context;
	struct place *place = &page->directory->place;
	const char *id = value_id(user), *address = json_node_member_text(user, "primaryEmail");

	(void)e;
	if (!page->first[0] && id && strlen(id) < sizeof(page->first))
		strcpy(page->first, id);
	for (size_t i = 0; id && address && i < place->due_count; i++) {
		if (place->due[i].kind != DUE_DELETED || !text_equal_nocase(place->due[i].key, address))
			continue;
		if (page->found_count == PLACE_DUE_MOST || strlen(id) > PLACE_ADDRESS_MOST)
			return 0; /* it stays due, and is not clear */
		page->is_clear[i] = true;
		page->found[page->found_count].kind = DUE_ID;
		strcpy(page->found[page->found_count++].key, id);
	}
	return 0;
}

static int note_found(struct directory *d, const struct deleted *page)
{
	struct place *place = &d->place;

	for (size_t i = 0; i < place->due_count; i++)
		if (page->is_clear[i])
			place->due[i].kind = DUE_NOTHING;
	if (page->found_count > PLACE_DUE_MOST - place->due_count)
		return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_LOST_PLACE, 0,
						   "more people were deleted than are looked at one by one: "
						   "everybody is read");
	memcpy(place->due + place->due_count, page->found, page->found_count * sizeof(*page->found));
	place->due_count += page->found_count;
	return 0;
}

static bool is_due(const struct place *place, enum due_kind kind)
{
	for (size_t i = 0; i < place->due_count; i++)
		if (place->due[i].kind == kind)
			return true;
	return false;
}

int changed_deleted_page(struct directory *d)
{
	struct place *place = &d->place;
	struct deleted *page = arena_take(d->vendor.page, sizeof(*page));
	const struct api_taker taker = { take_deleted, begin_deleted, page };
	const char *url;
	int more;

	if (!place->token[0] && !is_due(place, DUE_DELETED)) {
		place->stage = STAGE_DUE;
		return 0;
	}
	page->directory = d;
	url = arena_format(
		d->vendor.page,
		"%s&maxResults=%d&showDeleted=true&fields=kind,nextPageToken,users(id,primaryEmail)%s",
		api_list(d, "users"), d->settings.page_size, api_token(d, place->token));
	d->vendor.caller.host->step(d->vendor.caller.call, "reading who was deleted");
	if (api_get(d, &api_people, url, false, &taker) < 0)
		return -1;
	place->pages++;
	more = api_next(d, &api_people, &place->chain, page->first[0] ? page->first : NULL, place->token);
	if (more < 0 || note_found(d, page) < 0)
		return -1;
	if (more == 0)
		place->stage = STAGE_DUE;
	return 0;
}

/* ---- people ---- */

static const char *person_url(struct directory *d, const char *key)
{
	return api_url(d, "/users/%s?projection=%s&fields=kind,%s", vendor_escape(&d->vendor, key),
		       d->projection, d->fields);
}

/* An id is what is asked for, and nobody has another's. */
static int look_at_id(struct directory *d, const char *id)
{
	if (api_get(d, &api_person, person_url(d, id), true, NULL) < 0)
		return -1;
	if (d->vendor.answer.status != 200 || !text_equal(value_id(d->vendor.answer.rest), id))
		return vendor_emit_gone(&d->vendor, id);
	return person_emit(d, d->vendor.answer.rest, false);
}

/* Whoever has the address now is given as they are, be it somebody else than the event meant. */
static int look_at_address(struct directory *d, const struct due *due)
{
	int found = api_look(d, &api_person, person_url(d, due->key));

	if (found < 0)
		return -1;
	if (found > 0)
		return person_emit(d, d->vendor.answer.rest, false);
	if (due->kind != DUE_DELETED || !person_is_of_domain(&d->settings, due->key))
		return 0;
	return d->vendor.caller.host->fail(
		d->vendor.caller.call, ROSTER_LOST_PLACE, 0,
		"somebody was deleted, and Google does not say who it was: everybody is read");
}

static struct due *first_due(struct place *place, bool group)
{
	for (struct due *due = place->due; due < place->due + place->due_count; due++)
		if (due->kind != DUE_NOTHING && (due->kind == DUE_GROUP) == group)
			return due;
	return NULL;
}

int changed_people(struct directory *d)
{
	struct place *place = &d->place;
	struct due *due = first_due(place, false);

	d->vendor.caller.host->step(d->vendor.caller.call, "looking at people whom something happened to");
	for (int i = 0; i < TOGETHER && due; i++, due = first_due(place, false)) {
		if ((due->kind == DUE_ID ? look_at_id(d, due->key) : look_at_address(d, due)) < 0)
			return -1;
		due->kind = DUE_NOTHING;
		place->people++;
	}
	if (!due)
		place->stage = STAGE_DUE_GROUPS;
	return 0;
}

/* ---- groups ---- */

/* What was renamed is found by its new address, what was deleted has made everybody be read. */
static int look_at_group(struct directory *d, const char *key)
{
	struct place *place = &d->place;
	const char *url = api_url(d, "/groups/%s?fields=kind,%s", vendor_escape(&d->vendor, key),
				  group_fields),
		   *id;
	int found = api_look(d, &api_group, url), given;

	if (found <= 0)
		return found;
	id = arena_text(d->vendor.page, value_id(d->vendor.answer.rest));
	given = group_emit(d, d->vendor.answer.rest);
	if (given < 0)
		return -1;
	if (given == 0)
		return id ? vendor_emit_group_gone(&d->vendor, id) : 0;
	place->group_total++;
	place->group_at = 0;
	place->group_count = 1;
	strcpy(place->groups[0], id); /* group_emit refuses longer ones */
	return 0;
}

int changed_group(struct directory *d)
{
	struct place *place = &d->place;
	struct due *due = first_due(place, true);

	d->vendor.caller.host->step(d->vendor.caller.call, "looking at groups that something happened to");
	if (place->group_at < place->group_count)
		return listing_members_page(d);
	if (!due) {
		place->stage = STAGE_DONE;
		return 0;
	}
	due->kind = DUE_NOTHING;
	return look_at_group(d, due->key);
}
