/* Tries each thing that a listing needs, in its order, and says what it found. */
#include "entra/check.h"

#include <stdio.h>

#include "base/text.h"
#include "entra/api.h"
#include "entra/person.h"

enum { LOOK_AT = 100 }; /* people of the first page */

struct seen {
	struct directory *directory;
	unsigned long count, with_email, guests;
	char first[PLACE_GUID_LETTERS + 1];
};

static int look_at_person(void *context, const struct json_node *user, struct error *e)
{
	struct seen *seen = context;
	const char *email = seen->directory->settings.field[FIELD_EMAIL], *left_out = NULL;

	(void)e;
	seen->count++;
	seen->guests += text_equal_nocase(json_node_member_text(user, "userType"), "Guest");
	seen->with_email += email && value_take(user, email, ROSTER_TEXT_MOST, &left_out) != NULL;
	return 0;
}

static int look_at_group(void *context, const struct json_node *group, struct error *e)
{
	struct seen *seen = context;
	const char *id = value_id(group);

	(void)e;
	seen->count++;
	if (!seen->first[0] && id)
		snprintf(seen->first, sizeof(seen->first), "%.36s", id);
	return 0;
}

static const char *and_more(const struct directory *d)
{
	return json_node_member(d->vendor.answer.rest, "@odata.nextLink") ? " on the first page, and more"
									  : "";
}

static int look(struct directory *d, const struct api_subject *subject, const char *url,
		json_element_fn *take, struct seen *seen)
{
	const struct api_question question = { .url = url, .array = "value", .take = take, .context = seen };

	d->vendor.caller.host->step(d->vendor.caller.call, "%s: the first page", subject->doing);
	return api_ask(d, subject, &question);
}

static int check_people(struct directory *d)
{
	const struct fetch_caller *caller = &d->vendor.caller;
	struct seen seen = { .directory = d };

	if (look(d, &api_people, api_url(d, "/users?$top=%d&$select=%s", LOOK_AT, d->select), look_at_person,
		 &seen) < 0)
		return -1;
	if (seen.count == 0)
		return caller->host->fail(caller->call, ROSTER_REFUSED, 0,
					  "Graph shows nobody; is \"tenant\" the right one?");
	caller->host->note(caller->call, "%lu people%s, %lu with an address of mail, %lu guests%s",
			   seen.count, and_more(d), seen.with_email, seen.guests,
			   seen.guests > 0 && !d->settings.guests ? ", who are left out (\"guests\")" : "");
	return 0;
}

static int check_groups(struct directory *d)
{
	const struct fetch_caller *caller = &d->vendor.caller;
	struct seen seen = { .directory = d }, members = { .directory = d };

	if (!d->settings.groups) {
		caller->host->note(caller->call, "\"groups\" is no: no groups are read");
		return 0;
	}
	if (look(d, &api_groups, api_url(d, "/groups?$top=%d&$select=%s", LOOK_AT, group_select),
		 look_at_group, &seen) < 0)
		return -1;
	caller->host->note(caller->call, "%lu groups%s", seen.count, and_more(d));
	if (!seen.first[0])
		return 0;
	return look(d, &api_members, api_url(d, "/groups/%s/members?$top=1&$select=id", seen.first),
		    look_at_group, &members);
}

int check_directory(struct directory *d)
{
	const struct fetch_caller *caller = &d->vendor.caller;
	const char *address = caller->host->address(caller->call, "notifications");

	if (check_people(d) < 0 || check_groups(d) < 0)
		return -1;
	if (address && d->settings.client_state)
		caller->host->note(caller->call, "change notifications are taken at %s", address);
	return 0;
}
