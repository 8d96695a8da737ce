/* A private PostgreSQL for a test program. The work is done by postgres.sh. */
#include "peers/postgres.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "peers/undertaker.h"

enum { PATH_SIZE = 256, SETTINGS_MOST = 16 };

static char folder[PATH_SIZE], conninfo[PATH_SIZE + 32];

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

void postgres_start(const char *const *settings)
{
	const char *temporary = getenv("TMPDIR");

	snprintf(folder, sizeof folder, "%s/rosterd-test-XXXXXX", temporary ? temporary : "/tmp");
	if (!mkdtemp(folder))
		give_up("no temporary folder");
	snprintf(conninfo, sizeof conninfo, "host=%s dbname=postgres", folder);
	undertaker_leave(script(), folder);
	if (run_script("start", settings) < 0)
		give_up("the private PostgreSQL did not start");
}

void postgres_stop(void)
{
	undertaker_call();
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
