/* What the System Log tells, that lists of people and groups do not: deletions, and memberships one by one.
 *
 * It is asked as for polling (ascending, without an end): in the order in which events were stored, so that
 * none is missed, with a link where it goes on the next time. */
#include "okta/log.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "okta/api.h"
#include "okta/named.h"
#include "okta/person.h"

enum { EVENTS_MOST = 1000 };

#define EVENTS                                                                                               \
	"eventType eq \"group.user_membership.add\" or eventType eq \"group.user_membership.remove\" or "    \
	"eventType eq \"group.lifecycle.delete\" or eventType sw \"user.lifecycle.delete\""

static const int may_not[] = { 403, 400, 404, 0 };

/* Of one page. */
struct gathering {
	struct directory *directory;
	const char *people[EVENTS_MOST + 1],
		*groups[EVENTS_MOST + 1]; /* who were deleted; in the page's arena */
	size_t people_count, group_count;
	size_t pairs_before;
	uint64_t events;
};

static void begin(void *context)
{
	struct gathering *g = context;

	g->people_count = g->group_count = 0;
	g->events = 0;
	g->directory->place.pair_count = g->pairs_before;
}

/* The first target of this type: they stand in no order. */
static const char *target(const struct json_node *event, const char *type)
{
	const struct json_node *targets = json_node_member(event, "target"),
			       *found = json_node_first(targets);

	for (; found; found = json_node_next(targets, found))
		if (text_equal(json_node_member_text(found, "type"), type)) {
			const char *id = value_id(found);

			return id && strlen(id) <= PLACE_ID_MOST && !strchr(id, ' ') ? id : NULL;
		}
	return NULL;
}

static void remember_pair(struct place *place, const char *group, const char *person, const char *published)
{
	if (published && strlen(published) < PLACE_TIME_SIZE &&
	    (!place->oldest[0] || strcmp(published, place->oldest) < 0))
		strcpy(place->oldest, published);
	for (size_t i = 0; i < place->pair_count; i++)
		if (text_equal(place->pairs[i].group, group) && text_equal(place->pairs[i].person, person))
			return;
	if (place->pair_count == PLACE_PAIRS_MOST) {
		place->log_unread = 1;
		return;
	}
	strcpy(place->pairs[place->pair_count].group, group);
	strcpy(place->pairs[place->pair_count++].person, person);
}

static void add(struct gathering *g, const char **list, size_t *count, const char *id)
{
	for (size_t i = 0; i < *count; i++)
		if (text_equal(list[i], id))
			return;
	if (id && *count < EVENTS_MOST)
		list[(*count)++] = arena_text(g->directory->vendor.page, id);
}

static int take_event(void *context, const struct json_node *event, struct error *e)
{
	struct gathering *g = context;
	const char *type = json_node_member_text(event, "eventType"), *user = target(event, "User"),
		   *group = target(event, "UserGroup");
	const char *result = json_node_member_text(json_node_member(event, "outcome"), "result");

	(void)e;
	g->events++;
	if (!type || !text_equal(result, "SUCCESS"))
		return 0;
	if (text_begins(type, "user.lifecycle.delete") && user)
		add(g, g->people, &g->people_count, user);
	else if (text_equal(type, "group.lifecycle.delete") && group)
		add(g, g->groups, &g->group_count, group);
	else if (text_begins(type, "group.user_membership.") && user && group)
		remember_pair(&g->directory->place, group, user, json_node_member_text(event, "published"));
	return 0;
}

static const char *log_url(struct directory *d)
{
	if (d->place.log_url[0])
		return d->place.log_url;
	return api_url(d, "/api/v1/logs?since=%s&sortOrder=ASCENDING&limit=%d&filter=%s",
		       vendor_escape(&d->vendor, d->place.since), EVENTS_MOST,
		       vendor_escape(&d->vendor, EVENTS));
}

static int emit_gone_groups(struct gathering *g)
{
	static const int missing[] = { 404, 0 };
	struct directory *d = g->directory;

	for (size_t i = 0; i < g->group_count; i++) {
		if (api_get(d, &api_members,
			    api_url(d, "/api/v1/groups/%s", vendor_escape(&d->vendor, g->groups[i])), missing,
			    NULL) < 0)
			return -1;
		if (d->vendor.answer.status == 404 && vendor_emit_group_gone(&d->vendor, g->groups[i]) < 0)
			return -1;
	}
	return 0;
}

/* Without the log, groups that changed are read whole, and who was deleted is found by the next listing of
 * all. */
static void go_without(struct directory *d)
{
	d->vendor.caller.host->note(
		d->vendor.caller.call,
		"the System Log may not be read (okta.logs.read, Report Administrator): who was "
		"deleted is found by the next listing of all");
	d->place.log_unread = 1;
	d->place.log_url[0] = '\0';
	d->place.pair_count = 0;
	d->place.stage = STAGE_PEOPLE;
}

int log_page(struct directory *d)
{
	struct place *place = &d->place;
	struct gathering *g = arena_take(d->vendor.page, sizeof(*g));
	const struct api_taker taker = { take_event, begin, g };
	int more;

	g->directory = d;
	g->pairs_before = place->pair_count;
	d->vendor.caller.host->step(d->vendor.caller.call, "reading the System Log");
	if (api_get(d, &api_log, log_url(d), may_not, &taker) < 0)
		return -1;
	if (d->vendor.answer.status == 403)
		return go_without(d), 0;
	if (d->vendor.answer.status != 200) /* it keeps events for some months, and its links for some time */
		return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_LOST_PLACE, 0,
						   "the System Log does not go on from where we were");
	if (d->vendor.answer.rest->type != JSON_NODE_ARRAY)
		return d->vendor.caller.host->fail(
			d->vendor.caller.call, ROSTER_NONSENSE, 0,
			"reading the System Log: Okta answers something that is no list");
	place->pages++;
	more = api_next(d, &api_log);
	if (more < 0)
		return -1;
	if (more > 0)
		strcpy(place->log_url, d->vendor.answer.next);
	if (g->events < EVENTS_MOST || more == 0)
		place->stage = STAGE_PEOPLE;
	g->people[g->people_count] = NULL;
	return named_people(d, g->people) < 0 || emit_gone_groups(g) < 0 ? -1 : 0;
}

/* ---- memberships ---- */

size_t log_pairs_of(const struct directory *d, const char *group)
{
	size_t count = 0;

	for (size_t i = 0; i < d->place.pair_count; i++)
		count += text_equal(d->place.pairs[i].group, group);
	return count;
}

/* The groups that somebody is in, among those that are asked about. */
struct belonging {
	struct directory *directory;
	bool in[PLACE_PAIRS_MOST]; /* by pair */
	const char *person;
};

static void begin_groups(void *context)
{
	struct belonging *b = context;

	memset(b->in, 0, sizeof(b->in));
}

static int take_group_of(void *context, const struct json_node *group, struct error *e)
{
	struct belonging *b = context;
	const struct place *place = &b->directory->place;
	const char *id = value_id(group);

	(void)e;
	for (size_t i = 0; id && i < place->pair_count; i++)
		b->in[i] |= text_equal(place->pairs[i].person, b->person) &&
			    text_equal(place->pairs[i].group, id);
	return 0;
}

static bool is_among(const char *const *groups, size_t count, const char *group)
{
	for (size_t i = 0; i < count; i++)
		if (text_equal(groups[i], group))
			return true;
	return false;
}

/* A person who is no more is in no group. */
static int read_belonging(struct belonging *b)
{
	static const int missing[] = { 404, 0 };
	const struct api_taker taker = { take_group_of, begin_groups, b };
	struct directory *d = b->directory;
	const char *url = api_url(d, "/api/v1/users/%s/groups", vendor_escape(&d->vendor, b->person));
	bool all[PLACE_PAIRS_MOST] = { 0 };

	for (int more = 1; more > 0;) {
		if (api_get(d, &api_person, url, missing, &taker) < 0)
			return -1;
		if (d->vendor.answer.status == 404)
			break;
		if (d->vendor.answer.rest->type != JSON_NODE_ARRAY)
			return d->vendor.caller.host->fail(
				d->vendor.caller.call, ROSTER_NONSENSE, 0,
				"reading somebody's groups: Okta answers something that is no list");
		for (size_t i = 0; i < PLACE_PAIRS_MOST; i++)
			all[i] |= b->in[i];
		more = api_next(d, &api_person);
		if (more < 0)
			return -1;
		url = arena_text(d->vendor.page, d->vendor.answer.next);
	}
	memcpy(b->in, all, sizeof(all));
	return 0;
}

static int emit_pair(struct directory *d, const struct pair *pair, bool in)
{
	const struct roster_host *host = d->vendor.caller.host;

	return in ? host->emit_member(d->vendor.caller.call, pair->group, pair->person)
		  : host->emit_member_gone(d->vendor.caller.call, pair->group, pair->person);
}

int log_emit_pairs(struct directory *d, const char *const *groups, size_t count)
{
	struct place *place = &d->place;
	bool done[PLACE_PAIRS_MOST] = { 0 };

	for (size_t i = 0; i < place->pair_count; i++) {
		struct belonging b = { .directory = d, .person = place->pairs[i].person };

		if (done[i] || !is_among(groups, count, place->pairs[i].group))
			continue;
		if (read_belonging(&b) < 0)
			return -1;
		for (size_t k = i; k < place->pair_count; k++) {
			if (!text_equal(place->pairs[k].person, b.person) ||
			    !is_among(groups, count, place->pairs[k].group))
				continue;
			done[k] = true;
			place->members++;
			if (emit_pair(d, &place->pairs[k], b.in[k]) < 0)
				return -1;
		}
	}
	return 0;
}

/* ---- checking ---- */

int log_check(struct directory *d)
{
	static const int may_not_see[] = { 403, 0 };

	if (api_get(d, &api_log, api_url(d, "/api/v1/logs?limit=1"), may_not_see, NULL) < 0)
		return -1;
	if (d->vendor.answer.status == 403)
		d->vendor.caller.host->note(
			d->vendor.caller.call,
			"the System Log may not be read: who was deleted is found by a listing of all alone; "
			"it needs the "
			"scope okta.logs.read and the role Report Administrator, or Read-Only Administrator");
	else
		d->vendor.caller.host->note(d->vendor.caller.call, "the System Log may be read");
	return 0;
}
