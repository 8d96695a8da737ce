#include "endpoints/scim.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "endpoints/scim_condition.h"
#include "endpoints/scim_cursor.h"
#include "endpoints/scim_patch.h"
#include "endpoints/scim_reply.h"
#include "endpoints/scim_resource.h"
#include "roster/scim.h"

/* ---- who, and what ---- */

struct scim_source scim_source_of(const struct exchange *x)
{
	return (struct scim_source){ x->principal.organisation, x->principal.connection };
}

enum scim_table scim_table_of(enum scim_kind kind)
{
	return kind == SCIM_USER ? SCIM_TABLE_USERS : SCIM_TABLE_GROUPS;
}

static int unknown(struct exchange *x, enum scim_kind kind, const char *id, struct error *e)
{
	(void)x;
	return error_set(e, ERROR_NOT_FOUND, "scim.unknown", "there is no %s \"%.60s\" here", kind == SCIM_USER ? "user" : "group",
			 id);
}

static int find(struct exchange *x, enum scim_kind kind, bool locked, bool inner, struct scim_record *ret, struct error *e)
{
	const char *named = request_segment(x->request, "resource");
	struct scim_source source = scim_source_of(x);
	struct id id;
	int found;

	if (x->prepared)
		found = scim_find_receive(x->tx, x->arena, ret, e);
	else if (id_parse(named, &id) < 0)
		found = 0;
	else
		found = locked ? scim_lock(x->tx, x->arena, &source, scim_table_of(kind), &id, ret, e)
			       : scim_find(x->tx, x->arena, &source, scim_table_of(kind), &id, inner, ret, e);
	return found == 0 ? unknown(x, kind, named, e) : found == 1 ? 0 : -1;
}

/* Whether a list of entity tags (RFC 9110, 13.1.1) names this version; weak ones count, since that is how SCIM writes its own (RFC
 * 7644, 3.14). A list that is none names nothing. */
static bool names_version(const char *tags, int64_t version, struct arena *arena)
{
	const char *tag = arena_format(arena, "\"%lld\"", (long long)version), *at = tags;
	bool found = strcmp(tags, "*") == 0;

	while (!found) {
		size_t length;

		at += strspn(at, " \t,");
		at += strncmp(at, "W/", 2) == 0 ? 2 : 0;
		length = *at == '"' ? strcspn(at + 1, "\"") : 0;
		if (*at != '"' || at[length + 1] != '"')
			return false;
		found = strlen(tag) == length + 2 && strncmp(at, tag, length + 2) == 0;
		at += length + 2;
	}
	return true;
}

static int check_version(struct exchange *x, const struct scim_record *record, struct error *e)
{
	const char *wanted = request_header(x->request, "If-Match"), *unwanted = request_header(x->request, "If-None-Match");

	if ((wanted && !names_version(wanted, record->version, x->arena)) ||
	    (unwanted && names_version(unwanted, record->version, x->arena)))
		return error_set(e, ERROR_PRECONDITION, "scim.invalidVers",
				 "it was changed meanwhile and is at version %lld; read it again", (long long)record->version);
	return 0;
}

static int read_selection(struct exchange *x, enum scim_kind kind, struct scim_selection *ret, struct error *e)
{
	return scim_selection_read(x, kind, request_query(x->request, "attributes"),
				   request_query(x->request, "excludedAttributes"), ret, e);
}

static bool is_media_type(const char *given, const char *type)
{
	size_t length = strlen(type);

	return strncasecmp(given, type, length) == 0 && strchr("; \t", given[length]);
}

int scim_check_media_type(const struct request *request, struct error *e)
{
	const char *given = request_header(request, "Content-Type");

	if (!given || is_media_type(given, "application/scim+json") ||
	    is_media_type(given, "application/json"))
		return 0;
	return error_set(
		e, ERROR_INPUT, "http.media_type",
		"the body is \"%.80s\"; \"application/scim+json\" or \"application/json\" is expected",
		given);
}

int scim_read_body(struct exchange *x, struct json **ret, struct error *e)
{
	if (x->request->body_size == 0)
		return error_set(e, ERROR_INPUT, "scim.invalidSyntax", "a body is expected, and there is none");
	if (scim_check_media_type(x->request, e) < 0)
		return -1;
	return json_parse(x->arena, x->request->body, x->request->body_size, ret, e);
}

static bool names_schema(const struct json *schemas, const char *urn)
{
	for (size_t i = 0; i < json_count(schemas); i++) {
		const char *text = json_text(json_at(schemas, i));

		if (text && strcasecmp(text, urn) == 0)
			return true;
	}
	return false;
}

/* Schemas follow from what there is, so that nobody has to name them; but a user is no group, whatever it is
 * called. */
static int read_resource(struct exchange *x, enum scim_kind kind, struct json **ret, struct error *e)
{
	const char *own = scim_schemas(kind)[0]->urn,
		   *other = scim_schemas(kind == SCIM_USER ? SCIM_GROUP : SCIM_USER)[0]->urn;
	const struct json *schemas;

	if (scim_read_body(x, ret, e) < 0)
		return -1;
	schemas = json_member(*ret, "schemas");
	if (!json_is_array(schemas) || !names_schema(schemas, other) || names_schema(schemas, own))
		return 0;
	return error_set(e, ERROR_INPUT, "scim.invalidValue",
			 "\"schemas\" is of another kind of resource; \"%s\" is expected here", own);
}

/* ---- from a document to a row ---- */

/* The core schema, and those of the extensions that there are. */
static const char *schemas_of(struct exchange *x, enum scim_kind kind, const struct json *document)
{
	struct json *list = json_new_array(x->arena);
	const struct json *value;
	const char *name;

	json_append(x->arena, list, json_new_text(x->arena, scim_schemas(kind)[0]->urn));
	for (size_t at = 0; json_next(document, &at, &name, &value) == 1;)
		if (strncasecmp(name, "urn:", 4) == 0)
			json_append(x->arena, list, json_new_text(x->arena, name));
	return json_write(x->arena, list, SCIM_DOCUMENT_MOST);
}

static int check_key(const struct json *document, const char *name, struct error *e)
{
	const char *text = json_text(json_member(document, name));

	if (!text || strlen(text) <= SCIM_KEY_MOST)
		return 0;
	return error_set(e, ERROR_INPUT, "scim.invalidValue", "\"%s\" is longer than %d bytes", name, SCIM_KEY_MOST);
}

/* Fills what is kept of a document. It must say what it is called. */
static int fill_record(struct exchange *x, enum scim_kind kind, const struct json *document, struct scim_record *record,
		       struct error *e)
{
	const char *named = kind == SCIM_USER ? "userName" : "displayName";
	const char *name = json_text(json_member(document, named));
	const struct json *active = json_member(document, "active");

	if (!name || !*name)
		return error_set(e, ERROR_INPUT, "scim.invalidValue", "\"%s\" is needed", named);
	if (check_key(document, named, e) < 0 || check_key(document, "externalId", e) < 0)
		return -1;
	record->key = scim_key(x->arena, name);
	record->external_id = json_text(json_member(document, "externalId"));
	record->active = !active || json_bool(active);
	record->schemas = schemas_of(x, kind, document);
	return scim_document_write(x->arena, document, &record->document, e);
}

/* ---- members ---- */

/* Ids as they came; what is no id of ours names nobody. */
static int read_ids(struct exchange *x, const char *const *texts, size_t count, struct id **ret, struct error *e)
{
	struct id *ids = arena_array(x->arena, count + 1, sizeof(*ids));

	for (size_t i = 0; i < count; i++)
		if (id_parse(texts[i], &ids[i]) < 0)
			return error_set(e, ERROR_INPUT, "scim.invalidValue",
					 "\"%.60s\" is no member's id; it is the \"id\" that a user or group was given here", texts[i]);
	*ret = ids;
	return 0;
}

static int edit_members(struct exchange *x, const struct id *group, enum scim_edit_kind kind, const char *const *texts,
			size_t count, int64_t *changed, struct error *e)
{
	struct scim_source source = scim_source_of(x);
	struct id *ids = NULL;
	int64_t now = 0;

	if (read_ids(x, texts, count, &ids, e) < 0 || scim_members_edit(x->tx, &source, group, kind, ids, count, &x->pushed, &now, e) < 0)
		return -1;
	*changed += now;
	return 0;
}

/* The members that a body of POST or PUT names, if it does. */
static int take_members(struct exchange *x, const struct json *body, const struct id *group, enum scim_edit_kind kind,
			unsigned *deviations, struct error *e)
{
	const struct json *value, *members = NULL;
	const char *name, *const *texts;
	int64_t changed = 0;
	size_t count;

	for (size_t at = 0; json_next(body, &at, &name, &value) == 1;)
		if (strcasecmp(name, "members") == 0)
			members = value;
	if (!members)
		return 0;
	if (scim_members_take(x->arena, members, &texts, &count, deviations, e) < 0)
		return -1;
	return edit_members(x, group, kind, texts, count, &changed, e);
}

/* ---- one resource ---- */

static int show(struct exchange *x, enum scim_kind kind, struct error *e)
{
	const char *have = request_header(x->request, "If-None-Match");
	struct scim_selection selection;
	struct scim_record record;

	if (read_selection(x, kind, &selection, e) < 0 ||
	    find(x, kind, false, scim_selection_inner(&selection, kind), &record, e) < 0)
		return -1;
	if (have && names_version(have, record.version, x->arena)) {
		x->reply->status = 304;
		reply_header(x->reply, "ETag", "%s", scim_version(x->arena, record.version));
		return 0;
	}
	scim_reply_resource(x, 200, kind, &record, &selection);
	return 0;
}

/* What was written is read back as it is now, members and all, as far as it is to be seen. */
static int reply_again(struct exchange *x, int status, enum scim_kind kind, const struct id *id,
		       const struct scim_selection *selection, struct error *e)
{
	struct scim_source source = scim_source_of(x);
	struct scim_record record;
	char text[ID_TEXT_SIZE];
	int found = scim_find(x->tx, x->arena, &source, scim_table_of(kind), id, scim_selection_inner(selection, kind), &record, e);

	if (found <= 0)
		return found == 0 ? unknown(x, kind, id_text(id, text), e) : -1;
	scim_reply_resource(x, status, kind, &record, selection);
	return 0;
}

/* A user was read back with what it is in as it was written; a group's members may be many, and changed after it. */
static int reply_kept(struct exchange *x, int status, enum scim_kind kind, struct scim_record *record,
		      const struct scim_selection *selection, struct error *e)
{
	if (kind == SCIM_GROUP)
		return reply_again(x, status, kind, &record->id, selection, e);
	if (!scim_selection_inner(selection, kind))
		record->inner = NULL;
	scim_reply_resource(x, status, kind, record, selection);
	return 0;
}

/* The connection is taken from the address: another one's than the token's is refused. */
bool scim_source_ahead(const struct exchange *x, struct scim_source *ret)
{
	ret->organisation = x->principal.organisation;
	return id_parse(request_segment(x->request, "connection"), &ret->connection) == 0;
}

/* What show and what changes one look up. */
static int send_ahead(struct exchange *x, enum scim_kind kind, bool locked, struct error *e)
{
	const char *named = request_segment(x->request, "resource");
	struct scim_selection *selection = arena_take(x->arena, sizeof(*selection));
	struct scim_source source;
	bool inner;
	struct id id;
	struct error ignored;

	if (!scim_source_ahead(x, &source) || id_parse(named, &id) < 0 ||
	    read_selection(x, kind, selection, &ignored) < 0)
		return 0;
	inner = scim_selection_inner(selection, kind);
	if ((locked ? scim_lock_send(x->tx, &source, scim_table_of(kind), &id, e)
		    : scim_find_send(x->tx, &source, scim_table_of(kind), &id, inner, e)) < 0)
		return -1;
	x->prepared = selection;
	x->swift = !locked && (kind == SCIM_USER || !inner); /* members of a group can be many */
	return 0;
}

/* One that is made of a body: what it will be like. */
struct made {
	struct scim_selection selection;
	struct scim_record record;
	const struct json *body;
	unsigned deviations;
};

static int read_made(struct exchange *x, enum scim_kind kind, const struct id *as, struct made *ret,
		     struct error *e)
{
	struct json *body, *document;

	*ret = (struct made){ .record.id = *as };
	if (read_selection(x, kind, &ret->selection, e) < 0 || read_resource(x, kind, &body, e) < 0 ||
	    scim_document_take(x->arena, kind, body, &document, &ret->deviations, e) < 0 ||
	    fill_record(x, kind, document, &ret->record, e) < 0)
		return -1;
	ret->body = body;
	return 0;
}

static int tell_made(struct exchange *x, enum scim_kind kind, struct made *made, struct error *e)
{
	if (scim_insert_receive(x->tx, x->arena, scim_table_of(kind), &made->record, &x->pushed, e) < 0 ||
	    (kind == SCIM_GROUP &&
	     take_members(x, made->body, &made->record.id, SCIM_ADD_MEMBERS, &made->deviations, e) < 0))
		return -1;
	scim_count_deviations(made->deviations);
	return reply_kept(x, 201, kind, &made->record, &made->selection, e);
}

int scim_create(struct exchange *x, enum scim_kind kind, const struct id *as, struct error *e)
{
	struct scim_source source = scim_source_of(x);
	struct made made;

	if (read_made(x, kind, as, &made, e) < 0 ||
	    scim_insert_send(x->tx, &source, scim_table_of(kind), &made.record, e) < 0)
		return -1;
	return tell_made(x, kind, &made, e);
}

static int create_ahead(struct exchange *x, enum scim_kind kind, struct error *e)
{
	struct scim_source source = scim_source_of(x);
	struct made *made = arena_take(x->arena, sizeof(*made));
	struct id id = id_new();
	struct error ignored;

	if (read_made(x, kind, &id, made, &ignored) < 0)
		return 0;
	if (scim_insert_send(x->tx, &source, scim_table_of(kind), &made->record, e) < 0)
		return -1;
	x->prepared = made;
	return 0;
}

static int create(struct exchange *x, enum scim_kind kind, struct error *e)
{
	struct id id = id_new();

	return x->prepared ? tell_made(x, kind, x->prepared, e) : scim_create(x, kind, &id, e);
}

/* Who does not say "active" (as Okta's PUT need not), or takes the value away, switches nobody off or on by that. */
static void keep_active(struct exchange *x, const struct scim_record *was, struct json *document)
{
	if (!json_member(document, "active"))
		json_set(x->arena, document, "active", json_new_bool(x->arena, was->active));
}

static int replace(struct exchange *x, enum scim_kind kind, struct error *e)
{
	struct scim_source source = scim_source_of(x);
	struct scim_selection selection;
	struct scim_record record;
	struct json *body, *document;
	unsigned deviations = 0;

	if (read_selection(x, kind, &selection, e) < 0 || find(x, kind, true, false, &record, e) < 0 ||
	    check_version(x, &record, e) < 0 || read_resource(x, kind, &body, e) < 0 ||
	    scim_document_take(x->arena, kind, body, &document, &deviations, e) < 0)
		return -1;
	if (kind == SCIM_USER)
		keep_active(x, &record, document);
	if (fill_record(x, kind, document, &record, e) < 0 ||
	    scim_update(x->tx, x->arena, &source, scim_table_of(kind), &record, &x->pushed, e) < 0 ||
	    (kind == SCIM_GROUP && take_members(x, body, &record.id, SCIM_REPLACE_MEMBERS, &deviations, e) < 0))
		return -1;
	scim_count_deviations(deviations);
	return reply_kept(x, 200, kind, &record, &selection, e);
}

static int apply_edits(struct exchange *x, const struct scim_record *record, const struct scim_patch *patch, int64_t *changed, struct error *e)
{
	for (size_t i = 0; i < patch->edit_count; i++) {
		const struct scim_edit *edit = &patch->edits[i];

		if (edit_members(x, &record->id, edit->kind, edit->members, edit->count, changed, e) < 0)
			return -1;
	}
	return 0;
}

static int patch(struct exchange *x, enum scim_kind kind, struct error *e)
{
	struct scim_source source = scim_source_of(x);
	struct scim_selection selection;
	struct scim_record record;
	struct scim_patch done;
	struct json *body, *document;
	int64_t changed;

	if (read_selection(x, kind, &selection, e) < 0 || find(x, kind, true, false, &record, e) < 0 ||
	    check_version(x, &record, e) < 0 || scim_read_body(x, &body, e) < 0 ||
	    json_parse(x->arena, record.document, strlen(record.document), &document, e) < 0 ||
	    scim_patch_apply(x->arena, kind, body, document, &done, e) < 0)
		return -1;
	if (kind == SCIM_USER)
		keep_active(x, &record, document);
	changed = (int64_t)done.changed;
	if (done.changed > 0 && (fill_record(x, kind, document, &record, e) < 0 ||
				 scim_update(x->tx, x->arena, &source, scim_table_of(kind), &record, &x->pushed, e) < 0))
		return -1;
	if (done.changed == 0 && done.edit_count > 0 && scim_wake(x->tx, x->arena, &source, &x->pushed, e) < 0)
		return -1;
	if (apply_edits(x, &record, &done, &changed, e) < 0)
		return -1;
	if (changed == 0)
		x->pushed.in = NULL; /* it was so already */
	scim_count_deviations(done.deviations);
	/* A group can be large, and clients that change one do not want to see it. */
	if (kind == SCIM_GROUP && !selection.only) {
		exchange_done(x);
		return 0;
	}
	return changed > 0 ? reply_kept(x, 200, kind, &record, &selection, e)
			   : reply_again(x, 200, kind, &record.id, &selection, e);
}

static int delete(struct exchange *x, enum scim_kind kind, struct error *e)
{
	struct scim_source source = scim_source_of(x);
	struct scim_record record;

	if (find(x, kind, true, false, &record, e) < 0 || check_version(x, &record, e) < 0 ||
	    scim_wake(x->tx, x->arena, &source, &x->pushed, e) < 0 || scim_delete(x->tx, &source, scim_table_of(kind), &record.id, &x->pushed, e) < 0)
		return -1;
	exchange_done(x);
	return 0;
}

/* ---- the table's functions ---- */

#define FOR_KIND(plural, kind)                                                                               \
	int scim_##plural##_create(struct exchange *x, struct error *e)                                      \
	{                                                                                                    \
		return create(x, kind, e);                                                                   \
	}                                                                                                    \
	int scim_##plural##_create_ahead(struct exchange *x, struct error *e)                                \
	{                                                                                                    \
		return create_ahead(x, kind, e);                                                             \
	}                                                                                                    \
	int scim_##plural##_show(struct exchange *x, struct error *e)                                        \
	{                                                                                                    \
		return show(x, kind, e);                                                                     \
	}                                                                                                    \
	int scim_##plural##_show_ahead(struct exchange *x, struct error *e)                                  \
	{                                                                                                    \
		return send_ahead(x, kind, false, e);                                                        \
	}                                                                                                    \
	int scim_##plural##_replace(struct exchange *x, struct error *e)                                     \
	{                                                                                                    \
		return replace(x, kind, e);                                                                  \
	}                                                                                                    \
	int scim_##plural##_patch(struct exchange *x, struct error *e)                                       \
	{                                                                                                    \
		return patch(x, kind, e);                                                                    \
	}                                                                                                    \
	int scim_##plural##_delete(struct exchange *x, struct error *e)                                      \
	{                                                                                                    \
		return delete (x, kind, e);                                                                  \
	}                                                                                                    \
	int scim_##plural##_lock_ahead(struct exchange *x, struct error *e)                                  \
	{                                                                                                    \
		return send_ahead(x, kind, true, e);                                                         \
	}

FOR_KIND(users, SCIM_USER)
FOR_KIND(groups, SCIM_GROUP)
