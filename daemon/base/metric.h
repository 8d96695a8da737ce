/* Figures about this process, for whoever watches it: counters, gauges and histograms under one table.
 *
 * The table (metric_table.c) is all that there is: a figure that is not a row of it cannot be counted, and docs, dashboard
 * and alert rules are compared with it. Counting takes no lock and may be done from any thread; a set of labels that is seen
 * for the first time takes one. What labels may say comes from our own tables (routes, states, plug-ins), never from a
 * customer or a client; and each row has a most, beyond which everything is counted under "other".
 *
 * Values are whole numbers. Rows of unit METRIC_SECONDS are kept in microseconds and written as seconds. */
#ifndef ROSTERD_BASE_METRIC_H
#define ROSTERD_BASE_METRIC_H

#include <stddef.h>
#include <stdint.h>

struct buffer;

enum metric {
	/* http */
	METRIC_HTTP_REQUESTS,
	METRIC_HTTP_DURATION,
	METRIC_HTTP_IN_FLIGHT,
	METRIC_HTTP_WAITING,
	METRIC_HTTP_CONNECTIONS,
	METRIC_HTTP_REFUSED,
	/* access */
	METRIC_ACCESS_DENIED,
	METRIC_SCIM_DEVIATIONS,
	/* store */
	METRIC_DATABASE_UP,
	METRIC_DATABASE_LATENCY,
	METRIC_DATABASE_CONNECTIONS,
	METRIC_DATABASE_CONNECTIONS_MOST,
	METRIC_DATABASE_WAIT,
	METRIC_DATABASE_BUSY,
	METRIC_DATABASE_CONNECTS,
	METRIC_DATABASE_LOST,
	METRIC_DATABASE_ERRORS,
	METRIC_DATABASE_TRANSACTIONS,
	METRIC_DATABASE_TRANSACTION,
	METRIC_DATABASE_LISTEN,
	METRIC_AUDIT_ENTRIES,
	/* deliver */
	METRIC_EVENTS_DELIVERED,
	METRIC_AUDIT_UNSEALED,
	METRIC_AUDIT_UNSEALED_AGE,
	/* plugin */
	METRIC_CHILDREN,
	METRIC_CHILDREN_MOST,
	METRIC_CHILDREN_STARTED,
	METRIC_CHILDREN_ENDED,
	/* sync */
	METRIC_WORKERS,
	METRIC_WORKERS_BUSY,
	METRIC_WORKERS_SLOW,
	METRIC_WATCH_ROUND,
	METRIC_RUNS_BEGUN,
	METRIC_RUNS_ENDED,
	METRIC_RUN_DURATION,
	METRIC_PAGES_READ,
	METRIC_PEOPLE_READ,
	METRIC_CHANGES,
	METRIC_INCREMENTS_MISSED,
	METRIC_WATCHES,
	METRIC_WATCH_TOLD,
	METRIC_SIGN_ONS,
	METRIC_VERIFY,
	METRIC_VERIFY_KEPT,
	METRIC_VERIFY_LAG,
	METRIC_VERIFY_MISSED,
	METRIC_OPENID_AUTHORIZATIONS,
	METRIC_OPENID_TOKENS,
	METRIC_LOGOUTS,
	METRIC_NOTIFICATIONS,
	METRIC_NOTIFICATION_APPLIED,
	METRIC_NOTIFICATION_ASKED,
	METRIC_OFFBOARDING,
	METRIC_SUBSCRIPTIONS_ASKED,
	/* what the database shows of the whole installation: the same from each of its daemons */
	METRIC_RUNS,
	METRIC_RUN_OLDEST_WAITING,
	METRIC_RUN_OLDEST_HELD,
	METRIC_SYNC_CONNECTIONS,
	METRIC_SYNC_FAILING,
	METRIC_SYNC_OVERDUE,
	METRIC_SYNC_OLDEST_SUCCESS,
	METRIC_SUBSCRIPTIONS,
	METRIC_SUBSCRIPTIONS_OVERDUE,
	METRIC_EVENT_ENDPOINTS,
	METRIC_EVENT_ENDPOINTS_OLDEST_FAILING,
	METRIC_LOGOUTS_WAITING,
	METRIC_LOGOUTS_OLDEST_WAITING,
	METRIC_ORGANISATIONS,
	METRIC_ORGANISATIONS_OWNERLESS,
	METRIC_OWNERS_ABSENT,
	METRIC_OWNERS_OLDEST_ABSENT,
	METRIC_OWNERSHIP_RECOVERIES,
	METRIC_SEATS_WAITING,
	METRIC_SEATS_OLDEST_WAITING,
	METRIC_SEATS_MISCOUNTED,
	METRIC_TOKENS_EXPIRING,
	METRIC_FIGURES_REFRESHED,
	/* the process */
	METRIC_READY,
	METRIC_BUILD,
	METRIC_LOG_LINES,
	METRIC_LOG_WITHHELD,
	METRIC_PROCESS_START,
	METRIC_PROCESS_CPU,
	METRIC_PROCESS_RESIDENT,
	METRIC_PROCESS_VIRTUAL,
	METRIC_PROCESS_FDS,
	METRIC_PROCESS_FDS_MOST,
	METRIC_PROCESS_THREADS,
	METRICS,
};

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };
enum metric_unit { METRIC_UNITS, METRIC_SECONDS };

enum {
	METRIC_LABELS_MOST = 3,
	METRIC_BOUNDS_MOST = 16,
	METRIC_SERIES_MOST = 512, /* of a row that does not say fewer */
	METRIC_TEXT_MOST = 8 << 20,
};

struct metric_label {
	const char *name;
	const char *const *words; /* all that it may say, ended by NULL; anything else is "other". NULL: the row's most bounds it */
};

struct metric_row {
	const char *name, *help;
	enum metric_type type;
	enum metric_unit unit;
	struct metric_label labels[METRIC_LABELS_MOST + 1]; /* ended by {0} */
	const int64_t *bounds; /* of a histogram: microseconds, ascending, ended by 0 */
	size_t most;           /* sets of labels; 0: METRIC_SERIES_MOST */
};

extern const struct metric_row metric_rows[METRICS];

/* What the labels of a row say, in its order. One that is left out or empty says "other". */
#define LABELS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NO_LABELS   ((const char *const[]){ NULL })

/* Counts up; a gauge also down. */
void metric_add(enum metric metric, const char *const *labels, int64_t count);
/* Of a gauge. */
void metric_set(enum metric metric, const char *const *labels, int64_t value);
/* Of a histogram: microseconds. */
void metric_observe(enum metric metric, const char *const *labels, int64_t us);

/* What was counted or set; of a histogram, how often something was observed. */
int64_t metric_value(enum metric metric, const char *const *labels);
/* How many sets of labels a row has by now. */
size_t metric_series(enum metric metric);

/* What the process takes of the machine now: fills the rows of Prometheus' own names (process_*). */
void metric_measure_process(void);

/* Everything, in the text format 0.0.4 of Prometheus. Rows without labels, and those whose one label has words, are written
 * from the start; others once something was counted. */
void metric_write(struct buffer *ret);
#define METRIC_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

#endif
