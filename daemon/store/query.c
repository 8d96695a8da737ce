/* Statements: bound, sent, received and counted. */
#include "store/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "store/binary.h"
#include "store/connection.h"

/* ---- counting ---- */

static int64_t sum_written(const PGresult *result)
{
	int64_t sum = 0;

	for (int row = 0; row < PQntuples(result); row++)
		if (!PQgetisnull(result, row, 0))
			sum += binary_get64(PQgetvalue(result, row, 0));
	return sum;
}

static bool counts_itself(const PGresult *result)
{
	return PQnfields(result) > 0 && PQftype(result, 0) == OID_INT8 &&
	       strcmp(PQfname(result, 0), "written") == 0;
}

static bool is_write(const PGresult *result)
{
	static const char *const commands[] = { "INSERT", "UPDATE", "DELETE", "MERGE" };
	const char *status = PQcmdStatus((PGresult *)result);

	for (size_t i = 0; i < ARRAY_COUNT(commands); i++)
		if (text_begins(status, commands[i]))
			return true;
	return false;
}

static int count_written(const struct query *query, const PGresult *result, int64_t *ret, struct error *e)
{
	bool write = is_write(result);

	if (write && query->effect == QUERY_READS)
		return error_set(e, ERROR_INTERNAL, "query.writes",
		                 "statement \"%s\" says that it reads, and writes", query->name);
	if (!write && !counts_itself(result) && query->effect != QUERY_READS && query->effect != QUERY_KEEPS)
		return error_set(e, ERROR_INTERNAL, "query.uncounted",
		                 "statement \"%s\" does not say how much it wrote: its first column must be "
		                 "a bigint \"written\"",
		                 query->name);
	if (!write && counts_itself(result))
		*ret = sum_written(result);
	else
		*ret = strtoll(PQcmdTuples((PGresult *)result), NULL, 10);
	return 0;
}

static int count_effect(struct tx *tx, const struct query *query, const PGresult *result, int64_t *ret,
                        struct error *e)
{
	int64_t written = 0;

	if (count_written(query, result, &written, e) < 0)
		return -1;

	bool changes = query->effect == QUERY_CHANGES || query->effect == QUERY_BOTH;
	bool records = query->effect == QUERY_RECORDS || query->effect == QUERY_BOTH;
	tx_counted(tx, query->effect != QUERY_READS, changes ? written : 0, records ? written : 0);
	*ret = written;
	return 0;
}

/* ---- sending and receiving ---- */

static int send_bound(struct tx *tx, const struct query *query, const struct param *params, size_t count,
                      struct error *e)
{
	struct connection *c = tx_connection(tx);
	struct statement s = { .name = query->name, .sql = query->sql, .once = query->flags & QUERY_ONCE };

	if (param_bind(params, count, connection_scratch(c), &s, e) < 0)
		return -1;
	return connection_send(c, &s, false, e);
}

int query_send(struct tx *tx, const struct query *query, const struct param *params, size_t count, struct error *e)
{
	if (tx_check_room(tx, e) < 0 || (query->effect != QUERY_READS && tx_check_writes(tx, e) < 0) ||
	    tx_lead(tx, e) < 0)
		return -1;
	if (send_bound(tx, query, params, count, e) < 0)
		return tx_failed(tx);
	tx_sent(tx, query);
	return 0;
}

static int take_result(struct tx *tx, const struct query *query, const PGresult *result, struct arena *arena,
                       const struct rows **ret, int64_t *ret_count, struct error *e)
{
	int64_t written = 0;

	if (count_effect(tx, query, result, &written, e) < 0 || (ret && rows_take(result, arena, ret, e) < 0))
		return tx_failed(tx);
	if (ret_count)
		*ret_count = written;
	return 0;
}

int query_receive(struct tx *tx, struct arena *arena, const struct rows **ret, int64_t *ret_count, struct error *e)
{
	const struct query *query = tx_received(tx);
	PGresult *result;

	if (!query)
		return error_set(e, ERROR_INTERNAL, "query.unsent", "no statement is on the way");
	if (connection_receive(tx_connection(tx), &result, e) < 0)
		return tx_failed(tx);

	int taken = take_result(tx, query, result, arena, ret, ret_count, e);
	PQclear(result);
	return taken;
}

/* ---- one at a time ---- */

static int try_once(struct tx *tx, const struct query *query, const struct param *params, size_t count,
                    struct arena *arena, const struct rows **ret, int64_t *ret_count, struct error *e)
{
	if (query_send(tx, query, params, count, e) < 0)
		return -1;
	return query_receive(tx, arena, ret, ret_count, e);
}

static int run(struct tx *tx, const struct query *query, const struct param *params, size_t count,
               struct arena *arena, const struct rows **ret, int64_t *ret_count, struct error *e)
{
	if (tx_check_quiet(tx, e) < 0)
		return -1;
	if (try_once(tx, query, params, count, arena, ret, ret_count, e) == 0)
		return 0;
	if (!tx_again(tx))
		return -1;
	return try_once(tx, query, params, count, arena, ret, ret_count, e);
}

int query_run(struct tx *tx, const struct query *query, const struct param *params, size_t count,
              struct arena *arena, const struct rows **ret, struct error *e)
{
	return run(tx, query, params, count, arena, ret, NULL, e);
}

int query_one(struct tx *tx, const struct query *query, const struct param *params, size_t count,
              struct arena *arena, const struct rows **ret, struct error *e)
{
	const struct rows *rows;

	if (run(tx, query, params, count, arena, &rows, NULL, e) < 0)
		return -1;
	if (rows_count(rows) > 1) {
		tx_failed(tx);
		return error_set(e, ERROR_INTERNAL, "query.many",
		                 "statement \"%s\" gave %zu rows where one was expected", query->name,
		                 rows_count(rows));
	}
	*ret = rows;
	return rows_count(rows) == 1;
}

int query_write(struct tx *tx, const struct query *query, const struct param *params, size_t count,
                int64_t *ret_count, struct error *e)
{
	return run(tx, query, params, count, NULL, NULL, ret_count, e);
}

int query_write_each(struct tx *tx, const struct query *queries, size_t query_count, const struct param *params, size_t count,
                     struct error *e)
{
	size_t sent = 0;

	for (size_t received = 0; received < query_count; received++) {
		for (; sent < query_count && sent - received < TX_PIPELINE_MOST; sent++)
			if (query_send(tx, &queries[sent], params, count, e) < 0)
				return -1;
		if (query_receive(tx, NULL, NULL, NULL, e) < 0)
			return -1;
	}
	return 0;
}
