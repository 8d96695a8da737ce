#include "google/feed.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "common/value.h"
#include "google/api.h"

enum {
	EVENTS_MOST = 1000,
	KEPT_S = 170 * 86400, /* Google keeps events for 180 days */
};

#define MAY_NOT                                                                                              \
	"what changed may not be read, so everybody is read each time: give the service account's client "   \
	"ID the scope "                                                                                      \
	"\"" API_SCOPE_REPORTS                                                                               \
	"\" (Admin console, Security, Access and data control, API controls, Domain-wide "                   \
	"delegation), and the role of \"administrator\" the privilege \"Reports\""

/* A page that is being read. */
struct events {
	struct directory *directory;
	size_t due_before, seen_before;
	char first[CHAIN_MARK_SIZE];
	bool is_about;	  /* the activity is about somebody, or a group, who is due */
	const char *lost; /* why everybody must be read; NULL: they need not */
};

static void begin_page(void *context)
{
	struct events *events = context;
	struct place *place = &events->directory->place;

	place->due_count = events->due_before;
	place->seen_count = events->seen_before;
	events->first[0] = '\0';
	events->lost = NULL;
}

/* ---- what an event is about ---- */

static const char *parameter(const struct json_node *event, const char *name)
{
	const struct json_node *list = json_node_member(event, "parameters");

	for (const struct json_node *each = json_node_first(list); each; each = json_node_next(list, each))
		if (text_equal(json_node_member_text(each, "name"), name))
			return json_node_member_text(each, "value");
	return NULL;
}

static void add_due(struct events *events, enum due_kind kind, const char *key)
{
	struct place *place = &events->directory->place;

	if (!key || !key[0])
		return;
	events->is_about = true;
	for (size_t i = 0; i < place->due_count; i++)
		if (place->due[i].kind == kind && text_equal_nocase(place->due[i].key, key))
			return;
	if (place->due_count == PLACE_DUE_MOST || strlen(key) > PLACE_ADDRESS_MOST ||
	    !text_is_printable(key, strlen(key))) {
		events->lost = "more happened than is looked at one by one";
		return;
	}
	place->due[place->due_count].kind = kind;
	strcpy(place->due[place->due_count++].key, key);
}

static bool has_word(const char *name, const char *word)
{
	return name && strstr(name, word);
}

/* Lists are taken away as files, passwords are changed: nobody is another for that. */
static bool is_idle(const char *name)
{
	return has_word(name, "DOWNLOAD") || has_word(name, "PASSWORD");
}

/* Whoever is renamed has the old address as an alias, unless it was taken away: the new one is looked at as
 * well. */
static void take_person_event(struct events *events, const char *name, const struct json_node *event)
{
	const char *address = parameter(event, "USER_EMAIL"), *value = parameter(event, "NEW_VALUE");

	if (is_idle(name))
		return;
	if (!address) {
		events->lost = "Google tells of many people at once";
		return;
	}
	add_due(events, text_equal(name, "DELETE_USER") ? DUE_DELETED : DUE_PERSON, address);
	if (text_equal(name, "RENAME_USER") && value && strchr(value, '@'))
		add_due(events, DUE_PERSON, value);
}

/* The group's address leads to nothing now, or to another group, and nobody else knows its id. */
static void take_deleted_group(struct events *events, const char *address)
{
	const struct settings *settings = &events->directory->settings;

	if (!settings->named_by_email || !address || setting_has_name(settings->group_name, address))
		events->lost = "a group was deleted";
}

static void take_group_event(struct events *events, const char *name, const char *address,
			     const struct json_node *event)
{
	const char *value = parameter(event, "NEW_VALUE");

	if (!events->directory->settings.groups || is_idle(name))
		return;
	if (text_equal_nocase(name, "DELETE_GROUP"))
		take_deleted_group(events, address);
	else if (address)
		add_due(events, DUE_GROUP, address);
	else
		events->lost = "Google tells of many groups at once";
	if (address && text_equal(name, "CHANGE_GROUP_EMAIL") && value && strchr(value, '@'))
		add_due(events, DUE_GROUP, value);
}

/* What units are called and where they are is of no matter unless they decide who is read. */
static bool moves_people(const struct settings *settings, const char *type, const char *name)
{
	return settings->org_unit[0] && text_equal(type, "ORG_SETTINGS") &&
	       !text_equal(name, "CREATE_ORG_UNIT") && !has_word(name, "DESCRIPTION");
}

static void take_one(struct events *events, const struct json_node *event)
{
	const char *type = json_node_member_text(event, "type"), *name = json_node_member_text(event, "name"),
		   *group = parameter(event, "group_id");

	if (events->directory->place.stage == STAGE_IN_GROUPS) {
		if (group)
			take_group_event(events, name, group, event);
	} else if (!type || text_equal(type, "USER_SETTINGS")) {
		take_person_event(events, name, event);
	} else if (text_equal(type, "GROUP_SETTINGS")) {
		take_group_event(events, name, parameter(event, "GROUP_EMAIL"), event);
	} else if (moves_people(&events->directory->settings, type, name)) {
		events->lost = "units of the organisation are others";
	}
}

/* ---- events that come again ---- */

static uint64_t mix(uint64_t mark, const char *text)
{
	for (const char *at = text; *at; at++)
		mark = (mark ^ (unsigned char)*at) * UINT64_C(1099511628211);
	return (mark ^ 0xff) * UINT64_C(1099511628211);
}

/* FNV-1a. Two that are alike would pass for one: by chance that does not happen. */
static uint64_t mark_of(const struct place *place, const char *time, const char *qualifier)
{
	return mix(mix(mix(UINT64_C(14695981039346656037), place->stage == STAGE_EVENTS ? "admin" : "groups"),
		       time),
		   qualifier);
}

static bool was_seen(const struct place *place, uint64_t mark)
{
	for (size_t i = 0; i < place->seen_count; i++)
		if (place->seen[i].mark == mark)
			return true;
	return false;
}

static int refuse_event(struct events *events, struct error *e)
{
	const struct fetch_caller *caller = &events->directory->vendor.caller;

	caller->host->fail(caller->call, ROSTER_NONSENSE, 0, "reading what changed: an event has no time");
	return vendor_refused(e);
}

static int take_activity(void *context, const struct json_node *activity, struct error *e)
{
	struct events *events = context;
	struct place *place = &events->directory->place;
	const struct json_node *id = json_node_member(activity, "id"),
			       *list = json_node_member(activity, "events");
	const char *time = json_node_member_text(id, "time"),
		   *qualifier = json_node_member_text(id, "uniqueQualifier");
	int64_t at_us;
	uint64_t mark;

	if (!time || clock_parse(time, &at_us) < 0 || at_us < 0)
		return refuse_event(events, e);
	mark = mark_of(place, time, qualifier ? qualifier : "");
	if (!events->first[0])
		snprintf(events->first, sizeof(events->first), "%016llx", (unsigned long long)mark);
	if ((unsigned long long)at_us / 1000000 < place->settled_s || was_seen(place, mark))
		return 0;
	events->is_about = false;
	for (const struct json_node *event = json_node_first(list); event;
	     event = json_node_next(list, event))
		take_one(events, event);
	if (events->is_about && qualifier && place->seen_count < PLACE_SEEN_MOST)
		place->seen[place->seen_count++] = (struct seen){ mark, (unsigned long long)at_us / 1000000 };
	return 0;
}

/* ---- pages ---- */

static const char *put_time(struct directory *d, unsigned long long seconds)
{
	time_t at = (time_t)seconds;
	char text[40] = "";
	struct tm tm;

	if (gmtime_r(&at, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.000Z", &tm);
	return vendor_escape(&d->vendor, text);
}

static const char *events_url(struct directory *d, const char *application, unsigned long long since_s,
			      int most)
{
	return arena_format(d->vendor.page,
			    "%s/admin/reports/v1/activity/users/all/applications/"
			    "%s?startTime=%s&maxResults=%d&fields=kind,nextPageToken,items(id,events)%s",
			    d->settings.api, application, put_time(d, since_s), most,
			    api_token(d, d->place.token));
}

static int lose(struct directory *d, const char *why)
{
	return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_LOST_PLACE, 0,
					   "%s: everybody is read", why);
}

static enum stage after_events(const struct directory *d)
{
	return d->place.stage == STAGE_EVENTS && d->settings.groups ? STAGE_IN_GROUPS : STAGE_DELETED;
}

/* Which edition an account has decides whether owners' doings are told: without them, the next listing of all
 * finds what they did. */
static int go_without(struct directory *d)
{
	if (d->place.stage == STAGE_EVENTS)
		return lose(d, "what changed may not be read any more");
	d->vendor.caller.host->note(
		d->vendor.caller.call,
		"Google does not tell what owners of groups do: that is found by the next listing of all");
	d->place.stage = STAGE_DELETED;
	return 0;
}

int feed_page(struct directory *d)
{
	struct place *place = &d->place;
	struct events events = { .directory = d,
				 .due_before = place->due_count,
				 .seen_before = place->seen_count };
	const struct api_taker taker = { take_activity, begin_page, &events };
	bool first = place->begun_s == 0;
	int may, more;

	if (first && clock_now_us() / 1000000 > (int64_t)place->since_s + KEPT_S)
		return lose(d, "Google's events no longer reach back to where we were");
	d->vendor.caller.host->step(d->vendor.caller.call, "reading what changed");
	may = api_report(d,
			 events_url(d, place->stage == STAGE_EVENTS ? "admin" : "groups_enterprise",
				    place->since_s, EVENTS_MOST),
			 &taker);
	if (may <= 0)
		return may < 0 ? -1 : go_without(d);
	if (first && d->vendor.answer.limits.date <= 0)
		return lose(d, "Google does not say what time it is there");
	if (first)
		place->begun_s = (unsigned long long)d->vendor.answer.limits.date;
	place->pages++;
	if (events.lost)
		return lose(d, events.lost);
	more = api_next(d, &api_reports, &place->chain, events.first[0] ? events.first : NULL, place->token);
	if (more == 0)
		place->stage = after_events(d);
	return more < 0 ? -1 : 0;
}

/* ---- whether it may be read ---- */

static int ignore(void *context, const struct json_node *activity, struct error *e)
{
	(void)context, (void)activity, (void)e;
	return 0;
}

/* As feed_page, but of one event that does not matter. */
static int ask_whether(struct directory *d)
{
	unsigned long long now_s = (unsigned long long)(clock_now_us() / 1000000);

	return api_report(d, events_url(d, "admin", now_s - PLACE_OVERLAP_S, 1),
			  &(struct api_taker){ .take = ignore });
}

int feed_begin(struct directory *d)
{
	int may = ask_whether(d);

	if (may < 0)
		return -1;
	if (may == 0)
		d->vendor.caller.host->note(d->vendor.caller.call, "%s", MAY_NOT);
	else if (d->vendor.answer.limits.date > 0)
		d->place.begun_s = (unsigned long long)d->vendor.answer.limits.date;
	return 0;
}

int feed_check(struct directory *d)
{
	int may = ask_whether(d);

	if (may >= 0)
		d->vendor.caller.host->note(d->vendor.caller.call, "%s",
					    may > 0 ? "what changed may be read (the Reports API)" : MAY_NOT);
	return may < 0 ? -1 : 0;
}
