/* An Okta org: users, groups, members, the System Log, API tokens, and the org's authorization server with
 * private_key_jwt and DPoP.
 *
 * After Okta's management OpenAPI (2026.06) and its guides on pagination, rate limits, System Log queries,
 * OAuth for Okta and DPoP.
 *
 * Options beside the server's: --token=SSWS-TOKEN, --client=ID --client-key=PUBLIC-PEM-FILE, --dpop=yes
 * (tokens are bound), --life=SECONDS (of an access token).
 *
 * Told:
 *   status N STATUS        somebody's status from now on, with its event
 *   set N FIELD WORDS...   a profile attribute ("more": further members as JSON, such as
 * "userType":"Employee") hire                   somebody new; answers the number delete N somebody is
 * deleted, as if twice join GROUP N, leave GROUP N     GROUP: a name without blanks group NAME [KIND]      a
 * new group; KIND: OKTA_GROUP, APP_GROUP, BUILT_IN rename GROUP NAME, ungroup GROUP id N, group-id GROUP the
 * id lag MS                 how late "search" sees a change log-lag MS             how late the System Log
 * has an event expire                 all access tokens end now revoke                 the API token is
 * revoked scopes WORDS...        what the application has been granted; a token with fewer is not given role
 * no                neither the application nor the administrator of the token has a role: 403 nonce the DPoP
 * nonce is another one assign N [STATUS], unassign N: to the one application, 0oa1anApplication Its own faults: repeat (a page's link to the next leads to the page itself), missing
 * (the link to the next leads one page too far), elsewhere (it leads to another host), concurrent (429 of the
 * limit of requests at the same time), nolink (the last link of a page is left out). */
#include "peers/vendor/okta_token.h"
#include "peers/vendor/okta_filter.h"
#include "peers/vendor/people.h"
#include "peers/vendor/server.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ID_LETTERS = 20,
	USERS_MOST = 200,
	GROUPS_MOST = 10000,
	MEMBERS_MOST = 1000,
	EVENTS_MOST = 1000,
	ASSIGNED_DEFAULT = 50,
	ASSIGNED_MOST = 500
};

enum state {
	ACTIVE = PEOPLE_ACTIVE,
	STAGED,
	PROVISIONED,
	RECOVERY,
	PASSWORD_EXPIRED,
	LOCKED_OUT,
	SUSPENDED,
	DEPROVISIONED,
	STATES
};
static const char *const states[STATES] = {
	"ACTIVE",	    "STAGED",	  "PROVISIONED", "RECOVERY",
	"PASSWORD_EXPIRED", "LOCKED_OUT", "SUSPENDED",	 "DEPROVISIONED"
};
static const char *const kinds[] = { "OKTA_GROUP", "APP_GROUP", "BUILT_IN" };

static const char *api_token = "00token";
static bool has_role = true;
static int64_t search_lag_ms, log_lag_ms;

struct event {
	int64_t published_ms, persisted_ms;
	const char *type;
	int32_t person, group; /* -1: none */
};
static struct event *events;
static size_t event_count;

static struct vendor_bucket buckets[] = {
	{ "users", 600 },
	{ "users/id", 600 },
	{ "groups", 500 },
	{ "groups/id", 500 },
	{ "logs", 120 },
	{ "token", 2000 },
	{ "apps", 100 },
	{ "apps/id", 100 },
	{ 0 },
};

/* ---- answers ---- */

static void refuse(struct vendor_reply *reply, int status, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void refuse(struct vendor_reply *reply, int status, const char *code, const char *fmt, ...)
{
	char summary[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(summary, sizeof(summary), fmt, args);
	va_end(args);
	reply->status = status;
	buffer_reset(&reply->body);
	buffer_format(&reply->body, "{\"errorCode\":\"%s\",\"errorSummary\":", code);
	vendor_put_quoted(&reply->body, summary);
	buffer_format(&reply->body,
		      ",\"errorLink\":\"%s\",\"errorId\":\"oaeHfmOAx1iRLa0H10DeMz5fQ\",\"errorCauses\":[]}",
		      code);
}

static void limited(struct vendor_reply *reply)
{
	refuse(reply, 429, "E0000047", "API call exceeded rate limit due to too many requests.");
}

static void mark(struct vendor_reply *reply, const struct vendor_bucket *bucket, long left, int64_t reset)
{
	static unsigned long number;
	bool concurrent = vendor_fault("concurrent");

	if (concurrent) {
		limited(reply);
		reply->status = 429;
	}
	vendor_reply_header(reply, "X-Okta-Request-Id", "req%08lx", ++number);
	vendor_reply_header(reply, "X-Rate-Limit-Limit", "%ld",
			    concurrent ? 0
			    : bucket   ? bucket->limit
				       : 10000);
	vendor_reply_header(reply, "X-Rate-Limit-Remaining", "%ld", concurrent ? 0 : bucket ? left : 9999);
	vendor_reply_header(reply, "X-Rate-Limit-Reset", "%lld", (long long)reset);
}

/* ---- users ---- */

static const char *user_id(uint32_t number)
{
	static char id[ID_LETTERS + 1];

	sim_id("00u", number, id, ID_LETTERS);
	return id;
}

static const char *group_id(uint32_t number)
{
	static char id[ID_LETTERS + 1];

	sim_id("00g", number, id, ID_LETTERS);
	return id;
}

static struct sim_person *find_user(const char *key)
{
	uint64_t number;
	struct sim_person *person;

	if (sim_number("00u", key, ID_LETTERS, &number) && (person = people_at(number)))
		return person->deleted ? NULL : person;
	for (size_t i = 0; i < people_count(); i++)
		if (!people_at(i)->deleted && text_equal_nocase(person_user_name(people_at(i)), key))
			return people_at(i);
	return NULL;
}

static struct sim_group *find_group(const char *key)
{
	uint64_t number;
	struct sim_group *group = sim_number("00g", key, ID_LETTERS, &number) ? group_at(number) : NULL;

	return group && !group->deleted ? group : NULL;
}

static void put_user(struct buffer *b, const struct sim_person *person, bool before)
{
	char created[32], updated[32], changed[32];
	const char *id = user_id(person->number);

	vendor_time(person->created_ms, created);
	vendor_time(before ? person->updated_before_ms : person->updated_ms, updated);
	vendor_time(person->state_ms, changed);
	buffer_format(b,
		      "{\"id\":\"%s\",\"status\":\"%s\",\"created\":\"%s\",\"activated\":\"%s\","
		      "\"statusChanged\":\"%s\",\"lastLogin\":null,"
		      "\"lastUpdated\":\"%s\",\"passwordChanged\":\"%s\",\"type\":{\"id\":"
		      "\"oty1162QAr8hJjTaq0g4\"},\"profile\":{",
		      id, states[before ? person->state_before : person->state], created, created, changed,
		      updated, created);
	vendor_put_text(b, "login", person_user_name(person));
	vendor_put_text(b, "email", person_email(person));
	vendor_put_text(b, "firstName", person_given_name(person));
	vendor_put_text(b, "lastName", person_family_name(person));
	vendor_put_text(b, "title", person_title(person));
	vendor_put_text(b, "department", person_department(person));
	if (person->edit && person->edit->more)
		buffer_format(b, "%s,", person->edit->more);
	buffer_format(b,
		      "\"userType\":\"%s\",\"employeeNumber\":\"%u\",\"organization\":\"Example\","
		      "\"costCenter\":\"CC1\",\"mobilePhone\":null,"
		      "\"secondEmail\":null,\"countryCode\":\"US\",\"locale\":\"en_US\"},\"credentials\":{"
		      "\"password\":{},\"provider\":{\"type\":\"OKTA\","
		      "\"name\":\"OKTA\"}},\"_links\":{\"self\":{\"href\":\"%s/api/v1/users/%s\"}}}",
		      person->number % 10 == 9 ? "Contractor" : "Employee", person->number, vendor_base(),
		      id);
}

static const char *group_value(const void *context, const char *name)
{
	static char text[32];
	const struct sim_group *group = context;

	if (strcmp(name, "id") == 0)
		return group_id(group->number);
	if (strcmp(name, "type") == 0)
		return kinds[group->kind];
	return vendor_time(strcmp(name, "lastUpdated") == 0 ? group->updated_ms : group->members_ms, text);
}

struct seen_user {
	const struct sim_person *person;
	bool before; /* as what is eventually consistent sees them */
};

static const char *user_value(const void *context, const char *name)
{
	static char text[32];
	const struct seen_user *seen = context;
	const struct sim_person *person = seen->person;

	if (strcmp(name, "id") == 0)
		return user_id(person->number);
	if (strcmp(name, "status") == 0)
		return states[seen->before ? person->state_before : person->state];
	if (strcmp(name, "lastUpdated") == 0)
		return vendor_time(seen->before ? person->updated_before_ms : person->updated_ms, text);
	if (strcmp(name, "created") == 0)
		return vendor_time(person->created_ms, text);
	if (strcmp(name, "profile.login") == 0)
		return person_user_name(person);
	if (strcmp(name, "profile.email") == 0)
		return person_email(person);
	return strcmp(name, "profile.firstName") == 0 ? person_given_name(person)
						      : person_family_name(person);
}

static const struct okta_attribute user_filterable[] = {
	{ "id", "eq" },
	{ "status", "eq" },
	{ "lastUpdated", "eq gt ge lt le" },
	{ "profile.login", "eq" },
	{ "profile.email", "eq" },
	{ "profile.firstName", "eq" },
	{ "profile.lastName", "eq" },
	{ 0 },
};
static const struct okta_attribute user_searchable[] = {
	{ "id", "eq sw gt ge lt le pr" },
	{ "status", "eq pr" },
	{ "lastUpdated", "eq gt ge lt le pr" },
	{ "created", "eq gt ge lt le pr" },
	{ "profile.login", "eq sw co pr" },
	{ "profile.email", "eq sw co pr" },
	{ "profile.firstName", "eq sw co pr" },
	{ "profile.lastName", "eq sw co pr" },
	{ 0 },
};
static const struct okta_attribute group_filterable[] = {
	{ "id", "eq" },
	{ "type", "eq" },
	{ "lastUpdated", "eq gt ge lt le" },
	{ "lastMembershipUpdated", "eq gt ge lt le" },
	{ 0 },
};
static const struct okta_attribute log_filterable[] = {
	{ "eventType", "eq sw ew co ne" },
	{ "outcome.result", "eq ne" },
	{ "target.id", "eq" },
	{ 0 },
};

/* ---- pages ---- */

static long limit_of(const struct vendor_request *request, long fallback, long most)
{
	const char *limit = vendor_query(request, "limit");
	long number = limit ? atol(limit) : fallback;

	return number < 1 ? fallback : number > most ? most : number;
}

static void put_escaped(struct buffer *b, const char *text)
{
	for (; *text; text++)
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", *text))
			buffer_add(b, text, 1);
		else
			buffer_format(b, "%%%02X", (unsigned char)*text);
}

static void put_link(const struct vendor_request *request, struct vendor_reply *reply, const char *after,
		     const char *rel)
{
	static const char *const repeated[] = {
		"limit", "filter", "search", "q", "sortOrder", "expand", NULL
	};
	struct buffer url;
	bool first = true;

	buffer_open(&url, 8192);
	buffer_format(&url, "%s%s",
		      strcmp(rel, "next") == 0 && vendor_fault("elsewhere") ? "https://elsewhere.example"
									    : vendor_base(),
		      request->path);
	if (after) {
		buffer_format(&url, "?after=%s", after);
		first = false;
	}
	for (const char *const *name = repeated; *name; name++) {
		const char *value = vendor_query(request, *name);

		if (!value)
			continue;
		buffer_format(&url, "%s%s=", first ? "?" : "&", *name);
		put_escaped(&url, value);
		first = false;
	}
	vendor_reply_header(reply, "Link", "<%s>; rel=\"%s\"", url.bytes, rel);
	buffer_close(&url);
}

/* after: what the next page begins behind; NULL: this is the last one. */
static void put_links(const struct vendor_request *request, struct vendor_reply *reply, const char *after)
{
	const char *here = vendor_query(request, "after");

	put_link(request, reply, here, "self");
	if (after && vendor_fault("repeat"))
		after = here ? here : "";
	if (after && !vendor_fault("nolink"))
		put_link(request, reply, after, "next");
}

/* The number that a page begins with: the one behind the id of `after`. */
static bool begin_of(const struct vendor_request *request, const char *prefix, size_t *ret)
{
	const char *after = vendor_query(request, "after");
	uint64_t number;

	*ret = 0;
	if (!after || !*after)
		return true;
	if (!sim_number(prefix, after, ID_LETTERS, &number))
		return false;
	*ret = number + 1;
	return true;
}

static struct okta_filter *filter_of(const struct vendor_request *request, struct vendor_reply *reply,
				     const char *parameter, const struct okta_attribute *attributes,
				     bool *ret_wrong)
{
	const char *text = vendor_query(request, parameter);
	struct okta_filter *filter = NULL;

	*ret_wrong = text && !(filter = okta_filter_open(text, attributes));
	if (*ret_wrong)
		refuse(reply, 400, "E0000031", "Invalid search criteria.");
	return filter;
}

static bool is_before(const struct sim_person *person)
{
	return person->changed_ms + search_lag_ms > vendor_now_ms();
}

static void list_users(const struct vendor_request *request, struct vendor_reply *reply)
{
	bool searching = vendor_query(request, "search") != NULL, wrong;
	struct okta_filter *filter = filter_of(request, reply, searching ? "search" : "filter",
					       searching ? user_searchable : user_filterable, &wrong);
	size_t at;
	long left = limit_of(request, 200, USERS_MOST), missing = vendor_fault("missing") ? left : 0;
	char after[ID_LETTERS + 1] = "";
	bool more = false;

	if (wrong)
		return;
	if (!begin_of(request, "00u", &at)) {
		refuse(reply, 400, "E0000001", "Api validation failed: after");
		okta_filter_close(filter);
		return;
	}
	buffer_text(&reply->body, "[");
	for (; at < people_count(); at++) {
		const struct sim_person *person = people_at(at);
		struct seen_user seen = { person, searching && is_before(person) };

		if (person->deleted ||
		    (filter ? !okta_filter_matches(filter, user_value, &seen)
			    : (seen.before ? person->state_before : person->state) == DEPROVISIONED))
			continue;
		if (left == 0 && missing == 0) {
			more = true;
			break;
		}
		if (left == 0) {
			missing--;
			strcpy(after, user_id(person->number));
			continue;
		}
		if (after[0])
			buffer_text(&reply->body, ",");
		put_user(&reply->body, person, seen.before);
		strcpy(after, user_id(person->number));
		left--;
	}
	buffer_text(&reply->body, "]");
	put_links(request, reply, more ? after : NULL);
	okta_filter_close(filter);
}

static void put_group(struct buffer *b, const struct sim_group *group, bool with_stats)
{
	char created[32], updated[32], members[32];
	const char *id = group_id(group->number);

	buffer_format(b,
		      "{\"id\":\"%s\",\"created\":\"%s\",\"lastUpdated\":\"%s\",\"lastMembershipUpdated\":\"%"
		      "s\",\"objectClass\":[\"%s\"],\"type\":\"%s\","
		      "\"profile\":{",
		      id, vendor_time(group->created_ms, created), vendor_time(group->updated_ms, updated),
		      vendor_time(group->members_ms, members),
		      group->kind == 1 ? "okta:windows_security_principal" : "okta:user_group",
		      kinds[group->kind]);
	vendor_put_text(b, "name", group->name);
	buffer_format(b,
		      "\"description\":null},\"_links\":{\"users\":{\"href\":\"%s/api/v1/groups/%s/"
		      "users\"},\"apps\":{\"href\":\"%s/api/v1/groups/%s/apps\"}}",
		      vendor_base(), id, vendor_base(), id);
	if (with_stats)
		buffer_format(b, ",\"_embedded\":{\"stats\":{\"usersCount\":%zu,\"appsCount\":0}}",
			      group->member_count);
	buffer_text(b, "}");
}

static void list_groups(const struct vendor_request *request, struct vendor_reply *reply)
{
	bool wrong;
	struct okta_filter *filter = filter_of(request, reply, "filter", group_filterable, &wrong);
	long left = limit_of(request, GROUPS_MOST, GROUPS_MOST);
	const char *expand = vendor_query(request, "expand");
	bool more = false, with_stats = expand && strstr(expand, "stats");
	char after[ID_LETTERS + 1] = "";
	size_t at;

	if (wrong)
		return;
	if (!begin_of(request, "00g", &at)) {
		refuse(reply, 400, "E0000001", "Api validation failed: after");
		okta_filter_close(filter);
		return;
	}
	buffer_text(&reply->body, "[");
	for (; at < groups_count(); at++) {
		const struct sim_group *group = group_at(at);

		if (group->deleted || (filter && !okta_filter_matches(filter, group_value, group)))
			continue;
		if (left-- == 0) {
			more = true;
			break;
		}
		if (after[0])
			buffer_text(&reply->body, ",");
		put_group(&reply->body, group, with_stats);
		strcpy(after, group_id(group->number));
	}
	buffer_text(&reply->body, "]");
	put_links(request, reply, more ? after : NULL);
	okta_filter_close(filter);
}

static void list_members(const struct vendor_request *request, struct vendor_reply *reply,
			 const struct sim_group *group)
{
	long left = limit_of(request, MEMBERS_MOST, MEMBERS_MOST);
	char after[ID_LETTERS + 1] = "";
	size_t begin;
	bool more = false;

	if (!begin_of(request, "00u", &begin)) {
		refuse(reply, 400, "E0000001", "Api validation failed: after");
		return;
	}
	buffer_text(&reply->body, "[");
	for (const uint32_t *member = group_from(group, (uint32_t)begin); member;
	     member = group_from(group, *member + 1)) {
		if (left-- == 0) {
			more = true;
			break;
		}
		if (after[0])
			buffer_text(&reply->body, ",");
		put_user(&reply->body, people_at(*member), false);
		strcpy(after, user_id(*member));
	}
	buffer_text(&reply->body, "]");
	put_links(request, reply, more ? after : NULL);
}

static void list_groups_of(struct vendor_reply *reply, const struct sim_person *person)
{
	bool first = true;

	buffer_text(&reply->body, "[");
	for (size_t i = 0; i < groups_count(); i++)
		if (!group_at(i)->deleted && group_has(group_at(i), person->number)) {
			if (!first)
				buffer_text(&reply->body, ",");
			put_group(&reply->body, group_at(i), false);
			first = false;
		}
	buffer_text(&reply->body, "]");
}

/* ---- an application ---- */

static const char application[] = "0oa1anApplication";
static const char **assigned; /* by the number of a person: the state of their assignment, or NULL */
static size_t assigned_room;

/* Whoever is deactivated loses it. */
static const char *assignment_of(const struct sim_person *person)
{
	return person->number < assigned_room && !person->deleted && person->state != DEPROVISIONED ? assigned[person->number]
												     : NULL;
}

static bool assign(const struct sim_person *person, const char *status)
{
	if (person->number >= assigned_room) {
		size_t room = people_count() + 1000;

		assigned = realloc(assigned, room * sizeof(*assigned));
		memset(assigned + assigned_room, 0, (room - assigned_room) * sizeof(*assigned));
		assigned_room = room;
	}
	assigned[person->number] = status ? strdup(status) : NULL;
	return true;
}

static void put_assignment(const struct vendor_request *request, struct buffer *b, const struct sim_person *person)
{
	const char *expand = vendor_query(request, "expand");
	char updated[32];

	vendor_time(person->created_ms, updated);
	buffer_format(b,
		      "{\"id\":\"%s\",\"externalId\":null,\"created\":\"%s\",\"lastUpdated\":\"%s\",\"scope\":\"USER\",\"status\":\"%s\","
		      "\"syncState\":\"DISABLED\",\"credentials\":{\"userName\":\"%s\"},\"profile\":{}",
		      user_id(person->number), updated, updated, assignment_of(person), person_user_name(person));
	if (text_equal(expand, "user")) {
		buffer_text(b, ",\"_embedded\":{\"user\":");
		put_user(b, person, false);
		buffer_text(b, "}");
	}
	buffer_text(b, "}");
}

static void list_assigned(const struct vendor_request *request, struct vendor_reply *reply)
{
	long left = limit_of(request, ASSIGNED_DEFAULT, ASSIGNED_MOST);
	char after[ID_LETTERS + 1] = "";
	bool more = false;
	size_t at;

	if (!begin_of(request, "00u", &at)) {
		refuse(reply, 400, "E0000001", "Api validation failed: after");
		return;
	}
	buffer_text(&reply->body, "[");
	for (; at < people_count() && !more; at++) {
		const struct sim_person *person = people_at(at);

		if (!assignment_of(person))
			continue;
		more = left == 0;
		if (more)
			break;
		if (after[0])
			buffer_text(&reply->body, ",");
		put_assignment(request, &reply->body, person);
		strcpy(after, user_id(person->number));
		left--;
	}
	buffer_text(&reply->body, "]");
	put_links(request, reply, more ? after : NULL);
}

static void answer_application(const struct vendor_request *request, struct vendor_reply *reply, char *key)
{
	char *rest = strchr(key, '/');
	const struct sim_person *person;

	if (rest)
		*rest++ = '\0';
	if (!text_equal(key, application))
		refuse(reply, 404, "E0000007", "Not found: Resource not found: %s (AppInstance)", key);
	else if (text_equal(rest, "users"))
		list_assigned(request, reply);
	else if (rest && text_begins(rest, "users/")) {
		person = find_user(rest + strlen("users/"));
		if (person && assignment_of(person))
			put_assignment(request, &reply->body, person);
		else
			refuse(reply, 404, "E0000007", "Not found: Resource not found: %s (AppUser)", rest + strlen("users/"));
	} else
		refuse(reply, 404, "E0000022", "The endpoint does not support the provided HTTP method");
}

/* ---- the System Log ---- */

static void record(const char *type, int32_t person, int32_t group)
{
	int64_t now = vendor_now_ms();

	events = realloc(events, (event_count + 1) * sizeof(*events));
	events[event_count++] = (struct event){ now, now + log_lag_ms, type, person, group };
}

static const char *event_value(const void *context, const char *name)
{
	const struct event *event = context;

	if (strcmp(name, "eventType") == 0)
		return event->type;
	if (strcmp(name, "outcome.result") == 0)
		return "SUCCESS";
	return event->person >= 0 ? user_id((uint32_t)event->person) : "";
}

/* Targets in no order that could be relied on. */
static void put_event(struct buffer *b, const struct event *event, size_t number)
{
	char published[32];
	bool user_first = sim_hash(number) % 2;

	buffer_format(b,
		      "{\"uuid\":\"%08zx-2837-11eb-9823-9fb8f750c5a9\",\"published\":\"%s\",\"eventType\":\"%"
		      "s\",\"version\":\"0\",\"severity\":\"INFO\","
		      "\"actor\":{\"id\":\"00uadmin000000000000\",\"type\":\"User\"},\"outcome\":{\"result\":"
		      "\"SUCCESS\",\"reason\":null},\"target\":[",
		      number, vendor_time(event->published_ms, published), event->type);
	for (int i = 0, given = 0; i < 2; i++) {
		bool user = (i == 0) == user_first;

		if ((user ? event->person : event->group) < 0)
			continue;
		buffer_format(b,
			      "%s{\"id\":\"%s\",\"type\":\"%s\",\"alternateId\":\"unknown\",\"displayName\":"
			      "\"somebody\",\"detailEntry\":null}",
			      given++ ? "," : "",
			      user ? user_id((uint32_t)event->person) : group_id((uint32_t)event->group),
			      user ? "User" : "UserGroup");
	}
	buffer_text(b, "]}");
}

static void list_events(const struct vendor_request *request, struct vendor_reply *reply)
{
	const char *after = vendor_query(request, "after"), *since = vendor_query(request, "since"),
		   *until = vendor_query(request, "until");
	const char *limit = vendor_query(request, "limit");
	int64_t since_ms = vendor_read_time(since), until_ms = vendor_read_time(until), now = vendor_now_ms();
	long left = limit ? atol(limit) : 100;
	size_t at = after ? strtoul(after, NULL, 10) : 0;
	bool wrong, first = true, polling = !until;
	struct okta_filter *filter = filter_of(request, reply, "filter", log_filterable, &wrong);
	char next[32];

	if (wrong)
		return;
	if (left < 0 || left > EVENTS_MOST || (after && since) ||
	    (since && since_ms < now - INT64_C(180) * 86400 * 1000)) {
		refuse(reply, 400, "E0000053", "Invalid parameter.");
		okta_filter_close(filter);
		return;
	}
	if (!after && since_ms < 0)
		since_ms = now - INT64_C(7) * 86400 * 1000;
	buffer_text(&reply->body, "[");
	for (; at < event_count && left > 0; at++) {
		const struct event *event = &events[at];

		if (event->persisted_ms > now)
			break; /* they come in the order in which they are persisted, so none behind it is
				  there yet */
		if ((!after && event->published_ms < since_ms) ||
		    (until && event->published_ms >= until_ms) ||
		    (filter && !okta_filter_matches(filter, event_value, event)))
			continue;
		if (!first)
			buffer_text(&reply->body, ",");
		put_event(&reply->body, event, at);
		first = false;
		left--;
	}
	buffer_text(&reply->body, "]");
	snprintf(next, sizeof(next), "%zu", at);
	put_links(request, reply, polling || left == 0 ? next : NULL);
	okta_filter_close(filter);
}

/* ---- who may ---- */

/* What may be read with this scope; the answer is filled in if it may not. */
static bool may(const struct vendor_request *request, struct vendor_reply *reply, const char *scope)
{
	const char *authorization = vendor_header(request, "Authorization");

	if (authorization && strncmp(authorization, "SSWS ", 5) == 0) {
		if (strcmp(authorization + 5, api_token) != 0)
			return refuse(reply, 401, "E0000011", "Invalid token provided"), false;
	} else if (authorization &&
		   (text_begins(authorization, "Bearer ") || text_begins(authorization, "DPoP "))) {
		enum okta_verdict verdict = okta_token_check(request, authorization, scope);

		if (verdict == OKTA_INSUFFICIENT) {
			vendor_reply_header(reply, "WWW-Authenticate",
					    "Bearer error=\"insufficient_scope\", error_description=\"The "
					    "access token must provide access to at least one of "
					    "these scopes - %s\"",
					    scope);
			return refuse(reply, 403, "E0000006",
				      "You do not have permission to perform the requested action"),
			       false;
		}
		if (verdict != OKTA_GOOD)
			return refuse(reply, 401, "E0000011", "Invalid token provided"), false;
	} else {
		return refuse(reply, 401, "E0000004", "Authentication failed"), false;
	}
	if (!has_role)
		return refuse(reply, 403, "E0000006",
			      "You do not have permission to perform the requested action"),
		       false;
	return true;
}

/* ---- addresses ---- */

static const char *bucket_of(const struct vendor_request *request)
{
	const char *path = request->path;

	if (text_equal(path, "/api/v1/users"))
		return "users";
	if (text_begins(path, "/api/v1/users/"))
		return "users/id";
	if (text_equal(path, "/api/v1/groups"))
		return "groups";
	if (text_begins(path, "/api/v1/groups/"))
		return "groups/id";
	if (text_equal(path, "/api/v1/logs"))
		return "logs";
	if (text_begins(path, "/api/v1/apps/"))
		return strstr(path, "/users/") ? "apps/id" : "apps";
	return text_equal(path, "/oauth2/v1/token") ? "token" : NULL;
}

static void answer_user(const struct vendor_request *request, struct vendor_reply *reply, char *key)
{
	char *rest = strchr(key, '/');
	struct sim_person *person;

	if (rest)
		*rest++ = '\0';
	person = find_user(key);
	if (!person)
		refuse(reply, 404, "E0000007", "Not found: Resource not found: %s (User)", key);
	else if (!rest)
		put_user(&reply->body, person, false);
	else if (text_equal(rest, "groups"))
		list_groups_of(reply, person);
	else
		refuse(reply, 404, "E0000022", "The endpoint does not support the provided HTTP method");
	(void)request;
}

static void answer_group(const struct vendor_request *request, struct vendor_reply *reply, char *key)
{
	char *rest = strchr(key, '/');
	struct sim_group *group;

	if (rest)
		*rest++ = '\0';
	group = find_group(key);
	if (!group)
		refuse(reply, 404, "E0000007", "Not found: Resource not found: %s (UserGroup)", key);
	else if (!rest)
		put_group(&reply->body, group, false);
	else if (text_equal(rest, "users"))
		list_members(request, reply, group);
	else
		refuse(reply, 404, "E0000022", "The endpoint does not support the provided HTTP method");
}

static void answer_get(const struct vendor_request *request, struct vendor_reply *reply)
{
	char key[256];

	if (text_equal(request->path, "/.well-known/okta-organization"))
		buffer_format(&reply->body,
			      "{\"id\":\"00o118oQYT4TBTemp0g4\",\"pipeline\":\"idx\",\"_links\":{"
			      "\"organization\":{\"href\":\"%s\"}}}",
			      vendor_base());
	else if (text_equal(request->path, "/api/v1/users") && may(request, reply, "okta.users.read"))
		list_users(request, reply);
	else if (text_begins(request->path, "/api/v1/users/") && may(request, reply, "okta.users.read"))
		snprintf(key, sizeof(key), "%s", request->path + strlen("/api/v1/users/")),
			answer_user(request, reply, key);
	else if (text_equal(request->path, "/api/v1/groups") && may(request, reply, "okta.groups.read"))
		list_groups(request, reply);
	else if (text_begins(request->path, "/api/v1/groups/") && may(request, reply, "okta.groups.read"))
		snprintf(key, sizeof(key), "%s", request->path + strlen("/api/v1/groups/")),
			answer_group(request, reply, key);
	else if (text_begins(request->path, "/api/v1/apps/") && may(request, reply, "okta.apps.read"))
		snprintf(key, sizeof(key), "%s", request->path + strlen("/api/v1/apps/")),
			answer_application(request, reply, key);
	else if (text_equal(request->path, "/api/v1/logs") && may(request, reply, "okta.logs.read"))
		list_events(request, reply);
	else if (reply->status == 200)
		refuse(reply, 404, "E0000007", "Not found: Resource not found: %s", request->path);
}

static void answer(const struct vendor_request *request, struct vendor_reply *reply)
{
	if (text_equal(request->path, "/oauth2/v1/token") && text_equal(request->method, "POST"))
		okta_token_give(request, reply);
	else if (text_equal(request->method, "GET"))
		answer_get(request, reply);
	else
		refuse(reply, 405, "E0000022", "The endpoint does not support the provided HTTP method");
}

/* ---- what happens there ---- */

static void touch(struct sim_person *person)
{
	int64_t now = vendor_now_ms();

	person->state_before = person->state;
	person->updated_before_ms = person->updated_ms;
	person->changed_ms = person->updated_ms = now;
}

static bool change_state(struct sim_person *person, const char *word)
{
	static const char *const types[STATES] = {
		"user.lifecycle.activate",     "user.lifecycle.create",	       "user.lifecycle.activate",
		"user.account.reset_password", "user.account.expire_password", "user.account.lock",
		"user.lifecycle.suspend",      "user.lifecycle.deactivate"
	};

	for (uint8_t i = 0; i < STATES; i++)
		if (text_equal(states[i], word)) {
			touch(person);
			person->state = i;
			person->state_ms = person->updated_ms;
			record(types[i], (int32_t)person->number, -1);
			return true;
		}
	return false;
}

static void change_membership(struct sim_group *group, uint32_t number, bool joins)
{
	if (joins ? !group_add(group, number) : !group_remove(group, number))
		return;
	group->members_ms = vendor_now_ms();
	record(joins ? "group.user_membership.add" : "group.user_membership.remove", (int32_t)number,
	       (int32_t)group->number);
}

static void erase(struct sim_person *person)
{
	for (size_t i = 0; i < groups_count(); i++)
		if (group_remove(group_at(i), person->number))
			group_at(i)->members_ms = vendor_now_ms();
	person->deleted = true;
	record("user.lifecycle.delete.initiated", (int32_t)person->number, -1);
}

static bool tell_person(char **words, size_t count, struct buffer *out)
{
	struct sim_person *person = count >= 2 ? people_at(strtoul(words[1], NULL, 10)) : NULL;

	if (!person)
		return false;
	if (text_equal(words[0], "status") && count == 3)
		return change_state(person, words[2]);
	if (text_equal(words[0], "delete"))
		return erase(person), true;
	if (text_equal(words[0], "assign"))
		return assign(person, count == 3 ? words[2] : "ACTIVE");
	if (text_equal(words[0], "unassign"))
		return assign(person, NULL);
	if (text_equal(words[0], "id"))
		return buffer_format(out, "%s\n", user_id(person->number)), true;
	if (text_equal(words[0], "set") && count >= 4) {
		char value[8192] = "";

		for (size_t i = 3; i < count; i++)
			snprintf(value + strlen(value), sizeof(value) - strlen(value), "%s%s",
				 i > 3 ? " " : "", words[i]);
		touch(person);
		record("user.account.update_profile", (int32_t)person->number, -1);
		return person_set(person, words[2], value);
	}
	return false;
}

static bool tell_group(char **words, size_t count, struct buffer *out)
{
	struct sim_group *group = count >= 2 ? group_named(words[1]) : NULL;

	if (text_equal(words[0], "group") && count >= 2 && !group) {
		group = group_make(words[1], vendor_now_ms());
		for (uint8_t i = 0; i < ARRAY_COUNT(kinds); i++)
			if (count > 2 && text_equal(words[2], kinds[i]))
				group->kind = i;
		record("group.lifecycle.create", -1, (int32_t)group->number);
		return true;
	}
	if (!group)
		return false;
	if (text_equal(words[0], "group-id"))
		return buffer_format(out, "%s\n", group_id(group->number)), true;
	if ((text_equal(words[0], "join") || text_equal(words[0], "leave")) && count == 3 &&
	    people_at(strtoul(words[2], NULL, 10)))
		return change_membership(group, (uint32_t)strtoul(words[2], NULL, 10), words[0][0] == 'j'),
		       true;
	if (text_equal(words[0], "rename") && count == 3) {
		free(group->name);
		group->name = strdup(words[2]);
		group->updated_ms = vendor_now_ms();
		record("group.profile.update", -1, (int32_t)group->number);
		return true;
	}
	if (text_equal(words[0], "ungroup")) {
		group->deleted = true;
		record("group.lifecycle.delete", -1, (int32_t)group->number);
		return true;
	}
	return false;
}

static bool tell(char **words, size_t count, struct buffer *out)
{
	if (text_equal(words[0], "hire")) {
		struct sim_person *person = people_hire(vendor_now_ms());

		record("user.lifecycle.create", (int32_t)person->number, -1);
		buffer_format(out, "%u\n", person->number);
		return true;
	}
	if (text_equal(words[0], "lag") && count == 2)
		return search_lag_ms = atoll(words[1]), true;
	if (text_equal(words[0], "log-lag") && count == 2)
		return log_lag_ms = atoll(words[1]), true;
	if (text_equal(words[0], "revoke"))
		return api_token = "", true;
	if (text_equal(words[0], "role") && count == 2)
		return has_role = text_equal(words[1], "yes"), true;
	return okta_token_tell(words, count) || tell_person(words, count, out) ||
	       tell_group(words, count, out);
}

static bool option(const char *name, const char *value)
{
	if (text_equal(name, "--token"))
		return api_token = value, true;
	return okta_token_option(name, value);
}

static const struct vendor okta = {
	.name = "okta",
	.buckets = buckets,
	.bucket = bucket_of,
	.limited = limited,
	.mark = mark,
	.answer = answer,
	.tell = tell,
	.option = option,
};

int main(int argc, char **argv)
{
	return vendor_main(argc, argv, &okta);
}
