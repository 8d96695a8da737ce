/* Loaded into a daemon (LD_PRELOAD): does something at the Nth step of a run in the conversation with PostgreSQL, exactly.
 *
 * A step is a statement that is about to be handed to libpq, or what was handed over and has just been sent: so each statement is
 * stopped before it, and while the server is at work on it. Of several that go out one behind the other, each is sent at once. Steps are counted in the thread that works on the run, from the statement
 * "run.start" on; what other threads ask meanwhile is not counted.
 *
 * STOP_AT names a file with one line "N WHAT", read when a run starts; without it nothing happens. WHAT is
 *   daemon          this process is killed
 *   child           the processes that it has started are
 *   database        the server's process for this connection is told to end, as pg_terminate_backend does
 *   COMMAND         anything else is given to the shell
 * STOP_AT.steps gets the number of the last step so far once the run has written its end, STOP_AT.done the line that was carried out. */
#include "platform.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libpq-fe.h>

#define STANDS_IN __attribute__((visibility("default")))

static __thread struct {
	bool counting, ended;
	long step, at;
	char what[512];
} run;

static void *next(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (!function)
		abort();
	return function;
}

static void path_of(const char *suffix, char ret[600])
{
	const char *plan = getenv("STOP_AT");

	snprintf(ret, 600, "%.500s%s", plan ? plan : "/nonexistent", suffix);
}

static void write_down(const char *suffix, const char *text)
{
	char path[600];
	FILE *file;

	path_of(suffix, path);
	file = fopen(path, "we");
	if (!file)
		return;
	fprintf(file, "%s\n", text);
	fclose(file);
}

static void begin(void)
{
	char path[600], line[600];
	FILE *file;

	memset(&run, 0, sizeof(run));
	path_of("", path);
	file = fopen(path, "re");
	if (!file)
		return;
	run.counting = fgets(line, sizeof(line), file) && sscanf(line, "%ld %511[^\n]", &run.at, run.what) == 2;
	fclose(file);
}

static void kill_children(void)
{
	char path[64], ids[4096] = "";
	const char *at = ids;
	char *rest;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)gettid());
	file = fopen(path, "re");
	if (!file)
		return;
	if (!fgets(ids, sizeof(ids), file))
		ids[0] = '\0';
	fclose(file);
	for (long id; (id = strtol(at, &rest, 10)) > 0; at = rest)
		kill((pid_t)id, SIGKILL);
}

static void act(PGconn *pg)
{
	write_down(".done", run.what);
	if (strcmp(run.what, "daemon") == 0)
		kill(getpid(), SIGKILL);
	else if (strcmp(run.what, "child") == 0)
		kill_children();
	else if (strcmp(run.what, "database") == 0)
		kill(PQbackendPID(pg), SIGTERM);
	else if (system(run.what) != 0)
		fprintf(stderr, "stop_at: failed: %s\n", run.what);
}

static void step(PGconn *pg)
{
	char number[24];

	if (!run.counting)
		return;
	run.step++;
	if (run.ended) {
		snprintf(number, sizeof(number), "%ld", run.step);
		write_down(".steps", number);
	}
	if (run.step == run.at)
		act(pg);
}

/* Statements have names, but for those that are planned each time. */
static void notice(const char *name)
{
	if (strcmp(name, "run.start") == 0)
		begin();
	else if (strcmp(name, "run.end") == 0)
		run.ended = true;
	else if (strcmp(name, "workers.claim") == 0)
		run.counting = false;
}

/* The server begins with what was handed over. */
static int sent(PGconn *pg, int result)
{
	if (run.counting && result == 1)
		PQflush(pg);
	return result;
}

STANDS_IN int PQsendQueryPrepared(PGconn *pg, const char *name, int count, const char *const *values, const int *lengths, const int *formats,
			int result_format)
{
	int (*real)(PGconn *, const char *, int, const char *const *, const int *, const int *, int) = next("PQsendQueryPrepared");

	notice(name);
	step(pg);
	return sent(pg, real(pg, name, count, values, lengths, formats, result_format));
}

STANDS_IN int PQsendQueryParams(PGconn *pg, const char *sql, int count, const Oid *types, const char *const *values, const int *lengths,
		      const int *formats, int result_format)
{
	int (*real)(PGconn *, const char *, int, const Oid *, const char *const *, const int *, const int *, int) =
		next("PQsendQueryParams");

	step(pg);
	return sent(pg, real(pg, sql, count, types, values, lengths, formats, result_format));
}

STANDS_IN int PQsendQuery(PGconn *pg, const char *sql)
{
	int (*real)(PGconn *, const char *) = next("PQsendQuery");

	step(pg);
	return real(pg, sql);
}

STANDS_IN int PQputCopyEnd(PGconn *pg, const char *why)
{
	int (*real)(PGconn *, const char *) = next("PQputCopyEnd");

	step(pg);
	return real(pg, why);
}

STANDS_IN int PQpipelineSync(PGconn *pg)
{
	int (*real)(PGconn *) = next("PQpipelineSync");
	int result = sent(pg, real(pg));

	step(pg);
	return result;
}
