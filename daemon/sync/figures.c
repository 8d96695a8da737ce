/* One row of numbers, and where each of them goes. */
#include "sync/figures.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/metric.h"
#include "base/text.h"
#include "roster/subscription.h"
#include "store/query.h"
#include "store/transaction.h"

/* In the order of the columns of figures() in the schema. */
static const struct {
	enum metric metric;
	const char *label; /* NULL: none */
} columns[] = {
	{ METRIC_RUNS, "asked" },
	{ METRIC_RUNS, "reading" },
	{ METRIC_RUNS, "reconciling" },
	{ METRIC_RUNS, "held" },
	{ METRIC_RUN_OLDEST_WAITING, NULL },
	{ METRIC_RUN_OLDEST_HELD, NULL },
	{ METRIC_SYNC_CONNECTIONS, "active" },
	{ METRIC_SYNC_CONNECTIONS, "paused" },
	{ METRIC_SYNC_FAILING, NULL },
	{ METRIC_SYNC_OVERDUE, NULL },
	{ METRIC_SYNC_OLDEST_SUCCESS, NULL },
	{ METRIC_ORGANISATIONS, "active" },
	{ METRIC_ORGANISATIONS, "suspended" },
	{ METRIC_ORGANISATIONS_OWNERLESS, NULL },
	{ METRIC_TOKENS_EXPIRING, NULL },
};

/* In the order of the columns of seat_figures(). */
static const enum metric of_seats[] = {
	METRIC_SEATS_WAITING,     METRIC_SEATS_OLDEST_WAITING, METRIC_OWNERS_ABSENT,
	METRIC_OWNERS_OLDEST_ABSENT, METRIC_OWNERSHIP_RECOVERIES,
};

static int keep_seats(struct tx *tx, struct arena *arena, struct error *e)
{
	static const struct query query = {
		"figures.seats", "SELECT waiting, waited_us, absent, absent_us, recoveries FROM seat_figures()", QUERY_READS, 0,
	};
	const struct rows *rows;
	if (query_one(tx, &query, NO_PARAMS, arena, &rows, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_COUNT(of_seats); i++)
		metric_set(of_seats[i], NO_LABELS, rows_int(rows, 0, (int)i));
	return 0;
}

static int keep_subscriptions(struct tx *tx, struct arena *arena, struct error *e)
{
	static const struct query query = {
		"figures.subscriptions",
		"SELECT active, failed, overdue FROM subscription_figures($1 * interval '1 second')",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	if (query_one(tx, &query, PARAMS(P_INT(SUBSCRIPTION_LATE_S)), arena, &rows, e) < 0)
		return -1;
	metric_set(METRIC_SUBSCRIPTIONS, LABELS("active"), rows_int(rows, 0, 0));
	metric_set(METRIC_SUBSCRIPTIONS, LABELS("failed"), rows_int(rows, 0, 1));
	metric_set(METRIC_SUBSCRIPTIONS_OVERDUE, NO_LABELS, rows_int(rows, 0, 2));
	return 0;
}

static int keep_event_endpoints(struct tx *tx, struct arena *arena, struct error *e)
{
	static const struct query query = {
		"figures.event_endpoints",
		"SELECT active, failing, paused, stopped, failing_us FROM event_endpoint_figures()", QUERY_READS, 0,
	};
	static const char *const states[] = { "active", "failing", "paused", "stopped" };
	const struct rows *rows;
	if (query_one(tx, &query, NO_PARAMS, arena, &rows, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_COUNT(states); i++)
		metric_set(METRIC_EVENT_ENDPOINTS, LABELS(states[i]), rows_int(rows, 0, i));
	metric_set(METRIC_EVENT_ENDPOINTS_OLDEST_FAILING, NO_LABELS, rows_int(rows, 0, ARRAY_COUNT(states)));
	return 0;
}

static void keep(const struct rows *rows)
{
	for (size_t i = 0; i < ARRAY_COUNT(columns); i++)
		metric_set(columns[i].metric, LABELS(columns[i].label), rows_int(rows, 0, i));
	metric_set(METRIC_FIGURES_REFRESHED, NO_LABELS, clock_now_us());
}

int figures_refresh(struct store *store, struct error *e)
{
	static const struct query query = {
		"figures.count",
		"SELECT runs_asked, runs_reading, runs_reconciling, runs_held, waiting_us, held_us, connections_active, connections_paused, "
		"failing, overdue, success_us, organisations_active, organisations_suspended, ownerless, expiring FROM figures()",
		QUERY_READS, 0,
	};
	scoped(arena) *arena = arena_open("figures");
	scoped(tx) *tx = NULL;
	const struct rows *rows;
	if (tx_begin(store, STORE_WORKER, &tx, e) < 0 || query_one(tx, &query, NO_PARAMS, arena, &rows, e) < 0 ||
	    keep_seats(tx, arena, e) < 0 || keep_subscriptions(tx, arena, e) < 0 ||
	    keep_event_endpoints(tx, arena, e) < 0)
		return -1;
	keep(rows);
	return tx_commit(&tx, e);
}
