/* Log event type codes, and what the Management API was asked to do: that somebody was blocked is told by
 * nothing else. */
#include "auth0/event.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "connector.h"

enum { PATH_MOST = 2048, STEPS_MOST = 8 };

struct reader {
	const char *organization;
	event_fn *tell;
	void *context;
};

static void tell_somebody(const struct reader *reader, enum event_subject subject, const char *id)
{
	/* Masked ones have no '|' in them, nor have ids of applications. */
	if (id && strchr(id, '|') && strlen(id) <= ROSTER_ID_MOST && text_is_printable(id, strlen(id)))
		reader->tell(reader->context, subject, id);
	else
		reader->tell(reader->context, EVENT_BULK, NULL);
}

static void tell_person(const struct reader *reader, const char *id)
{
	tell_somebody(reader, EVENT_PERSON, id);
}

static void tell_role(const struct reader *reader, const char *id)
{
	if (id && id[0] && text_is_printable(id, strlen(id)))
		reader->tell(reader->context, EVENT_ROLE, id);
	else
		reader->tell(reader->context, EVENT_BULK, NULL);
}

/* "provider|id", as identities are named; their ids may be numbers. */
static void tell_identity(const struct reader *reader, enum event_subject subject, const char *provider,
			  const char *id)
{
	char text[ROSTER_ID_MOST + 1];

	if (!provider || !id || (size_t)snprintf(text, sizeof(text), "%s|%s", provider, id) >= sizeof(text))
		reader->tell(reader->context, EVENT_BULK, NULL);
	else
		tell_somebody(reader, subject, strchr(id, '|') ? id : text);
}

/* ---- what the Management API was asked ---- */

static void decode(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		unsigned char byte;

		if (*from == '%' && text_unhex(from + 1, strnlen(from + 1, 2), &byte, 1) == 1) {
			*to++ = (char)byte;
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
}

/* The steps of a path behind "/api/v2/", decoded. How many; 0: it is another path. */
static size_t steps_of(const char *path, char copy[PATH_MOST], const char *ret[STEPS_MOST])
{
	const char *begin = path ? strstr(path, "/api/v2/") : NULL;
	size_t count = 0;
	char *rest = copy, *step;

	if (!begin || strlen(begin) >= PATH_MOST)
		return 0;
	strcpy(copy, begin + strlen("/api/v2/"));
	copy[strcspn(copy, "?#")] = '\0';
	while (count < STEPS_MOST && (step = strsep(&rest, "/")))
		if (step[0]) {
			decode(step);
			ret[count++] = step;
		}
	return count;
}

static void read_users(const struct reader *reader, const char *const *step, size_t count, const char *method,
		       const struct json_node *asked, const struct json_node *answered)
{
	if (count == 1)
		return tell_person(reader, json_node_member_text(answered, "user_id"));
	tell_somebody(reader, count == 2 && text_equal_nocase(method, "DELETE") ? EVENT_GONE : EVENT_PERSON,
		      step[1]);
	if (count < 3 || !text_equal(step[2], "identities"))
		return;
	/* The account that is linked is gone as one of its own; one that is taken apart is back. */
	if (count >= 5)
		tell_identity(reader, EVENT_PERSON, step[3], step[4]);
	else if (text_equal_nocase(method, "POST"))
		tell_identity(reader, EVENT_GONE, json_node_member_text(asked, "provider"),
			      json_node_member_text(asked, "user_id"));
}

static void read_organization(const struct reader *reader, const char *const *step, size_t count,
			      const struct json_node *asked)
{
	const struct json_node *members = json_node_member(asked, "members");
	bool any = false;

	if (!text_equal(reader->organization, step[1]) || count < 3)
		return;
	if (text_equal(step[2], "members") && count >= 4)
		return tell_person(reader, step[3]);
	if (!text_equal(step[2], "members"))
		return;
	for (const struct json_node *member = json_node_first(members); member;
	     member = json_node_next(members, member)) {
		tell_person(reader, json_node_text(member));
		any = true;
	}
	if (!any)
		tell_person(reader, NULL);
}

static void read_request(const struct reader *reader, const struct json_node *event)
{
	const struct json_node *details = json_node_member(event, "details"),
			       *request = json_node_member(details, "request");
	const struct json_node *asked = json_node_member(request, "body"),
			       *answered = json_node_member(json_node_member(details, "response"), "body");
	const char *method = json_node_member_text(request, "method"), *step[STEPS_MOST];
	char copy[PATH_MOST];
	size_t count = steps_of(json_node_member_text(request, "path"), copy, step);

	if (text_equal_nocase(method, "GET"))
		return;
	if (count >= 1 && text_equal(step[0], "users"))
		read_users(reader, step, count, method, asked, answered);
	else if (count >= 1 && text_equal(step[0], "roles"))
		tell_role(reader, count == 1 ? json_node_member_text(answered, "id") : step[1]);
	else if (count >= 2 && text_equal(step[0], "organizations"))
		read_organization(reader, step, count, asked);
	else if (count == 0)
		reader->tell(reader->context, EVENT_BULK, NULL);
}

/* ---- types ---- */

static bool is_one_of(const char *type, const char *const *list)
{
	for (; *list; list++)
		if (text_equal(type, *list))
			return true;
	return false;
}

void event_read(const struct json_node *event, const char *organization, event_fn *tell, void *context)
{
	/* Signed up; address, user name or telephone changed; address verified; by SCIM. */
	static const char *const about_somebody[] = {
		"ss", "sce", "scu", "scpn", "sv", "sscim", "organization_member_added", NULL
	};
	static const char *const about_the_deleted[] = { "sdu", "du", NULL };
	static const char *const about_many[] = { "sui", "directory_sync_completed", NULL };
	const struct reader reader = { organization, tell, context };
	const char *type = json_node_member_text(event, "type"),
		   *user = json_node_member_text(event, "user_id");

	if (!type)
		return;
	if (is_one_of(type, about_many))
		tell(context, EVENT_BULK, NULL);
	else if (is_one_of(type, about_the_deleted))
		tell_somebody(&reader, EVENT_GONE, user);
	else if (is_one_of(type, about_somebody))
		tell_person(&reader, user);
	else if (text_equal(type, "sapi"))
		read_request(&reader, event);
	/* Whoever signs in by another directory is made then, or made anew; in Auth0's own nothing changes.
	 */
	else if (text_equal(type, "s") && user && strchr(user, '|') &&
		 !text_equal(json_node_member_text(event, "strategy_type"), "database"))
		tell_person(&reader, user);
}
