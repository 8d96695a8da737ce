/* Tries each thing that a listing needs, in its order, and says what it found. */
#include "google/check.h"

#include <stdio.h>

#include "base/arena.h"
#include "common/value.h"
#include "google/api.h"
#include "google/feed.h"
#include "google/person.h"

enum { LOOK_AT = 100 }; /* people or groups of the first page */

struct look {
	unsigned long count, suspended;
	char first[PLACE_ID_MOST + 1], account[PLACE_ID_MOST + 1];
};

static int look_at(void *context, const struct json_node *record, struct error *e)
{
	struct look *seen = context;
	const char *id = value_id(record), *account = json_node_member_text(record, "customerId");
	const struct json_node *suspended = json_node_member(record, "suspended");

	(void)e;
	seen->count++;
	seen->suspended += suspended && suspended->type == JSON_NODE_BOOL && suspended->truth;
	if (!seen->first[0] && id)
		snprintf(seen->first, sizeof(seen->first), "%.100s", id);
	if (!seen->account[0] && account)
		snprintf(seen->account, sizeof(seen->account), "%.100s", account);
	return 0;
}

static const char *and_more(const struct directory *d)
{
	return json_node_member(d->vendor.answer.rest, "nextPageToken") ? " on the first page, and more" : "";
}

static int look(struct directory *d, const struct api_subject *subject, const char *url, struct look *seen)
{
	d->vendor.caller.host->step(d->vendor.caller.call, "%s: the first page", subject->doing);
	return api_get(d, subject, url, false, &(struct api_taker){ look_at, NULL, seen });
}

static int check_people(struct directory *d)
{
	const struct fetch_caller *caller = &d->vendor.caller;
	struct look seen = { 0 };

	if (look(d, &api_people,
		 arena_format(d->vendor.page,
			      "%s&maxResults=%d&projection=%s&fields=kind,nextPageToken,users(%s)",
			      api_list(d, "users"), LOOK_AT, d->projection, d->fields),
		 &seen) < 0)
		return -1;
	if (seen.count == 0)
		return caller->host->fail(
			caller->call, ROSTER_REFUSED, 0,
			"Google shows nobody; see \"customer\" and \"domain\", and the role of "
			"\"administrator\"");
	caller->host->note(caller->call, "the account is %s", seen.account[0] ? seen.account : "not told");
	caller->host->note(caller->call, "%lu people%s, %lu of them suspended", seen.count, and_more(d),
			   seen.suspended);
	return 0;
}

static int check_groups(struct directory *d)
{
	const struct fetch_caller *caller = &d->vendor.caller;
	struct look seen = { 0 }, members = { 0 };

	if (!d->settings.groups) {
		caller->host->note(caller->call, "\"groups\" is no: no groups are read");
		return 0;
	}
	if (look(d, &api_groups,
		 arena_format(d->vendor.page, "%s&maxResults=%d&fields=kind,nextPageToken,groups(%s)",
			      api_list(d, "groups"), LOOK_AT, group_fields),
		 &seen) < 0)
		return -1;
	caller->host->note(caller->call, "%lu groups%s", seen.count, and_more(d));
	if (!seen.first[0])
		return 0;
	return look(d, &api_members,
		    api_url(d, "/groups/%s/members?maxResults=1&fields=kind,members(id,type)",
			    vendor_escape(&d->vendor, seen.first)),
		    &members);
}

int check_directory(struct directory *d)
{
	const struct fetch_caller *caller = &d->vendor.caller;
	const char *address = caller->host->address(caller->call, "notifications");

	if (check_people(d) < 0 || check_groups(d) < 0 || feed_check(d) < 0)
		return -1;
	if (address && d->settings.channel_token)
		caller->host->note(caller->call, "messages of push channels are taken at %s", address);
	return 0;
}
