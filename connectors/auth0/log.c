#include "auth0/log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "auth0/api.h"
#include "auth0/event.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"

enum {
	OVERLAP_S = 300,    /* what is told again: searches see what was written a little later */
	IMPORT_LAG_S = 60,  /* of people who were imported, whom nothing names */
	KEPT_S = 12 * 3600, /* Auth0 keeps a log for one day at least */
};

static const int may_not[] = { 403, 0 };

struct page {
	struct directory *directory;
	char last[PLACE_MARK_SIZE], last_time[PLACE_TIME_SIZE];
	size_t events, roles_before;
	const char *time; /* of the event that is being read */
	bool bulk;
};

static void begin(void *context)
{
	struct page *page = context;
	struct place *place = &page->directory->place;

	page->events = 0;
	page->bulk = false;
	page->last[0] = page->last_time[0] = '\0';
	place->due_at = place->due_count = 0;
	place->role_count = page->roles_before;
}

static const char *mark_of(const struct json_node *event)
{
	const char *id = json_node_member_text(event, "log_id");

	if (!id)
		id = json_node_member_text(event, "_id");
	return id && id[0] && strlen(id) < PLACE_MARK_SIZE && text_is_printable(id, strlen(id)) ? id : NULL;
}

static const char *time_of(const struct json_node *event)
{
	const char *text = json_node_member_text(event, "date");
	int64_t us;

	return text && strlen(text) < PLACE_TIME_SIZE && clock_parse(text, &us) == 0 ? text : "";
}

static void keep_person(struct page *page, const char *id)
{
	struct place *place = &page->directory->place;

	for (size_t i = 0; i < place->due_count; i++)
		if (text_equal(place->due[i], id))
			return;
	if (place->due_count == PLACE_DUE_MOST || strlen(id) > PLACE_PERSON_MOST)
		page->bulk = true;
	else
		strcpy(place->due[place->due_count++], id);
}

static void keep_role(struct page *page, const char *id)
{
	struct place *place = &page->directory->place;

	if (!page->directory->settings.roles)
		return;
	for (size_t i = place->role_at; i < place->role_count; i++)
		if (text_equal(place->roles[i], id))
			return;
	if (place->role_count == PLACE_ROLES_MOST || strlen(id) > PLACE_ROLE_MOST)
		page->bulk = true;
	else
		strcpy(place->roles[place->role_count++], id);
}

static bool is_before(const char *a, const char *b)
{
	int64_t a_us, b_us;

	return clock_parse(a, &a_us) == 0 && clock_parse(b, &b_us) == 0 && a_us < b_us;
}

static void take_subject(void *context, enum event_subject subject, const char *id)
{
	struct page *page = context;
	struct place *place = &page->directory->place;

	if (place->stage == STAGE_EARLY) {
		if (subject == EVENT_GONE)
			keep_person(page, id);
		return;
	}
	if (subject == EVENT_PERSON || subject == EVENT_GONE)
		keep_person(page, id);
	else if (subject == EVENT_ROLE && place->scope == ROSTER_CHANGED)
		keep_role(page, id);
	/* What ended before everybody was read has been read. */
	else if (subject == EVENT_BULK && !is_before(page->time, place->settled))
		page->bulk = true;
}

static int take_event(void *context, const struct json_node *event, struct error *e)
{
	struct page *page = context;
	const char *mark = mark_of(event);

	if (!mark) {
		page->directory->vendor.caller.host->fail(page->directory->vendor.caller.call,
							  ROSTER_NONSENSE, 0,
							  "reading the log: an event has no log_id");
		return vendor_refused(e);
	}
	page->events++;
	page->time = time_of(event);
	snprintf(page->last, sizeof(page->last), "%s", mark);
	snprintf(page->last_time, sizeof(page->last_time), "%s", page->time);
	event_read(event, page->directory->settings.organization, take_subject, page);
	return 0;
}

int log_page(struct directory *d)
{
	static const int not_there[] = { 400, 404, 0 };
	struct place *place = &d->place;
	struct page page = { .directory = d, .roles_before = place->role_count };
	const struct api_taker taker = { NULL, take_event, begin, &page };

	d->vendor.caller.host->step(d->vendor.caller.call, "reading the log");
	if (api_get(d, &api_log,
		    api_url(d, "logs?from=%s&take=%d", vendor_escape(&d->vendor, place->at), API_PAGE),
		    not_there, &taker) < 0)
		return -1;
	if (d->vendor.answer.status != 200)
		return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_LOST_PLACE, 0,
						   "the log does not go on from where we were");
	place->pages++;
	if (page.bulk && place->scope == ROSTER_CHANGED)
		return d->vendor.caller.host->fail(
			d->vendor.caller.call, ROSTER_LOST_PLACE, 0,
			"the log tells of many people at once, or of some without their names");
	if (page.events > 0 && text_equal(page.last, place->at))
		return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_NONSENSE, 0,
						   "reading the log: it does not move on");
	if (page.events > 0) {
		strcpy(place->at, page.last);
		strcpy(place->at_time, page.last_time);
	}
	place->log_more = page.events >= API_PAGE;
	return 0;
}

/* ---- where the log is ---- */

static int take_mark(void *context, const struct json_node *event, struct error *e)
{
	struct page *page = context;
	const char *mark = mark_of(event);

	(void)e;
	if (mark && !page->last[0]) {
		snprintf(page->last, sizeof(page->last), "%s", mark);
		snprintf(page->last_time, sizeof(page->last_time), "%s", time_of(event));
	}
	return 0;
}

static void begin_mark(void *context)
{
	struct page *page = context;

	page->last[0] = '\0';
}

static void put_time(int64_t seconds, char ret[PLACE_TIME_SIZE])
{
	time_t at = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&at, &tm))
		strftime(ret, PLACE_TIME_SIZE, "%Y-%m-%dT%H:%M:%S.000Z", &tm);
}

/* The last event before the last minutes; the first of all, if the log is younger than that. */
int log_begin(struct directory *d)
{
	struct place *place = &d->place;
	struct page newest = { .directory = d }, page = { .directory = d };
	const struct api_taker taker = { NULL, take_mark, begin_mark, &newest },
			       before = { NULL, take_mark, begin_mark, &page };
	char since[PLACE_TIME_SIZE] = "";
	int64_t now;

	d->vendor.caller.host->step(d->vendor.caller.call, "asking where the log is");
	if (api_get(d, &api_log, api_url(d, "logs?sort=date%%3A-1&per_page=1&page=0"), may_not, &taker) < 0)
		return -1;
	now = d->vendor.answer.limits.date > 0 ? d->vendor.answer.limits.date : clock_now_us() / 1000000;
	put_time(now, place->begun);
	put_time(now - IMPORT_LAG_S, place->settled);
	if (d->vendor.answer.status == 403) {
		d->vendor.caller.host->note(
			d->vendor.caller.call,
			"the log may not be read (read:logs): everybody is read each time");
		return 0;
	}
	if (!newest.last[0])
		return 0;
	put_time(now - OVERLAP_S, since);
	if (api_get(d, &api_log,
		    api_url(d, "logs?q=%s&sort=date%%3A-1&per_page=1&page=0",
			    vendor_escape(&d->vendor, arena_format(d->vendor.page, "date:[* TO %s]", since))),
		    NULL, &before) < 0)
		return -1;
	if (!page.last[0] &&
	    api_get(d, &api_log, api_url(d, "logs?sort=date%%3A1&per_page=1&page=0"), NULL, &before) < 0)
		return -1;
	strcpy(place->mark, page.last);
	strcpy(place->mark_time, page.last_time);
	strcpy(place->at, place->mark);
	strcpy(place->at_time, place->mark_time);
	return 0;
}

/* What Auth0 answers from an event that it has forgotten is not written anywhere, so that event is asked for
 * if it may have been. */
int log_reaches_back(struct directory *d)
{
	static const int gone[] = { 404, 400, 0 };
	struct place *place = &d->place;
	int64_t at_us;

	if (clock_parse(place->at_time, &at_us) == 0 && clock_now_us() - at_us < (int64_t)KEPT_S * 1000000)
		return 0;
	if (api_get(d, &api_log, api_url(d, "logs/%s", vendor_escape(&d->vendor, place->at)), gone, NULL) < 0)
		return -1;
	if (d->vendor.answer.status == 200)
		return 0;
	return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_LOST_PLACE, 0,
					   "the log no longer reaches back to where we were");
}

int log_check(struct directory *d)
{
	if (api_get(d, &api_log, api_url(d, "logs?per_page=1&page=0"), may_not, NULL) < 0)
		return -1;
	if (d->vendor.answer.status == 403)
		d->vendor.caller.host->note(d->vendor.caller.call,
					    "the log may not be read, so everybody is read each time: grant "
					    "\"read:logs\" to the application");
	else
		d->vendor.caller.host->note(d->vendor.caller.call, "the log may be read");
	return 0;
}
