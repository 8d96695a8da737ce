#include "provision/increment.h"

#include "base/text.h"
#include "provision/change.h"
#include "provision/rename.h"

#define STEP(step_name, text) TABLES_STEP("increment." step_name, 0, text)
#define STEP_OF(what, step_name, text) TABLES_STEP("increment." step_name, what, text)
#define MAKE(step_name, table, text) TABLES_MAKE("increment." step_name, 0, table, text)
#define MAKE_OF(what, step_name, table, text) TABLES_MAKE("increment." step_name, what, table, text)
#define ONCE(step_name, text) TABLES_ONCE("increment." step_name, text)
#define INDEX(table, columns) ONCE("index_" table, "CREATE INDEX ON " table " (" columns ")")

/* What there must be for a step to have something to work on. */
#define GROUPS TABLES_OF_GROUPS
#define EDGES TABLES_OF_MEMBERSHIPS
#define MARKS TABLES_OF_MARKS
#define GONE (TABLES_OF_MARKS | TABLES_OF_WHOLE)

/* An account or group of this connection by one of its keys, looked up for each row of what stands before. */
#define ACCOUNT_BY(condition) \
	"(SELECT a.* FROM accounts a WHERE a.organisation = $1 AND a.connection = $2 AND " condition " LIMIT 1)"
#define GROUP_BY_KEY(condition) \
	"(SELECT g.* FROM groups g WHERE g.organisation = $1 AND g.connection = $2 AND " condition " LIMIT 1)"

/* What groups called a group that is shown. */
#define KNOWN_KEY "coalesce(g.known_reference, g.remote_id)"

/* What was observed after this reading began is newer than what it says. */
#define OLDER(row) "(" row ".observed_at IS NULL OR " row ".observed_at <= $6)"

const struct step increment_delta[] = {
	/* The opposite of a whole listing: few rows, each looked up. Joins that read what stands from one end to the other are off. */
	STEP("memory", "SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true), "
	               "set_config('enable_material', 'off', true), set_config('enable_nestloop', 'on', true), set_config('jit', 'off', true)"),

	/* Of two readings of one group, one waits for the other; the later one is found to be newer, below. */
	STEP_OF(GROUPS | MARKS, "groups_locked",
	     "SELECT count(*) FROM (SELECT FROM groups g WHERE g.organisation = $1 AND g.connection = $2 AND g.remote_id = ANY (ARRAY("
	     "SELECT s.remote_id FROM staged_groups s UNION SELECT m.remote_id FROM staged_marks m WHERE m.is_group AND m.gone)) "
	     "ORDER BY g.id FOR UPDATE OF g) l"),

	/* What was said last counts: of a record that was given twice, and of one that was given and is gone. Ids ascend. */
	MAKE("people_given", "people_given",
	     "SELECT p.*, a.id AS account_id, a.user_id, a.fingerprint AS known_as, a.claimed, a.gone_at, a.observed_at, a.by_sign_on, "
	     "coalesce(a.reference, a.remote_id) AS old_key, coalesce(a.gone_at IS NULL AND coalesce(a.reference, a.remote_id) <> p.key, false) AS renamed, "
	     "EXISTS (SELECT FROM renames r WHERE r.organisation = $1 AND r.connection = $2 AND r.subject = a.id AND r.settles_at > $6) AS settling "
	     "FROM (SELECT DISTINCT ON (s.remote_id) s.id, s.remote_id, s.key, s.user_name, "
	     "s.email, s.domain, s.fingerprint, s.stamp, s.says_groups FROM staged_people s ORDER BY s.remote_id, s.id DESC) p "
	     "LEFT JOIN LATERAL " ACCOUNT_BY("a.remote_id = p.remote_id") " a ON true"),
	MAKE_OF(GROUPS, "groups_shown", "groups_shown",
	     "SELECT s.id, s.remote_id, s.reference, s.key, s.name, s.stamp, s.partial, false AS unread, true AS nests, g.id AS known, g.name AS known_name, g.reference AS known_reference, g.observed_at "
	     "FROM (SELECT DISTINCT ON (s.remote_id) s.* FROM staged_groups s ORDER BY s.remote_id, s.id DESC) s "
	     "LEFT JOIN LATERAL " GROUP_BY_KEY("g.remote_id = s.remote_id") " g ON true"),
	MAKE_OF(MARKS, "marks_given", "marks_given",
	     "SELECT DISTINCT ON (m.is_group, m.remote_id) m.id, m.is_group, m.gone, m.remote_id FROM staged_marks m ORDER BY m.is_group, m.remote_id, m.id DESC"),
	ONCE("index_people_id", "CREATE INDEX ON people_given (remote_id)"),
	ONCE("index_people_key", "CREATE INDEX ON people_given (key)"),
	ONCE("index_people_account", "CREATE INDEX ON people_given (account_id)"),
	INDEX("groups_shown", "remote_id"),
	INDEX("marks_given", "remote_id"),
	STEP_OF(MARKS, "people_gone_since", "DELETE FROM people_given p USING marks_given m "
	                          "WHERE m.gone AND NOT m.is_group AND m.remote_id = p.remote_id AND m.id > p.id"),
	STEP_OF(MARKS, "people_back_since", "DELETE FROM marks_given m USING people_given p "
	                          "WHERE m.gone AND NOT m.is_group AND m.remote_id = p.remote_id"),
	STEP_OF(MARKS, "groups_gone_since", "DELETE FROM groups_shown g USING marks_given m "
	                          "WHERE m.gone AND m.is_group AND m.remote_id = g.remote_id AND m.id > g.id"),
	STEP_OF(MARKS, "groups_back_since", "DELETE FROM marks_given m USING groups_shown g "
	                          "WHERE m.gone AND m.is_group AND m.remote_id = g.remote_id"),
	STEP("people_older", "DELETE FROM people_given p WHERE NOT " OLDER("p")),
	STEP_OF(GROUPS, "groups_older", "DELETE FROM groups_shown g WHERE NOT " OLDER("g")),
	STEP("known_people_given", "ANALYZE people_given"),
	STEP_OF(GROUPS, "known_groups_shown", "ANALYZE groups_shown"),
	STEP_OF(MARKS, "known_marks_given", "ANALYZE marks_given"),

	MAKE("delta", "delta",
	     "SELECT p.id, p.remote_id, p.email, true AS present, coalesce(p.domain = ANY ($3), false) AS proves, p.account_id, p.user_id "
	     "FROM people_given p WHERE p.known_as IS DISTINCT FROM p.fingerprint OR (p.by_sign_on AND NOT $7) OR (NOT p.claimed AND p.domain = ANY ($3)) "
	     "UNION ALL SELECT NULL, NULL, NULL, false, false, a.id, a.user_id FROM marks_given m "
	     "JOIN LATERAL " ACCOUNT_BY("a.remote_id = m.remote_id") " a ON true "
	     "WHERE m.gone AND NOT m.is_group AND a.gone_at IS NULL AND " OLDER("a")),

	/* Who is neither given nor there: only after the word that the reading was whole, and then everybody is looked at. */
	STEP_OF(TABLES_OF_WHOLE, "absent_begin", "SELECT set_config('enable_hashjoin', CASE WHEN $4 THEN 'on' ELSE 'off' END, true)"),
	STEP_OF(TABLES_OF_WHOLE, "absent_people",
	     "INSERT INTO delta SELECT NULL, NULL, NULL, false, false, a.id, a.user_id FROM accounts a WHERE $4 "
	     "AND a.organisation = $1 AND a.connection = $2 AND a.gone_at IS NULL AND " OLDER("a") " "
	     "AND NOT EXISTS (SELECT FROM staged_people p WHERE p.remote_id = a.remote_id) "
	     "AND NOT EXISTS (SELECT FROM marks_given m WHERE NOT m.is_group AND m.remote_id = a.remote_id) "
	     "AND NOT EXISTS (SELECT FROM staged_refused r WHERE r.remote_id = a.remote_id)"),
	STEP_OF(TABLES_OF_WHOLE, "absent_groups",
	     "INSERT INTO marks_given (is_group, gone, remote_id) SELECT true, true, g.remote_id FROM groups g WHERE $4 "
	     "AND g.organisation = $1 AND g.connection = $2 AND " OLDER("g") " "
	     "AND NOT EXISTS (SELECT FROM staged_groups s WHERE s.remote_id = g.remote_id) "
	     "AND NOT EXISTS (SELECT FROM marks_given m WHERE m.is_group AND m.remote_id = g.remote_id) "
	     "AND NOT EXISTS (SELECT FROM staged_refused r WHERE r.remote_id IN (g.remote_id, g.reference))"),
	STEP_OF(TABLES_OF_WHOLE, "absent_end", "SELECT set_config('enable_hashjoin', 'off', true)"),
};
const size_t increment_delta_count = ARRAY_COUNT(increment_delta);

const struct step increment_groups[] = {
	ONCE("index_seen_account", "CREATE INDEX ON seen (account)"),
	ONCE("index_seen_id", "CREATE INDEX ON seen (id)"),
	ONCE("index_seen_person", "CREATE INDEX ON seen (person)"),
	/* Whose account it is, also of who is new. Who is refused for a quarrel has none. */
	STEP("people_new", "UPDATE people_given p SET account_id = s.account FROM seen s "
	                   "WHERE s.id = p.id AND s.what = 'new' AND s.quarrel IS NULL"),

	/* A key that is a person's and a group's is the person's, as in a whole listing. */
	STEP_OF(GROUPS, "groups_nest",
	     "UPDATE groups_shown g SET nests = false WHERE EXISTS (SELECT FROM people_given p WHERE p.key = g.key) "
	     "OR EXISTS (SELECT FROM accounts a WHERE a.organisation = $1 AND a.connection = $2 AND a.reference = g.key AND a.gone_at IS NULL)"),
	MAKE_OF(GROUPS | GONE, "group_changes", "group_changes",
	     "SELECT coalesce(g.known, g.id) AS id, g.remote_id, g.reference, g.known_reference AS old_reference, g.name, g.known_name AS old_name, "
	     "CASE WHEN g.known IS NULL THEN '" CHANGE_GROUP_CREATED "' ELSE '" CHANGE_GROUP_UPDATED "' END AS kind "
	     "FROM groups_shown g WHERE g.known IS NULL OR (g.known_name, g.known_reference) IS DISTINCT FROM (g.name, g.reference) "
	     "UNION ALL SELECT g.id, g.remote_id, g.reference, g.reference, NULL, g.name, '" CHANGE_GROUP_REMOVED "' FROM marks_given m "
	     "JOIN LATERAL " GROUP_BY_KEY("g.remote_id = m.remote_id") " g ON true WHERE m.gone AND m.is_group AND " OLDER("g")),
	INDEX("group_changes", "id"),
	STEP_OF(GROUPS | GONE, "known_group_changes", "ANALYZE group_changes"),
	MAKE_OF(GROUPS, "group_keys", "group_keys",
	     "SELECT g.key, g.nests, coalesce(g.known, g.id) AS id, g.name, NOT g.partial AS whole FROM groups_shown g"),
	ONCE("index_group_keys_key", "CREATE INDEX ON group_keys (key)"),
	ONCE("index_group_keys_id", "CREATE INDEX ON group_keys (id)"),

	/* What the keys in memberships mean: staged people before those who stand, and people before groups. */
	MAKE_OF(EDGES, "holders", "holders",
	     "SELECT k.key, coalesce(g.id, r.id, i.id) AS id, coalesce(g.name, r.name, i.name) AS name "
	     "FROM (SELECT DISTINCT group_key AS key FROM staged_edges) k "
	     "LEFT JOIN LATERAL (SELECT s.id, s.name FROM group_keys s WHERE s.key = k.key LIMIT 1) g ON true "
	     "LEFT JOIN LATERAL " GROUP_BY_KEY("g.reference = k.key AND NOT EXISTS (SELECT FROM group_changes c WHERE c.id = g.id)") " r ON true "
	     "LEFT JOIN LATERAL " GROUP_BY_KEY("g.remote_id = k.key AND g.reference IS NULL "
	                                       "AND NOT EXISTS (SELECT FROM group_changes c WHERE c.id = g.id)") " i ON true"),
	INDEX("holders", "key"),
	MAKE_OF(EDGES, "ends", "ends",
	     "SELECT k.key, coalesce(p.account_id, r.id, i.id) AS account_id, coalesce(p.user_name, r.user_name, i.user_name) AS user_name, "
	     "CASE WHEN p.id IS NULL AND r.id IS NULL AND i.id IS NULL THEN coalesce(g.id, n.id, m.id) END AS group_id "
	     "FROM (SELECT DISTINCT member_key AS key FROM staged_edges) k "
	     "LEFT JOIN LATERAL (SELECT p.id, p.account_id, p.user_name FROM people_given p WHERE p.key = k.key LIMIT 1) p ON true "
	     "LEFT JOIN LATERAL " ACCOUNT_BY("a.reference = k.key AND a.gone_at IS NULL "
	                                     "AND NOT EXISTS (SELECT FROM people_given x WHERE x.account_id = a.id) "
	                                     "AND NOT EXISTS (SELECT FROM seen s WHERE s.account = a.id AND s.what = 'gone')") " r ON p.id IS NULL "
	     "LEFT JOIN LATERAL " ACCOUNT_BY("a.remote_id = k.key AND a.reference IS NULL AND a.gone_at IS NULL "
	                                     "AND NOT EXISTS (SELECT FROM people_given x WHERE x.account_id = a.id) "
	                                     "AND NOT EXISTS (SELECT FROM seen s WHERE s.account = a.id AND s.what = 'gone')") " i ON p.id IS NULL "
	     "LEFT JOIN LATERAL (SELECT s.id FROM group_keys s WHERE s.key = k.key AND s.nests LIMIT 1) g ON true "
	     "LEFT JOIN LATERAL " GROUP_BY_KEY("g.reference = k.key AND NOT EXISTS (SELECT FROM group_changes c WHERE c.id = g.id)") " n ON true "
	     "LEFT JOIN LATERAL " GROUP_BY_KEY("g.remote_id = k.key AND g.reference IS NULL "
	                                       "AND NOT EXISTS (SELECT FROM group_changes c WHERE c.id = g.id)") " m ON true"),
	INDEX("ends", "key"),

	/* Who is called by another key by now: groups may still name them by the one of before, until the directory has had its time
	 * (renames). Nobody comes to a group by that; who stands in it stays. taken: the key is somebody else's now. */
	MAKE_OF(EDGES, "called_before", "called_before",
	     "SELECT c.former_key, c.subject, c.is_group, bool_or(c.fresh) AS fresh, EXISTS (SELECT FROM ends e WHERE e.key = c.former_key "
	     "AND (e.account_id IS NOT NULL OR e.group_id IS NOT NULL)) AS taken FROM ("
	     "SELECT p.old_key AS former_key, p.account_id AS subject, false AS is_group, true AS fresh FROM people_given p WHERE p.renamed "
	     "UNION ALL SELECT " KNOWN_KEY ", g.known, true, true FROM groups_shown g WHERE g.known IS NOT NULL AND " KNOWN_KEY " <> g.key "
	     "UNION ALL SELECT k.key, r.subject, r.is_group, false FROM (SELECT DISTINCT member_key AS key FROM staged_edges) k JOIN LATERAL ("
	     "SELECT r.subject, r.is_group FROM renames r WHERE r.organisation = $1 AND r.connection = $2 AND r.former_key = k.key "
	     "AND r.settles_at > $6 OFFSET 0) r ON true) c "
	     "WHERE NOT EXISTS (SELECT FROM ends e WHERE e.key = c.former_key AND c.subject IN (e.account_id, e.group_id)) "
	     "GROUP BY c.former_key, c.subject, c.is_group"),
	MAKE_OF(EDGES, "spared", "spared",
	     "SELECT DISTINCT n.group_id, n.subject FROM (SELECT h.id AS group_id, c.subject FROM called_before c "
	     "JOIN staged_edges s ON s.member_key = c.former_key JOIN holders h ON h.key = s.group_key WHERE h.id IS NOT NULL "
	     "AND NOT " RENAME_SAID_SINCE("h.id") " GROUP BY h.id, c.subject, c.former_key HAVING NOT bool_or(s.removed)) n"),
	ONCE("index_spared", "CREATE INDEX ON spared (group_id, subject)"),
	/* A key that changed hands, in a group that whoever had it stands in, may mean either: who stands there stays, and nobody comes into a
	 * group by another's name. */
	MAKE_OF(EDGES, "contested", "contested",
	     "SELECT DISTINCT h.id AS group_id, c.former_key AS member_key FROM called_before c JOIN staged_edges s ON s.member_key = c.former_key "
	     "JOIN holders h ON h.key = s.group_key WHERE c.taken AND NOT " RENAME_SAID_SINCE("h.id") " "
	     "AND NOT EXISTS (SELECT FROM staged_edges n JOIN ends e ON e.key = n.member_key WHERE n.group_key = s.group_key AND NOT n.removed "
	     "AND c.subject IN (e.account_id, e.group_id)) AND CASE WHEN c.is_group "
	     "THEN EXISTS (SELECT FROM group_groups k WHERE k.organisation = $1 AND k.group_id = h.id AND k.child_id = c.subject) "
	     "ELSE EXISTS (SELECT FROM group_accounts k WHERE k.organisation = $1 AND k.group_id = h.id AND k.account_id = c.subject) END"),
	/* Of one membership that is said to be and not to be, the second is believed. */
	MAKE_OF(EDGES, "stated", "stated",
	     "SELECT h.id AS group_id, e.account_id, e.group_id AS child_id, min(h.name) AS group_name, min(e.user_name) AS user_name, "
	     "s.member_key, bool_or(s.removed) AS removed FROM staged_edges s JOIN holders h ON h.key = s.group_key "
	     "JOIN ends e ON e.key = s.member_key WHERE h.id IS NOT NULL "
	     "AND (NOT EXISTS (SELECT FROM contested c WHERE c.group_id = h.id AND c.member_key = s.member_key) "
	     "OR EXISTS (SELECT FROM group_accounts k WHERE k.organisation = $1 AND k.group_id = h.id AND k.account_id = e.account_id) "
	     "OR EXISTS (SELECT FROM group_groups k WHERE k.organisation = $1 AND k.group_id = h.id AND k.child_id = e.group_id)) "
	     "GROUP BY h.id, e.account_id, e.group_id, s.member_key"),
	ONCE("index_stated", "CREATE INDEX ON stated (group_id, account_id)"),
	ONCE("index_stated_child", "CREATE INDEX ON stated (group_id, child_id)"),
	/* Groups that a key brings along which nobody answered to so far. */
	MAKE("awaited", "awaited",
	     "SELECT g.id AS group_id, g.name AS group_name, p.account_id, NULL::uuid AS child_id, p.user_name, p.key FROM people_given p "
	     "JOIN LATERAL (SELECT t.group_id FROM group_strangers t WHERE t.organisation = $1 AND t.member_key = p.key OFFSET 0) t ON true "
	     "JOIN LATERAL " GROUP_BY_KEY("g.id = t.group_id") " g ON true WHERE p.account_id IS NOT NULL "
	     "UNION ALL SELECT g.id, g.name, NULL, s.id, NULL, s.key FROM group_keys s "
	     "JOIN LATERAL (SELECT t.group_id FROM group_strangers t WHERE t.organisation = $1 AND t.member_key = s.key OFFSET 0) t ON true "
	     "JOIN LATERAL " GROUP_BY_KEY("g.id = t.group_id") " g ON true WHERE s.nests"),
	STEP("awaited_stated", "DELETE FROM awaited w WHERE EXISTS (SELECT FROM group_keys k WHERE k.id = w.group_id AND k.whole) "
	                       "OR EXISTS (SELECT FROM group_changes c WHERE c.id = w.group_id AND c.kind = '" CHANGE_GROUP_REMOVED "') "
	                       "OR EXISTS (SELECT FROM people_given p WHERE p.account_id = w.account_id AND p.says_groups)"),
	STEP("awaited_contested",
	     "DELETE FROM awaited w WHERE EXISTS (SELECT FROM renames r WHERE r.organisation = $1 AND r.connection = $2 AND r.former_key = w.key "
	     "AND r.settles_at > $6 AND w.group_id <> ALL (r.said_by) AND CASE WHEN r.is_group "
	     "THEN EXISTS (SELECT FROM group_groups k WHERE k.organisation = $1 AND k.group_id = w.group_id AND k.child_id = r.subject) "
	     "ELSE EXISTS (SELECT FROM group_accounts k WHERE k.organisation = $1 AND k.group_id = w.group_id AND k.account_id = r.subject) END)"),
	/* Who is taken out of a group by the key of before is out of it, unless it names them by the one of now or another one of before: as
	 * in a group that is rewritten. It may have done so in a reading before this one. */
	STEP_OF(EDGES, "taken_back",
	     "INSERT INTO stated SELECT DISTINCT h.id, CASE WHEN NOT c.is_group THEN c.subject END, CASE WHEN c.is_group THEN c.subject END, "
	     "h.name, NULL, s.member_key, true FROM called_before c JOIN staged_edges s ON s.member_key = c.former_key AND s.removed "
	     "JOIN holders h ON h.key = s.group_key WHERE h.id IS NOT NULL "
	     "AND NOT EXISTS (SELECT FROM spared x WHERE x.group_id = h.id AND x.subject = c.subject) "
	     "AND NOT EXISTS (SELECT FROM awaited w WHERE w.group_id = h.id AND c.subject IN (w.account_id, w.child_id)) "
	     "AND NOT " RENAME_SAID_SINCE("h.id") " "
	     "AND NOT EXISTS (SELECT FROM stated t WHERE t.group_id = h.id AND NOT t.removed "
	     "AND CASE WHEN c.is_group THEN t.child_id = c.subject ELSE t.account_id = c.subject END)"),
	STEP_OF(EDGES, "known_stated", "ANALYZE stated"),

	/* A group that is given whole and names somebody new whom nobody answers to has lost nobody yet, as in a whole listing (provision/plan):
	 * whoever stood in it may be called so since they were looked at, and is asked for by name first. */
	MAKE_OF(EDGES, "strange", "strange",
	     "SELECT s.group_id, bool_or(NOT EXISTS (SELECT FROM group_strangers t WHERE t.organisation = $1 AND t.group_id = s.group_id "
	     "AND t.member_key = s.member_key)) AS fresh FROM stated s JOIN group_keys g ON g.id = s.group_id AND g.whole "
	     "WHERE s.account_id IS NULL AND s.child_id IS NULL AND NOT s.removed GROUP BY s.group_id"),
	MAKE_OF(EDGES, "doubted", "doubted",
	     "SELECT l.group_id, l.subject, l.is_group, l.member_key FROM (SELECT x.group_id, x.fresh, a.id AS subject, false AS is_group, "
	     "coalesce(p.key, a.reference, a.remote_id) AS member_key FROM strange x JOIN LATERAL (SELECT k.account_id FROM group_accounts k "
	     "WHERE k.organisation = $1 AND k.group_id = x.group_id AND NOT EXISTS (SELECT FROM stated s WHERE s.group_id = k.group_id "
	     "AND s.account_id = k.account_id) OFFSET 0) k ON true JOIN LATERAL (SELECT a.id, a.reference, a.remote_id FROM accounts a "
	     "WHERE a.organisation = $1 AND a.id = k.account_id LIMIT 1) a ON true LEFT JOIN people_given p ON p.account_id = a.id "
	     "WHERE NOT EXISTS (SELECT FROM seen n WHERE n.account = k.account_id AND n.what = 'gone') "
	     "UNION ALL SELECT x.group_id, x.fresh, c.id, true, coalesce(g.key, c.reference, c.remote_id) FROM strange x JOIN LATERAL ("
	     "SELECT k.child_id FROM group_groups k WHERE k.organisation = $1 AND k.group_id = x.group_id AND NOT EXISTS ("
	     "SELECT FROM stated s WHERE s.group_id = k.group_id AND s.child_id = k.child_id) OFFSET 0) k ON true JOIN LATERAL ("
	     "SELECT c.id, c.reference, c.remote_id FROM groups c WHERE c.organisation = $1 AND c.id = k.child_id LIMIT 1) c ON true "
	     "LEFT JOIN group_keys g ON g.id = c.id WHERE NOT EXISTS (SELECT FROM group_changes n WHERE n.id = k.child_id "
	     "AND n.kind = '" CHANGE_GROUP_REMOVED "')) l "
	     "WHERE NOT EXISTS (SELECT FROM spared d WHERE d.group_id = l.group_id AND d.subject = l.subject) "
	     "AND (EXISTS (SELECT FROM renames r WHERE r.organisation = $1 AND r.connection = $2 AND r.subject = l.subject AND r.settles_at > $6) "
	     "OR (NOT l.is_group AND EXISTS (SELECT FROM people_given p WHERE p.account_id = l.subject AND p.renamed)) "
	     "OR (l.is_group AND EXISTS (SELECT FROM called_before c WHERE c.is_group AND c.subject = l.subject)) "
	     "OR (l.fresh AND NOT EXISTS (SELECT FROM renames r WHERE r.organisation = $1 AND r.connection = $2 AND r.subject = l.subject "
	     "AND (r.ask_at IS NULL OR r.asked >= " RENAME_ASKED_MOST "))))"),
	STEP_OF(EDGES, "doubted_spared", "INSERT INTO spared SELECT group_id, subject FROM doubted"),

	MAKE("member_changes", "member_changes",
	     "WITH come AS (SELECT s.group_id, s.account_id, s.group_name, s.user_name FROM stated s "
	     "WHERE s.account_id IS NOT NULL AND NOT s.removed "
	     "UNION ALL SELECT w.group_id, w.account_id, w.group_name, w.user_name FROM awaited w WHERE w.account_id IS NOT NULL), "
	     "went AS ("
	     /* of groups that were given with all their members */
	     "SELECT k.group_id, k.account_id FROM group_keys g JOIN LATERAL (SELECT k.group_id, k.account_id FROM group_accounts k "
	     "WHERE k.organisation = $1 AND k.group_id = g.id OFFSET 0) k ON true WHERE g.whole "
	     "AND NOT EXISTS (SELECT FROM stated s WHERE s.group_id = k.group_id AND s.account_id = k.account_id AND NOT s.removed) "
	     "AND NOT EXISTS (SELECT FROM spared x WHERE x.group_id = k.group_id AND x.subject = k.account_id) "
	     /* said so */
	     "UNION SELECT k.group_id, k.account_id FROM stated s JOIN LATERAL (SELECT k.group_id, k.account_id FROM group_accounts k "
	     "WHERE k.organisation = $1 AND k.group_id = s.group_id AND k.account_id = s.account_id OFFSET 0) k ON true WHERE s.removed "
	     /* of groups that are no more */
	     "UNION SELECT k.group_id, k.account_id FROM group_changes c JOIN LATERAL (SELECT k.group_id, k.account_id FROM group_accounts k "
	     "WHERE k.organisation = $1 AND k.group_id = c.id OFFSET 0) k ON true WHERE c.kind = '" CHANGE_GROUP_REMOVED "' "
	     /* of people who are no more, or who said where they are; of who was renamed, groups may not say it yet */
	     "UNION SELECT k.group_id, k.account_id FROM seen s JOIN LATERAL (SELECT k.group_id, k.account_id FROM group_accounts k "
	     "WHERE k.organisation = $1 AND k.account_id = s.account OFFSET 0) k ON true WHERE s.what = 'gone' "
	     "UNION SELECT k.group_id, k.account_id FROM people_given p JOIN LATERAL (SELECT k.group_id, k.account_id FROM group_accounts k "
	     "WHERE k.organisation = $1 AND k.account_id = p.account_id OFFSET 0) k ON true WHERE p.says_groups AND NOT p.renamed AND NOT p.settling "
	     "AND NOT EXISTS (SELECT FROM doubted d WHERE d.group_id = k.group_id AND d.subject = k.account_id) "
	     "AND NOT EXISTS (SELECT FROM stated s WHERE s.group_id = k.group_id AND s.account_id = k.account_id AND NOT s.removed)) "
	     "SELECT c.group_id, c.account_id, min(c.group_name) AS group_name, min(c.user_name) AS user_name, true AS added FROM come c "
	     "WHERE NOT EXISTS (SELECT FROM group_accounts k WHERE k.organisation = $1 AND k.group_id = c.group_id AND k.account_id = c.account_id) "
	     "GROUP BY c.group_id, c.account_id "
	     "UNION ALL SELECT w.group_id, w.account_id, g.name, a.user_name, false FROM went w "
	     "LEFT JOIN LATERAL (SELECT g.name FROM groups g WHERE g.organisation = $1 AND g.id = w.group_id LIMIT 1) g ON true "
	     "LEFT JOIN LATERAL (SELECT a.user_name FROM accounts a WHERE a.organisation = $1 AND a.id = w.account_id LIMIT 1) a ON true"),
	ONCE("index_member_changes", "CREATE INDEX ON member_changes (account_id)"),
	STEP("known_member_changes", "ANALYZE member_changes"),
	MAKE_OF(GROUPS | EDGES | GONE, "nesting_changes", "nesting_changes",
	     "WITH come AS (SELECT s.group_id, s.child_id, s.group_name FROM stated s WHERE s.child_id IS NOT NULL AND NOT s.removed "
	     "UNION ALL SELECT w.group_id, w.child_id, w.group_name FROM awaited w WHERE w.child_id IS NOT NULL), "
	     "went AS (SELECT k.group_id, k.child_id FROM group_keys g JOIN LATERAL (SELECT k.group_id, k.child_id FROM group_groups k "
	     "WHERE k.organisation = $1 AND k.group_id = g.id OFFSET 0) k ON true WHERE g.whole "
	     "AND NOT EXISTS (SELECT FROM stated s WHERE s.group_id = k.group_id AND s.child_id = k.child_id AND NOT s.removed) "
	     "AND NOT EXISTS (SELECT FROM spared x WHERE x.group_id = k.group_id AND x.subject = k.child_id) "
	     "UNION SELECT k.group_id, k.child_id FROM stated s JOIN LATERAL (SELECT k.group_id, k.child_id FROM group_groups k "
	     "WHERE k.organisation = $1 AND k.group_id = s.group_id AND k.child_id = s.child_id OFFSET 0) k ON true WHERE s.removed "
	     "UNION SELECT k.group_id, k.child_id FROM group_changes c JOIN LATERAL (SELECT k.group_id, k.child_id FROM group_groups k "
	     "WHERE k.organisation = $1 AND k.group_id = c.id UNION SELECT k.group_id, k.child_id FROM group_groups k "
	     "WHERE k.organisation = $1 AND k.child_id = c.id) k ON true WHERE c.kind = '" CHANGE_GROUP_REMOVED "') "
	     "SELECT c.group_id, c.child_id, min(c.group_name) AS group_name, true AS added FROM come c "
	     "WHERE NOT EXISTS (SELECT FROM group_groups k WHERE k.organisation = $1 AND k.group_id = c.group_id AND k.child_id = c.child_id) "
	     "GROUP BY c.group_id, c.child_id "
	     "UNION ALL SELECT w.group_id, w.child_id, g.name, false FROM went w "
	     "LEFT JOIN LATERAL (SELECT g.name FROM groups g WHERE g.organisation = $1 AND g.id = w.group_id LIMIT 1) g ON true"),
	ONCE("index_nesting_changes", "CREATE INDEX ON nesting_changes (child_id)"),

	/* Groups below which roles may have moved: nested otherwise, or of a name or key that a line of the mapping names. What a line
	 * means can move from one group to another, so all groups that it may mean are looked at. */
	MAKE_OF(GROUPS | GONE, "lines_moved", "lines_moved",
	     "SELECT DISTINCT m.group_name FROM group_changes c JOIN LATERAL (SELECT m.group_name FROM role_mappings m WHERE m.organisation = $1 "
	     "AND m.connection = $2 AND m.group_name IN (c.name, c.old_name, c.remote_id, c.reference, c.old_reference) OFFSET 0) m ON true"),
	MAKE_OF(GROUPS | EDGES | GONE, "shaken", "shaken",
	     "WITH RECURSIVE below (id) AS (SELECT n.child_id FROM nesting_changes n "
	     "UNION SELECT g.id FROM lines_moved l JOIN LATERAL (SELECT g.id FROM groups g WHERE g.organisation = $1 AND g.connection = $2 "
	     "AND g.remote_id = l.group_name UNION SELECT g.id FROM groups g WHERE g.organisation = $1 AND g.connection = $2 "
	     "AND g.reference = l.group_name UNION SELECT g.id FROM groups g WHERE g.organisation = $1 AND g.connection = $2 "
	     "AND g.name = l.group_name) g ON true "
	     "UNION SELECT c.id FROM group_changes c JOIN lines_moved l ON l.group_name IN (c.name, c.old_name, c.remote_id, c.reference, c.old_reference) "
	     "UNION SELECT k.child_id FROM below b JOIN LATERAL (SELECT k.child_id FROM group_groups k WHERE k.organisation = $1 "
	     "AND k.group_id = b.id OFFSET 0) k ON true) SELECT id FROM below"),
	MAKE("affected", "affected",
	     "SELECT x.account_id FROM (SELECT c.account_id FROM member_changes c "
	     "UNION SELECT k.account_id FROM shaken s JOIN LATERAL (SELECT k.account_id FROM group_accounts k WHERE k.organisation = $1 "
	     "AND k.group_id = s.id OFFSET 0) k ON true "
	     "UNION SELECT p.account_id FROM people_given p WHERE p.account_id IS NOT NULL AND (p.known_as IS NULL OR p.gone_at IS NOT NULL)) x "
	     "WHERE NOT EXISTS (SELECT FROM seen s WHERE s.account = x.account_id AND s.what = 'gone')"),
	STEP("known_affected", "ANALYZE affected"),

	/* Up from them: the groups that they are in now, and those that these are in, through any depth. UNION ends rings. */
	MAKE("direct", "direct",
	     "SELECT f.account_id, k.group_id FROM affected f JOIN LATERAL (SELECT k.group_id FROM group_accounts k WHERE k.organisation = $1 "
	     "AND k.account_id = f.account_id OFFSET 0) k ON true WHERE NOT EXISTS (SELECT FROM member_changes c WHERE NOT c.added "
	     "AND c.account_id = f.account_id AND c.group_id = k.group_id) "
	     "UNION SELECT c.account_id, c.group_id FROM member_changes c WHERE c.added"),
	MAKE("above", "above",
	     "WITH RECURSIVE up (start, id) AS (SELECT DISTINCT d.group_id, d.group_id FROM direct d "
	     "UNION SELECT u.start, k.group_id FROM up u JOIN LATERAL (SELECT k.group_id FROM group_groups k WHERE k.organisation = $1 "
	     "AND k.child_id = u.id AND NOT EXISTS (SELECT FROM nesting_changes n WHERE NOT n.added AND n.group_id = k.group_id "
	     "AND n.child_id = k.child_id) UNION ALL SELECT n.group_id FROM nesting_changes n WHERE n.added AND n.child_id = u.id) k ON true) "
	     "SELECT start, id FROM up"),
	INDEX("above", "start"),
	/* A key comes before a name, as in a whole listing. */
	MAKE("named_by_key", "named_by_key",
	     "SELECT m.position, g.id AS group_id FROM role_mappings m JOIN LATERAL (SELECT g.id FROM groups g WHERE g.organisation = $1 "
	     "AND g.connection = $2 AND g.remote_id = m.group_name UNION SELECT g.id FROM groups g WHERE g.organisation = $1 "
	     "AND g.connection = $2 AND g.reference = m.group_name) g ON true WHERE m.organisation = $1 AND m.connection = $2 "
	     "AND NOT EXISTS (SELECT FROM group_changes c WHERE c.id = g.id) "
	     "UNION SELECT m.position, c.id FROM role_mappings m JOIN group_changes c ON c.kind <> '" CHANGE_GROUP_REMOVED "' "
	     "AND m.group_name IN (c.remote_id, c.reference) WHERE m.organisation = $1 AND m.connection = $2"),
	MAKE("means", "means",
	     "SELECT position, group_id FROM named_by_key "
	     "UNION SELECT m.position, g.id FROM role_mappings m JOIN LATERAL (SELECT g.id FROM groups g WHERE g.organisation = $1 "
	     "AND g.connection = $2 AND g.name = m.group_name OFFSET 0) g ON true WHERE m.organisation = $1 AND m.connection = $2 "
	     "AND NOT EXISTS (SELECT FROM named_by_key k WHERE k.position = m.position) "
	     "AND NOT EXISTS (SELECT FROM group_changes c WHERE c.id = g.id) "
	     "UNION SELECT m.position, c.id FROM role_mappings m JOIN group_changes c ON c.kind <> '" CHANGE_GROUP_REMOVED "' "
	     "AND m.group_name = c.name WHERE m.organisation = $1 AND m.connection = $2 "
	     "AND NOT EXISTS (SELECT FROM named_by_key k WHERE k.position = m.position)"),
	INDEX("means", "group_id"),
	MAKE("granted", "granted",
	     "SELECT b.account_id, m.role FROM (SELECT d.account_id, min(g.position) AS position FROM direct d JOIN above u ON u.start = d.group_id "
	     "JOIN means g ON g.group_id = u.id GROUP BY d.account_id) b JOIN role_mappings m ON m.organisation = $1 AND m.connection = $2 "
	     "AND m.position = b.position"),
	INDEX("granted", "account_id"),
	MAKE("wanted", "wanted",
	     "SELECT p.remote_id, g.role FROM people_given p JOIN granted g ON g.account_id = p.account_id"),
	INDEX("wanted", "remote_id"),
	MAKE("roles", "roles",
	     "SELECT a.id AS account, a.user_id AS person, a.display_name AS name, g.role AS mapped, a.mapped_role AS was FROM affected f "
	     "JOIN LATERAL (SELECT a.id, a.user_id, a.display_name, a.mapped_role FROM accounts a WHERE a.organisation = $1 "
	     "AND a.id = f.account_id LIMIT 1) a ON true LEFT JOIN granted g ON g.account_id = f.account_id "
	     "WHERE a.mapped_role IS DISTINCT FROM g.role"),
	INDEX("roles", "account"),
};
const size_t increment_groups_count = ARRAY_COUNT(increment_groups);

const struct step increment_chosen[] = {
	INDEX("chosen", "person"),
	INDEX("shown", "person"),
};
const size_t increment_chosen_count = ARRAY_COUNT(increment_chosen);

/* The lines of the plan look up in each what the other says of somebody. */
const struct step increment_decided[] = {
	INDEX("effects", "person"),
	STEP("known_effects", "ANALYZE effects"),
	STEP("known_shown", "ANALYZE shown"),
};
const size_t increment_decided_count = ARRAY_COUNT(increment_decided);
