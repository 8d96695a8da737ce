#include "okta/place.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define HEAD "okta 1\n"

/* A line "name value"; values have no line feed in them. */
static const char *next_line(const char **at, const char *end, size_t *ret_length)
{
	const char *line = *at, *feed = memchr(line, '\n', (size_t)(end - line));

	if (!feed)
		return NULL;
	*ret_length = (size_t)(feed - line);
	*at = feed + 1;
	return line;
}

static int keep(char *ret, size_t size, const char *value, size_t length)
{
	if (length >= size || memchr(value, '\0', length))
		return -1;
	memcpy(ret, value, length);
	ret[length] = '\0';
	return 0;
}

static int read_number(const char *value, size_t length, unsigned long long *ret)
{
	char text[24];
	int64_t number;

	if (keep(text, sizeof(text), value, length) < 0 || text_to_int64(text, &number) < 0 || number < 0)
		return -1;
	*ret = (unsigned long long)number;
	return 0;
}

static int read_group(struct place *place, const char *value, size_t length)
{
	if (place->group_count == PLACE_GROUPS_MOST)
		return -1;
	return keep(place->groups[place->group_count++], PLACE_ID_MOST + 1, value, length);
}

static int read_pair(struct place *place, const char *value, size_t length)
{
	const char *blank = memchr(value, ' ', length);
	struct pair *pair = &place->pairs[place->pair_count];

	if (!blank || place->pair_count == PLACE_PAIRS_MOST)
		return -1;
	place->pair_count++;
	return keep(pair->group, sizeof(pair->group), value, (size_t)(blank - value)) < 0
		       ? -1
		       : keep(pair->person, sizeof(pair->person), blank + 1,
			      length - (size_t)(blank + 1 - value));
}

static int read_enum(const char *value, size_t length, unsigned most, unsigned *ret)
{
	unsigned long long number;

	if (read_number(value, length, &number) < 0 || number < 1 || number > most)
		return -1;
	*ret = (unsigned)number;
	return 0;
}

static int read_value(struct place *p, const char *name, const char *value, size_t length)
{
	const struct {
		const char *name;
		char *text;
		size_t size;
		unsigned long long *number;
	} rows[] = {
		{ "since", p->since, sizeof(p->since), NULL },
		{ "begun", p->begun, sizeof(p->begun), NULL },
		{ "url", p->url, sizeof(p->url), NULL },
		{ "members_url", p->members_url, sizeof(p->members_url), NULL },
		{ "log_url", p->log_url, sizeof(p->log_url), NULL },
		{ "oldest", p->oldest, sizeof(p->oldest), NULL },
		{ "told", p->told, sizeof(p->told), NULL },
		{ "looked", p->looked, sizeof(p->looked), NULL },
		{ "log_unread", NULL, 0, &p->log_unread },
		{ "mark", p->chain.mark, sizeof(p->chain.mark), NULL },
		{ "members_mark", p->members_chain.mark, sizeof(p->members_chain.mark), NULL },
		{ "chain", NULL, 0, &p->chain.pages },
		{ "chain_next", NULL, 0, &p->chain.next_mark },
		{ "chain_empty", NULL, 0, &p->chain.empty },
		{ "members_chain", NULL, 0, &p->members_chain.pages },
		{ "members_chain_next", NULL, 0, &p->members_chain.next_mark },
		{ "members_chain_empty", NULL, 0, &p->members_chain.empty },
		{ "people", NULL, 0, &p->people },
		{ "former", NULL, 0, &p->former },
		{ "groups", NULL, 0, &p->group_total },
		{ "members", NULL, 0, &p->members },
		{ "pages", NULL, 0, &p->pages },
		{ "requests", NULL, 0, &p->requests },
	};
	unsigned number;

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		if (text_equal(name, rows[i].name))
			return rows[i].number ? read_number(value, length, rows[i].number)
					      : keep(rows[i].text, rows[i].size, value, length);
	if (text_equal(name, "group"))
		return read_group(p, value, length);
	if (text_equal(name, "pair"))
		return read_pair(p, value, length);
	if (text_equal(name, "scope") && read_enum(value, length, ROSTER_NAMED, &number) == 0)
		return p->scope = (enum roster_scope)number, 0;
	if (text_equal(name, "stage") && read_enum(value, length, STAGE_DONE, &number) == 0)
		return p->stage = (enum stage)number, 0;
	return -1;
}

int place_read(const void *bytes, size_t size, struct place *ret)
{
	const char *at = bytes, *end = at + size, *line;
	size_t length;

	*ret = (struct place){ 0 };
	if (size < strlen(HEAD) || memcmp(at, HEAD, strlen(HEAD)) != 0)
		return -1;
	at += strlen(HEAD);
	while (at < end) {
		char name[32];
		const char *blank;

		line = next_line(&at, end, &length);
		blank = line ? memchr(line, ' ', length) : NULL;
		if (!blank || keep(name, sizeof(name), line, (size_t)(blank - line)) < 0 ||
		    read_value(ret, name, blank + 1, length - (size_t)(blank + 1 - line)) < 0)
			return -1;
	}
	return ret->scope && ret->stage ? 0 : -1;
}

static void put_text(struct buffer *b, const char *name, const char *value)
{
	if (!value[0])
		return;
	if (strchr(value, '\n'))
		b->full = true;
	buffer_format(b, "%s ", name);
	buffer_text(b, value);
	buffer_text(b, "\n");
}

static void put_number(struct buffer *b, const char *name, unsigned long long value)
{
	if (value > 0)
		buffer_format(b, "%s %llu\n", name, value);
}

static int finish(struct buffer *b, char *ret, size_t most, size_t *ret_size)
{
	int result = b->full || b->length > most ? -1 : 0;

	if (result == 0) {
		memcpy(ret, b->bytes, b->length);
		*ret_size = b->length;
	}
	buffer_close(b);
	return result;
}

static void put_chain(struct buffer *b, const char *mark, const char *pages, const char *next,
		      const char *empty, const struct chain *chain)
{
	put_text(b, mark, chain->mark);
	put_number(b, pages, chain->pages);
	put_number(b, next, chain->next_mark);
	put_number(b, empty, chain->empty);
}

int place_write(const struct place *p, char *ret, size_t most, size_t *ret_size)
{
	struct buffer b;

	buffer_open(&b, ROSTER_CURSOR_MOST);
	buffer_text(&b, HEAD);
	put_number(&b, "scope", p->scope);
	put_number(&b, "stage", p->stage);
	put_text(&b, "since", p->since);
	put_text(&b, "begun", p->begun);
	put_text(&b, "url", p->url);
	put_text(&b, "members_url", p->members_url);
	put_text(&b, "log_url", p->log_url);
	put_text(&b, "oldest", p->oldest);
	put_text(&b, "told", p->told);
	put_text(&b, "looked", p->looked);
	put_number(&b, "log_unread", p->log_unread);
	put_chain(&b, "mark", "chain", "chain_next", "chain_empty", &p->chain);
	put_chain(&b, "members_mark", "members_chain", "members_chain_next", "members_chain_empty",
		  &p->members_chain);
	put_number(&b, "people", p->people);
	put_number(&b, "former", p->former);
	put_number(&b, "groups", p->group_total);
	put_number(&b, "members", p->members);
	put_number(&b, "pages", p->pages);
	put_number(&b, "requests", p->requests);
	for (size_t i = p->group_at; i < p->group_count; i++)
		put_text(&b, "group", p->groups[i]);
	for (size_t i = 0; i < p->pair_count; i++)
		buffer_format(&b, "pair %s %s\n", p->pairs[i].group, p->pairs[i].person);
	return finish(&b, ret, most, ret_size);
}

int place_write_next(const struct place *p, char *ret, size_t most, size_t *ret_size)
{
	struct buffer b;

	buffer_open(&b, ROSTER_CURSOR_MOST);
	buffer_text(&b, HEAD);
	put_number(&b, "scope", ROSTER_CHANGED);
	put_number(&b, "stage", STAGE_LOG);
	put_text(&b, "since", p->begun);
	put_text(&b, "told", p->looked);
	put_text(&b, "log_url", p->log_url);
	return finish(&b, ret, most, ret_size);
}
