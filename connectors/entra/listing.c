/* Reading everybody and what changed, both by delta queries.
 *
 * The first round of a delta query shows every object and ends with a link at which the changes since begin;
 * so nothing that happens while we read is lost, which a plain listing could not promise, for Graph answers
 * from many copies of the directory. A round is whole when its last page has that link. */
#include "entra/listing.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "common/sign.h"
#include "entra/api.h"
#include "entra/named.h"
#include "entra/person.h"

enum {
	ROUND_MS = 20000,	   /* a call that has taken so long ends its page */
	PAGE_ELEMENTS_MOST = 5000, /* people of a page who have to be asked for again */
	PAGE_TELLS = 3,		   /* ids of a page that is known by them */
};

/* A page being read. */
struct reading {
	struct directory *directory;
	unsigned long long people, groups, members;
	unsigned long long ids, mark; /* how many ids the page has, and a hash of them in their order */
	const char **poor;	      /* people of whom too little was told, ends with NULL */
	size_t poor_count;
};

static void begin_page(void *context)
{
	struct reading *reading = context;

	reading->people = reading->groups = reading->members = 0;
	reading->ids = reading->mark = 0;
	reading->poor_count = 0;
}

/* FNV-1a: what a ring of pages is known by need not be secret. */
static void note_id(struct reading *reading, const char *id)
{
	unsigned long long hash = reading->ids++ > 0 ? reading->mark : 14695981039346656037ull;

	for (; *id; id++)
		hash = (hash ^ (unsigned char)*id) * 1099511628211ull;
	reading->mark = (hash ^ '\n') * 1099511628211ull;
}

/* ---- people ---- */

static int take_gone_person(struct directory *d, const char *id)
{
	if (d->place.scope == ROSTER_CHANGED)
		return vendor_emit_gone(&d->vendor, id);
	place_leave(&d->place, LEFT_PERSON, id, NULL);
	return 0;
}

static int keep_poor(struct reading *reading, const char *id)
{
	struct directory *d = reading->directory;

	if (reading->poor_count == PAGE_ELEMENTS_MOST)
		return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_NONSENSE, 0,
						   "reading people: a page has more than %d",
						   PAGE_ELEMENTS_MOST);
	reading->poor[reading->poor_count++] = arena_text(d->vendor.page, id);
	return 0;
}

static int take_person(void *context, const struct json_node *user, struct error *e)
{
	struct reading *reading = context;
	struct directory *d = reading->directory;
	const char *id = value_id(user);
	int given;

	if (id)
		note_id(reading, id);
	if (id && person_is_removed(user))
		return take_gone_person(d, id) < 0 ? vendor_refused(e) : 0;
	if (id)
		place_take_back(&d->place, LEFT_PERSON, id, NULL);
	if (id && d->place.scope == ROSTER_CHANGED && !person_is_complete(d, user))
		return keep_poor(reading, id) < 0 ? vendor_refused(e) : 0;
	given = person_emit(d, user, d->place.scope == ROSTER_ALL);
	if (given < 0)
		return vendor_refused(e);
	reading->people += (unsigned)given;
	return 0;
}

/* ---- groups ---- */

static int take_gone_group(struct directory *d, const char *id)
{
	if (d->place.scope == ROSTER_CHANGED) {
		place_take_back(&d->place, LEFT_MEMBER, id, NULL);
		return vendor_emit_group_gone(&d->vendor, id);
	}
	place_leave(&d->place, LEFT_GROUP, id, NULL);
	return 0;
}

/* That a membership has ended: said at the end of a reading of what changed; in one of all the group is
 * looked at afterwards. */
static void take_gone_member(struct directory *d, const char *group, const char *member)
{
	if (d->place.scope == ROSTER_CHANGED)
		place_leave(&d->place, LEFT_MEMBER, group, member);
	else
		place_read_again(&d->place, group);
}

static int take_members(struct reading *reading, const char *group, const struct json_node *members)
{
	struct directory *d = reading->directory;

	for (const struct json_node *member = json_node_first(members); member;
	     member = json_node_next(members, member)) {
		const char *id = value_id(member);

		if (!id)
			continue;
		note_id(reading, id);
		if (!group_member_counts(member))
			continue;
		if (person_is_removed(member)) {
			take_gone_member(d, group, id);
			continue;
		}
		place_take_back(&d->place, LEFT_MEMBER, group, id);
		if (d->vendor.caller.host->emit_member(d->vendor.caller.call, group, id) < 0)
			return -1;
		reading->members++;
	}
	return 0;
}

/* Of a group that has changed too little may be told: its name is missing, or it may be one that was not read
 * before. */
static int take_changed_group(struct directory *d, const struct json_node *group, const char *id)
{
	bool chosen = settings_choose_groups(&d->settings);

	if (!json_node_member(group, "displayName") || (chosen && group_is_wanted(d, group))) {
		place_read_again(&d->place, id);
		return 0;
	}
	if (chosen)
		return vendor_emit_group_gone(&d->vendor, id) < 0 ? -1 : 0;
	return group_emit(d, group, true);
}

static int take_listed_group(struct directory *d, const struct json_node *group)
{
	return group_is_wanted(d, group) ? group_emit(d, group, false) : 0;
}

static int take_group(void *context, const struct json_node *group, struct error *e)
{
	struct reading *reading = context;
	struct directory *d = reading->directory;
	const char *id = value_id(group);
	int given;

	if (id)
		note_id(reading, id);
	if (id && person_is_removed(group))
		return take_gone_group(d, id) < 0 ? vendor_refused(e) : 0;
	if (id)
		place_take_back(&d->place, LEFT_GROUP, id, NULL);
	given = id && d->place.scope == ROSTER_CHANGED ? take_changed_group(d, group, id)
						       : take_listed_group(d, group);
	if (given < 0 ||
	    (given > 0 && take_members(reading, id, json_node_member(group, "members@delta")) < 0))
		return vendor_refused(e);
	reading->groups += (unsigned)given;
	return 0;
}

/* ---- pages ---- */

/* A ring of pages would be read for ever. A page is known by all of its ids, since single ones come again,
 * and a group with many members fills several pages in a row; one with few of them is known by the link to
 * the next. */
static int go_on(struct directory *d, const struct api_subject *subject, const struct reading *reading,
		 const char *next)
{
	struct place *place = &d->place;
	char mark[SIGN_HASH_SIZE];
	const char *why = NULL;
	struct error e;

	if (reading->ids >= PAGE_TELLS)
		snprintf(mark, sizeof(mark), "%016llx", reading->mark);
	else if (sign_hash(next, mark, &e) < 0)
		why = e.text;
	if (!why)
		why = chain_page(&place->chain, d->vendor.answer.elements > 0 ? mark : NULL);
	if (!why && place->pages > PLACE_PAGES_MOST)
		why = "it has no end";
	if (why)
		return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_NONSENSE, 0,
						   "%s, page %llu: %s", subject->doing, place->pages, why);
	strcpy(place->url, next);
	return 0;
}

static void begin_groups(struct directory *d)
{
	struct place *place = &d->place;

	place->chain = (struct chain){ 0 };
	strcpy(place->url, place->groups_url);
	place->groups_url[0] = '\0';
	place->stage = d->settings.groups ? STAGE_GROUPS : STAGE_DONE;
}

static void end_groups(struct directory *d)
{
	struct place *place = &d->place;

	place->chain = (struct chain){ 0 };
	place->url[0] = '\0';
	place->stage = place->scope == ROSTER_CHANGED ? STAGE_AGAIN : STAGE_DONE;
}

/* The page has a link to the next one, or one at which the changes since begin; without either it was cut. */
static int keep_link(struct directory *d, const struct api_subject *subject, const struct reading *reading,
		     char since[LINK_URL_MOST])
{
	char *next = arena_take(d->vendor.page, LINK_URL_MOST);
	int found = api_link(d, subject, "@odata.nextLink", next);
	char trace[FETCH_WORD_MOST + 16];

	if (found != 0)
		return found < 0 ? -1 : go_on(d, subject, reading, next);
	found = api_link(d, subject, "@odata.deltaLink", since);
	if (found == 0)
		return d->vendor.caller.host->fail(
			d->vendor.caller.call, ROSTER_NONSENSE, 0,
			"%s, page %llu: Graph says neither where the next page is nor that "
			"it was the last one%s",
			subject->doing, d->place.pages, fetch_trace(&d->vendor.answer, trace));
	if (found < 0)
		return -1;
	if (d->place.stage == STAGE_PEOPLE)
		begin_groups(d);
	else
		end_groups(d);
	return 0;
}

static int people_page(struct directory *d)
{
	struct place *place = &d->place;
	struct reading reading = { .directory = d };
	const struct api_question question = {
		.url = place->url[0] ? place->url : api_url(d, "/users/delta?$select=%s", d->select),
		.array = "value",
		.take = take_person,
		.begin = begin_page,
		.context = &reading,
	};

	reading.poor = arena_array(d->vendor.page, PAGE_ELEMENTS_MOST + 1, sizeof(*reading.poor));
	d->vendor.caller.host->step(d->vendor.caller.call, "reading people, page %llu, %llu so far",
				    place->pages + 1, place->people);
	if (api_ask(d, &api_people, &question) < 0)
		return -1;
	place->pages++;
	place->people += reading.people + reading.poor_count;
	if (keep_link(d, &api_people, &reading, place->people_next) < 0)
		return -1;
	reading.poor[reading.poor_count] = NULL;
	return named_people(d, reading.poor);
}

static int groups_page(struct directory *d)
{
	struct place *place = &d->place;
	struct reading reading = { .directory = d };
	const struct api_question question = {
		.url = place->url[0] ? place->url
				     : api_url(d, "/groups/delta?$select=%s,members", group_select),
		.array = "value",
		.take = take_group,
		.begin = begin_page,
		.context = &reading,
	};

	d->vendor.caller.host->step(d->vendor.caller.call,
				    "reading groups, page %llu, %llu memberships so far", place->pages + 1,
				    place->members);
	if (api_ask(d, &api_groups, &question) < 0)
		return -1;
	place->pages++;
	place->groups += reading.groups;
	place->members += reading.members;
	return keep_link(d, &api_groups, &reading, place->groups_next);
}

/* One group that is read whole, the last one first. */
static int again_page(struct directory *d)
{
	struct place *place = &d->place;
	char id[PLACE_GUID_LETTERS + 1];

	if (place->again_count == 0) {
		place->stage = STAGE_DONE;
		return 0;
	}
	place_guid_text(&place->again[--place->again_count], id);
	place_take_back(place, LEFT_MEMBER, id, NULL);
	return named_group(d, id);
}

static int one_page(struct directory *d)
{
	switch (d->place.stage) {
	case STAGE_PEOPLE:
		return people_page(d);
	case STAGE_GROUPS:
		return groups_page(d);
	default:
		return again_page(d);
	}
}

/* ---- beginning and end ---- */

/* Who went while everybody was read. */
static int emit_left(struct directory *d)
{
	struct place *place = &d->place;

	for (size_t i = 0; i < place->left_count;) {
		const struct left *left = &place->left[i];
		char id[PLACE_GUID_LETTERS + 1];

		place_guid_text(&left->id, id);
		if (left->kind == LEFT_MEMBER) {
			i++;
			continue;
		}
		if ((left->kind == LEFT_PERSON ? vendor_emit_gone(&d->vendor, id)
					       : vendor_emit_group_gone(&d->vendor, id)) < 0)
			return -1;
		place_take_back(place, left->kind, id, NULL);
	}
	return 0;
}

static int begin(struct directory *d, const struct roster_ask *ask)
{
	struct place *place = &d->place;

	if (ask->cursor && place_read(ask->cursor, ask->cursor_size, place) == 0 &&
	    place->scope == ask->scope)
		return place->scope == ROSTER_CHANGED ? emit_left(d) : 0;
	if (ask->cursor || ask->scope == ROSTER_CHANGED)
		return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_LOST_PLACE, 0,
						   "the place in the tenant is not known here");
	memset(place, 0, sizeof(*place));
	place->scope = ROSTER_ALL;
	place->stage = STAGE_PEOPLE;
	return 0;
}

static int give_cursor(struct directory *d)
{
	__attribute__((cleanup(buffer_close))) struct buffer b;

	buffer_open(&b, ROSTER_CURSOR_MOST);
	place_write(&d->place, &b);
	return vendor_cursor(&d->vendor, &b);
}

static int emit_ended_memberships(struct directory *d)
{
	const struct place *place = &d->place;

	for (size_t i = 0; i < place->left_count; i++) {
		char group[PLACE_GUID_LETTERS + 1], member[PLACE_GUID_LETTERS + 1];

		place_guid_text(&place->left[i].id, group);
		place_guid_text(&place->left[i].member, member);
		if (d->vendor.caller.host->emit_member_gone(d->vendor.caller.call, group, member) < 0)
			return -1;
	}
	d->place.left_count = d->place.left_weight = 0;
	return 0;
}

static void say_whole(struct directory *d)
{
	const struct place *place = &d->place;
	const struct fetch_caller *caller = &d->vendor.caller;

	caller->host->prove(caller->call, "pages", ROSTER_HELD, NULL,
			    "%llu pages, and the last one of each round says where the changes since begin",
			    place->pages);
	if (place->people == 0) {
		caller->host->prove(caller->call, "shown", ROSTER_MISSING, NULL,
				    "Graph shows nobody who is read; see \"guests\" and \"disabled\"");
		caller->host->incomplete(caller->call, "Graph shows nobody who is read");
		return;
	}
	caller->host->whole(
		caller->call,
		"%llu people, %llu records of groups with %llu memberships in %llu pages, each round "
		"to its end",
		place->people, place->groups, place->members, place->pages);
}

static int finish(struct directory *d)
{
	struct place *place = &d->place;
	const struct fetch_caller *caller = &d->vendor.caller;

	vendor_note_requests(&d->vendor, place->requests);
	if (place->scope == ROSTER_ALL)
		say_whole(d);
	else if (emit_ended_memberships(d) < 0)
		return -1;
	if (place->lost) {
		caller->host->note(
			caller->call,
			"so much went while everybody was read that the next reading is of all again");
		return 0;
	}
	place_turn(place);
	return give_cursor(d);
}

int listing_page(struct directory *d, const struct roster_ask *ask)
{
	const struct roster_host *host = d->vendor.caller.host;
	struct place *place = &d->place;
	int64_t until_ms = host->left_ms(d->vendor.caller.call) - ROUND_MS;
	uint64_t before = fetch_figures(d->vendor.fetch)->requests;
	unsigned long long most;

	if (begin(d, ask) < 0)
		return -1;
	most = place->people + place->members + (unsigned)(ask->page_most > 0 ? ask->page_most : 1);
	do {
		if (one_page(d) < 0)
			return -1;
		/* What fits nowhere could be told wrongly. */
		if (place->lost && place->scope == ROSTER_CHANGED)
			return host->fail(d->vendor.caller.call, ROSTER_LOST_PLACE, 0,
					  "more went at once than is kept in mind: everybody is read");
	} while (place->stage != STAGE_DONE && place->people + place->members < most &&
		 host->left_ms(d->vendor.caller.call) > until_ms);
	place->requests += fetch_figures(d->vendor.fetch)->requests - before;
	if (place->stage == STAGE_DONE)
		return finish(d);
	return give_cursor(d) < 0 ? -1 : 1;
}
