/* Steps over JSON that has been parsed before, so its grammar need not be checked again. */
#include "rosterctl/items.h"

#include <stdbool.h>
#include <string.h>

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " \t\r\n");
}

static const char *skip_text(const char *at)
{
	for (at++; *at != '"'; at++)
		if (*at == '\\')
			at++;
	return at + 1;
}

static const char *skip_value(const char *at)
{
	int depth = 0;

	do {
		if (*at == '"') {
			at = skip_text(at);
			continue;
		}
		if (*at == '{' || *at == '[')
			depth++;
		else if (*at == '}' || *at == ']')
			depth--;
		else if (depth == 0)
			return at + strcspn(at, " \t\r\n,]}");
		at++;
	} while (depth > 0);
	return at;
}

int items_find(const char *object, const char *name, struct items *ret)
{
	const char *at = skip_blanks(object), *key;
	size_t length = strlen(name);
	bool named;

	if (*at != '{')
		return 0;
	for (at = skip_blanks(at + 1); *at == '"'; at = skip_blanks(at + (*at == ','))) {
		key = at + 1;
		at = skip_text(at);
		named = (size_t)(at - 1 - key) == length && memcmp(key, name, length) == 0;
		at = skip_blanks(skip_blanks(at) + 1); /* over the colon */
		if (named && *at == '[') {
			ret->at = at + 1;
			return 1;
		}
		at = skip_blanks(skip_value(at));
	}
	return 0;
}

int items_next(struct items *items, const char **ret, size_t *ret_length)
{
	const char *item = skip_blanks(items->at);

	if (*item == ',')
		item = skip_blanks(item + 1);
	if (*item == ']')
		return 0;
	items->at = skip_value(item);
	*ret = item;
	*ret_length = (size_t)(items->at - item);
	return 1;
}
