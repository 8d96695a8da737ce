/* A parser by descent: or, and, not or brackets, one comparison. What an attribute is called decides what it may be
 * compared with, so names are resolved while they are read. */
#include "endpoints/scim_filter.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "endpoints/scim_resource.h"

/* A text being read. in: the attribute whose values the brackets are about, or NULL. */
struct reader {
	struct arena *arena;
	enum scim_kind kind;
	const char *text, *at;
	const struct scim_attribute *in;
	bool within, path; /* within brackets after an attribute; a path and no filter */
	int depth, terms;
	unsigned *deviations;
	struct error *error;
};

/* ---- refusing ---- */

static int refuse(struct reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int refuse(struct reader *r, const char *fmt, ...)
{
	char words[200];
	va_list args;

	va_start(args, fmt);
	vsnprintf(words, sizeof(words), fmt, args);
	va_end(args);
	return error_set(r->error, ERROR_INPUT, r->path ? "scim.invalidPath" : "scim.invalidFilter",
			 "the %s, at character %zu: %s", r->path ? "path" : "filter", (size_t)(r->at - r->text) + 1, words);
}

static int over(struct reader *r, const char *what, int most)
{
	return error_set(r->error, ERROR_LIMIT, "scim.filter_limit", "the %s has more than %d %s",
			 r->path ? "path" : "filter", most, what);
}

/* ---- words ---- */

static void skip_blanks(struct reader *r)
{
	while (*r->at == ' ' || *r->at == '\t')
		r->at++;
}

/* How long the word is that stands here: up to a blank or a bracket. */
static size_t word_length(const char *at)
{
	return strcspn(at, " \t()[]\"");
}

static bool is_word(const char *at, size_t length, const char *word)
{
	return strlen(word) == length && strncasecmp(at, word, length) == 0;
}

/* Takes the word if it is the one that stands here. */
static bool take_word(struct reader *r, const char *word)
{
	skip_blanks(r);
	if (!is_word(r->at, word_length(r->at), word))
		return false;
	r->at += strlen(word);
	return true;
}

static bool take_sign(struct reader *r, char sign)
{
	skip_blanks(r);
	if (*r->at != sign)
		return false;
	r->at++;
	return true;
}

/* ---- names ---- */

static bool is_name(const char *at, size_t length)
{
	if (length == 0 || length > SCIM_NAME_MOST || !(isalpha((unsigned char)*at) || *at == '$'))
		return false;
	for (size_t i = 1; i < length; i++)
		if (!isalnum((unsigned char)at[i]) && at[i] != '-' && at[i] != '_')
			return false;
	return true;
}

/* The schema whose URN the word begins with, and the bytes of it that the URN takes; the colon behind it is not counted. */
static const struct scim_schema *known_schema(enum scim_kind kind, const char *word, size_t length, size_t *ret_length)
{
	for (const struct scim_schema *const *s = scim_schemas(kind); *s; s++) {
		size_t urn = strlen((*s)->urn);

		if (length >= urn && strncasecmp(word, (*s)->urn, urn) == 0 && (length == urn || word[urn] == ':')) {
			*ret_length = urn;
			return *s;
		}
	}
	return NULL;
}

/* Of "urn:x:y:2.0:User:attribute.part", what belongs to the URN: to the last colon. A URN alone is one without a name behind it. */
static size_t unknown_urn(const char *word, size_t length)
{
	size_t last = 0;

	for (size_t i = 0; i < length; i++)
		if (word[i] == ':')
			last = i;
	return last;
}

/* Takes "urn:...:" if there is one. *ret_table is where the name behind it is to be found, NULL for an extension that we do
 * not know. 1: and there is no name behind it; 0; -1. */
static int take_urn(struct reader *r, size_t *length, struct scim_path *path, const struct scim_attribute **ret_table)
{
	const struct scim_schema *schema;
	size_t urn;

	*ret_table = scim_schemas(r->kind)[0]->attributes;
	if (*length < 4 || strncasecmp(r->at, "urn:", 4) != 0)
		return 0;
	schema = known_schema(r->kind, r->at, *length, &urn);
	if (!schema)
		urn = unknown_urn(r->at, *length);
	/* "urn:name" is no URN with a name behind it. */
	if (urn <= strlen("urn:"))
		return refuse(r, "\"%.*s\" is no URN of a schema with a name behind it", (int)(*length < 60 ? *length : 60), r->at);
	if (urn > SCIM_URN_MOST)
		return over(r, "bytes in the name of a schema", SCIM_URN_MOST);
	*ret_table = schema ? schema->attributes : NULL;
	/* The core schema's attributes stand at the top of a resource. */
	if (!schema)
		path->urn = arena_text_n(r->arena, r->at, urn);
	else if (schema != scim_schemas(r->kind)[0])
		path->urn = schema->urn;
	if (urn == *length) {
		r->at += urn;
		return 1;
	}
	r->at += urn + 1;
	*length -= urn + 1;
	return 0;
}

static int resolve(struct reader *r, struct scim_path *path, const struct scim_attribute *table, const char *name,
		   size_t length)
{
	const struct scim_attribute *found = scim_attribute_find(table, name, length);

	if (!found && !path->urn && !r->in)
		found = scim_attribute_find(scim_common, name, length);
	if (!found && table && table == scim_schemas(r->kind)[0]->attributes) {
		found = scim_attribute_of_extension(r->kind, name, length, &path->urn);
		*r->deviations |= found ? SCIM_DEVIATION(SCIM_WITHOUT_URN) : 0;
	}
	if (!found && table)
		return refuse(r, "there is no attribute \"%.*s\"", (int)length, name);
	path->attribute = found;
	path->name = found ? found->name : arena_text_n(r->arena, name, length);
	return 0;
}

static int resolve_part(struct reader *r, struct scim_path *path, const char *name, size_t length)
{
	const struct scim_attribute *found =
		path->attribute ? scim_attribute_find(path->attribute->parts, name, length) : NULL;

	if (!is_name(name, length) || (path->attribute && !found))
		return refuse(r, "\"%s\" has no part \"%.*s\"", path->name, (int)length, name);
	path->part_attribute = found;
	path->part = found ? found->name : arena_text_n(r->arena, name, length);
	return 0;
}

/* [urn:]name[.part]; 0, or -1. A whole extension is a path, but nothing to compare. */
static int read_attribute(struct reader *r, struct scim_path *ret)
{
	const struct scim_attribute *table;
	const char *dot;
	size_t length, name;
	int whole;

	skip_blanks(r);
	length = word_length(r->at);
	if (length == 0)
		return refuse(r, "the name of an attribute is expected");
	if (r->in) {
		table = r->in->parts;
	} else if (r->within) {
		table = NULL; /* of an extension that we do not know */
	} else {
		whole = take_urn(r, &length, ret, &table);
		if (whole != 0)
			return whole < 0 || (r->path && ret->urn) ? (whole < 0 ? -1 : 0)
								  : refuse(r, "the name of an attribute is expected behind that of the schema");
	}
	dot = memchr(r->at, '.', length);
	name = dot ? (size_t)(dot - r->at) : length;
	if (!is_name(r->at, name))
		return refuse(r, "\"%.*s\" is no name of an attribute", (int)(length < 60 ? length : 60), r->at);
	if (resolve(r, ret, table, r->at, name) < 0 || (dot && resolve_part(r, ret, dot + 1, length - name - 1) < 0))
		return -1;
	r->at += length;
	return 0;
}

/* ---- values ---- */

static int parse_value(struct reader *r, size_t length, const struct json **ret)
{
	struct json *value;
	struct error ignored;

	if (json_parse(r->arena, r->at, length, &value, &ignored) < 0)
		return -1;
	*ret = value;
	return 0;
}

/* The bytes of the text in quotes that stands here, with them; 0 if it has no end. */
static size_t quoted_length(const char *at)
{
	for (size_t i = 1; at[i]; i++) {
		if (at[i] == '"')
			return i + 1;
		if (at[i] == '\\' && at[i + 1])
			i++;
	}
	return 0;
}

/* A word without quotes that is no number, true, false or null: one client's documents show such filters. */
static const struct json *unquoted(const struct reader *r, size_t length)
{
	return json_new_text(r->arena, arena_text_n(r->arena, r->at, length));
}

static int read_value(struct reader *r, const struct json **ret)
{
	size_t length;

	skip_blanks(r);
	length = *r->at == '"' ? quoted_length(r->at) : word_length(r->at);
	if (length == 0)
		return refuse(r, *r->at == '"' ? "the text has no closing quote" : "a value is expected");
	if (parse_value(r, length, ret) < 0) {
		if (*r->at == '"')
			return refuse(r, "the text in quotes is not as JSON writes it");
		*ret = unquoted(r, length);
		*r->deviations |= SCIM_DEVIATION(SCIM_UNQUOTED_VALUE);
	}
	r->at += length;
	return 0;
}

/* ---- comparisons ---- */

static const char *const operators[] = { [SCIM_EQ] = "eq", [SCIM_NE] = "ne", [SCIM_CO] = "co", [SCIM_SW] = "sw",
					 [SCIM_EW] = "ew", [SCIM_GT] = "gt", [SCIM_GE] = "ge", [SCIM_LT] = "lt",
					 [SCIM_LE] = "le", [SCIM_PR] = "pr" };

static int read_operator(struct reader *r, enum scim_operator *ret)
{
	size_t length;

	skip_blanks(r);
	length = word_length(r->at);
	for (size_t i = 0; i < ARRAY_COUNT(operators); i++)
		if (is_word(r->at, length, operators[i])) {
			*ret = (enum scim_operator)i;
			r->at += length;
			return 0;
		}
	return refuse(r, "an operator is expected: eq, ne, co, sw, ew, gt, ge, lt, le or pr");
}

/* What is compared in the end: the part, or what stands for the whole (RFC 7643, 2.4: "value"). */
static int settle(struct reader *r, struct scim_path *path)
{
	const struct scim_attribute *value;

	if (!path->attribute || path->attribute->type != SCIM_COMPLEX || path->part)
		return 0;
	value = scim_attribute_find(path->attribute->parts, "value", strlen("value"));
	if (!value)
		return refuse(r, "\"%s\" has parts; say which, such as \"%s.%s\"", path->name, path->name,
			      path->attribute->parts[0].name);
	path->part_attribute = value;
	path->part = value->name;
	return 0;
}

static bool orders(enum scim_operator operator)
{
	return operator == SCIM_GT || operator == SCIM_GE || operator == SCIM_LT || operator == SCIM_LE;
}

static bool searches(enum scim_operator operator)
{
	return operator == SCIM_CO || operator == SCIM_SW || operator == SCIM_EW;
}

/* Clients that know no boolean send "True" in quotes. */
static const struct json *as_boolean(const struct reader *r, const struct json *value)
{
	const char *text = json_text(value);
	bool truth = text && strcasecmp(text, "true") == 0;

	if (!truth && (!text || strcasecmp(text, "false") != 0))
		return value;
	*r->deviations |= SCIM_DEVIATION(SCIM_BOOLEAN_AS_TEXT);
	return json_new_bool(r->arena, truth);
}

static int check_value(struct reader *r, struct scim_filter *f)
{
	const struct scim_attribute *what = f->path.part ? f->path.part_attribute : f->path.attribute;
	int64_t time;

	if (what && what->type == SCIM_BOOLEAN)
		f->value = as_boolean(r, f->value);
	if ((searches(f->operator) && !json_is_text(f->value)) ||
	    (orders(f->operator) && !json_is_text(f->value) && !json_is_number(f->value)))
		return refuse(r, "\"%s\" cannot be asked of this value", operators[f->operator]);
	if (!what || json_is_null(f->value))
		return 0;
	if (what->type == SCIM_BOOLEAN && (!json_is_bool(f->value) || orders(f->operator) || searches(f->operator)))
		return refuse(r, "\"%s\" is true or false, and can be asked for with eq and ne", what->name);
	if (what->type == SCIM_DATETIME && searches(f->operator))
		return refuse(r, "\"%s\" is a time, of which \"%s\" cannot be asked", what->name, operators[f->operator]);
	if (what->type == SCIM_DATETIME &&
	    (!json_is_text(f->value) || clock_parse(json_text(f->value), &time) < 0))
		return refuse(r, "\"%s\" is a time, such as \"2026-01-31T12:00:00Z\"", what->name);
	if (what->type != SCIM_BOOLEAN && !json_is_text(f->value))
		return refuse(r, "\"%s\" is a text, which stands in quotes", what->name);
	return 0;
}

static int read_or(struct reader *r, const struct scim_filter **ret);

static struct scim_filter *node(struct reader *r, enum scim_filter_kind kind)
{
	struct scim_filter *f = arena_take(r->arena, sizeof(*f));

	f->kind = kind;
	return f;
}

static int descend(struct reader *r)
{
	return ++r->depth > SCIM_FILTER_DEPTH_MOST ? over(r, "brackets within brackets", SCIM_FILTER_DEPTH_MOST) : 0;
}

/* What stands in [ ] behind an attribute: a filter on its values. */
static int read_brackets(struct reader *r, struct scim_path *path)
{
	const struct scim_attribute *before = r->in;

	if (r->within)
		return refuse(r, "brackets of this kind cannot stand within each other");
	if (path->part || (path->attribute && !path->attribute->parts))
		return refuse(r, "only an attribute with parts can have brackets");
	if (descend(r) < 0)
		return -1;
	r->in = path->attribute;
	r->within = true;
	if (read_or(r, &path->filter) < 0)
		return -1;
	r->in = before;
	r->within = false;
	r->depth--;
	return take_sign(r, ']') ? 0 : refuse(r, "\"]\" is expected");
}

/* The part behind brackets: emails[type eq "work"].value. */
static int read_part_behind(struct reader *r, struct scim_path *path)
{
	size_t length;

	if (*r->at != '.')
		return 0;
	r->at++;
	length = word_length(r->at);
	if (resolve_part(r, path, r->at, length) < 0)
		return -1;
	r->at += length;
	return 0;
}

static int read_comparison(struct reader *r, const struct scim_filter **ret)
{
	struct scim_filter *f = node(r, SCIM_COMPARE);

	if (++r->terms > SCIM_FILTER_TERMS_MOST)
		return over(r, "comparisons", SCIM_FILTER_TERMS_MOST);
	if (read_attribute(r, &f->path) < 0)
		return -1;
	if (*r->at == '[') {
		r->at++;
		if (read_brackets(r, &f->path) < 0 || read_part_behind(r, &f->path) < 0)
			return -1;
		if (!f->path.part) {
			f->kind = SCIM_HAS;
			*ret = f;
			return 0;
		}
	}
	if (read_operator(r, &f->operator) < 0)
		return -1;
	if (f->operator != SCIM_PR &&
	    (settle(r, &f->path) < 0 || read_value(r, &f->value) < 0 || check_value(r, f) < 0))
		return -1;
	*ret = f;
	return 0;
}

static int read_term(struct reader *r, const struct scim_filter **ret)
{
	struct scim_filter *negated = NULL;

	if (take_word(r, "not")) {
		negated = node(r, SCIM_NOT);
		skip_blanks(r);
		if (*r->at != '(')
			return refuse(r, "behind \"not\", \"(\" is expected");
	}
	if (!take_sign(r, '('))
		return read_comparison(r, ret);
	if (descend(r) < 0 || read_or(r, negated ? &negated->left : ret) < 0)
		return -1;
	r->depth--;
	if (!take_sign(r, ')'))
		return refuse(r, "\")\" is expected");
	if (negated)
		*ret = negated;
	return 0;
}

static int read_and(struct reader *r, const struct scim_filter **ret)
{
	if (read_term(r, ret) < 0)
		return -1;
	while (take_word(r, "and")) {
		struct scim_filter *both = node(r, SCIM_AND);

		both->left = *ret;
		if (read_term(r, &both->right) < 0)
			return -1;
		*ret = both;
	}
	return 0;
}

static int read_or(struct reader *r, const struct scim_filter **ret)
{
	if (read_and(r, ret) < 0)
		return -1;
	while (take_word(r, "or")) {
		struct scim_filter *either = node(r, SCIM_OR);

		either->left = *ret;
		if (read_and(r, &either->right) < 0)
			return -1;
		*ret = either;
	}
	return 0;
}

/* ---- the whole ---- */

static int check_text(struct reader *r)
{
	size_t length = strlen(r->text);

	if (length > SCIM_FILTER_MOST)
		return over(r, "bytes", SCIM_FILTER_MOST);
	return text_is_utf8(r->text, length) ? 0 : refuse(r, "it is not UTF-8");
}

static int check_end(struct reader *r)
{
	skip_blanks(r);
	return *r->at ? refuse(r, "it should have ended here") : 0;
}

int scim_filter_read(struct arena *arena, enum scim_kind kind, const char *text, const struct scim_filter **ret,
		     unsigned *deviations, struct error *e)
{
	struct reader r = { .arena = arena, .kind = kind, .text = text, .at = text, .error = e };
	const struct scim_filter *filter;

	r.deviations = deviations;
	if (check_text(&r) < 0 || read_or(&r, &filter) < 0 || check_end(&r) < 0)
		return -1;
	*ret = filter;
	return 0;
}

int scim_path_read(struct arena *arena, enum scim_kind kind, const char *text, struct scim_path *ret,
		   unsigned *deviations, struct error *e)
{
	struct reader r = { .arena = arena, .kind = kind, .text = text, .at = text, .path = true, .error = e };
	struct scim_path path = { 0 };

	r.deviations = deviations;
	if (check_text(&r) < 0 || read_attribute(&r, &path) < 0)
		return -1;
	if (*r.at == '[') {
		r.at++;
		if (read_brackets(&r, &path) < 0 || read_part_behind(&r, &path) < 0)
			return -1;
	}
	if (check_end(&r) < 0)
		return -1;
	*ret = path;
	return 0;
}
