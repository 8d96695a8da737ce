#include "provision/relink.h"

#include "base/text.h"
#include "provision/change.h"
#include "store/query.h"

/* $1 organisation, $2 connection, $3 its verified domains, $4 whether everybody is found by address: the directory is another one, and the
 * listing is whole; $5 whether it is a listing of all. */
#define STEP(step_name, text) TABLES_STEP("relink." step_name, 0, text)
#define MAKE(step_name, table, text) TABLES_MAKE("relink." step_name, 0, table, text)

#define NOT_THERE "NOT EXISTS (SELECT FROM staged_people p WHERE p.remote_id = a.remote_id)"
#define NEW_KEY(key) "NOT EXISTS (SELECT FROM accounts k WHERE k.organisation = $1 AND k.connection = $2 AND k.remote_id = " key ")"

static const struct step steps[] = {
	/* As in provision/plan and provision/increment: of a listing of all, tables without a history and each of everybody are joined. */
	STEP("memory", "SELECT set_config('enable_nestloop', CASE WHEN $5 THEN 'off' ELSE 'on' END, true)"),

	/* One entry becomes one other, or it is not known who is who. */
	MAKE("found", "relinked",
	     "SELECT account, person, old_remote_id, remote_id, name FROM ("
	     "SELECT f.*, count(*) OVER (PARTITION BY account) AS of_account, count(*) OVER (PARTITION BY remote_id) AS of_entry FROM ("
	     /* said by a person */
	     "SELECT a.id AS account, a.user_id AS person, a.remote_id AS old_remote_id, v.remote_id, a.display_name AS name FROM verdicts v "
	     "JOIN accounts a ON a.organisation = $1 AND a.connection = $2 AND a.id = v.account "
	     "WHERE v.organisation = $1 AND v.connection = $2 AND v.same AND a.gone_at IS NOT NULL AND " NOT_THERE " "
	     "AND EXISTS (SELECT FROM staged_people p WHERE p.remote_id = v.remote_id) AND " NEW_KEY("v.remote_id") " "
	     /* or to be said, of another directory: by a proven address */
	     "UNION SELECT a.id, a.user_id, a.remote_id, s.remote_id, a.display_name FROM staged_people s "
	     "JOIN addresses h ON h.address = s.email JOIN accounts a ON a.organisation = $1 AND a.connection = $2 AND a.user_id = h.user_id "
	     "WHERE $4 AND s.domain = ANY ($3) AND " NEW_KEY("s.remote_id") " AND " NOT_THERE " "
	     "AND NOT EXISTS (SELECT FROM staged_refused r WHERE r.remote_id = a.remote_id)) f) f "
	     "WHERE of_account = 1 AND of_entry = 1"),
	STEP("taken",
	     "UPDATE accounts a SET remote_id = r.remote_id FROM relinked r WHERE a.organisation = $1 AND a.id = r.account"),

	/* Not while anybody still gives it to the one who had it. */
	MAKE("given_up", "addresses_given_up",
	     "SELECT DISTINCT h.user_id AS person, a.display_name AS name, h.address, "
	     "v.remote_id FROM verdicts v JOIN accounts a ON a.organisation = $1 AND a.id = v.account "
	     "JOIN staged_people s ON s.remote_id = v.remote_id JOIN addresses h ON h.address = s.email AND h.user_id = a.user_id "
	     "WHERE v.organisation = $1 AND v.connection = $2 AND NOT v.same AND s.domain = ANY ($3) AND NOT EXISTS (SELECT FROM accounts o "
	     "JOIN connections c ON c.organisation = $1 AND c.id = o.connection AND c.state <> 'deleted' "
	     "WHERE o.organisation = $1 AND o.user_id = a.user_id AND o.gone_at IS NULL AND o.email = h.address)"),
};

int relink_make(struct tx *tx, const struct source *source, const struct run *run, enum tables tables, struct error *e)
{
	bool by_address = source->moved && run->whole && run_reads_all(run);
	return tables_take(tx, tables, tables_staged(run), steps, ARRAY_COUNT(steps),
	                   PARAMS(P_ID(&source->organisation), P_ID(&source->connection.id), P_TEXTS(source->domains), P_BOOL(by_address),
	                          P_BOOL(run_reads_all(run))),
	                   e);
}

int relink_undo(struct tx *tx, const struct source *source, struct error *e)
{
	static const struct query undo = {
		"relink.undo",
		"UPDATE accounts a SET remote_id = r.old_remote_id FROM relinked r WHERE a.organisation = $1 AND a.id = r.account",
		QUERY_KEEPS, QUERY_ONCE,
	};
	return query_write(tx, &undo, PARAMS(P_ID(&source->organisation)), NULL, e);
}

int relink_judge(struct tx *tx, struct arena *arena, const struct source *source, const char **reasons, struct error *e)
{
	static const struct query tally = {
		"relink.tally",
		"SELECT count(*) FILTER (WHERE a.gone_at IS NULL), "
		"count(*) FILTER (WHERE EXISTS (SELECT FROM staged_people p WHERE p.remote_id = a.remote_id)) - (SELECT count(*) FROM relinked), "
		"(SELECT count(*) FROM relinked), (SELECT count(*) FROM planned WHERE kind = '" CHANGE_SUSPENDED "'), "
		"(SELECT count(*) FROM planned WHERE kind IN ('" CHANGE_JOINED "', '" CHANGE_WAITING "')), count(*), "
		"(SELECT o.slug FROM organisations o WHERE o.organisation = $1) FROM accounts a WHERE a.organisation = $1 AND a.connection = $2",
		QUERY_READS, QUERY_ONCE,
	};
	const struct rows *rows;
	if (query_one(tx, &tally, PARAMS(P_ID(&source->organisation), P_ID(&source->connection.id)), arena, &rows, e) < 0)
		return -1;
	if (rows_int(rows, 0, 5) == 0)
		return *reasons ? 0 : 1;
	const char *reason = arena_format(
		arena,
		"connection \"%s\" reads another directory than its people came from: %s; of its %lld people, %lld are found again by key and "
		"%lld by a proven address; %lld members would be suspended, and %lld join. Approve this plan if that is meant; if it is the same "
		"directory: rosterctl connection same-directory %s/%s; if neither: drop it, and mend the settings",
		source->connection.name, source->moved, (long long)rows_int(rows, 0, 0), (long long)rows_int(rows, 0, 1),
		(long long)rows_int(rows, 0, 2), (long long)rows_int(rows, 0, 3), (long long)rows_int(rows, 0, 4), rows_text(rows, 0, 6),
		source->connection.name);
	*reasons = *reasons ? arena_format(arena, "%s; %s", reason, *reasons) : reason;
	return 0;
}

int relink_forget(struct tx *tx, const struct source *source, const struct run *run, struct error *e)
{
	static const struct query forget = {
		"relink.forget",
		"DELETE FROM verdicts v WHERE v.organisation = $1 AND v.connection = $2 AND (EXISTS (SELECT FROM staged_people p "
		"WHERE p.remote_id = v.remote_id) OR $3)",
		QUERY_KEEPS, QUERY_ONCE,
	};
	return query_write(tx, &forget,
	                   PARAMS(P_ID(&source->organisation), P_ID(&source->connection.id), P_BOOL(run->whole && run_reads_all(run))), NULL, e);
}
