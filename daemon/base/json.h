/* JSON bodies by tables, and JSON written in pieces. The only room that knows the JSON library.
 *
 * A table reads a whole object: name, type, where it goes, whether it is needed, how long it may be. Unknown names,
 * duplicates, wrong types and too long values are refused with the JSON path (RFC 6901 pointer) and what was expected. */
#ifndef ROSTERD_BASE_JSON_H
#define ROSTERD_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct arena;
struct buffer;
struct json_writer;

enum { JSON_DEPTH_MOST = 32 };

enum json_type {
	JSON_TYPE_TEXT,    /* const char *, UTF-8 without NUL; most is its length in bytes */
	JSON_TYPE_BOOL,    /* bool */
	JSON_TYPE_INT,     /* int64_t; least and most are its range */
	JSON_TYPE_TIME,    /* int64_t microseconds, from RFC 3339 text */
	JSON_TYPE_WORD,    /* const char *, one of words */
	JSON_TYPE_TEXTS,   /* const char *const *, ended by NULL; most is their number, each at most JSON_LIST_TEXT_MOST bytes */
	JSON_TYPE_VALUE,   /* struct json *: anything, looked at by the caller */
};
enum { JSON_LIST_TEXT_MOST = 1024 };

enum json_presence { JSON_OPTIONAL, JSON_NEEDED };

struct json_field {
	const char *name;
	enum json_type type;
	size_t offset;
	enum json_presence presence;
	int64_t least, most;
	const char *const *words; /* ended by NULL */
	ptrdiff_t given_offset;   /* offset of a bool that says "it was there", or -1; null counts as there with NULL/0 */
};

#define JSON_TEXT(s, m, need, longest) { #m, JSON_TYPE_TEXT, offsetof(s, m), need, 0, longest, NULL, -1 }
#define JSON_BOOL(s, m, need) { #m, JSON_TYPE_BOOL, offsetof(s, m), need, 0, 0, NULL, -1 }
#define JSON_INT(s, m, need, lo, hi) { #m, JSON_TYPE_INT, offsetof(s, m), need, lo, hi, NULL, -1 }
#define JSON_TIME(s, m, need) { #m, JSON_TYPE_TIME, offsetof(s, m), need, 0, 0, NULL, -1 }
#define JSON_WORD(s, m, need, list) { #m, JSON_TYPE_WORD, offsetof(s, m), need, 0, 0, list, -1 }
#define JSON_TEXTS(s, m, need, longest) { #m, JSON_TYPE_TEXTS, offsetof(s, m), need, 0, longest, NULL, -1 }
#define JSON_VALUE(s, m, need) { #m, JSON_TYPE_VALUE, offsetof(s, m), need, 0, 0, NULL, -1 }

struct json;

/* Parses one value (RFC 8259, UTF-8 only, duplicates refused, at most JSON_DEPTH_MOST deep). The value lives as long as
 * the arena. ERROR_INPUT "json.syntax" with line and column. */
int json_parse(struct arena *arena, const char *bytes, size_t length, struct json **ret, struct error *e);

/* Reads an object by a table (ends with {0}) into the struct at `into`, which the caller has zeroed or filled with
 * defaults. A null for an optional member without given_offset leaves the default. Texts stand in the arena; paths
 * begin at the top of what was parsed, also for an inner object. ERROR_INPUT "json.field" with the path; what stands
 * in `into` is then of no use. */
int json_read(struct arena *arena, const struct json *object, const struct json_field *fields, void *into,
              struct error *e);

/* json_parse, then json_read. */
int json_read_bytes(struct arena *arena, const char *bytes, size_t length, const struct json_field *fields,
                    void *into, struct error *e);

/* Looking at a value by hand. A getter of the wrong type gives NULL, 0 or false. */
bool json_is_object(const struct json *value);
bool json_is_array(const struct json *value);
bool json_is_text(const struct json *value);
bool json_is_number(const struct json *value);
bool json_is_bool(const struct json *value);
bool json_is_null(const struct json *value);
const char *json_text(const struct json *value);
int64_t json_int(const struct json *value);
bool json_bool(const struct json *value);
size_t json_count(const struct json *value); /* of an array or object */
const struct json *json_at(const struct json *array, size_t index);
const struct json *json_member(const struct json *object, const char *name);
/* Walks an object in the order it was written: *at starts at 0; 1 and name and value, 0 at the end. */
int json_next(const struct json *object, size_t *at, const char **ret_name, const struct json **ret_value);

/* Making and changing a tree. Everything stands in the arena that is passed, names and texts included, and must be the one that
 * the tree itself stands in; what is put into a tree is copied into it, so a value may be put into several. */
struct json *json_new_object(struct arena *arena);
struct json *json_new_array(struct arena *arena);
struct json *json_new_text(struct arena *arena, const char *text);
struct json *json_new_bool(struct arena *arena, bool truth);
struct json *json_duplicate(struct arena *arena, const struct json *value);
/* The member of this name becomes a copy of `from`; a new one stands last. It is returned, to be changed further. */
struct json *json_set(struct arena *arena, struct json *into, const char *name, const struct json *from);
struct json *json_append(struct arena *arena, struct json *into, const struct json *from);
/* Takes a member, or a value of an array, away; false: there is none. */
bool json_unset(struct json *object, const char *name);
bool json_take_out(struct json *array, size_t index);
/* A member or a value, to be changed; NULL: there is none. */
struct json *json_member_to_change(struct json *object, const char *name);
struct json *json_at_to_change(struct json *array, size_t index);
/* The same value; the order of an object's members does not count. */
bool json_same(const struct json *a, const struct json *b);
/* Writes a tree. */
void json_put(struct json_writer *w, const char *name, const struct json *value);
/* A tree as text, which stands in the arena; NULL: it has more than `most` bytes. */
const char *json_write(struct arena *arena, const struct json *value, size_t most);

/* Writing: commas and quotes are kept by the writer. name is NULL inside an array. Texts that are not UTF-8 are
 * written with U+FFFD in place of the bad bytes. NULL text writes null. */
struct json_writer {
	struct buffer *buffer;
	int depth;
	bool first[JSON_DEPTH_MOST + 1];
};
void json_writer_open(struct json_writer *w, struct buffer *buffer);
void json_begin_object(struct json_writer *w, const char *name);
void json_end_object(struct json_writer *w);
void json_begin_array(struct json_writer *w, const char *name);
void json_end_array(struct json_writer *w);
void json_put_text(struct json_writer *w, const char *name, const char *text);
void json_put_int(struct json_writer *w, const char *name, int64_t value);
void json_put_bool(struct json_writer *w, const char *name, bool value);
void json_put_null(struct json_writer *w, const char *name);
void json_put_time(struct json_writer *w, const char *name, int64_t us); /* RFC 3339; 0 writes null */
void json_put_raw(struct json_writer *w, const char *name, const char *json); /* already JSON; NULL writes null */
void json_put_members(struct json_writer *w,
		      const char *object); /* all of an object's that is JSON already, as PostgreSQL writes
					      it, into the one that was begun */

#endif
