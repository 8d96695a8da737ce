#include "provision/plan.h"

#include "base/text.h"
#include "provision/change.h"
#include "provision/choice.h"
#include "provision/increment.h"
#include "provision/rename.h"
#include "provision/seating.h"
#include "store/query.h"

/* Every step has the same parameters: $1 organisation, $2 connection, $3 its verified domains, $4 whether the listing is whole,
 * $5 the default role, $6 when the reading began, $7 whether it is no reading, but what a sign-on said of one person. */
#define STEP(step_name, text) TABLES_STEP("plan." step_name, 0, text)
#define MAKE(step_name, table, text) TABLES_MAKE("plan." step_name, 0, table, text)
#define ONCE(step_name, text) TABLES_ONCE("plan." step_name, text)

/* What the listing says of memberships, with those of groups that it has but could not read. */
/* Whom groups can name: people as they were given, and as they are known those whose record could not be read. */
#define NAMED "(SELECT remote_id, key, user_name FROM staged_people UNION ALL SELECT remote_id, key, user_name FROM people_unread)"

#define EDGES "(" PLAN_EDGES_READ " UNION ALL SELECT group_key, member_key FROM edges_kept)"

/* Of whom there was news after the reading began. */
#define NEWER_ACCOUNTS \
	"(SELECT a.id FROM accounts a WHERE a.organisation = $1 AND a.connection = $2 AND a.observed_at > $6)"
#define NEWER_GROUPS "(SELECT g.id FROM groups g WHERE g.organisation = $1 AND g.connection = $2 AND g.observed_at > $6)"

enum { OVERTAKEN_WAIT_MS = 100 };

/* ---- what the reading says: of everybody; of who changed it is provision/increment ---- */

/* A staged person s and their account a, or none. One that sign-ons alone have shown is a directory's from now on. */
#define DIFFERS \
	"coalesce(a.fingerprint IS DISTINCT FROM s.fingerprint OR a.by_sign_on OR (NOT a.claimed AND s.domain = ANY ($3)), false)"
#define RENAMED "a.reference IS DISTINCT FROM nullif(s.key, s.remote_id)"

static const struct step listing_delta[] = {
	/* Hash joins of whole tables are what this work is, and nested loops are switched off to the end of the transaction: the
	 * tables of a run have no history, and the filter on the organisation stands twice, in the statement and in the
	 * policy, so the planner can take a million rows for five and compare everything with everything. Memory is the
	 * server's, and for this transaction alone. */
	STEP("memory", "SELECT set_config('work_mem', '256MB', true), set_config('hash_mem_multiplier', '2', true), "
	               "set_config('enable_nestloop', 'off', true), set_config('jit', 'off', true)"),

	/* New, changed and gone in one pass. Who was refused is there, though we could not read them: not gone. Of whom somebody had news
	 * after this reading began, it says nothing. Only keys stand in
	 * the tables that matching works on; the texts of a person are copied once, into effects. */
	MAKE("delta", "delta",
	     "SELECT s.id, s.remote_id, s.email, s.remote_id IS NOT NULL AS present, coalesce(s.domain = ANY ($3), false) AS proves, "
	     "a.id AS account_id, a.user_id, s.key, coalesce(a.reference, a.remote_id) AS old_key, " DIFFERS " AS differs "
	     "FROM staged_people s FULL JOIN (SELECT id, remote_id, user_id, fingerprint, gone_at, claimed, observed_at, reference, by_sign_on FROM accounts "
	     "WHERE organisation = $1 AND connection = $2) a ON a.remote_id = s.remote_id "
	     "WHERE (a.observed_at IS NULL OR a.observed_at <= $6) AND ((s.remote_id IS NOT NULL AND (" DIFFERS " OR " RENAMED ")) "
	     "OR ($4 AND s.remote_id IS NULL AND a.gone_at IS NULL "
	     "AND a.remote_id NOT IN (SELECT r.remote_id FROM staged_refused r)))"),

	/* A person who stands twice in a listing (it changed while it was read) is what was seen last. Ids ascend. */
	STEP("seen_last",
	     "DELETE FROM delta d USING staged_people s WHERE s.remote_id = d.remote_id AND s.id > d.id"),
	/* Whose key is another by now, and who was renamed before and whose directory has not had its time yet (renames). What they were called
	 * is looked up by its key: there are few of them. */
	MAKE("called_before", "called_before",
	     "SELECT account_id AS subject, false AS is_group, old_key AS former_key, key, "
	     "true AS fresh FROM delta WHERE present AND account_id IS NOT NULL AND old_key <> key"),
	MAKE("settling", "settling",
	     "SELECT r.subject, r.is_group, r.former_key, CASE WHEN r.is_group "
	     "THEN (SELECT g.remote_id FROM groups g WHERE g.organisation = $1 AND g.id = r.subject LIMIT 1) "
	     "ELSE (SELECT a.remote_id FROM accounts a WHERE a.organisation = $1 AND a.id = r.subject LIMIT 1) END AS remote_id "
	     "FROM renames r WHERE r.organisation = $1 AND r.connection = $2 AND r.settles_at > $6"),
	STEP("settling_people",
	     "INSERT INTO called_before SELECT r.subject, false, r.former_key, s.key, false FROM settling r "
	     "JOIN staged_people s ON s.remote_id = r.remote_id WHERE NOT r.is_group AND s.key <> r.former_key"),
	/* Whom groups call otherwise by now, and nothing else: no change that anybody would be told of. */
	MAKE("renamed", "renamed",
	     "SELECT account_id, remote_id, key FROM delta WHERE present AND NOT differs"),
	STEP("renamed_apart", "DELETE FROM delta WHERE present AND NOT differs"),
};

/* ---- who each of them is ---- */

static const struct step matching[] = {
	STEP("delta_known", "ANALYZE delta"),

	/* Two people of one listing cannot prove the same address: the first keeps it, an old acquaintance before a new one. */
	MAKE("twice", "twice",
	     "SELECT DISTINCT ON (d.email) d.email, d.id AS first FROM delta d JOIN (SELECT email FROM delta "
	     "WHERE proves GROUP BY email HAVING count(*) > 1) t ON t.email = d.email "
	     "ORDER BY d.email, d.account_id IS NULL, d.id"),
	STEP("twice_known", "ANALYZE twice"),

	/* Who each of them is. Matching is a security decision: only the account's own key, or an address of a domain that
	 * this organisation has proven (the policy on addresses shows it no others), and never onto a user who has
	 * another account in the same directory. */
	MAKE("seen", "seen",
	     "SELECT d.id, d.remote_id, "
	     "CASE WHEN NOT d.present THEN 'gone' WHEN d.account_id IS NULL THEN 'new' ELSE 'changed' END AS what, "
	     "coalesce(d.account_id, d.id) AS account, coalesce(d.user_id, h.user_id, d.id) AS person, "
	     "d.user_id IS NULL AND h.user_id IS NULL AS new_user, h.user_id AS holder, "
	     "d.proves AND (h.user_id IS NULL OR h.user_id = coalesce(d.user_id, h.user_id)) "
	     "AND (t.first IS NULL OR t.first = d.id) AS claims, "
	     "CASE WHEN t.first <> d.id THEN 'same' "
	     "WHEN d.user_id IS NULL AND h.user_id IS NOT NULL AND EXISTS (SELECT FROM accounts x WHERE x.organisation = $1 "
	     "AND x.user_id = h.user_id AND x.connection = $2) THEN 'taken' "
	     "WHEN d.user_id <> h.user_id THEN 'taken' END AS quarrel "
	     "FROM delta d LEFT JOIN addresses h ON d.proves AND h.address = d.email "
	     "AND NOT EXISTS (SELECT FROM addresses_given_up f WHERE f.remote_id = d.remote_id) "
	     "LEFT JOIN twice t ON d.proves AND t.email = d.email"),
	/* A user with two addresses and no account here may be found twice: the first entry is the one. */
	STEP("seen_once",
	     "UPDATE seen s SET quarrel = 'taken', claims = false FROM (SELECT id, row_number() OVER (PARTITION BY holder ORDER BY id) "
	     "AS n FROM seen WHERE what = 'new' AND holder IS NOT NULL AND quarrel IS NULL) h WHERE h.n > 1 AND s.id = h.id"),
	STEP("seen_known", "ANALYZE seen"),
};

/* ---- groups, and what they yield ---- */

static const struct step listing_groups[] = {
	/* Of people whose record could not be read, groups whose record was read say whether they are members: by the key that groups
	 * knew them by last, unless that is somebody else's now. Only where people say themselves which groups they are in, nothing was
	 * said of these, and they keep theirs. */
	MAKE("people_unread", "people_unread",
	     "SELECT a.remote_id, CASE WHEN NOT EXISTS (SELECT FROM staged_people p WHERE p.key = coalesce(a.reference, a.remote_id)) "
	     "THEN coalesce(a.reference, a.remote_id) END AS key, a.user_name FROM accounts a WHERE a.organisation = $1 "
	     "AND a.connection = $2 AND a.gone_at IS NULL AND a.remote_id IN (SELECT r.remote_id FROM staged_refused r) "
	     "AND NOT EXISTS (SELECT FROM staged_people p WHERE p.remote_id = a.remote_id) "
	     "AND NOT EXISTS (SELECT FROM staged_people p WHERE p.says_groups)"),

	/* Groups as they were seen last. One that the listing has but could not read is as we know it, with its members, and so is one of
	 * which there was news after this reading began. A key
	 * that is a person's and a group's is the person's: nobody is let into a group because its number is theirs. */
	MAKE("groups_shown", "groups_shown",
	     "SELECT DISTINCT ON (g.remote_id) g.*, false AS unread, "
	     "NOT EXISTS (SELECT FROM staged_people p WHERE p.key = g.key) AS nests FROM staged_groups g "
	     "WHERE NOT EXISTS (SELECT FROM groups k WHERE k.organisation = $1 AND k.connection = $2 AND k.remote_id = g.remote_id "
	     "AND k.observed_at > $6) ORDER BY g.remote_id, g.id DESC"),
	STEP("groups_unread",
	     "INSERT INTO groups_shown (id, remote_id, reference, key, name, unread, nests) "
	     "SELECT g.id, g.remote_id, g.reference, coalesce(g.reference, g.remote_id), g.name, true, true FROM groups g "
	     "WHERE g.organisation = $1 AND g.connection = $2 "
	     "AND (g.observed_at > $6 OR g.remote_id IN (SELECT r.remote_id FROM staged_refused r) "
	     "OR g.reference IN (SELECT r.remote_id FROM staged_refused r)) "
	     "AND NOT EXISTS (SELECT FROM groups_shown s WHERE s.remote_id = g.remote_id)"),
	/* A group that is read and names somebody by the key of before still means them, until the directory has had its time, if they stand
	 * in it. */
	STEP("groups_called_before",
	     "INSERT INTO called_before SELECT g.id, true, coalesce(g.reference, g.remote_id), s.key, true FROM groups_shown s "
	     "JOIN groups g ON g.organisation = $1 AND g.connection = $2 AND g.remote_id = s.remote_id "
	     "WHERE NOT s.unread AND coalesce(g.reference, g.remote_id) <> s.key"),
	STEP("settling_groups",
	     "INSERT INTO called_before SELECT r.subject, true, r.former_key, s.key, false FROM settling r "
	     "JOIN groups_shown s ON s.remote_id = r.remote_id WHERE r.is_group AND s.key <> r.former_key"),
	MAKE("spared", "spared",
	     "SELECT DISTINCT c.group_key, c.key AS member_key, c.subject, c.former_key "
	     "FROM (SELECT c.*, u.key AS group_key, (SELECT h.id FROM groups h WHERE h.organisation = $1 AND h.connection = $2 "
	     "AND h.remote_id = u.remote_id LIMIT 1) AS group_id FROM called_before c JOIN (" PLAN_EDGES_SAID ") e ON e.member_key = c.former_key "
	     "JOIN groups_shown u ON u.key = e.group_key OFFSET 0) c "
	     "WHERE NOT " RENAME_SAID_SINCE("c.group_id") " AND CASE WHEN c.is_group THEN EXISTS (SELECT FROM group_groups k WHERE k.organisation = $1 AND k.group_id = c.group_id "
	     "AND k.child_id = c.subject) ELSE EXISTS (SELECT FROM group_accounts k WHERE k.organisation = $1 AND k.group_id = c.group_id "
	     "AND k.account_id = c.subject) END"),
	/* If the key is somebody else's now, it may mean either. Until then both are as they were: who stands in the group stays, and who does not
	 * comes into nothing by another's name. */
	MAKE("contested", "contested",
	     "SELECT DISTINCT x.group_key, x.former_key AS member_key FROM spared x "
	     "WHERE (EXISTS (SELECT FROM " NAMED " p WHERE p.key = x.former_key) OR EXISTS (SELECT FROM groups_shown g WHERE g.key = x.former_key)) "
	     "AND NOT EXISTS (SELECT FROM staged_edges e WHERE e.group_key = x.group_key AND e.member_key = x.member_key)"),
	MAKE("contested_held", "contested_held",
	     "SELECT DISTINCT c.group_key, c.member_key FROM contested c "
	     "JOIN groups_shown u ON u.key = c.group_key JOIN groups h ON h.organisation = $1 AND h.connection = $2 AND h.remote_id = u.remote_id "
	     "JOIN " NAMED " p ON p.key = c.member_key JOIN accounts a ON a.organisation = $1 AND a.connection = $2 AND a.remote_id = p.remote_id "
	     "JOIN group_accounts k ON k.organisation = $1 AND k.group_id = h.id AND k.account_id = a.id "
	     "UNION SELECT c.group_key, c.member_key FROM contested c JOIN groups_shown u ON u.key = c.group_key "
	     "JOIN groups h ON h.organisation = $1 AND h.connection = $2 AND h.remote_id = u.remote_id "
	     "JOIN groups_shown s ON s.nests AND s.key = c.member_key JOIN groups g ON g.organisation = $1 AND g.connection = $2 "
	     "AND g.remote_id = s.remote_id JOIN group_groups k ON k.organisation = $1 AND k.group_id = h.id AND k.child_id = g.id"),
	/* The groups that call them what they are called now: the former key means them no more there. */
	MAKE("called_now", "called_now",
	     "SELECT c.subject, array_agg(DISTINCT h.id) AS groups FROM called_before c "
	     "JOIN (" PLAN_EDGES_READ ") e ON e.member_key = c.key JOIN groups_shown u ON u.key = e.group_key "
	     "JOIN groups h ON h.organisation = $1 AND h.connection = $2 AND h.remote_id = u.remote_id GROUP BY c.subject"),
	/* Whom groups name and nobody answers to: others, or somebody whose new name came to the group after they themselves were read. */
	MAKE("unanswered", "unanswered",
	     "SELECT DISTINCT e.group_key, e.member_key FROM (" PLAN_EDGES_READ ") e "
	     "WHERE $4 AND NOT EXISTS (SELECT FROM staged_people p WHERE p.key = e.member_key) "
	     "AND NOT EXISTS (SELECT FROM groups_shown g WHERE g.nests AND g.key = e.member_key)"),
	MAKE("strange", "strange",
	     "SELECT h.id AS group_id, u.group_key, bool_or(t.member_key IS NULL) AS fresh "
	     "FROM unanswered u JOIN groups_shown s ON NOT s.unread AND s.key = u.group_key "
	     "JOIN groups h ON h.organisation = $1 AND h.connection = $2 AND h.remote_id = s.remote_id "
	     "LEFT JOIN group_strangers t ON t.organisation = $1 AND t.group_id = h.id AND t.member_key = u.member_key "
	     "WHERE NOT EXISTS (SELECT FROM people_unread n WHERE n.key = u.member_key) GROUP BY h.id, u.group_key"),
	STEP("strange_known", "ANALYZE strange"),
	/* So a group that names a new one has lost nobody yet: whoever stood in it is asked for by name first. And none who was renamed, as long
	 * as it names anybody whom nobody answers to. */
	MAKE("doubted", "doubted",
	     "SELECT l.* FROM ("
	     "SELECT x.group_key, x.fresh, p.key AS member_key, a.id AS subject, false AS is_group, "
	     "EXISTS (SELECT FROM called_before c WHERE c.subject = a.id) AS renamed FROM strange x "
	     "JOIN group_accounts k ON k.organisation = $1 AND k.group_id = x.group_id "
	     "JOIN accounts a ON a.organisation = $1 AND a.id = k.account_id JOIN " NAMED " p ON p.remote_id = a.remote_id "
	     "WHERE x.fresh OR EXISTS (SELECT FROM called_before c WHERE c.subject = k.account_id) "
	     "UNION ALL SELECT x.group_key, x.fresh, s.key, c.id, true, EXISTS (SELECT FROM called_before b WHERE b.subject = c.id) "
	     "FROM strange x JOIN group_groups k ON k.organisation = $1 AND k.group_id = x.group_id "
	     "JOIN groups c ON c.organisation = $1 AND c.id = k.child_id JOIN groups_shown s ON s.remote_id = c.remote_id "
	     "WHERE x.fresh OR EXISTS (SELECT FROM called_before b WHERE b.subject = k.child_id)) l "
	     "WHERE NOT EXISTS (SELECT FROM (" PLAN_EDGES_READ ") e WHERE e.group_key = l.group_key AND e.member_key = l.member_key) "
	     "AND NOT EXISTS (SELECT FROM spared d WHERE d.group_key = l.group_key AND d.subject = l.subject) "
	     "AND (l.renamed OR NOT EXISTS (SELECT FROM renames r WHERE r.organisation = $1 AND r.connection = $2 AND r.subject = l.subject "
	     "AND (r.ask_at IS NULL OR r.asked >= " RENAME_ASKED_MOST ")))"),
	MAKE("edges_kept", "edges_kept",
	     "SELECT group_key, member_key FROM spared UNION ALL "
	     "SELECT group_key, member_key FROM doubted UNION ALL SELECT group_key, member_key FROM contested_held UNION ALL "
	     "SELECT u.key AS group_key, p.key AS member_key FROM groups_shown u JOIN group_accounts k ON k.organisation = $1 "
	     "AND k.group_id = u.id JOIN accounts a ON a.organisation = $1 AND a.id = k.account_id "
	     "JOIN " NAMED " p ON p.remote_id = a.remote_id WHERE u.unread "
	     "UNION ALL SELECT u.key, s.key FROM groups_shown u JOIN group_groups k ON k.organisation = $1 AND k.group_id = u.id "
	     "JOIN groups c ON c.organisation = $1 AND c.id = k.child_id "
	     "JOIN groups_shown s ON s.remote_id = c.remote_id WHERE u.unread"),

	/* The first line of the mapping that names a group of theirs, through any depth of nesting; UNION ends rings. A key of a
	 * group comes before a name: nobody gets a role by calling a group what another one's key is. */
	MAKE("wanted", "wanted",
	     "WITH RECURSIVE below (key, position) AS ("
	     "SELECT g.key, m.position FROM groups_shown g JOIN role_mappings m ON m.organisation = $1 AND m.connection = $2 "
	     "AND (m.group_name IN (g.remote_id, g.reference) OR (m.group_name = g.name AND NOT EXISTS (SELECT FROM groups_shown x "
	     "WHERE m.group_name IN (x.remote_id, x.reference)))) WHERE $4 "
	     "UNION SELECT c.key, b.position FROM below b JOIN " EDGES " e ON e.group_key = b.key "
	     "JOIN groups_shown c ON c.nests AND c.key = e.member_key), "
	     "best AS (SELECT p.remote_id, min(b.position) AS position FROM below b JOIN " EDGES " e ON e.group_key = b.key "
	     "JOIN " NAMED " p ON p.key = e.member_key GROUP BY p.remote_id) "
	     "SELECT b.remote_id, m.role FROM best b JOIN role_mappings m ON m.organisation = $1 AND m.connection = $2 "
	     "AND m.position = b.position"),

	STEP("wanted_known", "ANALYZE wanted"),

	/* What the groups yield now against what they yielded last. Who is gone keeps theirs, for the day they come back. */
	MAKE("roles", "roles",
	     "SELECT a.id AS account, a.user_id AS person, a.display_name AS name, w.role AS mapped, a.mapped_role AS was "
	     "FROM wanted w JOIN accounts a ON a.organisation = $1 AND a.connection = $2 AND a.remote_id = w.remote_id "
	     "WHERE a.mapped_role IS DISTINCT FROM w.role "
	     "UNION ALL SELECT a.id, a.user_id, a.display_name, NULL, a.mapped_role FROM accounts a "
	     "WHERE $4 AND a.organisation = $1 AND a.connection = $2 AND a.mapped_role IS NOT NULL "
	     "AND NOT EXISTS (SELECT FROM wanted w WHERE w.remote_id = a.remote_id) "
	     "AND EXISTS (SELECT FROM " NAMED " p WHERE p.remote_id = a.remote_id)"),
	STEP("roles_newer", "DELETE FROM roles r WHERE r.account IN " NEWER_ACCOUNTS),
};

/* ---- what is said of each of them ---- */

static const struct step telling[] = {
	/* From here on nobody else changes them: neither an administrator, nor another directory that shows the same people and counts on
	 * our word for them as we do on its. What those have done is seen by the statements after this one. Everybody locks in the
	 * same order. */
	STEP("members_locked",
	     "SELECT count(*) FROM (SELECT FROM members m WHERE m.organisation = $1 AND m.user_id = ANY (ARRAY(SELECT person FROM seen WHERE NOT new_user "
	     "UNION SELECT person FROM roles)) ORDER BY m.user_id FOR UPDATE OF m) l"),
	/* Of whom there was news until we had them to ourselves, this reading says nothing. */
	STEP("overtaken",
	     "DELETE FROM seen s WHERE s.account IN " NEWER_ACCOUNTS),

	/* What each source says of them, once this listing is taken: of those alone who were somebody before, or there would be nothing
	 * to choose. Whom a directory shows, or has shown, nobody keeps in by having signed on once: of their state that says nothing. */
	MAKE("touched", "touched",
	     "SELECT person FROM seen WHERE NOT new_user AND (what <> 'new' OR quarrel IS NULL) UNION SELECT person FROM roles"),
	STEP("touched_known", "ANALYZE touched"),
	MAKE("told", "told",
	     "SELECT t.person, a.connection, CASE WHEN NOT a.by_sign_on OR (CASE WHEN $7 THEN NOT " CHOICE_IN_DIRECTORY("t.person", "") " "
	     "ELSE s.account IS NOT NULL END) THEN coalesce(p.standing, a.standing) END AS standing, "
	     "CASE WHEN r.account IS NULL THEN a.mapped_role ELSE r.mapped END AS role, "
	     "CASE WHEN p.id IS NULL THEN a.display_name ELSE p.display_name END AS name, "
	     "CASE WHEN p.id IS NULL THEN a.email ELSE p.email END AS email, "
	     "CASE WHEN p.id IS NULL THEN a.title ELSE p.title END AS title, "
	     "CASE WHEN p.id IS NULL THEN a.department ELSE p.department END AS department "
	     "FROM touched t JOIN accounts a ON a.organisation = $1 AND a.user_id = t.person "
	     "LEFT JOIN seen s ON s.account = a.id AND s.what <> 'new' LEFT JOIN staged_people p ON p.id = s.id "
	     "LEFT JOIN roles r ON r.account = a.id "
	     "WHERE CASE WHEN s.account IS NULL THEN a.gone_at IS NULL ELSE s.what <> 'gone' END "
	     "UNION ALL SELECT s.person, $2, CASE WHEN NOT ($7 AND " CHOICE_IN_DIRECTORY("s.person", "") ") THEN p.standing END, w.role, p.display_name, p.email, p.title, p.department "
	     "FROM seen s JOIN staged_people p ON p.id = s.id LEFT JOIN wanted w ON w.remote_id = s.remote_id "
	     "WHERE s.what = 'new' AND NOT s.new_user AND s.quarrel IS NULL"),
	STEP("told_known", "ANALYZE told"),
};

/* From what was chosen to what changes. */
static const struct step deciding[] = {
	/* One kind for each person seen, with what they were and what they are. Their state is the word of the connection that leads
	 * for them (provision/choice): lost in one directory, they are whatever the next one says. Whom an administrator suspended
	 * or removed, no directory brings back; and a sign-on changes nothing about whom a directory has a word on. Staged people are read from one end to the other and the rest is looked up, so
	 * those who are new stand here by ascending id, and indexes are filled in their own order. */
	MAKE("effects", "effects",
	     "SELECT l.*, CASE "
	     "WHEN lead_standing = 1 AND (state IS NULL OR left_by = 'grace') AND NOT mute THEN '" CHANGE_JOINED "' "
	     "WHEN lead_standing = 1 AND suspended_by = 'connector' AND NOT mute THEN '" CHANGE_RESTORED "' "
	     "WHEN lead_standing IS DISTINCT FROM 1 AND state = 'active' AND NOT mute THEN '" CHANGE_SUSPENDED "' "
	     "WHEN what = 'gone' THEN '" CHANGE_ACCOUNT_GONE "' "
	     "WHEN what = 'new' AND state IS NOT NULL THEN '" CHANGE_ACCOUNT_LINKED "' "
	     "WHEN what = 'new' OR known_as IS NULL OR length(known_as) = 0 THEN '" CHANGE_ACCOUNT_SEEN "' "
	     "WHEN known_as = fingerprint THEN CASE WHEN claims THEN '" CHANGE_ADDRESS_PROVEN "' WHEN turns THEN '" CHANGE_ACCOUNT_SEEN "' END "
	     "WHEN shows AND member_of = lead THEN '" CHANGE_UPDATED "' "
	     "WHEN NOT shows AND member_of = $2 THEN '" CHANGE_UPDATED "' ELSE '" CHANGE_ACCOUNT_UPDATED "' END AS kind FROM ("
	     "SELECT s.account, s.person, s.what, s.new_user, s.holder, s.claims, s.remote_id, p.user_name, p.email, p.domain, p.given_name, "
	     "p.family_name, p.display_name, p.title, p.department, p.locale, p.standing, p.fingerprint, p.key, p.stamp, a.fingerprint AS known_as, "
	     "a.user_name AS old_user_name, a.email AS old_email, a.display_name AS old_name, a.title AS old_title, "
	     "a.department AS old_department, coalesce(w.role, $5) AS role, w.role IS NOT NULL AS mapped, m.state, m.role AS old_role, "
	     "m.suspended_by, m.left_by, m.departure, m.connection AS member_of, h.person IS NOT NULL AS shows, "
	     "coalesce(a.by_sign_on AND NOT $7, false) AS turns, "
	     "$7 AND coalesce(a.by_sign_on, true) AND " CHOICE_IN_DIRECTORY("s.person", "") " AS mute, "
	     "CASE WHEN s.new_user THEN $2 ELSE c.connection END AS lead, "
	     "CASE WHEN s.new_user THEN p.standing ELSE c.standing END AS lead_standing, "
	     "CASE WHEN s.new_user THEN p.display_name ELSE c.name END AS lead_name, "
	     "CASE WHEN s.new_user THEN p.email ELSE c.email END AS lead_email, "
	     "CASE WHEN s.new_user THEN p.title ELSE c.title END AS lead_title, "
	     "CASE WHEN s.new_user THEN p.department ELSE c.department END AS lead_department, "
	     "coalesce(CASE WHEN s.new_user THEN w.role ELSE c.role END, $5) AS lead_role, "
	     "CASE WHEN s.new_user THEN w.role ELSE c.role END IS NOT NULL AS lead_mapped "
	     "FROM seen s LEFT JOIN staged_people p ON p.id = s.id "
	     "LEFT JOIN accounts a ON a.organisation = $1 AND a.id = s.account "
	     "LEFT JOIN members m ON m.organisation = $1 AND m.user_id = s.person "
	     "LEFT JOIN wanted w ON w.remote_id = s.remote_id "
	     "LEFT JOIN chosen c ON c.person = s.person AND NOT s.new_user "
	     "LEFT JOIN shown h ON h.person = s.person AND NOT s.new_user "
	     "WHERE s.what <> 'new' OR s.quarrel IS NULL) l"),

	/* Who comes back after their grace time joins as somebody new, with nothing of before but their id. */
	STEP("rejoined_role", "DELETE FROM role_changes r USING effects x WHERE x.kind = '" CHANGE_JOINED "' AND x.person = r.person"),
	STEP("rejoined_reason", "DELETE FROM role_sources r USING effects x WHERE x.kind = '" CHANGE_JOINED "' AND x.person = r.person"),
	STEP("rejoined_shown", "DELETE FROM shown h USING effects x WHERE x.kind = '" CHANGE_JOINED "' AND x.person = h.person"),

	/* What the departure of somebody takes along, and what it gives back: to the rows themselves that happens as their members
	 * change (schema/0015_departures.sql), so that nobody can forget it; here it is told. */
	MAKE("token_changes", "token_changes",
	     "SELECT DISTINCT t.id, t.name, x.person, "
	     "CASE WHEN x.kind = '" CHANGE_SUSPENDED "' THEN '" CHANGE_TOKEN_SUSPENDED "' ELSE '" CHANGE_TOKEN_RESTORED "' END AS kind "
	     "FROM tokens t JOIN effects x ON x.person = coalesce(t.user_id, t.maker) WHERE t.organisation = $1 AND t.revoked_at IS NULL "
	     "AND ((x.kind = '" CHANGE_SUSPENDED "' AND t.suspended_at IS NULL) "
	     "OR (x.kind = '" CHANGE_RESTORED "' AND t.suspended_by = x.departure))"),
};

static const struct step listing_memberships[] = {
	/* Groups by the directory's own key: a renamed one is the same one. */
	MAKE("group_changes", "group_changes",
	     "SELECT coalesce(g.id, s.id) AS id, s.remote_id, s.reference, s.name, g.name AS old_name, CASE "
	     "WHEN g.id IS NULL THEN '" CHANGE_GROUP_CREATED "' WHEN s.id IS NULL THEN '" CHANGE_GROUP_REMOVED "' "
	     "ELSE '" CHANGE_GROUP_UPDATED "' END AS kind "
	     "FROM groups_shown s FULL JOIN (SELECT id, remote_id, reference, name FROM groups WHERE organisation = $1 AND connection = $2) g "
	     "ON g.remote_id = s.remote_id "
	     "WHERE $4 AND (g.id IS NULL OR s.id IS NULL OR (g.name, g.reference) IS DISTINCT FROM (s.name, s.reference))"),

	/* What the keys in memberships mean. */
	MAKE("group_keys", "group_keys",
	     "SELECT s.key, s.nests, coalesce(g.id, c.id) AS id, s.name FROM groups_shown s "
	     "LEFT JOIN groups g ON g.organisation = $1 AND g.connection = $2 AND g.remote_id = s.remote_id "
	     "LEFT JOIN group_changes c ON c.remote_id = s.remote_id AND c.kind = '" CHANGE_GROUP_CREATED "'"),
	MAKE("member_changes", "member_changes",
	     "WITH stated AS (SELECT g.id AS group_id, coalesce(a.id, n.account) AS account_id, min(g.name) AS group_name, "
	     "min(p.user_name) AS user_name FROM " EDGES " e JOIN group_keys g ON g.key = e.group_key "
	     "JOIN " NAMED " p ON p.key = e.member_key "
	     "LEFT JOIN accounts a ON a.organisation = $1 AND a.connection = $2 AND a.remote_id = p.remote_id "
	     "LEFT JOIN effects n ON n.remote_id = p.remote_id AND a.id IS NULL "
	     "WHERE coalesce(a.id, n.account) IS NOT NULL GROUP BY 1, 2), "
	     "kept AS (SELECT k.group_id, k.account_id, g.name FROM group_accounts k JOIN groups g ON g.organisation = $1 "
	     "AND g.connection = $2 AND g.id = k.group_id WHERE k.organisation = $1), "
	     "differ AS (SELECT coalesce(s.group_id, k.group_id) AS group_id, coalesce(s.account_id, k.account_id) AS account_id, "
	     "coalesce(s.group_name, k.name) AS group_name, s.user_name, k.group_id IS NULL AS added "
	     "FROM stated s FULL JOIN kept k ON k.group_id = s.group_id AND k.account_id = s.account_id "
	     "WHERE $4 AND (s.group_id IS NULL OR k.group_id IS NULL)) "
	     "SELECT d.group_id, d.account_id, d.group_name, coalesce(d.user_name, a.user_name) AS user_name, d.added FROM differ d "
	     "LEFT JOIN accounts a ON a.organisation = $1 AND a.id = d.account_id"),
	/* A person whom this run could not read keeps their groups where nobody but they themselves could name them. */
	STEP("unread_keep_groups",
	     "DELETE FROM member_changes c USING accounts a JOIN staged_refused r ON r.remote_id = a.remote_id "
	     "WHERE NOT c.added AND a.organisation = $1 AND a.id = c.account_id "
	     "AND NOT EXISTS (SELECT FROM " NAMED " p WHERE p.remote_id = a.remote_id)"),
	MAKE("nesting_changes", "nesting_changes",
	     "WITH stated AS (SELECT DISTINCT g.id AS group_id, c.id AS child_id, g.name FROM " EDGES " e "
	     "JOIN group_keys g ON g.key = e.group_key JOIN group_keys c ON c.nests AND c.key = e.member_key), "
	     "kept AS (SELECT k.group_id, k.child_id, g.name FROM group_groups k JOIN groups g ON g.organisation = $1 "
	     "AND g.connection = $2 AND g.id = k.group_id WHERE k.organisation = $1) "
	     "SELECT coalesce(s.group_id, k.group_id) AS group_id, coalesce(s.child_id, k.child_id) AS child_id, "
	     "coalesce(s.name, k.name) AS group_name, k.group_id IS NULL AS added FROM stated s FULL JOIN kept k ON k.group_id = s.group_id AND k.child_id = s.child_id "
	     "WHERE $4 AND (s.group_id IS NULL OR k.group_id IS NULL)"),

	/* Of what was read anew meanwhile, this listing says nothing: neither of a group's members nor of a person's groups. */
	STEP("members_newer", "DELETE FROM member_changes c WHERE c.group_id IN " NEWER_GROUPS " OR c.account_id IN " NEWER_ACCOUNTS),
	STEP("nesting_newer", "DELETE FROM nesting_changes c WHERE c.group_id IN " NEWER_GROUPS),
};

static const struct step showing[] = {
	/* All of it as lines that people read, the guard counts, apply carries out and audit keeps. A view, so that a million
	 * lines are made once, where they are kept; it goes with the tables it stands on. */
	ONCE("planned",
	     "CREATE TEMP VIEW planned AS "
	     "SELECT x.kind, CASE WHEN x.kind LIKE 'account.%' THEN 'account' ELSE 'member' END AS subject_kind, "
	     "CASE WHEN x.kind LIKE 'account.%' THEN x.account ELSE x.person END AS subject, "
	     "coalesce(x.display_name, x.old_name) AS name, "
	     "CASE WHEN x.kind IN ('" CHANGE_SUSPENDED "', '" CHANGE_RESTORED "') THEN "
	     "jsonb_build_object('state', x.state) || " CHOICE_SHOWN("old_") " "
	     "WHEN x.kind IN ('" CHANGE_JOINED "', '" CHANGE_WAITING "', '" CHANGE_WITHDRAWN "') AND x.state IS NOT NULL THEN jsonb_build_object('state', x.state) "
	     "WHEN x.kind = '" CHANGE_UPDATED "' AND x.shows THEN jsonb_strip_nulls(jsonb_build_object("
	     CHOICE_IF_NEW("user_name", "x.old_user_name", "x.user_name", "x.old_user_name") ")) || " CHOICE_SHOWN("old_") " "
	     "WHEN x.what = 'changed' THEN jsonb_strip_nulls(jsonb_build_object("
	     CHOICE_IF_NEW("user_name", "x.old_user_name", "x.user_name", "x.old_user_name") ", "
	     CHOICE_IF_NEW("email", "x.old_email", "x.email", "x.old_email") ", "
	     CHOICE_IF_NEW("name", "x.old_name", "x.display_name", "x.old_name") ", "
	     CHOICE_IF_NEW("title", "x.old_title", "x.title", "x.old_title") ", "
	     CHOICE_IF_NEW("department", "x.old_department", "x.department", "x.old_department") ")) END AS before, "
	     "CASE WHEN x.kind = '" CHANGE_SUSPENDED "' THEN jsonb_build_object('state', 'suspended', 'because', "
	     "CASE WHEN x.lead_standing IS NULL THEN 'gone from the directory' ELSE 'suspended in the directory' END) || " CHOICE_SHOWN("") " "
	     "WHEN x.kind = '" CHANGE_RESTORED "' THEN jsonb_build_object('state', 'active') || " CHOICE_SHOWN("") " "
	     "WHEN x.kind = '" CHANGE_WAITING "' THEN jsonb_strip_nulls(jsonb_build_object('state', 'waiting', 'because', 'no seat is free', "
	     "'role', CASE WHEN x.state IS NULL THEN x.lead_role ELSE x.old_role END, 'user_name', x.user_name, 'email', x.lead_email)) "
	     "WHEN x.kind = '" CHANGE_WITHDRAWN "' THEN jsonb_build_object('state', 'suspended', 'because', "
	     "CASE WHEN x.lead_standing IS NULL THEN 'gone from the directory' ELSE 'suspended in the directory' END) "
	     "WHEN x.kind = '" CHANGE_JOINED "' THEN jsonb_strip_nulls(jsonb_build_object('role', x.lead_role, "
	     "'user_name', x.user_name, 'email', x.lead_email)) "
	     "WHEN x.what = 'new' THEN jsonb_strip_nulls(jsonb_build_object('user_name', x.user_name, 'email', x.email)) "
	     "WHEN x.kind = '" CHANGE_UPDATED "' AND x.shows THEN jsonb_strip_nulls(jsonb_build_object("
	     CHOICE_IF_NEW("user_name", "x.old_user_name", "x.user_name", "x.user_name") ")) || " CHOICE_SHOWN("") " "
	     "WHEN x.what = 'changed' THEN jsonb_strip_nulls(jsonb_build_object("
	     CHOICE_IF_NEW("user_name", "x.old_user_name", "x.user_name", "x.user_name") ", "
	     CHOICE_IF_NEW("email", "x.old_email", "x.email", "x.email") ", "
	     CHOICE_IF_NEW("name", "x.old_name", "x.display_name", "x.display_name") ", "
	     CHOICE_IF_NEW("title", "x.old_title", "x.title", "x.title") ", "
	     CHOICE_IF_NEW("department", "x.old_department", "x.department", "x.department") ")) END AS after "
	     "FROM effects x LEFT JOIN shown h ON h.person = x.person AND x.shows WHERE x.kind IS NOT NULL "
	     /* Members who show something else though that is not what happened to them: the next source's word counts now. */
	     "UNION ALL SELECT CASE WHEN h.old_connection IS DISTINCT FROM h.connection THEN '" CHANGE_HANDED_OVER "' "
	     "ELSE '" CHANGE_UPDATED "' END, 'member', h.person, h.name, " CHOICE_SHOWN("old_") ", " CHOICE_SHOWN("") " FROM shown h "
	     "LEFT JOIN effects x ON x.person = h.person AND x.kind <> '" CHANGE_ACCOUNT_GONE "' "
	     "WHERE coalesce(x.kind, '') NOT IN ('" CHANGE_UPDATED "', '" CHANGE_SUSPENDED "', '" CHANGE_RESTORED "') "
	     "AND NOT (x.kind IS NOT DISTINCT FROM '" CHANGE_ACCOUNT_LINKED "' AND h.old_connection IS NULL "
	     "AND (h.old_name, h.old_email, h.old_title, h.old_department) IS NOT DISTINCT FROM (h.name, h.email, h.title, h.department)) "
	     "UNION ALL SELECT '" CHANGE_ROLE "', 'member', person, name, jsonb_build_object('role', old_role), "
	     "jsonb_build_object('role', new_role) FROM role_changes "
	     "UNION ALL SELECT '" CHANGE_ROLE_WAITING "', 'member', person, name, jsonb_build_object('role', old_role), "
	     "jsonb_build_object('role', old_role, 'waiting_role', new_role, 'because', 'no seat is free') FROM roles_waiting "
	     "UNION ALL SELECT kind, 'token', id, name, NULL, jsonb_build_object('member', person) FROM token_changes t "
	     "WHERE kind = '" CHANGE_TOKEN_SUSPENDED "' OR EXISTS (SELECT FROM effects x WHERE x.person = t.person AND x.kind = '" CHANGE_RESTORED "') "
	     /* What a person has said of them, or the administrator of a directory that took another's place is to say. */
	     "UNION ALL SELECT '" CHANGE_ACCOUNT_LINKED "', 'account', account, name, jsonb_build_object('remote_id', old_remote_id), "
	     "jsonb_build_object('remote_id', remote_id) FROM relinked "
	     "UNION ALL SELECT '" CHANGE_ADDRESS_GIVEN_UP "', 'member', f.person, f.name, jsonb_build_object('email', f.address), "
	     "jsonb_build_object('because', 'it is another person''s now') FROM addresses_given_up f "
	     "JOIN effects x ON x.remote_id = f.remote_id AND x.claims "
	     "UNION ALL SELECT kind, 'group', id, coalesce(name, old_name), "
	     "CASE WHEN old_name IS NOT NULL THEN jsonb_build_object('name', old_name) END, "
	     "CASE WHEN name IS NOT NULL THEN jsonb_build_object('name', name) END FROM group_changes "
	     "UNION ALL SELECT '" CHANGE_GROUP_MEMBER_ADDED "', 'group', group_id, group_name, NULL, "
	     "jsonb_build_object('account', account_id, 'user_name', user_name) FROM member_changes WHERE added "
	     "UNION ALL SELECT '" CHANGE_GROUP_MEMBER_REMOVED "', 'group', group_id, group_name, "
	     "jsonb_build_object('account', account_id, 'user_name', user_name), NULL FROM member_changes WHERE NOT added "
	     "UNION ALL SELECT CASE WHEN added THEN '" CHANGE_GROUP_GROUP_ADDED "' ELSE '" CHANGE_GROUP_GROUP_REMOVED "' END, "
	     "'group', group_id, group_name, CASE WHEN NOT added THEN jsonb_build_object('group', child_id) END, "
	     "CASE WHEN added THEN jsonb_build_object('group', child_id) END FROM nesting_changes"),
};

static int take_steps(struct tx *tx, const struct source *source, const struct run *run, enum tables tables, const struct step *steps,
                      size_t count, struct error *e)
{
	return tables_take(tx, tables, tables_staged(run), steps, count,
	                   PARAMS(P_ID(&source->organisation), P_ID(&source->connection.id), P_TEXTS(source->domains), P_BOOL(run->whole),
	                          P_TEXT(source->default_role), P_TIME(run->read_at), P_BOOL(run_is_of_sign_on(run))),
	                   e);
}

/* Two that each wait for a person whom the other has can both be right about the groups. Who is later looks again. */
static int check_groups(struct tx *tx, const struct source *source, const struct run *run, struct error *e)
{
	static const struct query newer = {
		"plan.groups_overtaken",
		"SELECT 1 FROM groups g WHERE g.organisation = $1 AND g.connection = $2 AND g.observed_at > $3 "
		"AND EXISTS (SELECT FROM groups_shown s WHERE s.remote_id = g.remote_id AND NOT s.unread) LIMIT 1",
		QUERY_READS, QUERY_ONCE,
	};
	int64_t count;
	if (query_write(tx, &newer, PARAMS(P_ID(&source->organisation), P_ID(&source->connection.id), P_TIME(run->read_at)), &count,
	                e) < 0)
		return -1;
	if (count == 0)
		return 0;
	error_set(e, ERROR_RETRY, "plan.overtaken", "a group was read anew while this was planned");
	if (e)
		e->wait_ms = OVERTAKEN_WAIT_MS;
	return -1;
}

#define TAKE(steps) (take_steps(tx, source, run, tables, steps, ARRAY_COUNT(steps), e) < 0)
#define TAKE_INCREMENT(steps) (take_steps(tx, source, run, tables, steps, steps##_count, e) < 0)

int plan_make(struct tx *tx, struct arena *arena, const struct source *source, const struct run *run, enum tables tables, struct error *e)
{
	bool all = run_reads_all(run);
	bool limited;
	if (seating_prepare(tx, arena, tables, &limited, e) < 0 || (all ? TAKE(listing_delta) : TAKE_INCREMENT(increment_delta)) || TAKE(matching) ||
	    (all ? TAKE(listing_groups) : TAKE_INCREMENT(increment_groups)) || TAKE(telling) ||
	    check_groups(tx, source, run, e) < 0 ||
	    choice_make(tx, tables, &source->organisation, source->default_role, NULL, e) < 0 ||
	    (!all && TAKE_INCREMENT(increment_chosen)) || TAKE(deciding) ||
	    (all ? TAKE(listing_memberships) : TAKE_INCREMENT(increment_decided)) || TAKE(showing))
		return -1;
	return seating_make(tx, arena, &source->organisation, limited, e);
}

int plan_count(struct tx *tx, struct arena *arena, const char **ret_counts, int64_t *ret_lines, struct error *e)
{
	static const struct query count = {
		"plan.count",
		"SELECT coalesce(jsonb_object_agg(kind, n), '{}')::text, coalesce(sum(n), 0)::bigint "
		"FROM (SELECT kind, count(*) AS n FROM planned GROUP BY kind) k",
		QUERY_READS, QUERY_ONCE,
	};
	const struct rows *rows;
	if (query_one(tx, &count, NO_PARAMS, arena, &rows, e) < 0)
		return -1;
	*ret_counts = rows_text(rows, 0, 0);
	*ret_lines = rows_int(rows, 0, 1);
	return 0;
}

int plan_digest(struct tx *tx, struct arena *arena, const void **ret, struct error *e)
{
	static const struct query digest = {
		"plan.digest",
		"SELECT sha256(coalesce(string_agg(line, '' ORDER BY line), ''::bytea)) FROM (SELECT sha256(audit_field(kind) "
		"|| audit_field(subject::text) || audit_field(before::text) || audit_field(after::text)) AS line FROM planned) l",
		QUERY_READS, QUERY_ONCE,
	};
	const struct rows *rows;
	size_t size;
	if (query_one(tx, &digest, NO_PARAMS, arena, &rows, e) < 0)
		return -1;
	*ret = rows_bytes(rows, 0, 0, &size);
	return 0;
}

int plan_keep(struct tx *tx, const struct id *organisation, const struct id *run, struct error *e)
{
	static const struct query forget = {
		"plan.forget", "DELETE FROM changes WHERE organisation = $1 AND run = $2", QUERY_KEEPS, 0,
	};
	static const struct query keep = {
		"plan.keep",
		"INSERT INTO changes (organisation, run, seq, kind, subject_kind, subject, name, before, after) "
		"SELECT $1, $2, row_number() OVER (), kind, subject_kind, subject, name, before::text, after::text FROM planned",
		QUERY_KEEPS, QUERY_ONCE,
	};
	if (query_write(tx, &forget, PARAMS(P_ID(organisation), P_ID(run)), NULL, e) < 0)
		return -1;
	return query_write(tx, &keep, PARAMS(P_ID(organisation), P_ID(run)), NULL, e);
}
