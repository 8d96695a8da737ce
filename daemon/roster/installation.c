/* Which installation this database is, and whether it is at home or a copy of one. */
#include "roster/installation.h"

int installation_load(struct tx *tx, struct arena *arena, struct installation *ret, struct error *e)
{
	static const struct query query = {
		"installation.load",
		"SELECT id, epoch, installation_at_home() FROM installation",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	int found = query_one(tx, &query, NO_PARAMS, arena, &rows, e);

	if (found == 0)
		return error_set(e, ERROR_PRECONDITION, "installation.none",
				 "the table \"installation\" is empty: the database was not restored whole");
	if (found < 0)
		return -1;
	*ret = (struct installation){
		.id = rows_id(rows, 0, 0),
		.epoch = rows_int(rows, 0, 1),
		.at_home = rows_bool(rows, 0, 2),
	};
	return 0;
}

int installation_check(struct tx *tx, struct error *e)
{
	scoped(arena) *arena = arena_open("installation");
	struct installation is;

	if (installation_load(tx, arena, &is, e) < 0)
		return -1;
	if (is.at_home)
		return 0;
	return error_set(e, ERROR_PRECONDITION, "installation.copy",
			 "the database is a copy, restored from a dump or moved here: run \"rosterd --restored\" once, "
			 "which revokes all tokens and ends all runs; or \"rosterd --moved\", if no daemon has served "
			 "the original since the copy was made");
}

int installation_moved(struct tx *tx, struct error *e)
{
	static const struct query query = {
		"installation.moved",
		"UPDATE installation SET home = installation_here(), settled_at = now()",
		QUERY_CHANGES,
		0,
	};

	return query_write(tx, &query, NO_PARAMS, NULL, e);
}

static int begin_epoch(struct tx *tx, struct error *e)
{
	static const struct query query = {
		"installation.epoch",
		"UPDATE installation SET home = installation_here(), settled_at = now(), epoch = epoch + 1",
		QUERY_CHANGES,
		0,
	};

	return query_write(tx, &query, NO_PARAMS, NULL, e);
}

int installation_restored(struct tx *tx, struct arena *arena, const struct settled **ret, size_t *ret_count,
			  struct error *e)
{
	static const struct query query = {
		"installation.restored",
		"WITH t AS (UPDATE tokens SET revoked_at = now() WHERE revoked_at IS NULL RETURNING organisation), "
		"s AS (UPDATE scim_tokens SET revoked_at = now() WHERE revoked_at IS NULL RETURNING organisation, kind), "
		"k AS (DELETE FROM account_tokens), l AS (DELETE FROM recovery_codes), "
		"i AS (UPDATE sessions SET ended_at = now(), ended_by = 'restored' WHERE ended_at IS NULL), "
		"r AS (UPDATE runs SET state = CASE state WHEN 'held' THEN 'dropped' ELSE 'failed' END, finished_at = now(), "
		"  claimed_by = NULL, error_code = 'run.restored', error_text = 'the database was restored from a back-up' "
		"  WHERE state IN ('asked', 'reading', 'reconciling', 'held') RETURNING organisation), "
		"p AS (UPDATE readings SET cursor = NULL), "
		"c AS (UPDATE connections SET next_due_at = CASE WHEN schedule_ms IS NOT NULL THEN now() END "
		"  RETURNING organisation), "
		"ended AS (SELECT organisation, 1 AS tokens, 0 AS runs, 0 AS connections FROM t "
		"  UNION ALL SELECT organisation, 1, 0, 0 FROM s WHERE kind <> 'short' "
		"  UNION ALL SELECT organisation, 0, 1, 0 FROM r UNION ALL SELECT organisation, 0, 0, 1 FROM c) "
		"SELECT count(*) AS written, organisation, sum(tokens), sum(runs), sum(connections) "
		"FROM ended GROUP BY organisation",
		QUERY_CHANGES,
		QUERY_ONCE,
	};
	const struct rows *rows;

	if (begin_epoch(tx, e) < 0 || query_run(tx, &query, NO_PARAMS, arena, &rows, e) < 0)
		return -1;

	struct settled *all = arena_array(arena, rows_count(rows), sizeof(*all));
	for (size_t i = 0; i < rows_count(rows); i++)
		all[i] = (struct settled){
			.organisation = rows_id(rows, i, 1),
			.tokens = rows_int(rows, i, 2),
			.runs = rows_int(rows, i, 3),
			.connections = rows_int(rows, i, 4),
		};
	*ret = all;
	*ret_count = rows_count(rows);
	return 0;
}
