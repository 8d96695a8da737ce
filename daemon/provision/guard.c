#include "provision/guard.h"

#include "provision/change.h"
#include "provision/stage.h"
#include "store/query.h"

struct tally {
	int64_t lost;    /* members who would lose their membership */
	int64_t here;    /* active members whom this connection vouches for; counted if somebody would be lost, as far as it matters */
	int64_t gone;    /* accounts that the directory no longer shows */
	bool people;     /* the directory showed somebody */
	int64_t ungrouped; /* groups that it no longer shows */
	bool groups;     /* it showed a group */
	int64_t recent;  /* members who have lost it lately, unasked */
	int64_t unnamed; /* records that could not be read, of nobody we know, and were not so when last all was well */
};

#define LATELY "at > now() - interval '24 hours'" /* GUARD_WINDOW_HOURS */

/* What went by one kind of limit lately, unasked. */
static int count_recent(struct tx *tx, struct arena *arena, const struct source *source, const char *kind, int64_t *ret,
                        struct error *e)
{
	static const struct query recent = {
		"guard.recent",
		"SELECT coalesce(sum(lost), 0)::bigint FROM removals WHERE organisation = $1 AND connection = $2 AND kind = $3 AND " LATELY,
		QUERY_READS, 0,
	};
	const struct rows *rows;
	if (query_one(tx, &recent, PARAMS(P_ID(&source->organisation), P_ID(&source->connection.id), P_TEXT(kind)), arena, &rows, e) < 0)
		return -1;
	*ret = rows_int(rows, 0, 0);
	return 0;
}

static int count(struct tx *tx, struct arena *arena, const struct source *source, bool all, struct tally *ret, struct error *e)
{
	static const struct query tally = {
		"guard.tally",
		"SELECT (SELECT count(*) FROM planned WHERE kind = '" CHANGE_SUSPENDED "'), "
		"(SELECT count(*) FROM (SELECT FROM members WHERE organisation = $1 AND connection = $2 AND state = 'active' "
		"AND EXISTS (SELECT FROM planned WHERE kind = '" CHANGE_SUSPENDED "') LIMIT (SELECT CASE WHEN NOT $4 THEN "
		"greatest(count(*) + 1, (count(*) + $5) * 100 / greatest($3, 1) + 100) END FROM planned WHERE kind = '" CHANGE_SUSPENDED "')) m), "
		"(SELECT count(*) FROM seen WHERE what = 'gone'), "
		"EXISTS (SELECT FROM staged_people) OR EXISTS (SELECT FROM staged_marks WHERE NOT is_group AND NOT gone), "
		"(SELECT count(*) FROM planned WHERE kind = '" CHANGE_GROUP_REMOVED "'), "
		"EXISTS (SELECT FROM groups_shown) OR EXISTS (SELECT FROM staged_marks WHERE is_group AND NOT gone), "
		"(SELECT count(DISTINCT r.remote_id) FROM staged_refused r WHERE r.code = '" STAGE_UNREADABLE "' "
		"AND NOT EXISTS (SELECT FROM accounts a WHERE a.organisation = $1 AND a.connection = $2 AND a.remote_id = r.remote_id) "
		"AND NOT EXISTS (SELECT FROM staged_people p WHERE p.remote_id = r.remote_id) "
		"AND NOT EXISTS (SELECT FROM staged_unnamed p WHERE p.remote_id = r.remote_id) "
		"AND r.remote_id NOT IN (SELECT g.remote_id FROM groups_shown g WHERE g.unread) "
		"AND r.remote_id NOT IN (SELECT g.reference FROM groups_shown g WHERE g.unread AND g.reference IS NOT NULL) "
		"AND NOT EXISTS (SELECT FROM refusals f WHERE f.organisation = $1 AND f.connection = $2 "
		"AND f.remote_id = r.remote_id AND f.first_seen_at <= (SELECT max(d.finished_at) FROM runs d "
		"WHERE d.organisation = $1 AND d.connection = $2 AND d.state = 'done' AND d.whole)))",
		QUERY_READS, QUERY_ONCE,
	};
	const struct rows *rows;
	int64_t recently;
	if (count_recent(tx, arena, source, "people", &recently, e) < 0)
		return -1;
	/* Of a reading of some, as many as the share needs are counted, and not the whole roster. */
	if (query_one(tx, &tally,
	              PARAMS(P_ID(&source->organisation), P_ID(&source->connection.id),
	                     P_INT(source->connection.guard[GUARD_PEOPLE].share), P_BOOL(all), P_INT(recently)),
	              arena, &rows, e) < 0)
		return -1;
	*ret = (struct tally){ rows_int(rows, 0, 0),  rows_int(rows, 0, 1), rows_int(rows, 0, 2), rows_bool(rows, 0, 3),
		               rows_int(rows, 0, 4), rows_bool(rows, 0, 5), recently, rows_int(rows, 0, 6) };
	return 0;
}

/* One more reason, after those that there are. */
static const char *also(struct arena *arena, const char *reasons, const char *reason)
{
	return reasons ? arena_format(arena, "%s; %s", reasons, reason) : reason;
}

/* What no limit allows, because it is how a broken directory looks; NULL if it is nothing of the kind. */
static const char *looks_broken(struct arena *arena, const struct tally *t, bool by_absence)
{
	long long lost = t->lost, gone = t->gone, ungrouped = t->ungrouped, unnamed = t->unnamed;
	const char *reasons = NULL;
	if (by_absence && !t->people && gone > 0)
		reasons = arena_format(arena, "the directory showed nobody at all; %lld %s would be gone and %lld member%s suspended",
		                       gone, gone == 1 ? "person" : "people", lost, lost == 1 ? "" : "s");
	else if (lost > 1 && lost >= t->here)
		reasons = arena_format(arena, "the directory %s; all %lld of them would be suspended",
		                       by_absence ? "showed none of the members for whom it leads"
		                                  : "says that all members for whom it leads are gone", lost);
	if (by_absence && !t->groups && ungrouped > 0)
		reasons = also(arena, reasons,
		               arena_format(arena, "the directory showed no group at all; %lld group%s would be removed with what they yield",
		                            ungrouped, ungrouped == 1 ? "" : "s"));
	if (by_absence && unnamed > 0 && lost > 0)
		reasons = also(arena, reasons,
		               arena_format(arena, "%lld member%s would be suspended, and %lld record%s that could not be read may be one of them",
		                            lost, lost == 1 ? "" : "s", unnamed, unnamed == 1 ? "" : "s"));
	return reasons;
}

/* ---- limits ---- */

/* lost: of this plan, and of what went lately; here: those who are, before this plan and that. */
static bool is_over(const struct guard_limit *limit, int64_t lost, int64_t here, int64_t *ret_most)
{
	int64_t share = here * limit->share / 100;
	*ret_most = share > limit->most ? share : limit->most;
	return lost > *ret_most;
}

/* A number that is meant for many people is no limit for few: at most half of them go by it. One that is not below all there are was
 * meant so. */
static struct guard_limit for_so_many(const struct guard_limit *limit, int64_t here)
{
	struct guard_limit fair = *limit;
	if (here >= GUARD_HALF_FROM && fair.most < here && fair.most > here / 2)
		fair.most = (int)(here / 2);
	return fair;
}

static const char *with_recent(struct arena *arena, int64_t recent)
{
	return recent == 0 ? "" : arena_format(arena, ", beside %lld in the last %d hours", (long long)recent, GUARD_WINDOW_HOURS);
}

static const char *judge_people(struct arena *arena, const struct guard_limit *limit, const struct tally *t, const char *reasons)
{
	const struct guard_limit fair = for_so_many(limit, t->here + t->recent);
	int64_t most;
	if (t->lost == 0 || !is_over(&fair, t->lost + t->recent, t->here + t->recent, &most))
		return reasons;
	return also(arena, reasons,
	            arena_format(arena,
	                         "%lld of %lld active members would be suspended%s; at most %lld may be without being asked "
	                         "(remove_most %d, remove_share %d %%)",
	                         (long long)t->lost, (long long)t->here, with_recent(arena, t->recent), (long long)most, limit->most,
	                         limit->share));
}

/* What a plan takes away, for the limits and for the record. */
#define ADMINS_LOST \
	"(SELECT person FROM effects WHERE kind = '" CHANGE_SUSPENDED "' AND old_role IN ('owner', 'admin') " \
	"UNION SELECT person FROM role_changes WHERE old_role = 'admin') l"
#define GROUPS_LOST \
	"SELECT c.group_id, min(c.group_name) AS name, count(*) AS lost FROM member_changes c " \
	"LEFT JOIN effects x ON x.account = c.account_id " \
	"WHERE NOT c.added AND NOT coalesce(x.what = 'gone' OR x.standing = 2, false) GROUP BY c.group_id"

/* Admins who would go, or stay with a lesser role. */
static int judge_admins(struct tx *tx, struct arena *arena, const struct source *source, const char **reasons, struct error *e)
{
	static const struct query admins = {
		"guard.admins",
		"SELECT (SELECT count(*) FROM " ADMINS_LOST "), "
		"(SELECT count(*) FROM members WHERE organisation = $1 AND connection = $2 AND state = 'active' "
		"AND role IN ('owner', 'admin'))",
		QUERY_READS, QUERY_ONCE,
	};
	const struct guard_limit *limit = &source->connection.guard[GUARD_ADMINS];
	const struct rows *rows;
	int64_t most, recent;
	if (count_recent(tx, arena, source, "admins", &recent, e) < 0 || query_one(tx, &admins, PARAMS(P_ID(&source->organisation), P_ID(&source->connection.id)), arena, &rows, e) < 0)
		return -1;
	int64_t lost = rows_int(rows, 0, 0), here = rows_int(rows, 0, 1);
	if (lost > 0 && is_over(limit, lost + recent, here + recent, &most))
		*reasons = also(arena, *reasons,
		                arena_format(arena,
		                             "%lld of %lld admins would go or lose their role%s; at most %lld may without being asked "
		                             "(remove_admins_most %d, remove_admins_share %d %%)",
		                             (long long)lost, (long long)here, with_recent(arena, recent), (long long)most, limit->most,
		                             limit->share));
	return 0;
}

/* Groups that would lose too many of those who stay in the organisation; the one that loses most is named. */
static int judge_groups(struct tx *tx, struct arena *arena, const struct source *source, const char **reasons, struct error *e)
{
	static const struct query groups = {
		"guard.groups",
		"WITH lost AS (" GROUPS_LOST "), "
		"had AS (SELECT k.group_id, count(*) AS had FROM group_accounts k WHERE k.organisation = $1 "
		"AND k.group_id IN (SELECT l.group_id FROM lost l) GROUP BY k.group_id), "
		"recent AS (SELECT r.subject, sum(r.lost)::bigint AS lost FROM removals r WHERE r.organisation = $1 AND r.connection = $4 "
		"AND r.kind = 'group' AND " LATELY " GROUP BY r.subject), "
		"all_of AS (SELECT l.name, l.lost, h.had, coalesce(r.lost, 0) AS recent FROM lost l JOIN had h ON h.group_id = l.group_id "
		"LEFT JOIN recent r ON r.subject = l.group_id) "
		"SELECT name, lost, had, count(*) OVER () - 1, recent FROM all_of WHERE lost + recent > greatest($2, (had + recent) * $3 / 100) "
		"ORDER BY lost DESC, name LIMIT 1",
		QUERY_READS, QUERY_ONCE,
	};
	const struct guard_limit *limit = &source->connection.guard[GUARD_GROUP];
	const struct rows *rows;
	int64_t most;
	int found = query_one(tx, &groups, PARAMS(P_ID(&source->organisation), P_INT(limit->most), P_INT(limit->share),
	                                         P_ID(&source->connection.id)), arena,
	                      &rows, e);
	if (found <= 0)
		return found;
	int64_t lost = rows_int(rows, 0, 1), had = rows_int(rows, 0, 2), others = rows_int(rows, 0, 3), recent = rows_int(rows, 0, 4);
	const char *and_others = others == 0 ? "" : arena_format(arena, " (and %lld more groups too many)", (long long)others);
	is_over(limit, lost + recent, had + recent, &most);
	*reasons = also(arena, *reasons,
	                arena_format(arena,
	                             "%lld of %lld members of group \"%s\" would leave it%s%s; at most %lld may without being asked "
	                             "(remove_group_most %d, remove_group_share %d %%)",
	                             (long long)lost, (long long)had, rows_text(rows, 0, 0), with_recent(arena, recent), and_others, (long long)most,
	                             limit->most, limit->share));
	return 0;
}

int guard_tell_owner(struct tx *tx, struct arena *arena, const char **reason, struct error *e)
{
	static const struct query owner = {
		"guard.owner", "SELECT 1 FROM effects WHERE kind = '" CHANGE_SUSPENDED "' AND old_role = 'owner' LIMIT 1", QUERY_READS, QUERY_ONCE,
	};
	int64_t count;
	if (!*reason)
		return 0;
	if (query_write(tx, &owner, NO_PARAMS, &count, e) < 0)
		return -1;
	if (count > 0)
		*reason = also(arena, *reason, "the owner is among those who would be suspended");
	return 0;
}

int guard_judge(struct tx *tx, struct arena *arena, const struct source *source, const struct run *run, const char **ret_reason,
                struct error *e)
{
	bool all = run_reads_all(run);
	struct tally tally;
	if (count(tx, arena, source, all, &tally, e) < 0)
		return -1;
	const char *reasons = looks_broken(arena, &tally, all || run->whole);
	reasons = judge_people(arena, &source->connection.guard[GUARD_PEOPLE], &tally, reasons);
	if (judge_admins(tx, arena, source, &reasons, e) < 0 || judge_groups(tx, arena, source, &reasons, e) < 0)
		return -1;
	if (!reasons)
		return 1;
	*ret_reason = reasons;
	return 0;
}

int guard_record(struct tx *tx, const struct source *source, const struct run *run, struct error *e)
{
	static const struct query forget = {
		"guard.forget", "DELETE FROM removals WHERE organisation = $1 AND connection = $2 AND ($3 OR NOT " LATELY ")", QUERY_KEEPS, 0,
	};
	static const struct query record = {
		"guard.record",
		"INSERT INTO removals (organisation, connection, run, kind, subject, lost) "
		"SELECT $1, $2, $3, 'people', $2, count(*) FROM planned WHERE kind = '" CHANGE_SUSPENDED "' HAVING count(*) > 0 "
		"UNION ALL SELECT $1, $2, $3, 'admins', $2, count(*) FROM " ADMINS_LOST " HAVING count(*) > 0 "
		"UNION ALL SELECT $1, $2, $3, 'group', g.group_id, g.lost FROM (" GROUPS_LOST ") g",
		QUERY_KEEPS, QUERY_ONCE,
	};
	const struct id *organisation = &source->organisation, *connection = &source->connection.id;
	bool asked = run->approved_by != NULL;
	if (query_write(tx, &forget, PARAMS(P_ID(organisation), P_ID(connection), P_BOOL(asked)), NULL, e) < 0)
		return -1;
	return asked ? 0 : query_write(tx, &record, PARAMS(P_ID(organisation), P_ID(connection), P_ID(&run->id)), NULL, e);
}
