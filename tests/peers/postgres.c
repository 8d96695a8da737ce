/* A private PostgreSQL for a test program. The work is done by postgres.sh; a child of ours outlives the
 * program and cleans up when the pipe between them closes. */
#define _GNU_SOURCE /* pipe2 */
#include "peers/postgres.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libpq-fe.h>

enum { PATH_SIZE = 256, SETTINGS_MOST = 16 };

static char folder[PATH_SIZE], conninfo[PATH_SIZE + 32];
static int lifeline = -1; /* open as long as we live */
static pid_t undertaker;

static void give_up(const char *what)
{
	fprintf(stderr, "Bail out! %s\n", what);
	exit(1);
}

static const char *script(void)
{
	static char path[PATH_SIZE];
	const char *source = getenv("SRCDIR");

	snprintf(path, sizeof path, "%s/tests/peers/postgres.sh", source ? source : ".");
	return path;
}

/* Standard output belongs to the test's TAP. */
static void be_silent(void)
{
	int nothing = open("/dev/null", O_RDWR);

	dup2(nothing, STDIN_FILENO);
	dup2(nothing, STDOUT_FILENO);
}

static int run_script(const char *action, const char *const *settings)
{
	const char *arguments[4 + SETTINGS_MOST] = { script(), action, folder };
	int count = 3, status = 0;

	while (settings && *settings && count < 3 + SETTINGS_MOST)
		arguments[count++] = *settings++;

	pid_t child = fork();
	if (child == 0) {
		be_silent();
		execv(script(), (char **)arguments);
		_exit(127);
	}
	while (waitpid(child, &status, 0) < 0)
		continue;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static void leave_undertaker(void)
{
	int ends[2];
	char byte;

	if (pipe2(ends, O_CLOEXEC) < 0)
		give_up("no pipe");
	undertaker = fork();
	if (undertaker == 0) {
		setsid(); /* a signal for the test's group is not for us */
		close(ends[1]);
		be_silent();
		while (read(ends[0], &byte, 1) > 0)
			continue;
		execl(script(), script(), "stop", folder, (char *)NULL);
		_exit(127);
	}
	close(ends[0]);
	lifeline = ends[1];
}

void postgres_start(const char *const *settings)
{
	const char *temporary = getenv("TMPDIR");

	snprintf(folder, sizeof folder, "%s/rosterd-test-XXXXXX", temporary ? temporary : "/tmp");
	if (!mkdtemp(folder))
		give_up("no temporary folder");
	snprintf(conninfo, sizeof conninfo, "host=%s dbname=postgres", folder);
	leave_undertaker();
	if (run_script("start", settings) < 0)
		give_up("the private PostgreSQL did not start");
}

void postgres_stop(void)
{
	if (lifeline < 0)
		return;
	close(lifeline);
	lifeline = -1;
	waitpid(undertaker, NULL, 0);
}

void postgres_crash(void)
{
	if (run_script("restart", NULL) < 0)
		give_up("the private PostgreSQL did not start again");
}

const char *postgres_host(void)
{
	return folder;
}

const char *postgres_conninfo(void)
{
	return conninfo;
}

char *postgres_ask(const char *sql)
{
	char whole[sizeof conninfo + 64];

	snprintf(whole, sizeof whole, "%s user=postgres options='-c client_min_messages=warning'", conninfo);
	PGconn *pg = PQconnectdb(whole);
	PGresult *result = PQexec(pg, sql);
	ExecStatusType status = PQresultStatus(result);

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
		fprintf(stderr, "%s%s", sql, PQerrorMessage(pg));
		give_up("a statement of the test itself failed");
	}
	char *cell = strdup(PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
	PQclear(result);
	PQfinish(pg);
	return cell;
}

void postgres_run(const char *sql)
{
	free(postgres_ask(sql));
}
