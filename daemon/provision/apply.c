#include "provision/apply.h"

#include <string.h>

#include "base/text.h"
#include "provision/change.h"
#include "provision/plan.h"
#include "provision/stage.h"
#include "store/query.h"

/* One statement of what is carried out, and the kinds of change that it is about: without a line of either, there is nothing for it to do. NULL:
 * it is taken in any case. */
struct applying {
	struct query query;
	const char *kind, *or_kind;
};

/* $1 organisation, $2 connection, $3 when the reading of some began, NULL of a listing of all, $4 whether it is what a sign-on said. In this order: nothing refers to what is not
 * there yet. */
#define STEP(step_name, text) STEP_OF(NULL, NULL, step_name, text)
#define STEP_OF(kind, or_kind, step_name, text) { { "apply." step_name, text, QUERY_CHANGES, QUERY_ONCE }, kind, or_kind }

static const struct applying people[] = {
	STEP("users", "INSERT INTO users (id) SELECT person FROM effects WHERE what = 'new' AND new_user"),

	/* An address that its directory no longer gives to a person is free for the next one; but not that of a person whom people keep
	 * out, or a new entry with it would be the way back in: that it is somebody else's is theirs to say (provision/relink). */
	STEP("addresses_free",
	     "DELETE FROM addresses f USING effects x WHERE x.what = 'changed' AND x.old_email IS DISTINCT FROM x.email "
	     "AND f.address = x.old_email AND f.user_id = x.person AND NOT EXISTS (SELECT FROM accounts o "
	     "WHERE o.organisation = $1 AND o.user_id = x.person AND o.id <> x.account AND o.email = x.old_email) "
	     "AND coalesce(x.suspended_by, 'connector') = 'connector' AND coalesce(x.left_by, 'grace') = 'grace'"),
	STEP("addresses_given_up",
	     "DELETE FROM addresses d USING addresses_given_up f JOIN effects x ON x.remote_id = f.remote_id AND x.claims "
	     "WHERE d.address = f.address AND d.user_id = f.person"),
	STEP("addresses",
	     "INSERT INTO addresses (address, domain, user_id, proven_by) SELECT email, domain, person, 'domain' "
	     "FROM effects WHERE claims AND holder IS NULL"),

	STEP("accounts_new",
	     "INSERT INTO accounts (organisation, id, connection, remote_id, user_id, user_name, email, given_name, family_name, "
	     "display_name, title, department, locale, standing, mapped_role, claimed, fingerprint, reference, stamp, observed_at, by_sign_on) "
	     "SELECT $1, account, $2, remote_id, person, user_name, email, given_name, family_name, display_name, title, department, "
	     "locale, standing, CASE WHEN mapped THEN role END, claims, fingerprint, nullif(key, remote_id), stamp, $3, $4 FROM effects "
	     "WHERE what = 'new'"),
	STEP("accounts_changed",
	     "UPDATE accounts a SET user_name = x.user_name, email = x.email, given_name = x.given_name, "
	     "family_name = x.family_name, display_name = x.display_name, title = x.title, department = x.department, "
	     "locale = x.locale, standing = x.standing, claimed = x.claims, fingerprint = x.fingerprint, "
	     "reference = nullif(x.key, x.remote_id), stamp = x.stamp, changed_at = now(), "
	     "observed_at = coalesce($3, a.observed_at), gone_at = NULL, by_sign_on = a.by_sign_on AND $4 FROM effects x WHERE x.what = 'changed' AND a.organisation = $1 AND a.id = x.account "
	     "AND (a.fingerprint <> x.fingerprint OR x.claims OR x.turns)"),
	STEP("accounts_gone",
	     "UPDATE accounts a SET gone_at = now(), changed_at = now(), fingerprint = ''::bytea, by_sign_on = false, observed_at = coalesce($3, a.observed_at) FROM effects x "
	     "WHERE x.what = 'gone' AND a.organisation = $1 AND a.id = x.account"),
};

static const struct applying members[] = {
	/* Seats are freed before they are taken: those who go, those who change, those who come. */
	STEP_OF(CHANGE_SUSPENDED, NULL, "members_suspended",
	     "UPDATE members m SET state = 'suspended', suspended_by = 'connector', updated_at = now(), version = m.version + 1 "
	     "FROM effects x WHERE x.kind = '" CHANGE_SUSPENDED "' AND m.organisation = $1 AND m.user_id = x.person"),
	STEP("members_updated",
	     "UPDATE members m SET connection = h.connection, name = h.name, email = h.email, title = h.title, "
	     "department = h.department, updated_at = now(), version = m.version + 1 FROM shown h "
	     "WHERE m.organisation = $1 AND m.user_id = h.person"),
	STEP_OF(CHANGE_ROLE, NULL, "members_role",
	     "UPDATE members m SET role = r.new_role, role_source = r.new_source, updated_at = now(), version = m.version + 1 "
	     "FROM role_changes r WHERE m.organisation = $1 AND m.user_id = r.person"),
	STEP_OF(CHANGE_ROLE_WAITING, NULL, "members_role_waiting",
	     "UPDATE members m SET waiting_role = r.new_role, role_source = r.new_source, updated_at = now(), version = m.version + 1 "
	     "FROM roles_waiting r WHERE m.organisation = $1 AND m.user_id = r.person"),
	STEP_OF(CHANGE_WITHDRAWN, NULL, "members_withdrawn",
	     "UPDATE members m SET state = 'suspended', suspended_by = 'connector', updated_at = now(), version = m.version + 1 "
	     "FROM effects x WHERE x.kind = '" CHANGE_WITHDRAWN "' AND m.organisation = $1 AND m.user_id = x.person"),
	STEP_OF(CHANGE_RESTORED, NULL, "members_restored",
	     "UPDATE members m SET state = 'active', suspended_by = NULL, updated_at = now(), version = m.version + 1 "
	     "FROM effects x WHERE x.kind = '" CHANGE_RESTORED "' AND m.organisation = $1 AND m.user_id = x.person"),
	STEP_OF(CHANGE_WAITING, NULL, "members_waiting_again",
	     "UPDATE members m SET state = 'waiting', suspended_by = NULL, updated_at = now(), version = m.version + 1 "
	     "FROM effects x WHERE x.kind = '" CHANGE_WAITING "' AND x.state <> 'left' AND m.organisation = $1 AND m.user_id = x.person"),
	STEP_OF(CHANGE_JOINED, CHANGE_WAITING, "members_joined",
	     "INSERT INTO members (organisation, user_id, state, role, role_source, source, connection, name, email, title, department) "
	     "SELECT $1, person, CASE WHEN kind = '" CHANGE_WAITING "' THEN 'waiting' ELSE 'active' END, lead_role, CASE WHEN lead_mapped THEN 'mapping' ELSE 'default' END, 'connector', lead, "
	     "lead_name, lead_email, lead_title, lead_department FROM effects "
	     "WHERE kind IN ('" CHANGE_JOINED "', '" CHANGE_WAITING "') AND state IS NULL"),
	/* Back after their grace time: as somebody new. */
	STEP_OF(CHANGE_JOINED, CHANGE_WAITING, "members_rejoined",
	     "UPDATE members m SET state = CASE WHEN x.kind = '" CHANGE_WAITING "' THEN 'waiting' ELSE 'active' END, role = x.lead_role, "
	     "role_manual = NULL, waiting_role = NULL, role_source = CASE WHEN x.lead_mapped THEN 'mapping' ELSE 'default' END, "
	     "source = 'connector', connection = x.lead, name = x.lead_name, email = x.lead_email, title = x.lead_title, "
	     "department = x.lead_department, name_manual = NULL, email_manual = NULL, joined_at = now(), updated_at = now(), "
	     "version = m.version + 1 FROM effects x WHERE x.kind IN ('" CHANGE_JOINED "', '" CHANGE_WAITING "') AND x.state = 'left' "
	     "AND m.organisation = $1 AND m.user_id = x.person"),
};

static const struct applying groups[] = {
	STEP_OF(CHANGE_GROUP_CREATED, NULL, "groups_created",
	     "INSERT INTO groups (organisation, id, connection, remote_id, reference, name) "
	     "SELECT $1, id, $2, remote_id, reference, name FROM group_changes WHERE kind = '" CHANGE_GROUP_CREATED "'"),
	STEP_OF(CHANGE_GROUP_UPDATED, NULL, "groups_updated",
	     "UPDATE groups g SET name = c.name, reference = c.reference, updated_at = now(), version = g.version + 1 "
	     "FROM group_changes c WHERE c.kind = '" CHANGE_GROUP_UPDATED "' AND g.organisation = $1 AND g.id = c.id"),
	STEP_OF(CHANGE_GROUP_MEMBER_REMOVED, NULL, "group_members_removed",
	     "DELETE FROM group_accounts k USING member_changes c WHERE NOT c.added AND k.organisation = $1 "
	     "AND k.group_id = c.group_id AND k.account_id = c.account_id"),
	STEP_OF(CHANGE_GROUP_MEMBER_ADDED, NULL, "group_members_added",
	     "INSERT INTO group_accounts (organisation, group_id, account_id) SELECT $1, group_id, account_id FROM member_changes "
	     "WHERE added"),
	STEP_OF(CHANGE_GROUP_GROUP_REMOVED, NULL, "group_groups_removed",
	     "DELETE FROM group_groups k USING nesting_changes c WHERE NOT c.added AND k.organisation = $1 "
	     "AND k.group_id = c.group_id AND k.child_id = c.child_id"),
	STEP_OF(CHANGE_GROUP_GROUP_ADDED, NULL, "group_groups_added",
	     "INSERT INTO group_groups (organisation, group_id, child_id) SELECT $1, group_id, child_id FROM nesting_changes "
	     "WHERE added"),
	STEP_OF(CHANGE_GROUP_REMOVED, NULL, "groups_removed",
	     "DELETE FROM groups g USING group_changes c WHERE c.kind = '" CHANGE_GROUP_REMOVED "' AND g.organisation = $1 "
	     "AND g.id = c.id"),
};

static const struct query audit = {
	"apply.audit",
	"INSERT INTO audit (organisation, actor_kind, actor, on_behalf_of, action, target_kind, target, source, run, personal, "
	"salt, commitment) "
	"SELECT $1, $2, $3, $4, kind, subject_kind, subject, $5, $6, personal, salt, audit_commitment(salt, personal) "
	"FROM (SELECT kind, subject_kind, subject::text, uuid_send(gen_random_uuid()) AS salt, jsonb_strip_nulls("
	"jsonb_build_object('actor_name', $7::text, 'target_name', name, 'before', before, 'after', after))::text AS personal "
	"FROM planned) l",
	QUERY_RECORDS, QUERY_ONCE,
};

/* counts: of the plan; NULL: all steps are taken. */
static bool is_planned(const char *counts, const char *kind)
{
	const char *at = counts;
	size_t length = strlen(kind);
	while ((at = strstr(at, kind)))
		if (at[-1] == '"' && at[length] == '"')
			return true;
		else
			at += length;
	return false;
}

static bool is_idle(const struct applying *step, const char *counts)
{
	return counts && step->kind && !is_planned(counts, step->kind) && !(step->or_kind && is_planned(counts, step->or_kind));
}

static int take_steps(struct tx *tx, const struct id *organisation, const struct id *connection, int64_t observed_at, bool by_sign_on,
                      const char *counts, const struct applying *steps, size_t count, struct error *e)
{
	size_t on_the_way = 0;
	for (size_t i = 0; i < count; i++) {
		if (is_idle(&steps[i], counts))
			continue;
		if (query_send(tx, &steps[i].query, PARAMS(P_ID(organisation), P_ID(connection), P_TIME(observed_at), P_BOOL(by_sign_on)), e) < 0)
			return -1;
		on_the_way++;
	}
	for (; on_the_way > 0; on_the_way--)
		if (query_receive(tx, NULL, NULL, NULL, e) < 0)
			return -1;
	return 0;
}

/* Bookkeeping, not a change: the role stays what it is, for another reason than before. */
static int keep_role_sources(struct tx *tx, const struct id *organisation, struct error *e)
{
	static const struct query reasons = {
		"apply.role_sources",
		"UPDATE members m SET role_source = r.new_source FROM role_sources r WHERE m.organisation = $1 AND m.user_id = r.person",
		QUERY_KEEPS, QUERY_ONCE,
	};
	return query_write(tx, &reasons, PARAMS(P_ID(organisation)), NULL, e);
}

int apply_members(struct tx *tx, const struct id *organisation, struct error *e)
{
	if (take_steps(tx, organisation, NULL, 0, false, NULL, members, ARRAY_COUNT(members), e) < 0)
		return -1;
	return keep_role_sources(tx, organisation, e);
}

int apply_audit(struct tx *tx, const struct id *organisation, const struct actor *actor, struct error *e)
{
	return query_write(tx, &audit,
	                   PARAMS(P_ID(organisation), P_TEXT(actor->kind), P_TEXT(actor->id), P_TEXT(actor->on_behalf_of),
	                          P_TEXT(actor->source), P_ID(actor->run), P_TEXT(actor->name)),
	                   NULL, e);
}

int apply_plan(struct tx *tx, const struct source *source, const struct run *run, const struct actor *actor, const char *counts,
               struct error *e)
{
	int64_t observed_at = run_reads_all(run) ? 0 : run->read_at;
	bool by_sign_on = run_is_of_sign_on(run);
	const struct id *organisation = &source->organisation, *connection = &source->connection.id;
	if (take_steps(tx, organisation, connection, observed_at, by_sign_on, counts, people, ARRAY_COUNT(people), e) < 0 ||
	    take_steps(tx, organisation, connection, observed_at, by_sign_on, counts, members, ARRAY_COUNT(members), e) < 0 ||
	    take_steps(tx, organisation, connection, observed_at, by_sign_on, counts, groups, ARRAY_COUNT(groups), e) < 0)
		return -1;
	return apply_audit(tx, organisation, actor, e);
}

int apply_mapped_roles(struct tx *tx, const struct source *source, struct error *e)
{
	/* Bookkeeping for the next plan, not a change: a role set by hand stays, whatever the groups yield. */
	static const struct query mapped = {
		"apply.mapped_roles",
		"UPDATE accounts a SET mapped_role = r.mapped FROM roles r WHERE a.organisation = $1 AND a.id = r.account",
		QUERY_KEEPS, QUERY_ONCE,
	};
	if (keep_role_sources(tx, &source->organisation, e) < 0)
		return -1;
	return query_write(tx, &mapped, PARAMS(P_ID(&source->organisation)), NULL, e);
}

/* ---- what is kept beside the roster, so that the next reading can be small: none of it is a change ---- */

/* $1 organisation, $2 connection, $3 when the reading began. */
/* After a listing of all: what groups call a person, and the members whom nobody answers to. */
static const struct query of_all[] = {
	{ "apply.references",
	  "UPDATE accounts a SET reference = nullif(r.key, r.remote_id) FROM renamed r WHERE a.organisation = $1 "
	  "AND a.connection = $2 AND a.id = r.account_id AND (a.observed_at IS NULL OR a.observed_at <= $3)",
	  QUERY_KEEPS, QUERY_ONCE },
};
static const struct query of_whole[] = {
	{ "apply.strangers",
	  "CREATE TEMP TABLE strangers ON COMMIT DROP AS SELECT g.id AS group_id, u.member_key FROM unanswered u "
	  "JOIN group_keys g ON g.key = u.group_key UNION SELECT g.id, e.member_key FROM (" PLAN_EDGES_READ ") e "
	  "JOIN (SELECT p.key FROM seen s JOIN staged_people p ON p.id = s.id WHERE s.what = 'new' AND s.quarrel IS NOT NULL "
	  "AND NOT EXISTS (SELECT FROM staged_people o WHERE o.key = p.key AND o.id NOT IN (SELECT x.id FROM seen x "
	  "WHERE x.what = 'new' AND x.quarrel IS NOT NULL))) q ON q.key = e.member_key JOIN group_keys g ON g.key = e.group_key",
	  QUERY_KEEPS, QUERY_ONCE },
	{ "apply.strangers_known",
	  "DELETE FROM group_strangers t USING groups g WHERE t.organisation = $1 AND g.organisation = $1 AND g.id = t.group_id "
	  "AND g.connection = $2 AND (g.observed_at IS NULL OR g.observed_at <= $3) "
	  "AND NOT EXISTS (SELECT FROM strangers s WHERE s.group_id = t.group_id AND s.member_key = t.member_key)",
	  QUERY_KEEPS, QUERY_ONCE },
	{ "apply.strangers_new",
	  "INSERT INTO group_strangers (organisation, group_id, member_key) SELECT $1, group_id, member_key FROM strangers "
	  "ON CONFLICT DO NOTHING",
	  QUERY_KEEPS, QUERY_ONCE },
};

/* After a reading of some: that they were seen now (of whom the plan has written, it stands there already), and what their groups say of
 * others. */
static const struct query of_some[] = {
	{ "apply.people_observed",
	  "UPDATE accounts a SET reference = nullif(p.key, p.remote_id), stamp = coalesce(p.stamp, a.stamp), observed_at = $3 "
	  "FROM people_given p WHERE a.organisation = $1 AND a.id = p.account_id AND a.observed_at IS DISTINCT FROM $3",
	  QUERY_KEEPS, QUERY_ONCE },
	{ "apply.gone_observed",
	  "UPDATE accounts a SET observed_at = $3 FROM seen s WHERE s.what = 'gone' AND a.organisation = $1 AND a.id = s.account "
	  "AND a.observed_at IS DISTINCT FROM $3",
	  QUERY_KEEPS, QUERY_ONCE },
	{ "apply.groups_observed",
	  "UPDATE groups g SET stamp = coalesce(s.stamp, g.stamp), observed_at = $3 FROM groups_shown s "
	  "WHERE g.organisation = $1 AND g.id = coalesce(s.known, s.id)",
	  QUERY_KEEPS, QUERY_ONCE },
	{ "apply.strangers_of_whole",
	  "DELETE FROM group_strangers t USING group_keys g WHERE g.whole AND t.organisation = $1 AND t.group_id = g.id",
	  QUERY_KEEPS, QUERY_ONCE },
	{ "apply.strangers_arrived",
	  "DELETE FROM group_strangers t USING awaited w WHERE t.organisation = $1 AND t.group_id = w.group_id AND t.member_key = w.key",
	  QUERY_KEEPS, QUERY_ONCE },
	{ "apply.strangers_left",
	  "DELETE FROM group_strangers t USING stated s WHERE s.removed AND t.organisation = $1 AND t.group_id = s.group_id "
	  "AND t.member_key = s.member_key",
	  QUERY_KEEPS, QUERY_ONCE },
	{ "apply.strangers_named",
	  "INSERT INTO group_strangers (organisation, group_id, member_key) SELECT $1, group_id, member_key FROM stated "
	  "WHERE NOT removed AND account_id IS NULL AND child_id IS NULL ON CONFLICT DO NOTHING",
	  QUERY_KEEPS, QUERY_ONCE },
};

static int keep_each(struct tx *tx, const struct source *source, const struct run *run, const struct query *each, size_t count,
                     struct error *e)
{
	return query_write_each(tx, each, count, PARAMS(P_ID(&source->organisation), P_ID(&source->connection.id), P_TIME(run->read_at)), e);
}

int apply_observed(struct tx *tx, const struct source *source, const struct run *run, struct error *e)
{
	if (!run_reads_all(run))
		return keep_each(tx, source, run, of_some, ARRAY_COUNT(of_some), e);
	if (keep_each(tx, source, run, of_all, ARRAY_COUNT(of_all), e) < 0)
		return -1;
	return run->whole ? keep_each(tx, source, run, of_whole, ARRAY_COUNT(of_whole), e) : 0;
}

/* ---- refusals ---- */

int apply_refusals(struct tx *tx, const struct source *source, const struct run *run, int64_t *ret_refused, struct error *e)
{
	/* One row a person: what the plug-in could not read before what we cannot take, and that before what was quarrelled about. */
	static const struct query keep = {
		"apply.refusals",
		"INSERT INTO refusals (organisation, connection, remote_id, code, reason, user_name, email, run) "
		"SELECT DISTINCT ON (remote_id) $1, $2, remote_id, code, reason, user_name, email, $3 FROM ("
		"SELECT CASE r.code WHEN '" STAGE_UNREADABLE "' THEN 0 ELSE 1 END AS rank, r.remote_id, r.code, r.reason || CASE "
		"WHEN r.code IN ('person.incomplete', 'person.too_long', 'person.unreadable') AND EXISTS (SELECT FROM staged_people p "
		"WHERE p.remote_id = r.remote_id) THEN '; taken with the user name that they had' ELSE '' END AS reason, "
		"r.user_name, r.email FROM staged_refused r "
		"UNION ALL SELECT 2, s.remote_id, 'person.address_' || s.quarrel, CASE "
		"WHEN s.quarrel = 'same' THEN 'the directory gives this address to two people; the first one has it' "
		/* Who had it was given another one by this very listing: it was freed, or exchanged, just now. */
		"WHEN NOT EXISTS (SELECT FROM addresses h WHERE h.address = p.email AND h.user_id = s.holder) THEN CASE WHEN s.what = 'new' "
		"THEN 'this address was another person''s, who has given it up with this very listing; the next one that shows it takes this entry as it is' "
		"ELSE 'taken with the new address, which is not proven yet: it was another person''s, who has given it up with this very listing; "
		"the next one that reads this entry proves it' END "
		"WHEN s.what = 'new' AND k.user_id IS NOT NULL THEN 'this address belongs to a person whom ' || CASE "
		"WHEN 'operator' IN (k.suspended_by, k.left_by) THEN 'the operator' ELSE 'an administrator' END || CASE "
		"WHEN k.state = 'left' THEN ' removed' ELSE ' suspended' END || ', and is not handed on by a directory; if it is another person''s by now, ' "
		"|| CASE WHEN k.suspended_by = 'operator' THEN 'the operator' ELSE 'an administrator' END "
		"|| ' must say so (rosterctl connection resolve)' "
		"WHEN s.what = 'new' THEN 'this address belongs to a person who has another entry in this directory; if it is the same "
		"person with a new entry, or another person by now, an administrator must say so (rosterctl connection resolve)' "
		"ELSE 'taken with the new address, which is not proven: it belongs to another person; if it was handed on, take it from that person in "
		"their directory, or say so where no directory gives it to them any more (rosterctl connection resolve --new-person)' END, p.user_name, p.email "
		"FROM seen s JOIN staged_people p ON p.id = s.id LEFT JOIN members k ON k.organisation = $1 AND k.user_id = s.holder "
		"AND (k.suspended_by IN ('admin', 'operator') OR k.left_by IN ('admin', 'operator')) "
		"WHERE s.quarrel IS NOT NULL) r ORDER BY remote_id, rank "
		"ON CONFLICT (organisation, connection, remote_id) DO UPDATE SET code = excluded.code, reason = excluded.reason, "
		"user_name = excluded.user_name, email = excluded.email, run = excluded.run, last_seen_at = now()",
		QUERY_KEEPS, QUERY_ONCE,
	};
	static const struct query forget = {
		"apply.refusals_over", "DELETE FROM refusals WHERE organisation = $1 AND connection = $2 AND run <> $3",
		QUERY_KEEPS, 0,
	};
	/* Whoever was given, or is gone, has the trouble of now or none. */
	static const struct query forget_given = {
		"apply.refusals_given",
		"DELETE FROM refusals f WHERE f.organisation = $1 AND f.connection = $2 AND f.run <> $3 AND f.remote_id = ANY (ARRAY("
		"SELECT p.remote_id FROM staged_people p UNION SELECT m.remote_id FROM staged_marks m WHERE m.gone))",
		QUERY_KEEPS, QUERY_ONCE,
	};
	const struct id *organisation = &source->organisation, *connection = &source->connection.id;
	const struct query *over = !run_reads_all(run) ? &forget_given : run->whole ? &forget : NULL;
	int64_t refused;
	if (query_write(tx, &keep, PARAMS(P_ID(organisation), P_ID(connection), P_ID(&run->id)), &refused, e) < 0)
		return -1;
	if (over && query_write(tx, over, PARAMS(P_ID(organisation), P_ID(connection), P_ID(&run->id)), NULL, e) < 0)
		return -1;
	*ret_refused = refused;
	return 0;
}
