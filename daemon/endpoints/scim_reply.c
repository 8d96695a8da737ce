#include "endpoints/scim_reply.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "endpoints/scim_resource.h"

/* ---- what is to be seen ---- */

int scim_selection_read(struct exchange *x, enum scim_kind kind, const char *attributes, const char *excluded,
			struct scim_selection *ret, struct error *e)
{
	char *rest = arena_text(x->arena, attributes ? attributes : excluded ? excluded : ""), *word;
	unsigned deviations = 0;
	struct error ignored;

	*ret = (struct scim_selection){ .only = attributes && *attributes };
	if (attributes && *attributes && excluded && *excluded)
		return error_set(e, ERROR_INPUT, "scim.invalidValue",
				 "\"attributes\" and \"excludedAttributes\" cannot be given together");
	ret->paths = arena_array(x->arena, SCIM_SELECTED_MOST, sizeof(*ret->paths));
	while ((word = strtok_r(rest, ", ", &rest))) {
		if (ret->count == SCIM_SELECTED_MOST)
			return error_set(e, ERROR_INPUT, "scim.invalidValue", "more than %d attributes are named",
					 SCIM_SELECTED_MOST);
		if (scim_path_read(x->arena, kind, word, &ret->paths[ret->count], &deviations, &ignored) == 0)
			ret->count++;
	}
	return 0;
}

static const char *inner_name(enum scim_kind kind)
{
	return kind == SCIM_USER ? "groups" : "members";
}

bool scim_selection_inner(const struct scim_selection *selection, enum scim_kind kind)
{
	for (size_t i = 0; i < selection->count; i++) {
		const struct scim_path *path = &selection->paths[i];

		if (!path->urn && path->name && !path->part && strcmp(path->name, inner_name(kind)) == 0)
			return selection->only;
		if (!path->urn && path->name && path->part && selection->only && strcmp(path->name, inner_name(kind)) == 0)
			return true;
	}
	return !selection->only;
}

static bool is_always_shown(const char *name)
{
	return strcmp(name, "schemas") == 0 || strcmp(name, "id") == 0;
}

/* A copy of one value with one part of it. */
static const struct json *part_only(struct arena *arena, const struct json *value, const char *part)
{
	struct json *copy = json_new_object(arena);

	if (json_member(value, part))
		json_set(arena, copy, part, json_member(value, part));
	return copy;
}

static const struct json *with_part(struct arena *arena, const struct json *value, const char *part)
{
	struct json *list;

	if (!json_is_array(value))
		return part_only(arena, value, part);
	list = json_new_array(arena);
	for (size_t i = 0; i < json_count(value); i++)
		json_append(arena, list, part_only(arena, json_at(value, i), part));
	return list;
}

static void choose(struct arena *arena, const struct json *from, struct json *into, const struct scim_path *path)
{
	const struct json *value;

	if (path->urn) {
		from = json_member(from, path->urn);
		if (!from)
			return;
		into = json_member(into, path->urn) ? json_member_to_change(into, path->urn)
						    : json_set(arena, into, path->urn, json_new_object(arena));
		for (size_t at = 0; !path->name;) {
			const char *name;

			if (json_next(from, &at, &name, &value) == 0)
				return;
			json_set(arena, into, name, value);
		}
	}
	value = json_member(from, path->name);
	if (!value)
		return;
	if (!path->part) {
		json_set(arena, into, path->name, value);
	} else if (json_is_object(json_member(into, path->name)) && json_member(value, path->part)) {
		json_set(arena, json_member_to_change(into, path->name), path->part, json_member(value, path->part));
	} else {
		json_set(arena, into, path->name, with_part(arena, value, path->part));
	}
}

static void leave_out(struct json *from, const struct scim_path *path)
{
	struct json *value;

	if (path->urn && !path->name) {
		json_unset(from, path->urn);
		return;
	}
	if (path->urn)
		from = json_member_to_change(from, path->urn);
	if (!from || (!path->urn && is_always_shown(path->name)))
		return;
	if (!path->part) {
		json_unset(from, path->name);
		return;
	}
	value = json_member_to_change(from, path->name);
	if (json_is_object(value))
		json_unset(value, path->part);
	for (size_t i = 0; json_is_array(value) && i < json_count(value); i++)
		json_unset(json_at_to_change(value, i), path->part);
}

static const struct json *select_parts(struct arena *arena, struct json *resource, const struct scim_selection *selection)
{
	struct json *chosen = json_new_object(arena);

	if (!selection->only) {
		for (size_t i = 0; i < selection->count; i++)
			leave_out(resource, &selection->paths[i]);
		return resource;
	}
	json_set(arena, chosen, "schemas", json_member(resource, "schemas"));
	json_set(arena, chosen, "id", json_member(resource, "id"));
	for (size_t i = 0; i < selection->count; i++)
		choose(arena, resource, chosen, &selection->paths[i]);
	return chosen;
}

/* ---- resources ---- */

const char *scim_version(struct arena *arena, int64_t version)
{
	return arena_format(arena, "W/\"%lld\"", (long long)version);
}

static const char *location(struct exchange *x, enum scim_kind kind, const struct id *id)
{
	char text[ID_TEXT_SIZE];

	return arena_format(x->arena, "%s/scim/v2/%s/%s/%s", x->options->public_url ? x->options->public_url : "",
			    request_segment(x->request, "connection"), kind == SCIM_USER ? "Users" : "Groups", id_text(id, text));
}

static void put_meta(struct exchange *x, struct json_writer *w, enum scim_kind kind,
		     const struct scim_record *record)
{
	json_begin_object(w, "meta");
	json_put_text(w, "resourceType", kind == SCIM_USER ? "User" : "Group");
	json_put_time(w, "created", record->created_at);
	json_put_time(w, "lastModified", record->modified_at);
	json_put_text(w, "location", location(x, kind, &record->id));
	json_put_text(w, "version", scim_version(x->arena, record->version));
	json_end_object(w);
}

/* JSON of our own. */
static struct json *parse_own(struct arena *arena, const char *text, size_t length)
{
	struct json *value;
	struct error e;

	return json_parse(arena, text, length, &value, &e) == 0 ? value : json_new_object(arena);
}

/* What is kept as it is, and what only the server says beside it: a document has none of these
 * (scim_is_kept). */
static void put_whole(struct exchange *x, struct json_writer *w, enum scim_kind kind,
		      const struct scim_record *record)
{
	char id[ID_TEXT_SIZE];

	json_begin_object(w, NULL);
	json_put_raw(w, "schemas", record->schemas);
	json_put_text(w, "id", id_text(&record->id, id));
	json_put_members(w, record->document);
	if (record->inner)
		json_put_raw(w, inner_name(kind), record->inner);
	put_meta(x, w, kind, record);
	json_end_object(w);
}

void scim_put_resource(struct exchange *x, struct json_writer *w, enum scim_kind kind, const struct scim_record *record,
		       const struct scim_selection *selection)
{
	struct json_writer whole;
	struct buffer text;

	if (!selection->only && selection->count == 0) {
		put_whole(x, w, kind, record);
		return;
	}
	buffer_open(&text, REPLY_BODY_MOST);
	json_writer_open(&whole, &text);
	put_whole(x, &whole, kind, record);
	if (text.full)
		w->buffer->full = true; /* for the reply is too large, too, and says so */
	else
		json_put(w, NULL,
			 select_parts(x->arena, parse_own(x->arena, text.bytes, text.length), selection));
	buffer_close(&text);
}

void scim_reply_begin(struct exchange *x, int status, struct json_writer *ret)
{
	x->reply->status = status;
	reply_header(x->reply, "Content-Type", SCIM_MEDIA_TYPE);
	json_writer_open(ret, &x->reply->body);
}

void scim_reply_resource(struct exchange *x, int status, enum scim_kind kind, const struct scim_record *record,
			 const struct scim_selection *selection)
{
	struct json_writer w;

	scim_reply_begin(x, status, &w);
	scim_put_resource(x, &w, kind, record, selection);
	reply_header(x->reply, "ETag", "%s", scim_version(x->arena, record->version));
	if (status == 201)
		reply_header(x->reply, "Location", "%s", location(x, kind, &record->id));
}

/* ---- errors ---- */

/* RFC 7644, table 9: the codes of rooms that begin so are SCIM's own words. */
static const char *scim_type(const struct error *e)
{
	static const char *const words[] = { "invalidFilter", "tooMany",   "uniqueness",  "mutability", "invalidSyntax",
					     "invalidPath",   "noTarget", "invalidValue", "invalidVers", "sensitive",
					     "invalidCursor", "expiredCursor", "invalidCount", NULL };
	static const char prefix[] = "scim.";

	if (text_begins(e->code, "json."))
		return "invalidSyntax";
	if (text_equal(e->code, "scim.filter_limit"))
		return "tooMany";
	for (size_t i = 0; text_begins(e->code, prefix) && words[i]; i++)
		if (text_equal(e->code + sizeof(prefix) - 1, words[i]))
			return words[i];
	return NULL;
}

void scim_reply_error(struct reply *reply, const struct error *e)
{
	const char *type = scim_type(e);
	struct json_writer w;
	char status[8];
	int code = reply_status(e);

	/* A filter that is too large is the asker's mistake, not a body that is. */
	if (text_equal(e->code, "scim.filter_limit"))
		code = 400;
	reply_error(reply, e, NULL); /* the status, Retry-After, and nothing of what stood there */
	buffer_reset(&reply->body);
	reply->status = code;
	reply_header(reply, "Content-Type", SCIM_MEDIA_TYPE);
	snprintf(status, sizeof(status), "%d", code);
	json_writer_open(&w, &reply->body);
	json_begin_object(&w, NULL);
	json_begin_array(&w, "schemas");
	json_put_text(&w, NULL, SCIM_URN_ERROR);
	json_end_array(&w);
	json_put_text(&w, "status", status);
	if (type)
		json_put_text(&w, "scimType", type);
	json_put_text(&w, "detail", e->text[0] ? e->text : "the request could not be answered");
	json_end_object(&w);
}
