#include "provision/rename.h"

#include "base/text.h"
#include "store/query.h"

/* $1 organisation, $2 connection, $3 when the reading began, $4 the time that a directory has in milliseconds, $5 whether it can be asked
 * for people by name, $6 whether the reading was whole. It may have been held in between: the time begins now. */
#define STEP(step_name, text) { "rename." step_name, text, QUERY_KEEPS, QUERY_ONCE }

#define INSERT_RENAMED \
	"INSERT INTO renames (organisation, connection, subject, is_group, former_key, settles_at, ask_at) " \
	"SELECT $1, $2, n.subject, n.is_group, n.former_key, now() + $4 * interval '1 millisecond', " \
	"CASE WHEN $5 THEN now() + $4 * interval '1 millisecond' END FROM ("
#define OR_AGAIN \
	") n ON CONFLICT (organisation, connection, subject, former_key) DO UPDATE SET settles_at = excluded.settles_at, " \
	"ask_at = excluded.ask_at, asked = 0, said_by = '{}'"

static const struct query of_all[] = {
	/* Of a listing that was not whole nothing was taken out of groups, and nothing is known of them. */
	STEP("listed",
	     INSERT_RENAMED "SELECT DISTINCT c.subject, c.is_group, c.former_key FROM called_before c WHERE c.fresh AND CASE WHEN $6 "
	     "THEN EXISTS (SELECT FROM spared x WHERE x.subject = c.subject AND x.former_key = c.former_key) "
	     "ELSE NOT c.is_group AND EXISTS (SELECT FROM group_accounts k WHERE k.organisation = $1 AND k.account_id = c.subject) END" OR_AGAIN),
	STEP("listed_said",
	     "UPDATE renames r SET said_by = n.groups FROM called_now n WHERE $6 AND r.organisation = $1 AND r.connection = $2 "
	     "AND r.subject = n.subject AND r.said_by IS DISTINCT FROM n.groups"),
	STEP("listed_settled",
	     "DELETE FROM renames r WHERE $6 AND r.organisation = $1 AND r.connection = $2 AND r.settles_at <= $3 "
	     "AND NOT EXISTS (SELECT FROM doubted d WHERE d.subject = r.subject AND d.member_key = r.former_key)"),
	/* Who was not renamed as far as we know is asked for at once. */
	STEP("listed_doubted",
	     "INSERT INTO renames (organisation, connection, subject, is_group, former_key, settles_at, ask_at) "
	     "SELECT $1, $2, d.subject, d.is_group, d.member_key, d.at, CASE WHEN $5 THEN d.at END FROM (SELECT DISTINCT x.subject, x.is_group, "
	     "x.member_key, now() + CASE WHEN x.renamed THEN $4 ELSE 0 END * interval '1 millisecond' AS at FROM doubted x) d "
	     "ON CONFLICT (organisation, connection, subject, former_key) DO NOTHING"),
};

static const struct query of_some[] = {
	STEP("people",
	     INSERT_RENAMED "SELECT p.account_id AS subject, false AS is_group, p.old_key AS former_key FROM people_given p WHERE p.renamed "
	     "AND EXISTS (SELECT FROM group_accounts k WHERE k.organisation = $1 AND k.account_id = p.account_id AND NOT EXISTS ("
	     "SELECT FROM stated s WHERE s.group_id = k.group_id AND s.account_id = k.account_id))" OR_AGAIN),
	STEP("groups",
	     INSERT_RENAMED "SELECT g.known AS subject, true AS is_group, coalesce(g.known_reference, g.remote_id) AS former_key FROM groups_shown g "
	     "WHERE g.known IS NOT NULL AND coalesce(g.known_reference, g.remote_id) <> g.key "
	     "AND EXISTS (SELECT FROM group_groups k WHERE k.organisation = $1 AND k.child_id = g.known AND NOT EXISTS ("
	     "SELECT FROM stated s WHERE s.group_id = k.group_id AND s.child_id = k.child_id))" OR_AGAIN),
	STEP("said",
	     "UPDATE renames r SET said_by = r.said_by || n.groups FROM (SELECT t.subject, array_agg(DISTINCT t.group_id) AS groups FROM ("
	     "SELECT coalesce(s.account_id, s.child_id) AS subject, s.group_id FROM stated s WHERE NOT s.removed "
	     "UNION ALL SELECT coalesce(w.account_id, w.child_id), w.group_id FROM awaited w) t WHERE t.subject IS NOT NULL GROUP BY t.subject) n "
	     "WHERE r.organisation = $1 AND r.connection = $2 AND r.subject = n.subject AND NOT r.said_by @> n.groups"),
	STEP("people_settled",
	     "DELETE FROM renames r USING people_given p WHERE p.says_groups AND r.organisation = $1 AND r.connection = $2 "
	     "AND r.subject = p.account_id AND r.settles_at <= $3 AND NOT EXISTS (SELECT FROM doubted d WHERE d.subject = r.subject)"),
	/* Where people do not say theirs, their groups do. */
	STEP("members_settled",
	     "DELETE FROM renames r WHERE NOT r.is_group AND r.asked > 0 AND r.organisation = $1 AND r.connection = $2 AND r.settles_at <= $3 "
	     "AND NOT EXISTS (SELECT FROM doubted d WHERE d.subject = r.subject) "
	     "AND NOT EXISTS (SELECT FROM group_accounts k WHERE k.organisation = $1 AND k.account_id = r.subject "
	     "AND NOT EXISTS (SELECT FROM group_keys g WHERE g.id = k.group_id AND g.whole))"),
	STEP("people_gone",
	     "DELETE FROM renames r USING seen s WHERE s.what = 'gone' AND r.organisation = $1 AND r.connection = $2 AND r.subject = s.account"),
	STEP("groups_settled",
	     "DELETE FROM renames r WHERE r.is_group AND r.organisation = $1 AND r.connection = $2 AND r.settles_at <= $3 "
	     "AND NOT EXISTS (SELECT FROM doubted d WHERE d.subject = r.subject) "
	     "AND NOT EXISTS (SELECT FROM group_groups k WHERE k.organisation = $1 AND k.child_id = r.subject "
	     "AND NOT EXISTS (SELECT FROM group_keys g WHERE g.id = k.group_id AND g.whole))"),
	STEP("doubted",
	     "INSERT INTO renames (organisation, connection, subject, is_group, former_key, settles_at, ask_at) "
	     "SELECT DISTINCT $1, $2, d.subject, d.is_group, d.member_key, now(), CASE WHEN $5 THEN now() END FROM doubted d "
	     "WHERE NOT EXISTS (SELECT FROM renames r WHERE r.organisation = $1 AND r.connection = $2 AND r.subject = d.subject)"),
};

static int take_steps(struct tx *tx, const struct source *source, const struct run *run, const struct query *steps, size_t count,
                      struct error *e)
{
	return query_write_each(tx, steps, count,
	                        PARAMS(P_ID(&source->organisation), P_ID(&source->connection.id), P_TIME(run->read_at),
	                               P_INT(source->renames_settle_ms), P_BOOL(source->asks_named), P_BOOL(run->whole)),
	                        e);
}

int rename_keep(struct tx *tx, const struct source *source, const struct run *run, struct error *e)
{
	return run_reads_all(run) ? take_steps(tx, source, run, of_all, ARRAY_COUNT(of_all), e)
	                          : take_steps(tx, source, run, of_some, ARRAY_COUNT(of_some), e);
}
