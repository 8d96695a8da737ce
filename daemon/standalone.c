/* The order in which a folder becomes a running rosterd: user, folder, lock, key, cluster, roles. */
#include "platform.h"

#include "standalone.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account.h"
#include "base/crypt.h"
#include "base/secret.h"
#include "base/text.h"
#include "cluster.h"

#define RUN_DIRECTORY "/run/rosterd"

enum { CONNINFO_SIZE = 2 * PATH_MAX };

struct standalone {
	char folder[PATH_MAX];
	char conninfo[CONNINFO_SIZE];
	int lock; /* held as long as we live */
	struct secret *key;
	struct cluster *cluster;
};

#define failed(e, ...) error_set(e, ERROR_INPUT, "standalone.failed", __VA_ARGS__)

/* ---- the folder ---- */

static bool is_empty(const char *path)
{
	DIR *folder = opendir(path);
	const struct dirent *entry;
	bool empty = folder != NULL;

	while (empty && (entry = readdir(folder)))
		empty = text_equal(entry->d_name, ".") || text_equal(entry->d_name, "..");
	if (folder)
		closedir(folder);
	return empty;
}

/* An empty folder of root's is given away; no other, whatever it holds is somebody's. */
static int give_folder(int fd, const char *path, const struct account *to, struct error *e)
{
	struct stat about, named;

	if (fstat(fd, &about) < 0 || lstat(path, &named) < 0)
		return failed(e, "could not look at folder \"%s\": %s", path, strerror(errno));
	if (about.st_uid == to->user)
		return 0;
	/* Somebody may have put a link there, to a folder that is not for us to give. */
	bool is_itself = about.st_dev == named.st_dev && about.st_ino == named.st_ino;
	if (!is_itself || about.st_uid != 0 || !is_empty(path))
		return failed(e,
			      "folder \"%s\" belongs to another user; one that is empty, or that of user "
			      "\"%s\", is expected",
			      path, to->name);
	if (fchown(fd, to->user, to->group) < 0 || fchmod(fd, 0700) < 0)
		return failed(e, "could not give folder \"%s\" to user \"%s\": %s", path, to->name,
			      strerror(errno));
	return 0;
}

/* Makes what is above the folder, for everybody to pass through. */
static void make_parents(const char *path)
{
	char parent[PATH_MAX];

	for (const char *at = path + 1; (at = strchr(at, '/')); at++) {
		snprintf(parent, sizeof(parent), "%.*s", (int)(at - path), path);
		mkdir(parent,
		      0755); /* what goes wrong here goes wrong again, and is told, at the folder itself */
	}
}

/* Makes the folder if need be; to NULL: it stays ours. */
static int make_folder(const char *path, const struct account *to, struct error *e)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return failed(e, "could not make folder \"%s\": %s", path, strerror(errno));

	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return failed(e, "could not open folder \"%s\": %s", path, strerror(errno));
	int done = to ? give_folder(fd, path, to, e) : 0;
	close(fd);
	return done;
}

/* Where rosterctl looks for the daemon's socket: whoever may use it is decided by the socket, so all may
 * pass. */
static int make_run_folder(const struct account *account, struct error *e)
{
	if (make_folder(RUN_DIRECTORY, account, e) < 0)
		return -1;
	if (chmod(RUN_DIRECTORY, 0755) < 0)
		return failed(e, "could not open folder \"%s\" for everybody: %s", RUN_DIRECTORY,
			      strerror(errno));
	return 0;
}

/* As root: the user's folders, then the user. */
static int become_user(const char *path, struct error *e)
{
	struct account account;

	if (account_find_or_make("rosterd", STATE_DIRECTORY, &account, e) < 0 ||
	    make_folder(path, &account, e) < 0 || make_run_folder(&account, e) < 0)
		return -1;
	return account_become(&account, e);
}

static int enter_folder(struct standalone *standalone, const char *path, struct error *e)
{
	struct stat about;

	umask(0077);
	if ((geteuid() == 0 ? become_user(path, e) : make_folder(path, NULL, e)) < 0)
		return -1;
	if (!realpath(path, standalone->folder) || stat(standalone->folder, &about) < 0 ||
	    access(standalone->folder, R_OK | W_OK | X_OK) < 0)
		return failed(e,
			      "user %d cannot use folder \"%s\": %s; its parents must let everybody through",
			      (int)geteuid(), path, strerror(errno));
	if (about.st_uid != geteuid())
		return failed(e, "folder \"%s\" belongs to another user", standalone->folder);
	return 0;
}

/* ---- one daemon, one key ---- */

static int take_lock(struct standalone *standalone, struct error *e)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/lock", standalone->folder) >= (int)sizeof(path))
		return failed(e, "the path \"%s\" is too long", standalone->folder);
	standalone->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (standalone->lock < 0)
		return failed(e, "could not open \"%s\": %s", path, strerror(errno));
	if (flock(standalone->lock, LOCK_EX | LOCK_NB) < 0)
		return failed(e, "another rosterd uses folder \"%s\"", standalone->folder);
	return 0;
}

/* Writes a new key beside its place and renames it, so that a key is whole or not there. */
static int make_key(const char *path, struct error *e)
{
	uint8_t bytes[CRYPT_MASTER_KEY_SIZE];
	char text[2 * CRYPT_MASTER_KEY_SIZE + 1], fresh[PATH_MAX + 8];

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	unlink(fresh);
	int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return failed(e, "could not make \"%s\": %s", fresh, strerror(errno));

	crypt_random(bytes, sizeof(bytes));
	text_hex(bytes, sizeof(bytes), text);
	bool written = write(fd, text, sizeof(text) - 1) == (ssize_t)(sizeof(text) - 1) && fsync(fd) == 0;
	secret_wipe(bytes, sizeof(bytes));
	secret_wipe(text, sizeof(text));
	close(fd);
	if (!written || rename(fresh, path) < 0)
		return failed(e, "could not write \"%s\": %s", fresh, strerror(errno));
	return 0;
}

/* The key must not be made anew beside data that it has to open. */
static int read_key(struct standalone *standalone, struct error *e)
{
	char path[PATH_MAX], data[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/master.key", standalone->folder) >= (int)sizeof(path) ||
	    snprintf(data, sizeof(data), "%s/data", standalone->folder) >= (int)sizeof(data))
		return failed(e, "the path \"%s\" is too long", standalone->folder);
	if (access(path, F_OK) < 0 && access(data, F_OK) == 0)
		return failed(
			e, "\"%s\" is missing, which seals the secrets in \"%s\"; put it back from a backup",
			path, data);
	if (access(path, F_OK) < 0 && make_key(path, e) < 0)
		return -1;
	return secret_read_file(path, &standalone->key, e);
}

/* ---- all of it ---- */

static int make_roles(const struct standalone *standalone, const char *schema_directory, struct error *e)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/roles.sql", schema_directory) >= (int)sizeof(path))
		return failed(e, "the path \"%s\" is too long", schema_directory);
	return cluster_run_file(standalone->cluster, "postgres", path, e);
}

/* libpq wants a value in single quotes, with those and backslashes escaped; cluster_start has refused the
 * latter. */
static void fill_conninfo(struct standalone *standalone, const char *host)
{
	char *to = standalone->conninfo;

	to += sprintf(to, "host='");
	for (const char *from = host; *from; from++) {
		if (*from == '\'')
			*to++ = '\\';
		*to++ = *from;
	}
	sprintf(to, "' port=5432 dbname=rosterd");
}

/* The folder that a service manager has made for whoever is not root: the first, if there are several. */
static const char *folder_of_service(char ret[PATH_MAX])
{
	const char *given = getenv("STATE_DIRECTORY");

	if (!given || given[0] != '/')
		return NULL;
	snprintf(ret, PATH_MAX, "%.*s", (int)strcspn(given, ":"), given);
	return ret;
}

int standalone_enter(const char *directory, struct standalone **ret, struct error *e)
{
	char given[PATH_MAX];
	__attribute__((cleanup(standalone_stop))) struct standalone *standalone =
		calloc(1, sizeof(*standalone));

	if (!standalone)
		return error_set(e, ERROR_INTERNAL, "standalone.memory", "out of memory");
	standalone->lock = -1;
	if (!directory && geteuid() != 0)
		directory = folder_of_service(given);
	if (!directory && geteuid() != 0)
		return failed(e, "only root keeps its data in \"%s\"; say where: rosterd --standalone DIR",
			      STATE_DIRECTORY);
	if (!directory)
		make_parents(STATE_DIRECTORY);
	if (enter_folder(standalone, directory ? directory : STATE_DIRECTORY, e) < 0 ||
	    take_lock(standalone, e) < 0 || read_key(standalone, e) < 0)
		return -1;
	*ret = standalone;
	standalone = NULL;
	return 0;
}

int standalone_start(struct standalone *standalone, const char *schema_directory, struct error *e)
{
	if (cluster_start(standalone->folder, &standalone->cluster, e) < 0 ||
	    make_roles(standalone, schema_directory, e) < 0)
		return -1;
	fill_conninfo(standalone, cluster_host(standalone->cluster));
	return 0;
}

int standalone_check(struct standalone *standalone, struct error *e)
{
	return cluster_check(standalone->cluster, e);
}

/* As cluster_start places the socket. */
int standalone_look(const char *directory, struct standalone **ret, struct error *e)
{
	__attribute__((cleanup(standalone_stop))) struct standalone *standalone =
		calloc(1, sizeof(*standalone));
	char host[PATH_MAX + sizeof("/run")];

	if (!standalone)
		return error_set(e, ERROR_INTERNAL, "standalone.memory", "out of memory");
	standalone->lock = -1;
	directory = directory ? directory : STATE_DIRECTORY;
	if (!realpath(directory, standalone->folder))
		return failed(e, "folder \"%s\" cannot be looked at: %s", directory, strerror(errno));
	snprintf(host, sizeof(host), "%s/run", standalone->folder);
	fill_conninfo(standalone, host);
	*ret = standalone;
	standalone = NULL;
	return 0;
}

int standalone_look_at_key(struct standalone *standalone, struct error *e)
{
	char path[PATH_MAX + sizeof("/master.key")];

	snprintf(path, sizeof(path), "%s/master.key", standalone->folder);
	return secret_read_file(path, &standalone->key, e);
}

uid_t standalone_owner(const struct standalone *standalone)
{
	struct stat about;

	return stat(standalone->folder, &about) == 0 ? about.st_uid : geteuid();
}

void standalone_stop(struct standalone **standalone)
{
	if (!*standalone)
		return;
	cluster_stop(&(*standalone)->cluster);
	secret_close(&(*standalone)->key);
	if ((*standalone)->lock >= 0)
		close((*standalone)->lock);
	free(*standalone);
	*standalone = NULL;
}

void standalone_options(const struct standalone *standalone, struct store_options *options)
{
	static const char *const names[STORE_ROLES] = { "rosterd_owner", "rosterd_request",
							"rosterd_worker" };

	options->conninfo = standalone->conninfo;
	options->pooler = STORE_POOLER_NONE;
	options->direct_conninfo = NULL;
	for (int role = 0; role < STORE_ROLES; role++) {
		options->role_names[role] = names[role];
		options->passwords[role] = NULL;
	}
}

const struct secret *standalone_master_key(const struct standalone *standalone)
{
	return standalone->key;
}

const char *standalone_directory(const struct standalone *standalone)
{
	return standalone->folder;
}
