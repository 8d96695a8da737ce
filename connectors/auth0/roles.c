#include "auth0/roles.h"

#include <stdio.h>
#include <string.h>

#include "auth0/api.h"
#include "auth0/person.h"
#include "base/arena.h"
#include "base/text.h"

enum { PAGES_MOST = PLACE_ROLES_MOST / API_PAGE };

static const int missing[] = { 404, 0 };

struct reading {
	struct directory *directory;
	const char *role; /* whose holders these are, or the only one that is wanted; may be NULL */
	const char **ids;
	size_t seen, before;
	unsigned long long held;
	char first[CHAIN_MARK_SIZE];
};

/* ---- which there are ---- */

static void begin_roles(void *context)
{
	struct reading *reading = context;

	reading->directory->place.role_count = reading->before;
}

static int take_role(void *context, const struct json_node *role, struct error *e)
{
	struct reading *reading = context;
	struct directory *d = reading->directory;
	struct place *place = &d->place;
	int given = role_emit(d, role, false);

	if (given < 0)
		return vendor_refused(e);
	if (given > 0 && place->role_count < PLACE_ROLES_MOST)
		strcpy(place->roles[place->role_count++], role_id(role));
	return 0;
}

/* By pages of numbers, for there are 1,000 at most: more Auth0 does not list. Whoever deletes one meanwhile
 * moves the others: then it is begun again. */
int roles_list(struct directory *d)
{
	struct place *place = &d->place;
	struct reading reading = { .directory = d };
	const struct api_taker taker = { "roles", take_role, begin_roles, &reading };
	int64_t total = 0, first_total = 0;
	unsigned long long came = 0;

	d->vendor.caller.host->step(d->vendor.caller.call, "reading roles");
	place->role_at = place->role_count = 0;
	for (int page = 0; page < PAGES_MOST; page++) {
		reading.before = place->role_count;
		if (api_get(d, &api_roles,
			    api_url(d, "roles?per_page=%d&page=%d&include_totals=true", API_PAGE, page), NULL,
			    &taker) < 0)
			return -1;
		place->pages++;
		came += d->vendor.answer.elements;
		if (json_node_int(json_node_member(d->vendor.answer.rest, "total"), &total) < 0)
			return d->vendor.caller.host->fail(
				d->vendor.caller.call, ROSTER_NONSENSE, 0,
				"reading roles: Auth0 does not say how many there are");
		if (page == 0)
			first_total = total;
		if (d->vendor.answer.elements < API_PAGE)
			break;
	}
	if (total != first_total || came != (unsigned long long)total)
		return d->vendor.caller.host->fail(
			d->vendor.caller.call, ROSTER_TRY_LATER, 0,
			"reading roles: there are %lld, and %llu came: they changed "
			"meanwhile, or are more than Auth0 lists (%d)",
			(long long)total, came, PLACE_ROLES_MOST);
	place->role_total = place->role_count;
	return 0;
}

/* ---- who has them ---- */

static void begin_page(void *context)
{
	struct reading *reading = context;

	reading->seen = 0;
	reading->held = 0;
	reading->first[0] = '\0';
}

static void remember_first(struct reading *reading, const char *id)
{
	if (!reading->first[0] && id)
		snprintf(reading->first, sizeof(reading->first), "%s", id);
}

static int take_holder(void *context, const struct json_node *user, struct error *e)
{
	struct reading *reading = context;
	struct directory *d = reading->directory;
	const char *id = api_user_id(user);

	remember_first(reading, id);
	if (!id)
		return 0; /* refused where people are read */
	if (d->vendor.caller.host->emit_member(d->vendor.caller.call, reading->role, id) < 0)
		return vendor_refused(e);
	reading->held++;
	return 0;
}

static void next_role(struct place *place)
{
	place->next[0] = '\0';
	place->chain = (struct chain){ 0 };
	place->role_at++;
}

/* Of what changed the role itself is read first, for it may be gone. 1: its holders follow. In an
 * organisation each member says which roles they have, so only its name is read. */
static int read_itself(struct directory *d, const char *id)
{
	bool partial = d->settings.organization != NULL;

	if (api_get(d, &api_roles, api_url(d, "roles/%s", vendor_escape(&d->vendor, id)), missing, NULL) < 0)
		return -1;
	if (d->vendor.answer.status == 404 || !text_equal(role_id(d->vendor.answer.rest), id))
		return vendor_emit_group_gone(&d->vendor, id);
	if (role_emit(d, d->vendor.answer.rest, partial && d->place.scope == ROSTER_CHANGED) < 0)
		return -1;
	return partial ? 0 : 1;
}

int roles_holders_page(struct directory *d)
{
	struct place *place = &d->place;
	struct reading reading = { .directory = d, .role = place->roles[place->role_at] };
	const struct api_taker taker = { "users", take_holder, begin_page, &reading };
	const char *role = vendor_escape(&d->vendor, reading.role);
	int more = place->scope == ROSTER_CHANGED && !place->next[0] ? read_itself(d, reading.role) : 1;

	if (more <= 0) {
		next_role(place);
		return more;
	}
	d->vendor.caller.host->step(d->vendor.caller.call, "reading who has which role, %llu so far",
				    place->held);
	if (api_get(d, &api_roles,
		    place->next[0] ? api_url(d, "roles/%s/users?take=%d&from=%s", role, API_PAGE,
					     vendor_escape(&d->vendor, place->next))
				   : api_url(d, "roles/%s/users?take=%d", role, API_PAGE),
		    missing, &taker) < 0)
		return -1;
	place->pages++;
	if (d->vendor.answer.status == 404) { /* deleted since it was listed: nobody has it any more */
		next_role(place);
		return 0;
	}
	place->held += reading.held;
	more = api_next(d, &api_roles, reading.first);
	if (more == 0)
		next_role(place);
	return more < 0 ? -1 : 0;
}

/* ---- members of an organisation ---- */

static int emit_roles_of(struct reading *reading, const struct json_node *member, const char *id)
{
	struct directory *d = reading->directory;
	const struct json_node *roles = json_node_member(member, "roles");

	for (const struct json_node *role = json_node_first(roles); role;
	     role = json_node_next(roles, role)) {
		const char *role_is = role_id(role);

		if (!role_is || (reading->role && !text_equal(reading->role, role_is)))
			continue;
		if (d->vendor.caller.host->emit_member(d->vendor.caller.call, role_is, id) < 0)
			return -1;
		reading->held++;
	}
	return 0;
}

static int take_member(void *context, const struct json_node *member, struct error *e)
{
	struct reading *reading = context;
	struct directory *d = reading->directory;
	const char *id = api_user_id(member);

	remember_first(reading, id);
	if (!id)
		return d->vendor.caller.host->emit_refused(
			       d->vendor.caller.call, "(no user_id)",
			       "Auth0 gives a member without a user_id that can be "
			       "used") < 0
			       ? vendor_refused(e)
			       : 0;
	if (d->settings.roles && emit_roles_of(reading, member, id) < 0)
		return vendor_refused(e);
	if (reading->ids && reading->seen < API_PAGE)
		reading->ids[reading->seen++] = arena_text(d->vendor.page, id);
	return 0;
}

int roles_members_page(struct directory *d, const char *only, const char **ids)
{
	struct place *place = &d->place;
	struct reading reading = { .directory = d, .role = only, .ids = ids };
	const struct api_taker taker = { "members", take_member, begin_page, &reading };
	const char *fields = d->settings.roles ? "user_id%2Croles" : "user_id",
		   *organization = vendor_escape(&d->vendor, d->settings.organization);

	d->vendor.caller.host->step(d->vendor.caller.call, "reading members of the organisation, %llu so far",
				    place->people);
	if (api_get(d, &api_members,
		    place->next[0]
			    ? api_url(d,
				      "organizations/%s/"
				      "members?take=%d&fields=%s&include_fields=true&from=%s",
				      organization, API_PAGE, fields, vendor_escape(&d->vendor, place->next))
			    : api_url(d, "organizations/%s/members?take=%d&fields=%s&include_fields=true",
				      organization, API_PAGE, fields),
		    NULL, &taker) < 0)
		return -1;
	place->pages++;
	place->held += reading.held;
	if (ids)
		ids[reading.seen] = NULL;
	return api_next(d, &api_members, reading.first);
}

/* ---- one ---- */

int roles_named(struct directory *d, const char *id)
{
	struct place *place = &d->place;
	int more;

	if (strlen(id) > PLACE_ROLE_MOST || !d->settings.roles)
		return vendor_emit_group_gone(&d->vendor, id);
	*place = (struct place){ .scope = ROSTER_NAMED, .stage = STAGE_HOLDERS, .role_count = 1 };
	strcpy(place->roles[0], id);
	more = read_itself(d, id);
	if (more < 0)
		return -1;
	if (d->settings.organization && d->vendor.answer.status == 200)
		while ((more = roles_members_page(d, id, NULL)) > 0)
			;
	else if (more > 0)
		while (place->role_at < place->role_count)
			if (roles_holders_page(d) < 0)
				return -1;
	return more < 0 ? -1 : 0;
}
