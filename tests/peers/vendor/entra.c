/* A tenant of Microsoft Entra ID as Microsoft Graph shows it: users, groups, members, delta queries, $batch,
 * and the tenant's token endpoint.
 *
 * After Microsoft's documentation of delta queries, paging, throttling, errors and client credentials. Pages
 * of delta queries have at most 200 objects and 500 links, as observed; each repeats a record, since unique
 * ones are not promised.
 *
 * POST /subscriptions asks the address whether it is one, as Graph does.
 *
 * Options beside the server's: those of entra_token.h.
 *
 * Told, beside what entra_token.h and entra_notify.h have:
 *   set N FIELD WORDS...   a property ("more": userType)
 *   enable N, disable N    accountEnabled
 *   hire                   somebody new; answers the number
 *   delete N               soft-deleted, out of all groups; purge N: for good; restore N: back, without
 * groups join GROUP N, leave GROUP N     GROUP: a name without blanks nest CHILD PARENT, unnest CHILD PARENT
 *   group NAME [KIND]      a new group: security, Unified, distribution
 *   rename GROUP NAME, ungroup GROUP
 *   id N, group-id GROUP   the id
 *   lag MS                 how late delta queries see a change
 *   minimal yes|no         whether delta queries tell the changed properties alone
 *   notify N               a notification about somebody
 *   notify-group GROUP     and about a group
 *   forget-places STATUS   links that were given are not known any more: 410, 400 or 404
 *
 * Faults beside the server's: repeat (a next page is the same one), elsewhere (a next page is another
 * host's), missing (a page is left out), nolink (neither a next page nor an end), early (an end before the
 * end), empty (a page without objects), busy (half of a $batch is told to wait) */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "peers/vendor/entra_notify.h"
#include "peers/vendor/entra_token.h"
#include "peers/vendor/people.h"
#include "peers/vendor/server.h"

enum {
	PAGE_OBJECTS = 200,
	PAGE_LINKS = 500,
	LIST_MOST = 999,
	LIST_DEFAULT = 100,
	TOGETHER_MOST = 20,
	PLACE_DAYS = 7,
	ID_SIZE = 37,
};

enum { ENABLED, DISABLED };
enum { SECURITY, UNIFIED, DISTRIBUTION };

/* What happened, in its order. */
static struct happening {
	enum { USER, GROUP, MEMBER, CHILD } kind;
	uint32_t subject, member;
	bool joins;
	const char *property; /* of a user or group: what changed; NULL: everything */
	int64_t at_ms;
} * happenings;
static size_t happening_count, happening_room;

static struct nest {
	uint32_t parent, child;
} * nests;
static size_t nest_count;

static bool *purged;
static size_t purged_room;
static int64_t lag_ms;
static bool minimal;
static unsigned epoch;
static int lost_status = 410;

static struct vendor_bucket buckets[] = {
	{ "users", 3500 }, { "groups", 3500 }, { "members", 3500 },
	{ "batch", 3500 }, { "token", 2000 },  { 0 },
};

/* ---- ids ---- */

#define SCATTER 2654435761u /* and what brings it back */
#define GATHER	244002641u

static const char *make_id(unsigned kind, uint32_t number, char ret[ID_SIZE])
{
	uint64_t chance = sim_hash(number * UINT64_C(4) + kind);

	snprintf(ret, ID_SIZE, "%08x-%04x-4%03x-9%03x-%01x%011llx", number * SCATTER,
		 (unsigned)(chance & 0xffff), (unsigned)(chance >> 16 & 0xfff),
		 (unsigned)(chance >> 28 & 0xfff), kind,
		 (unsigned long long)(chance >> 8 & UINT64_C(0xfffffffffff)));
	return ret;
}

static bool read_id(unsigned kind, const char *id, uint32_t *ret)
{
	unsigned scattered;
	char again[ID_SIZE];

	if (sscanf(id, "%8x-", &scattered) != 1)
		return false;
	*ret = scattered * GATHER;
	return strcmp(make_id(kind, *ret, again), id) == 0;
}

static const char *user_id(uint32_t number)
{
	static char id[ID_SIZE];

	return make_id(1, number, id);
}

static const char *group_id(uint32_t number)
{
	static char id[ID_SIZE];

	return make_id(2, number, id);
}

static struct sim_person *find_user(const char *key)
{
	uint32_t number;

	if (read_id(1, key, &number))
		return people_at(number) && !people_at(number)->deleted ? people_at(number) : NULL;
	for (size_t i = 0; strchr(key, '@') && i < people_count(); i++)
		if (!people_at(i)->deleted && strcmp(person_user_name(people_at(i)), key) == 0)
			return people_at(i);
	return NULL;
}

static struct sim_group *find_group(const char *key)
{
	uint32_t number;

	return read_id(2, key, &number) && group_at(number) && !group_at(number)->deleted ? group_at(number)
											  : NULL;
}

/* ---- refusals ---- */

static void refuse(struct vendor_reply *reply, int status, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void refuse(struct vendor_reply *reply, int status, const char *code, const char *fmt, ...)
{
	char words[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(words, sizeof(words), fmt, args);
	va_end(args);
	reply->status = status;
	buffer_reset(&reply->body);
	buffer_format(&reply->body, "{\"error\":{\"code\":\"%s\",\"message\":", code);
	vendor_put_quoted(&reply->body, words);
	buffer_text(
		&reply->body,
		",\"innerError\":{\"date\":\"2026-11-29T10:10:10\",\"request-id\":\"94fb3b52-452a-4535-a601-"
		"69e0a90e3aa2\",\"client-request-id\":\"94fb3b52-452a-4535-a601-69e0a90e3aa2\"}}}");
}

static void limited(struct vendor_reply *reply)
{
	refuse(reply, 429, "TooManyRequests", "Please retry again later.");
}

static void mark(struct vendor_reply *reply, const struct vendor_bucket *bucket, long left, int64_t reset)
{
	static unsigned long number;
	int64_t wait_s = reset - vendor_now_ms() / 1000;

	vendor_reply_header(reply, "request-id", "94fb3b52-452a-4535-a601-%012lx", ++number);
	vendor_reply_header(reply, "OData-Version", "4.0");
	if (reply->status == 429)
		vendor_reply_header(reply, "Retry-After", "%lld.128",
				    bucket && bucket->limit > 0 && left == 0 && wait_s > 1 ? (long long)wait_s
											   : 1LL);
}

/* ---- what has happened ---- */

static void record(struct happening what)
{
	if (happening_count == happening_room) {
		happening_room = happening_room * 2 + 64;
		happenings = realloc(happenings, happening_room * sizeof(*happenings));
	}
	what.at_ms = vendor_now_ms();
	happenings[happening_count++] = what;
}

/* How many happenings a delta query knows of by now. */
static size_t known_count(void)
{
	int64_t now = vendor_now_ms();
	size_t count = happening_count;

	while (count > 0 && happenings[count - 1].at_ms + lag_ms > now)
		count--;
	return count;
}

/* ---- properties ---- */

static const char *const user_properties[] = { "id",
					       "displayName",
					       "givenName",
					       "surname",
					       "mail",
					       "userPrincipalName",
					       "jobTitle",
					       "department",
					       "preferredLanguage",
					       "mobilePhone",
					       "officeLocation",
					       "accountEnabled",
					       "userType",
					       "employeeId",
					       "companyName",
					       "businessPhones",
					       NULL };
static const char *const group_properties[] = { "id",	       "displayName", "groupTypes", "securityEnabled",
						"mailEnabled", "description", "mail",	    "members",
						NULL };
#define USER_DEFAULT                                                                                         \
	"businessPhones,displayName,givenName,id,jobTitle,mail,mobilePhone,officeLocation,"                  \
	"preferredLanguage,surname,"                                                                         \
	"userPrincipalName"
#define GROUP_DEFAULT "id,displayName,groupTypes,securityEnabled,mailEnabled,description,mail"

static bool has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		if (strncmp(at, word, length) == 0 && (at[length] == ',' || at[length] == '\0'))
			return true;
	return false;
}

/* A property that nobody has ever heard of is refused. */
static bool is_selectable(struct vendor_reply *reply, const char *select, const char *const *known,
			  const char *type)
{
	char text[2048], *rest = text, *word;

	snprintf(text, sizeof(text), "%s", select);
	while ((word = strsep(&rest, ","))) {
		bool found = false;

		for (size_t i = 0; known[i]; i++)
			found |= strcmp(word, known[i]) == 0;
		if (!found)
			return refuse(reply, 400, "Request_BadRequest",
				      "Could not find a property named '%s' on type 'microsoft.graph.%s'.",
				      word, type),
			       false;
	}
	return true;
}

static void put_value(struct buffer *b, const char *name, const char *value)
{
	buffer_format(b, ",\"%s\":", name);
	if (value)
		vendor_put_quoted(b, value);
	else
		buffer_text(b, "null");
}

static void put_display_name(struct buffer *b, const struct sim_person *person)
{
	char text[256];

	snprintf(text, sizeof(text), "%s %s", person_given_name(person), person_family_name(person));
	put_value(b, "displayName", text);
}

static const char *user_type(const struct sim_person *person)
{
	return person->edit && person->edit->more ? person->edit->more : "Member";
}

/* In a delta query what was never set is not there; elsewhere it is null. */
static void put_user(struct buffer *b, const struct sim_person *person, const char *select, bool delta)
{
	const char *mail = person_email(person);
	const struct {
		const char *name, *value;
	} texts[] = {
		{ "givenName", person_given_name(person) },
		{ "surname", person_family_name(person) },
		{ "mail", strcmp(mail, "-") == 0 ? NULL : mail },
		{ "userPrincipalName", person_user_name(person) },
		{ "jobTitle", person_title(person) },
		{ "department", person_department(person) },
		{ "userType", user_type(person) },
		{ "preferredLanguage", NULL },
		{ "mobilePhone", NULL },
		{ "officeLocation", NULL },
		{ "employeeId", NULL },
		{ "companyName", NULL },
	};

	buffer_format(b, "{\"id\":\"%s\"", user_id(person->number));
	if (has_word(select, "displayName"))
		put_display_name(b, person);
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
		if (has_word(select, texts[i].name) && (texts[i].value || !delta))
			put_value(b, texts[i].name, texts[i].value);
	if (has_word(select, "accountEnabled"))
		buffer_format(b, ",\"accountEnabled\":%s", person->state == ENABLED ? "true" : "false");
	if (has_word(select, "businessPhones"))
		buffer_text(b, ",\"businessPhones\":[]");
	buffer_text(b, "}");
}

static void put_gone(struct buffer *b, const char *id, bool for_good)
{
	buffer_format(b, "{\"id\":\"%s\",\"@removed\":{\"reason\":\"%s\"}}", id,
		      for_good ? "deleted" : "changed");
}

static bool is_purged(uint32_t number)
{
	return number < purged_room && purged[number];
}

/* Without the brace that ends it: members may follow. */
static void begin_group(struct buffer *b, const struct sim_group *group, const char *select)
{
	buffer_format(b, "{\"id\":\"%s\"", group_id(group->number));
	if (has_word(select, "displayName"))
		put_value(b, "displayName", group->name);
	if (has_word(select, "groupTypes"))
		buffer_format(b, ",\"groupTypes\":[%s]", group->kind == UNIFIED ? "\"Unified\"" : "");
	if (has_word(select, "securityEnabled"))
		buffer_format(b, ",\"securityEnabled\":%s", group->kind == SECURITY ? "true" : "false");
	if (has_word(select, "mailEnabled"))
		buffer_format(b, ",\"mailEnabled\":%s", group->kind == SECURITY ? "false" : "true");
	if (has_word(select, "description"))
		put_value(b, "description", NULL);
}

/* ---- members: people, then groups, then what is neither ---- */

static size_t child_count(const struct sim_group *group)
{
	size_t count = 0;

	for (size_t i = 0; i < nest_count; i++)
		count += nests[i].parent == group->number && !group_at(nests[i].child)->deleted;
	return count;
}

static size_t other_count(const struct sim_group *group)
{
	return group->number % 3 == 0 ? 2 : 0;
}

static size_t member_total(const struct sim_group *group)
{
	return group->member_count + child_count(group) + other_count(group);
}

static uint32_t child_at(const struct sim_group *group, size_t at)
{
	for (size_t i = 0; i < nest_count; i++)
		if (nests[i].parent == group->number && !group_at(nests[i].child)->deleted && at-- == 0)
			return nests[i].child;
	return 0;
}

static void put_member(struct buffer *b, const struct sim_group *group, size_t at)
{
	char id[ID_SIZE];

	if (at < group->member_count) {
		buffer_format(b, "{\"@odata.type\":\"#microsoft.graph.user\",\"id\":\"%s\"}",
			      user_id(group->members[at]));
		return;
	}
	at -= group->member_count;
	if (at < child_count(group)) {
		buffer_format(b, "{\"@odata.type\":\"#microsoft.graph.group\",\"id\":\"%s\"}",
			      group_id(child_at(group, at)));
		return;
	}
	at -= child_count(group);
	buffer_format(b, "{\"@odata.type\":\"#microsoft.graph.%s\",\"id\":\"%s\"}",
		      at == 0 ? "device" : "servicePrincipal",
		      make_id(3, group->number * 2 + (uint32_t)at, id));
}

/* ---- places of delta queries ---- */

/* A round shows everything there is (phase 1), then what has happened since it began; later ones begin with
 * phase 2. */
struct place {
	unsigned phase, epoch;
	size_t at, within, start;
	int64_t given_ms;
	char select[1024];
};

static void write_place(const struct place *place, char ret[4096])
{
	char text[2048];

	snprintf(text, sizeof(text), "%u.%zu.%zu.%zu.%u.%lld|%s", place->phase, place->at, place->within,
		 place->start, epoch, (long long)vendor_now_ms(), place->select);
	text_base64url(text, strlen(text), ret);
}

static bool read_place(const char *token, struct place *ret)
{
	char text[2048];
	int size = text_unbase64url(token, strlen(token), text, sizeof(text) - 1);
	const char *bar;
	long long given;

	if (size <= 0)
		return false;
	text[size] = '\0';
	bar = strchr(text, '|');
	if (!bar || sscanf(text, "%u.%zu.%zu.%zu.%u.%lld|", &ret->phase, &ret->at, &ret->within, &ret->start,
			   &ret->epoch, &given) != 6)
		return false;
	ret->given_ms = given;
	snprintf(ret->select, sizeof(ret->select), "%s", bar + 1);
	return true;
}

static void lose_place(struct vendor_reply *reply, const char *what)
{
	if (lost_status == 410)
		vendor_reply_header(reply, "Location", "%s/v1.0/%s/delta?$deltatoken=", vendor_base(), what);
	refuse(reply, lost_status, lost_status == 400 ? "Directory_ExpiredPageToken" : "SyncStateNotFound",
	       "The specified page token value has expired and can no longer be included in your request.");
}

/* Where a request begins; false: it was refused. */
static bool begin_of(const struct vendor_request *request, struct vendor_reply *reply, const char *what,
		     const char *const *known, const char *fallback, struct place *ret)
{
	static const char *const refused[] = { "$top", "$expand", "$orderby", "$filter", "$skip", "$count" };
	const char *token = vendor_query(request, "$skiptoken"), *select = vendor_query(request, "$select");

	token = token ? token : vendor_query(request, "$deltatoken");
	for (size_t i = 0; i < ARRAY_COUNT(refused); i++)
		if (vendor_query(request, refused[i]))
			return refuse(reply, 400, "Request_UnsupportedQuery",
				      "'%s' is not supported with delta.", refused[i]),
			       false;
	if (!token) {
		*ret = (struct place){ .phase = 1, .start = known_count() };
		snprintf(ret->select, sizeof(ret->select), "%s", select ? select : fallback);
		return is_selectable(reply, ret->select, known, what[0] == 'u' ? "user" : "group");
	}
	if (select || !read_place(token, ret))
		return refuse(reply, 400, "Request_BadRequest", "Bad token, or more than a token."), false;
	if (ret->epoch < epoch || ret->given_ms < vendor_now_ms() - (int64_t)PLACE_DAYS * 86400 * 1000)
		return lose_place(reply, what), false;
	return true;
}

/* The end of a page: where the next one is, or where what changes from now on begins. */
static void put_links(struct vendor_reply *reply, const char *what, const struct place *from,
		      struct place *to, bool more)
{
	const char *base = vendor_base(), *name = "nextLink", *parameter = "$skiptoken";
	char token[4096];

	if (vendor_fault("nolink"))
		return buffer_text(&reply->body, "}");
	if (more && vendor_fault("early")) {
		more = false;
		*to = (struct place){ .phase = 2, .at = known_count() };
		snprintf(to->select, sizeof(to->select), "%s", from->select);
	}
	if (more && vendor_fault("missing"))
		to->at += PAGE_OBJECTS;
	if (more && vendor_fault("elsewhere"))
		base = "https://elsewhere.example";
	if (!more)
		name = "deltaLink", parameter = "$deltatoken";
	write_place(more && vendor_fault("repeat") ? from : to, token);
	buffer_format(&reply->body, ",\"@odata.%s\":\"%s/v1.0/%s/delta?%s=%s\"}", name, base, what, parameter,
		      token);
}

static void begin_page(struct vendor_reply *reply, const char *what)
{
	buffer_format(&reply->body, "{\"@odata.context\":\"%s/v1.0/$metadata#%s\",\"value\":[", vendor_base(),
		      what);
}

/* The page has a record twice: its first one again. */
static void repeat_first(struct buffer *b, size_t from, size_t to)
{
	char *copy = strndup(b->bytes + from, to - from);

	buffer_text(b, ",");
	buffer_text(b, copy);
	free(copy);
}

/* ---- users/delta ---- */

static void put_changed_user(struct buffer *b, const struct happening *what, const char *select)
{
	const struct sim_person *person = people_at(what->subject);

	if (person->deleted)
		put_gone(b, user_id(person->number), is_purged(person->number));
	else
		put_user(b, person, minimal && what->property ? what->property : select, true);
}

/* The next record; false: there is none. */
static bool put_next_user(struct buffer *b, struct place *place, size_t known, bool comma)
{
	if (place->phase == 1 && place->at >= people_count()) {
		place->phase = 2;
		place->at = place->start;
	}
	while (place->phase == 2 && place->at < known && happenings[place->at].kind != USER)
		place->at++;
	if (place->phase == 2 && place->at >= known)
		return false;
	if (comma)
		buffer_text(b, ",");
	if (place->phase == 2) {
		put_changed_user(b, &happenings[place->at++], place->select);
	} else {
		const struct sim_person *person = people_at(place->at++);

		if (person->deleted)
			put_gone(b, user_id(person->number), is_purged(person->number));
		else
			put_user(b, person, place->select, true);
	}
	return true;
}

static void users_delta(const struct vendor_request *request, struct vendor_reply *reply)
{
	struct place from, to;
	size_t known = known_count(), objects = 0, first, first_end = 0;
	bool more;

	if (!begin_of(request, reply, "users", user_properties, USER_DEFAULT, &from))
		return;
	to = from;
	begin_page(reply, "users");
	first = reply->body.length;
	if (vendor_fault("empty")) {
		buffer_text(&reply->body, "]");
		put_links(reply, "users", &from, &to, true);
		return;
	}
	while (objects < PAGE_OBJECTS && put_next_user(&reply->body, &to, known, objects > 0)) {
		objects++;
		first_end = first_end ? first_end : reply->body.length;
	}
	more = objects == PAGE_OBJECTS;
	if (more)
		repeat_first(&reply->body, first, first_end);
	buffer_text(&reply->body, "]");
	put_links(reply, "users", &from, &to, more);
}

/* ---- groups/delta ---- */

static void put_listed_group(struct buffer *b, struct place *place, size_t *links)
{
	const struct sim_group *group = group_at(place->at);
	size_t total = member_total(group), given = 0;

	if (group->deleted) {
		put_gone(b, group_id(group->number), false);
		place->at++;
		return;
	}
	begin_group(b, group, place->select);
	if (has_word(place->select, "members") && total > 0) {
		buffer_text(b, ",\"members@delta\":[");
		for (; place->within < total && *links < PAGE_LINKS; place->within++, (*links)++) {
			buffer_text(b, given++ > 0 ? "," : "");
			put_member(b, group, place->within);
		}
		buffer_text(b, "]");
	} else {
		place->within = total;
	}
	buffer_text(b, "}");
	if (place->within >= total) {
		place->at++;
		place->within = 0;
	}
}

/* What happened to one group in a row is one record. */
static void put_changed_group(struct buffer *b, struct place *place, size_t known, size_t *links)
{
	const struct happening *what = &happenings[place->at];
	const struct sim_group *group = group_at(what->subject);
	size_t given = 0;

	if (group->deleted) {
		put_gone(b, group_id(group->number), false);
		place->at++;
		return;
	}
	begin_group(b, group,
		    !minimal				    ? place->select
		    : what->kind == GROUP && what->property ? what->property
		    : what->kind == GROUP		    ? place->select
							    : "id");
	if (what->kind == GROUP) {
		place->at++;
		buffer_text(b, "}");
		return;
	}
	buffer_text(b, ",\"members@delta\":[");
	for (; place->at < known && *links < PAGE_LINKS; place->at++, (*links)++) {
		const struct happening *next = &happenings[place->at];

		if (next->kind == USER) {
			(*links)--;
			continue;
		}
		if (next->kind == GROUP || next->subject != what->subject)
			break;
		buffer_format(b, "%s{\"@odata.type\":\"#microsoft.graph.%s\",\"id\":\"%s\"%s}",
			      given++ > 0 ? "," : "", next->kind == CHILD ? "group" : "user",
			      next->kind == CHILD ? group_id(next->member) : user_id(next->member),
			      next->joins ? "" : ",\"@removed\":{\"reason\":\"deleted\"}");
	}
	buffer_text(b, "]}");
}

static bool put_next_group(struct buffer *b, struct place *place, size_t known, size_t *links, bool comma)
{
	if (place->phase == 1 && place->at >= groups_count()) {
		place->phase = 2;
		place->at = place->start;
		place->within = 0;
	}
	while (place->phase == 2 && place->at < known && happenings[place->at].kind == USER)
		place->at++;
	if (place->phase == 2 && place->at >= known)
		return false;
	if (comma)
		buffer_text(b, ",");
	if (place->phase == 1)
		put_listed_group(b, place, links);
	else
		put_changed_group(b, place, known, links);
	return true;
}

static void groups_delta(const struct vendor_request *request, struct vendor_reply *reply)
{
	struct place from, to;
	size_t known = known_count(), objects = 0, links = 0, first, first_end = 0;
	bool more;

	if (!begin_of(request, reply, "groups", group_properties, GROUP_DEFAULT, &from))
		return;
	to = from;
	begin_page(reply, "groups");
	first = reply->body.length;
	while (objects < PAGE_OBJECTS && links < PAGE_LINKS &&
	       put_next_group(&reply->body, &to, known, &links, objects > 0)) {
		objects++;
		first_end = first_end ? first_end : reply->body.length;
	}
	more = objects == PAGE_OBJECTS || links >= PAGE_LINKS;
	if (more && to.phase == 1)
		repeat_first(&reply->body, first, first_end);
	buffer_text(&reply->body, "]");
	put_links(reply, "groups", &from, &to, more);
}

/* ---- lists and single objects ---- */

static long top_of(const struct vendor_request *request, struct vendor_reply *reply)
{
	const char *top = vendor_query(request, "$top");
	long count = top ? atol(top) : LIST_DEFAULT;

	if (count < 1 || count > LIST_MOST) {
		refuse(reply, 400, "Request_UnsupportedQuery", "Invalid page size specified: '%ld'.", count);
		return -1;
	}
	return count;
}

static const char *select_of(const struct vendor_request *request, const char *fallback)
{
	const char *select = vendor_query(request, "$select");

	return select ? select : fallback;
}

static void end_list(struct vendor_reply *reply, const struct vendor_request *request, const char *select,
		     long top, bool more, size_t at)
{
	buffer_text(&reply->body, "]");
	if (more)
		buffer_format(&reply->body,
			      ",\"@odata.nextLink\":\"%s%s?$select=%s&$top=%ld&$skiptoken=%zu\"",
			      vendor_base(), request->path, select, top, at);
	buffer_text(&reply->body, "}");
}

static void list_users(const struct vendor_request *request, struct vendor_reply *reply)
{
	const char *select = select_of(request, USER_DEFAULT), *token = vendor_query(request, "$skiptoken");
	long top = top_of(request, reply), given = 0;
	size_t at = token ? strtoul(token, NULL, 10) : 0;

	if (top < 0 || !is_selectable(reply, select, user_properties, "user"))
		return;
	begin_page(reply, "users");
	for (; at < people_count() && given < top; at++)
		if (!people_at(at)->deleted) {
			buffer_text(&reply->body, given++ > 0 ? "," : "");
			put_user(&reply->body, people_at(at), select, false);
		}
	end_list(reply, request, select, top, at < people_count(), at);
}

static void list_groups(const struct vendor_request *request, struct vendor_reply *reply)
{
	const char *select = select_of(request, GROUP_DEFAULT), *token = vendor_query(request, "$skiptoken");
	long top = top_of(request, reply), given = 0;
	size_t at = token ? strtoul(token, NULL, 10) : 0;

	if (top < 0 || !is_selectable(reply, select, group_properties, "group"))
		return;
	begin_page(reply, "groups");
	for (; at < groups_count() && given < top; at++)
		if (!group_at(at)->deleted) {
			buffer_text(&reply->body, given++ > 0 ? "," : "");
			begin_group(&reply->body, group_at(at), select);
			buffer_text(&reply->body, "}");
		}
	end_list(reply, request, select, top, at < groups_count(), at);
}

static void list_members(const struct vendor_request *request, struct vendor_reply *reply,
			 const struct sim_group *group)
{
	const char *token = vendor_query(request, "$skiptoken");
	long top = top_of(request, reply), given = 0;
	size_t at = token ? strtoul(token, NULL, 10) : 0, total = member_total(group);

	if (top < 0)
		return;
	begin_page(reply, "directoryObjects");
	for (; at < total && given < top; at++) {
		buffer_text(&reply->body, given++ > 0 ? "," : "");
		put_member(&reply->body, group, at);
	}
	end_list(reply, request, select_of(request, "id"), top, at < total, at);
}

static void not_found(struct vendor_reply *reply, const char *key)
{
	refuse(reply, 404, "Request_ResourceNotFound",
	       "Resource '%s' does not exist or one of its queried reference-property objects are not "
	       "present.",
	       key);
}

static void answer_user(struct vendor_reply *reply, const char *key, const char *select)
{
	const struct sim_person *person = find_user(key);

	if (!person)
		not_found(reply, key);
	else if (is_selectable(reply, select, user_properties, "user"))
		put_user(&reply->body, person, select, false);
}

static void answer_group(const struct vendor_request *request, struct vendor_reply *reply, char *key)
{
	char *rest = strchr(key, '/');
	const char *select = select_of(request, GROUP_DEFAULT);
	const struct sim_group *group;

	if (rest)
		*rest++ = '\0';
	group = find_group(key);
	if (!group) {
		not_found(reply, key);
	} else if (rest && strcmp(rest, "members") == 0) {
		list_members(request, reply, group);
	} else if (rest) {
		refuse(reply, 400, "Request_BadRequest", "Resource not found for the segment '%s'.", rest);
	} else if (is_selectable(reply, select, group_properties, "group")) {
		begin_group(&reply->body, group, select);
		buffer_text(&reply->body, "}");
	}
}

/* ---- $batch ---- */

static void answer_part(struct buffer *b, const json_t *part, bool busy)
{
	const char *url = json_string_value(json_object_get(part, "url")),
		   *id = json_string_value(json_object_get(part, "id"));
	struct vendor_reply reply = { .status = 200 };
	char key[512] = "", *query;

	buffer_open(&reply.body, 1 << 20);
	if (url && strncmp(url, "/users/", 7) == 0)
		snprintf(key, sizeof(key), "%s", url + 7);
	query = strstr(key, "?$select=");
	if (query)
		*query = '\0';
	if (busy)
		limited(&reply);
	else if (key[0])
		answer_user(&reply, key, query ? query + strlen("?$select=") : USER_DEFAULT);
	else
		refuse(&reply, 400, "Request_BadRequest", "Only users are served.");
	buffer_format(b,
		      "{\"id\":\"%s\",\"status\":%d,\"headers\":{%s\"Content-Type\":\"application/"
		      "json\"},\"body\":",
		      id ? id : "", reply.status, busy ? "\"Retry-After\":\"1\"," : "");
	buffer_add(b, reply.body.bytes, reply.body.length);
	buffer_text(b, "}");
	buffer_close(&reply.body);
}

/* Answers come in no order that could be relied on. */
static void answer_batch(const struct vendor_request *request, struct vendor_reply *reply)
{
	json_t *whole = json_loadb(request->body ? request->body : "", request->body_size, 0, NULL);
	const json_t *parts = json_object_get(whole, "requests");
	size_t count = json_array_size(parts);
	bool busy = vendor_fault("busy");

	if (count == 0 || count > TOGETHER_MOST) {
		refuse(reply, 400, "BadRequest",
		       "Number of batch request steps exceeds the maximum value 20 or is 0.");
	} else {
		buffer_text(&reply->body, "{\"responses\":[");
		for (size_t i = count; i-- > 0;) {
			answer_part(&reply->body, json_array_get(parts, i), busy && i % 2 == 0);
			buffer_text(&reply->body, i > 0 ? "," : "");
		}
		buffer_text(&reply->body, "]}");
	}
	json_decref(whole);
}

/* ---- addresses ---- */

static bool may(const struct vendor_request *request, struct vendor_reply *reply, bool of_groups)
{
	static const char *const users[] = { "User.Read.All", "Directory.Read.All", NULL },
				 *const groups[] = { "GroupMember.Read.All", "Group.Read.All",
						     "Directory.Read.All", NULL };

	switch (entra_token_check(request, of_groups ? groups : users)) {
	case ENTRA_GOOD:
		return true;
	case ENTRA_DENIED:
		return refuse(reply, 403, "Authorization_RequestDenied",
			      "Insufficient privileges to complete the operation."),
		       false;
	default:
		return refuse(reply, 401, "InvalidAuthenticationToken",
			      "Access token has expired or is not yet valid."),
		       false;
	}
}

static const char *bucket_of(const struct vendor_request *request)
{
	if (entra_token_is_here(request->path))
		return "token";
	if (text_begins(request->path, "/v1.0/users"))
		return "users";
	if (text_begins(request->path, "/v1.0/groups"))
		return strstr(request->path, "/members") ? "members" : "groups";
	return text_equal(request->path, "/v1.0/$batch") ? "batch" : NULL;
}

static void answer_graph(const struct vendor_request *request, struct vendor_reply *reply, const char *path)
{
	bool of_groups = text_begins(path, "/groups");
	const char *wrong;
	char key[256];

	if (!may(request, reply, of_groups))
		return;
	if (text_begins(path, "/subscriptions")) {
		wrong = entra_subscriptions(request, reply, path + strlen("/subscriptions"));
		if (wrong)
			refuse(reply, reply->status, "InvalidRequest", "%s", wrong);
	} else if (text_equal(path, "/$batch") && text_equal(request->method, "POST")) {
		answer_batch(request, reply);
	} else if (!text_equal(request->method, "GET")) {
		refuse(reply, 405, "Request_BadRequest",
		       "Specified HTTP method is not allowed for the request target.");
	} else if (text_equal(path, "/users")) {
		list_users(request, reply);
	} else if (text_equal(path, "/users/delta")) {
		users_delta(request, reply);
	} else if (text_begins(path, "/users/")) {
		answer_user(reply, path + strlen("/users/"), select_of(request, USER_DEFAULT));
	} else if (text_equal(path, "/groups")) {
		list_groups(request, reply);
	} else if (text_equal(path, "/groups/delta")) {
		groups_delta(request, reply);
	} else if (text_begins(path, "/groups/")) {
		snprintf(key, sizeof(key), "%s", path + strlen("/groups/"));
		answer_group(request, reply, key);
	} else {
		refuse(reply, 400, "BadRequest", "Resource not found for the segment '%s'.", path);
	}
}

static void answer(const struct vendor_request *request, struct vendor_reply *reply)
{
	if (entra_token_is_here(request->path) && text_equal(request->method, "POST"))
		entra_token_give(request, reply);
	else if (text_begins(request->path, "/v1.0/"))
		answer_graph(request, reply, request->path + strlen("/v1.0"));
	else
		reply->status = 404;
}

/* ---- what happens there ---- */

static void change_membership(struct sim_group *group, uint32_t number, bool joins)
{
	if (joins ? group_add(group, number) : group_remove(group, number))
		record((struct happening){
			.kind = MEMBER, .subject = group->number, .member = number, .joins = joins });
}

static void erase(struct sim_person *person, bool for_good)
{
	for (size_t i = 0; i < groups_count(); i++)
		change_membership(group_at(i), person->number, false);
	person->deleted = true;
	if (for_good && person->number >= purged_room) {
		size_t room = person->number + 1024;

		purged = realloc(purged, room * sizeof(*purged));
		memset(purged + purged_room, 0, (room - purged_room) * sizeof(*purged));
		purged_room = room;
	}
	if (for_good)
		purged[person->number] = true;
	record((struct happening){ .kind = USER, .subject = person->number });
}

static const char *property_of(const char *field)
{
	static const char *const names[][2] = { { "user_name", "userPrincipalName" },
						{ "email", "mail" },
						{ "given_name", "givenName" },
						{ "family_name", "surname" },
						{ "title", "jobTitle" },
						{ "department", "department" },
						{ "more", "userType" } };

	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		if (text_equal(field, names[i][0]))
			return names[i][1];
	return NULL;
}

static bool set_property(struct sim_person *person, char **words, size_t count)
{
	char value[8192] = "";

	for (size_t i = 3; i < count; i++)
		snprintf(value + strlen(value), sizeof(value) - strlen(value), "%s%s", i > 3 ? " " : "",
			 words[i]);
	record((struct happening){
		.kind = USER, .subject = person->number, .property = property_of(words[2]) });
	return person_set(person, words[2], value);
}

static bool set_enabled(struct sim_person *person, uint8_t state)
{
	person->state = state;
	record((struct happening){ .kind = USER, .subject = person->number, .property = "accountEnabled" });
	return true;
}

static bool tell_person(char **words, size_t count, struct buffer *out)
{
	struct sim_person *person = count >= 2 ? people_at(strtoul(words[1], NULL, 10)) : NULL;

	if (!person)
		return false;
	if (text_equal(words[0], "enable") || text_equal(words[0], "disable"))
		return set_enabled(person, text_equal(words[0], "enable") ? ENABLED : DISABLED);
	if (text_equal(words[0], "delete") || text_equal(words[0], "purge"))
		return erase(person, text_equal(words[0], "purge")), true;
	if (text_equal(words[0], "restore")) {
		person->deleted = false;
		record((struct happening){ .kind = USER, .subject = person->number });
		return true;
	}
	if (text_equal(words[0], "id"))
		return buffer_format(out, "%s\n", user_id(person->number)), true;
	return text_equal(words[0], "set") && count >= 4 && set_property(person, words, count);
}

static bool tell_nest(char **words, size_t count)
{
	const struct sim_group *child = count == 3 ? group_named(words[1]) : NULL,
			       *parent = count == 3 ? group_named(words[2]) : NULL;
	bool joins = text_equal(words[0], "nest");

	if (!child || !parent || (!joins && !text_equal(words[0], "unnest")))
		return false;
	record((struct happening){
		.kind = CHILD, .subject = parent->number, .member = child->number, .joins = joins });
	for (size_t i = 0; !joins && i < nest_count; i++)
		if (nests[i].parent == parent->number && nests[i].child == child->number)
			nests[i--] = nests[--nest_count];
	if (joins) {
		nests = realloc(nests, (nest_count + 1) * sizeof(*nests));
		nests[nest_count++] = (struct nest){ parent->number, child->number };
	}
	return true;
}

static bool tell_group(char **words, size_t count, struct buffer *out)
{
	struct sim_group *group = count >= 2 ? group_named(words[1]) : NULL;

	if (text_equal(words[0], "group") && count >= 2 && !group) {
		group = group_make(words[1], vendor_now_ms());
		if (count > 2)
			group->kind = text_equal(words[2], "Unified")	     ? UNIFIED
				      : text_equal(words[2], "distribution") ? DISTRIBUTION
									     : SECURITY;
		record((struct happening){ .kind = GROUP, .subject = group->number });
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
		record((struct happening){
			.kind = GROUP, .subject = group->number, .property = "displayName" });
		return true;
	}
	if (text_equal(words[0], "ungroup")) {
		group->deleted = true;
		record((struct happening){ .kind = GROUP, .subject = group->number });
		return true;
	}
	return false;
}

static bool tell(char **words, size_t count, struct buffer *out)
{
	if (text_equal(words[0], "hire")) {
		struct sim_person *person = people_hire(vendor_now_ms());

		record((struct happening){ .kind = USER, .subject = person->number });
		buffer_format(out, "%u\n", person->number);
		return true;
	}
	if (text_equal(words[0], "notify") && count == 2)
		return entra_notify("Users", user_id((uint32_t)strtoul(words[1], NULL, 10)),
				    entra_token_tenant());
	if (text_equal(words[0], "notify-group") && count == 2 && group_named(words[1]))
		return entra_notify("Groups", group_id(group_named(words[1])->number), entra_token_tenant());
	if (text_equal(words[0], "lag") && count == 2)
		return lag_ms = atoll(words[1]), true;
	if (text_equal(words[0], "minimal") && count == 2)
		return minimal = text_equal(words[1], "yes"), true;
	if (text_equal(words[0], "forget-places") && count == 2)
		return epoch++, lost_status = atoi(words[1]), true;
	return entra_token_tell(words, count) || entra_notify_tell(words, count, out) ||
	       tell_nest(words, count) || tell_person(words, count, out) || tell_group(words, count, out);
}

static const struct vendor entra = {
	.name = "entra",
	.buckets = buckets,
	.bucket = bucket_of,
	.limited = limited,
	.mark = mark,
	.answer = answer,
	.tell = tell,
	.option = entra_token_option,
};

int main(int argc, char **argv)
{
	return vendor_main(argc, argv, &entra);
}
