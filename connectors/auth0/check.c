/* Tries each thing that a listing needs, in its order, and says what it found. */
#include "auth0/check.h"

#include "auth0/api.h"
#include "auth0/log.h"

static int check_people(struct directory *d)
{
	const struct fetch_caller *caller = &d->vendor.caller;
	int64_t total;

	caller->host->step(caller->call, "reading the first person");
	if (api_get(d, &api_people,
		    api_url(d, "users?search_engine=v3&per_page=1&page=0&include_totals=true"), NULL,
		    &(struct api_taker){ .array = "users" }) < 0)
		return -1;
	caller->host->note(caller->call, "the token of \"%s\" has the scopes \"%.300s\"",
			   d->settings.client_id, oauth_scope(d->vendor.oauth));
	if (json_node_int(json_node_member(d->vendor.answer.rest, "total"), &total) < 0)
		return caller->host->fail(caller->call, ROSTER_NONSENSE, 0,
					  "reading people: Auth0 does not say how many there are");
	if (total == 0)
		return caller->host->fail(caller->call, ROSTER_MISCONFIGURED, 0,
					  "nobody is in the tenant \"%.150s\"; is \"domain\" the right one?",
					  d->settings.tenant);
	caller->host->note(caller->call, "%s%lld people in the tenant", total == 1000 ? "at least " : "",
			   (long long)total);
	if (d->vendor.answer.limits.limit > 0)
		caller->host->note(caller->call, "Auth0 lets us ask %lld times in a row",
				   (long long)d->vendor.answer.limits.limit);
	return 0;
}

static int check_organization(struct directory *d)
{
	static const int missing[] = { 404, 0 };
	const struct fetch_caller *caller = &d->vendor.caller;
	const char *fields = d->settings.roles ? "user_id%2Croles" : "user_id";

	if (!d->settings.organization)
		return 0;
	caller->host->step(caller->call, "reading the first members of the organisation");
	if (api_get(d, d->settings.roles ? &api_member_roles : &api_members,
		    api_url(d, "organizations/%s/members?take=%d&fields=%s&include_fields=true",
			    vendor_escape(&d->vendor, d->settings.organization), API_PAGE, fields),
		    missing, &(struct api_taker){ .array = "members" }) < 0)
		return -1;
	if (d->vendor.answer.status == 404)
		return caller->host->fail(caller->call, ROSTER_MISCONFIGURED, 0,
					  "there is no organisation \"%.100s\" in the tenant; see "
					  "\"organization\"",
					  d->settings.organization);
	caller->host->note(caller->call, "%llu members%s in \"%s\"",
			   (unsigned long long)d->vendor.answer.elements,
			   json_node_member(d->vendor.answer.rest, "next") ? " on the first page, and more"
									   : "",
			   d->settings.organization);
	return 0;
}

static int check_roles(struct directory *d)
{
	const struct fetch_caller *caller = &d->vendor.caller;

	if (!d->settings.roles) {
		caller->host->note(caller->call, "\"groups\" is no: no roles are read");
		return 0;
	}
	caller->host->step(caller->call, "reading the first page of roles");
	if (api_get(d, &api_roles, api_url(d, "roles?per_page=%d&page=0&include_totals=true", API_PAGE), NULL,
		    &(struct api_taker){ .array = "roles" }) < 0)
		return -1;
	caller->host->note(caller->call, "%llu roles%s", (unsigned long long)d->vendor.answer.elements,
			   d->vendor.answer.elements == API_PAGE ? " on the first page" : "");
	return 0;
}

int check_directory(struct directory *d)
{
	return check_people(d) < 0 || check_organization(d) < 0 || check_roles(d) < 0 || log_check(d) < 0 ? -1
													  : 0;
}
