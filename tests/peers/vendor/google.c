/* A Google Workspace account: users, groups, members by the Directory API, and the token endpoint for service
 * accounts that act for an administrator.
 *
 * After the Directory API's discovery document and Google's guides on limits, errors and domain-wide
 * delegation. One quota counts all requests of the API; above it they are told 403, as Google does.
 *
 * Options beside the server's: --account=ADDRESS --account-key=PUBLIC-PEM-FILE (of the service account),
 * --life=SECONDS (of an access token). The first person is a super administrator.
 *
 * Told:
 *   suspend N, unsuspend N, archive N, unarchive N, delete N, undelete N
 *   set N FIELD WORDS...   "user_name" renames: what was before becomes an alias; "more": all aliases, by
 * commas unit N PATH            another organisational unit hire                   somebody new; answers the
 * number join GROUP N, leave GROUP N, group NAME, ungroup GROUP, rename GROUP NAME (of the group's address)
 *   nest INNER OUTER, unnest INNER OUTER
 *   everybody GROUP        the whole account is a member
 *   external GROUP         somebody of elsewhere is a member, and somebody without an id
 *   hide GROUP yes|no      its members are not there yet: 404
 *   id N, group-id GROUP   the id
 *   quota N, quota-window SECONDS
 *   page-life SECONDS      how long a page token is known
 *   role super|role|none   what the administrator may; administrator N: who it is
 *   api yes|no             whether the Admin SDK is enabled in the project
 *   channels               those that are open: event, id, token, address
 *   expire, scopes WORDS... ("user.readonly", "reports.audit.readonly"), key yes|no
 *   owner-join GROUP N, owner-leave GROUP N   by an owner of the group, in Google Groups
 *   event TYPE NAME [PARAMETER VALUE]...      something else that an administrator did
 *   feed yes|no, owners-feed yes|no           whether the Reports API may be read, and tells of owners
 *   feed-delay SECONDS     how late events come; feed-kept SECONDS how long they are kept
 *   deleted-delay SECONDS  how late the list of who was deleted is
 * Its own faults: rate, user-rate, quota (403 with that reason), repeat (the token of the next page leads to
 * the page itself), missing (it leads one page too far), notoken (it is left out), nokind (an answer that is
 * none), stranger (somebody of another account is on a page). */
#include "peers/vendor/google_token.h"
#include "peers/vendor/people.h"
#include "peers/vendor/server.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

enum {
	USERS_MOST = 500,
	GROUPS_MOST = 200,
	MEMBERS_MOST = 200,
	SUSPENDED = 1,
	ARCHIVED = 2,
	TABLE_MOST = 256,
	GROUP_LETTERS = 15,
};

#define ROOT	 "/admin/directory/v1"
#define REPORTS	 "/admin/reports/v1/activity/users/all/applications"
#define CUSTOMER "C03az79cb"
#define DOMAIN	 "acme.example"

static const char *role = "super";
static size_t administrator;
static bool api_enabled = true;
static long quota = 2400, quota_used, quota_window_s = 60, page_life_s = 3600;
static int64_t quota_ends_ms;
static bool may_feed = true, owners_feed = true;
static long feed_delay_s, feed_kept_s = 180L * 86400, deleted_delay_s;

static struct nest {
	uint32_t inner, outer;
} nests[TABLE_MOST];
static size_t nest_count;
static bool everybody[TABLE_MOST], external[TABLE_MOST], hidden[TABLE_MOST]; /* by group */
static char **units;							     /* by person; NULL: as made */
static size_t unit_count;

static struct vendor_bucket buckets[] = {
	{ "users", 0 }, { "user", 0 },	   { "groups", 0 },  { "group", 0 }, { "members", 0 },
	{ "token", 0 }, { "channels", 0 }, { "reports", 0 }, { 0 },
};

/* ---- refusals ---- */

static void refuse(struct vendor_reply *reply, int status, const char *reason, const char *domain,
		   const char *fmt, ...) __attribute__((format(printf, 5, 6)));

static void refuse(struct vendor_reply *reply, int status, const char *reason, const char *domain,
		   const char *fmt, ...)
{
	char words[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(words, sizeof(words), fmt, args);
	va_end(args);
	reply->status = status;
	buffer_reset(&reply->body);
	buffer_format(&reply->body, "{\"error\":{\"code\":%d,\"message\":", status);
	vendor_put_quoted(&reply->body, words);
	buffer_text(&reply->body, ",\"errors\":[{\"message\":");
	vendor_put_quoted(&reply->body, words);
	buffer_format(&reply->body, ",\"domain\":\"%s\",\"reason\":\"%s\"}]}}", domain, reason);
}

static void refuse_parameter(struct vendor_reply *reply, const char *name)
{
	refuse(reply, 400, "invalid", "global", "Invalid Input: %s", name);
}

static void refuse_quota(struct vendor_reply *reply, const char *reason)
{
	refuse(reply, 403, reason, "usageLimits",
	       "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user' of service "
	       "'admin.googleapis.com' for consumer 'project_number:123456789012'.");
}

/* Newer servers answer so. */
static void limited(struct vendor_reply *reply)
{
	refuse_quota(reply, "rateLimitExceeded");
	reply->status = 429;
}

static bool has_quota(void)
{
	int64_t now = vendor_now_ms();

	if (now >= quota_ends_ms || quota_ends_ms > now + quota_window_s * 1000) {
		quota_used = 0;
		quota_ends_ms = now + quota_window_s * 1000;
	}
	return ++quota_used <= quota;
}

static bool is_limited(struct vendor_reply *reply)
{
	static const char *const faults[][2] = { { "rate", "rateLimitExceeded" },
						 { "user-rate", "userRateLimitExceeded" },
						 { "quota", "quotaExceeded" } };

	for (size_t i = 0; i < ARRAY_COUNT(faults); i++)
		if (vendor_fault(faults[i][0]))
			return refuse_quota(reply, faults[i][1]), true;
	return has_quota() ? false : (refuse_quota(reply, "userRateLimitExceeded"), true);
}

static bool may(const struct vendor_request *request, struct vendor_reply *reply, const char *scope)
{
	switch (google_token_check(request, scope)) {
	case GOOGLE_MISSING:
		return refuse(reply, 401, "required", "global", "Login Required."), false;
	case GOOGLE_INVALID:
		return refuse(reply, 401, "authError", "global", "Invalid Credentials"), false;
	case GOOGLE_INSUFFICIENT:
		return refuse(reply, 403, "insufficientPermissions", "global",
			      "Request had insufficient authentication scopes."),
		       false;
	default:
		break;
	}
	if (!api_enabled)
		return refuse(reply, 403, "accessNotConfigured", "usageLimits",
			      "Admin SDK API has not been used in project 123456789012 before or it is "
			      "disabled."),
		       false;
	if (text_equal(role, "none"))
		return refuse(reply, 403, "forbidden", "global",
			      "Not Authorized to access this resource/api"),
		       false;
	return true;
}

/* ---- people ---- */

/* Twenty-one digits, the number in the last ones. */
static const char *user_id(uint32_t number)
{
	static char id[32];

	snprintf(id, sizeof(id), "1%013llu%07u",
		 (unsigned long long)(sim_hash(number + UINT64_C(77)) % UINT64_C(10000000000000)), number);
	return id;
}

static const char *group_id(uint32_t number)
{
	static char id[GROUP_LETTERS + 1];

	sim_id("0", number, id, GROUP_LETTERS);
	return id;
}

static const char *group_email(const struct sim_group *group)
{
	static char email[256];

	snprintf(email, sizeof(email), "%.200s@" DOMAIN, group->name);
	return email;
}

static bool has_alias(const struct sim_person *person, const char *address)
{
	char text[4096], wanted[512];

	snprintf(text, sizeof(text), ",%s,", person->edit && person->edit->more ? person->edit->more : "");
	snprintf(wanted, sizeof(wanted), ",%.400s,", address);
	return strstr(text, wanted) != NULL;
}

/* By id, primary address or alias. Whoever is deleted is not found. */
static struct sim_person *find_user(const char *key)
{
	for (size_t i = 0; i < people_count(); i++) {
		struct sim_person *person = people_at(i);

		if (!person->deleted &&
		    (strcmp(user_id(person->number), key) == 0 ||
		     text_equal_nocase(person_user_name(person), key) || has_alias(person, key)))
			return person;
	}
	return NULL;
}

static struct sim_group *find_group(const char *key)
{
	for (size_t i = 0; i < groups_count(); i++) {
		struct sim_group *group = group_at(i);

		if (!group->deleted &&
		    (strcmp(group_id(group->number), key) == 0 || text_equal_nocase(group_email(group), key)))
			return group;
	}
	return NULL;
}

static bool is_administrator(const char *address)
{
	struct sim_person *person = people_at(administrator);

	return !person->deleted && person->state == 0 && text_equal_nocase(person_user_name(person), address);
}

static const char *unit_of(const struct sim_person *person)
{
	if (person->number < unit_count && units[person->number])
		return units[person->number];
	return person->number % 10 == 9 ? "/Contractors" : "/Staff/Office";
}

static json_t *aliases_of(const struct sim_person *person)
{
	char *text = strdup(person->edit && person->edit->more ? person->edit->more : ""), *rest = text,
	     *word;
	json_t *list = json_array();

	while ((word = strsep(&rest, ",")))
		if (*word)
			json_array_append_new(list, json_string(word));
	free(text);
	return list;
}

/* The texts of one call live until the next of the same function, so each is copied into JSON at once. */
static json_t *make_user(const struct sim_person *person)
{
	bool suspended = person->state & SUSPENDED;
	char created[32], deleted[32], name[512], aside[512];
	json_t *user, *aliases = aliases_of(person);

	snprintf(name, sizeof(name), "%s %s", person_given_name(person), person_family_name(person));
	snprintf(aside, sizeof(aside), "%.400s.test-google-a.com", person_user_name(person));
	user = json_pack("{ss ss ss ss s{ss ss ss} sb sb ss ss sb sb sb s[{ss sb}] s[ss] s[{ss ss sb}] s[{ss "
			 "ss}] ss ss "
			 "s{s{si}}}",
			 "kind", "admin#directory#user", "id", user_id(person->number), "etag", "\"abc/def\"",
			 "primaryEmail", person_user_name(person), "name", "givenName",
			 person_given_name(person), "familyName", person_family_name(person), "fullName",
			 name, "isAdmin", person->number == administrator && text_equal(role, "super"),
			 "isDelegatedAdmin", person->number == administrator && text_equal(role, "role"),
			 "lastLoginTime", "1970-01-01T00:00:00.000Z", "creationTime",
			 vendor_time(person->created_ms, created), "agreedToTerms", 1, "suspended", suspended,
			 "archived", (person->state & ARCHIVED) != 0, "emails", "address",
			 person_email(person), "primary", 1, "nonEditableAliases", aside, aside,
			 "organizations", "title", person_title(person), "department",
			 person_department(person), "primary", 1, "languages", "languageCode", "en",
			 "preference", "preferred", "customerId", CUSTOMER, "orgUnitPath", unit_of(person),
			 "customSchemas", "EmploymentData", "employeeNumber", (int)person->number);
	if (!user)
		abort();
	if (suspended)
		json_object_set_new(user, "suspensionReason", json_string("ADMIN"));
	if (person->deleted)
		json_object_set_new(user, "deletionTime",
				    json_string(vendor_time(person->state_ms, deleted)));
	if (json_array_size(aliases) > 0)
		json_object_set(user, "aliases", aliases);
	json_decref(aliases);
	return user;
}

static json_t *make_group(const struct sim_group *group)
{
	char count[24];
	json_t *made;

	snprintf(count, sizeof(count), "%zu", group->member_count);
	made = json_pack("{ss ss ss ss ss ss ss sb}", "kind", "admin#directory#group", "id",
			 group_id(group->number), "etag", "\"abc/ghi\"", "email", group_email(group), "name",
			 group->name, "directMembersCount", count, "description", "", "adminCreated", 1);
	if (!made)
		abort();
	return made;
}

static json_t *make_member(const char *id, const char *email, const char *type)
{
	json_t *member = json_pack("{ss ss ss ss ss}", "kind", "admin#directory#member", "etag",
				   "\"abc/jkl\"", "role", "MEMBER", "type", type, "status", "ACTIVE");

	if (id)
		json_object_set_new(member, "id", json_string(id));
	if (email)
		json_object_set_new(member, "email", json_string(email));
	return member;
}

/* ---- partial answers ---- */

/* A member of a list of names such as "kind,users(id,name)"; *ret_inner: what stands in its brackets. */
static bool is_selected(const char *fields, const char *name, char *ret_inner, size_t size)
{
	size_t length = strlen(name);
	int depth = 0;

	ret_inner[0] = '\0';
	for (const char *at = fields; *at; at++) {
		if (depth == 0 && (at == fields || at[-1] == ',') && strncmp(at, name, length) == 0 &&
		    (at[length] == ',' || at[length] == '(' || at[length] == '\0')) {
			if (at[length] == '(')
				snprintf(ret_inner, size, "%.*s", (int)strcspn(at + length + 1, ")"),
					 at + length + 1);
			return true;
		}
		depth += *at == '(' ? 1 : *at == ')' ? -1 : 0;
	}
	return false;
}

static void select_fields(json_t *object, const char *fields)
{
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(object, next, name, value)
	{
		char inner[2048];

		if (!is_selected(fields, name, inner, sizeof(inner)))
			json_object_del(object, name);
		else if (inner[0] && json_is_array(value))
			for (size_t i = 0; i < json_array_size(value); i++)
				select_fields(json_array_get(value, i), inner);
	}
}

/* Whether every name is one of the object's, or of those that may be missing. */
static bool are_fields(const char *fields, const json_t *object, const char *missing)
{
	char *text = strdup(fields), *rest = text, *word;
	bool known = true;

	while (known && (word = strsep(&rest, ","))) {
		char also[64];

		snprintf(also, sizeof(also), ",%.60s,", word);
		known = json_object_get(object, word) || strstr(missing, also);
	}
	free(text);
	return known;
}

/* Takes the answer, and gives of it what was asked for. */
static void send_json(const struct vendor_request *request, struct vendor_reply *reply, json_t *answer)
{
	const char *fields = vendor_query(request, "fields");
	char *text;

	if (fields)
		select_fields(answer, fields);
	if (vendor_fault("nokind"))
		json_object_del(answer, "kind");
	text = json_dumps(answer, JSON_COMPACT);
	buffer_text(&reply->body, text);
	free(text);
	json_decref(answer);
}

#define USER_MISSING                                                                                         \
	",deletionTime,aliases,suspensionReason,relations,externalIds,phones,addresses,recoveryEmail,kind,"

/* Names that Google has never heard of are refused. */
static bool has_good_fields(const struct vendor_request *request, struct vendor_reply *reply,
			    const char *array)
{
	const char *fields = vendor_query(request, "fields");
	json_t *sample = make_user(people_at(0));
	char inner[2048] = "";
	bool good = !fields || !text_equal(array, "users") ||
		    !is_selected(fields, array, inner, sizeof(inner)) ||
		    are_fields(inner, sample, USER_MISSING);

	json_decref(sample);
	if (!good)
		refuse(reply, 400, "invalidParameter", "global", "Invalid field selection %s", inner);
	return good;
}

/* ---- pages ---- */

/* A page token knows what was asked for, and when it was given. */
static uint64_t question_hash(const struct vendor_request *request)
{
	static const char *const names[] = { "customer", "domain",     "maxResults",  "orderBy",   "query",
					     "fields",	 "projection", "showDeleted", "sortOrder", "userKey",
					     "roles",	 "startTime",  "endTime",     "eventName" };
	uint64_t hash = 5381;

	for (const char *at = request->path; *at; at++)
		hash = hash * 33 + (unsigned char)*at;
	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		const char *value = vendor_query(request, names[i]);

		hash = hash * 33 + i;
		for (; value && *value; value++)
			hash = hash * 33 + (unsigned char)*value;
	}
	return hash;
}

/* Where the page begins; false: refused. */
static bool begin_of(const struct vendor_request *request, struct vendor_reply *reply, size_t *ret)
{
	const char *token = vendor_query(request, "pageToken");
	unsigned long long at, hash;
	long long given;

	*ret = 0;
	if (!token)
		return true;
	if (sscanf(token, "~!%llu~%llx~%lld", &at, &hash, &given) != 3 || hash != question_hash(request) ||
	    given + page_life_s < vendor_now_ms() / 1000)
		return refuse_parameter(reply, "pageToken"), false;
	*ret = (size_t)at;
	return true;
}

static void put_token(const struct vendor_request *request, json_t *answer, size_t here, size_t next)
{
	char token[128];

	if (vendor_fault("notoken"))
		return;
	snprintf(token, sizeof(token), "~!%zu~%llx~%lld", vendor_fault("repeat") ? here : next,
		 (unsigned long long)question_hash(request), (long long)(vendor_now_ms() / 1000));
	json_object_set_new(answer, "nextPageToken", json_string(token));
}

static bool limit_of(const struct vendor_request *request, struct vendor_reply *reply, long fallback,
		     long most, size_t *ret)
{
	const char *text = vendor_query(request, "maxResults");
	long number = text ? atol(text) : fallback;

	if (number < 1 || number > most)
		return refuse(reply, 400, "invalidParameter", "global",
			      "Invalid value '%s'. Values must be within the range: [1, %ld]", text, most),
		       false;
	*ret = (size_t)number;
	return true;
}

/* One of customer and domain. */
static bool is_ours(const struct vendor_request *request, struct vendor_reply *reply)
{
	const char *customer = vendor_query(request, "customer"), *domain = vendor_query(request, "domain");

	if (!customer && !domain)
		return refuse(reply, 400, "badRequest", "global", "Bad Request"), false;
	if (domain && !text_equal_nocase(domain, DOMAIN))
		return refuse(reply, 404, "notFound", "global", "Domain not found."), false;
	if (customer && !text_equal(customer, "my_customer") && !text_equal(customer, CUSTOMER))
		return refuse(reply, 400, "invalid", "global", "Invalid Input: %s", customer), false;
	return true;
}

struct list {
	const char *kind, *array;
	size_t count, most, fallback;
	json_t *(*make)(const void *context, size_t at); /* NULL: it is not in the list */
	const void *context;
};

static void send_list(const struct vendor_request *request, struct vendor_reply *reply,
		      const struct list *list)
{
	size_t at, begin, left;
	json_t *answer, *array;

	if (!has_good_fields(request, reply, list->array) || !begin_of(request, reply, &begin) ||
	    !limit_of(request, reply, (long)list->fallback, (long)list->most, &left))
		return;
	answer = json_pack("{ss ss}", "kind", list->kind, "etag", "\"abc/mno\"");
	array = json_array();
	for (at = begin; at < list->count; at++) {
		json_t *element = list->make(list->context, at);

		if (!element)
			continue;
		if (json_array_size(array) == left) {
			json_decref(element);
			put_token(request, answer, begin, vendor_fault("missing") ? at + left : at);
			break;
		}
		json_array_append_new(array, element);
	}
	/* An empty list is not there at all. */
	if (json_array_size(array) > 0)
		json_object_set(answer, list->array, array);
	json_decref(array);
	send_json(request, reply, answer);
}

static json_t *list_user(const void *context, size_t at)
{
	const bool *deleted = context;
	const struct sim_person *person = people_at(at);
	bool late = *deleted && person->state_ms + deleted_delay_s * 1000 > vendor_now_ms();
	json_t *user = person->deleted == *deleted && !late ? make_user(person) : NULL;

	if (user && vendor_fault("stranger"))
		json_object_set_new(user, "customerId", json_string("C0other00"));
	return user;
}

static json_t *list_group(const void *context, size_t at)
{
	const struct sim_group *group = group_at(at);

	(void)context;
	return group->deleted ? NULL : make_group(group);
}

/* People, then groups, then whatever else. */
static json_t *list_member(const void *context, size_t at)
{
	const struct sim_group *group = context;

	if (at < people_count())
		return group_has(group, (uint32_t)at)
			       ? make_member(user_id((uint32_t)at), person_user_name(people_at(at)), "USER")
			       : NULL;
	at -= people_count();
	if (at < nest_count)
		return nests[at].outer == group->number && !group_at(nests[at].inner)->deleted
			       ? make_member(group_id(nests[at].inner),
					     group_email(group_at(nests[at].inner)), "GROUP")
			       : NULL;
	switch (at - nest_count) {
	case 0:
		return everybody[group->number] ? make_member(CUSTOMER, NULL, "CUSTOMER") : NULL;
	case 1:
		return external[group->number]
			       ? make_member("103999999999999999999", "x@else.example", "USER")
			       : NULL;
	default:
		return external[group->number] ? make_member(NULL, "y@else.example", "EXTERNAL") : NULL;
	}
}

static void list_users(const struct vendor_request *request, struct vendor_reply *reply)
{
	bool deleted = text_equal(vendor_query(request, "showDeleted"), "true");
	const struct list list = {
		"admin#directory#users", "users", people_count(), USERS_MOST, 100, list_user, &deleted
	};

	if (is_ours(request, reply))
		send_list(request, reply, &list);
}

static void list_groups(const struct vendor_request *request, struct vendor_reply *reply)
{
	const struct list list = {
		"admin#directory#groups", "groups", groups_count(), GROUPS_MOST, 200, list_group, NULL
	};

	if (is_ours(request, reply))
		send_list(request, reply, &list);
}

static void list_members(const struct vendor_request *request, struct vendor_reply *reply,
			 const struct sim_group *group)
{
	const struct list list = { "admin#directory#members",
				   "members",
				   people_count() + nest_count + 3,
				   MEMBERS_MOST,
				   200,
				   list_member,
				   group };

	if (hidden[group->number])
		refuse(reply, 404, "notFound", "global", "Resource Not Found: groupKey");
	else
		send_list(request, reply, &list);
}

/* ---- what happened, by the Reports API ---- */

/* Kept in the order in which it happened, shown from the newest on. */
static struct event {
	int64_t at_ms;
	bool by_owner;
	json_t *event; /* type, name, parameters */
} * events;
static size_t event_count;

static void add_event(bool by_owner, const char *type, const char *name, json_t *parameters)
{
	int64_t now = vendor_now_ms();

	events = realloc(events, (event_count + 1) * sizeof(*events));
	if (!events)
		abort();
	/* No two at the same time, as the order would not be told. */
	if (event_count > 0 && events[event_count - 1].at_ms >= now)
		now = events[event_count - 1].at_ms + 1;
	events[event_count++] = (struct event){
		now, by_owner, json_pack("{ss ss so}", "type", type, "name", name, "parameters", parameters)
	};
}

static void add_parameter(json_t *parameters, const char *name, const char *value)
{
	if (name && value)
		json_array_append_new(parameters, json_pack("{ss ss}", "name", name, "value", value));
}

static void tell_of_person(const char *name, const char *address, const char *before, const char *after)
{
	json_t *parameters = json_array();

	add_parameter(parameters, "OLD_VALUE", before);
	add_parameter(parameters, "NEW_VALUE", after);
	add_parameter(parameters, "USER_EMAIL", address);
	add_event(false, "USER_SETTINGS", name, parameters);
}

static void tell_of_group(const char *name, const char *address, const char *member, const char *after)
{
	json_t *parameters = json_array();

	add_parameter(parameters, "USER_EMAIL", member);
	add_parameter(parameters, "NEW_VALUE", after);
	add_parameter(parameters, "GROUP_EMAIL", address);
	add_event(false, "GROUP_SETTINGS", name, parameters);
}

static void tell_of_owner(const char *name, const char *address, const char *member)
{
	json_t *parameters = json_array();

	add_parameter(parameters, "group_id", address);
	add_parameter(parameters, "member_id", member);
	add_parameter(parameters, "member_type", "user");
	add_parameter(parameters, "namespace", "cloud_identity");
	add_event(true, "moderator_action", name, parameters);
}

struct question {
	bool owners;
	int64_t from_ms;
};

static json_t *list_event(const void *context, size_t at)
{
	const struct question *question = context;
	const struct event *event = &events[event_count - 1 - at];
	char time[32], qualifier[32];

	if (event->by_owner != question->owners || event->at_ms < question->from_ms ||
	    event->at_ms + feed_delay_s * 1000 > vendor_now_ms())
		return NULL;
	snprintf(qualifier, sizeof(qualifier), "%lld", (long long)sim_hash((uint64_t)event->at_ms) / 2);
	return json_pack("{ss s{ss ss ss ss} ss s{ss ss ss} s[O]}", "kind", "admin#reports#activity", "id",
			 "time", vendor_time(event->at_ms, time), "uniqueQualifier", qualifier,
			 "applicationName", question->owners ? "groups_enterprise" : "admin", "customerId",
			 CUSTOMER, "etag", "\"abc/pqr\"", "actor", "callerType", "USER", "email",
			 "admin@" DOMAIN, "profileId", "100000000000000000001", "events", event->event);
}

static void list_events(const struct vendor_request *request, struct vendor_reply *reply,
			const char *application)
{
	const char *since = vendor_query(request, "startTime");
	struct question question = { text_equal(application, "groups_enterprise"),
				     since ? vendor_read_time(since) : 0 };
	const struct list list = {
		"admin#reports#activities", "items", event_count, 1000, 1000, list_event, &question
	};

	if (!may_feed)
		refuse(reply, 403, "forbidden", "global", "Not Authorized to access this resource/api");
	else if (!question.owners && !text_equal(application, "admin"))
		refuse(reply, 400, "badRequest", "global", "Invalid application name %s", application);
	else if (question.owners && !owners_feed)
		refuse(reply, 403, "forbidden", "global",
		       "Access denied. You are not authorized to read activity records.");
	else if (question.from_ms < 0 || (since && question.from_ms < vendor_now_ms() - feed_kept_s * 1000))
		refuse(reply, 400, "invalid", "global", "Start time can not be older than 180 days");
	else
		send_list(request, reply, &list);
}

/* ---- push channels ---- */

static struct channel {
	char id[65], event[16], token[257], address[512], resource[64];
	int64_t ends_ms;
} channels[TABLE_MOST];

static struct channel *find_channel(const char *id)
{
	for (size_t i = 0; i < TABLE_MOST; i++)
		if (channels[i].ends_ms > vendor_now_ms() && text_equal(channels[i].id, id))
			return &channels[i];
	return NULL;
}

static struct channel *free_channel(void)
{
	for (size_t i = 0; i < TABLE_MOST; i++)
		if (channels[i].ends_ms <= vendor_now_ms())
			return &channels[i];
	abort();
}

static const char *member_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

/* NULL, or the reason. */
static const char *channel_fault(const json_t *wanted, const char *event)
{
	const char *id = member_of(wanted, "id");

	if (!event || !strstr(" add delete makeAdmin undelete update ", event))
		return "invalid";
	if (!id[0] || strlen(id) > 64 || strlen(member_of(wanted, "token")) > 256 ||
	    !text_equal(member_of(wanted, "type"), "web_hook"))
		return "invalid";
	if (find_channel(id))
		return "channelIdNotUnique";
	return text_begins(member_of(wanted, "address"), "https://") ? NULL : "push.webhookUrlNotHttps";
}

static void send_channel(struct vendor_reply *reply, const struct channel *channel)
{
	buffer_format(&reply->body,
		      "{\"kind\":\"api#channel\",\"id\":\"%s\",\"resourceId\":\"%s\",\"resourceUri\":"
		      "\"https://admin.googleapis.com" ROOT "/users?event=%s\",\"expiration\":\"%lld\"}",
		      channel->id, channel->resource, channel->event, (long long)channel->ends_ms);
}

static void open_channel(const struct vendor_request *request, struct vendor_reply *reply)
{
	const char *event = vendor_query(request, "event");
	json_t *wanted = json_loadb(request->body ? request->body : "", request->body_size, 0, NULL);
	const char *why = channel_fault(wanted, event);
	long long ttl = json_integer_value(json_object_get(json_object_get(wanted, "params"), "ttl"));
	struct channel *channel = free_channel();

	if (why) {
		refuse(reply, 400, why, "global",
		       "WebHook callback must be HTTPS, or another value is wrong");
	} else {
		snprintf(channel->id, sizeof(channel->id), "%s", member_of(wanted, "id"));
		snprintf(channel->event, sizeof(channel->event), "%s", event);
		snprintf(channel->token, sizeof(channel->token), "%s", member_of(wanted, "token"));
		snprintf(channel->address, sizeof(channel->address), "%s", member_of(wanted, "address"));
		snprintf(channel->resource, sizeof(channel->resource), "B4ib%016llx",
			 (unsigned long long)sim_hash((unsigned char)event[0]));
		channel->ends_ms = vendor_now_ms() + (ttl > 0 && ttl < 21600 ? ttl : 21600) * 1000;
		send_channel(reply, channel);
	}
	json_decref(wanted);
}

static void stop_channel(const struct vendor_request *request, struct vendor_reply *reply)
{
	json_t *wanted = json_loadb(request->body ? request->body : "", request->body_size, 0, NULL);
	struct channel *channel = find_channel(member_of(wanted, "id"));

	if (channel && text_equal(channel->resource, member_of(wanted, "resourceId"))) {
		channel->ends_ms = 0;
		reply->status = 204;
	} else {
		refuse(reply, 404, "notFound", "global", "Channel not found");
	}
	json_decref(wanted);
}

static void list_channels(struct buffer *out)
{
	for (size_t i = 0; i < TABLE_MOST; i++)
		if (channels[i].ends_ms > vendor_now_ms())
			buffer_format(out, "%s %s %s %s\n", channels[i].event, channels[i].id,
				      channels[i].token, channels[i].address);
}

/* ---- addresses ---- */

static const char *bucket_of(const struct vendor_request *request)
{
	const char *path = request->path;

	if (text_equal(path, ROOT "/users"))
		return "users";
	if (text_begins(path, ROOT "/users/") && text_equal(request->method, "GET"))
		return "user";
	if (text_equal(path, ROOT "/groups"))
		return "groups";
	if (text_begins(path, ROOT "/groups/"))
		return text_ends(path, "/members") ? "members" : "group";
	if (text_ends(path, "/users/watch") || text_ends(path, "/channels/stop"))
		return "channels";
	if (text_begins(path, REPORTS "/"))
		return "reports";
	return text_equal(path, "/token") ? "token" : NULL;
}

/* Of addresses that are not the account's, nothing is said. */
static bool is_elsewhere(const char *key)
{
	return strchr(key, '@') && !text_ends(key, "@" DOMAIN);
}

static void answer_user(const struct vendor_request *request, struct vendor_reply *reply, const char *key)
{
	const struct sim_person *person = find_user(key);

	if (is_elsewhere(key))
		refuse(reply, 403, "forbidden", "global", "Not Authorized to access this resource/api");
	else if (person)
		send_json(request, reply, make_user(person));
	else
		refuse(reply, 404, "notFound", "global", "Resource Not Found: userKey");
}

static void answer_group(const struct vendor_request *request, struct vendor_reply *reply, char *key)
{
	char *rest = strchr(key, '/');
	const struct sim_group *group;

	if (rest)
		*rest++ = '\0';
	group = find_group(key);
	if (is_elsewhere(key))
		refuse(reply, 403, "forbidden", "global", "Not Authorized to access this resource/api");
	else if (!group)
		refuse(reply, 404, "notFound", "global", "Resource Not Found: groupKey");
	else if (!rest)
		send_json(request, reply, make_group(group));
	else if (text_equal(rest, "members"))
		list_members(request, reply, group);
	else
		refuse(reply, 404, "notFound", "global", "Not Found");
}

static void answer_get(const struct vendor_request *request, struct vendor_reply *reply, const char *path)
{
	bool members = text_begins(path, "/groups/") && text_ends(path, "/members");
	char key[512];

	if (!may(request, reply,
		 members		       ? "group.member.readonly"
		 : text_begins(path, "/users") ? "user.readonly"
					       : "group.readonly"))
		return;
	snprintf(key, sizeof(key), "%s", strchr(path + 1, '/') ? strchr(path + 1, '/') + 1 : "");
	if (text_equal(path, "/users"))
		list_users(request, reply);
	else if (text_begins(path, "/users/"))
		answer_user(request, reply, key);
	else if (text_equal(path, "/groups"))
		list_groups(request, reply);
	else if (text_begins(path, "/groups/"))
		answer_group(request, reply, key);
	else
		refuse(reply, 404, "notFound", "global", "Not Found");
}

static void answer_post(const struct vendor_request *request, struct vendor_reply *reply)
{
	if (!may(request, reply, "user.readonly"))
		return;
	if (text_equal(request->path, "/admin/directory_v1/channels/stop"))
		stop_channel(request, reply);
	else if (!text_equal(request->path, ROOT "/users/watch"))
		refuse(reply, 405, "httpMethodNotAllowed", "global", "Method Not Allowed");
	else if (is_ours(request, reply))
		open_channel(request, reply);
}

static void answer(const struct vendor_request *request, struct vendor_reply *reply)
{
	if (text_equal(request->path, "/token") && text_equal(request->method, "POST"))
		google_token_give(request, reply, is_administrator);
	else if (text_begins(request->path, REPORTS "/") && text_equal(request->method, "GET")) {
		if (!is_limited(reply) && may(request, reply, "reports.audit.readonly"))
			list_events(request, reply, request->path + strlen(REPORTS "/"));
	} else if (!text_begins(request->path, ROOT "/") &&
		   !text_equal(request->path, "/admin/directory_v1/channels/stop"))
		reply->status = 404, reply->content_type = "text/html",
		buffer_text(&reply->body, "<html><title>Error 404 (Not Found)!!1</title></html>");
	else if (!is_limited(reply)) {
		if (text_equal(request->method, "GET"))
			answer_get(request, reply, request->path + strlen(ROOT));
		else
			answer_post(request, reply);
	}
}

/* ---- what happens there ---- */

static void join_words(char **words, size_t from, size_t count, char *ret, size_t size)
{
	ret[0] = '\0';
	for (size_t i = from; i < count; i++)
		snprintf(ret + strlen(ret), size - strlen(ret), "%s%s", i > from ? " " : "", words[i]);
}

/* Whoever is renamed keeps the address of before as an alias. */
static void rename_person(struct sim_person *person, const char *name)
{
	char aliases[4096];

	tell_of_person("RENAME_USER", person_user_name(person), NULL, name);
	snprintf(aliases, sizeof(aliases), "%s%s%s", person_user_name(person),
		 person->edit && person->edit->more ? "," : "",
		 person->edit && person->edit->more ? person->edit->more : "");
	person_set(person, "user_name", name);
	person_set(person, "more", aliases);
}

static void move(const struct sim_person *person, const char *path)
{
	if (person->number >= unit_count) {
		size_t count = person->number + 1;

		units = realloc(units, count * sizeof(*units));
		if (!units)
			abort();
		memset(units + unit_count, 0, (count - unit_count) * sizeof(*units));
		unit_count = count;
	}
	tell_of_person("MOVE_USER_TO_ORG_UNIT", person_user_name(person), unit_of(person), path);
	free(units[person->number]);
	units[person->number] = strdup(path);
}

static void erase(struct sim_person *person)
{
	tell_of_person("DELETE_USER", person_user_name(person), NULL, NULL);
	for (size_t i = 0; i < groups_count(); i++)
		group_remove(group_at(i), person->number);
	person->deleted = true;
	person->state_ms = vendor_now_ms();
}

static bool change_state(struct sim_person *person, const char *word)
{
	static const struct {
		const char *word, *event;
		uint8_t bit;
		bool on;
	} words[] = { { "suspend", "SUSPEND_USER", SUSPENDED, true },
		      { "unsuspend", "UNSUSPEND_USER", SUSPENDED, false },
		      { "archive", "ARCHIVE_USER", ARCHIVED, true },
		      { "unarchive", "UNARCHIVE_USER", ARCHIVED, false } };

	for (size_t i = 0; i < ARRAY_COUNT(words); i++)
		if (text_equal(words[i].word, word)) {
			tell_of_person(words[i].event, person_user_name(person), NULL, NULL);
			person->state = words[i].on ? person->state | words[i].bit
						    : (uint8_t)(person->state & ~words[i].bit);
			return true;
		}
	return false;
}

static const char *event_of(const char *field)
{
	return text_equal(field, "given_name")	  ? "CHANGE_FIRST_NAME"
	       : text_equal(field, "family_name") ? "CHANGE_LAST_NAME"
	       : text_equal(field, "more")	  ? "ADD_NICKNAME"
						  : "CHANGE_USER_ORGANIZATION";
}

static bool tell_person(char **words, size_t count, struct buffer *out)
{
	struct sim_person *person = count >= 2 ? people_at(strtoul(words[1], NULL, 10)) : NULL;
	char value[4096];

	if (!person)
		return false;
	join_words(words, 3, count, value, sizeof(value));
	if (text_equal(words[0], "delete"))
		return erase(person), true;
	if (text_equal(words[0], "undelete"))
		return person->deleted = false,
		       tell_of_person("UNDELETE_USER", person_user_name(person), NULL, NULL), true;
	if (text_equal(words[0], "id"))
		return buffer_format(out, "%s\n", user_id(person->number)), true;
	if (text_equal(words[0], "administrator"))
		return administrator = person->number, true;
	if (text_equal(words[0], "unit") && count == 3)
		return move(person, words[2]), true;
	if (text_equal(words[0], "set") && count >= 4 && text_equal(words[2], "user_name"))
		return rename_person(person, value), true;
	if (text_equal(words[0], "set") && count >= 4)
		return tell_of_person(event_of(words[2]), person_user_name(person), NULL, value),
		       person_set(person, words[2], value);
	return change_state(person, words[0]);
}

static void unnest(const struct sim_group *inner, const struct sim_group *outer)
{
	for (size_t i = 0; i < nest_count; i++)
		if (nests[i].inner == inner->number && nests[i].outer == outer->number)
			nests[i--] = nests[--nest_count];
}

/* member: what stands before the @. */
static void tell_with_members(const char *name, const struct sim_group *group, const char *member)
{
	char address[512];

	snprintf(address, sizeof(address), "%.200s@" DOMAIN, member);
	tell_of_group(name, group_email(group), address, NULL);
}

static void rename_group(struct sim_group *group, const char *name)
{
	char address[512];

	snprintf(address, sizeof(address), "%.200s@" DOMAIN, name);
	tell_of_group("CHANGE_GROUP_EMAIL", group_email(group), NULL, address);
	free(group->name);
	group->name = strdup(name);
}

/* "join", "leave", and the same by an owner. */
static bool change_member(const char *word, struct sim_group *group, uint32_t number)
{
	bool joins = text_ends(word, "join");
	const char *address = person_user_name(people_at(number));

	if (text_begins(word, "owner-"))
		tell_of_owner(joins ? "add_member" : "remove_member", group_email(group), address);
	else
		tell_of_group(joins ? "ADD_GROUP_MEMBER" : "REMOVE_GROUP_MEMBER", group_email(group), address,
			      NULL);
	return joins ? group_add(group, number) : group_remove(group, number);
}

static bool tell_groups(char **words, size_t count)
{
	struct sim_group *inner = count == 3 ? group_named(words[1]) : NULL,
			 *outer = count == 3 ? group_named(words[2]) : NULL;

	if (!inner || !outer)
		return false;
	if (text_equal(words[0], "unnest")) {
		tell_with_members("REMOVE_GROUP_MEMBER", outer, inner->name);
		return unnest(inner, outer), true;
	}
	if (!text_equal(words[0], "nest") || nest_count == TABLE_MOST)
		return false;
	nests[nest_count++] = (struct nest){ inner->number, outer->number };
	tell_with_members("ADD_GROUP_MEMBER", outer, inner->name);
	return true;
}

static bool tell_group(char **words, size_t count, struct buffer *out)
{
	struct sim_group *group = count >= 2 ? group_named(words[1]) : NULL;
	uint32_t number = count == 3 ? (uint32_t)strtoul(words[2], NULL, 10) : 0;

	if (text_equal(words[0], "group") && count == 2 && !group)
		return tell_of_group("CREATE_GROUP", group_email(group_make(words[1], vendor_now_ms())), NULL,
				     NULL),
		       true;
	if (!group)
		return false;
	if (text_equal(words[0], "group-id"))
		return buffer_format(out, "%s\n", group_id(group->number)), true;
	if ((text_ends(words[0], "join") || text_ends(words[0], "leave")) && count == 3 && people_at(number))
		return change_member(words[0], group, number), true;
	if (text_equal(words[0], "ungroup"))
		return tell_of_group("DELETE_GROUP", group_email(group), NULL, NULL), group->deleted = true;
	if (text_equal(words[0], "rename") && count == 3)
		return rename_group(group, words[2]), true;
	if (group->number >= TABLE_MOST)
		return false;
	if (text_equal(words[0], "everybody"))
		return everybody[group->number] = true;
	if (text_equal(words[0], "external"))
		return external[group->number] = true;
	if (text_equal(words[0], "hide") && count == 3)
		return hidden[group->number] = text_equal(words[2], "yes"), true;
	return false;
}

static bool tell_feed(char **words, size_t count)
{
	static const struct {
		const char *word;
		long *seconds;
	} times[] = { { "feed-delay", &feed_delay_s },
		      { "feed-kept", &feed_kept_s },
		      { "deleted-delay", &deleted_delay_s } };

	for (size_t i = 0; i < ARRAY_COUNT(times) && count == 2; i++)
		if (text_equal(words[0], times[i].word))
			return *times[i].seconds = atol(words[1]), true;
	if (text_equal(words[0], "feed") && count == 2)
		return may_feed = text_equal(words[1], "yes"), true;
	if (text_equal(words[0], "owners-feed") && count == 2)
		return owners_feed = text_equal(words[1], "yes"), true;
	if (text_equal(words[0], "event") && count >= 3) {
		json_t *parameters = json_array();

		for (size_t i = 3; i + 1 < count; i += 2)
			add_parameter(parameters, words[i], words[i + 1]);
		return add_event(false, words[1], words[2], parameters), true;
	}
	return false;
}

static bool tell(char **words, size_t count, struct buffer *out)
{
	if (text_equal(words[0], "hire")) {
		const struct sim_person *person = people_hire(vendor_now_ms());

		tell_of_person("CREATE_USER", person_user_name(person), NULL, NULL);
		return buffer_format(out, "%u\n", person->number), true;
	}
	if (text_equal(words[0], "quota") && count == 2)
		return quota = atol(words[1]), true;
	if (text_equal(words[0], "quota-window") && count == 2)
		return quota_window_s = atol(words[1]), true;
	if (text_equal(words[0], "page-life") && count == 2)
		return page_life_s = atol(words[1]), true;
	if (text_equal(words[0], "role") && count == 2)
		return role = strdup(words[1]), true;
	if (text_equal(words[0], "channels"))
		return list_channels(out), true;
	if (text_equal(words[0], "api") && count == 2)
		return api_enabled = text_equal(words[1], "yes"), true;
	return google_token_tell(words, count) || tell_feed(words, count) || tell_person(words, count, out) ||
	       tell_groups(words, count) || tell_group(words, count, out);
}

static const struct vendor google = {
	.name = "google",
	.buckets = buckets,
	.bucket = bucket_of,
	.limited = limited,
	.answer = answer,
	.tell = tell,
	.option = google_token_option,
};

int main(int argc, char **argv)
{
	return vendor_main(argc, argv, &google);
}
