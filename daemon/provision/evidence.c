#include "provision/evidence.h"

#include "store/query.h"

/* How many people, groups and memberships the listing no longer shows. */
static int count_lost(struct tx *tx, struct arena *arena, int64_t *ret_people, int64_t *ret_all, struct error *e)
{
	static const struct query lost = {
		"evidence.lost",
		"SELECT p, p + (SELECT count(*) FROM group_changes WHERE kind = 'group.removed') "
		"+ (SELECT count(*) FROM member_changes WHERE NOT added) + (SELECT count(*) FROM nesting_changes WHERE NOT added) "
		"FROM (SELECT count(*) AS p FROM seen WHERE what = 'gone') g",
		QUERY_READS, QUERY_ONCE,
	};
	const struct rows *rows;
	if (query_one(tx, &lost, NO_PARAMS, arena, &rows, e) < 0)
		return -1;
	*ret_people = rows_int(rows, 0, 0);
	*ret_all = rows_int(rows, 0, 1);
	return 0;
}

/* $4: what is lost, in words. A mark stands behind the last blank of a value; before it, what it is the mark of. */
#define OF_CHANGES "+" /* behind the name of a part: what the last reading of changes that was applied has proved */

static const struct query compare = {
	"evidence.compare",
	"WITH judged AS (UPDATE run_parts p SET state = 'missing', words = CASE p.evidence "
	"WHEN 'same' THEN p.words || '; it was ' || l.value || ' when a whole listing was applied last, and ' || $4 || ' no longer shown' "
	"WHEN 'later' THEN $4 || ' no longer shown, but the directory has not changed since the last whole listing ("
	"' || to_char(l.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC): were our rights there changed, or is this an older copy?' "
	"WHEN 'no_more' THEN p.words || '; it was ' || l.value || ' then, and ' || $4 || ' no longer shown: were our rights there changed?' "
	"ELSE p.words || '; it was told when a whole listing was applied last, and ' || $4 || ' no longer shown' END "
	"FROM proven l WHERE p.organisation = $1 AND p.run = $3 AND l.organisation = $1 AND l.connection = $2 AND l.part IN (p.part, CASE WHEN $5 THEN p.part || '" OF_CHANGES "' END) "
	"AND CASE p.evidence WHEN 'same' THEN p.value <> l.value "
	"WHEN 'later' THEN regexp_replace(p.value, ' [^ ]*$', '') = regexp_replace(l.value, ' [^ ]*$', '') "
	"AND substring(p.value FROM '[^ ]*$') COLLATE \"C\" <= substring(l.value FROM '[^ ]*$') COLLATE \"C\" "
	"WHEN 'no_more' THEN p.value::bigint > l.value::bigint "
	"WHEN 'untold' THEN true ELSE false END RETURNING p.position, p.words) "
	"SELECT count(*) AS written, string_agg(words, '; ' ORDER BY position) || (SELECT '; if this is meant: rosterctl sync run ' "
	"|| o.slug || '/' || c.name || ' --anew' FROM organisations o JOIN connections c USING (organisation) "
	"WHERE c.organisation = $1 AND c.id = $2) FROM judged",
	QUERY_KEEPS, QUERY_ONCE,
};

static const char *in_words(struct arena *arena, int64_t people, int64_t all)
{
	long long most = people > 0 ? people : all;
	const char *what = people == 1 ? "person" : people > 1 ? "people" : all == 1 ? "group or membership" : "groups and memberships";

	return arena_format(arena, "%lld %s %s", most, what, most == 1 ? "is" : "are");
}

int evidence_judge(struct tx *tx, struct arena *arena, const struct source *source, const struct run *run,
                   const char **ret_reason, struct error *e)
{
	const struct rows *rows;
	int64_t people, all;
	if (run->anew)
		return 1;
	if (count_lost(tx, arena, &people, &all, e) < 0)
		return -1;
	if (all == 0)
		return 1;
	if (query_one(tx, &compare,
	              PARAMS(P_ID(&source->organisation), P_ID(&source->connection.id), P_ID(&run->id),
	                     P_TEXT(in_words(arena, people, all)), P_BOOL(!run_reads_all(run))),
	              arena, &rows, e) < 0)
		return -1;
	if (rows_int(rows, 0, 0) == 0)
		return 1;
	*ret_reason = rows_text(rows, 0, 1);
	return 0;
}

int evidence_same_bases(struct tx *tx, const struct source *source, const struct run *run, struct error *e)
{
	static const struct query same = {
		"evidence.same_bases",
		"SELECT 1 FROM run_parts p JOIN proven l ON l.organisation = $1 AND l.connection = $2 AND l.part = p.part AND l.value = p.value "
		"WHERE p.organisation = $1 AND p.run = $3 AND p.part = 'bases' AND p.evidence = 'same' AND p.state = 'held'",
		QUERY_READS, 0,
	};
	int64_t count;
	return query_write(tx, &same, PARAMS(P_ID(&source->organisation), P_ID(&source->connection.id), P_ID(&run->id)), &count, e) < 0 ?
	       -1 : count > 0;
}

int evidence_keep(struct tx *tx, const struct source *source, const struct run *run, struct error *e)
{
	static const struct query forget = {
		"evidence.forget", "DELETE FROM proven WHERE organisation = $1 AND connection = $2 AND (NOT $3 OR part LIKE '%" OF_CHANGES "')",
		QUERY_KEEPS, 0,
	};
	static const struct query keep = {
		"evidence.keep",
		"INSERT INTO proven (organisation, connection, part, value, run) SELECT $1, $2, part || CASE WHEN $4 THEN '" OF_CHANGES "' ELSE '' END, "
		"value, $3 FROM run_parts WHERE organisation = $1 AND run = $3 AND value IS NOT NULL",
		QUERY_KEEPS, 0,
	};
	const struct id *organisation = &source->organisation, *connection = &source->connection.id;
	bool changes = !run_reads_all(run);
	if (query_write(tx, &forget, PARAMS(P_ID(organisation), P_ID(connection), P_BOOL(changes)), NULL, e) < 0)
		return -1;
	return query_write(tx, &keep, PARAMS(P_ID(organisation), P_ID(connection), P_ID(&run->id), P_BOOL(changes)), NULL, e);
}
