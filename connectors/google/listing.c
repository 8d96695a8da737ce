/* Reading everybody: people, groups, and the members of each group; and what changed.
 *
 * A list is whole when its last page has no token of a next one. Groups do not say who is in them: each is
 * asked for. Google has no list of what changed either, but says what administrators did (feed): whom that
 * was about is looked at (changed). */
#include "google/listing.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "google/api.h"
#include "google/changed.h"
#include "google/feed.h"
#include "google/person.h"

enum {
	ROUND_MS = 20000,	/* a call that has taken so long ends its page */
	GROUPS_PAGE_MOST = 200, /* groups or members that Google gives at once */
};

/* A page being read. */
struct reading {
	struct directory *directory;
	const char *group; /* whose members these are */
	unsigned long long given, everybody;
	char first[CHAIN_MARK_SIZE];
};

static void begin_page(void *context)
{
	struct reading *reading = context;

	reading->given = reading->everybody = 0;
	reading->first[0] = '\0';
}

static void begin_groups(void *context)
{
	struct reading *reading = context;

	begin_page(reading);
	reading->directory->place.group_at = reading->directory->place.group_count = 0;
}

static void remember_first(struct reading *reading, const char *id)
{
	if (!reading->first[0] && id)
		snprintf(reading->first, sizeof(reading->first), "%s", id);
}

/* All of a listing are of one account: which it is proves the listing. */
static int remember_account(struct directory *d, const struct json_node *user)
{
	struct place *place = &d->place;
	const char *account = json_node_member_text(user, "customerId");

	if (!account || strlen(account) > PLACE_ID_MOST || !text_is_printable(account, strlen(account)))
		return 0;
	if (!place->account[0])
		strcpy(place->account, account);
	if (text_equal(place->account, account))
		return 0;
	return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_NONSENSE, 0,
					   "reading people: Google shows people of two accounts, %s and %s",
					   place->account, account);
}

static int take_person(void *context, const struct json_node *user, struct error *e)
{
	struct reading *reading = context;
	int given;

	remember_first(reading, value_id(user));
	if (remember_account(reading->directory, user) < 0)
		return vendor_refused(e);
	given = person_emit(reading->directory, user, true);
	if (given < 0)
		return vendor_refused(e);
	reading->given += (unsigned)given;
	return 0;
}

static int keep_group(struct directory *d, const char *id)
{
	struct place *place = &d->place;

	if (place->group_count == PLACE_GROUPS_MOST)
		return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_NONSENSE, 0,
						   "reading groups: more came than were asked for");
	strcpy(place->groups[place->group_count++], id); /* group_emit refuses longer ones */
	return 0;
}

static int take_group(void *context, const struct json_node *group, struct error *e)
{
	struct reading *reading = context;
	const char *id = value_id(group);
	int given = group_emit(reading->directory, group);

	remember_first(reading, id);
	if (given < 0 || (given > 0 && keep_group(reading->directory, id) < 0))
		return vendor_refused(e);
	reading->given += (unsigned)given;
	return 0;
}

/* People and groups; who is of another account has an id that nobody here has, or none. That everybody of the
 * account is a member is said of no one. */
static int take_member(void *context, const struct json_node *member, struct error *e)
{
	struct reading *reading = context;
	struct directory *d = reading->directory;
	const char *id = value_id(member);

	remember_first(reading, id);
	if (text_equal_nocase(json_node_member_text(member, "type"), "CUSTOMER")) {
		reading->everybody++;
		return 0;
	}
	if (!id)
		return 0;
	if (d->vendor.caller.host->emit_member(d->vendor.caller.call, reading->group, id) < 0)
		return vendor_refused(e);
	reading->given++;
	return 0;
}

/* ---- pages ---- */

static int page_size(const struct directory *d)
{
	return d->settings.page_size < GROUPS_PAGE_MOST ? d->settings.page_size : GROUPS_PAGE_MOST;
}

static int next_page(struct directory *d, const struct api_subject *subject, const struct reading *reading)
{
	return api_next(d, subject, &d->place.chain, reading->first[0] ? reading->first : NULL,
			d->place.token);
}

static int people_page(struct directory *d)
{
	struct place *place = &d->place;
	struct reading reading = { .directory = d };
	const struct api_taker taker = { take_person, begin_page, &reading };
	const char *url = arena_format(
		d->vendor.page,
		"%s&maxResults=%d&showDeleted=false&projection=%s&fields=kind,nextPageToken,users(%s)%s",
		api_list(d, "users"), d->settings.page_size, d->projection, d->fields,
		api_token(d, place->token));
	int more;

	d->vendor.caller.host->step(d->vendor.caller.call, "reading people, page %llu, %llu so far",
				    place->pages + 1, place->people);
	if (api_get(d, &api_people, url, false, &taker) < 0)
		return -1;
	place->pages++;
	place->people += reading.given;
	more = next_page(d, &api_people, &reading);
	if (more == 0)
		place->stage = d->settings.groups ? STAGE_GROUPS : STAGE_DONE;
	return more < 0 ? -1 : 0;
}

static int groups_page(struct directory *d)
{
	struct place *place = &d->place;
	struct reading reading = { .directory = d };
	const struct api_taker taker = { take_group, begin_groups, &reading };
	const char *url =
		arena_format(d->vendor.page, "%s&maxResults=%d&fields=kind,nextPageToken,groups(%s)%s",
			     api_list(d, "groups"), page_size(d), group_fields, api_token(d, place->token));
	int more;

	place->group_at = place->group_count = 0;
	d->vendor.caller.host->step(d->vendor.caller.call, "reading groups, %llu so far", place->group_total);
	if (api_get(d, &api_groups, url, false, &taker) < 0)
		return -1;
	place->pages++;
	place->group_total += reading.given;
	more = next_page(d, &api_groups, &reading);
	if (more == 0 && place->group_count == 0)
		place->stage = STAGE_DONE;
	return more < 0 ? -1 : 0;
}

static void next_group(struct place *place)
{
	place->members_token[0] = '\0';
	place->members_chain = (struct chain){ 0 };
	place->group_at++;
}

/* Deleted since it was listed: whoever was in it is in it no more. A group that is new may be shown before
 * its members are: nobody leaves it for that. */
static int members_are_missing(struct directory *d, const char *group)
{
	const char *url =
		api_url(d, "/groups/%s?fields=kind,%s", vendor_escape(&d->vendor, group), group_fields);

	if (api_get(d, &api_group, url, true, NULL) < 0)
		return -1;
	if (d->vendor.answer.status != 404)
		return d->vendor.caller.host->fail(
			d->vendor.caller.call, ROSTER_TRY_LATER, 0,
			"reading members of groups: Google shows the group %.100s, but not its members",
			group);
	next_group(&d->place);
	return 0;
}

int listing_members_page(struct directory *d)
{
	struct place *place = &d->place;
	struct reading reading = { .directory = d, .group = place->groups[place->group_at] };
	const struct api_taker taker = { take_member, begin_page, &reading };
	const char *url =
		api_url(d, "/groups/%s/members?maxResults=%d&fields=kind,nextPageToken,members(id,type)%s",
			vendor_escape(&d->vendor, reading.group), page_size(d),
			api_token(d, place->members_token));
	int more;

	d->vendor.caller.host->step(d->vendor.caller.call, "reading members of groups, %llu so far",
				    place->members);
	if (api_get(d, &api_members, url, true, &taker) < 0)
		return -1;
	place->pages++;
	if (d->vendor.answer.status == 404)
		return members_are_missing(d, reading.group);
	place->members += reading.given;
	place->everybody += reading.everybody;
	more = api_next(d, &api_members, &place->members_chain, reading.first[0] ? reading.first : NULL,
			place->members_token);
	if (more == 0)
		next_group(place);
	return more < 0 ? -1 : 0;
}

/* The pages of groups end when the last one's members are read. */
static int groups_stage(struct directory *d)
{
	struct place *place = &d->place;

	if (place->group_at == place->group_count)
		return groups_page(d);
	if (listing_members_page(d) < 0)
		return -1;
	if (place->group_at == place->group_count && !place->token[0])
		place->stage = STAGE_DONE;
	return 0;
}

/* ---- beginning and end ---- */

static int begin(struct directory *d, const struct roster_ask *ask)
{
	struct place *place = &d->place;

	if (ask->cursor && place_read(ask->cursor, ask->cursor_size, place) == 0 &&
	    place->scope == ask->scope)
		return 0;
	if (ask->cursor || ask->scope == ROSTER_CHANGED)
		return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_LOST_PLACE, 0,
						   "the place in the account is not known here");
	memset(place, 0, sizeof(*place));
	place->scope = ROSTER_ALL;
	place->stage = STAGE_BEGIN;
	return 0;
}

static int begin_all(struct directory *d)
{
	d->place.stage = STAGE_PEOPLE;
	return feed_begin(d);
}

static int one_page(struct directory *d)
{
	switch (d->place.stage) {
	case STAGE_BEGIN:
		return begin_all(d);
	case STAGE_PEOPLE:
		return people_page(d);
	case STAGE_GROUPS:
		return groups_stage(d);
	case STAGE_EVENTS:
	case STAGE_IN_GROUPS:
		return feed_page(d);
	case STAGE_DELETED:
		return changed_deleted_page(d);
	case STAGE_DUE:
		return changed_people(d);
	default:
		return changed_group(d);
	}
}

static int give_cursor(struct directory *d, bool last)
{
	__attribute__((cleanup(buffer_close))) struct buffer b;

	buffer_open(&b, ROSTER_CURSOR_MOST);
	(last ? place_write_next : place_write)(&d->place, &b);
	return vendor_cursor(&d->vendor, &b);
}

/* A super administrator sees everybody; a role may be for some units alone, and Google then shows fewer
 * people without a word. Whoever becomes the second after the first sees less, perhaps; the other way round
 * nobody is hidden. */
static int prove_rights(struct directory *d)
{
	const struct fetch_caller *caller = &d->vendor.caller;
	const char *url = api_url(d, "/users/%s?fields=kind,id,isAdmin",
				  vendor_escape(&d->vendor, d->settings.administrator));
	const struct json_node *super;

	if (api_get(d, &api_person, url, true, NULL) < 0)
		return -1;
	super = d->vendor.answer.status == 200 ? json_node_member(d->vendor.answer.rest, "isAdmin") : NULL;
	if (super && super->type == JSON_NODE_BOOL)
		caller->host->prove(caller->call, "rights", ROSTER_NO_MORE, super->truth ? "0" : "1",
				    super->truth ? "\"administrator\" is a super administrator"
						 : "\"administrator\" has a role, which may be for a part "
						   "of the account alone");
	else
		caller->host->prove(caller->call, "rights", ROSTER_UNTOLD, NULL,
				    "Google does not say what \"administrator\" may see");
	return 0;
}

static int prove(struct directory *d)
{
	const struct place *place = &d->place;
	const struct fetch_caller *caller = &d->vendor.caller;
	const char *domain = d->settings.domain;

	if (prove_rights(d) < 0)
		return -1;
	caller->host->prove(caller->call, "pages", ROSTER_HELD, NULL,
			    "%llu pages, and the last one of each list has no token of a next one",
			    place->pages);
	if (place->account[0])
		caller->host->prove(caller->call, "bases", ROSTER_SAME,
				    arena_format(d->vendor.page, "%s %.250s", place->account,
						 domain ? domain : "*"),
				    "the account is %s%s%.250s", place->account, domain ? ", of it " : "",
				    domain ? domain : "");
	else
		caller->host->prove(caller->call, "bases", ROSTER_UNTOLD, NULL,
				    "Google does not say which account it is");
	if (place->people == 0)
		caller->host->prove(caller->call, "shown", ROSTER_MISSING, NULL,
				    "Google shows nobody who is read; see \"domain\" and \"org_units\"");
	return 0;
}

static int say_whole(struct directory *d)
{
	const struct place *place = &d->place;
	const struct fetch_caller *caller = &d->vendor.caller;

	if (prove(d) < 0)
		return -1;
	if (place->people == 0)
		caller->host->incomplete(caller->call, "Google shows nobody who is read");
	else
		caller->host->whole(caller->call,
				    "%llu people, %llu groups with %llu memberships in %llu pages, each list "
				    "to its end",
				    place->people, place->group_total, place->members, place->pages);
	return 0;
}

static int finish(struct directory *d)
{
	const struct place *place = &d->place;
	const struct fetch_caller *caller = &d->vendor.caller;

	if (place->scope == ROSTER_ALL && say_whole(d) < 0)
		return -1;
	vendor_note_requests(&d->vendor, place->requests);
	if (place->everybody > 0)
		caller->host->note(
			caller->call,
			"%llu groups have everybody of the account as a member, which makes nobody "
			"one of their members here",
			place->everybody);
	return place->begun_s > 0 ? give_cursor(d, true) : 0;
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
	} while (place->stage != STAGE_DONE && place->people + place->members < most &&
		 host->left_ms(d->vendor.caller.call) > until_ms);
	place->requests += fetch_figures(d->vendor.fetch)->requests - before;
	if (place->stage == STAGE_DONE)
		return finish(d);
	return give_cursor(d, false) < 0 ? -1 : 1;
}
