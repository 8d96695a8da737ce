/* What refers to others by their bulkId is done after them, wherever it stands in the request. Those that
 * refer to each other in a circle are done together or not at all: a resource's id is known before it is
 * made, and a member may be named before it is there. */
#include "endpoints/scim_bulk.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "access/authenticate.h"
#include "base/text.h"
#include "endpoints/exchange.h"
#include "endpoints/scim.h"
#include "endpoints/scim_condition.h"
#include "endpoints/scim_reply.h"
#include "roster/scim.h"

#define URN_RESPONSE "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
#define REFERENCE    "bulkId:"

struct operation {
	const char *method, *bulk_id, *version; /* NULL: not given */
	const char *resource;			/* the id that its path names, as a text; NULL: none */
	const struct way *way;
	struct json *data;
	struct id made; /* POST: what it makes */
	size_t *needs, need_count;
	size_t number, low; /* of the walk: 0 not seen */
	bool waits, refused, finished;
	const char *status, *location, *etag, *response; /* NULL: none */
};

struct bulk {
	struct exchange *x;
	struct operation *operations, **waiting; /* waiting: of the walk */
	size_t count, waiting_count, seen;
	int64_t errors, errors_most; /* errors_most 0: any number */
	struct request request;
};

static const struct way {
	const char *method, *collection, *pattern;
	enum scim_kind kind;
	bool named;
	answer_fn *answer; /* NULL: it makes something */
} ways[] = {
	{ "POST", "Users", "/Users", SCIM_USER, false, NULL },
	{ "PUT", "Users", "/Users/{resource}", SCIM_USER, true, scim_users_replace },
	{ "PATCH", "Users", "/Users/{resource}", SCIM_USER, true, scim_users_patch },
	{ "DELETE", "Users", "/Users/{resource}", SCIM_USER, true, scim_users_delete },
	{ "POST", "Groups", "/Groups", SCIM_GROUP, false, NULL },
	{ "PUT", "Groups", "/Groups/{resource}", SCIM_GROUP, true, scim_groups_replace },
	{ "PATCH", "Groups", "/Groups/{resource}", SCIM_GROUP, true, scim_groups_patch },
	{ "DELETE", "Groups", "/Groups/{resource}", SCIM_GROUP, true, scim_groups_delete },
};

/* ---- what came of one ---- */

static const char *location_of(const struct bulk *b, const struct operation *o)
{
	const struct exchange *x = b->x;

	return o->resource ? arena_format(x->arena, "%s/scim/v2/%s/%s/%s",
					  x->options->public_url ? x->options->public_url : "",
					  request_segment(x->request, "connection"), o->way->collection,
					  o->resource)
			   : NULL;
}

static void refuse(struct bulk *b, struct operation *o, const struct error *e)
{
	struct reply reply;

	reply_open(&reply);
	scim_reply_error(&reply, e);
	o->refused = o->finished = true;
	o->status = arena_format(b->x->arena, "%d", reply.status);
	o->response = arena_text_n(b->x->arena, reply.body.bytes, reply.body.length);
	o->location = o->way ? location_of(b, o) : NULL;
	o->etag = NULL;
	reply_close(&reply);
	b->errors++;
}

static void refuse_with(struct bulk *b, struct operation *o, const char *code, const char *words)
{
	struct error e;

	error_set(&e, ERROR_INPUT, code, "%s", words);
	refuse(b, o, &e);
}

static void keep(struct bulk *b, struct operation *o, const struct reply *reply)
{
	o->finished = true;
	o->status = arena_format(b->x->arena, "%d", reply->status);
	o->etag = arena_text(b->x->arena, reply_find_header(reply, "ETag"));
	o->location = location_of(b, o);
}

/* ---- reading ---- */

/* A member by its name without case, as all names of SCIM. */
static const struct json *member(const struct json *object, const char *wanted)
{
	const struct json *value;
	const char *name;

	for (size_t at = 0; json_next(object, &at, &name, &value) == 1;)
		if (strcasecmp(name, wanted) == 0)
			return value;
	return NULL;
}

static struct operation *find_made(struct bulk *b, const char *bulk_id)
{
	for (size_t i = 0; i < b->count; i++) {
		struct operation *o = &b->operations[i];

		if (o->way && !o->way->named && o->bulk_id && text_equal(o->bulk_id, bulk_id))
			return o;
	}
	return NULL;
}

/* "/Users", "Users/ID"; a slash too many is no other path. */
static const struct way *way_of(struct bulk *b, const char *method, const char *path,
				const char **ret_resource)
{
	char *rest = arena_text(b->x->arena, path), *collection = strtok_r(rest, "/", &rest),
	     *resource = strtok_r(rest, "/", &rest);

	*ret_resource = resource;
	for (size_t i = 0; collection && !strtok_r(rest, "/", &rest) && i < ARRAY_COUNT(ways); i++)
		if (strcasecmp(method, ways[i].method) == 0 && text_equal(collection, ways[i].collection) &&
		    ways[i].named == (resource != NULL))
			return &ways[i];
	return NULL;
}

static void read_operation(struct bulk *b, struct operation *o, const struct json *given)
{
	const char *method = json_text(member(given, "method")), *path = json_text(member(given, "path"));
	const struct json *data = member(given, "data");

	o->bulk_id = json_text(member(given, "bulkId"));
	o->version = json_text(member(given, "version"));
	o->method = method ? method : "";
	o->data = data ? json_duplicate(b->x->arena, data) : NULL;
	o->way = method && path ? way_of(b, method, path, &o->resource) : NULL;
	if (!o->way)
		refuse_with(b, o, "scim.invalidPath",
			    "\"method\" and \"path\" are no operation: POST of /Users or /Groups, PUT, PATCH "
			    "or DELETE of one of them");
	else if (!o->way->named && (!o->bulk_id || !*o->bulk_id))
		refuse_with(b, o, "scim.invalidSyntax",
			    "a POST needs a \"bulkId\", by which its answer is known");
	else if (o->bulk_id && strlen(o->bulk_id) > SCIM_BULK_ID_MOST)
		refuse_with(b, o, "scim.invalidValue", "the \"bulkId\" is too long");
	else if (!o->way->named && find_made(b, o->bulk_id) != o)
		refuse_with(b, o, "scim.invalidValue", "the \"bulkId\" is another operation's");
	o->made = id_new();
}

static int read_operations(struct bulk *b, const struct json *body, struct error *e)
{
	const struct json *list = member(body, "Operations"), *most = member(body, "failOnErrors");

	if (!json_is_array(list))
		return error_set(e, ERROR_INPUT, "scim.invalidSyntax",
				 "\"Operations\", an array, is expected");
	if (json_count(list) > SCIM_BULK_OPERATIONS_MOST)
		return error_set(e, ERROR_LIMIT, "scim.bulk_limit",
				 "there are %zu operations; at most %d are taken at once", json_count(list),
				 SCIM_BULK_OPERATIONS_MOST);
	if (most && (!json_is_number(most) || json_int(most) < 0))
		return error_set(e, ERROR_INPUT, "scim.invalidValue",
				 "\"failOnErrors\" is a number, 1 or more");
	b->errors_most = most ? json_int(most) : 0;
	b->operations = arena_array(b->x->arena, json_count(list) + 1, sizeof(*b->operations));
	b->waiting = arena_array(b->x->arena, json_count(list) + 1, sizeof(struct operation *));
	while (b->count < json_count(list)) {
		struct operation *o = &b->operations[b->count++];

		read_operation(b, o, json_at(list, b->count - 1));
	}
	b->errors = 0; /* counted where they come in the order */
	return 0;
}

/* ---- references ---- */

static void need(struct bulk *b, struct operation *o, struct operation *other)
{
	size_t which = (size_t)(other - b->operations);

	if (!o->needs)
		o->needs = arena_array(b->x->arena, b->count, sizeof(*o->needs));
	for (size_t i = 0; i < o->need_count; i++)
		if (o->needs[i] == which)
			return;
	o->needs[o->need_count++] = which;
}

/* The id of what a text names; NULL: nothing here makes it, and o is refused. */
static const char *resolve(struct bulk *b, struct operation *o, const char *text)
{
	struct operation *other = find_made(b, text + strlen(REFERENCE));
	char id[ID_TEXT_SIZE];

	if (!other) {
		refuse_with(b, o, "scim.invalidValue",
			    "it refers to a \"bulkId\" that no POST of this request has");
		return NULL;
	}
	need(b, o, other);
	return arena_text(b->x->arena, id_text(&other->made, id));
}

/* A value with ids in place of references. Small values are the rule, and base/json limits how deep they are.
 */
static const struct json *with_ids(struct bulk *b, struct operation *o, const struct json *value)
{
	struct arena *arena = b->x->arena;
	struct json *copy;
	const struct json *inner;
	const char *name, *id;

	if (json_is_text(value) && text_begins(json_text(value), REFERENCE)) {
		id = resolve(b, o, json_text(value));
		return id ? json_new_text(arena, id) : value;
	}
	if (json_is_array(value)) {
		copy = json_new_array(arena);
		for (size_t i = 0; i < json_count(value); i++)
			json_append(arena, copy, with_ids(b, o, json_at(value, i)));
		return copy;
	}
	if (!json_is_object(value))
		return value;
	copy = json_new_object(arena);
	for (size_t at = 0; json_next(value, &at, &name, &inner) == 1;)
		json_set(arena, copy, name, with_ids(b, o, inner));
	return copy;
}

static bool mentions(const struct json *value)
{
	const struct json *inner;
	const char *name;

	if (json_is_text(value))
		return text_begins(json_text(value), REFERENCE);
	for (size_t i = 0; json_is_array(value) && i < json_count(value); i++)
		if (mentions(json_at(value, i)))
			return true;
	for (size_t at = 0; json_is_object(value) && json_next(value, &at, &name, &inner) == 1;)
		if (mentions(inner))
			return true;
	return false;
}

/* Who was deleted and is made again has the id that they had. */
static int settle_ids(struct bulk *b, struct error *e)
{
	const struct exchange *x = b->x;
	struct scim_source source = { x->principal.organisation, x->principal.connection };

	for (size_t i = 0; i < b->count; i++) {
		struct operation *o = &b->operations[i];
		const char *name = json_text(member(o->data, "userName")),
			   *external = json_text(member(o->data, "externalId"));

		if (o->refused || o->way->named || o->way->kind != SCIM_USER || !name || !external)
			continue;
		if (scim_find_deleted(x->tx, &source, scim_key(x->arena, name), external, &o->made, e) < 0)
			return -1;
	}
	return 0;
}

static void resolve_all(struct bulk *b)
{
	for (size_t i = 0; i < b->count; i++) {
		struct operation *o = &b->operations[i];

		if (!o->refused && o->resource && text_begins(o->resource, REFERENCE))
			o->resource = resolve(b, o, o->resource);
		if (!o->refused && o->data && mentions(o->data))
			o->data = json_duplicate(b->x->arena, with_ids(b, o, o->data));
	}
	b->errors = 0;
}

/* ---- doing ---- */

/* The request that it would be by itself. Members and groups need not be read for an answer that does not
 * show them. */
static void make_request(struct bulk *b, const struct operation *o)
{
	struct request *r = &b->request;
	const char *body = o->data ? json_write(b->x->arena, o->data, SCIM_BULK_BODY_MOST) : NULL;

	*r = (struct request){
		.arena = b->x->arena,
		.method = o->way->method,
		.path = b->x->request->path,
		.target = b->x->request->target,
		.body = body,
		.body_size = body ? strlen(body) : 0,
		.segment_count = 2,
		.segments = { { "connection", request_segment(b->x->request, "connection") },
			      { "resource", o->resource ? o->resource : "" } },
		.query_count = 1,
		.query = { { "excludedAttributes", "members,groups" } },
	};
	if (o->version)
		r->headers[r->header_count++] = (struct request_pair){ "If-Match", o->version };
}

static int answer(struct bulk *b, struct operation *o, struct exchange *alone, struct error *e)
{
	const char *pattern = arena_format(b->x->arena, "/scim/v2/{connection}%s", o->way->pattern);

	if (authenticate_scope(&b->x->principal, scope_of(o->way->method, pattern), b->x->arena, e) < 0)
		return -1;
	return o->way->answer ? o->way->answer(alone, e) : scim_create(alone, o->way->kind, &o->made, e);
}

static int do_one(struct bulk *b, struct operation *o, struct error *e)
{
	struct exchange alone = *b->x;
	struct reply reply;
	char id[ID_TEXT_SIZE];
	int result;

	make_request(b, o);
	reply_open(&reply);
	alone.request = &b->request;
	alone.reply = &reply;
	alone.pushed = (struct scim_push){ 0 };
	result = answer(b, o, &alone, e);
	if (result == 0) {
		if (!o->resource)
			o->resource = arena_text(b->x->arena, id_text(&o->made, id));
		keep(b, o, &reply);
		if (alone.pushed.in)
			b->x->pushed = alone.pushed; /* the later one has the higher numbers */
	}
	reply_close(&reply);
	return result;
}

/* Whether it is the operation's own fault; else the whole request fails, and may be sent again. */
static bool is_its_own(const struct error *e)
{
	return e->kind == ERROR_INPUT || e->kind == ERROR_DENIED || e->kind == ERROR_NOT_FOUND ||
	       e->kind == ERROR_CONFLICT || e->kind == ERROR_PRECONDITION || e->kind == ERROR_LIMIT;
}

static bool is_over(const struct bulk *b)
{
	return b->errors_most > 0 && b->errors >= b->errors_most;
}

static bool lacks_what_it_needs(const struct bulk *b, const struct operation *o)
{
	for (size_t i = 0; i < o->need_count; i++)
		if (b->operations[o->needs[i]].refused)
			return true;
	return false;
}

static const char lacking[] = "it refers to a \"bulkId\" whose operation was refused";

/* A circle, or what is alone: nothing of it, or all. */
static int do_together(struct bulk *b, struct operation **unit, size_t count, struct error *e)
{
	bool torn = false;
	struct error why;

	for (size_t i = 0; i < count && !torn; i++) {
		if (unit[i]->refused) {
			b->errors++; /* while it was read */
			torn = true;
		} else if (lacks_what_it_needs(b, unit[i])) {
			refuse_with(b, unit[i], "scim.invalidValue", lacking);
			torn = true;
		}
	}
	if (!torn && tx_mark(b->x->tx, e) < 0)
		return -1;
	for (size_t i = 0; i < count && !torn; i++) {
		struct operation *o = unit[i];

		if (do_one(b, o, &why) == 0)
			continue;
		if (!is_its_own(&why)) {
			*e = why;
			return -1;
		}
		if (tx_back_to_mark(b->x->tx, e) < 0)
			return -1;
		if (!o->way->named)
			o->resource = NULL;
		refuse(b, o, &why);
		torn = true;
	}
	for (size_t i = 0; i < count && torn; i++)
		if (!unit[i]->refused) {
			unit[i]->resource = unit[i]->way->named ? unit[i]->resource : NULL;
			refuse_with(b, unit[i], "scim.invalidValue", lacking);
		}
	return 0;
}

/* ---- the order ---- */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Circles of references (strongly connected components, by Tarjan's walk), those that are needed first; else
 * as they stand in the request. No deeper than there are operations. */
static int walk(struct bulk *b, struct operation *o, struct error *e)
{
	size_t begins = b->waiting_count;

	o->number = o->low = ++b->seen;
	o->waits = true;
	b->waiting[b->waiting_count++] = o;
	for (size_t i = 0; i < o->need_count; i++) {
		struct operation *other = &b->operations[o->needs[i]];

		if (other->number == 0 && walk(b, other, e) < 0)
			return -1;
		if (other->waits)
			o->low = least(o->low, other->low);
	}
	if (o->low != o->number)
		return 0;
	for (size_t i = begins; i < b->waiting_count; i++)
		b->waiting[i]->waits = false;
	if (!is_over(b) && do_together(b, &b->waiting[begins], b->waiting_count - begins, e) < 0)
		return -1;
	b->waiting_count = begins;
	return 0;
}

static int do_all(struct bulk *b, struct error *e)
{
	/* What was refused as it was read is answered where it stands, and nothing behind it if that was one
	 * too many. */
	for (size_t i = 0; i < b->count; i++)
		b->operations[i].finished = false;
	for (size_t i = 0; i < b->count && !is_over(b); i++) {
		struct operation *o = &b->operations[i];

		if (o->number == 0 && walk(b, o, e) < 0)
			return -1;
		o->finished = o->finished || o->refused;
	}
	return 0;
}

/* ---- answering ---- */

static void put_one(struct json_writer *w, const struct operation *o)
{
	json_begin_object(w, NULL);
	json_put_text(w, "method", o->way ? o->way->method : o->method);
	if (o->bulk_id)
		json_put_text(w, "bulkId", o->bulk_id);
	if (o->location)
		json_put_text(w, "location", o->location);
	if (o->etag)
		json_put_text(w, "version", o->etag);
	json_put_text(w, "status", o->status);
	if (o->response)
		json_put_raw(w, "response", o->response);
	json_end_object(w);
}

static void put_all(struct bulk *b)
{
	struct json_writer w;

	scim_reply_begin(b->x, 200, &w);
	json_begin_object(&w, NULL);
	json_begin_array(&w, "schemas");
	json_put_text(&w, NULL, URN_RESPONSE);
	json_end_array(&w);
	json_begin_array(&w, "Operations");
	for (size_t i = 0; i < b->count; i++)
		if (b->operations[i].finished)
			put_one(&w, &b->operations[i]);
	json_end_array(&w);
	json_end_object(&w);
}

int scim_bulk(struct exchange *x, struct error *e)
{
	struct bulk *b = arena_take(x->arena, sizeof(*b));
	struct json *body;

	b->x = x;
	if (x->request->body_size == 0)
		return error_set(e, ERROR_INPUT, "scim.invalidSyntax",
				 "a body is expected, and there is none");
	if (scim_check_media_type(x->request, e) < 0 ||
	    json_parse(x->arena, x->request->body, x->request->body_size, &body, e) < 0 ||
	    read_operations(b, body, e) < 0 || settle_ids(b, e) < 0)
		return -1;
	resolve_all(b);
	if (do_all(b, e) < 0)
		return -1;
	put_all(b);
	return 0;
}
