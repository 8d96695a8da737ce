/* An Auth0 tenant: the token endpoint and the Management API: users, roles, one organisation, the log.
 *
 * After Auth0's own documentation: searches see 1,000 results at most, what was written some time later, and
 * change under whoever pages through them; logs and holders of roles are read by checkpoints.
 *
 * Options beside the server's: --client=ID --secret=TEXT, --life=SECONDS (of an access token).
 *
 * Told:
 *   block N, unblock N     and set N FIELD WORDS... (FIELD "more": further members as JSON): by the
 * Management API hire                   somebody signs up; answers the number enter                  somebody
 * comes in for the first time by another directory: the log says "s" login N                somebody signs in
 * by Auth0's own database delete N               somebody is deleted import                 a bulk import of
 * one has ended; answers the number join ROLE N, leave ROLE N   ROLE: a name without blanks give ROLE N the
 * same as join, asked for at the role role NAME, rename-role ROLE NAME, unrole ROLE member N, unmember N   of
 * the organisation id N, role-id ROLE     what their ids are log-line N TYPE        an event as a log stream
 * has it lag MS                 how late a search sees a change capped yes             totals count no
 * further than 1,000 forget-log             the log no longer reaches back before now expire all access
 * tokens end now scopes WORDS...        what the application has been granted grant no               the
 * application is not authorised for the Management API Its own faults: missing (a page of a search begins 100
 * too late), short (a page of a search ends in the middle), repeat (a list by checkpoints goes on with the
 * page that it is), nothing (a list is no list). */
#include "platform.h"

#include "peers/vendor/people.h"
#include "peers/vendor/server.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { USER_LETTERS = 30, ROLE_LETTERS = 20, PAGE_MOST = 100, RESULTS_MOST = 1000, TOKENS_MOST = 64 };

enum state { ACTIVE = PEOPLE_ACTIVE, BLOCKED };

#define ORGANISATION "org_9ybsU1dN2dKfDkBi"

static const char *client = "aBcDeFgH", *secret = "theSecret";
static char granted[512] = " read:users read:roles read:logs read:organizations read:organization_members "
			   "read:organization_member_roles ";
static bool authorised = true, totals_capped;
static int64_t lag_ms;
static long life_s = 86400;

static struct token {
	char text[64];
	int64_t ends_ms;
	char scope[512];
} tokens[TOKENS_MOST];
static unsigned token_count;

/* Somebody's membership of the organisation, and whether they come by another directory, by number. */
static bool *members, *enterprise;
static size_t flags_room;

struct event {
	int64_t at_ms;
	const char *type;
	int32_t person;
	const char *method;
	char *path, *asked, *answered; /* of "sapi"; JSON */
};
static struct event *events;
static size_t event_count, event_first;

static struct vendor_bucket buckets[] = { { "management", 960 }, { "token", 100 }, { 0 } };

/* ---- answers ---- */

static void refuse(struct vendor_reply *reply, int status, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void refuse(struct vendor_reply *reply, int status, const char *code, const char *fmt, ...)
{
	const char *word = status == 400   ? "Bad Request"
			   : status == 401 ? "Unauthorized"
			   : status == 403 ? "Forbidden"
			   : status == 404 ? "Not Found"
					   : "Too Many Requests";
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	reply->status = status;
	buffer_reset(&reply->body);
	buffer_format(&reply->body, "{\"statusCode\":%d,\"error\":\"%s\",\"message\":", status, word);
	vendor_put_quoted(&reply->body, text);
	if (code)
		buffer_format(&reply->body, ",\"errorCode\":\"%s\"", code);
	buffer_text(&reply->body, "}");
}

static void limited(struct vendor_reply *reply)
{
	refuse(reply, 429, "too_many_requests", "Global limit has been reached");
}

static void mark(struct vendor_reply *reply, const struct vendor_bucket *bucket, long left, int64_t reset)
{
	if (!bucket)
		return;
	vendor_reply_header(reply, "x-ratelimit-limit", "%ld", bucket->limit ? bucket->limit : 100000);
	vendor_reply_header(reply, "x-ratelimit-remaining", "%ld", bucket->limit ? left : 99999);
	vendor_reply_header(reply, "x-ratelimit-reset", "%lld", (long long)reset);
}

/* ---- ids ---- */

static const char *user_id(uint32_t number)
{
	static char id[USER_LETTERS + 1];

	sim_id("auth0|", number, id, USER_LETTERS);
	return id;
}

static const char *role_id(uint32_t number)
{
	static char id[ROLE_LETTERS + 1];

	sim_id("rol_", number, id, ROLE_LETTERS);
	return id;
}

static struct sim_person *find_user(const char *id)
{
	uint64_t number;
	struct sim_person *person =
		sim_number("auth0|", id, USER_LETTERS, &number) ? people_at(number) : NULL;

	return person && !person->deleted ? person : NULL;
}

static struct sim_group *find_role(const char *id)
{
	uint64_t number;
	struct sim_group *role = sim_number("rol_", id, ROLE_LETTERS, &number) ? group_at(number) : NULL;

	return role && !role->deleted ? role : NULL;
}

static bool *flag(bool **flags, uint32_t number)
{
	if (number >= flags_room) {
		size_t room = people_count() * 2 + 16;

		members = realloc(members, room);
		enterprise = realloc(enterprise, room);
		memset(members + flags_room, 0, room - flags_room);
		memset(enterprise + flags_room, 0, room - flags_room);
		flags_room = room;
	}
	return &(*flags)[number];
}

/* ---- the log ---- */

static struct event *record(const char *type, int32_t person)
{
	events = realloc(events, (event_count + 1) * sizeof(*events));
	events[event_count] = (struct event){ .at_ms = vendor_now_ms(), .type = type, .person = person };
	return &events[event_count++];
}

static void record_api(const char *method, const char *asked, const char *answered, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void record_api(const char *method, const char *asked, const char *answered, const char *fmt, ...)
{
	struct event *event = record("sapi", -1);
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&event->path, fmt, args) < 0)
		abort();
	va_end(args);
	event->method = method;
	event->asked = strdup(asked);
	event->answered = strdup(answered);
}

static void put_event(struct buffer *b, size_t number)
{
	const struct event *event = &events[number];
	bool known = event->person >= 0;
	char at[32];

	buffer_format(
		b,
		"{\"log_id\":\"900202611%029zu\",\"_id\":\"900202611%029zu\",\"date\":\"%s\",\"type\":\"%s\"",
		number, number, vendor_time(event->at_ms, at), event->type);
	if (known)
		buffer_format(b, ",\"user_id\":\"%s\",\"user_name\":\"****\",\"strategy_type\":\"%s\"",
			      user_id((uint32_t)event->person),
			      *flag(&enterprise, (uint32_t)event->person) ? "enterprise" : "database");
	if (event->path)
		buffer_format(b,
			      ",\"user_id\":\"%s@clients\",\"details\":{\"request\":{\"method\":\"%s\","
			      "\"path\":\"%s\","
			      "\"body\":%s},\"response\":{\"statusCode\":200,\"body\":%s}}",
			      client, event->method, event->path, event->asked, event->answered);
	buffer_text(b, ",\"tenant_name\":\"acme\",\"isMobile\":false}");
}

static size_t event_of(const char *id)
{
	return strlen(id) > 9 ? strtoul(id + 9, NULL, 10) : event_count;
}

/* ---- parameters ---- */

static long number_of(const struct vendor_request *request, const char *name, long fallback)
{
	const char *value = vendor_query(request, name);

	return value ? atol(value) : fallback;
}

/* Pages by numbers, 1,000 results together. False: refused. */
static bool page_of(const struct vendor_request *request, struct vendor_reply *reply, long *ret_first,
		    long *ret_size)
{
	long size = number_of(request, "per_page", 50), page = number_of(request, "page", 0);

	if (size < 0 || size > PAGE_MOST)
		return refuse(reply, 400, "invalid_query_string",
			      "Query validation error: 'Value %ld is greater than maximum %d' on property "
			      "per_page "
			      "(Number of results per page).",
			      size, PAGE_MOST),
		       false;
	if (page * size + size > RESULTS_MOST)
		return refuse(reply, 400, "invalid_paging",
			      "Requesting page exceeds the allowed maximum of %d records. To fetch results "
			      "beyond "
			      "%d, use the checkpoint pagination method.",
			      RESULTS_MOST, RESULTS_MOST),
		       false;
	*ret_first = page * size;
	*ret_size = size;
	return true;
}

/* "[A TO B]" behind the name; -1 and INT64_MAX for "*". */
static bool range_of(const char *query, const char *name, int64_t *ret_low, int64_t *ret_high)
{
	char low[64], high[64];
	size_t length = strlen(name);

	if (!text_begins(query, name) || sscanf(query + length, ":[%63s TO %63[^]]]", low, high) != 2)
		return false;
	*ret_low = strcmp(low, "*") == 0 ? -1 : vendor_read_time(low);
	*ret_high = strcmp(high, "*") == 0 ? INT64_MAX : vendor_read_time(high);
	return (*ret_low >= 0 || strcmp(low, "*") == 0) && *ret_high >= 0;
}

/* ---- users ---- */

static void put_user(struct buffer *b, const struct sim_person *person, bool before)
{
	bool blocked = (before ? person->state_before : person->state) == BLOCKED;
	char created[32], updated[32];
	const char *id = user_id(person->number);

	buffer_format(b, "{\"user_id\":\"%s\",\"created_at\":\"%s\",\"updated_at\":\"%s\",", id,
		      vendor_time(person->created_ms, created),
		      vendor_time(before ? person->updated_before_ms : person->updated_ms, updated));
	vendor_put_text(b, "email", person_email(person));
	vendor_put_text(b, "given_name", person_given_name(person));
	vendor_put_text(b, "family_name", person_family_name(person));
	buffer_text(b, "\"name\":");
	{
		char name[512];

		snprintf(name, sizeof(name), "%s %s", person_given_name(person), person_family_name(person));
		vendor_put_quoted(b, name);
	}
	buffer_text(b, ",\"app_metadata\":{");
	vendor_put_text(b, "title", person_title(person));
	buffer_text(b, "\"department\":");
	vendor_put_quoted(b, person_department(person));
	buffer_format(b, "},\"user_metadata\":{},");
	if (blocked)
		buffer_text(b, "\"blocked\":true,");
	if (person->edit && person->edit->more)
		buffer_format(b, "%s,", person->edit->more);
	buffer_format(b,
		      "\"email_verified\":%s,\"nickname\":\"%u\",\"last_login\":\"%s\",\"logins_count\":5,"
		      "\"identities\":[{\"connection\":\"%s\",\"provider\":\"auth0\",\"user_id\":\"%s\","
		      "\"isSocial\":false}]}",
		      person->number % 10 == 9 ? "false" : "true", person->number, created,
		      *flag(&enterprise, person->number) ? "corporate" : "Username-Password-Authentication",
		      id + strlen("auth0|"));
}

static uint32_t *order; /* by when they were created */
static size_t order_count;

static int by_creation(const void *a, const void *b)
{
	const struct sim_person *left = people_at(*(const uint32_t *)a),
				*right = people_at(*(const uint32_t *)b);

	if (left->created_ms != right->created_ms)
		return left->created_ms < right->created_ms ? -1 : 1;
	return left->number < right->number ? -1 : 1;
}

static void put_in_order(void)
{
	if (order_count == people_count())
		return;
	order_count = people_count();
	order = realloc(order, order_count * sizeof(*order));
	for (uint32_t i = 0; i < order_count; i++)
		order[i] = i;
	qsort(order, order_count, sizeof(*order), by_creation);
}

/* What a search sees of somebody whose last change it has not heard of. */
static bool is_before(const struct sim_person *person)
{
	int64_t now = vendor_now_ms();

	return person->changed_ms <= now && person->changed_ms + lag_ms > now;
}

static bool is_found(const struct sim_person *person, const char *query, int64_t low, int64_t high)
{
	int64_t now = vendor_now_ms();

	if ((person->created_ms <= now && person->created_ms + lag_ms > now) ||
	    (person->deleted && !is_before(person)))
		return false;
	if (text_begins(query, "user_id:"))
		return strstr(query, user_id(person->number)) != NULL;
	return person->created_ms >= low && person->created_ms <= high;
}

static void list_users(const struct vendor_request *request, struct vendor_reply *reply)
{
	const char *query = vendor_query(request, "q"), *sort = vendor_query(request, "sort"),
		   *totals = vendor_query(request, "include_totals");
	int64_t low = -1, high = INT64_MAX;
	long first, size, at = 0, given = 0, total = 0;

	if (!page_of(request, reply, &first, &size))
		return;
	if ((query && !text_begins(query, "user_id:(\"") && !range_of(query, "created_at", &low, &high)) ||
	    (sort && !text_equal(sort, "created_at:1"))) {
		refuse(reply, 400, "invalid_query_string", "Invalid query: %.100s", query ? query : sort);
		return;
	}
	put_in_order();
	if (vendor_fault("missing"))
		first += size;
	if (vendor_fault("short"))
		size /= 2;
	buffer_text(&reply->body, text_equal(totals, "true") ? "{\"users\":[" : "[");
	for (size_t i = 0; i < order_count; i++) {
		const struct sim_person *person = people_at(order[i]);

		if (!is_found(person, query ? query : "", low, high))
			continue;
		total++;
		if (at++ < first || given == size)
			continue;
		if (given++ > 0)
			buffer_text(&reply->body, ",");
		put_user(&reply->body, person, is_before(person));
	}
	if (!text_equal(totals, "true")) {
		buffer_text(&reply->body, "]");
		return;
	}
	if (totals_capped && total > RESULTS_MOST)
		total = RESULTS_MOST;
	buffer_format(&reply->body, "],\"start\":%ld,\"limit\":%ld,\"length\":%ld,\"total\":%ld}", first,
		      size, given, total);
}

/* ---- roles ---- */

static void put_role(struct buffer *b, const struct sim_group *role)
{
	buffer_format(b, "{\"id\":\"%s\",\"name\":", role_id(role->number));
	vendor_put_quoted(b, role->name);
	buffer_text(b, ",\"description\":null}");
}

/* person: NULL: all roles. */
static void list_roles(const struct vendor_request *request, struct vendor_reply *reply,
		       const struct sim_person *person)
{
	long first, size, total = 0, given = 0;

	if (!page_of(request, reply, &first, &size))
		return;
	buffer_text(&reply->body, "{\"roles\":[");
	for (size_t i = 0; i < groups_count(); i++) {
		const struct sim_group *role = group_at(i);

		if (role->deleted || (person && !group_has(role, person->number)))
			continue;
		if (total++ < first || given == size)
			continue;
		if (given++ > 0)
			buffer_text(&reply->body, ",");
		put_role(&reply->body, role);
	}
	buffer_format(&reply->body, "],\"start\":%ld,\"limit\":%ld,\"total\":%ld}", first, size, total);
}

/* Lists by checkpoints: where it goes on is the number of the first that has not come. */
static bool take_of(const struct vendor_request *request, struct vendor_reply *reply, long *ret_take,
		    uint32_t *ret_from)
{
	*ret_take = number_of(request, "take", 50);
	*ret_from = (uint32_t)number_of(request, "from", 0);
	if (*ret_take >= 1 && *ret_take <= PAGE_MOST && !vendor_query(request, "page"))
		return true;
	refuse(reply, 400, "invalid_query_string", "Query validation error: take");
	return false;
}

static void end_list(struct vendor_reply *reply, uint32_t here, bool more, uint32_t next)
{
	buffer_text(&reply->body, "]");
	if (vendor_fault("repeat"))
		more = true, next = here;
	if (more)
		buffer_format(&reply->body, ",\"next\":\"%u\"", next);
	buffer_text(&reply->body, "}");
}

static void put_brief(struct buffer *b, uint32_t number)
{
	buffer_format(b, "\"user_id\":\"%s\"", user_id(number));
}

static void list_holders(const struct vendor_request *request, struct vendor_reply *reply,
			 const struct sim_group *role)
{
	const uint32_t *holder;
	uint32_t from;
	long take, given = 0;

	if (!take_of(request, reply, &take, &from))
		return;
	buffer_text(&reply->body, "{\"users\":[");
	for (holder = group_from(role, from); holder && given < take;
	     holder = group_from(role, *holder + 1)) {
		buffer_text(&reply->body, given++ > 0 ? ",{" : "{");
		put_brief(&reply->body, *holder);
		buffer_text(&reply->body, "}");
	}
	end_list(reply, from, holder != NULL, holder ? *holder : 0);
}

/* ---- the organisation ---- */

static bool is_member(uint32_t number)
{
	return number < people_count() && !people_at(number)->deleted && *flag(&members, number);
}

static uint32_t member_from(uint32_t number)
{
	while (number < people_count() && !is_member(number))
		number++;
	return number;
}

static void put_roles_of(struct buffer *b, uint32_t number)
{
	bool any = false;

	buffer_text(b, ",\"roles\":[");
	for (size_t i = 0; i < groups_count(); i++)
		if (!group_at(i)->deleted && group_has(group_at(i), number)) {
			if (any)
				buffer_text(b, ",");
			put_role(b, group_at(i));
			any = true;
		}
	buffer_text(b, "]");
}

static void list_members(const struct vendor_request *request, struct vendor_reply *reply)
{
	const char *fields = vendor_query(request, "fields");
	uint32_t from, at;
	long take, given = 0;

	if (!take_of(request, reply, &take, &from))
		return;
	buffer_text(&reply->body, "{\"members\":[");
	for (at = member_from(from); at < people_count() && given < take; at = member_from(at + 1)) {
		buffer_text(&reply->body, given++ > 0 ? ",{" : "{");
		put_brief(&reply->body, at);
		if (fields && strstr(fields, "roles"))
			put_roles_of(&reply->body, at);
		buffer_text(&reply->body, "}");
	}
	end_list(reply, from, at < people_count(), at);
}

/* ---- who may ---- */

static void refuse_token(struct vendor_reply *reply, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void refuse_token(struct vendor_reply *reply, int status, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	reply->status = status;
	buffer_text(&reply->body, "{\"error\":\"access_denied\",\"error_description\":");
	vendor_put_quoted(&reply->body, text);
	buffer_text(&reply->body, "}");
}

static void give_token(const struct vendor_request *request, struct vendor_reply *reply)
{
	char id[256], given[256], audience[512], wanted[512];
	struct token *token = &tokens[token_count % TOKENS_MOST];

	vendor_form(request, "client_id", id, sizeof(id));
	vendor_form(request, "client_secret", given, sizeof(given));
	vendor_form(request, "audience", audience, sizeof(audience));
	snprintf(wanted, sizeof(wanted), "%s/api/v2/", vendor_base());
	if (!text_equal(id, client) || !text_equal(given, secret)) {
		refuse_token(reply, 401, "Unauthorized");
		return;
	}
	if (!text_equal(audience, wanted)) {
		refuse_token(reply, 403, "Service not enabled within domain: %s", audience);
		return;
	}
	if (!authorised) {
		refuse_token(
			reply, 403,
			"Client is not authorized to access \"%s\". You need to create a \"client-grant\" "
			"associated to this API. See: https://auth0.com/docs/api/v2#!/Client_Grants/"
			"post_client_grants",
			audience);
		return;
	}
	token_count++;
	snprintf(token->text, sizeof(token->text), "eyJhdXRoMA.%016llx.%u",
		 (unsigned long long)sim_hash(token_count), token_count);
	snprintf(token->scope, sizeof(token->scope), "%s", granted);
	token->ends_ms = vendor_now_ms() + life_s * 1000;
	record("seccft", -1);
	buffer_format(
		&reply->body,
		"{\"access_token\":\"%s\",\"scope\":\"%.*s\",\"expires_in\":%ld,\"token_type\":\"Bearer\"}",
		token->text, (int)(strlen(granted) > 2 ? strlen(granted) - 2 : 0), granted + 1, life_s);
}

static bool may(const struct vendor_request *request, struct vendor_reply *reply, const char *scope)
{
	const char *given = vendor_header(request, "Authorization");
	char wanted[128];

	snprintf(wanted, sizeof(wanted), " %s ", scope);
	for (size_t i = 0; given && text_begins(given, "Bearer ") && i < TOKENS_MOST; i++) {
		if (!tokens[i].text[0] || strcmp(tokens[i].text, given + 7) != 0)
			continue;
		if (tokens[i].ends_ms <= vendor_now_ms())
			break;
		if (strstr(tokens[i].scope, wanted))
			return true;
		refuse(reply, 403, "insufficient_scope", "Insufficient scope, expected any of: %s", scope);
		return false;
	}
	refuse(reply, 401, NULL, "Expired token received for JSON Web Token validation");
	return false;
}

/* ---- logs ---- */

static void list_events(const struct vendor_request *request, struct vendor_reply *reply)
{
	const char *from = vendor_query(request, "from"), *query = vendor_query(request, "q"),
		   *sort = vendor_query(request, "sort");
	long first, size = number_of(request, "take", 50), given = 0, at = 0;
	int64_t low = -1, high = INT64_MAX;
	bool backwards = text_equal(sort, "date:-1");
	size_t last = event_first;

	if (!from && !page_of(request, reply, &first, &size))
		return;
	if (from && (size < 1 || size > PAGE_MOST)) {
		refuse(reply, 400, "invalid_query_string", "Query validation error: take");
		return;
	}
	if (from) { /* from an event that is forgotten it goes on with the oldest, without a word */
		first = 0;
		last = event_of(from) + 1 > event_first ? event_of(from) + 1 : event_first;
	} else if (query && !range_of(query, "date", &low, &high)) {
		refuse(reply, 400, "invalid_query_string", "Invalid query: %.100s", query);
		return;
	}
	buffer_text(&reply->body, "[");
	for (size_t i = last; i < event_count && given < size; i++) {
		size_t number = backwards ? event_count - 1 - (i - last) : i;

		if (events[number].at_ms < low || events[number].at_ms > high || at++ < first)
			continue;
		if (given++ > 0)
			buffer_text(&reply->body, ",");
		put_event(&reply->body, number);
		if (from)
			last = number;
	}
	buffer_text(&reply->body, "]");
	if (from)
		vendor_reply_header(reply, "Link",
				    "<%s/api/v2/logs?from=900202611%029zu&take=%ld>; rel=\"next\"",
				    vendor_base(), last, size);
}

/* ---- addresses ---- */

static const char *bucket_of(const struct vendor_request *request)
{
	return text_begins(request->path, "/api/v2/")	   ? "management"
	       : text_equal(request->path, "/oauth/token") ? "token"
							   : NULL;
}

static void not_found(struct vendor_reply *reply, const char *what)
{
	refuse(reply, 404, NULL, "%s does not exist.", what);
}

static void answer_user(const struct vendor_request *request, struct vendor_reply *reply, char *key)
{
	char *rest = strchr(key, '/');
	struct sim_person *person;

	if (rest)
		*rest++ = '\0';
	person = find_user(key);
	if (!may(request, reply,
		 rest && text_equal(rest, "organizations") ? "read:organizations" : "read:users"))
		return;
	if (rest && text_equal(rest, "roles") && !may(request, reply, "read:roles"))
		return;
	if (!person)
		refuse(reply, 404, "inexistent_user", "The user does not exist.");
	else if (!rest)
		put_user(&reply->body, person, false);
	else if (text_equal(rest, "roles"))
		list_roles(request, reply, person);
	else if (text_equal(rest, "organizations"))
		buffer_format(&reply->body, "{\"organizations\":[%s],\"start\":0,\"limit\":50,\"total\":%d}",
			      is_member(person->number) ? "{\"id\":\"" ORGANISATION "\",\"name\":\"acme\"}"
							: "",
			      is_member(person->number));
	else
		not_found(reply, "This");
}

static void answer_role(const struct vendor_request *request, struct vendor_reply *reply, char *key)
{
	char *rest = strchr(key, '/');
	struct sim_group *role;

	if (rest)
		*rest++ = '\0';
	role = find_role(key);
	if (!may(request, reply, "read:roles"))
		return;
	if (!role)
		not_found(reply, "The role");
	else if (!rest)
		put_role(&reply->body, role);
	else if (text_equal(rest, "users"))
		list_holders(request, reply, role);
	else
		not_found(reply, "This");
}

static void answer_organisation(const struct vendor_request *request, struct vendor_reply *reply, char *key)
{
	char *rest = strchr(key, '/'), *user;
	const char *fields = vendor_query(request, "fields");
	struct sim_person *person;

	if (!may(request, reply, "read:organization_members"))
		return;
	if (rest)
		*rest++ = '\0';
	if (!text_equal(key, ORGANISATION) || !rest) {
		not_found(reply, "The organization");
		return;
	}
	if (text_equal(rest, "members")) {
		if (!fields || !strstr(fields, "roles") ||
		    may(request, reply, "read:organization_member_roles"))
			list_members(request, reply);
		return;
	}
	user = text_begins(rest, "members/") ? rest + strlen("members/") : rest;
	rest = strchr(user, '/');
	if (rest)
		*rest = '\0';
	person = find_user(user);
	if (!may(request, reply, "read:organization_member_roles"))
		return;
	if (!person || !is_member(person->number))
		not_found(reply, "The member");
	else
		list_roles(request, reply, person);
}

static void answer_get(const struct vendor_request *request, struct vendor_reply *reply)
{
	static const struct {
		const char *begin;
		void (*answer)(const struct vendor_request *, struct vendor_reply *, char *);
	} below[] = {
		{ "/api/v2/users/", answer_user },
		{ "/api/v2/roles/", answer_role },
		{ "/api/v2/organizations/", answer_organisation },
	};
	const char *path = request->path;
	char key[512];

	if (vendor_fault("nothing")) {
		buffer_text(&reply->body, "{}");
		return;
	}
	for (size_t i = 0; i < ARRAY_COUNT(below); i++)
		if (text_begins(path, below[i].begin)) {
			snprintf(key, sizeof(key), "%s", path + strlen(below[i].begin));
			below[i].answer(request, reply, key);
			return;
		}
	if (text_equal(path, "/api/v2/users")) {
		if (may(request, reply, "read:users"))
			list_users(request, reply);
	} else if (text_equal(path, "/api/v2/roles")) {
		if (may(request, reply, "read:roles"))
			list_roles(request, reply, NULL);
	} else if (text_equal(path, "/api/v2/logs")) {
		if (may(request, reply, "read:logs"))
			list_events(request, reply);
	} else if (text_begins(path, "/api/v2/logs/")) {
		size_t number = event_of(path + strlen("/api/v2/logs/"));

		if (!may(request, reply, "read:logs"))
			return;
		if (number < event_first || number >= event_count)
			not_found(reply, "The log");
		else
			put_event(&reply->body, number);
	} else {
		not_found(reply, "This");
	}
}

static void answer(const struct vendor_request *request, struct vendor_reply *reply)
{
	if (text_equal(request->path, "/oauth/token") && text_equal(request->method, "POST"))
		give_token(request, reply);
	else if (text_equal(request->method, "GET"))
		answer_get(request, reply);
	else
		not_found(reply, "This");
}

/* ---- what happens there ---- */

static void touch(struct sim_person *person)
{
	person->state_before = person->state;
	person->updated_before_ms = person->updated_ms;
	person->changed_ms = person->updated_ms = vendor_now_ms();
}

static void change(struct sim_person *person)
{
	touch(person);
	record_api("patch", "{}", "{}", "/api/v2/users/auth0%%7C%s",
		   user_id(person->number) + strlen("auth0|"));
}

static struct sim_person *newcomer(void)
{
	return people_hire(vendor_now_ms());
}

static bool tell_person(char **words, size_t count, struct buffer *out)
{
	struct sim_person *person = count >= 2 ? people_at(strtoul(words[1], NULL, 10)) : NULL;
	char asked[128];

	if (!person)
		return false;
	snprintf(asked, sizeof(asked), "{\"members\":[\"%s\"]}", user_id(person->number));
	if (text_equal(words[0], "block") || text_equal(words[0], "unblock")) {
		change(person);
		person->state = words[0][0] == 'b' ? BLOCKED : ACTIVE;
	} else if (text_equal(words[0], "delete")) {
		touch(person);
		for (size_t i = 0; i < groups_count(); i++)
			group_remove(group_at(i), person->number);
		person->deleted = true;
		record("sdu", (int32_t)person->number);
	} else if (text_equal(words[0], "login")) {
		record("s", (int32_t)person->number);
	} else if (text_equal(words[0], "id")) {
		buffer_format(out, "%s\n", user_id(person->number));
	} else if (text_equal(words[0], "member")) {
		*flag(&members, person->number) = true;
		record_api("post", asked, "{}", "/api/v2/organizations/" ORGANISATION "/members");
	} else if (text_equal(words[0], "unmember")) {
		*flag(&members, person->number) = false;
		record_api("delete", asked, "{}", "/api/v2/organizations/" ORGANISATION "/members");
	} else if (text_equal(words[0], "log-line") && count == 3) {
		record(strdup(words[2]), (int32_t)person->number);
		buffer_format(out, "{\"log_id\":\"900202611%029zu\",\"data\":", event_count - 1);
		put_event(out, event_count - 1);
		buffer_text(out, "}\n");
	} else if (text_equal(words[0], "set") && count >= 4) {
		char value[8192] = "";

		for (size_t i = 3; i < count; i++)
			snprintf(value + strlen(value), sizeof(value) - strlen(value), "%s%s",
				 i > 3 ? " " : "", words[i]);
		change(person);
		return person_set(person, words[2], value);
	} else {
		return false;
	}
	return true;
}

static bool change_role(char **words, struct sim_group *role)
{
	struct sim_person *person = people_at(strtoul(words[2], NULL, 10));
	bool leaves = words[0][0] == 'l';

	if (!person)
		return false;
	if (leaves)
		group_remove(role, person->number);
	else
		group_add(role, person->number);
	if (words[0][0] == 'g')
		record_api("post", "{\"users\":[]}", "{}", "/api/v2/roles/%s/users", role_id(role->number));
	else if (is_member(person->number))
		record_api(leaves ? "delete" : "post", "{}", "{}",
			   "/api/v2/organizations/" ORGANISATION "/members/%s/roles",
			   user_id(person->number));
	else
		record_api(leaves ? "delete" : "post", "{}", "{}", "/api/v2/users/%s/roles",
			   user_id(person->number));
	return true;
}

static bool tell_role(char **words, size_t count, struct buffer *out)
{
	struct sim_group *role = count >= 2 ? group_named(words[1]) : NULL;
	char answered[128];

	if (text_equal(words[0], "role") && count == 2 && !role) {
		role = group_make(words[1], vendor_now_ms());
		snprintf(answered, sizeof(answered), "{\"id\":\"%s\"}", role_id(role->number));
		record_api("post", "{}", answered, "/api/v2/roles");
		return true;
	}
	if (!role)
		return false;
	if (text_equal(words[0], "role-id"))
		return buffer_format(out, "%s\n", role_id(role->number)), true;
	if ((text_equal(words[0], "join") || text_equal(words[0], "leave") || text_equal(words[0], "give")) &&
	    count == 3)
		return change_role(words, role);
	if (text_equal(words[0], "rename-role") && count == 3) {
		free(role->name);
		role->name = strdup(words[2]);
		record_api("patch", "{}", "{}", "/api/v2/roles/%s", role_id(role->number));
		return true;
	}
	if (text_equal(words[0], "unrole")) {
		role->deleted = true;
		record_api("delete", "{}", "{}", "/api/v2/roles/%s", role_id(role->number));
		return true;
	}
	return false;
}

static bool tell(char **words, size_t count, struct buffer *out)
{
	if (text_equal(words[0], "hire") || text_equal(words[0], "enter") || text_equal(words[0], "import")) {
		struct sim_person *person = newcomer();

		*flag(&enterprise, person->number) = words[0][0] == 'e';
		record(words[0][0] == 'h'   ? "ss"
		       : words[0][0] == 'e' ? "s"
					    : "sui",
		       words[0][0] == 'i' ? -1 : (int32_t)person->number);
		buffer_format(out, "%u\n", person->number);
		return true;
	}
	if (text_equal(words[0], "lag") && count == 2)
		return lag_ms = atoll(words[1]), true;
	if (text_equal(words[0], "capped") && count == 2)
		return totals_capped = text_equal(words[1], "yes"), true;
	if (text_equal(words[0], "grant") && count == 2)
		return authorised = text_equal(words[1], "yes"), true;
	if (text_equal(words[0], "forget-log"))
		return event_first = event_count, true;
	if (text_equal(words[0], "expire")) {
		memset(tokens, 0, sizeof(tokens));
		return true;
	}
	if (text_equal(words[0], "scopes")) {
		snprintf(granted, sizeof(granted), " ");
		for (size_t i = 1; i < count; i++)
			snprintf(granted + strlen(granted), sizeof(granted) - strlen(granted), "%s ",
				 words[i]);
		return true;
	}
	return tell_person(words, count, out) || tell_role(words, count, out);
}

static bool option(const char *name, const char *value)
{
	if (text_equal(name, "--client"))
		return client = value, true;
	if (text_equal(name, "--secret"))
		return secret = value, true;
	if (text_equal(name, "--life"))
		return life_s = atol(value), true;
	return false;
}

static const struct vendor auth0 = {
	.name = "auth0",
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
	return vendor_main(argc, argv, &auth0);
}
