#include "provision/guard.h"

#include "provision/change.h"
#include "provision/stage.h"
#include "store/query.h"

struct tally {
	int64_t lost;    /* members who would lose their membership */
	int64_t here;    /* active members whom this connection vouches for; counted if somebody would be lost */
	int64_t gone;    /* accounts that the directory no longer shows */
	bool people;     /* the directory showed somebody */
	int64_t ungrouped; /* groups that it no longer shows */
	bool groups;     /* it showed a group */
	int64_t unnamed; /* records that could not be read, of nobody we know, and were not so when last all was well */
};

static int count(struct tx *tx, struct arena *arena, const struct source *source, struct tally *ret, struct error *e)
{
	static const struct query tally = {
		"guard.tally",
		"SELECT (SELECT count(*) FROM planned WHERE kind = '" CHANGE_SUSPENDED "'), "
		"(SELECT count(*) FROM members WHERE organisation = $1 AND connection = $2 AND state = 'active' "
		"AND EXISTS (SELECT FROM planned WHERE kind = '" CHANGE_SUSPENDED "')), "
		"(SELECT count(*) FROM seen WHERE what = 'gone'), EXISTS (SELECT FROM staged_people), "
		"(SELECT count(*) FROM planned WHERE kind = '" CHANGE_GROUP_REMOVED "'), EXISTS (SELECT FROM groups_shown), "
		"(SELECT count(DISTINCT r.remote_id) FROM staged_refused r WHERE r.code = '" STAGE_UNREADABLE "' "
		"AND NOT EXISTS (SELECT FROM accounts a WHERE a.organisation = $1 AND a.connection = $2 AND a.remote_id = r.remote_id) "
		"AND r.remote_id NOT IN (SELECT g.remote_id FROM groups_shown g WHERE g.unread) "
		"AND r.remote_id NOT IN (SELECT g.reference FROM groups_shown g WHERE g.unread AND g.reference IS NOT NULL) "
		"AND NOT EXISTS (SELECT FROM refusals f WHERE f.organisation = $1 AND f.connection = $2 "
		"AND f.remote_id = r.remote_id AND f.first_seen_at <= (SELECT max(d.finished_at) FROM runs d "
		"WHERE d.organisation = $1 AND d.connection = $2 AND d.state = 'done' AND d.whole)))",
		QUERY_READS, QUERY_ONCE,
	};
	const struct rows *rows;
	if (query_one(tx, &tally, PARAMS(P_ID(&source->organisation), P_ID(&source->connection.id)), arena, &rows, e) < 0)
		return -1;
	*ret = (struct tally){ rows_int(rows, 0, 0),  rows_int(rows, 0, 1), rows_int(rows, 0, 2), rows_bool(rows, 0, 3),
		               rows_int(rows, 0, 4), rows_bool(rows, 0, 5), rows_int(rows, 0, 6) };
	return 0;
}

/* What no limit allows, because it is how a broken directory looks; NULL if it is nothing of the kind. */
static const char *looks_broken(struct arena *arena, const struct tally *t)
{
	long long lost = t->lost, gone = t->gone, ungrouped = t->ungrouped, unnamed = t->unnamed;
	if (!t->people && gone > 0)
		return arena_format(arena, "the directory showed nobody at all; %lld people would be gone and %lld members suspended",
		                    gone, lost);
	if (lost > 1 && lost >= t->here)
		return arena_format(arena, "the directory showed none of those who are here; all %lld active members would be suspended",
		                    lost);
	if (!t->groups && ungrouped > 0)
		return arena_format(arena, "the directory showed no group at all; %lld groups would be removed with what they yield",
		                    ungrouped);
	if (unnamed > 0 && lost > 0)
		return arena_format(arena, "%lld member%s would be suspended, and %lld record%s that could not be read may be one of them",
		                    lost, lost == 1 ? "" : "s", unnamed, unnamed == 1 ? "" : "s");
	return NULL;
}

int guard_judge(struct tx *tx, struct arena *arena, const struct source *source, const char **ret_reason, struct error *e)
{
	struct tally tally;
	if (count(tx, arena, source, &tally, e) < 0)
		return -1;
	const char *reason = looks_broken(arena, &tally);
	if (reason) {
		*ret_reason = reason;
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
