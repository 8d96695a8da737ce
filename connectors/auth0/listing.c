/* Reading everybody.
 *
 * A search of users gives 1,000 at most, however it is paged. So each request is a search of its own: the
 * first 100 of those who were created when the last one of the request before was, or later. Nobody is passed
 * over if somebody is deleted meanwhile, which moves the others of a list by pages. Those who were created in
 * the very same millisecond are read by pages, up to Auth0's 1,000.
 *
 * That it is whole is shown by Auth0's own count at the end: no fewer may have come. Searches see what was
 * written a little later; so whom the log tells of, from some minutes before the beginning on, are looked at
 * one by one in the end, and whoever was deleted in these minutes is left out from the beginning.
 *
 * Of an organisation its members are listed by checkpoints, and each hundred of them is searched for. */
#include "auth0/listing.h"

#include <stdio.h>
#include <string.h>

#include "auth0/api.h"
#include "auth0/log.h"
#include "auth0/named.h"
#include "auth0/person.h"
#include "auth0/roles.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"

enum {
	SEARCH_MOST = 1000, /* results of one search, all its pages together */
	TOGETHER_MOST = 50, /* ids of one search: some 3 KiB of an address */
	ROUND_MS = 20000,   /* a call that has taken so long ends its page */
	DUE_TOGETHER = 25,  /* people who are looked at before the time is looked at */
};

struct reading {
	struct directory *directory;
	int64_t low_us;	 /* of the place; -1: none */
	int64_t last_us; /* when the last one was created */
	char last[PLACE_TIME_SIZE];
	unsigned long long seen, known, ties; /* known: created at `low`; ties: at `last` */
	bool disordered;
};

/* ---- everybody in the tenant ---- */

static void begin_people(void *context)
{
	struct reading *reading = context;

	reading->last_us = reading->low_us;
	reading->last[0] = '\0';
	reading->seen = reading->known = reading->ties = 0;
	reading->disordered = false;
}

static void note_time(struct reading *reading, const struct json_node *user)
{
	const char *created = json_node_member_text(user, "created_at");
	int64_t us;

	if (!created || strlen(created) >= PLACE_TIME_SIZE || strchr(created, '\n') ||
	    clock_parse(created, &us) < 0 || us < reading->last_us) {
		reading->disordered = true;
		return;
	}
	reading->known += us == reading->low_us;
	reading->ties = us == reading->last_us ? reading->ties + 1 : 1;
	reading->last_us = us;
	snprintf(reading->last, sizeof(reading->last), "%s", created);
}

static int take_person(void *context, const struct json_node *user, struct error *e)
{
	struct reading *reading = context;

	note_time(reading, user);
	reading->seen++;
	return person_emit(reading->directory, user, NULL) < 0 ? vendor_refused(e) : 0;
}

/* The place moves on behind a full page. */
static int move_on(struct directory *d, const struct reading *reading)
{
	struct place *place = &d->place;

	if (reading->disordered)
		return d->vendor.caller.host->fail(
			d->vendor.caller.call, ROSTER_NONSENSE, 0,
			"reading people, page %llu: they do not come in the order in which "
			"they were created",
			place->pages);
	if (reading->last_us > reading->low_us) {
		strcpy(place->low, reading->last);
		place->ties = reading->ties;
		place->tie_page = 0;
		return 0;
	}
	place->ties += place->tie_page > 0 ? reading->seen : 0;
	if ((++place->tie_page + 1) * API_PAGE <= SEARCH_MOST)
		return 0;
	return d->vendor.caller.host->fail(
		d->vendor.caller.call, ROSTER_NONSENSE, 0,
		"reading people: more than %d were created at \"%s\", and Auth0 shows no "
		"more of them",
		SEARCH_MOST, place->low);
}

static const char *search(struct directory *d)
{
	const struct place *place = &d->place;

	return vendor_escape(&d->vendor, arena_format(d->vendor.page, "created_at:[%s TO %s]",
						      place->low[0] ? place->low : "*", place->begun));
}

static int people_page(struct directory *d)
{
	struct place *place = &d->place;
	struct reading reading = { .directory = d, .low_us = -1 };
	const struct api_taker taker = { "users", take_person, begin_people, &reading };

	if (place->low[0] && clock_parse(place->low, &reading.low_us) < 0)
		return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_LOST_PLACE, 0,
						   "the place in the tenant is not known here");
	d->vendor.caller.host->step(d->vendor.caller.call, "reading people, page %llu, %llu so far",
				    place->pages + 1, place->people);
	if (api_get(d, &api_people,
		    api_url(d,
			    "users?q=%s&search_engine=v3&sort=created_at%%3A1&per_page=%d&page=%llu&"
			    "include_totals=true",
			    search(d), API_PAGE, place->tie_page),
		    NULL, &taker) < 0)
		return -1;
	place->pages++;
	/* Those who stood at the end of the page before stand at the beginning of this one. */
	place->people += reading.seen;
	if (place->tie_page == 0)
		place->people -= reading.known < place->ties ? reading.known : place->ties;
	if (reading.seen >= API_PAGE)
		return move_on(d, &reading);
	place->stage = STAGE_TOTAL;
	return 0;
}

static int total_page(struct directory *d)
{
	struct place *place = &d->place;
	int64_t total;

	place->low[0] = '\0';
	if (api_get(d, &api_people,
		    api_url(d, "users?q=%s&search_engine=v3&per_page=1&page=0&include_totals=true",
			    search(d)),
		    NULL, &(struct api_taker){ .array = "users" }) < 0)
		return -1;
	place->pages++;
	if (json_node_int(json_node_member(d->vendor.answer.rest, "total"), &total) < 0 || total < 0)
		return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_NONSENSE, 0,
						   "reading people: Auth0 does not say how many there are");
	place->total = (unsigned long long)total;
	place->capped = total == SEARCH_MOST; /* it may count no further than it shows */
	place->stage = d->settings.roles ? STAGE_ROLES : STAGE_LOG;
	return 0;
}

/* ---- members of an organisation ---- */

struct batch {
	struct directory *directory;
	const char *const *ids;
	size_t count;
	bool seen[TOGETHER_MOST];
};

static int take_named(void *context, const struct json_node *user, struct error *e)
{
	struct batch *batch = context;
	const char *id = api_user_id(user);

	for (size_t i = 0; id && i < batch->count; i++)
		if (text_equal(id, batch->ids[i])) {
			batch->seen[i] = true;
			if (person_emit(batch->directory, user, NULL) < 0)
				return vendor_refused(e);
		}
	return 0;
}

static void begin_named(void *context)
{
	struct batch *batch = context;

	memset(batch->seen, 0, sizeof(batch->seen));
}

/* What would end the text that it stands in is asked for by id. */
static bool is_plain(const char *id)
{
	return !strpbrk(id, "\"\\");
}

static int read_batch(struct batch *batch)
{
	static const int refused[] = { 400, 0 };
	struct directory *d = batch->directory;
	const struct api_taker taker = { "users", take_named, begin_named, batch };
	const char *query = "";

	for (size_t i = 0; i < batch->count; i++)
		if (is_plain(batch->ids[i]))
			query = arena_format(d->vendor.page, "%s%s\"%s\"", query, query[0] ? " OR " : "",
					     batch->ids[i]);
	if (query[0] &&
	    api_get(d, &api_people,
		    api_url(d, "users?q=%s&search_engine=v3&per_page=%d&page=0&include_totals=true",
			    vendor_escape(&d->vendor, arena_format(d->vendor.page, "user_id:(%s)", query)),
			    API_PAGE),
		    refused, &taker) < 0)
		return -1;
	for (size_t i = 0; i < batch->count; i++)
		if (!batch->seen[i] && named_person(d, batch->ids[i], true) < 0)
			return -1;
	return 0;
}

static int members_page(struct directory *d)
{
	struct place *place = &d->place;
	const char **ids = arena_array(d->vendor.page, API_PAGE + 1, sizeof(*ids));
	int more = roles_members_page(d, NULL, ids);

	if (more < 0)
		return -1;
	while (*ids) {
		struct batch batch = { .directory = d, .ids = ids };

		while (batch.count < TOGETHER_MOST && ids[batch.count])
			batch.count++;
		if (read_batch(&batch) < 0)
			return -1;
		ids += batch.count;
		place->people += batch.count;
	}
	if (more == 0)
		place->stage = d->settings.roles ? STAGE_ROLES : STAGE_LOG;
	return 0;
}

/* ---- roles, and what the log tells ---- */

static enum stage first_list(const struct directory *d)
{
	return d->settings.organization ? STAGE_MEMBERS : STAGE_PEOPLE;
}

static int list_roles(struct directory *d)
{
	struct place *place = &d->place;

	if (roles_list(d) < 0)
		return -1;
	if (d->settings.organization) /* members have said which of them they have */
		place->role_at = place->role_count;
	place->stage = STAGE_HOLDERS;
	return 0;
}

static int holders(struct directory *d)
{
	struct place *place = &d->place;

	if (place->role_at < place->role_count && roles_holders_page(d) < 0)
		return -1;
	if (place->role_at == place->role_count)
		place->stage = place->scope == ROSTER_ALL ? STAGE_LOG : STAGE_DONE;
	return 0;
}

static int look_into_log(struct directory *d)
{
	struct place *place = &d->place;

	place->log_more = 0;
	if (place->at[0] && log_page(d) < 0)
		return -1;
	place->stage = STAGE_DUE;
	return 0;
}

static enum stage after_due(const struct place *place)
{
	if (place->log_more)
		return STAGE_LOG;
	return place->scope == ROSTER_CHANGED ? STAGE_HOLDERS : STAGE_DONE;
}

static int look_at_due(struct directory *d)
{
	struct place *place = &d->place;

	for (int i = 0; i < DUE_TOGETHER && place->due_at < place->due_count; i++, place->due_at++) {
		d->vendor.caller.host->step(d->vendor.caller.call, "looking at people whom the log tells of");
		if (named_person(d, place->due[place->due_at], place->scope == ROSTER_ALL) < 0)
			return -1;
	}
	if (place->due_at == place->due_count)
		place->stage = after_due(place);
	return 0;
}

static int begin_all(struct directory *d)
{
	if (log_begin(d) < 0)
		return -1;
	d->place.stage = d->place.at[0] ? STAGE_EARLY : first_list(d);
	return 0;
}

static int look_for_deleted(struct directory *d)
{
	if (log_page(d) < 0)
		return -1;
	d->place.stage = STAGE_EARLY_DUE;
	return 0;
}

static int look_at_deleted(struct directory *d)
{
	struct place *place = &d->place;

	for (int i = 0; i < DUE_TOGETHER && place->due_at < place->due_count; i++, place->due_at++) {
		int gone = named_is_gone(d, place->due[place->due_at]);

		if (gone < 0)
			return -1;
		if (gone > 0 && place->gone_count == PLACE_GONE_MOST)
			return d->vendor.caller.host->fail(
				d->vendor.caller.call, ROSTER_TRY_LATER, 60000,
				"more than %d people were deleted in the last minutes, "
				"whom a search may still show",
				PLACE_GONE_MOST);
		if (gone > 0)
			strcpy(place->gone[place->gone_count++], place->due[place->due_at]);
	}
	if (place->due_at < place->due_count)
		return 0;
	if (place->log_more) {
		place->stage = STAGE_EARLY;
		return 0;
	}
	strcpy(place->at, place->mark);
	strcpy(place->at_time, place->mark_time);
	place->stage = first_list(d);
	return 0;
}

static int one_page(struct directory *d)
{
	switch (d->place.stage) {
	case STAGE_BEGIN:
		return begin_all(d);
	case STAGE_EARLY:
		return look_for_deleted(d);
	case STAGE_EARLY_DUE:
		return look_at_deleted(d);
	case STAGE_PEOPLE:
		return people_page(d);
	case STAGE_TOTAL:
		return total_page(d);
	case STAGE_MEMBERS:
		return members_page(d);
	case STAGE_ROLES:
		return list_roles(d);
	case STAGE_HOLDERS:
		return holders(d);
	case STAGE_LOG:
		return look_into_log(d);
	default:
		return look_at_due(d);
	}
}

/* ---- beginning and end ---- */

static int begin(struct directory *d, const struct roster_ask *ask)
{
	struct place *place = &d->place;

	if (ask->cursor && place_read(ask->cursor, ask->cursor_size, place) == 0 &&
	    place->scope == ask->scope)
		return ask->scope == ROSTER_CHANGED && place->stage == STAGE_LOG && place->pages == 0
			       ? log_reaches_back(d)
			       : 0;
	if (ask->cursor || ask->scope == ROSTER_CHANGED)
		return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_LOST_PLACE, 0,
						   "the place in the tenant is not known here");
	*place = (struct place){ .scope = ROSTER_ALL, .stage = STAGE_BEGIN };
	return 0;
}

static int give_cursor(struct directory *d, bool last)
{
	__attribute__((cleanup(buffer_close))) struct buffer b;

	buffer_open(&b, ROSTER_CURSOR_MOST);
	(last ? place_write_next : place_write)(&d->place, &b);
	return vendor_cursor(&d->vendor, &b);
}

/* No fewer may have come than Auth0 counts; whoever was deleted meanwhile came and is not counted. */
static void prove_total(struct directory *d)
{
	const struct place *place = &d->place;
	const struct fetch_caller *caller = &d->vendor.caller;

	if (d->settings.organization)
		caller->host->prove(caller->call, "totals", ROSTER_UNTOLD, NULL,
				    "of an organisation Auth0 does not say how many members it has");
	else if (place->people < place->total)
		caller->host->prove(caller->call, "totals", ROSTER_MISSING, NULL,
				    "Auth0 counts %llu people, and only %llu came: the listing is not whole",
				    place->total, place->people);
	else if (place->capped && place->people > place->total)
		caller->host->prove(caller->call, "totals", ROSTER_UNTOLD, NULL,
				    "Auth0 counts no further than %d", SEARCH_MOST);
	else
		caller->host->prove(caller->call, "totals", ROSTER_HELD, NULL,
				    "Auth0 counts %llu people, and %llu came", place->total, place->people);
}

static void prove(struct directory *d)
{
	const struct fetch_caller *caller = &d->vendor.caller;
	const char *organization = d->settings.organization;
	const char *base = arena_format(d->vendor.page, "%.300s%s%.100s", d->settings.tenant,
					organization ? " " : "", organization ? organization : "");

	caller->host->prove(caller->call, "pages", ROSTER_HELD, NULL,
			    "%llu pages, and each list ended by itself", d->place.pages);
	prove_total(d);
	caller->host->prove(caller->call, "bases", ROSTER_SAME, base, "the tenant is \"%.300s\"", base);
	if (oauth_scope(d->vendor.oauth)[0])
		caller->host->prove(caller->call, "rights", ROSTER_SAME, oauth_scope(d->vendor.oauth),
				    "the scopes are \"%.300s\"", oauth_scope(d->vendor.oauth));
	else
		caller->host->prove(caller->call, "rights", ROSTER_UNTOLD, NULL,
				    "Auth0 does not say which scopes the token has");
	if (d->place.people == 0)
		caller->host->prove(caller->call, "shown", ROSTER_MISSING, NULL, "Auth0 shows nobody");
}

static void say_whole(struct directory *d)
{
	const struct place *place = &d->place;
	const struct fetch_caller *caller = &d->vendor.caller;

	prove(d);
	if (place->people == 0)
		caller->host->incomplete(caller->call, "Auth0 shows nobody");
	else if (!d->settings.organization && place->people < place->total)
		caller->host->incomplete(caller->call, "Auth0 counts %llu people, and only %llu came",
					 place->total, place->people);
	else
		caller->host->whole(caller->call,
				    "%llu people, %llu roles that were given %llu times, in %llu pages, each "
				    "list to its end",
				    place->people, place->role_total, place->held, place->pages);
}

static int finish(struct directory *d)
{
	const struct place *place = &d->place;

	vendor_note_requests(&d->vendor, place->requests);
	if (place->scope == ROSTER_ALL)
		say_whole(d);
	return place->scope == ROSTER_CHANGED || place->mark[0] ? give_cursor(d, true) : 0;
}

static unsigned long long done_so_far(const struct place *place)
{
	return place->people + place->held + place->due_at;
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
	most = done_so_far(&d->place) + (unsigned)(ask->page_most > 0 ? ask->page_most : 1);
	do {
		if (one_page(d) < 0)
			return -1;
	} while (d->place.stage != STAGE_DONE && done_so_far(&d->place) < most &&
		 host->left_ms(d->vendor.caller.call) > until_ms);
	d->place.requests += fetch_figures(d->vendor.fetch)->requests - before;
	if (d->place.stage == STAGE_DONE)
		return finish(d);
	return give_cursor(d, false) < 0 ? -1 : 1;
}
