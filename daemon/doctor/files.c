/* Files and folders: who owns them, who may change or read them, whether there is room; and the socket. */
#include "doctor/doctor.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"

enum {
	SPACE_WARNING_MB = 512, /* free, below which somebody should look */
	SPACE_PROBLEM_MB = 64,
	INODES_LEAST = 1000,
};

static const char keys_why[] = "whoever has the master key and a copy of the database reads every password in it";
static const char changes_why[] = "whoever may change this decides what the daemon does, and what it trusts";

/* Ours or root's: nobody else's files are to be trusted. */
static bool is_trusted(uid_t owner)
{
	return owner == 0 || owner == geteuid();
}

/* ---- who may change it, who may read it ---- */

static void judge_owner(struct report *r, const struct doctor_path *p, const struct stat *is)
{
	if (is_trusted(is->st_uid))
		return;
	report_add(r, (struct finding){ FINDING_PROBLEM, "file.owner",
					say(r, "%s \"%s\" belongs to user %d, who is neither root nor the daemon's user",
					    p->what, p->path, (int)is->st_uid),
					p->kind == DOCTOR_SECRET ? keys_why : changes_why,
					say(r, "chown root \"%s\"", p->path) });
}

static void judge_writers(struct report *r, const struct doctor_path *p, const struct stat *is)
{
	bool by_group = (is->st_mode & S_IWGRP) && is->st_gid != 0 && is->st_gid != getegid();

	if (!(is->st_mode & S_IWOTH) && !by_group)
		return;
	report_add(r, (struct finding){ FINDING_PROBLEM, "file.writable",
					say(r, "%s \"%s\" has mode %04o: others may change it", p->what, p->path,
					    is->st_mode & 07777),
					changes_why, say(r, "chmod g-w,o-w \"%s\"", p->path) });
}

/* As base/secret has it: 0600, or 0640 of root's. */
static void judge_readers(struct report *r, const struct doctor_path *p, const struct stat *is)
{
	bool for_group_of_root = is->st_uid == 0 && (is->st_mode & 0077) == S_IRGRP;

	if (!(is->st_mode & 0077) || for_group_of_root)
		return;
	report_add(r, (struct finding){ FINDING_PROBLEM, "file.mode",
					say(r, "%s \"%s\" has mode %04o: others may read or change it", p->what, p->path,
					    is->st_mode & 07777),
					"the daemon refuses such a file, and whoever has read it knows the secret: "
					"after mending the mode, think of a new one",
					say(r, "chmod 0600 \"%s\"", p->path) });
}

/* A folder on the way that others may write to lets them put another file in this one's place. */
static void judge_folder(struct report *r, const struct doctor_path *p)
{
	char folder[PATH_MAX], *slash;
	struct stat is;

	snprintf(folder, sizeof(folder), "%s", p->path);
	while ((slash = strrchr(folder, '/')) && slash > folder) {
		*slash = '\0';
		if (stat(folder, &is) < 0 || (is.st_mode & S_ISVTX) ||
		    (is_trusted(is.st_uid) && !(is.st_mode & S_IWOTH)))
			continue;
		report_add(r, (struct finding){ FINDING_PROBLEM, "folder.writable",
						say(r, "folder \"%s\", in which %s lies, has mode %04o and owner %d",
						    arena_text(r->arena, folder), p->what, is.st_mode & 07777,
						    (int)is.st_uid),
						"others may put another file in its place",
						say(r, "chown root \"%s\" && chmod o-w \"%s\"",
						    arena_text(r->arena, folder), arena_text(r->arena, folder)) });
		return;
	}
}

static void judge_file(struct report *r, const struct doctor_path *p)
{
	size_t before = r->count;
	struct stat is;

	if (stat(p->path, &is) < 0) {
		report_add(r, (struct finding){ FINDING_PROBLEM, "file.missing",
						say(r, "%s \"%s\" cannot be looked at: %s", p->what, p->path,
						    strerror(errno)),
						"the daemon does not start without it",
						say(r, "ls -ld \"%s\"", p->path) });
		return;
	}
	judge_owner(r, p, &is);
	if (p->kind == DOCTOR_SECRET)
		judge_readers(r, p, &is);
	else
		judge_writers(r, p, &is);
	judge_folder(r, p);
	if (r->count == before)
		report_ok(r, "file.ok", "%s \"%s\": mode %04o", p->what, p->path, is.st_mode & 07777);
}

/* ---- room ---- */

static void judge_room(struct report *r, const struct doctor_path *p)
{
	struct statvfs fs;
	uint64_t free_mb;

	if (statvfs(p->path, &fs) < 0) {
		report_note(r, "disk.unknown", "%s \"%s\": %s", p->what, p->path, strerror(errno));
		return;
	}
	free_mb = (uint64_t)fs.f_bavail * fs.f_frsize >> 20;
	if (free_mb >= SPACE_WARNING_MB && (fs.f_files == 0 || fs.f_favail >= INODES_LEAST)) {
		report_ok(r, "disk.ok", "%s \"%s\": %" PRIu64 " MiB are free", p->what, p->path, free_mb);
		return;
	}
	report_add(r, (struct finding){ free_mb < SPACE_PROBLEM_MB ? FINDING_PROBLEM : FINDING_WARNING, "disk.space",
					say(r, "%s \"%s\": %" PRIu64 " MiB and %" PRIu64 " files are left", p->what,
					    p->path, free_mb, (uint64_t)fs.f_favail),
					"PostgreSQL stops when it cannot write, and a log that is not written "
					"tells nobody why",
					say(r, "df -h \"%s\"; df -i \"%s\"", p->path, p->path) });
}

/* ---- the socket ---- */

enum listens { LISTENS_NOT, LISTENS, LISTENS_UNKNOWN };

static enum listens somebody_listens(const struct sockaddr_un *own)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	enum listens listens = LISTENS_UNKNOWN;

	if (fd >= 0 && connect(fd, (const struct sockaddr *)own, sizeof(*own)) == 0)
		listens = LISTENS;
	else if (fd >= 0 && errno == ECONNREFUSED)
		listens = LISTENS_NOT;
	if (fd >= 0)
		close(fd);
	return listens;
}

static void judge_listener(struct report *r, const char *path, const struct sockaddr_un *own)
{
	switch (somebody_listens(own)) {
	case LISTENS:
		report_ok(r, "socket.ok", "somebody listens at \"%s\"", path);
		break;
	case LISTENS_NOT:
		report_add(r, (struct finding){ FINDING_WARNING, "socket.stale",
						say(r, "socket \"%s\" is there and nobody listens", path),
						"a daemon was killed, or is starting or ending just now; the next "
						"start puts a new one in its place",
						"systemctl start rosterd" });
		break;
	case LISTENS_UNKNOWN:
		report_note(r, "socket.unknown", "socket \"%s\" may not be tried by this user", path);
		break;
	}
}

static void judge_socket(struct report *r, const char *path)
{
	struct sockaddr_un own = { .sun_family = AF_UNIX };
	struct stat is;

	if (strlen(path) >= sizeof(own.sun_path)) {
		report_add(r, (struct finding){ FINDING_PROBLEM, "socket.path",
						say(r, "the path of the socket has %zu bytes; at most %zu are possible",
						    strlen(path), sizeof(own.sun_path) - 1),
						"the daemon cannot listen there",
						"name a shorter path in \"socket\"" });
		return;
	}
	memcpy(own.sun_path, path, strlen(path));
	if (lstat(path, &is) < 0)
		report_add(r, (struct finding){ FINDING_WARNING, "socket.missing",
						say(r, "socket \"%s\": %s", path, strerror(errno)),
						"no daemon runs with this configuration",
						"systemctl start rosterd; journalctl -u rosterd -n 50" });
	else if (!S_ISSOCK(is.st_mode))
		report_add(r, (struct finding){ FINDING_PROBLEM, "socket.path",
						say(r, "\"%s\" is no socket", path),
						"the daemon removes nothing that is not its own, so it cannot "
						"listen there",
						say(r, "ls -l \"%s\"", path) });
	else
		judge_listener(r, path, &own);
}

void doctor_files(const struct doctor_options *options, struct report *report)
{
	for (size_t i = 0; i < options->path_count; i++)
		if (options->paths[i].kind == DOCTOR_STATE)
			judge_room(report, &options->paths[i]);
		else
			judge_file(report, &options->paths[i]);
	if (options->socket)
		judge_socket(report, options->socket);
}
