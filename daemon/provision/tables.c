#include "provision/tables.h"

static int there(struct tx *tx, struct arena *arena, bool *ret, struct error *e)
{
	/* The last one that plan_make makes. All of them came with the same transaction, or none. */
	static const struct query look = { "tables.look", "SELECT to_regclass('pg_temp.planned') IS NOT NULL", QUERY_READS, 0 };
	const struct rows *rows;
	int found = query_one(tx, &look, NO_PARAMS, arena, &rows, e);
	if (found >= 0)
		*ret = found == 1 && rows_bool(rows, 0, 0);
	return found < 0 ? -1 : 0;
}

static bool is_small(const struct run *run)
{
	return run && !run_reads_all(run) && run->people + run->groups + run->memberships + run->marks <= TABLES_FEW_MOST;
}

int tables_look(struct tx *tx, struct arena *arena, const struct run *run, enum tables *ret, struct error *e)
{
	static const struct query discard = { "tables.discard", "DISCARD TEMP", QUERY_KEEPS, QUERY_ONCE };
	bool few = is_small(run), are_there = false;
	*ret = TABLES_DROPPED;
	if (!tx_keeps_session(tx))
		return 0;
	if (there(tx, arena, &are_there, e) < 0)
		return -1;
	if (few)
		*ret = are_there ? TABLES_THERE : TABLES_KEPT;
	return are_there && !few ? query_write(tx, &discard, NO_PARAMS, NULL, e) : 0;
}

int tables_staged(const struct run *run)
{
	return (run->groups > 0 ? TABLES_OF_GROUPS : 0) | (run->memberships > 0 ? TABLES_OF_MEMBERSHIPS : 0) |
	       (run->marks > 0 ? TABLES_OF_MARKS : 0) | (run->whole ? TABLES_OF_WHOLE : 0);
}

/* The statement of a step, or NULL if there is nothing to do. */
static const struct query *statement(const struct step *step, enum tables tables, int staged)
{
	bool idle = tables == TABLES_THERE && step->of && !(step->of & staged);
	return idle || !step->each[tables].sql ? NULL : &step->each[tables];
}

int tables_take(struct tx *tx, enum tables tables, int staged, const struct step *steps, size_t step_count, const struct param *params,
                size_t count, struct error *e)
{
	size_t on_the_way = 0;
	for (size_t i = 0; i < step_count; i++) {
		const struct query *query = statement(&steps[i], tables, staged);
		if (!query)
			continue;
		if (query_send(tx, query, params, count, e) < 0)
			return -1;
		on_the_way++;
	}
	for (; on_the_way > 0; on_the_way--)
		if (query_receive(tx, NULL, NULL, NULL, e) < 0)
			return -1;
	return 0;
}
