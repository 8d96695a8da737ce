#include "okta/place.h"

#include <string.h>

#include "base/text.h"
#include "common/cursor.h"

#define HEAD "okta 1"

enum { ROWS_MOST = 25 };

/* Scope and stage go by way of numbers. */
struct numbers {
	unsigned long long scope, stage;
};

static size_t make_rows(struct place *p, struct numbers *numbers, struct cursor_row rows[ROWS_MOST])
{
	const struct cursor_row all[] = {
		{ "scope", NULL, 0, &numbers->scope },
		{ "stage", NULL, 0, &numbers->stage },
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
		{ "chain", NULL, 0, &p->chain.pages },
		{ "chain_next", NULL, 0, &p->chain.next_mark },
		{ "chain_empty", NULL, 0, &p->chain.empty },
		{ "members_mark", p->members_chain.mark, sizeof(p->members_chain.mark), NULL },
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

	memcpy(rows, all, sizeof(all));
	return ARRAY_COUNT(all);
}

static bool take_pair(struct place *place, const char *value, size_t length)
{
	const char *blank = memchr(value, ' ', length);
	struct pair *pair = &place->pairs[place->pair_count];

	if (!blank || place->pair_count == PLACE_PAIRS_MOST)
		return false;
	place->pair_count++;
	return cursor_keep(pair->group, sizeof(pair->group), value, (size_t)(blank - value)) == 0 &&
	       cursor_keep(pair->person, sizeof(pair->person), blank + 1,
			   length - (size_t)(blank + 1 - value)) == 0;
}

static bool take_line(void *context, const char *name, const char *value, size_t length)
{
	struct place *place = context;

	if (text_equal(name, "pair"))
		return take_pair(place, value, length);
	return text_equal(name, "group") && place->group_count < PLACE_GROUPS_MOST &&
	       cursor_keep(place->groups[place->group_count++], PLACE_ID_MOST + 1, value, length) == 0;
}

int place_read(const void *bytes, size_t size, struct place *ret)
{
	struct cursor_row rows[ROWS_MOST];
	struct numbers numbers = { 0 };
	size_t count = make_rows(ret, &numbers, rows);

	memset(ret, 0, sizeof(*ret));
	if (cursor_read(HEAD, bytes, size, rows, count, take_line, ret) < 0 || numbers.scope < ROSTER_ALL ||
	    numbers.scope > ROSTER_NAMED || numbers.stage < STAGE_LOG || numbers.stage > STAGE_DONE)
		return -1;
	ret->scope = (enum roster_scope)numbers.scope;
	ret->stage = (enum stage)numbers.stage;
	return 0;
}

void place_write(struct place *p, struct buffer *ret)
{
	struct numbers numbers = { p->scope, p->stage };
	struct cursor_row rows[ROWS_MOST];

	cursor_write(HEAD, rows, make_rows(p, &numbers, rows), ret);
	for (size_t i = p->group_at; i < p->group_count; i++)
		cursor_put(ret, "group", p->groups[i]);
	for (size_t i = 0; i < p->pair_count; i++)
		buffer_format(ret, "pair %s %s\n", p->pairs[i].group, p->pairs[i].person);
}

void place_write_next(struct place *p, struct buffer *ret)
{
	static struct place next; /* too large for a stack; a plug-in has one thread */

	memset(&next, 0, sizeof(next));
	next.scope = ROSTER_CHANGED;
	next.stage = STAGE_LOG;
	strcpy(next.since, p->begun);
	strcpy(next.told, p->looked);
	strcpy(next.log_url, p->log_url);
	place_write(&next, ret);
}
