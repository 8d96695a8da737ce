#include "google/place.h"

#include <string.h>

#include "base/text.h"
#include "common/cursor.h"

#define HEAD "google 1"

enum { ROWS_MOST = 20 };

static size_t make_rows(struct place *p, unsigned long long *stage, struct cursor_row rows[ROWS_MOST])
{
	const struct cursor_row all[] = {
		{ "stage", NULL, 0, stage },
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

static bool take_line(void *context, const char *name, const char *value, size_t length)
{
	struct place *place = context;

	return text_equal(name, "group") && length > 0 && place->group_count < PLACE_GROUPS_MOST &&
	       cursor_keep(place->groups[place->group_count++], PLACE_ID_MOST + 1, value, length) == 0;
}

int place_read(const void *bytes, size_t size, struct place *ret)
{
	struct cursor_row rows[ROWS_MOST];
	unsigned long long stage = 0;
	size_t count = make_rows(ret, &stage, rows);

	memset(ret, 0, sizeof(*ret));
	if (cursor_read(HEAD, bytes, size, rows, count, take_line, ret) < 0 ||
	    (stage != STAGE_PEOPLE && stage != STAGE_GROUPS))
		return -1;
	ret->stage = (enum stage)stage;
	return 0;
}

void place_write(struct place *place, struct buffer *ret)
{
	struct cursor_row rows[ROWS_MOST];
	unsigned long long stage = place->stage;

	cursor_write(HEAD, rows, make_rows(place, &stage, rows), ret);
	for (size_t i = place->group_at; i < place->group_count; i++)
		cursor_put(ret, "group", place->groups[i]);
}
