#include "endpoints/scim_patch.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "endpoints/scim_filter.h"
#include "endpoints/scim_resource.h"

enum operation { ADD, REPLACE, REMOVE };

struct patching {
	struct arena *arena;
	enum scim_kind kind;
	struct json *document;
	struct scim_patch *patch;
	size_t room;   /* for edits */
	size_t number; /* of the operation under way, from 1 */
	size_t members; /* that were named so far */
	struct error *error;
};

static int refuse(const struct patching *p, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int refuse(const struct patching *p, const char *code, const char *fmt, ...)
{
	char words[200];
	va_list args;

	va_start(args, fmt);
	vsnprintf(words, sizeof(words), fmt, args);
	va_end(args);
	return error_set(p->error, ERROR_INPUT, code, "operation %zu: %s", p->number, words);
}

/* What another room refused, with the number of the operation before it. */
static int refused(const struct patching *p)
{
	char words[sizeof(p->error->text)];

	snprintf(words, sizeof(words), "operation %zu: %.*s", p->number, (int)sizeof(words) - 40, p->error->text);
	memcpy(p->error->text, words, sizeof(words));
	return -1;
}

static void tolerate(const struct patching *p, enum scim_deviation which)
{
	p->patch->deviations |= SCIM_DEVIATION(which);
}

/* ---- members of a group ---- */

static int take_member(const struct json *given, const char **ret, unsigned *deviations, struct error *e)
{
	const struct json *value = json_is_object(given) ? json_member(given, "value") : given;

	if (!json_is_object(given) && json_is_text(given))
		*deviations |= SCIM_DEVIATION(SCIM_TEXT_AS_OBJECT);
	if (!json_is_text(value) || strlen(json_text(value)) > SCIM_NAME_MOST)
		return error_set(e, ERROR_INPUT, "scim.invalidValue",
				 "a member is an object with \"value\", the id of a user or group");
	*ret = json_text(value);
	return 0;
}

int scim_members_take(struct arena *arena, const struct json *value, const char *const **ret, size_t *ret_count,
		      unsigned *deviations, struct error *e)
{
	bool list = json_is_array(value);
	size_t count = list ? json_count(value) : json_is_null(value) ? 0 : 1;
	const char **members;

	if (count > SCIM_MEMBERS_MOST)
		return error_set(e, ERROR_LIMIT, "scim.patch_limit", "more than %d members are named at once", SCIM_MEMBERS_MOST);
	members = arena_array(arena, count + 1, sizeof(*members));
	if (!list && count > 0)
		*deviations |= SCIM_DEVIATION(SCIM_OBJECT_AS_ARRAY);
	for (size_t i = 0; i < count; i++)
		if (take_member(list ? json_at(value, i) : value, &members[i], deviations, e) < 0)
			return -1;
	*ret = members;
	*ret_count = count;
	return 0;
}

static void add_edit(struct patching *p, enum scim_edit_kind kind, const char *const *members, size_t count)
{
	struct scim_patch *patch = p->patch;

	if (patch->edit_count == p->room) {
		struct scim_edit *more = arena_array(p->arena, p->room = p->room * 2 + 16, sizeof(*more));

		if (patch->edit_count > 0)
			memcpy(more, patch->edits, patch->edit_count * sizeof(*more));
		patch->edits = more;
	}
	patch->edits[patch->edit_count++] = (struct scim_edit){ kind, members, count };
}

/* members[value eq "a" or value eq "b"]: the ids, or -1 if the filter asks for anything else, for which a group would
 * have to be read. */
static int ids_of_filter(const struct scim_filter *f, const char **into, size_t *count)
{
	if (f->kind == SCIM_OR)
		return ids_of_filter(f->left, into, count) < 0 ? -1 : ids_of_filter(f->right, into, count);
	if (f->kind != SCIM_COMPARE || f->operator != SCIM_EQ || !json_is_text(f->value) ||
	    strcmp(f->path.name, "value") != 0)
		return -1;
	into[(*count)++] = json_text(f->value);
	return 0;
}

static int patch_filtered_members(struct patching *p, enum operation operation, const struct scim_path *path)
{
	const char **members = arena_array(p->arena, SCIM_FILTER_TERMS_MOST + 1, sizeof(*members));
	size_t count = 0;

	if (operation != REMOVE || path->part)
		return refuse(p, "scim.mutability", "a member is added or removed as a whole, it is not changed");
	if (ids_of_filter(path->filter, members, &count) < 0)
		return refuse(p, "scim.invalidPath", "members are removed by \"members[value eq ...]\"");
	add_edit(p, SCIM_REMOVE_MEMBERS, members, count);
	return 0;
}

static int patch_members(struct patching *p, enum operation operation, const struct scim_path *path,
			 const struct json *value)
{
	const char *const *members;
	size_t count;

	if (path->filter)
		return patch_filtered_members(p, operation, path);
	if (path->part)
		return refuse(p, "scim.mutability", "a member is added or removed as a whole, it is not changed");
	/* An empty group is meant by no value at all; null may as well be a mistake. */
	if (operation == REMOVE && value && json_is_null(value))
		return refuse(p, "scim.invalidValue", "\"value\" is null; leave it out to remove all, or name whom to remove");
	if (operation == REMOVE && !value) {
		add_edit(p, SCIM_REPLACE_MEMBERS, arena_array(p->arena, 1, sizeof(*members)), 0);
		return 0;
	}
	if (scim_members_take(p->arena, value, &members, &count, &p->patch->deviations, p->error) < 0)
		return refused(p);
	p->members += count;
	if (p->members > SCIM_MEMBERS_MOST)
		return error_set(p->error, ERROR_LIMIT, "scim.patch_limit", "more than %d members are named at once", SCIM_MEMBERS_MOST);
	if (operation == REMOVE)
		tolerate(p, SCIM_REMOVE_BY_VALUE);
	add_edit(p,
		 operation == ADD      ? SCIM_ADD_MEMBERS
		 : operation == REMOVE ? SCIM_REMOVE_MEMBERS
				       : SCIM_REPLACE_MEMBERS,
		 members, count);
	return 0;
}

/* ---- attributes ---- */

/* The object that an attribute of this path stands in: the document, or the extension's. NULL: there is none, and make is
 * false. */
static struct json *holder(const struct patching *p, const struct scim_path *path, bool make)
{
	struct json *extension;

	if (!path->urn)
		return p->document;
	extension = json_member_to_change(p->document, path->urn);
	return extension || !make ? extension : json_set(p->arena, p->document, path->urn, json_new_object(p->arena));
}

/* What has become empty is unassigned. */
static void drop_empty(struct patching *p, const struct scim_path *path)
{
	struct json *in = holder(p, path, false);
	const struct json *value = in && path->name ? json_member(in, path->name) : NULL;

	if (value && (json_is_object(value) || json_is_array(value)) && json_count(value) == 0)
		json_unset(in, path->name);
	if (path->urn && in && json_count(in) == 0)
		json_unset(p->document, path->urn);
}

static const char *name_of(const struct patching *p, const struct scim_path *path)
{
	if (path->urn)
		return arena_format(p->arena, "%s:%s", path->urn, path->name);
	return path->part ? arena_format(p->arena, "%s.%s", path->name, path->part) : path->name;
}

static int take(struct patching *p, const struct scim_path *path, const struct scim_attribute *attribute,
		const struct json *given, struct json **ret)
{
	int taken = scim_value_take(p->arena, attribute, given, name_of(p, path), ret, &p->patch->deviations, p->error);

	return taken < 0 ? refused(p) : taken;
}

/* The parts of one object become those of another; what is not named stays (RFC 7644, 3.5.2.3). */
static void merge(struct patching *p, struct json *into, const struct json *from)
{
	const struct json *value;
	const char *name;
	size_t at = 0;

	while (json_next(from, &at, &name, &value))
		json_set(p->arena, into, name, value);
}

static int set_single(struct patching *p, const struct scim_path *path, const struct json *given)
{
	const struct scim_attribute *attribute = path->attribute;
	struct json *in = holder(p, path, true), *value, *old = json_member_to_change(in, path->name);
	int taken = take(p, path, attribute, given, &value);

	if (taken < 0)
		return -1;
	if (taken == 0)
		json_unset(in, path->name);
	else if (old && attribute && attribute->type == SCIM_COMPLEX)
		merge(p, old, value);
	else
		json_set(p->arena, in, path->name, value);
	return 0;
}

/* A part of an attribute that has one value. */
static int set_part(struct patching *p, const struct scim_path *path, const struct json *given)
{
	struct json *in = holder(p, path, true), *object, *value;
	int taken = take(p, path, path->part_attribute, given, &value);

	if (taken < 0)
		return -1;
	object = json_member_to_change(in, path->name);
	if (taken == 0) {
		if (object)
			json_unset(object, path->part);
		return 0;
	}
	if (!json_is_object(object))
		object = json_set(p->arena, in, path->name, json_new_object(p->arena));
	json_set(p->arena, object, path->part, value);
	return 0;
}

/* ---- several values ---- */

/* A new first one makes the others second (RFC 7644, 3.5.2). */
static void one_primary(struct json *values, const struct json *keep)
{
	if (!json_bool(json_member(keep, "primary")))
		return;
	for (size_t i = 0; i < json_count(values); i++)
		if (json_at(values, i) != keep)
			json_unset(json_at_to_change(values, i), "primary");
}

static bool has(const struct json *values, const struct json *value)
{
	for (size_t i = 0; i < json_count(values); i++)
		if (json_same(json_at(values, i), value))
			return true;
	return false;
}

static struct json *values_of(struct patching *p, const struct scim_path *path)
{
	struct json *in = holder(p, path, true), *values = json_member_to_change(in, path->name);

	return json_is_array(values) ? values : json_set(p->arena, in, path->name, json_new_array(p->arena));
}

static int set_values(struct patching *p, enum operation operation, const struct scim_path *path, const struct json *given)
{
	struct json *in = holder(p, path, true), *values, *taken;
	int any = take(p, path, path->attribute, given, &taken);

	if (any < 0)
		return -1;
	if (operation == REPLACE) {
		json_unset(in, path->name);
		if (any == 1)
			json_set(p->arena, in, path->name, taken);
		return 0;
	}
	values = values_of(p, path);
	for (size_t i = 0; any == 1 && i < json_count(taken); i++) {
		if (has(values, json_at(taken, i)))
			continue;
		if (json_count(values) == SCIM_VALUES_MOST)
			return refuse(p, "scim.invalidValue", "\"%s\" has more than %d values", path->name, SCIM_VALUES_MOST);
		one_primary(values, json_append(p->arena, values, json_at(taken, i)));
	}
	return 0;
}

/* What a value must have for the filter to hold: type eq "work" and so on. false: the filter does not say so. */
static bool make_by_filter(struct patching *p, const struct scim_filter *f, struct json *into)
{
	if (f->kind == SCIM_AND)
		return make_by_filter(p, f->left, into) && make_by_filter(p, f->right, into);
	if (f->kind != SCIM_COMPARE || f->operator != SCIM_EQ || json_is_null(f->value))
		return false;
	json_set(p->arena, into, f->path.name, f->value);
	return true;
}

/* Changes one of several values: the part, or what is named of it. 1; 0 nothing was assigned; -1. */
static int set_in(struct patching *p, const struct scim_path *path, const struct json *given, struct json *value)
{
	struct scim_attribute one;
	struct json *taken;
	int any;

	if (path->part) {
		any = take(p, path, path->part_attribute, given, &taken);
		if (any == 1)
			json_set(p->arena, value, path->part, taken);
		else if (any == 0)
			json_unset(value, path->part);
		return any;
	}
	if (path->attribute) {
		one = *path->attribute;
		one.multi = false;
	}
	any = take(p, path, path->attribute ? &one : NULL, given, &taken);
	if (any < 0)
		return -1;
	if (any == 1 && !json_is_object(taken))
		return refuse(p, "scim.invalidValue", "a value of \"%s\" is an object", path->name);
	if (any == 1)
		merge(p, value, taken);
	return any;
}

/* emails[type eq "work"].value and the like. Where no value is meant, one is made: the RFC says noTarget to replace, but
 * large clients count on it. */
static int set_filtered(struct patching *p, const struct scim_path *path, const struct json *given)
{
	const struct json *in = holder(p, path, false), *old = in ? json_member(in, path->name) : NULL;
	struct json *values, *made;
	bool found = false;
	int assigned;

	if (old && !json_is_array(old))
		return refuse(p, "scim.invalidPath", "\"%s\" has one value, of which brackets cannot choose", path->name);
	values = values_of(p, path);
	for (size_t i = 0; i < json_count(values);) {
		struct json *value = json_at_to_change(values, i);
		bool meant = json_is_object(value) && (!path->filter || scim_filter_holds(path->filter, value));

		if (meant && set_in(p, path, given, value) < 0)
			return -1;
		if (meant)
			one_primary(values, value);
		found |= meant;
		if (meant && json_count(value) == 0)
			json_take_out(values, i);
		else
			i++;
	}
	if (found)
		return 0;
	if (json_count(values) == SCIM_VALUES_MOST)
		return refuse(p, "scim.invalidValue", "\"%s\" has more than %d values", path->name, SCIM_VALUES_MOST);
	made = json_new_object(p->arena);
	if (path->filter && !make_by_filter(p, path->filter, made))
		return refuse(p, "scim.noTarget", "no value of \"%s\" is meant, and one cannot be made from this filter", path->name);
	assigned = set_in(p, path, given, made);
	if (assigned < 0)
		return -1;
	tolerate(p, SCIM_MADE_BY_FILTER);
	/* Nothing was assigned but what the filter itself says. */
	if (assigned == 0)
		return 0;
	one_primary(values, json_append(p->arena, values, made));
	return 0;
}

static void remove_filtered(struct patching *p, const struct scim_path *path)
{
	struct json *in = holder(p, path, false), *values = in ? json_member_to_change(in, path->name) : NULL;

	for (size_t i = json_count(values); i-- > 0;) {
		struct json *value = json_at_to_change(values, i);

		if (path->filter && !scim_filter_holds(path->filter, value))
			continue;
		if (path->part)
			json_unset(value, path->part);
		if (!path->part || json_count(value) == 0)
			json_take_out(values, i);
	}
}

/* remove with a list of values: those go that are named, by their value if they have one. */
static int remove_by_value(struct patching *p, const struct scim_path *path, const struct json *given)
{
	struct json *in = holder(p, path, false), *values = in ? json_member_to_change(in, path->name) : NULL, *taken;
	int any = take(p, path, path->attribute, given, &taken);

	if (any <= 0)
		return any;
	tolerate(p, SCIM_REMOVE_BY_VALUE);
	for (size_t i = json_count(values); i-- > 0;) {
		const struct json *value = json_at(values, i), *key = json_member(value, "value");

		for (size_t k = 0; k < json_count(taken); k++) {
			const struct json *other = json_at(taken, k), *other_key = json_member(other, "value");

			if (key && other_key ? json_same(key, other_key) : json_same(value, other)) {
				json_take_out(values, i);
				break;
			}
		}
	}
	return 0;
}

static int remove_attribute(struct patching *p, const struct scim_path *path, const struct json *value)
{
	struct json *in = holder(p, path, false);
	bool multi = path->attribute && path->attribute->multi;

	if (path->filter || (multi && path->part))
		remove_filtered(p, path);
	else if (multi && value && !json_is_null(value))
		return remove_by_value(p, path, value);
	else if (path->part && in && json_member(in, path->name))
		json_unset(json_member_to_change(in, path->name), path->part);
	else if (!path->part && in)
		json_unset(in, path->name);
	return 0;
}

/* ---- one operation on one path ---- */

static int patch_extension(struct patching *p, enum operation operation, const struct scim_path *path,
			   const struct json *value);

static int patch_attribute(struct patching *p, enum operation operation, const struct scim_path *path,
			   const struct json *value)
{
	if (!path->name)
		return patch_extension(p, operation, path, value);
	if (operation == REMOVE)
		return remove_attribute(p, path, value);
	if (path->filter || (path->attribute && path->attribute->multi && path->part))
		return set_filtered(p, path, value);
	if (path->part)
		return set_part(p, path, value);
	if (path->attribute && path->attribute->multi)
		return set_values(p, operation, path, value);
	return set_single(p, path, value);
}

/* A whole extension: each of its attributes. */
static int patch_extension(struct patching *p, enum operation operation, const struct scim_path *path,
			   const struct json *value)
{
	const struct json *inner;
	const char *name;
	size_t at = 0;

	if (operation == REMOVE || json_is_null(value)) {
		json_unset(p->document, path->urn);
		return 0;
	}
	if (!json_is_object(value))
		return refuse(p, "scim.invalidValue", "\"%s\" is an object", path->urn);
	if (json_count(value) > SCIM_UNKNOWN_MOST)
		return refuse(p, "scim.invalidValue", "\"%s\" has more than %d attributes", path->urn, SCIM_UNKNOWN_MOST);
	while (json_next(value, &at, &name, &inner)) {
		struct scim_path each;
		const char *text = arena_format(p->arena, "%s:%s", path->urn, name);

		if (scim_path_read(p->arena, p->kind, text, &each, &p->patch->deviations, p->error) < 0)
			return refused(p);
		if (patch_attribute(p, operation, &each, inner) < 0)
			return -1;
	}
	return 0;
}

/* What cannot be changed: id, meta, groups. Sent along in an operation without a path it is passed over, since some clients send the
 * whole resource back; asked for by its own path it is refused. */
static int check_mutability(struct patching *p, const struct scim_path *path, bool asked_for)
{
	const struct scim_attribute *attribute = path->attribute;

	if (!attribute || (attribute->mutability != SCIM_READ_ONLY &&
			   (!path->part_attribute || path->part_attribute->mutability != SCIM_READ_ONLY)))
		return 1;
	if (asked_for)
		return refuse(p, "scim.mutability", "\"%s\" is the server's to say", name_of(p, path));
	tolerate(p, SCIM_READ_ONLY_SENT);
	return 0;
}

static int patch_path(struct patching *p, enum operation operation, const struct scim_path *path, const struct json *value,
		      bool asked_for)
{
	int may = check_mutability(p, path, asked_for);

	if (may <= 0)
		return may;
	if (operation != REMOVE && !value)
		return refuse(p, "scim.invalidValue", "there is no \"value\"");
	if (path->attribute && path->attribute->needed && !path->part &&
	    (operation == REMOVE || json_is_null(value)))
		return refuse(p, "scim.invalidValue", "\"%s\" cannot be without a value", path->name);
	if (p->kind == SCIM_GROUP && path->attribute && strcmp(path->attribute->name, "members") == 0)
		return patch_members(p, operation, path, value);
	/* Taken, and thrown away; schemas follow from what there is. */
	if (path->attribute && !scim_is_kept(path->attribute))
		return 0;
	if (patch_attribute(p, operation, path, value) < 0)
		return -1;
	drop_empty(p, path);
	return 0;
}

/* ---- operations ---- */

/* Without a path the value's members are paths themselves (and some clients write "name.givenName" there). */
static int patch_members_of_value(struct patching *p, enum operation operation, const struct json *value)
{
	const struct json *inner;
	const char *name;
	size_t at = 0;

	if (operation == REMOVE)
		return refuse(p, "scim.noTarget", "\"remove\" needs a \"path\"");
	if (!json_is_object(value))
		return refuse(p, "scim.invalidValue", "without a \"path\", \"value\" is an object");
	while (json_next(value, &at, &name, &inner)) {
		struct scim_path path;
		struct error ignored;

		if (scim_path_read(p->arena, p->kind, name, &path, &p->patch->deviations, &ignored) < 0) {
			if (strchr(name, '[') || strchr(name, '.') || strchr(name, ':'))
				return refuse(p, "scim.invalidPath", "\"%.60s\": %.100s", name, ignored.text);
			tolerate(p, SCIM_UNKNOWN_ATTRIBUTE);
			continue;
		}
		if (path.part || path.filter || (path.urn && path.name))
			tolerate(p, SCIM_KEY_AS_PATH);
		if (patch_path(p, operation, &path, inner, false) < 0)
			return -1;
	}
	return 0;
}

static int read_operation(struct patching *p, const struct json *given, enum operation *ret)
{
	static const char *const words[] = { [ADD] = "add", [REPLACE] = "replace", [REMOVE] = "remove" };
	const char *op = json_text(json_member(given, "op"));

	for (size_t i = 0; op && i < ARRAY_COUNT(words); i++)
		if (strcasecmp(op, words[i]) == 0) {
			if (strcmp(op, words[i]) != 0)
				tolerate(p, SCIM_OPERATION_CASE);
			*ret = (enum operation)i;
			return 0;
		}
	return refuse(p, "scim.invalidSyntax", "\"op\" is \"%.40s\"; add, replace or remove is expected", op ? op : "");
}

static int patch_operation(struct patching *p, const struct json *given)
{
	const struct json *path = json_member(given, "path"), *value = json_member(given, "value");
	enum operation operation = ADD; /* what refuses is not seen to return -1 at each level of optimisation */
	struct scim_path read;

	if (!json_is_object(given))
		return refuse(p, "scim.invalidSyntax", "it is no object");
	if (read_operation(p, given, &operation) < 0)
		return -1;
	if (!path || json_is_null(path) || (json_text(path) && json_text(path)[0] == '\0'))
		return patch_members_of_value(p, operation, value);
	if (!json_is_text(path))
		return refuse(p, "scim.invalidPath", "\"path\" is a text");
	if (scim_path_read(p->arena, p->kind, json_text(path), &read, &p->patch->deviations, p->error) < 0)
		return refused(p);
	return patch_path(p, operation, &read, value, true);
}

/* RFC 7644 writes "Operations"; names have no case. */
static const struct json *operations_of(const struct json *body)
{
	const struct json *value;
	const char *name;
	size_t at = 0;

	while (json_next(body, &at, &name, &value))
		if (strcasecmp(name, "Operations") == 0)
			return value;
	return NULL;
}

int scim_patch_apply(struct arena *arena, enum scim_kind kind, const struct json *body, struct json *document,
		     struct scim_patch *ret, struct error *e)
{
	struct patching p = { .arena = arena, .kind = kind, .document = document, .patch = ret, .error = e };
	const struct json *operations = operations_of(body);

	*ret = (struct scim_patch){ 0 };
	if (!json_is_array(operations) || json_count(operations) == 0)
		return error_set(e, ERROR_INPUT, "scim.invalidSyntax", "\"Operations\", an array of at least one, is expected");
	if (json_count(operations) > SCIM_OPERATIONS_MOST)
		return error_set(e, ERROR_LIMIT, "scim.patch_limit", "there are more than %d operations", SCIM_OPERATIONS_MOST);
	scoped(arena) *scratch = arena_open("scim patch");
	for (size_t i = 0; i < json_count(operations); i++) {
		const struct json *before;

		arena_reset(scratch);
		before = json_duplicate(scratch, document);
		p.number = i + 1;
		if (patch_operation(&p, json_at(operations, i)) < 0)
			return -1;
		ret->operations++;
		ret->changed += !json_same(before, document);
	}
	return 0;
}
