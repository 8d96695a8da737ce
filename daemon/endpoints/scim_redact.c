#include "endpoints/scim_redact.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "base/json.h"
#include "base/text.h"
#include "endpoints/scim_filter.h"
#include "roster/scim_trace.h"

#define SECRET "(secret)"

/* Members whose values are words of the protocol. */
static const char *const plain_names[] = { "schemas",
					   "op",
					   "status",
					   "scimType",
					   "method",
					   "bulkId",
					   "version",
					   "created",
					   "type",
					   "resourceType",
					   "lastModified",
					   "sortBy",
					   "sortOrder",
					   "totalResults",
					   "count",
					   "primary",
					   "startIndex",
					   "itemsPerPage",
					   "attributes",
					   "failOnErrors",
					   "excludedAttributes",
					   NULL };

static bool is_one_of(const char *name, const char *const *names)
{
	while (*names && strcasecmp(name, *names) != 0)
		names++;
	return *names;
}

static bool is_password(const char *path)
{
	const char *last = strrchr(path, ':');

	return strcasecmp(last ? last + 1 : path, "password") == 0;
}

static bool is_ours(const char *text, size_t length)
{
	char copy[ID_TEXT_SIZE];
	struct id id;

	if (length != ID_TEXT_SIZE - 1)
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return id_parse(copy, &id) == 0;
}

static const char *hidden(struct arena *arena, size_t length)
{
	return arena_format(arena, "(%zu bytes)", length);
}

/* ---- filters and paths ---- */

static bool is_operator(const char *word, size_t length)
{
	static const char *const operators[] = { "eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le" };

	for (size_t i = 0; length == 2 && i < ARRAY_COUNT(operators); i++)
		if (strncasecmp(word, operators[i], 2) == 0)
			return true;
	return false;
}

/* Values by which one of several is chosen, and that name nobody. */
static bool is_plain_value(const char *text, size_t length)
{
	static const char *const plain[] = { "work",  "home", "other", "mobile", "fax",
					     "pager", "true", "false", "null",	 NULL };

	for (size_t i = 0; plain[i]; i++)
		if (strlen(plain[i]) == length && strncasecmp(text, plain[i], length) == 0)
			return true;
	return is_ours(text, length);
}

static void put_value(struct buffer *into, struct arena *arena, const char *text, size_t length)
{
	if (is_plain_value(text, length))
		buffer_add(into, text, length);
	else
		buffer_text(into, hidden(arena, length));
}

/* What stands in quotes, whether they close or not; its length with them. */
static size_t put_quoted(struct buffer *into, struct arena *arena, const char *at)
{
	size_t length = 1;

	while (at[length] && at[length] != '"')
		length += at[length] == '\\' && at[length + 1] ? 2 : 1;
	buffer_text(into, "\"");
	put_value(into, arena, at + 1, length - 1);
	buffer_text(into, "\"");
	return length + (at[length] == '"');
}

const char *scim_redact_filter(struct arena *arena, const char *text)
{
	bool value = false; /* comes next */
	struct buffer into;
	const char *ret;

	buffer_open(&into, SCIM_TRACE_BODY_MOST);
	while (*text) {
		size_t length = strcspn(text, " \t\"[]()");

		if (length == 0 && *text == '"') {
			text += put_quoted(&into, arena, text);
			value = false;
			continue;
		}
		if (length == 0) {
			buffer_add(&into, text++, 1);
			continue;
		}
		if (value)
			put_value(&into, arena, text, length);
		else
			buffer_add(&into, text, length);
		value = !value && is_operator(text, length);
		text += length;
	}
	ret = into.full ? "(too long)" : arena_text_n(arena, into.bytes ? into.bytes : "", into.length);
	buffer_close(&into);
	return ret;
}

/* ---- bodies ---- */

/* Small, so that it can be walked by recursion: base/json reads no deeper than its own limit. */
static const struct json *redact(struct arena *arena, const char *name, const struct json *value,
				 bool personal);

static const struct json *redact_array(struct arena *arena, const char *name, const struct json *value,
				       bool personal)
{
	struct json *list = json_new_array(arena);

	for (size_t i = 0; i < json_count(value); i++) {
		if (i == SCIM_REDACT_VALUES_MOST) {
			json_append(arena, list,
				    json_new_text(arena, arena_format(arena, "(and %zu more)",
								      json_count(value) - i)));
			break;
		}
		json_append(arena, list, redact(arena, name, json_at(value, i), personal));
	}
	return list;
}

static const char *text_of(const struct json *object, const char *wanted)
{
	const struct json *value;
	const char *name;

	for (size_t at = 0; json_next(object, &at, &name, &value) == 1;)
		if (strcasecmp(name, wanted) == 0)
			return json_text(value);
	return NULL;
}

static const struct json *redact_object(struct arena *arena, const struct json *value, bool personal)
{
	const char *path = text_of(value, "path"), *name;
	bool of_password = path && is_password(path);
	struct json *object = json_new_object(arena);
	const struct json *member;

	for (size_t at = 0; json_next(value, &at, &name, &member) == 1;) {
		const char *shown = personal ? name : scim_redact_filter(arena, name);

		if (is_password(name) || (of_password && strcasecmp(name, "value") == 0))
			json_set(arena, object, shown, json_new_text(arena, SECRET));
		else
			json_set(arena, object, shown, redact(arena, name, member, personal));
	}
	return object;
}

static const struct json *redact_text(struct arena *arena, const char *name, const char *text)
{
	if (strcasecmp(name, "path") == 0 || strcasecmp(name, "filter") == 0)
		return json_new_text(arena, scim_redact_filter(arena, text));
	if (strcasecmp(name, "detail") == 0)
		return json_new_text(arena, scim_redact_words(arena, text));
	return json_new_text(arena, hidden(arena, strlen(text)));
}

static const struct json *redact(struct arena *arena, const char *name, const struct json *value,
				 bool personal)
{
	if (json_is_array(value))
		return redact_array(arena, name, value, personal);
	if (json_is_object(value))
		return redact_object(arena, value, personal);
	if (personal || json_is_bool(value) || json_is_null(value) || is_one_of(name, plain_names))
		return value;
	if (json_is_text(value))
		return is_ours(json_text(value), strlen(json_text(value)))
			       ? value
			       : redact_text(arena, name, json_text(value));
	return json_new_text(arena, "(a number)");
}

const char *scim_redact_body(struct arena *arena, const char *body, size_t size, bool personal)
{
	const char *ret = NULL;
	struct json *value;
	struct error ignored;

	if (size == 0)
		return "";
	if (size <= SCIM_REDACT_READ_MOST && json_parse(arena, body, size, &value, &ignored) == 0)
		ret = json_write(arena, redact(arena, "", value, personal), SCIM_TRACE_BODY_MOST);
	else if (size <= SCIM_REDACT_READ_MOST)
		return arena_format(arena, "(%zu bytes that are no JSON)", size);
	return ret ? ret : arena_format(arena, "(%zu bytes)", size);
}

/* ---- targets ---- */

static const char *redact_segment(struct arena *arena, const char *segment, size_t length)
{
	static const char *const known[] = {
		"scim", "v2",	 "Users",   "Groups",	     ".search",
		"Me",	"Bulk",	 "Schemas", "ResourceTypes", "ServiceProviderConfig",
		"User", "Group", ""
	};

	for (size_t i = 0; i < ARRAY_COUNT(known); i++)
		if (strlen(known[i]) == length && strncmp(segment, known[i], length) == 0)
			return known[i];
	if (is_ours(segment, length) || strncasecmp(segment, "urn:", 4) == 0)
		return arena_text_n(arena, segment, length);
	return hidden(arena, length);
}

/* As it came, undone where it is encoded; what is encoded badly hides nothing, since nothing of it is a known
 * word. */
static const char *decoded(struct arena *arena, const char *text, size_t length)
{
	char *into = arena_text_n(arena, text, length), *at = into;
	unsigned char byte;

	for (size_t i = 0; i < length; i++) {
		if (text[i] == '%' && length - i > 2 && text_unhex(text + i + 1, 2, &byte, 1) == 1 &&
		    byte >= ' ') {
			*at++ = (char)byte;
			i += 2;
		} else {
			*at++ = text[i] == '+' ? ' ' : text[i];
		}
	}
	*at = '\0';
	return text_is_printable(into, strlen(into)) ? into : "(not printable)";
}

static const char *redact_pair(struct arena *arena, const char *pair, size_t length)
{
	static const char *const plain[] = { "startIndex", "count",	 "sortBy",
					     "sortOrder",  "attributes", "excludedAttributes",
					     NULL };
	const char *equals = memchr(pair, '=', length);
	const char *name = decoded(arena, pair, equals ? (size_t)(equals - pair) : length), *value;

	if (!equals)
		return scim_redact_filter(arena, name);
	value = decoded(arena, equals + 1, length - (size_t)(equals + 1 - pair));
	if (strcasecmp(name, "filter") == 0)
		return arena_format(arena, "%s=%s", name, scim_redact_filter(arena, value));
	return is_one_of(name, plain) ? arena_format(arena, "%s=%s", name, value)
				      : arena_format(arena, "%s=%s", scim_redact_filter(arena, name),
						     hidden(arena, strlen(value)));
}

static bool speaks_of_passwords(const char *text)
{
	static const char word[] = "password";

	while (*text && strncasecmp(text, word, sizeof(word) - 1) != 0)
		text++;
	return *text;
}

const char *scim_redact_target(struct arena *arena, const char *target, bool personal)
{
	size_t path = strcspn(target, "?");
	struct buffer into;
	const char *ret;

	if (personal && !speaks_of_passwords(target))
		return arena_text_n(arena, target, text_cut(target, strlen(target), SCIM_TRACE_BODY_MOST));
	buffer_open(&into, SCIM_TRACE_BODY_MOST);
	for (size_t at = 0; at < path;) {
		size_t length = strcspn(target + at + 1, "/?");

		buffer_text(&into, "/");
		buffer_text(&into, redact_segment(arena, target + at + 1, length));
		at += 1 + length;
	}
	for (const char *at = target + path; *at;) {
		size_t length = strcspn(at + 1, "&");

		buffer_add(&into, at, 1);
		buffer_text(&into, redact_pair(arena, at + 1, length));
		at += 1 + length;
	}
	ret = into.full ? "(too long)" : arena_text_n(arena, into.bytes ? into.bytes : "", into.length);
	buffer_close(&into);
	return ret;
}

/* ---- our own words ---- */

static bool is_name_of_ours(struct arena *arena, const char *text)
{
	unsigned deviations = 0;
	struct scim_path path;
	struct error ignored;

	if (text[0] == '\0' || strncasecmp(text, "urn:", 4) == 0)
		return true;
	if (strcasecmp(text, "value") == 0 || strcasecmp(text, "path") == 0 || strcasecmp(text, "count") == 0)
		return true;
	return !strpbrk(text, "[ @") &&
	       (scim_path_read(arena, SCIM_USER, text, &path, &deviations, &ignored) == 0 ||
		scim_path_read(arena, SCIM_GROUP, text, &path, &deviations, &ignored) == 0);
}

/* From the first quote whose text is not known to the last one: what stands in quotes may have quotes in it.
 */
const char *scim_redact_words(struct arena *arena, const char *text)
{
	const char *last = strrchr(text, '"'), *at = text;

	while ((at = strchr(at, '"'))) {
		const char *end = strchr(at + 1, '"');

		if (!end || !is_name_of_ours(arena, arena_text_n(arena, at + 1, (size_t)(end - at - 1))))
			return arena_format(arena, "%.*s\"...\"%s", (int)(at - text), text,
					    last > at ? last + 1 : "");
		at = end + 1;
	}
	return text;
}
