#include "auth0/place.h"

#include <string.h>

#include "base/text.h"
#include "common/cursor.h"

#define HEAD "auth0 1"

enum { ROWS = 24 };

/* scope and stage travel as numbers. */
struct numbers {
	unsigned long long scope, stage;
};

static void fill(struct place *p, struct numbers *n, struct cursor_row ret[ROWS])
{
	const struct cursor_row rows[ROWS] = {
		{ "scope", NULL, 0, &n->scope },
		{ "stage", NULL, 0, &n->stage },
		{ "at", p->at, sizeof(p->at), NULL },
		{ "at_time", p->at_time, sizeof(p->at_time), NULL },
		{ "mark", p->mark, sizeof(p->mark), NULL },
		{ "mark_time", p->mark_time, sizeof(p->mark_time), NULL },
		{ "begun", p->begun, sizeof(p->begun), NULL },
		{ "settled", p->settled, sizeof(p->settled), NULL },
		{ "low", p->low, sizeof(p->low), NULL },
		{ "ties", NULL, 0, &p->ties },
		{ "tie_page", NULL, 0, &p->tie_page },
		{ "total", NULL, 0, &p->total },
		{ "capped", NULL, 0, &p->capped },
		{ "log_more", NULL, 0, &p->log_more },
		{ "next", p->next, sizeof(p->next), NULL },
		{ "mark_of_chain", p->chain.mark, sizeof(p->chain.mark), NULL },
		{ "chain", NULL, 0, &p->chain.pages },
		{ "chain_next", NULL, 0, &p->chain.next_mark },
		{ "chain_empty", NULL, 0, &p->chain.empty },
		{ "people", NULL, 0, &p->people },
		{ "roles", NULL, 0, &p->role_total },
		{ "held", NULL, 0, &p->held },
		{ "pages", NULL, 0, &p->pages },
		{ "requests", NULL, 0, &p->requests },
	};

	memcpy(ret, rows, sizeof(rows));
}

static bool read_line(void *context, const char *name, const char *value, size_t length)
{
	struct place *place = context;

	if (text_equal(name, "role") && place->role_count < PLACE_ROLES_MOST)
		return cursor_keep(place->roles[place->role_count++], PLACE_ROLE_MOST + 1, value, length) ==
		       0;
	if (text_equal(name, "due") && place->due_count < PLACE_DUE_MOST)
		return cursor_keep(place->due[place->due_count++], PLACE_PERSON_MOST + 1, value, length) == 0;
	if (text_equal(name, "gone") && place->gone_count < PLACE_GONE_MOST)
		return cursor_keep(place->gone[place->gone_count++], PLACE_PERSON_MOST + 1, value, length) ==
		       0;
	return false;
}

int place_read(const void *bytes, size_t size, struct place *ret)
{
	struct cursor_row rows[ROWS];
	struct numbers numbers = { 0, 0 };

	*ret = (struct place){ 0 };
	fill(ret, &numbers, rows);
	if (cursor_read(HEAD, bytes, size, rows, ROWS, read_line, ret) < 0 || numbers.scope < ROSTER_ALL ||
	    numbers.scope > ROSTER_CHANGED || numbers.stage < STAGE_BEGIN || numbers.stage >= STAGE_DONE)
		return -1;
	ret->scope = (enum roster_scope)numbers.scope;
	ret->stage = (enum stage)numbers.stage;
	return 0;
}

void place_write(struct place *p, struct buffer *ret)
{
	struct numbers numbers = { p->scope, p->stage };
	struct cursor_row rows[ROWS];

	fill(p, &numbers, rows);
	cursor_write(HEAD, rows, ROWS, ret);
	for (size_t i = p->role_at; i < p->role_count; i++)
		cursor_put(ret, "role", p->roles[i]);
	for (size_t i = p->due_at; i < p->due_count; i++)
		cursor_put(ret, "due", p->due[i]);
	for (size_t i = 0; i < p->gone_count; i++)
		cursor_put(ret, "gone", p->gone[i]);
}

void place_write_next(struct place *p, struct buffer *ret)
{
	static struct place next; /* too large for a stack; a plug-in has one thread */
	bool all = p->scope == ROSTER_ALL;

	memset(&next, 0, sizeof(next));
	next.scope = ROSTER_CHANGED;
	next.stage = STAGE_LOG;
	strcpy(next.at, all ? p->mark : p->at);
	strcpy(next.at_time, all ? p->mark_time : p->at_time);
	strcpy(next.settled, p->settled);
	place_write(&next, ret);
}
