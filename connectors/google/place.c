#include "google/place.h"

#include <string.h>

#include "base/text.h"
#include "common/cursor.h"

#define HEAD "google 2"

enum { ROWS_MOST = 24 };

/* Of what is due in a cursor, by its kind. */
static const char due_letters[] = "pdig";

/* Scope and stage go by way of numbers. */
struct numbers {
	unsigned long long scope, stage;
};

static size_t make_rows(struct place *p, struct numbers *numbers, struct cursor_row rows[ROWS_MOST])
{
	const struct cursor_row all[] = {
		{ "scope", NULL, 0, &numbers->scope },
		{ "stage", NULL, 0, &numbers->stage },
		{ "since", NULL, 0, &p->since_s },
		{ "settled", NULL, 0, &p->settled_s },
		{ "begun", NULL, 0, &p->begun_s },
		{ "token", p->token, sizeof(p->token), NULL },
		{ "members_token", p->members_token, sizeof(p->members_token), NULL },
		{ "account", p->account, sizeof(p->account), NULL },
		{ "mark", p->chain.mark, sizeof(p->chain.mark), NULL },
		{ "chain", NULL, 0, &p->chain.pages },
		{ "chain_next", NULL, 0, &p->chain.next_mark },
		{ "chain_empty", NULL, 0, &p->chain.empty },
		{ "members_mark", p->members_chain.mark, sizeof(p->members_chain.mark), NULL },
		{ "members_chain", NULL, 0, &p->members_chain.pages },
		{ "members_chain_next", NULL, 0, &p->members_chain.next_mark },
		{ "members_chain_empty", NULL, 0, &p->members_chain.empty },
		{ "people", NULL, 0, &p->people },
		{ "groups", NULL, 0, &p->group_total },
		{ "members", NULL, 0, &p->members },
		{ "everybody", NULL, 0, &p->everybody },
		{ "pages", NULL, 0, &p->pages },
		{ "requests", NULL, 0, &p->requests },
	};

	memcpy(rows, all, sizeof(all));
	return ARRAY_COUNT(all);
}

/* "p liz@acme.example" */
static bool take_due(struct place *place, const char *value, size_t length)
{
	struct due *due = &place->due[place->due_count];
	const char *letter = length > 2 && value[1] == ' ' && value[0] ? strchr(due_letters, value[0]) : NULL;

	if (!letter || place->due_count == PLACE_DUE_MOST)
		return false;
	place->due_count++;
	due->kind = (enum due_kind)(letter - due_letters);
	return cursor_keep(due->key, sizeof(due->key), value + 2, length - 2) == 0;
}

static int hexadecimal(char letter)
{
	const char *found = letter ? strchr("0123456789abcdef", letter) : NULL;

	return found ? (int)(found - "0123456789abcdef") : -1;
}

/* "0123456789abcdef 1796070000" */
static bool take_seen(struct place *place, const char *value, size_t length)
{
	struct seen *seen = &place->seen[place->seen_count];
	char number[24];
	int64_t at_s;

	if (place->seen_count == PLACE_SEEN_MOST || length < 18 || value[16] != ' ' ||
	    cursor_keep(number, sizeof(number), value + 17, length - 17) < 0 ||
	    text_to_int64(number, &at_s) < 0 || at_s < 0)
		return false;
	for (int i = 0; i < 16; i++) {
		int digit = hexadecimal(value[i]);

		if (digit < 0)
			return false;
		seen->mark = seen->mark << 4 | (unsigned)digit;
	}
	seen->at_s = (unsigned long long)at_s;
	place->seen_count++;
	return true;
}

static bool take_line(void *context, const char *name, const char *value, size_t length)
{
	struct place *place = context;

	if (text_equal(name, "due"))
		return take_due(place, value, length);
	if (text_equal(name, "seen"))
		return take_seen(place, value, length);
	return text_equal(name, "group") && length > 0 && place->group_count < PLACE_GROUPS_MOST &&
	       cursor_keep(place->groups[place->group_count++], PLACE_ID_MOST + 1, value, length) == 0;
}

int place_read(const void *bytes, size_t size, struct place *ret)
{
	struct cursor_row rows[ROWS_MOST];
	struct numbers numbers = { 0 };
	size_t count = make_rows(ret, &numbers, rows);

	memset(ret, 0, sizeof(*ret));
	if (cursor_read(HEAD, bytes, size, rows, count, take_line, ret) < 0 || numbers.scope < ROSTER_ALL ||
	    numbers.scope > ROSTER_CHANGED || numbers.stage < STAGE_BEGIN || numbers.stage >= STAGE_DONE)
		return -1;
	ret->scope = (enum roster_scope)numbers.scope;
	ret->stage = (enum stage)numbers.stage;
	return 0;
}

void place_write(struct place *place, struct buffer *ret)
{
	struct numbers numbers = { place->scope, place->stage };
	struct cursor_row rows[ROWS_MOST];

	cursor_write(HEAD, rows, make_rows(place, &numbers, rows), ret);
	for (size_t i = place->group_at; i < place->group_count; i++)
		cursor_put(ret, "group", place->groups[i]);
	for (const struct due *due = place->due; due < place->due + place->due_count; due++)
		if (due->kind != DUE_NOTHING)
			buffer_format(ret, "due %c %s\n", due_letters[due->kind], due->key);
	for (const struct seen *seen = place->seen; seen < place->seen + place->seen_count; seen++)
		buffer_format(ret, "seen %016llx %llu\n", (unsigned long long)seen->mark, seen->at_s);
}

static unsigned long long less(unsigned long long time_s, unsigned long long seconds)
{
	return time_s > seconds ? time_s - seconds : 0;
}

/* An event that is looked into again is looked into once too often; one that is not, never. */
static void keep_seen(const struct place *place, struct place *next)
{
	unsigned long long until_s = less(place->begun_s, PLACE_SETTLE_S);

	for (const struct seen *seen = place->seen; seen < place->seen + place->seen_count; seen++)
		if (seen->at_s >= next->since_s && seen->at_s <= until_s)
			next->seen[next->seen_count++] = *seen;
}

void place_write_next(struct place *place, struct buffer *ret)
{
	static struct place next; /* too large for a stack; a plug-in has one thread */

	memset(&next, 0, sizeof(next));
	next.scope = ROSTER_CHANGED;
	next.stage = STAGE_EVENTS;
	next.settled_s = place->scope == ROSTER_ALL ? less(place->begun_s, PLACE_SETTLE_S) : place->settled_s;
	next.since_s = less(place->begun_s, PLACE_OVERLAP_S);
	if (next.since_s < next.settled_s)
		next.since_s = next.settled_s;
	keep_seen(place, &next);
	place_write(&next, ret);
}
