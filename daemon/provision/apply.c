#include "provision/apply.h"

#include "base/text.h"
#include "provision/change.h"
#include "store/query.h"

/* $1 organisation, $2 connection. In this order: nothing refers to what is not there yet. */
#define STEP(step_name, text) { "apply." step_name, text, QUERY_CHANGES, QUERY_ONCE }

static const struct query steps[] = {
	STEP("users", "INSERT INTO users (id) SELECT person FROM effects WHERE what = 'new' AND new_user"),

	/* An address that its directory no longer gives to a person is free for the next one. */
	STEP("addresses_free",
	     "DELETE FROM addresses f USING effects x WHERE x.what = 'changed' AND x.old_email IS DISTINCT FROM x.email "
	     "AND f.address = x.old_email AND f.user_id = x.person AND NOT EXISTS (SELECT FROM accounts o "
	     "WHERE o.organisation = $1 AND o.user_id = x.person AND o.id <> x.account AND o.email = x.old_email)"),
	STEP("addresses",
	     "INSERT INTO addresses (address, domain, user_id, proven_by) SELECT email, domain, person, 'domain' "
	     "FROM effects WHERE claims AND holder IS NULL"),

	STEP("accounts_new",
	     "INSERT INTO accounts (organisation, id, connection, remote_id, user_id, user_name, email, given_name, family_name, "
	     "display_name, title, department, locale, standing, mapped_role, claimed, fingerprint) "
	     "SELECT $1, account, $2, remote_id, person, user_name, email, given_name, family_name, display_name, title, department, "
	     "locale, standing, CASE WHEN mapped THEN role END, claims, fingerprint FROM effects WHERE what = 'new'"),
	STEP("accounts_changed",
	     "UPDATE accounts a SET user_name = x.user_name, email = x.email, given_name = x.given_name, "
	     "family_name = x.family_name, display_name = x.display_name, title = x.title, department = x.department, "
	     "locale = x.locale, standing = x.standing, claimed = x.claims, fingerprint = x.fingerprint, changed_at = now(), "
	     "gone_at = NULL FROM effects x WHERE x.what = 'changed' AND a.organisation = $1 AND a.id = x.account "
	     "AND (a.fingerprint <> x.fingerprint OR x.claims)"),
	STEP("accounts_gone",
	     "UPDATE accounts a SET gone_at = now(), changed_at = now(), fingerprint = ''::bytea FROM effects x "
	     "WHERE x.what = 'gone' AND a.organisation = $1 AND a.id = x.account"),

	STEP("members_joined",
	     "INSERT INTO members (organisation, user_id, state, role, role_source, source, connection, name, email, title, department) "
	     "SELECT $1, person, 'active', lead_role, CASE WHEN lead_mapped THEN 'mapping' ELSE 'default' END, 'connector', lead, "
	     "lead_name, lead_email, lead_title, lead_department FROM effects WHERE kind = '" CHANGE_JOINED "'"),
	STEP("members_suspended",
	     "UPDATE members m SET state = 'suspended', suspended_by = 'connector', updated_at = now(), version = m.version + 1 "
	     "FROM effects x WHERE x.kind = '" CHANGE_SUSPENDED "' AND m.organisation = $1 AND m.user_id = x.person"),
	STEP("members_restored",
	     "UPDATE members m SET state = 'active', suspended_by = NULL, updated_at = now(), version = m.version + 1 "
	     "FROM effects x WHERE x.kind = '" CHANGE_RESTORED "' AND m.organisation = $1 AND m.user_id = x.person"),
	STEP("members_updated",
	     "UPDATE members m SET connection = h.connection, name = h.name, email = h.email, title = h.title, "
	     "department = h.department, updated_at = now(), version = m.version + 1 FROM shown h "
	     "WHERE m.organisation = $1 AND m.user_id = h.person"),
	STEP("members_role",
	     "UPDATE members m SET role = r.new_role, role_source = r.new_source, updated_at = now(), version = m.version + 1 "
	     "FROM role_changes r WHERE m.organisation = $1 AND m.user_id = r.person"),

	STEP("groups_created",
	     "INSERT INTO groups (organisation, id, connection, remote_id, reference, name) "
	     "SELECT $1, id, $2, remote_id, reference, name FROM group_changes WHERE kind = '" CHANGE_GROUP_CREATED "'"),
	STEP("groups_updated",
	     "UPDATE groups g SET name = c.name, reference = c.reference, updated_at = now(), version = g.version + 1 "
	     "FROM group_changes c WHERE c.kind = '" CHANGE_GROUP_UPDATED "' AND g.organisation = $1 AND g.id = c.id"),
	STEP("group_members_removed",
	     "DELETE FROM group_accounts k USING member_changes c WHERE NOT c.added AND k.organisation = $1 "
	     "AND k.group_id = c.group_id AND k.account_id = c.account_id"),
	STEP("group_members_added",
	     "INSERT INTO group_accounts (organisation, group_id, account_id) SELECT $1, group_id, account_id FROM member_changes "
	     "WHERE added"),
	STEP("group_groups_removed",
	     "DELETE FROM group_groups k USING nesting_changes c WHERE NOT c.added AND k.organisation = $1 "
	     "AND k.group_id = c.group_id AND k.child_id = c.child_id"),
	STEP("group_groups_added",
	     "INSERT INTO group_groups (organisation, group_id, child_id) SELECT $1, group_id, child_id FROM nesting_changes "
	     "WHERE added"),
	STEP("groups_removed",
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

int apply_plan(struct tx *tx, const struct source *source, const struct actor *actor, struct error *e)
{
	const struct id *organisation = &source->organisation;
	for (size_t i = 0; i < ARRAY_COUNT(steps); i++)
		if (query_write(tx, &steps[i], PARAMS(P_ID(organisation), P_ID(&source->connection.id)), NULL, e) < 0)
			return -1;
	return query_write(tx, &audit,
	                   PARAMS(P_ID(organisation), P_TEXT(actor->kind), P_TEXT(actor->id), P_TEXT(actor->on_behalf_of),
	                          P_TEXT(actor->source), P_ID(actor->run), P_TEXT(actor->name)),
	                   NULL, e);
}

int apply_mapped_roles(struct tx *tx, const struct source *source, struct error *e)
{
	/* Bookkeeping for the next plan, not a change: a role set by hand stays, whatever the groups yield. */
	static const struct query mapped = {
		"apply.mapped_roles",
		"UPDATE accounts a SET mapped_role = r.mapped FROM roles r WHERE a.organisation = $1 AND a.id = r.account",
		QUERY_KEEPS, QUERY_ONCE,
	};
	/* The role stays what it is, for another reason than before. */
	static const struct query reasons = {
		"apply.role_sources",
		"UPDATE members m SET role_source = r.new_source FROM role_sources r WHERE m.organisation = $1 AND m.user_id = r.person",
		QUERY_KEEPS, QUERY_ONCE,
	};
	if (query_write(tx, &reasons, PARAMS(P_ID(&source->organisation)), NULL, e) < 0)
		return -1;
	return query_write(tx, &mapped, PARAMS(P_ID(&source->organisation)), NULL, e);
}

int apply_refusals(struct tx *tx, const struct source *source, const struct id *run, bool whole, int64_t *ret_refused,
                   struct error *e)
{
	/* One row a person: what could not be read at all comes before what was quarrelled about. */
	static const struct query keep = {
		"apply.refusals",
		"INSERT INTO refusals (organisation, connection, remote_id, code, reason, user_name, email, run) "
		"SELECT DISTINCT ON (remote_id) $1, $2, remote_id, code, reason, user_name, email, $3 FROM ("
		"SELECT 1 AS rank, remote_id, code, reason, user_name, email FROM staged_refused "
		"UNION ALL SELECT 2, s.remote_id, 'person.address_' || s.quarrel, CASE "
		"WHEN s.quarrel = 'same' THEN 'the directory gives this address to two people; the first one has it' "
		"WHEN s.what = 'new' THEN 'this address belongs to a person who has another entry in this directory; if it is the same "
		"person with a new entry, an administrator must say so' "
		"ELSE 'taken with the new address, which is not proven: it belongs to another person' END, p.user_name, p.email "
		"FROM seen s JOIN staged_people p ON p.id = s.id WHERE s.quarrel IS NOT NULL) r ORDER BY remote_id, rank "
		"ON CONFLICT (organisation, connection, remote_id) DO UPDATE SET code = excluded.code, reason = excluded.reason, "
		"user_name = excluded.user_name, email = excluded.email, run = excluded.run, last_seen_at = now()",
		QUERY_KEEPS, QUERY_ONCE,
	};
	static const struct query forget = {
		"apply.refusals_over", "DELETE FROM refusals WHERE organisation = $1 AND connection = $2 AND run <> $3",
		QUERY_KEEPS, 0,
	};
	const struct id *organisation = &source->organisation, *connection = &source->connection.id;
	int64_t refused;
	if (query_write(tx, &keep, PARAMS(P_ID(organisation), P_ID(connection), P_ID(run)), &refused, e) < 0)
		return -1;
	if (whole && query_write(tx, &forget, PARAMS(P_ID(organisation), P_ID(connection), P_ID(run)), NULL, e) < 0)
		return -1;
	*ret_refused = refused;
	return 0;
}
