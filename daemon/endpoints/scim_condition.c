/* Every comparison is true or false, never NULL: what is not there is not equal, and "not" of that is true. */
#include "endpoints/scim_condition.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "base/text.h"
#include "endpoints/scim_resource.h"

enum { WHERE_MOST = 60 << 10, FIRST_PARAM = 5 };

struct making {
	struct arena *arena;
	enum scim_kind kind;
	struct scim_condition *into;
	struct buffer *sql;
	struct error *error;
};

const char *scim_key(struct arena *arena, const char *name)
{
	return text_fold(arena, name);
}

/* ---- values ---- */

static int over(const struct making *m)
{
	return error_set(m->error, ERROR_LIMIT, "scim.filter_limit", "the filter has more than %d values and names",
			 SCIM_PARAMS_MOST);
}

/* Its number as "$7", or NULL: there are too many. */
static const char *bind(struct making *m, struct param param)
{
	if (m->into->count == SCIM_PARAMS_MOST) {
		over(m);
		return NULL;
	}
	m->into->params[m->into->count++] = param;
	return arena_format(m->arena, "$%zu", m->into->count + FIRST_PARAM - 1);
}

static const char *bind_text(struct making *m, const char *text)
{
	const char *number = bind(m, P_TEXT(text));

	return number ? arena_format(m->arena, "%s::text", number) : NULL;
}

/* ---- what is compared ---- */

/* Names of the schemas are constants; others are bound. Quotes cannot stand in a name of the schemas. */
static const char *step(struct making *m, const char *from, const char *name, bool known)
{
	const char *bound = known ? arena_format(m->arena, "'%s'", name) : bind_text(m, name);

	return bound ? arena_format(m->arena, "%s->%s", from, bound) : NULL;
}

static const char *attribute_of(struct making *m, const struct scim_path *path)
{
	const char *from = "r.document";

	if (path->urn)
		from = step(m, from, path->urn, path->attribute != NULL);
	return from ? step(m, from, path->name, path->attribute != NULL) : NULL;
}

static const char *part_of(struct making *m, const char *from, const struct scim_path *path)
{
	return path->part ? step(m, from, path->part, path->part_attribute != NULL) : from;
}

static const struct scim_attribute *compared(const struct scim_path *path)
{
	return path->part ? path->part_attribute : path->attribute;
}

static bool is(const struct scim_path *path, const char *name, const char *part)
{
	return !path->urn && path->name && strcmp(path->name, name) == 0 &&
	       (!part || (path->part && strcmp(path->part, part) == 0));
}

/* ---- comparisons ---- */

static const char *const signs[] = { [SCIM_EQ] = "=", [SCIM_NE] = "=",	[SCIM_GT] = ">",
				     [SCIM_GE] = ">=", [SCIM_LT] = "<", [SCIM_LE] = "<=", [SCIM_PR] = "" };

/* A text with a text. without_case: both are made lower first. */
static void put_texts(struct making *m, enum scim_operator operator, const char *is, const char *asked, bool without_case)
{
	const char *lower = without_case ? "lower" : "";

	if (operator == SCIM_CO)
		buffer_format(m->sql, "position(%s(%s) IN %s(%s)) > 0", lower, asked, lower, is);
	else if (operator == SCIM_SW)
		buffer_format(m->sql, "starts_with(%s(%s), %s(%s))", lower, is, lower, asked);
	else if (operator == SCIM_EW)
		buffer_format(m->sql, "right(%s(%s), length(%s)) = %s(%s)", lower, is, asked, lower, asked);
	else
		buffer_format(m->sql, "%s(%s) %s %s(%s)", lower, is, signs[operator], lower, asked);
}

static void put_presence(struct making *m, const char *value)
{
	buffer_format(m->sql, "coalesce(%s NOT IN ('null', '\"\"', '[]', '{}'), false)", value);
}

/* A value of JSON, which may be NULL, with the filter's. */
static int put_json(struct making *m, const struct scim_filter *f, const char *value)
{
	const struct scim_attribute *what = compared(&f->path);
	bool without_case = !what || !what->exact;
	const char *asked;

	if (f->operator == SCIM_PR) {
		put_presence(m, value);
		return 0;
	}
	buffer_text(m->sql, f->operator == SCIM_NE ? "NOT coalesce(" : "coalesce(");
	if (json_is_null(f->value)) {
		buffer_text(m->sql, "NOT ");
		put_presence(m, value);
	} else if (json_is_text(f->value)) {
		asked = bind_text(m, json_text(f->value));
		if (!asked)
			return -1;
		put_texts(m, f->operator, arena_format(m->arena, "%s #>> '{}'", value), asked, without_case);
	} else if (json_is_bool(f->value)) {
		buffer_format(m->sql, "%s = '%s'", value, json_bool(f->value) ? "true" : "false");
	} else {
		asked = bind_text(m, json_write(m->arena, f->value, SCIM_NUMBER_MOST));
		if (!asked)
			return -1;
		buffer_format(m->sql, "CASE WHEN jsonb_typeof(%s) = 'number' THEN (%s #>> '{}')::numeric %s %s::numeric END", value,
			      value, signs[f->operator], asked);
	}
	buffer_text(m->sql, ", false)");
	return 0;
}

/* ---- what has a column ---- */

static int put_never(struct making *m, const struct scim_filter *f)
{
	buffer_text(m->sql, f->operator == SCIM_NE ? "true" : "false");
	return 0;
}

static int put_always(struct making *m)
{
	buffer_text(m->sql, "true");
	return 0;
}

/* What can be NULL is made false then, since "not" may stand before it; what cannot is left alone, so that an index serves. */
static void put_compared(struct making *m, enum scim_operator operator, const char *column, const char *asked, bool never_null)
{
	buffer_text(m->sql, operator == SCIM_NE ? "NOT " : "");
	buffer_text(m->sql, never_null ? "(" : "coalesce(");
	put_texts(m, operator, column, asked, false);
	buffer_text(m->sql, never_null ? ")" : ", false)");
}

/* A column of text. key: it holds names without case. */
static int put_column(struct making *m, const struct scim_filter *f, const char *column, bool key)
{
	const char *asked;

	if (f->operator == SCIM_PR) {
		buffer_format(m->sql, "%s IS NOT NULL", column);
		return 0;
	}
	if (json_is_null(f->value)) {
		buffer_format(m->sql, "%s IS %sNULL", column, f->operator == SCIM_NE ? "NOT " : "");
		return 0;
	}
	asked = bind_text(m, key ? scim_key(m->arena, json_text(f->value)) : json_text(f->value));
	if (!asked)
		return -1;
	/* Of external_id: the coalesce says nothing more than what stands before it, which an index serves. */
	if (!key && f->operator == SCIM_EQ)
		buffer_format(m->sql, "(%s IS NOT NULL AND %s = %s)", column, column, asked);
	else
		put_compared(m, f->operator, column, asked, key);
	return 0;
}

/* A column of ids, which only look like texts from outside. */
static int put_id(struct making *m, const struct scim_filter *f, const char *column)
{
	struct id *id;
	const char *asked;

	if (f->operator != SCIM_EQ && f->operator != SCIM_NE)
		return put_column(m, f, arena_format(m->arena, "%s::text", column), false);
	id = arena_take(m->arena, sizeof(*id));
	if (!json_is_text(f->value) || id_parse(json_text(f->value), id) < 0)
		return put_never(m, f);
	asked = bind(m, P_ID(id));
	if (!asked)
		return -1;
	buffer_format(m->sql, "%s %s %s::uuid", column, f->operator == SCIM_NE ? "<>" : "=", asked);
	return 0;
}

static int put_time(struct making *m, const struct scim_filter *f, const char *column)
{
	const char *asked;
	int64_t time;

	if (f->operator == SCIM_PR) {
		buffer_text(m->sql, "true");
		return 0;
	}
	if (!json_is_text(f->value) || clock_parse(json_text(f->value), &time) < 0)
		return put_never(m, f);
	asked = bind(m, P_TIME(time));
	if (!asked)
		return -1;
	buffer_format(m->sql, "%s %s %s::timestamptz", column,
		      f->operator == SCIM_NE ? "<>" : signs[f->operator], asked);
	return 0;
}

/* Who is in a group, asked from either side. */
static int put_membership(struct making *m, const struct scim_filter *f, const char *ours, const char *theirs)
{
	const struct scim_filter *asked = f;
	struct scim_filter equal = *f;
	bool part_is_value = !f->path.part || strcmp(f->path.part, "value") == 0;

	if (f->kind == SCIM_HAS)
		asked = f->path.filter;
	if (asked->kind != SCIM_COMPARE || !part_is_value ||
	    (f->kind == SCIM_HAS && strcmp(asked->path.name, "value") != 0))
		return error_set(m->error, ERROR_INPUT, "scim.invalidFilter",
				 "\"%s\" can be asked for by \"value\" alone, the id of a member or group", f->path.name);
	equal.operator = asked->operator == SCIM_NE ? SCIM_EQ : asked->operator;
	equal.value = asked->value;
	buffer_format(m->sql, "%sEXISTS (SELECT FROM scim_members m WHERE m.organisation = $1 AND m.connection = $2 AND m.%s = r.id AND ",
		      asked->operator == SCIM_NE ? "NOT " : "", ours);
	if (put_id(m, &equal, arena_format(m->arena, "m.%s", theirs)) < 0)
		return -1;
	buffer_text(m->sql, ")");
	return 0;
}

/* 1: it has a column, and the comparison was put; 0: it has none. */
static int put_if_column(struct making *m, const struct scim_filter *f)
{
	const struct scim_path *path = &f->path;
	int result;

	if (is(path, "id", NULL))
		result = put_id(m, f, "r.id");
	else if (is(path, "externalId", NULL))
		result = put_column(m, f, "r.external_id", false);
	else if (m->kind == SCIM_USER && is(path, "userName", NULL))
		result = put_column(m, f, "r.user_key", true);
	else if (m->kind == SCIM_GROUP && is(path, "displayName", NULL))
		result = put_column(m, f, "r.name_key", true);
	else if (is(path, "meta", "created"))
		result = put_time(m, f, "r.created_at");
	else if (is(path, "meta", "lastModified"))
		result = put_time(m, f, "r.modified_at");
	else if (is(path, "meta", "resourceType"))
		result = put_column(m, f, m->kind == SCIM_USER ? "'User'" : "'Group'", false);
	else if (is(path, "meta", NULL) && f->operator == SCIM_PR && f->kind == SCIM_COMPARE)
		result = put_always(m);
	else if (is(path, "meta", NULL) || is(path, "password", NULL))
		result = put_never(m, f);
	else if (is(path, "groups", NULL))
		result = put_membership(m, f, "member_id", "group_id");
	else if (is(path, "members", NULL))
		result = put_membership(m, f, "group_id", "member_id");
	else
		return 0;
	return result < 0 ? -1 : 1;
}

/* ---- the tree ---- */

static int put_filter(struct making *m, const struct scim_filter *f, const char *element);

/* Some value of several: v. */
static int put_some(struct making *m, const struct scim_filter *f, const char *values)
{
	const char *part;

	buffer_format(m->sql,
		      "EXISTS (SELECT FROM jsonb_array_elements(CASE WHEN jsonb_typeof(%s) = 'array' THEN %s ELSE '[]' END) v WHERE ",
		      values, values);
	if (f->path.filter && put_filter(m, f->path.filter, "v.value") < 0)
		return -1;
	if (f->kind == SCIM_COMPARE) {
		part = part_of(m, "v.value", &f->path);
		if (f->path.filter)
			buffer_text(m->sql, " AND ");
		if (!part || put_json(m, f, part) < 0)
			return -1;
	}
	buffer_text(m->sql, ")");
	return 0;
}

/* Of several values "ne" means that none is equal. */
static int put_none(struct making *m, const struct scim_filter *f, const char *values)
{
	struct scim_filter equal = *f;

	equal.operator = SCIM_EQ;
	buffer_text(m->sql, "NOT ");
	return put_some(m, &equal, values);
}

static int put_comparison(struct making *m, const struct scim_filter *f, const char *element)
{
	bool several = f->path.filter || (f->path.attribute && f->path.attribute->multi);
	const char *value;
	int put;

	if (element) {
		value = step(m, element, f->path.name, f->path.attribute != NULL);
		return value ? put_json(m, f, value) : -1;
	}
	put = put_if_column(m, f);
	if (put != 0)
		return put < 0 ? -1 : 0;
	value = attribute_of(m, &f->path);
	if (!value)
		return -1;
	if (several && f->operator == SCIM_PR && !f->path.filter && !f->path.part) {
		put_presence(m, value);
		return 0;
	}
	if (several && f->kind == SCIM_COMPARE && f->operator == SCIM_NE)
		return put_none(m, f, value);
	if (several)
		return put_some(m, f, value);
	value = part_of(m, value, &f->path);
	return value ? put_json(m, f, value) : -1;
}

static int put_pair(struct making *m, const struct scim_filter *f, const char *element)
{
	buffer_text(m->sql, "(");
	if (put_filter(m, f->left, element) < 0)
		return -1;
	buffer_text(m->sql, f->kind == SCIM_AND ? " AND " : " OR ");
	if (put_filter(m, f->right, element) < 0)
		return -1;
	buffer_text(m->sql, ")");
	return 0;
}

static int put_filter(struct making *m, const struct scim_filter *f, const char *element)
{
	switch (f->kind) {
	case SCIM_AND:
	case SCIM_OR:
		return put_pair(m, f, element);
	case SCIM_NOT:
		buffer_text(m->sql, "NOT (");
		if (put_filter(m, f->left, element) < 0)
			return -1;
		buffer_text(m->sql, ")");
		return 0;
	default:
		return put_comparison(m, f, element);
	}
}

/* ---- the order ---- */

static const char *order_column(const struct making *m, const struct scim_path *path)
{
	if (is(path, "id", NULL))
		return "r.id";
	if (is(path, "externalId", NULL))
		return "r.external_id";
	if (m->kind == SCIM_USER && is(path, "userName", NULL))
		return "r.user_key";
	if (m->kind == SCIM_GROUP && is(path, "displayName", NULL))
		return "r.name_key";
	if (is(path, "meta", "created"))
		return "r.created_at";
	return is(path, "meta", "lastModified") ? "r.modified_at" : NULL;
}

/* Of several values the first one to use, or the first (RFC 7644, 3.4.2.3). */
static const char *order_value(struct making *m, const struct scim_path *path)
{
	const char *value = attribute_of(m, path);

	if (value && path->attribute && path->attribute->multi)
		value = arena_format(m->arena,
				     "(SELECT v FROM jsonb_array_elements(CASE WHEN jsonb_typeof(%s) = 'array' THEN %s ELSE '[]' END) "
				     "WITH ORDINALITY a (v, n) ORDER BY coalesce(v->>'primary', '') = 'true' DESC, n LIMIT 1)",
				     value, value);
	return value ? part_of(m, value, path) : NULL;
}

/* Ordered by this, and among equals by id. What has no value comes last. */
static void order_by(struct making *m, const char *by, const char *type, bool descending)
{
	struct scim_condition *into = m->into;

	into->by = by;
	into->by_type = type;
	into->descending = descending;
	if (!by)
		into->order = descending ? "r.id DESC" : "r.id";
	else
		into->order = arena_format(m->arena, "%s%s NULLS LAST, r.id", by, descending ? " DESC" : "");
}

static const char *type_of_column(const struct scim_path *path)
{
	return is(path, "id", NULL) ? "uuid" : is(path, "meta", NULL) ? "timestamptz" : "text";
}

static int make_order(struct making *m, const struct scim_path *path, bool descending)
{
	const char *by = path ? order_column(m, path) : NULL;
	struct scim_path settled;

	if (!path || by) {
		order_by(m, by, by ? type_of_column(path) : NULL, descending);
		return 0;
	}
	settled = *path;
	if (!path->name || path->filter || is(path, "meta", NULL) || is(path, "password", NULL) || is(path, "groups", NULL) ||
	    is(path, "members", NULL))
		return error_set(m->error, ERROR_INPUT, "scim.invalidPath", "resources cannot be sorted by this");
	if (path->attribute && path->attribute->type == SCIM_COMPLEX && !path->part) {
		settled.part_attribute = path->attribute->parts;
		settled.part = path->attribute->parts->name;
	}
	by = order_value(m, &settled);
	if (!by)
		return -1;
	order_by(m, arena_format(m->arena, "lower(%s #>> '{}')", by), "text", descending);
	return 0;
}

int scim_condition_behind(struct arena *arena, struct scim_condition *condition, const char *value, const struct id *id,
			  const char **ret, struct error *e)
{
	struct making m = { .arena = arena, .into = condition, .error = e };
	const char *by = condition->by, *bound = value ? bind_text(&m, value) : NULL;
	const char *last = bind(&m, P_ID(id)), *sign = condition->descending ? "<" : ">";

	if (!last || (value && !bound))
		return -1;
	if (!by)
		*ret = arena_format(arena, "r.id %s %s::uuid", sign, last);
	else if (!value)
		*ret = arena_format(arena, "%s IS NULL AND r.id > %s::uuid", by, last);
	else
		*ret = arena_format(arena, "(%s %s %s::%s OR (%s = %s::%s AND r.id > %s::uuid) OR %s IS NULL)", by, sign, bound,
				    condition->by_type, by, bound, condition->by_type, last, by);
	return 0;
}

int scim_condition_make(struct arena *arena, enum scim_kind kind, const struct scim_filter *filter,
			const struct scim_path *sort_by, bool descending, struct scim_condition *ret, struct error *e)
{
	struct buffer sql;
	struct making m = { arena, kind, ret, &sql, e };
	int result;

	ret->count = 0;
	buffer_open(&sql, WHERE_MOST);
	buffer_text(&sql, "true");
	if (filter)
		buffer_reset(&sql);
	result = filter ? put_filter(&m, filter, NULL) : 0;
	if (result == 0 && sql.full)
		result = over(&m);
	if (result == 0)
		result = make_order(&m, sort_by, descending);
	ret->where = result == 0 ? arena_text_n(arena, sql.bytes, sql.length) : NULL;
	buffer_close(&sql);
	return result;
}
