/* Tries each thing that a listing needs, in its order, and says what it found. */
#include "okta/check.h"

#include "base/text.h"
#include "okta/api.h"
#include "okta/log.h"
#include "okta/person.h"

struct seen {
	struct directory *directory;
	unsigned long people, with_email, groups;
};

static int look_at_person(void *context, const struct json_node *user, struct error *e)
{
	struct seen *seen = context;
	const char *email = seen->directory->settings.field[FIELD_EMAIL];

	(void)e;
	seen->people++;
	if (email && json_node_member_text(json_node_member(user, "profile"), email))
		seen->with_email++;
	return 0;
}

static int look_at_group(void *context, const struct json_node *group, struct error *e)
{
	struct seen *seen = context;

	(void)group;
	(void)e;
	seen->groups++;
	return 0;
}

/* Anybody may ask what the org is: so a wrong address and wrong credentials are told apart. */
static int check_org(struct directory *d)
{
	static const int allowed[] = { 404, 0 };
	const struct fetch_caller *caller = &d->vendor.caller;
	const char *id;

	if (api_get(d, &api_org, api_url(d, "/.well-known/okta-organization"), allowed, NULL) < 0)
		return -1;
	id = d->vendor.answer.status == 200 ? value_id(d->vendor.answer.rest) : NULL;
	if (!id)
		return caller->host->fail(caller->call, ROSTER_MISCONFIGURED, 0,
					  "there is no Okta org at \"%.150s\"; see \"org_url\"",
					  d->settings.org);
	caller->host->note(caller->call, "\"%s\" is the org %s", d->settings.org, id);
	return 0;
}

static int look_at_assigned(void *context, const struct json_node *assignment, struct error *e)
{
	return look_at_person(context, json_node_member(json_node_member(assignment, "_embedded"), "user"), e);
}

static int check_application(struct directory *d, struct seen *seen)
{
	static const int allowed[] = { 404, 0 };
	const struct fetch_caller *caller = &d->vendor.caller;

	if (api_get(d, &api_assigned,
		    api_url(d, "/api/v1/apps/%s/users?limit=%d&expand=user",
			    vendor_escape(&d->vendor, d->settings.application), d->settings.page_size),
		    allowed, &(struct api_taker){ look_at_assigned, NULL, seen }) < 0)
		return -1;
	if (d->vendor.answer.status == 404)
		return caller->host->fail(caller->call, ROSTER_MISCONFIGURED, 0,
					  "there is no application \"%.100s\"; \"application\" is its ID, which stands in the address of "
					  "its page in Okta's console (0oa...)",
					  d->settings.application);
	return 0;
}

static int check_people(struct directory *d)
{
	const struct fetch_caller *caller = &d->vendor.caller;
	struct seen seen = { .directory = d };

	caller->host->step(caller->call, "reading the first page of people");
	if (d->settings.application ? check_application(d, &seen) < 0
				    : api_get(d, &api_people, api_url(d, "/api/v1/users?limit=%d", d->settings.page_size), NULL,
					      &(struct api_taker){ look_at_person, NULL, &seen }) < 0)
		return -1;
	if (d->vendor.oauth)
		caller->host->note(caller->call, "the token of \"%s\" has the scopes \"%s\"%s",
				   d->settings.client_id, oauth_scope(d->vendor.oauth),
				   oauth_uses_dpop(d->vendor.oauth) ? " and is bound to a key (DPoP)" : "");
	if (seen.people == 0 && d->settings.application)
		return caller->host->fail(caller->call, ROSTER_MISCONFIGURED, 0,
					  "nobody is assigned to \"application\"; assign people or groups to it (Applications, the "
					  "application, Assignments)");
	if (seen.people == 0)
		return caller->host->fail(caller->call, ROSTER_REFUSED, 0,
					  "Okta shows nobody: whoever we sign in as sees no people; give the "
					  "role Read-Only Administrator, or one whose "
					  "resource set has them");
	caller->host->note(caller->call, "%lu people%s, %lu with an address of mail", seen.people,
			   d->vendor.answer.next[0] ? " on the first page, and more" : "", seen.with_email);
	if (d->vendor.answer.limits.limit > 0)
		caller->host->note(caller->call, "Okta lets us ask for people %lld times a minute",
				   (long long)d->vendor.answer.limits.limit);
	return 0;
}

static int check_groups(struct directory *d)
{
	const struct fetch_caller *caller = &d->vendor.caller;
	struct seen seen = { .directory = d };
	const char *url = d->settings.group_filter
				  ? api_url(d, "/api/v1/groups?limit=%d&filter=%s", d->settings.page_size,
					    vendor_escape(&d->vendor, d->settings.group_filter))
				  : api_url(d, "/api/v1/groups?limit=%d", d->settings.page_size);

	if (!d->settings.groups) {
		caller->host->note(caller->call, "\"groups\" is no: no groups are read");
		return 0;
	}
	caller->host->step(caller->call, "reading the first page of groups");
	if (api_get(d, &api_groups, url, NULL, &(struct api_taker){ look_at_group, NULL, &seen }) < 0)
		return -1;
	caller->host->note(caller->call, "%lu groups%s", seen.groups,
			   d->vendor.answer.next[0] ? " on the first page, and more" : "");
	return 0;
}

int check_directory(struct directory *d)
{
	return check_org(d) < 0 || check_people(d) < 0 || check_groups(d) < 0 || log_check(d) < 0 ? -1 : 0;
}
