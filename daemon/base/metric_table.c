/* Every figure that there is. docs/metrics.md says the same to people, etc/ has a dashboard and alert rules that are made from
 * these names, and tests/metrics.sh compares all four. */
#include "base/metric.h"

enum { MS = 1000, SECOND = 1000 * MS };

/* From a look-up in memory to a page of a large list. */
static const int64_t answers[] = { 1 * MS,   2500,     5 * MS,   10 * MS,  25 * MS,     50 * MS,    100 * MS,
	                           250 * MS, 500 * MS, 1 * SECOND, 2500 * MS, 5 * SECOND, 10 * SECOND, 0 };
/* From ten people to a million. */
static const int64_t runs[] = { 1 * SECOND,   5 * SECOND,   15 * SECOND,   60 * SECOND,
	                        300 * SECOND, 900 * SECOND, 3600LL * SECOND, 14400LL * SECOND, 0 };

/* From a small run at once to one that waited for a sick directory. */
static const int64_t heard_runs[] = { 100 * MS, 250 * MS, 500 * MS, 1 * SECOND, 2500 * MS, 5 * SECOND, 10 * SECOND, 30 * SECOND,
	                              60 * SECOND, 300 * SECOND, 3600LL * SECOND, 0 };

static const char *const classes[] = { "2xx", "3xx", "4xx", "5xx", NULL };
static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE", "other", NULL };
static const char *const refused[] = { "request", "busy", "ending", "connections", NULL };
static const char *const denied[] = { "none", "token", "peer", "permission", NULL };
static const char *const deviations[] = { "unquoted_value", "boolean_as_text", "number_as_text", "text_as_object", "object_as_array",
	                                  "array_as_object", "operation_case", "key_as_path", "read_only_sent",
	                                  "unknown_attribute", "made_by_filter", "remove_by_value", "without_urn", "slashes", "flag_before_path", NULL };
static const char *const roles[] = { "owner", "request", "worker", NULL };
static const char *const uses[] = { "used", "idle", NULL };
static const char *const results[] = { "done", "failed", NULL };
static const char *const ends[] = { "committed", "rolled_back", "uncertain", NULL };
static const char *const deaths[] = { "ended", "killed", "crashed", "forbidden", "memory", "cpu", "exit", NULL };
static const char *const outcomes[] = { "done", "planned", "held", "failed", "again", "stopped", NULL };
static const char *const heard[] = { "taken", "duplicate", "merged", "nothing", "not_authentic", "limited", "failed", NULL };
static const char *const verified[] = { "memory", "database", "nobody", "denied", "stale", "unknown", NULL };
static const char *const verified_kinds[] = { "session", NULL };
static const char *const sign_ons[] = { "begun", "signed_on", "tested", "refused", "failed", "limited", "signed_off", NULL };
static const char *const authorizations[] = { "code", "sign_on", "refused", "unknown", NULL };
static const char *const grants[] = { "authorization_code", "refresh_token", NULL };
static const char *const grantings[] = { "given", "refused", "replay", "reuse", NULL };
static const char *const tellings[] = { "told", "refused", "unanswered", "given_up", NULL };
static const char *const askings[] = { "subscribe", "renew", "unsubscribe", NULL };
static const char *const event_endpoint_states[] = { "active", "failing", "paused", "stopped", NULL };
static const char *const subscription_states[] = { "active", "failed", NULL };
static const char *const live[] = { "asked", "reading", "reconciling", "held", NULL };
static const char *const connection_states[] = { "active", "paused", NULL };
static const char *const organisation_states[] = { "active", "suspended", NULL };
static const char *const deliveries[] = { "delivered", "refused", "unanswered", "passed_over", NULL };
static const char *const levels[] = { "error", "warning", "notice", "info", "debug", NULL };

/* A row ends where it has no more to say. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define COUNTER METRIC_COUNTER, METRIC_UNITS
#define GAUGE   METRIC_GAUGE, METRIC_UNITS
#define SECONDS METRIC_GAUGE, METRIC_SECONDS
#define TIMES   METRIC_HISTOGRAM, METRIC_SECONDS

/* clang-format off */
const struct metric_row metric_rows[METRICS] = {
	[METRIC_HTTP_REQUESTS] = { "rosterd_http_requests_total",
		"Requests that were answered, by the pattern of their address.",
		COUNTER, { { "route" }, { "method", methods }, { "class", classes } } },
	[METRIC_HTTP_DURATION] = { "rosterd_http_request_duration_seconds",
		"How long answering took, from the whole request to the ready answer.",
		TIMES, { { "route" }, { "method", methods } }, answers },
	[METRIC_HTTP_IN_FLIGHT] = { "rosterd_http_requests_in_flight",
		"Requests that are being read, answered or sent.", GAUGE },
	[METRIC_HTTP_WAITING] = { "rosterd_http_requests_waiting",
		"Requests that wait for a thread to answer them.", GAUGE },
	[METRIC_HTTP_CONNECTIONS] = { "rosterd_http_connections",
		"Connections of clients that are open.", GAUGE },
	[METRIC_HTTP_REFUSED] = { "rosterd_http_refused_total",
		"What was turned away before anybody looked at it: a request against the rules, all threads busy, the daemon ending, too many connections.",
		COUNTER, { { "reason", refused } } },

	[METRIC_ACCESS_DENIED] = { "rosterd_access_denied_total",
		"Requests of those whom we do not know (nobody named, a token that does not count, a Unix user who is no administrator) or who may not.",
		COUNTER, { { "reason", denied } } },

	[METRIC_SCIM_DEVIATIONS] = { "rosterd_scim_deviations_total",
		"Requests of directories that push, with what the standard does not know and was taken all the same.",
		COUNTER, { { "deviation", deviations } } },

	[METRIC_DATABASE_UP] = { "rosterd_database_up",
		"Whether the database answered when it was last asked, which is every second.", GAUGE },
	[METRIC_DATABASE_LATENCY] = { "rosterd_database_latency_seconds",
		"How long the database took to answer that question.", SECONDS },
	[METRIC_DATABASE_CONNECTIONS] = { "rosterd_database_connections",
		"Connections to the database.", GAUGE, { { "role", roles }, { "state", uses } } },
	[METRIC_DATABASE_CONNECTIONS_MOST] = { "rosterd_database_connections_limit",
		"As many connections to the database as there may be.", GAUGE, { { "role", roles } } },
	[METRIC_DATABASE_WAIT] = { "rosterd_database_connection_wait_seconds",
		"How long those waited who found all connections in use.", TIMES, { { "role", roles } }, answers },
	[METRIC_DATABASE_BUSY] = { "rosterd_database_busy_total",
		"How often no connection became free in time.", COUNTER, { { "role", roles } } },
	[METRIC_DATABASE_CONNECTS] = { "rosterd_database_connects_total",
		"Attempts to connect to the database.", COUNTER, { { "result", results } } },
	[METRIC_DATABASE_LOST] = { "rosterd_database_lost_total",
		"Connections to the database that broke or gave no answer.", COUNTER },
	[METRIC_DATABASE_ERRORS] = { "rosterd_database_errors_total",
		"Statements that the database refused, by the first two letters of the SQLSTATE.",
		COUNTER, { { "class" } }, .most = 48 },
	[METRIC_DATABASE_TRANSACTIONS] = { "rosterd_database_transactions_total",
		"Transactions that ended.", COUNTER, { { "role", roles }, { "end", ends } } },
	[METRIC_DATABASE_TRANSACTION] = { "rosterd_database_transaction_duration_seconds",
		"How long transactions held their connection.", TIMES, { { "role", roles } }, answers },
	[METRIC_DATABASE_LISTEN] = { "rosterd_database_listen_connects_total",
		"Attempts to connect for notices from the database; more than one is a reconnect.",
		COUNTER, { { "result", results } } },
	[METRIC_AUDIT_ENTRIES] = { "rosterd_audit_entries_total",
		"Audit entries that were committed.", COUNTER, { { "role", roles } } },
	[METRIC_EVENTS_DELIVERED] = { "rosterd_events_deliveries_total",
		"Events that were brought to endpoints, and what came of it: delivered, refused (another status than success), unanswered, passed over after several refusals.",
		COUNTER, { { "outcome", deliveries } } },
	[METRIC_AUDIT_UNSEALED] = { "rosterd_audit_unsealed_entries",
		"Audit entries that wait for their place in the chain, counted up to 100000.", GAUGE },
	[METRIC_AUDIT_UNSEALED_AGE] = { "rosterd_audit_unsealed_age_seconds",
		"How long the oldest of them waits; a transaction that runs for long, anywhere in the cluster, makes it grow.", SECONDS },

	[METRIC_CHILDREN] = { "rosterd_plugin_children",
		"Child processes that run a plug-in now.", GAUGE },
	[METRIC_CHILDREN_MOST] = { "rosterd_plugin_children_limit",
		"As many of them as there may be.", GAUGE },
	[METRIC_CHILDREN_STARTED] = { "rosterd_plugin_children_started_total",
		"Child processes that were started.", COUNTER, { { "plugin" } }, .most = 128 },
	[METRIC_CHILDREN_ENDED] = { "rosterd_plugin_children_ended_total",
		"How they ended: by themselves when told so, killed by us (late, cancelled, against the protocol), crashed, for a forbidden system call, out of memory, out of processor time, or with an exit code of their own.",
		COUNTER, { { "plugin" }, { "reason", deaths } } },

	[METRIC_WORKERS] = { "rosterd_workers",
		"Threads that work on runs, those for slow directories among them.", GAUGE },
	[METRIC_WORKERS_BUSY] = { "rosterd_workers_busy",
		"Those of them that work on one now.", GAUGE },
	[METRIC_WORKERS_SLOW] = { "rosterd_workers_slow",
		"Those of them that work on one of a directory that is slow or was in trouble.", GAUGE },
	[METRIC_WATCH_ROUND] = { "rosterd_watch_last_round_timestamp_seconds",
		"When the thread that looks what is due looked last.", SECONDS },
	[METRIC_RUNS_BEGUN] = { "rosterd_runs_begun_total",
		"Runs that this daemon began to read.", COUNTER, { { "plugin" } }, .most = 128 },
	[METRIC_RUNS_ENDED] = { "rosterd_runs_ended_total",
		"Runs that this daemon put aside: done, planned, held, failed, given back to be tried again, or given back because the daemon stops.",
		COUNTER, { { "plugin" }, { "outcome", outcomes } } },
	[METRIC_RUN_DURATION] = { "rosterd_run_duration_seconds",
		"From the first page to the end of runs that are done, planned, held or failed.",
		TIMES, { { "plugin" } }, runs, .most = 128 },
	[METRIC_PAGES_READ] = { "rosterd_pages_read_total",
		"Pages that were read from directories.", COUNTER, { { "plugin" } }, .most = 128 },
	[METRIC_PEOPLE_READ] = { "rosterd_people_read_total",
		"People that were read from directories.", COUNTER, { { "plugin" } }, .most = 128 },
	[METRIC_CHANGES] = { "rosterd_changes_total",
		"Changes that runs made, by their kind in the audit.", COUNTER, { { "kind" } }, .most = 64 },
	[METRIC_WATCHES] = { "rosterd_watches",
		"Connections that this daemon waits for, until their directory says that something changed.", GAUGE },
	[METRIC_WATCH_TOLD] = { "rosterd_watch_told_total",
		"How often a directory said that something changed.", COUNTER },
	[METRIC_SIGN_ONS] = { "rosterd_sign_ons_total",
		"Sign-ons by a connection: begun, so that somebody was sent to a provider; and how they ended, if they came back: signed on, tested, refused, failed because of us or the provider, turned away because too many come; and messages about logout that were followed (signed_off). By a password of ours: plugin \"password\"; by an owner's break-glass account also plugin \"break-glass\".",
		COUNTER, { { "plugin" }, { "outcome", sign_ons } } },
	[METRIC_VERIFY] = { "rosterd_verify_total",
		"Questions of gateways, and what they were answered from or why not: memory, database; nobody is signed in; denied by what the question wanted; stale, known last and marked as such; unknown, since nothing is heard from the database.",
		COUNTER, { { "kind", verified_kinds }, { "outcome", verified } } },
	[METRIC_VERIFY_KEPT] = { "rosterd_verify_kept",
		"Sessions that are kept in memory, those that count no more among them until somebody shows them.", GAUGE },
	[METRIC_VERIFY_LAG] = { "rosterd_verify_lag_seconds",
		"How long the last sign of life took through the database and back: so long after its commit is a change felt here.", SECONDS },
	[METRIC_VERIFY_MISSED] = { "rosterd_verify_missed_total",
		"Changes that the log of the database had and no notice told; they were felt later, within verify.stale_limit.", COUNTER },
	[METRIC_OPENID_AUTHORIZATIONS] = { "rosterd_openid_authorizations_total",
		"People whom applications sent here: those who went back with a code, were sent to sign on first, or back with an error; and those for whom it was not clear where back is.",
		COUNTER, { { "outcome", authorizations } } },
	[METRIC_OPENID_TOKENS] = { "rosterd_openid_tokens_total",
		"What applications were given for codes, and for tokens that refresh: given, refused; and what was shown a second time, which ended all that came of it.",
		COUNTER, { { "grant", grants }, { "outcome", grantings } } },
	[METRIC_LOGOUTS] = { "rosterd_backchannel_logouts_total",
		"Tries to tell an application that a session is over: it was told, did not want to hear, did not answer, or is not told any more.",
		COUNTER, { { "outcome", tellings } } },
	[METRIC_NOTIFICATIONS] = { "rosterd_notifications_total",
		"Messages of directories: taken; a duplicate of one that was; merged with others because too many wait; authentic and about nobody; not authentic; turned away because too many come; failed, because the plug-in did or could not understand it.",
		COUNTER, { { "plugin" }, { "outcome", heard } } },
	[METRIC_NOTIFICATION_APPLIED] = { "rosterd_notification_applied_seconds",
		"From the receipt of such a message to the end of the run that looked at whom it was about; a message counts once for each of them.",
		TIMES, { { "plugin" } }, heard_runs, .most = 128 },
	[METRIC_NOTIFICATION_ASKED] = { "rosterd_notification_asked_seconds",
		"From the receipt of such a message to the question to the directory about whom it names; a message counts once for each of them.",
		TIMES, { { "plugin" } }, heard_runs, .most = 128 },
	[METRIC_OFFBOARDING] = { "rosterd_offboarding_seconds",
		"From the directory's first answer in a run that suspended members to the commit, after which every daemon refuses their sessions and keys; counted for each of them.",
		TIMES, { { "plugin" } }, heard_runs, .most = 128 },
	[METRIC_SUBSCRIPTIONS_ASKED] = { "rosterd_subscription_requests_total",
		"How often directories were asked to send messages, to go on with it, or to stop, and what came of it.",
		COUNTER, { { "plugin" }, { "action", askings }, { "result", results } }, .most = 384 },
	[METRIC_INCREMENTS_MISSED] = { "rosterd_increments_missed_total",
		"Changes that a whole listing found and no reading of changes before it had told.", COUNTER, { { "plugin" } }, .most = 128 },

	[METRIC_RUNS] = { "rosterd_runs",
		"Runs that are not over.", GAUGE, { { "state", live } } },
	[METRIC_RUN_OLDEST_WAITING] = { "rosterd_runs_oldest_waiting_seconds",
		"How long the oldest run that is due waits for a worker; 0: none does.", SECONDS },
	[METRIC_RUN_OLDEST_HELD] = { "rosterd_runs_oldest_held_seconds",
		"How long ago the oldest run was asked for that waits for an administrator; 0: none does.", SECONDS },
	[METRIC_SYNC_CONNECTIONS] = { "rosterd_connections",
		"Connections to directories.", GAUGE, { { "state", connection_states } } },
	[METRIC_SYNC_FAILING] = { "rosterd_connections_failing",
		"Active connections whose last run failed.", GAUGE },
	[METRIC_SYNC_OVERDUE] = { "rosterd_connections_overdue",
		"Active connections with a schedule that have not been brought in step for three times as long as it says, and ten minutes.", GAUGE },
	[METRIC_SYNC_OLDEST_SUCCESS] = { "rosterd_connections_oldest_success_seconds",
		"Of the active connections with a schedule, how long ago the one was in step last that was so longest ago.", SECONDS },
	[METRIC_SUBSCRIPTIONS] = { "rosterd_subscriptions",
		"Subscriptions to the messages of directories, of active connections: those that there are, and those that could not be made.",
		GAUGE, { { "state", subscription_states } } },
	[METRIC_SUBSCRIPTIONS_OVERDUE] = { "rosterd_subscriptions_overdue",
		"Those that there are and that should have been renewed more than ten minutes ago.", GAUGE },
	[METRIC_EVENT_ENDPOINTS] = { "rosterd_event_endpoints",
		"Endpoints that events are delivered to, the operator's and those of active organisations. Failing: the last delivery failed, and is tried again. Stopped: it failed for too long, or the application said that it is gone, and nothing is delivered until somebody lets it go on.",
		GAUGE, { { "state", event_endpoint_states } } },
	[METRIC_EVENT_ENDPOINTS_OLDEST_FAILING] = { "rosterd_event_endpoints_oldest_failing_seconds",
		"How long the one of them has been failing that has been so longest; 0: none is.", SECONDS },
	[METRIC_LOGOUTS_WAITING] = { "rosterd_backchannel_logouts_waiting",
		"Ends of sessions that an application still has to be told.", GAUGE },
	[METRIC_LOGOUTS_OLDEST_WAITING] = { "rosterd_backchannel_logouts_oldest_waiting_seconds",
		"How long the oldest of them waits.", SECONDS },
	[METRIC_ORGANISATIONS] = { "rosterd_organisations",
		"Organisations.", GAUGE, { { "state", organisation_states } } },
	[METRIC_ORGANISATIONS_OWNERLESS] = { "rosterd_organisations_ownerless",
		"Active organisations with members whose owner is absent: none is named, or the one who is cannot act.", GAUGE },
	[METRIC_OWNERS_ABSENT] = { "rosterd_owners_absent",
		"Organisations whose owner is kept out by a directory.", GAUGE },
	[METRIC_OWNERS_OLDEST_ABSENT] = { "rosterd_owners_oldest_absent_seconds",
		"How long the one of them has been kept out that has been so longest; 0: none is.", SECONDS },
	[METRIC_OWNERSHIP_RECOVERIES] = { "rosterd_ownership_recoveries",
		"Recoveries of an ownership that were asked for and wait for the operator.", GAUGE },
	[METRIC_SEATS_WAITING] = { "rosterd_seats_waiting",
		"People who wait for a seat, to come in or with another role.", GAUGE },
	[METRIC_SEATS_OLDEST_WAITING] = { "rosterd_seats_oldest_waiting_seconds",
		"How long the one of them has waited that has waited longest; 0: nobody does.", SECONDS },
	[METRIC_SEATS_MISCOUNTED] = { "rosterd_seats_miscounted",
		"Organisations whose count of seats is not what is taken, or is more than they may have, when this daemon looked last: a mistake of rosterd.", GAUGE },
	[METRIC_TOKENS_EXPIRING] = { "rosterd_tokens_expiring",
		"Tokens that count now and expire within 14 days.", GAUGE },
	[METRIC_FIGURES_REFRESHED] = { "rosterd_figures_refreshed_timestamp_seconds",
		"When the figures that the database shows were read last: runs not over, connections, organisations, tokens.", SECONDS },

	[METRIC_READY] = { "rosterd_ready",
		"Whether /readyz says that requests can be served.", GAUGE },
	[METRIC_BUILD] = { "rosterd_build_info",
		"Always 1; its label is the version.", GAUGE, { { "version" } }, .most = 2 },
	[METRIC_LOG_LINES] = { "rosterd_log_lines_total",
		"Lines that were logged.", COUNTER, { { "level", levels } } },
	[METRIC_LOG_WITHHELD] = { "rosterd_log_withheld_total",
		"Lines that were not logged because too many like them were.", COUNTER, { { "level", levels } } },
	[METRIC_PROCESS_START] = { "process_start_time_seconds",
		"When the process started.", SECONDS },
	[METRIC_PROCESS_CPU] = { "process_cpu_seconds_total",
		"Processor time of the process.", METRIC_COUNTER, METRIC_SECONDS },
	[METRIC_PROCESS_RESIDENT] = { "process_resident_memory_bytes",
		"Memory that is resident.", GAUGE },
	[METRIC_PROCESS_VIRTUAL] = { "process_virtual_memory_bytes",
		"Address space that is taken.", GAUGE },
	[METRIC_PROCESS_FDS] = { "process_open_fds",
		"Descriptors that are open.", GAUGE },
	[METRIC_PROCESS_FDS_MOST] = { "process_max_fds",
		"As many of them as there may be.", GAUGE },
	[METRIC_PROCESS_THREADS] = { "process_threads",
		"Threads of the process.", GAUGE },
};
/* clang-format on */
