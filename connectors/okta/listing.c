/* Reading everybody: people, deactivated people, groups, and the members of each group.
 *
 * Okta gives pages with a link to the next one; a listing is whole when each of these chains has ended
 * without one. The plain list of people leaves out who is deactivated, so they are asked for apart. Groups do
 * not say who is in them: each is asked for. */
#include "okta/listing.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/text.h"
#include "okta/api.h"
#include "okta/log.h"
#include "okta/person.h"

enum {
	OVERLAP_S = 120,    /* what changed is read again so far back: the org's clocks, and what was being
			       written just then */
	OVERLAP_TOLD_S = 5, /* the same where the System Log tells what changed */
	ROUND_MS = 20000,   /* a call that has taken so long ends its page */
	USERS_MOST = 200, ASSIGNED_MOST = 500, /* that Okta gives at once, of everybody and of an application */
};

/* A page being read. */
struct reading {
	struct directory *directory;
	const char *group; /* whose members these are */
	unsigned long long given, seen;
	char first[CHAIN_MARK_SIZE];
};

/* A page of groups: those whose members are all read stand in the place. */
struct group_page {
	struct reading reading;
	const char *partial[PLACE_PAIRS_MOST]; /* those of which only what the log tells of is read */
	size_t partial_count;
};

static void begin_page(void *context)
{
	struct reading *reading = context;

	reading->given = reading->seen = 0;
	reading->first[0] = '\0';
}

static void remember_first(struct reading *reading, const struct json_node *record)
{
	const char *id = value_id(record);

	if (!reading->first[0] && id)
		snprintf(reading->first, sizeof(reading->first), "%s", id);
}

static int take_person(void *context, const struct json_node *user, struct error *e)
{
	struct reading *reading = context;
	struct directory *d = reading->directory;
	int given;

	remember_first(reading, user);
	reading->seen++;
	given = d->settings.application ? person_emit_assigned(d, user, d->place.scope == ROSTER_ALL)
					: person_emit(d, user, d->place.scope == ROSTER_ALL);
	if (given < 0)
		return vendor_refused(e);
	reading->given += (unsigned)given;
	return 0;
}

/* Requests that reading all members takes; Okta says how many there are if it is asked. 0: it has not said.
 */
static int64_t pages_of(const struct directory *d, const struct json_node *group)
{
	const struct json_node *stats = json_node_member(json_node_member(group, "_embedded"), "stats");
	int64_t members, size = d->settings.member_page_size;

	if (json_node_int(json_node_member(stats, "usersCount"), &members) < 0 || members < 0)
		return 0;
	return members / size + 1;
}

/* Whether the few memberships that the log tells of are asked about one by one, which must be cheaper than
 * reading all, and the log must have told of all. */
static bool goes_by_pairs(const struct directory *d, const struct json_node *group, const char *id)
{
	const struct place *place = &d->place;
	const char *updated = json_node_member_text(group, "lastUpdated");
	size_t pairs = log_pairs_of(d, id);

	return place->scope == ROSTER_CHANGED && !place->log_unread && pairs > 0 &&
	       (int64_t)pairs < pages_of(d, group) && updated && strcmp(updated, place->since) <= 0;
}

static int keep_group(struct group_page *page, const char *id)
{
	struct directory *d = page->reading.directory;
	struct place *place = &d->place;

	if (place->group_count == PLACE_GROUPS_MOST || strlen(id) > PLACE_ID_MOST)
		return d->vendor.caller.host->fail(
			d->vendor.caller.call, ROSTER_NONSENSE, 0,
			"reading groups: more came than were asked for, or an id is too long");
	strcpy(place->groups[place->group_count++], id);
	return 0;
}

static int take_group(void *context, const struct json_node *group, struct error *e)
{
	struct group_page *page = context;
	struct directory *d = page->reading.directory;
	const char *id = value_id(group);
	bool partial = id && goes_by_pairs(d, group, id);
	int given;

	remember_first(&page->reading, group);
	page->reading.seen++;
	given = group_emit(d, group, partial);
	if (given < 0)
		return vendor_refused(e);
	if (given == 0 || !id)
		return 0;
	page->reading.given++;
	if (partial && page->partial_count < PLACE_PAIRS_MOST) {
		page->partial[page->partial_count++] = arena_text(d->vendor.page, id);
		return 0;
	}
	return keep_group(page, id) < 0 ? vendor_refused(e) : 0;
}

static void begin_groups(void *context)
{
	struct group_page *page = context;

	begin_page(&page->reading);
	page->partial_count = 0;
	page->reading.directory->place.group_at = page->reading.directory->place.group_count = 0;
}

static int take_member(void *context, const struct json_node *user, struct error *e)
{
	struct reading *reading = context;
	struct directory *d = reading->directory;
	const char *id = value_id(user);

	remember_first(reading, user);
	reading->seen++;
	if (!id)
		return 0; /* refused where people are read */
	if (d->vendor.caller.host->emit_member(d->vendor.caller.call, reading->group, id) < 0)
		return vendor_refused(e);
	reading->given++;
	return 0;
}

/* ---- time ---- */

static void put_time(int64_t seconds, char ret[PLACE_TIME_SIZE])
{
	time_t at = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&at, &tm))
		strftime(ret, PLACE_TIME_SIZE, "%Y-%m-%dT%H:%M:%S.000Z", &tm);
}

/* The org's own clock, by the answer that came first; less what is read again. */
static void note_begin(struct directory *d)
{
	struct place *place = &d->place;

	if (place->begun[0] || d->vendor.answer.limits.date < OVERLAP_S)
		return;
	put_time(d->vendor.answer.limits.date - OVERLAP_S, place->begun);
	put_time(d->vendor.answer.limits.date - OVERLAP_TOLD_S, place->looked);
}

/* ---- pages ---- */

static int keep_next(struct directory *d, const struct api_subject *subject, const struct reading *reading,
		     struct chain *chain, char *url)
{
	const char *why;
	int more = api_next(d, subject);

	if (more < 0)
		return -1;
	if (more == 0) {
		url[0] = '\0';
		*chain = (struct chain){ 0 };
		return 0;
	}
	why = chain_page(chain, reading->first[0] ? reading->first : NULL);
	if (why)
		return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_NONSENSE, 0,
						   "%s, page %llu: %s", subject->doing, d->place.pages, why);
	strcpy(url, d->vendor.answer.next);
	return 1;
}

/* An answer without the array is no page: whoever believed it would see nobody. */
static int must_be_array(struct directory *d, const struct api_subject *subject)
{
	if (d->vendor.answer.rest->type == JSON_NODE_ARRAY)
		return 0;
	return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_NONSENSE, 0,
					   "%s: Okta answers something that is no list", subject->doing);
}

static const char *people_url(struct directory *d)
{
	const struct place *place = &d->place;
	int size = d->settings.page_size;

	if (place->url[0])
		return place->url;
	if (d->settings.application)
		return api_url(d, "/api/v1/apps/%s/users?limit=%d&expand=user",
			       vendor_escape(&d->vendor, d->settings.application),
			       size < USERS_MOST ? size : ASSIGNED_MOST);
	if (place->stage == STAGE_FORMER)
		return api_url(d, "/api/v1/users?limit=%d&filter=%s", size,
			       vendor_escape(&d->vendor, "status eq \"DEPROVISIONED\""));
	if (place->scope == ROSTER_CHANGED)
		return api_url(d, "/api/v1/users?limit=%d&filter=%s", size,
			       vendor_escape(&d->vendor, arena_format(d->vendor.page, "lastUpdated gt \"%s\"",
								      place->since)));
	return api_url(d, "/api/v1/users?limit=%d", size);
}

/* Who came and went the log tells, without a gap; so what it has told of need not be read again. Its events
 * come late now and then: groups are looked at from the oldest of them on. */
static const char *groups_since(const struct place *place)
{
	const char *since = place->log_unread || !place->told[0] ? place->since : place->told;

	return place->oldest[0] && strcmp(place->oldest, since) < 0 ? place->oldest : since;
}

static const char *groups_url(struct directory *d)
{
	const struct place *place = &d->place;
	const char *filter = d->settings.group_filter;

	if (place->url[0])
		return place->url;
	if (place->scope == ROSTER_CHANGED)
		return api_url(
			d, "/api/v1/groups?limit=%d&expand=stats&filter=%s", d->settings.page_size,
			vendor_escape(
				&d->vendor,
				arena_format(
					d->vendor.page,
					"%s%s%s(lastUpdated gt \"%s\" or lastMembershipUpdated ge \"%s\")",
					filter ? "(" : "", filter ? filter : "", filter ? ") and " : "",
					place->since, groups_since(place))));
	if (!filter)
		return api_url(d, "/api/v1/groups?limit=%d", d->settings.page_size);
	return api_url(d, "/api/v1/groups?limit=%d&filter=%s", d->settings.page_size,
		       vendor_escape(&d->vendor, filter));
}

static enum stage after_people(const struct directory *d)
{
	return d->settings.groups ? STAGE_GROUPS : STAGE_DONE;
}

static int people_page(struct directory *d)
{
	struct place *place = &d->place;
	struct reading reading = { .directory = d };
	const struct api_taker taker = { take_person, begin_page, &reading };
	const struct api_subject *subject = d->settings.application ? &api_assigned : &api_people;
	bool former = place->stage == STAGE_FORMER;
	int more;

	d->vendor.caller.host->step(d->vendor.caller.call, "reading %s, page %llu, %llu so far",
				    former ? "deactivated people" : "people", place->pages + 1,
				    place->people + place->former);
	if (api_get(d, subject, people_url(d), NULL, &taker) < 0 || must_be_array(d, subject) < 0)
		return -1;
	note_begin(d);
	place->pages++;
	*(former ? &place->former : &place->people) += reading.given;
	more = keep_next(d, subject, &reading, &place->chain, place->url);
	/* Whoever is deactivated is assigned to nothing. */
	if (more == 0)
		place->stage = !former && place->scope == ROSTER_ALL && d->settings.former && !d->settings.application
				       ? STAGE_FORMER
				       : after_people(d);
	return more < 0 ? -1 : 0;
}

static int groups_page(struct directory *d)
{
	struct place *place = &d->place;
	struct group_page page = { .reading = { .directory = d } };
	const struct api_taker taker = { take_group, begin_groups, &page };
	int more;

	place->group_at = place->group_count = 0;
	d->vendor.caller.host->step(d->vendor.caller.call, "reading groups, %llu so far", place->group_total);
	if (api_get(d, &api_groups, groups_url(d), NULL, &taker) < 0 || must_be_array(d, &api_groups) < 0)
		return -1;
	note_begin(d);
	place->pages++;
	place->group_total += page.reading.given;
	more = keep_next(d, &api_groups, &page.reading, &place->chain, place->url);
	if (more < 0 || log_emit_pairs(d, page.partial, page.partial_count) < 0)
		return -1;
	if (more == 0 && place->group_count == 0)
		place->stage = STAGE_DONE;
	return 0;
}

static void next_group(struct place *place)
{
	place->members_url[0] = '\0';
	place->members_chain = (struct chain){ 0 };
	place->group_at++;
}

int listing_members_page(struct directory *d)
{
	static const int allowed[] = { 404, 0 };
	struct place *place = &d->place;
	struct reading reading = { .directory = d, .group = place->groups[place->group_at] };
	const struct api_taker taker = { take_member, begin_page, &reading };
	const char *url = place->members_url[0] ? place->members_url
						: api_url(d, "/api/v1/groups/%s/users?limit=%d",
							  vendor_escape(&d->vendor, reading.group),
							  d->settings.member_page_size);
	int more;

	d->vendor.caller.host->step(d->vendor.caller.call, "reading members of groups, %llu so far",
				    place->members);
	if (api_get(d, &api_members, url, allowed, &taker) < 0)
		return -1;
	place->pages++;
	if (d->vendor.answer.status ==
	    404) { /* deleted since it was listed: whoever was in it is in it no more */
		next_group(place);
		return 0;
	}
	if (must_be_array(d, &api_members) < 0)
		return -1;
	place->members += reading.given;
	more = keep_next(d, &api_members, &reading, &place->members_chain, place->members_url);
	if (more == 0)
		next_group(place);
	return more < 0 ? -1 : 0;
}

/* The pages of groups end when the last one's members are read. */
static int groups_stage(struct directory *d)
{
	struct place *place = &d->place;

	if (place->group_at < place->group_count) {
		if (listing_members_page(d) < 0)
			return -1;
		if (place->group_at == place->group_count && !place->url[0])
			place->stage = STAGE_DONE;
		return 0;
	}
	return groups_page(d);
}

static int one_page(struct directory *d)
{
	switch (d->place.stage) {
	case STAGE_LOG:
		return log_page(d);
	case STAGE_PEOPLE:
	case STAGE_FORMER:
		return people_page(d);
	default:
		return groups_stage(d);
	}
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
						   "the place in the org is not known here");
	*place = (struct place){ .scope = ROSTER_ALL, .stage = STAGE_PEOPLE };
	return 0;
}

static int give_cursor(struct directory *d, bool last)
{
	__attribute__((cleanup(buffer_close))) struct buffer b;

	buffer_open(&b, ROSTER_CURSOR_MOST);
	(last ? place_write_next : place_write)(&d->place, &b);
	return vendor_cursor(&d->vendor, &b);
}

/* Which org it is: anybody may ask, and it is counted for nothing. "": it does not say. */
static int read_org(struct directory *d, char ret[PLACE_ID_MOST + 1])
{
	static const int allowed[] = { 404, 0 };
	const char *id;

	if (api_get(d, &api_org, api_url(d, "/.well-known/okta-organization"), allowed, NULL) < 0)
		return -1;
	id = d->vendor.answer.status == 200 ? value_id(d->vendor.answer.rest) : NULL;
	snprintf(ret, PLACE_ID_MOST + 1, "%.100s", id ? id : "");
	return 0;
}

static int prove(struct directory *d)
{
	const struct fetch_caller *caller = &d->vendor.caller;
	char org[PLACE_ID_MOST + 1];

	if (read_org(d, org) < 0)
		return -1;
	caller->host->prove(caller->call, "pages", ROSTER_HELD, NULL,
			    "%llu pages, and the last one of each list has no link to a next one",
			    d->place.pages);
	if (org[0] && d->settings.application)
		caller->host->prove(caller->call, "bases", ROSTER_SAME,
				    arena_format(d->vendor.page, "%s %s", org, d->settings.application),
				    "the org is %s, and the application %.60s", org, d->settings.application);
	else if (org[0])
		caller->host->prove(caller->call, "bases", ROSTER_SAME, org, "the org is %s", org);
	else
		caller->host->prove(caller->call, "bases", ROSTER_UNTOLD, NULL,
				    "\"%.100s\" does not say which org it is", d->settings.org);
	if (d->vendor.oauth && oauth_scope(d->vendor.oauth)[0])
		caller->host->prove(caller->call, "rights", ROSTER_SAME, oauth_scope(d->vendor.oauth),
				    "the scopes are \"%s\"", oauth_scope(d->vendor.oauth));
	else
		caller->host->prove(caller->call, "rights", ROSTER_UNTOLD, NULL,
				    "Okta does not say which people whoever we sign in as may see");
	if (d->place.people == 0)
		caller->host->prove(
			caller->call, "shown", ROSTER_MISSING, NULL,
			"Okta shows nobody; may whoever we sign in as see people? See \"user_filter\" and \"application\", too");
	return 0;
}

static int say_whole(struct directory *d)
{
	const struct place *place = &d->place;
	const struct fetch_caller *caller = &d->vendor.caller;

	if (prove(d) < 0)
		return -1;
	if (place->people == 0)
		caller->host->incomplete(caller->call, "Okta shows nobody");
	else
		caller->host->whole(caller->call,
				    "%llu people, %llu deactivated, %llu groups with %llu memberships in "
				    "%llu pages, each list to its end",
				    place->people, place->former, place->group_total, place->members,
				    place->pages);
	return 0;
}

static void count_requests(struct directory *d, uint64_t before)
{
	d->place.requests += fetch_figures(d->vendor.fetch)->requests - before;
}

static int finish(struct directory *d)
{
	const struct place *place = &d->place;

	vendor_note_requests(&d->vendor, place->requests);
	if (place->scope == ROSTER_ALL && say_whole(d) < 0)
		return -1;
	/* Who came to an application, and who left it, changes nothing of the people themselves, and the log tells it by its own
	 * ids; so the next reading is of all again. */
	return place->begun[0] && !d->settings.application ? give_cursor(d, true) : 0;
}

int listing_page(struct directory *d, const struct roster_ask *ask)
{
	const struct roster_host *host = d->vendor.caller.host;
	int64_t until_ms = host->left_ms(d->vendor.caller.call) - ROUND_MS;
	uint64_t before = fetch_figures(d->vendor.fetch)->requests;
	unsigned long long most;

	d->attributes = ask->attributes;
	if (begin(d, ask) < 0)
		return -1;
	most = d->place.people + d->place.former + d->place.members +
	       (unsigned)(ask->page_most > 0 ? ask->page_most : 1);
	do {
		if (one_page(d) < 0)
			return -1;
	} while (d->place.stage != STAGE_DONE &&
		 d->place.people + d->place.former + d->place.members < most &&
		 host->left_ms(d->vendor.caller.call) > until_ms);
	count_requests(d, before);
	if (d->place.stage == STAGE_DONE)
		return finish(d);
	return give_cursor(d, false) < 0 ? -1 : 1;
}
