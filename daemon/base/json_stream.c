/* Events of yajl become records of fixed size. */
#include "base/json_stream.h"

#include <stdlib.h>
#include <string.h>

#include <yajl/yajl_parse.h>

#include "base/arena.h"
#include "base/text.h"

/* yajl keeps a token that is cut by the end of what it is fed, so it is fed little at a time and a token that
 * does not end is noticed. */
enum { FEED_MOST = 16384 };

/* A value with all that it contains, in the order in which it was written. Reserved in full, so that nothing
 * ever moves; pages that are never touched cost nothing. */
struct tape {
	struct json_node *nodes;
	size_t count, nodes_most;
	char *bytes;
	size_t length, most;
};

struct json_stream {
	yajl_handle yajl;
	const char *array;
	json_element_fn *take;
	void *context;

	struct tape rest, element;
	struct tape *tape;		     /* the one that is written to */
	size_t open[JSON_STREAM_DEPTH_MOST]; /* nodes that are open, in their tape */
	int depth, array_depth; /* array_depth: how many are open within the array; 0: it is not open */
	const char *name;	/* of the value that comes next */
	bool array_seen, failed, ended;
	uint64_t elements, position, token_begins;
	struct error error;
};

static void *reserve(size_t size)
{
	void *bytes = malloc(size);

	if (!bytes)
		memory_exhausted("a stream of JSON", size);
	return bytes;
}

static void tape_open(struct tape *tape, size_t nodes_most, size_t most)
{
	*tape = (struct tape){ .nodes = reserve(nodes_most * sizeof(*tape->nodes)),
			       .nodes_most = nodes_most,
			       .bytes = reserve(most),
			       .most = most };
}

static void tape_close(struct tape *tape)
{
	explicit_bzero(tape->bytes, tape->length);
	free(tape->bytes);
	free(tape->nodes);
}

/* ---- failing ---- */

/* Returns 0, which tells yajl to stop. */
static int stop(struct json_stream *s, const char *why)
{
	error_set(&s->error, ERROR_REMOTE, "json.stream", "the JSON is not acceptable at byte %llu: %s",
		  (unsigned long long)s->position, why);
	s->failed = true;
	return 0;
}

/* ---- building ---- */

static const char *keep(struct json_stream *s, const void *bytes, size_t length)
{
	struct tape *tape = s->tape;
	char *kept = tape->bytes + tape->length;

	if (length >= tape->most - tape->length)
		return NULL;
	memcpy(kept, bytes, length);
	kept[length] = '\0';
	tape->length += length + 1;
	return kept;
}

static struct json_node *add(struct json_stream *s, enum json_node_type type)
{
	struct tape *tape = s->tape;
	struct json_node *node = &tape->nodes[tape->count];

	if (tape->count == tape->nodes_most)
		return NULL;
	*node = (struct json_node){ .type = type, .span = 1, .name = s->name };
	s->name = NULL;
	tape->count++;
	return node;
}

/* Whether the value that comes next is an element of the array. */
static bool begins_element(const struct json_stream *s)
{
	return s->array_depth > 0 && s->depth == s->array_depth;
}

static void before(struct json_stream *s)
{
	if (!begins_element(s))
		return;
	s->tape = &s->element;
	s->element.count = s->element.length = 0;
	s->name = NULL;
}

static int after(struct json_stream *s)
{
	if (!begins_element(s))
		return 1;
	s->tape = &s->rest;
	s->elements++;
	if (!s->take || s->take(s->context, s->element.nodes, &s->error) == 0)
		return 1;
	s->failed = true;
	return 0;
}

static void token(struct json_stream *s)
{
	s->token_begins = s->position;
}

static int value(struct json_stream *s, enum json_node_type type, const void *bytes, size_t length,
		 bool truth)
{
	struct json_node *node;

	token(s);
	before(s);
	node = add(s, type);
	if (!node)
		return stop(s, "there are too many values in one record");
	node->truth = truth;
	node->length = length;
	if (bytes && !(node->text = keep(s, bytes, length)))
		return stop(s, "a record is too long");
	return after(s);
}

/* The array whose elements are given: the outermost value, or a member of it. */
static bool is_the_array(const struct json_stream *s, enum json_node_type type)
{
	if (type != JSON_NODE_ARRAY || s->array_depth > 0)
		return false;
	if (!s->array)
		return s->depth == 0;
	return s->depth == 1 && s->rest.nodes[0].type == JSON_NODE_OBJECT && text_equal(s->name, s->array);
}

static int begin(struct json_stream *s, enum json_node_type type)
{
	bool is_array = is_the_array(s, type);

	token(s);
	if (s->depth == JSON_STREAM_DEPTH_MOST)
		return stop(s, "it is nested too deep");
	if (is_array && s->array_seen)
		return stop(s, "the array of records stands there twice");
	before(s);
	s->open[s->depth] = s->tape->count;
	if (!add(s, type))
		return stop(s, "there are too many values in one record");
	s->depth++;
	if (is_array) {
		s->array_depth = s->depth;
		s->array_seen = true;
	}
	return 1;
}

static int end(struct json_stream *s)
{
	struct json_node *node;

	token(s);
	if (s->array_depth == s->depth)
		s->array_depth = 0;
	s->depth--;
	node = &s->tape->nodes[s->open[s->depth]];
	node->span = (uint32_t)(&s->tape->nodes[s->tape->count] - node);
	return after(s);
}

/* ---- what yajl tells ---- */

static int on_null(void *context)
{
	return value(context, JSON_NODE_NULL, NULL, 0, false);
}

static int on_boolean(void *context, int truth)
{
	return value(context, JSON_NODE_BOOL, NULL, 0, truth != 0);
}

static int on_number(void *context, const char *bytes, size_t length)
{
	return value(context, JSON_NODE_NUMBER, bytes, length, false);
}

static int on_text(void *context, const unsigned char *bytes, size_t length)
{
	return value(context, JSON_NODE_TEXT, bytes, length, false);
}

static int on_begin_object(void *context)
{
	return begin(context, JSON_NODE_OBJECT);
}

static int on_begin_array(void *context)
{
	return begin(context, JSON_NODE_ARRAY);
}

static int on_end(void *context)
{
	return end(context);
}

static int on_name(void *context, const unsigned char *bytes, size_t length)
{
	struct json_stream *s = context;

	token(s);
	s->name = keep(s, bytes, length);
	return s->name ? 1 : stop(s, "a record is too long");
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_text,
	.yajl_start_map = on_begin_object,
	.yajl_map_key = on_name,
	.yajl_end_map = on_end,
	.yajl_start_array = on_begin_array,
	.yajl_end_array = on_end,
};

/* ---- feeding ---- */

struct json_stream *json_stream_open(const char *array, json_element_fn *take, void *context)
{
	struct json_stream *s = reserve(sizeof(*s));

	*s = (struct json_stream){ .array = array, .take = take, .context = context };
	tape_open(&s->rest, JSON_STREAM_REST_NODES_MOST, JSON_STREAM_REST_MOST);
	tape_open(&s->element, JSON_STREAM_NODES_MOST, JSON_STREAM_ELEMENT_MOST);
	s->tape = &s->rest;
	s->yajl = yajl_alloc(&callbacks, NULL, s);
	if (!s->yajl)
		memory_exhausted("a stream of JSON", 0);
	yajl_config(s->yajl, yajl_dont_validate_strings, 1);
	return s;
}

void json_stream_close(struct json_stream **stream)
{
	struct json_stream *s = *stream;

	*stream = NULL;
	if (!s)
		return;
	yajl_free(s->yajl);
	tape_close(&s->rest);
	tape_close(&s->element);
	free(s);
}

/* yajl's own words say what is wrong, without the text around it. */
static void complain(struct json_stream *s, size_t consumed)
{
	unsigned char *why = yajl_get_error(s->yajl, 0, NULL, 0);
	size_t length = why ? strlen((const char *)why) : 0;

	while (length > 0 && why[length - 1] == '\n')
		why[--length] = '\0';
	s->position += consumed;
	stop(s, why ? (const char *)why : "it is not JSON");
	if (why)
		yajl_free_error(s->yajl, why);
}

static int fail(const struct json_stream *s, struct error *e)
{
	if (e)
		*e = s->error;
	return -1;
}

static int feed_little(struct json_stream *s, const unsigned char *bytes, size_t size)
{
	yajl_status status = yajl_parse(s->yajl, bytes, size);

	if (status != yajl_status_ok && !s->failed)
		complain(s, yajl_get_bytes_consumed(s->yajl));
	s->position += size;
	if (!s->failed && s->position - s->token_begins > JSON_STREAM_ELEMENT_MOST + FEED_MOST)
		stop(s, "a value is too long");
	return s->failed ? -1 : 0;
}

int json_stream_feed(struct json_stream *s, const void *bytes, size_t size, struct error *e)
{
	const unsigned char *at = bytes;

	while (size > 0 && !s->failed) {
		size_t now = size < FEED_MOST ? size : FEED_MOST;

		if (feed_little(s, at, now) < 0)
			break;
		at += now;
		size -= now;
	}
	return s->failed ? fail(s, e) : 0;
}

int json_stream_end(struct json_stream *s, const struct json_node **ret, struct error *e)
{
	if (!s->failed && !s->ended && yajl_complete_parse(s->yajl) != yajl_status_ok && !s->failed)
		complain(s, 0);
	if (!s->failed && (s->rest.count == 0 || s->depth > 0))
		stop(s, "it ends before it is whole");
	s->ended = true;
	if (s->failed)
		return fail(s, e);
	*ret = s->rest.nodes;
	return 0;
}

uint64_t json_stream_elements(const struct json_stream *s)
{
	return s->elements;
}

/* ---- looking ---- */

const struct json_node *json_node_first(const struct json_node *parent)
{
	return parent && parent->span > 1 ? parent + 1 : NULL;
}

const struct json_node *json_node_next(const struct json_node *parent, const struct json_node *child)
{
	const struct json_node *next = child + child->span;

	return next < parent + parent->span ? next : NULL;
}

const struct json_node *json_node_member(const struct json_node *object, const char *name)
{
	const struct json_node *child =
		object && object->type == JSON_NODE_OBJECT ? json_node_first(object) : NULL;

	while (child && strcmp(child->name, name) != 0)
		child = json_node_next(object, child);
	return child;
}

const char *json_node_text(const struct json_node *node)
{
	if (!node || node->type != JSON_NODE_TEXT || strlen(node->text) != node->length)
		return NULL;
	return node->text;
}

const char *json_node_member_text(const struct json_node *object, const char *name)
{
	return json_node_text(json_node_member(object, name));
}

int json_node_int(const struct json_node *node, int64_t *ret)
{
	return node && node->type == JSON_NODE_NUMBER ? text_to_int64(node->text, ret) : -1;
}
