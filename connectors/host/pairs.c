#include "host/pairs.h"

#include <stdlib.h>
#include <string.h>

void pairs_add(struct pairs *pairs, int kind, const char *name, const void *value, size_t size)
{
	size_t name_size = strlen(name) + 1;
	struct pair *pair = malloc(sizeof(*pair) + name_size + size + 1);

	if (!pair)
		abort();
	memcpy(pair->name, name, name_size);
	memcpy(pair->name + name_size, value, size);
	pair->name[name_size + size] = '\0';
	pair->value = pair->name + name_size;
	pair->kind = kind;
	pair->next = NULL;
	if (!pairs->first)
		pairs->end = &pairs->first;
	*pairs->end = pair;
	pairs->end = &pair->next;
	pairs->count++;
}

const char *pairs_find(const struct pairs *pairs, int kind, const char *name)
{
	for (const struct pair *pair = pairs->first; pair; pair = pair->next)
		if (pair->kind == kind && strcmp(pair->name, name) == 0)
			return pair->value;
	return NULL;
}

void pairs_list(const struct pairs *pairs, int kind, struct roster_pair ret[ROSTER_PAIRS_MOST + 1])
{
	size_t count = 0;

	for (const struct pair *pair = pairs->first; pair && count < ROSTER_PAIRS_MOST; pair = pair->next)
		if (pair->kind == kind)
			ret[count++] = (struct roster_pair){ pair->name, pair->value };
	ret[count] = (struct roster_pair){ 0 };
}

void pairs_forget(struct pairs *pairs)
{
	while (pairs->first) {
		struct pair *next = pairs->first->next;

		explicit_bzero((char *)pairs->first->value, strlen(pairs->first->value));
		free(pairs->first);
		pairs->first = next;
	}
	pairs->count = 0;
}
