#include "provision/guard.h"

#include "provision/change.h"
#include "store/query.h"

struct tally {
	int64_t lost;   /* members who would lose their membership */
	int64_t here;   /* active members whom this connection vouches for */
	int64_t staged; /* people that the directory showed */
};

static int count(struct tx *tx, struct arena *arena, const struct source *source, struct tally *ret, struct error *e)
{
	static const struct query tally = {
		"guard.tally",
		"SELECT (SELECT count(*) FROM planned WHERE kind = '" CHANGE_SUSPENDED "'), "
		"(SELECT count(*) FROM members WHERE organisation = $1 AND connection = $2 AND state = 'active'), "
		"(SELECT count(*) FROM (SELECT FROM staged_people LIMIT 1) p)",
		QUERY_READS, QUERY_ONCE,
	};
	const struct rows *rows;
	if (query_one(tx, &tally, PARAMS(P_ID(&source->organisation), P_ID(&source->connection.id)), arena, &rows, e) < 0)
		return -1;
	*ret = (struct tally){ rows_int(rows, 0, 0), rows_int(rows, 0, 1), rows_int(rows, 0, 2) };
	return 0;
}

int guard_judge(struct tx *tx, struct arena *arena, const struct source *source, const char **ret_reason, struct error *e)
{
	struct tally tally;
	if (count(tx, arena, source, &tally, e) < 0)
		return -1;
	if (tally.lost == 0)
		return 1;

	if (tally.staged == 0) {
		*ret_reason = arena_format(arena, "the directory showed nobody at all; %lld members would be suspended",
		                           (long long)tally.lost);
		return 0;
	}

	const struct connection *c = &source->connection;
	int64_t share = tally.here * c->remove_share / 100;
	int64_t limit = share > c->remove_most ? share : c->remove_most;
	if (tally.lost <= limit)
		return 1;

	*ret_reason = arena_format(arena,
	                           "%lld of %lld active members would be suspended; at most %lld may be without being asked "
	                           "(remove_most %d, remove_share %d %%)",
	                           (long long)tally.lost, (long long)tally.here, (long long)limit, c->remove_most,
	                           c->remove_share);
	return 0;
}
