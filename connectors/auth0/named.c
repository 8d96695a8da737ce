/* Each is asked for by id: searches see a change some time later. */
#include "auth0/named.h"

#include <string.h>

#include "auth0/api.h"
#include "auth0/person.h"
#include "auth0/roles.h"
#include "base/arena.h"
#include "base/text.h"

enum { ASKED_MOST = 1000 / API_PAGE }; /* pages of what somebody has */

static const int missing[] = { 404, 0 };

/* What somebody has: roles, organisations. */
struct having {
	struct directory *directory;
	const char **ids;
	size_t before, count; /* before: this page */
};

static void begin(void *context)
{
	struct having *having = context;

	having->count = having->before;
}

static int take(void *context, const struct json_node *element, struct error *e)
{
	struct having *having = context;
	const char *id = role_id(element);

	(void)e;
	if (id && having->count <= ROSTER_VALUES_MOST)
		having->ids[having->count++] = arena_text(having->directory->vendor.page, id);
	return 0;
}

/* All ids of a list by pages. 1: they have come; 0: whose they are is not there. */
static int read_having(struct having *having, const struct api_subject *subject, const char *path,
		       const char *array)
{
	struct directory *d = having->directory;
	const struct api_taker taker = { array, take, begin, having };

	having->ids = arena_array(d->vendor.page, ROSTER_VALUES_MOST + 2, sizeof(*having->ids));
	having->count = 0;
	for (int page = 0; page < ASKED_MOST; page++) {
		having->before = having->count;
		if (api_get(d, subject,
			    api_url(d, "%s?per_page=%d&page=%d&include_totals=true", path, API_PAGE, page),
			    missing, &taker) < 0)
			return -1;
		if (d->vendor.answer.status == 404)
			return 0;
		if (d->vendor.answer.elements < API_PAGE)
			break;
	}
	return 1;
}

/* Whether they are a member of the organisation that is read. */
static int is_member(struct directory *d, const char *user)
{
	struct having having = { .directory = d };
	int found =
		read_having(&having, &api_members,
			    arena_format(d->vendor.page, "users/%s/organizations", user), "organizations");

	for (size_t i = 0; found > 0 && i < having.count; i++)
		if (text_equal(having.ids[i], d->settings.organization))
			return 1;
	return found < 0 ? -1 : 0;
}

/* Roles, ending with NULL. *ret NULL: it cannot be said. */
static int read_roles(struct directory *d, const char *user, const char *const **ret)
{
	struct having having = { .directory = d };
	const char *organization = d->settings.organization;
	int found =
		read_having(&having, organization ? &api_member_roles : &api_roles,
			    organization ? arena_format(d->vendor.page, "organizations/%s/members/%s/roles",
							vendor_escape(&d->vendor, organization), user)
					 : arena_format(d->vendor.page, "users/%s/roles", user),
			    "roles");

	*ret = NULL;
	if (found < 0)
		return -1;
	if (having.count > ROSTER_VALUES_MOST)
		d->vendor.caller.host->note(d->vendor.caller.call,
					    "somebody has more than %d roles: they are left as they were",
					    ROSTER_VALUES_MOST);
	else
		*ret = having.ids;
	return 0;
}

int named_is_gone(struct directory *d, const char *id)
{
	if (api_get(d, &api_people, api_url(d, "users/%s", vendor_escape(&d->vendor, id)), missing, NULL) < 0)
		return -1;
	return d->vendor.answer.status == 404;
}

static int not_there(struct directory *d, const char *id, bool listed)
{
	return listed ? 0 : vendor_emit_gone(&d->vendor, id);
}

int named_person(struct directory *d, const char *id, bool listed)
{
	const char *user = vendor_escape(&d->vendor, id);
	const char *const *groups = NULL;
	int member = d->settings.organization ? is_member(d, user) : 1;

	if (member <= 0)
		return member < 0 ? -1 : not_there(d, id, listed);
	if (!listed && d->settings.roles && read_roles(d, user, &groups) < 0)
		return -1;
	if (api_get(d, &api_people, api_url(d, "users/%s", user), missing, NULL) < 0)
		return -1;
	if (d->vendor.answer.status == 404 || !text_equal(api_user_id(d->vendor.answer.rest), id))
		return not_there(d, id, listed);
	return person_emit(d, d->vendor.answer.rest, groups);
}

int named_page(struct directory *d, const struct roster_ask *ask)
{
	d->attributes = ask->attributes;
	for (const char *const *id = ask->named; id && *id; id++)
		if (named_person(d, *id, false) < 0)
			return -1;
	for (const char *const *id = ask->named_groups; id && *id; id++)
		if (roles_named(d, *id) < 0)
			return -1;
	return 0;
}
