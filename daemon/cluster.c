/* Makes, starts and stops a private PostgreSQL cluster, with PostgreSQL's own programs.
 *
 * FOLDER/data is the cluster, FOLDER/run its socket, FOLDER/postgresql.log what it says. A cluster is made as
 * FOLDER/data.new and renamed when it is whole, so that a start that was cut short is simply begun again. */
#include "platform.h"

#include "cluster.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "process.h"

enum {
	VERSION_LEAST = 15,
	VERSION_MOST = 99,
	START_MOST_MS = 300 * 1000, /* it may have to recover first */
	STOP_MOST_MS = 60 * 1000,   /* then without ceremony: the next start recovers */
	POLL_MS = 20,
	PATH_SIZE = PATH_MAX,
	SHARED_BUFFERS_MOST_MB = 512,
	SHARED_BUFFERS_LEAST_MB = 64,
};

#define SUPERUSER "postgres"
#define MAP	  "standalone"

struct cluster {
	char folder[PATH_SIZE], data[PATH_SIZE], run[PATH_SIZE], log[PATH_SIZE];
	char programs[PATH_SIZE]; /* where postgres, initdb and psql are */
	pid_t postmaster;	  /* 0: not running */
	long log_start;		  /* where this start begins in the log */
};

#define failed(e, ...) error_set(e, ERROR_INTERNAL, "cluster.failed", __VA_ARGS__)

static void rest(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = POLL_MS * 1000000L }, NULL);
}

/* Joins into a path of ours; -1 if it does not fit. */
__attribute__((format(printf, 2, 3))) static int path_of(char ret[PATH_SIZE], const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	int length = vsnprintf(ret, PATH_SIZE, fmt, args);
	va_end(args);
	return length < PATH_SIZE ? 0 : -1;
}

static bool exists(const char *folder, const char *name)
{
	char path[PATH_SIZE];

	return path_of(path, "%s/%s", folder, name) == 0 && access(path, F_OK) == 0;
}

/* ---- PostgreSQL's programs ---- */

/* The version that made the cluster, or 0. */
static int version_of(const struct cluster *cluster)
{
	char path[PATH_SIZE], line[16];
	int64_t version;

	if (path_of(path, "%s/PG_VERSION", cluster->data) < 0 ||
	    !*process_last_line(path, line, sizeof(line)) || text_to_int64(line, &version) < 0)
		return 0;
	return (int)version;
}

static bool try_programs(struct cluster *cluster, const char *folder)
{
	char programs[PATH_SIZE];

	snprintf(programs, sizeof(programs), "%s", folder);
	if (!exists(programs, "postgres") || !exists(programs, "initdb") || !exists(programs, "psql"))
		return false;
	memcpy(cluster->programs, programs, sizeof(programs));
	return true;
}

/* Where Debian, then where Red Hat and PostgreSQL's own packages have a version. */
static bool find_version(struct cluster *cluster, int version)
{
	char folder[64];

	snprintf(folder, sizeof(folder), "/usr/lib/postgresql/%d/bin", version);
	if (try_programs(cluster, folder))
		return true;
	snprintf(folder, sizeof(folder), "/usr/pgsql-%d/bin", version);
	return try_programs(cluster, folder);
}

/* The version that the cluster has, or the newest. */
static int find_programs(struct cluster *cluster, struct error *e)
{
	int made_by = version_of(cluster);
	int most = made_by ? made_by : VERSION_MOST, least = made_by ? made_by : VERSION_LEAST;

	for (int version = most; version >= least; version--)
		if (find_version(cluster, version))
			return 0;
	if (try_programs(cluster, "/usr/local/bin") || try_programs(cluster, "/usr/bin"))
		return 0;
	return failed(
		e,
		"could not find PostgreSQL %d%s (postgres, initdb and psql); install it, such as package "
		"postgresql-%d",
		least, made_by ? "" : " or newer", least);
}

/* ---- making it ---- */

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
	(void)about, (void)kind, (void)where;
	return remove(path);
}

static int write_text(const char *folder, const char *name, const char *mode, const char *text,
		      struct error *e)
{
	char path[PATH_SIZE];
	FILE *file;

	if (path_of(path, "%s/%s", folder, name) < 0 || !(file = fopen(path, mode)))
		return failed(e, "could not write \"%s/%s\": %s", folder, name, strerror(errno));
	bool written = fputs(text, file) >= 0 && fflush(file) == 0 && fsync(fileno(file)) == 0;
	if (fclose(file) != 0 || !written)
		return failed(e, "could not write \"%s/%s\": %s", folder, name, strerror(errno));
	return 0;
}

/* An eighth of the memory, within bounds: the daemon and its children live here too. */
static long shared_buffers_mb(void)
{
	long mb = sysconf(_SC_PHYS_PAGES) / 8 * (sysconf(_SC_PAGESIZE) / 1024) / 1024;

	return mb < SHARED_BUFFERS_LEAST_MB  ? SHARED_BUFFERS_LEAST_MB
	       : mb > SHARED_BUFFERS_MOST_MB ? SHARED_BUFFERS_MOST_MB
					     : mb;
}

/* What an operator may change. No replica reads this cluster, so the log of large loads can be short. */
static int write_settings(const char *data, struct error *e)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "\n# by rosterd --standalone, once\n"
		 "shared_buffers = %ldMB\n"
		 "maintenance_work_mem = 128MB\n"
		 "work_mem = 16MB\n"
		 "wal_level = minimal\n"
		 "max_wal_senders = 0\n"
		 "max_wal_size = 2GB\n"
		 "checkpoint_timeout = 15min\n"
		 "max_connections = 100\n"
		 "timezone = 'UTC'\n"
		 "log_timezone = 'UTC'\n",
		 shared_buffers_mb());
	return write_text(data, "postgresql.conf", "a", text, e);
}

/* Nobody comes in but the user that we are, as the roles of roles.sql or as superuser. */
static int write_access(const char *data, struct error *e)
{
	static const char *const logins[] = { SUPERUSER, "rosterd_owner", "rosterd_request",
					      "rosterd_worker" };
	const struct passwd *self = getpwuid(geteuid());
	char text[1024];
	int length = 0;

	if (!self)
		return failed(e, "user %d has no name; PostgreSQL needs one", (int)geteuid());
	for (size_t i = 0; i < ARRAY_COUNT(logins); i++)
		length += snprintf(text + length, sizeof(text) - (size_t)length, MAP " \"%s\" \"%s\"\n",
				   self->pw_name, logins[i]);
	if (write_text(data, "pg_ident.conf", "w", text, e) < 0 ||
	    write_text(data, "pg_hba.conf", "w", "local\tall\tall\tpeer\tmap=" MAP "\n", e) < 0)
		return -1;
	return 0;
}

static int make_data(const struct cluster *cluster, struct error *e)
{
	char fresh[PATH_SIZE], initdb[PATH_SIZE];

	if (path_of(fresh, "%s.new", cluster->data) < 0 ||
	    path_of(initdb, "%s/initdb", cluster->programs) < 0)
		return failed(e, "the path \"%s\" is too long", cluster->data);
	if (access(fresh, F_OK) == 0 && nftw(fresh, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
		return failed(e, "could not remove \"%s\", which an earlier start left: %s", fresh,
			      strerror(errno));

	const char *const arguments[] = {
		initdb,
		"-D",
		fresh,
		"-U",
		SUPERUSER,
		"-A",
		"peer",
		"--encoding=UTF8",
		"--locale=C.UTF-8",
		"--no-instructions",
		"--data-checksums",
		NULL,
	};
	if (process_run(arguments, cluster->log, e) < 0 || write_settings(fresh, e) < 0 ||
	    write_access(fresh, e) < 0)
		return -1;
	if (rename(fresh, cluster->data) < 0)
		return failed(e, "could not rename \"%s\": %s", fresh, strerror(errno));
	return 0;
}

/* ---- what an earlier life left ---- */

/* The process id in postmaster.pid, or 0. */
static pid_t noted_postmaster(const struct cluster *cluster)
{
	char path[PATH_SIZE], line[32] = "";
	FILE *file;

	if (path_of(path, "%s/postmaster.pid", cluster->data) < 0 || !(file = fopen(path, "re")))
		return 0;
	if (!fgets(line, sizeof(line), file))
		line[0] = 0;
	fclose(file);
	return atoi(line) > 1 ? atoi(line) : 0;
}

/* A PostgreSQL process works in its cluster's folder; one that was given its number later does not, and one
 * that has ended has no folder any more, even before it is reaped. */
static bool works_here(const struct cluster *cluster, pid_t pid)
{
	char path[64], name[32], place[PATH_SIZE], data[PATH_SIZE];

	snprintf(path, sizeof(path), "/proc/%d/cwd", (int)pid);
	ssize_t length = readlink(path, place, sizeof(place) - 1);
	if (length < 0)
		return false;
	place[length] = 0;
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	return realpath(cluster->data, data) && text_equal(place, data) &&
	       text_equal(process_last_line(path, name, sizeof(name)), "postgres");
}

static bool anybody_works_here(const struct cluster *cluster)
{
	DIR *processes = opendir("/proc");
	const struct dirent *entry;
	bool found = false;

	while (processes && !found && (entry = readdir(processes)))
		found = atoi(entry->d_name) > 1 && works_here(cluster, atoi(entry->d_name));
	if (processes)
		closedir(processes);
	return found;
}

static bool all_end_within(const struct cluster *cluster, int most_ms)
{
	int64_t until = clock_monotonic_ms() + most_ms;

	while (anybody_works_here(cluster) && clock_left_ms(until) > 0)
		rest();
	return !anybody_works_here(cluster);
}

/* Forgets who was here: their numbers may be somebody else's by now, and PostgreSQL would take those for
 * living ones. */
static int forget_earlier(const struct cluster *cluster, struct error *e)
{
	static const char *const notes[] = { "data/postmaster.pid", "run/.s.PGSQL.5432.lock",
					     "run/.s.PGSQL.5432" };
	char path[PATH_SIZE];

	for (size_t i = 0; i < ARRAY_COUNT(notes); i++)
		if (path_of(path, "%s/%s", cluster->folder, notes[i]) < 0 ||
		    (unlink(path) < 0 && errno != ENOENT))
			return failed(e, "could not remove \"%s/%s\": %s", cluster->folder, notes[i],
				      strerror(errno));
	return 0;
}

/* Ends a PostgreSQL whose daemon is gone, and waits for those whose PostgreSQL is gone. */
static int clear_earlier(const struct cluster *cluster, struct error *e)
{
	pid_t pid = noted_postmaster(cluster);

	if (pid && works_here(cluster, pid))
		kill(pid, SIGINT);
	if (!all_end_within(cluster, STOP_MOST_MS) && pid && works_here(cluster, pid))
		kill(pid, SIGQUIT);
	if (!all_end_within(cluster, STOP_MOST_MS))
		return failed(e, "PostgreSQL of an earlier start does not end; look into \"%s\"",
			      cluster->log);
	return forget_earlier(cluster, e);
}

/* ---- starting and stopping ---- */

/* true, once, when our child has ended. */
static bool has_ended(struct cluster *cluster)
{
	int status;

	if (waitpid(cluster->postmaster, &status, WNOHANG) != cluster->postmaster)
		return false;
	cluster->postmaster = 0;
	return true;
}

/* The last line that is written into postmaster.pid tells how far it is. */
static bool is_ready(const struct cluster *cluster)
{
	char path[PATH_SIZE], line[32];

	return noted_postmaster(cluster) == cluster->postmaster &&
	       path_of(path, "%s/postmaster.pid", cluster->data) == 0 &&
	       text_begins(process_last_line(path, line, sizeof(line)), "ready");
}

/* The last line that names a reason, or the last, of what was said since the start. */
static const char *reason(const struct cluster *cluster, char *ret, size_t size)
{
	FILE *file = fopen(cluster->log, "re");
	char line[256];
	bool named = false;

	ret[0] = 0;
	if (file)
		fseek(file, cluster->log_start, SEEK_SET);
	while (file && fgets(line, sizeof(line), file)) {
		bool names = strstr(line, "FATAL:") != NULL;

		if (named && !names)
			continue;
		named |= names;
		snprintf(ret, size, "%.*s", (int)strcspn(line, "\n"), line);
	}
	if (file)
		fclose(file);
	return ret;
}

static int wait_ready(struct cluster *cluster, struct error *e)
{
	int64_t until = clock_monotonic_ms() + START_MOST_MS;
	char line[256];

	while (!is_ready(cluster)) {
		if (has_ended(cluster))
			return failed(e, "PostgreSQL ended as it started: %s; more in \"%s\"",
				      reason(cluster, line, sizeof(line)), cluster->log);
		if (clock_left_ms(until) == 0)
			return failed(e, "PostgreSQL did not start within %d seconds; look into \"%s\"",
				      START_MOST_MS / 1000, cluster->log);
		rest();
	}
	return 0;
}

/* What must hold whatever postgresql.conf says stands in the arguments. SIGINT is PostgreSQL's fast shutdown.
 */
static int start_postmaster(struct cluster *cluster, struct error *e)
{
	char postgres[PATH_SIZE], sockets[PATH_SIZE];

	if (path_of(postgres, "%s/postgres", cluster->programs) < 0 ||
	    path_of(sockets, "unix_socket_directories=\"%s\"", cluster->run) < 0)
		return failed(e, "the path \"%s\" is too long", cluster->run);

	struct stat log;
	cluster->log_start = stat(cluster->log, &log) == 0 ? log.st_size : 0;
	const char *const arguments[] = {
		postgres,
		"-D",
		cluster->data,
		"-c",
		"listen_addresses=",
		"-c",
		sockets,
		"-c",
		"unix_socket_permissions=0700",
		"-c",
		"port=5432",
		"-c",
		"logging_collector=off",
		NULL,
	};
	if (process_start(arguments, cluster->log, SIGINT, &cluster->postmaster, e) < 0)
		return -1;
	return wait_ready(cluster, e);
}

int cluster_check(struct cluster *cluster, struct error *e)
{
	if (!cluster->postmaster || !has_ended(cluster))
		return 0;
	return failed(e, "the daemon's own PostgreSQL has ended; the end of \"%s\" says why, and the next start of rosterd starts it",
		      cluster->log);
}

static bool stopped_by(struct cluster *cluster, int number)
{
	int64_t until = clock_monotonic_ms() + STOP_MOST_MS;

	kill(cluster->postmaster, number);
	while (!has_ended(cluster)) {
		if (clock_left_ms(until) == 0)
			return false;
		rest();
	}
	return true;
}

void cluster_stop(struct cluster **cluster)
{
	if (*cluster && (*cluster)->postmaster && !stopped_by(*cluster, SIGINT) &&
	    !stopped_by(*cluster, SIGQUIT))
		stopped_by(*cluster, SIGKILL);
	free(*cluster);
	*cluster = NULL;
}

static int fill_paths(struct cluster *cluster, const char *folder, struct error *e)
{
	struct sockaddr_un address;

	if (path_of(cluster->folder, "%s", folder) < 0 || path_of(cluster->data, "%s/data", folder) < 0 ||
	    path_of(cluster->run, "%s/run", folder) < 0 ||
	    path_of(cluster->log, "%s/postgresql.log", folder) < 0 ||
	    strlen(cluster->run) + strlen("/.s.PGSQL.5432.lock") >= sizeof(address.sun_path))
		return error_set(e, ERROR_INPUT, "cluster.path",
				 "the folder \"%s\" has a path that is too long for a socket in it; at most "
				 "%zu bytes are "
				 "taken",
				 folder, sizeof(address.sun_path) - sizeof("/run/.s.PGSQL.5432.lock"));
	if (strpbrk(folder, "\"\\\n,"))
		return error_set(e, ERROR_INPUT, "cluster.path",
				 "the folder \"%s\" has a quote, comma, backslash or line break in its path",
				 folder);
	return 0;
}

static int prepare(struct cluster *cluster, const char *folder, struct error *e)
{
	if (fill_paths(cluster, folder, e) < 0 || find_programs(cluster, e) < 0)
		return -1;
	if (mkdir(cluster->run, 0700) < 0 && errno != EEXIST)
		return failed(e, "could not make \"%s\": %s", cluster->run, strerror(errno));
	if (!exists(cluster->data, "PG_VERSION"))
		return make_data(cluster, e);
	return clear_earlier(cluster, e);
}

int cluster_start(const char *folder, struct cluster **ret, struct error *e)
{
	__attribute__((cleanup(cluster_stop))) struct cluster *cluster = calloc(1, sizeof(*cluster));

	if (!cluster)
		return failed(e, "out of memory");
	if (prepare(cluster, folder, e) < 0 || start_postmaster(cluster, e) < 0)
		return -1;
	*ret = cluster;
	cluster = NULL;
	return 0;
}

int cluster_run_file(const struct cluster *cluster, const char *database, const char *path, struct error *e)
{
	char psql[PATH_SIZE];

	if (path_of(psql, "%s/psql", cluster->programs) < 0)
		return failed(e, "the path \"%s\" is too long", cluster->programs);

	const char *const arguments[] = {
		psql, "-X",	    "-q", "-w",	  "-v", "ON_ERROR_STOP=1",
		"-h", cluster->run, "-p", "5432", "-U", SUPERUSER,
		"-d", database,	    "-f", path,	  NULL,
	};
	return process_run(arguments, cluster->log, e);
}

const char *cluster_host(const struct cluster *cluster)
{
	return cluster->run;
}
