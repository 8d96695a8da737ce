/* JSON of any length, read as it arrives: the elements of one array are given one at a time.
 *
 * What a directory's API answers is an array of people, or an object with such an array beside a few other
 * members. An element is given as soon as it is whole, and forgotten when the next one begins, so memory does
 * not grow with the answer. Depth, the bytes of an element and the number of its values are limited. Strings
 * are not checked here: whoever takes one checks that it is UTF-8, so that one bad value is its record's
 * trouble and not everybody's.
 *
 * A reader that is fed something else than JSON (RFC 8259) says so and keeps saying so. */
#ifndef ROSTERD_BASE_JSON_STREAM_H
#define ROSTERD_BASE_JSON_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
	JSON_STREAM_DEPTH_MOST = 32,
	JSON_STREAM_ELEMENT_MOST =
		1 << 20, /* bytes of names and texts of one element; also of one token as it is written */
	JSON_STREAM_NODES_MOST = 1 << 15, /* values of one element */
	JSON_STREAM_REST_MOST = 1 << 16,  /* bytes of names and texts of what is not the array */
	JSON_STREAM_REST_NODES_MOST = 1 << 12,
};

enum json_node_type {
	JSON_NODE_NULL,
	JSON_NODE_BOOL,
	JSON_NODE_NUMBER,
	JSON_NODE_TEXT,
	JSON_NODE_ARRAY,
	JSON_NODE_OBJECT
};

/* A value. Behind an array or object stand its values, each with all of its own. */
struct json_node {
	enum json_node_type type;
	bool truth;
	uint32_t span;	  /* how many nodes this value is, itself included */
	size_t length;	  /* of text */
	const char *name; /* of a member of an object; NULL otherwise */
	const char
		*text; /* of a text (NUL behind it, and perhaps within) and of a number, as it was written */
};

struct json_stream;

/* One element of the array. It lives until the function returns. -1 with the error filled: stop. */
typedef int json_element_fn(void *context, const struct json_node *element, struct error *e);

/* A reader. array: the member of the outermost object whose elements are given (Graph: "value"); NULL: the
 * outermost value is the array itself, or there is none and all is `rest`. take may be NULL: elements are
 * counted and forgotten. */
struct json_stream *json_stream_open(const char *array, json_element_fn *take, void *context);

/* Wipes what was read, for tokens come in this way, and frees. Accepts a pointer to NULL; leaves NULL behind.
 */
void json_stream_close(struct json_stream **stream);

/* The next bytes. ERROR_REMOTE "json.stream", with the place but never with what stands there; or the error
 * of take. */
int json_stream_feed(struct json_stream *stream, const void *bytes, size_t size, struct error *e);

/* That was all: the value must be whole. *ret is the outermost value without the array's elements, and lives
 * as long as the reader; its type says what came. ERROR_REMOTE "json.stream": it ends in the middle, or is
 * nothing. */
int json_stream_end(struct json_stream *stream, const struct json_node **ret, struct error *e);

/* Elements given so far. */
uint64_t json_stream_elements(const struct json_stream *stream);

/* Looking at a value; NULL in, NULL out. Of members with the same name the first counts. */
const struct json_node *json_node_member(const struct json_node *object, const char *name);
const struct json_node *json_node_first(const struct json_node *parent);
const struct json_node *json_node_next(const struct json_node *parent, const struct json_node *child);

/* A text without NUL in it; NULL: it is something else, or not there. The same of a member. */
const char *json_node_text(const struct json_node *node);
const char *json_node_member_text(const struct json_node *object, const char *name);

/* A whole number. 0, or -1 and *ret untouched. */
int json_node_int(const struct json_node *node, int64_t *ret);

#endif
