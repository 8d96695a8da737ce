#include "peers/vendor/okta_filter.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct okta_filter {
	enum { TERM, AND, OR } kind;
	struct okta_filter *left, *right;
	char name[64], operator[8], value[512];
};

struct reader {
	const char *at;
	const struct okta_attribute *attributes;
};

static struct okta_filter *read_or(struct reader *reader);

static void skip(struct reader *reader)
{
	while (*reader->at == ' ')
		reader->at++;
}

static bool read_word(struct reader *reader, char *ret, size_t size)
{
	size_t length;

	skip(reader);
	length = strcspn(reader->at, " ()\"");
	if (length == 0 || length >= size)
		return false;
	memcpy(ret, reader->at, length);
	ret[length] = '\0';
	reader->at += length;
	return true;
}

static bool read_quoted(struct reader *reader, char *ret, size_t size)
{
	size_t length = 0;

	skip(reader);
	if (*reader->at++ != '"')
		return false;
	for (; *reader->at && *reader->at != '"'; reader->at++) {
		if (*reader->at == '\\' && reader->at[1])
			reader->at++;
		if (length + 1 == size)
			return false;
		ret[length++] = *reader->at;
	}
	ret[length] = '\0';
	return *reader->at++ == '"';
}

static bool takes(const struct reader *reader, const struct okta_filter *term)
{
	char wanted[16], have[64];

	for (const struct okta_attribute *attribute = reader->attributes; attribute->name; attribute++) {
		if (strcmp(attribute->name, term->name) != 0)
			continue;
		snprintf(wanted, sizeof(wanted), " %s ", term->operator);
		snprintf(have, sizeof(have), " %s ", attribute->operators);
		return strstr(have, wanted) != NULL;
	}
	return false;
}

void okta_filter_close(struct okta_filter *filter)
{
	if (!filter)
		return;
	okta_filter_close(filter->left);
	okta_filter_close(filter->right);
	free(filter);
}

static struct okta_filter *read_term(struct reader *reader)
{
	struct okta_filter *term;

	skip(reader);
	if (*reader->at == '(') {
		reader->at++;
		term = read_or(reader);
		skip(reader);
		if (term && *reader->at == ')') {
			reader->at++;
			return term;
		}
		okta_filter_close(term);
		return NULL;
	}
	term = calloc(1, sizeof(*term));
	if (read_word(reader, term->name, sizeof(term->name)) &&
	    read_word(reader, term->operator, sizeof(term->operator)) && takes(reader, term) &&
	    (strcmp(term->operator, "pr") == 0 || read_quoted(reader, term->value, sizeof(term->value))))
		return term;
	free(term);
	return NULL;
}

static bool read_joint(struct reader *reader, const char *word)
{
	size_t length = strlen(word);

	skip(reader);
	if (strncmp(reader->at, word, length) != 0 ||
	    (reader->at[length] != ' ' && reader->at[length] != '('))
		return false;
	reader->at += length;
	return true;
}

static struct okta_filter *join(int kind, struct okta_filter *left, struct okta_filter *right)
{
	struct okta_filter *both;

	if (!left || !right) {
		okta_filter_close(left);
		okta_filter_close(right);
		return NULL;
	}
	both = calloc(1, sizeof(*both));
	both->kind = kind;
	both->left = left;
	both->right = right;
	return both;
}

static struct okta_filter *read_and(struct reader *reader)
{
	struct okta_filter *left = read_term(reader);

	while (left && read_joint(reader, "and"))
		left = join(AND, left, read_term(reader));
	return left;
}

static struct okta_filter *read_or(struct reader *reader)
{
	struct okta_filter *left = read_and(reader);

	while (left && read_joint(reader, "or"))
		left = join(OR, left, read_and(reader));
	return left;
}

struct okta_filter *okta_filter_open(const char *text, const struct okta_attribute *attributes)
{
	struct reader reader = { text, attributes };
	struct okta_filter *filter = read_or(&reader);

	skip(&reader);
	if (!*reader.at)
		return filter;
	okta_filter_close(filter);
	return NULL;
}

bool okta_filter_matches(const struct okta_filter *f, const char *(*value)(const void *, const char *),
			 const void *context)
{
	const char *text;
	int order;

	if (f->kind == AND)
		return okta_filter_matches(f->left, value, context) &&
		       okta_filter_matches(f->right, value, context);
	if (f->kind == OR)
		return okta_filter_matches(f->left, value, context) ||
		       okta_filter_matches(f->right, value, context);
	text = value(context, f->name);
	order = strcmp(text, f->value); /* instants in one form are in the order of their letters */
	if (strcmp(f->operator, "eq") == 0)
		return order == 0;
	if (strcmp(f->operator, "ne") == 0)
		return order != 0;
	if (strcmp(f->operator, "gt") == 0)
		return order > 0;
	if (strcmp(f->operator, "ge") == 0)
		return order >= 0;
	if (strcmp(f->operator, "lt") == 0)
		return order < 0;
	if (strcmp(f->operator, "le") == 0)
		return order <= 0;
	if (strcmp(f->operator, "sw") == 0)
		return strncmp(text, f->value, strlen(f->value)) == 0;
	if (strcmp(f->operator, "co") == 0)
		return strstr(text, f->value) != NULL;
	if (strcmp(f->operator, "ew") == 0)
		return strlen(text) >= strlen(f->value) &&
		       strcmp(text + strlen(text) - strlen(f->value), f->value) == 0;
	return text[0] != '\0';
}
