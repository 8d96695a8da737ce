#include "platform.h" /* struct ucred */

#include "consult.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "account.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "config.h"
#include "disclose.h"
#include "doctor/doctor.h"
#include "problem.h"
#include "standalone.h"

#define USUAL_USER   "rosterd"
#define CREDENTIALS  "/run/credentials/rosterd.service"

enum {
	PATHS_MOST = 32,
	REPORT_BYTES_MOST = 16 << 20,
	DESCRIPTORS_SPARE = 64, /* libraries, log, pipes */
	DESCRIPTORS_OF_CHILD = 4,
	INIT = 1, /* the process that listens where systemd activates sockets */
};

/* What is known while we look. */
struct consultation {
	const struct consult_options *options;
	struct arena *arena;
	struct config *config;
	struct catalog *catalog;
	struct standalone *standalone;
	struct report report;
	pid_t daemon; /* 0: none listens, or we cannot know it */
	const char *user;
};

/* ---- whom the daemon is ---- */

/* The process that listens at the socket. */
static bool find_listener(const char *path, struct ucred *ret)
{
	struct sockaddr_un own = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof(*ret);
	bool found = false;

	if (fd >= 0 && strlen(path) < sizeof(own.sun_path)) {
		memcpy(own.sun_path, path, strlen(path));
		found = connect(fd, (struct sockaddr *)&own, sizeof(own)) == 0 &&
			getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret, &size) == 0 && ret->pid != INIT;
	}
	if (fd >= 0)
		close(fd);
	return found;
}

/* Where nobody listens: whoever owns the folder of the socket, or the user that a package makes. */
static uid_t guess_user(const struct consultation *c)
{
	const struct passwd *usual = getpwnam(USUAL_USER);
	char *folder = arena_text(c->arena, c->config->socket), *slash = strrchr(folder, '/');
	struct stat is;

	if (slash)
		*slash = '\0';
	if (stat(folder, &is) == 0 && is.st_uid != 0)
		return is.st_uid;
	return !c->options->config && usual ? usual->pw_uid : geteuid();
}

static uid_t find_user(struct consultation *c)
{
	struct ucred listener;

	if (find_listener(c->config->socket, &listener)) {
		c->daemon = listener.pid;
		return listener.uid;
	}
	return c->standalone ? standalone_owner(c->standalone) : guess_user(c);
}

/* Becomes that user; who may not says so, and sees what they can. */
static void become(struct consultation *c, uid_t uid)
{
	const struct passwd *user = getpwuid(uid);
	struct account account;
	struct error e;

	if (uid != geteuid() && geteuid() == 0 && user) {
		account = (struct account){ user->pw_uid, user->pw_gid, arena_text(c->arena, user->pw_name) };
		if (account_become(&account, &e) < 0)
			report_note(&c->report, "doctor.user", "%s", e.text);
	} else if (uid != geteuid())
		report_add(&c->report, (struct finding){ FINDING_WARNING, "doctor.user",
							 say(&c->report, "the daemon is user %d, and this is user %d", (int)uid,
							     (int)geteuid()),
							 "what is said about files, key and database may be about you, not "
							 "about the daemon", "sudo rosterctl doctor" });
	user = getpwuid(geteuid());
	c->user = user ? arena_text(c->arena, user->pw_name) : say(&c->report, "%d", (int)geteuid());
}

/* ---- the configuration ---- */

static void tell_problems(struct report *r, const struct problems *problems)
{
	for (size_t i = 0; i < problems->count; i++) {
		const struct problem *p = &problems->list[i];

		report_add(r, (struct finding){ FINDING_PROBLEM, "config.mistake",
						p->line > 0 ? say(r, "%s:%d: %s", p->file, p->line, p->text)
							    : say(r, "%s: %s", p->file, p->text),
						"the daemon does not start, and does not reload, with a mistake in its "
						"configuration",
						say(r, "mend \"%s\", then: rosterd --check-config", p->file) });
	}
}

static void read_config(struct consultation *c, bool tell)
{
	struct problems *problems = arena_take(c->arena, sizeof(*problems));

	catalog_close(&c->catalog);
	config_close(&c->config);
	problems_open(problems, c->arena);
	config_survey(c->options->config, c->arena, &c->config, &c->catalog, problems);
	if (tell && problems->count == 0)
		report_ok(&c->report, "config.ok", "the configuration has no mistake (%zu organisations in files)",
			  c->config->organisation_count);
	else if (tell)
		tell_problems(&c->report, problems);
}

/* A daemon that root started without a database of its own keeps everything in one folder. */
static void find_standalone(struct consultation *c)
{
	const struct consult_options *o = c->options;
	bool implied = !o->config && !c->config->master_key && access(STATE_DIRECTORY "/data/PG_VERSION", F_OK) == 0;
	struct error e;

	if (!o->standalone && !implied)
		return;
	if (standalone_look(o->directory, &c->standalone, &e) < 0)
		report_add(&c->report, (struct finding){ FINDING_PROBLEM, "standalone.folder", say(&c->report, "%s", e.text),
							 "a standalone daemon keeps everything there", NULL });
	else if (o->directory)
		config_keep_socket_in(c->config, standalone_directory(c->standalone));
}

static void use_standalone(struct consultation *c)
{
	struct error e;

	if (!c->standalone)
		return;
	if (c->options->directory)
		config_keep_socket_in(c->config, standalone_directory(c->standalone));
	standalone_options(c->standalone, &c->config->store);
	if (standalone_look_at_key(c->standalone, &e) == 0)
		c->config->master_key = standalone_master_key(c->standalone);
	else
		report_add(&c->report, (struct finding){ FINDING_PROBLEM, "key.missing", say(&c->report, "%s", e.text),
							 "without it the secrets of all connections are lost",
							 "put it back from the back-up" });
}

static void judge_key(struct consultation *c)
{
	if (!c->standalone && !c->config->master_key)
		report_add(&c->report, (struct finding){ FINDING_PROBLEM, "key.missing",
							 "there is no master key that can be read",
							 "the daemon does not start without it",
							 "name its file in \"master_key\"; a first one: (umask 077; openssl rand "
							 "-hex 32 >FILE)" });
}

/* ---- looking ---- */

static const char *config_file(const struct consultation *c)
{
	return c->options->config ? c->options->config : config_installed_file();
}

static size_t fill_paths(const struct consultation *c, struct doctor_path paths[PATHS_MOST])
{
	const struct config *config = c->config;
	const char *file = config_file(c);
	size_t count = 0;

	if (file)
		paths[count++] = (struct doctor_path){ DOCTOR_SETTINGS, "the configuration", file };
	for (const char *const *secret = disclose_secret_files(file, c->arena); *secret && count < PATHS_MOST / 2; secret++)
		paths[count++] = (struct doctor_path){ DOCTOR_SECRET, "a secret", *secret };
	paths[count++] = (struct doctor_path){ DOCTOR_PROGRAM, "the folder of plug-ins", config->catalog.plugin_directory };
	paths[count++] = (struct doctor_path){ DOCTOR_PROGRAM, "the plug-ins' child", config->catalog.child_path };
	paths[count++] = (struct doctor_path){ DOCTOR_PROGRAM, "the folder of migrations", config->schema };
	paths[count++] = (struct doctor_path){ DOCTOR_STATE, "the root of the file system", "/" };
	if (c->standalone)
		paths[count++] = (struct doctor_path){ DOCTOR_STATE, "the standalone folder",
						       standalone_directory(c->standalone) };
	return count;
}

static int descriptors(const struct config *config)
{
	int wanted = config->server.connections_most + DESCRIPTORS_OF_CHILD * config->catalog.children_most +
		     DESCRIPTORS_SPARE;

	for (int role = 0; role < STORE_ROLES; role++)
		wanted += config->store.most[role];
	return wanted;
}

static void look(struct consultation *c)
{
	struct doctor_path paths[PATHS_MOST];
	const struct doctor_options options = {
		.paths = paths,
		.path_count = fill_paths(c, paths),
		.socket = c->config->socket,
		.catalog = c->catalog,
		.store = &c->config->store,
		.schema = c->config->schema,
		.master_key = c->config->master_key,
		.previous_master_key = c->config->previous_master_key,
		.descriptors = descriptors(c->config),
		.daemon = c->daemon,
	};

	doctor_look(&options, &c->report);
}

/* Without the file all settings have their defaults, and what they lead to is not this installation. */
static void look_at_file(struct consultation *c)
{
	const struct doctor_path file = { DOCTOR_SETTINGS, "the configuration", config_file(c) };
	const struct doctor_options options = { .paths = &file, .path_count = 1, .daemon = c->daemon };

	doctor_files(&options, &c->report);
	report_note(&c->report, "config.unread", "nothing else was looked at: the configuration says where it is");
}

static void examine(struct consultation *c)
{
	if (!getenv("CREDENTIALS_DIRECTORY") && access(CREDENTIALS, F_OK) == 0)
		setenv("CREDENTIALS_DIRECTORY", CREDENTIALS, 1);
	read_config(c, false);
	find_standalone(c);
	become(c, find_user(c));
	read_config(c, true);
	if (!disclose_readable(config_file(c), c->arena)) {
		look_at_file(c);
		return;
	}
	use_standalone(c);
	judge_key(c);
	look(c);
}

/* ---- telling ---- */

static void write_findings(const struct report *r, struct json_writer *w)
{
	json_begin_array(w, "findings");
	for (size_t i = 0; i < r->count; i++) {
		json_begin_object(w, NULL);
		json_put_text(w, "level", finding_level_word(r->list[i].level));
		json_put_text(w, "code", r->list[i].code);
		json_put_text(w, "found", r->list[i].found);
		json_put_text(w, "why", r->list[i].why);
		json_put_text(w, "todo", r->list[i].todo);
		json_end_object(w);
	}
	json_end_array(w);
}

static void write_report(const struct consultation *c, struct json_writer *w)
{
	json_begin_object(w, NULL);
	json_put_text(w, "version", PACKAGE_VERSION);
	json_put_time(w, "at", clock_now_us());
	json_put_text(w, "user", c->user);
	json_put_text(w, "config", config_file(c));
	json_put_text(w, "socket", c->config->socket);
	json_put_text(w, "public_url", c->config->public_url);
	write_findings(&c->report, w);
	if (c->options->details) {
		disclose_settings(config_file(c), c->arena, w);
		doctor_details(&(struct doctor_options){ .store = &c->config->store }, w);
	}
	json_end_object(w);
}

static void print_json(const struct consultation *c, FILE *to)
{
	__attribute__((cleanup(buffer_close))) struct buffer buffer;
	struct json_writer w;

	buffer_open(&buffer, REPORT_BYTES_MOST);
	json_writer_open(&w, &buffer);
	write_report(c, &w);
	fprintf(to, "%s\n", buffer.bytes);
}

static void print_table(const struct consultation *c, FILE *to)
{
	fprintf(to, "rosterd %s, looked at by user %s with %s\n", PACKAGE_VERSION, c->user,
		config_file(c) ? config_file(c) : "no configuration");
	report_print(&c->report, to);
}

enum consult_exit consult(const struct consult_options *options, FILE *to)
{
	static const enum consult_exit exits[] = {
		[FINDING_OK] = CONSULT_WELL,
		[FINDING_NOTE] = CONSULT_WELL,
		[FINDING_WARNING] = CONSULT_WARNING,
		[FINDING_PROBLEM] = CONSULT_PROBLEM,
	};
	scoped(arena) *arena = arena_open("doctor");
	struct consultation c = { .options = options, .arena = arena };

	log_open(LOG_PLAIN, LOG_LEVEL_ERROR);
	report_open(&c.report, arena);
	examine(&c);
	if (options->json || options->details)
		print_json(&c, to);
	else
		print_table(&c, to);
	catalog_close(&c.catalog);
	config_close(&c.config);
	standalone_stop(&c.standalone);
	return exits[report_worst(&c.report)];
}
