/* A parsed value as the files of the room json share it. Nobody else looks inside. */
#ifndef ROSTERD_BASE_JSON_TREE_H
#define ROSTERD_BASE_JSON_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum json_kind {
	JSON_KIND_NULL,
	JSON_KIND_BOOL,
	JSON_KIND_WHOLE,    /* a number that is an int64_t */
	JSON_KIND_FRACTION, /* any other number */
	JSON_KIND_TEXT,
	JSON_KIND_ARRAY,
	JSON_KIND_OBJECT,
};

struct json {
	enum json_kind kind;
	const struct json *parent; /* NULL at the top */
	const char *name;	   /* as a member of an object, else NULL */
	union {
		bool truth;
		int64_t whole;
		double fraction;
		const char *text;
		struct json *children; /* of an array or object, in the order written */
	};
	size_t count; /* of children, or bytes of the text */
};

#endif
