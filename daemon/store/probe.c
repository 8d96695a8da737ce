/* One connection, one statement, every second. */
#include "store/probe.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "store/connection.h"
#include "store/migrate.h"

/* What was heard last; an error without a kind is none. */
struct heard {
	struct error database, schema, home;
	int migrations;
	int64_t at_ms;
};

struct probe {
	struct store *store;
	struct connection *connection; /* NULL: lost, or not yet made */
	int least; /* migrations: as many as there were at first; fewer are those of another day */
	struct log log;
	pthread_t thread;
	bool runs;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t wakes;
	bool ends;
	struct heard heard;
};

/* ---- asking ---- */

static int connect_once(struct probe *probe, struct error *e)
{
	if (probe->connection)
		return 0;
	if (pool_connect(probe->store, pool_any_role(probe->store), &probe->connection, e) < 0)
		return -1;
	connection_patience(probe->connection, PROBE_WAIT_MS);
	return 0;
}

/* Each version that a migration names as the oldest that may run on it. */
static int check_ages(char *versions, struct error *e)
{
	char *rest = NULL;

	for (char *version = strtok_r(versions, " ", &rest); version; version = strtok_r(NULL, " ", &rest))
		if (migrate_check_age(version, e) < 0)
			return -1;
	return 0;
}

static int judge_schema(struct probe *probe, int migrations, char *versions, struct error *e)
{
	if (probe->least == 0)
		probe->least = migrations;
	if (migrations < probe->least)
		return error_set(e, ERROR_PRECONDITION, "schema.old",
		                 "the database's schema has %d migrations, and had %d before; restart the "
		                 "daemon, which applies them",
		                 migrations, probe->least);
	return check_ages(versions, e);
}

static void read_answer(struct probe *probe, const PGresult *result, struct heard *ret)
{
	scoped(arena) *arena = arena_open("store.probe");

	ret->migrations = atoi(PQgetvalue(result, 0, 0));
	if (strcmp(PQgetvalue(result, 0, 2), "true") != 0)
		error_set(&ret->home, ERROR_PRECONDITION, "installation.copy",
		          "the database is a copy, restored or moved while we ran: no token counts and no run begins until you run "
		          "\"rosterd --restored\", which revokes all tokens and ends all runs, or \"rosterd --moved\", if nobody has "
		          "served the original since");
	judge_schema(probe, ret->migrations, arena_text(arena, PQgetvalue(result, 0, 1)), &ret->schema);
}

static int ask(struct probe *probe, struct heard *ret, struct error *e)
{
	static const struct statement statement = {
		.name = "probe.migrations",
		.sql = "SELECT coalesce(max(number), 0)::text, coalesce(string_agg(DISTINCT oldest_daemon, ' '), ''), "
		       "coalesce(rosterd.installation_at_home()::text, '') FROM rosterd.migrations",
	};
	PGresult *result;

	if (connect_once(probe, e) < 0 || connection_send(probe->connection, &statement, false, e) < 0 ||
	    connection_receive(probe->connection, &result, e) < 0)
		return -1;
	read_answer(probe, result, ret);
	PQclear(result);
	return connection_settle(probe->connection, e);
}

/* ---- one round ---- */

/* What turned from good to bad or back is worth a line; what stays as it is is not. */
static void tell(const struct probe *probe, const struct error *before, const struct error *now, const char *what)
{
	if (now->kind == before->kind)
		return;
	if (now->kind == ERROR_NONE)
		log_note(&probe->log, "the %s is well again", what);
	else
		log_failure(&probe->log, LOG_LEVEL_ERROR, what, now);
}

static void keep(struct probe *probe, const struct heard *heard)
{
	struct heard before;

	pthread_mutex_lock(&probe->lock);
	before = probe->heard;
	probe->heard = *heard;
	pthread_mutex_unlock(&probe->lock);
	metric_set(METRIC_DATABASE_UP, NO_LABELS, heard->database.kind == ERROR_NONE);
	tell(probe, &before.database, &heard->database, "database");
	if (heard->database.kind != ERROR_NONE)
		return;
	tell(probe, &before.schema, &heard->schema, "schema");
	tell(probe, &before.home, &heard->home, "installation");
}

/* A connection that was kept may have been ended by whoever stands between, which says nothing of the database. */
static int ask_twice(struct probe *probe, struct heard *ret, struct error *e)
{
	bool kept = probe->connection;

	if (ask(probe, ret, e) == 0)
		return 0;
	connection_close(&probe->connection);
	if (kept && ask(probe, ret, e) == 0)
		return 0;
	connection_close(&probe->connection);
	return -1;
}

static void look(struct probe *probe)
{
	int64_t began_us = clock_monotonic_us();
	struct heard heard = { .migrations = probe->heard.migrations };

	if (ask_twice(probe, &heard, &heard.database) < 0) {
		heard.schema = heard.home = heard.database;
	} else {
		heard.database = (struct error){ 0 };
		metric_set(METRIC_DATABASE_LATENCY, NO_LABELS, clock_monotonic_us() - began_us);
	}
	heard.at_ms = clock_monotonic_ms();
	keep(probe, &heard);
}

/* false: it is time to end. */
static bool pause_a_while(struct probe *probe)
{
	struct timespec until;
	bool ends;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += PROBE_EVERY_MS / 1000;
	pthread_mutex_lock(&probe->lock);
	while (!probe->ends && pthread_cond_timedwait(&probe->wakes, &probe->lock, &until) == 0)
		;
	ends = probe->ends;
	pthread_mutex_unlock(&probe->lock);
	return !ends;
}

static void *work(void *self)
{
	struct probe *probe = self;

	while (pause_a_while(probe))
		look(probe);
	return NULL;
}

/* ---- beginning and end ---- */

int probe_open(struct store *store, struct probe **ret, struct error *e)
{
	struct probe *probe = calloc(1, sizeof(*probe));
	pthread_condattr_t monotonic;

	if (!probe)
		memory_exhausted("probe", sizeof(*probe));
	probe->store = store;
	log_subject(&probe->log, NULL, "store/probe");
	pthread_mutex_init(&probe->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&probe->wakes, &monotonic);
	pthread_condattr_destroy(&monotonic);

	look(probe);
	probe->runs = pthread_create(&probe->thread, NULL, work, probe) == 0;
	if (!probe->runs) {
		probe_close(&probe);
		return error_set(e, ERROR_INTERNAL, "probe.thread", "could not start a thread that watches the database");
	}
	*ret = probe;
	return 0;
}

void probe_close(struct probe **closing)
{
	struct probe *probe = *closing;

	*closing = NULL;
	if (!probe)
		return;
	pthread_mutex_lock(&probe->lock);
	probe->ends = true;
	pthread_cond_signal(&probe->wakes);
	pthread_mutex_unlock(&probe->lock);
	if (probe->runs)
		pthread_join(probe->thread, NULL);
	connection_close(&probe->connection);
	pthread_cond_destroy(&probe->wakes);
	pthread_mutex_destroy(&probe->lock);
	free(probe);
}

/* ---- the answers ---- */

static struct heard last_heard(struct probe *probe)
{
	struct heard heard;

	pthread_mutex_lock(&probe->lock);
	heard = probe->heard;
	pthread_mutex_unlock(&probe->lock);
	return heard;
}

static int answer(const struct heard *heard, const struct error *why, struct error *e)
{
	int64_t silent_ms = clock_monotonic_ms() - heard->at_ms;

	if (silent_ms > PROBE_SILENT_MS)
		return error_set(e, ERROR_RETRY, "probe.silent", "the database has not answered for %lld s",
		                 (long long)silent_ms / 1000);
	if (why->kind == ERROR_NONE)
		return 0;
	if (e)
		*e = *why;
	return -1;
}

int probe_database(struct probe *probe, struct error *e)
{
	struct heard heard = last_heard(probe);

	return answer(&heard, &heard.database, e);
}

int probe_schema(struct probe *probe, struct error *e)
{
	struct heard heard = last_heard(probe);

	return answer(&heard, &heard.schema, e);
}

int probe_home(struct probe *probe, struct error *e)
{
	struct heard heard = last_heard(probe);

	return answer(&heard, &heard.home, e);
}

int probe_migrations(struct probe *probe)
{
	return last_heard(probe).migrations;
}
