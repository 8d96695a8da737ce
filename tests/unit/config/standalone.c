/* A folder of one's own: made, started, killed, started again. Uses a real PostgreSQL; as root it is done by
 * user nobody, because PostgreSQL refuses root. */
#include "platform.h"

#include "standalone.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/secret.h"
#include "base/text.h"
#include "process.h"

static char top[] = "/tmp/rosterd-alone-XXXXXX"; /* holds schema/roles.sql and the folders */
static char folder[64], schema[64];
static struct arena *arena;

static void copy_roles(void)
{
	const char *from = arena_format(arena, "%s/schema/roles.sql", getenv("SRCDIR"));
	const char *const arguments[] = { "cp", from, schema, NULL };
	struct error e;

	assert_int_equal(mkdir(schema, 0755), 0);
	assert_int_equal(process_run(arguments, NULL, &e), 0);
	assert_int_equal(chmod(arena_format(arena, "%s/roles.sql", schema), 0644), 0);
}

static void stop_being_root(void)
{
	const struct passwd *nobody = getpwnam("nobody");

	if (geteuid() != 0)
		return;
	assert_non_null(nobody);
	assert_int_equal(chown(top, nobody->pw_uid, nobody->pw_gid), 0);
	assert_int_equal(chown(schema, nobody->pw_uid, nobody->pw_gid), 0);
	assert_int_equal(setgroups(0, NULL), 0);
	assert_int_equal(setresgid(nobody->pw_gid, nobody->pw_gid, nobody->pw_gid), 0);
	assert_int_equal(setresuid(nobody->pw_uid, nobody->pw_uid, nobody->pw_uid), 0);
}

static int prepare(void **state)
{
	(void)state;
	arena = arena_open("test");
	assert_int_equal(secret_start(NULL), 0);
	assert_non_null(mkdtemp(top));
	snprintf(folder, sizeof(folder), "%s/it's here", top); /* quotes and blanks are part of life */
	snprintf(schema, sizeof(schema), "%s/schema", top);
	copy_roles();
	stop_being_root();
	return 0;
}

static int clear(void **state)
{
	const char *const arguments[] = { "rm", "-rf", top, NULL };
	struct error e;

	(void)state;
	process_run(arguments, NULL, &e);
	arena_close(&arena);
	return 0;
}

static struct standalone *start(void)
{
	struct standalone *standalone = NULL;
	struct error e = { 0 };

	if (standalone_enter(folder, &standalone, &e) < 0 || standalone_start(standalone, schema, &e) < 0)
		fail_msg("%s", e.text);
	return standalone;
}

static const char *refused(const char *directory)
{
	struct standalone *standalone = NULL;
	struct error e = { 0 };

	assert_true(standalone_enter(directory, &standalone, &e) < 0 ||
		    standalone_start(standalone, schema, &e) < 0);
	standalone_stop(&standalone);
	return arena_text(arena, e.text);
}

/* What psql prints last as this role. */
static const char *ask(const struct standalone *standalone, enum store_role role, const char *sql)
{
	const char *said = arena_format(arena, "%s/said", top);
	struct store_options options = { 0 };
	char *line = arena_take(arena, 256);
	struct error e = { 0 };

	standalone_options(standalone, &options);
	const char *conninfo = arena_format(arena, "%s user=%s", options.conninfo, options.role_names[role]);
	const char *const arguments[] = { "psql", "-XAtqw", "-d", conninfo, "-c", sql, NULL };
	unlink(said);
	if (process_run(arguments, said, &e) < 0)
		fail_msg("%s", e.text);
	return process_last_line(said, line, 256);
}

static pid_t postmaster(void)
{
	char line[32] = "";
	FILE *file = fopen(arena_format(arena, "%s/data/postmaster.pid", folder), "r");

	if (!file)
		return 0;
	assert_non_null(fgets(line, sizeof(line), file));
	fclose(file);
	return atoi(line);
}

static void first_start_makes_everything(void **state)
{
	struct standalone *standalone = start();
	struct stat key;

	(void)state;
	assert_int_equal(stat(arena_format(arena, "%s/master.key", folder), &key), 0);
	assert_int_equal(key.st_mode & 07777, 0600);
	assert_int_equal(secret_size(standalone_master_key(standalone)), 64);
	assert_string_equal(standalone_directory(standalone), folder);
	assert_string_equal(ask(standalone, STORE_OWNER, "SELECT current_user"), "rosterd_owner");
	assert_string_equal(ask(standalone, STORE_REQUEST, "SELECT current_user"), "rosterd_request");
	assert_string_equal(ask(standalone, STORE_WORKER, "SELECT current_user"), "rosterd_worker");
	assert_string_equal(ask(standalone, STORE_REQUEST, "SHOW listen_addresses"), "");
	assert_string_equal(ask(standalone, STORE_REQUEST,
				"SELECT datcollate FROM pg_database WHERE datname = 'rosterd'"),
			    "C.UTF-8");
	ask(standalone, STORE_OWNER,
	    "CREATE SCHEMA kept AUTHORIZATION rosterd_owner; CREATE TABLE kept.it AS SELECT 41 + 1 AS n");
	standalone_stop(&standalone);
	assert_null(standalone);
	assert_int_equal(postmaster(), 0);
}

static void the_second_start_finds_it(void **state)
{
	const char *key = arena_format(arena, "%s/master.key", folder);
	struct standalone *standalone = start();
	char line[80];

	(void)state;
	assert_string_equal(secret_text(standalone_master_key(standalone)),
			    process_last_line(key, line, sizeof(line)));
	assert_string_equal(ask(standalone, STORE_OWNER, "SELECT n FROM kept.it"), "42");
	assert_non_null(strstr(refused(folder), "another rosterd uses folder"));
	standalone_stop(&standalone);
}

/* A process that has started it and then does nothing, until it is killed. */
static pid_t start_elsewhere(void)
{
	int ready[2];
	char byte;

	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		start();
		_exit(write(ready[1], "", 1) == 1 && pause());
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void ends_with_its_daemon(void **state)
{
	pid_t killed = start_elsewhere();

	(void)state;
	assert_int_not_equal(postmaster(), 0);
	kill(killed, SIGKILL);
	waitpid(killed, NULL, 0);
	for (int i = 0; i < 3000 && postmaster(); i++)
		usleep(10000);
	assert_int_equal(postmaster(), 0);
}

static void survives_being_killed(void **state)
{
	pid_t killed = start_elsewhere();
	pid_t left = postmaster();

	(void)state;
	assert_int_equal(kill(killed, SIGKILL), 0);
	assert_int_equal(waitpid(killed, NULL, 0), killed);
	struct standalone *standalone = start();
	assert_int_not_equal(postmaster(), left);
	assert_string_equal(ask(standalone, STORE_OWNER, "SELECT n FROM kept.it"), "42");
	standalone_stop(&standalone);
}

/* PostgreSQL killed with its daemon: it has to recover, and the number of its process is somebody else's by
 * now. */
static void survives_a_crash(void **state)
{
	const char *note = arena_format(arena, "%s/data/postmaster.pid", folder);
	pid_t killed = start_elsewhere();

	(void)state;
	kill(postmaster(), SIGSTOP);
	kill(killed, SIGKILL);
	waitpid(killed, NULL, 0);
	kill(postmaster(), SIGKILL);
	FILE *file = fopen(note, "r+");
	assert_non_null(file);
	fprintf(file, "%d\n", (int)getpid());
	fclose(file);
	struct standalone *standalone = start();
	assert_string_equal(ask(standalone, STORE_OWNER, "SELECT n FROM kept.it"), "42");
	standalone_stop(&standalone);
}

static void says_why_postgresql_ends(void **state)
{
	const char *settings = arena_format(arena, "%s/data/postgresql.conf", folder);
	FILE *file = fopen(settings, "a");

	(void)state;
	fputs("no_such_setting = 1\n", file);
	fclose(file);
	assert_non_null(strstr(refused(folder), "FATAL:  configuration file"));
}

static void a_lost_key_is_not_replaced(void **state)
{
	(void)state;
	assert_int_equal(unlink(arena_format(arena, "%s/master.key", folder)), 0);
	assert_non_null(strstr(refused(folder), "is missing, which seals the secrets"));
	assert_int_equal(access(arena_format(arena, "%s/master.key", folder), F_OK), -1);
}

static void wrong_folders(void **state)
{
	const char *deep = arena_format(arena, "%s/%s", top,
					"a-name-that-leaves-no-place-for-a-socket-because-it-has-too-many-"
					"letters-in-it");

	(void)state;
	assert_non_null(strstr(refused(deep), "a path that is too long for a socket"));
	assert_non_null(strstr(refused(arena_format(arena, "%s/not/there", top)), "could not make folder"));
	assert_non_null(strstr(refused("/"), "cannot use folder \"/\""));
	assert_non_null(strstr(refused(NULL), "say where: rosterd --standalone DIR"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_start_makes_everything),
		cmocka_unit_test(the_second_start_finds_it),
		cmocka_unit_test(ends_with_its_daemon),
		cmocka_unit_test(survives_being_killed),
		cmocka_unit_test(survives_a_crash),
		cmocka_unit_test(says_why_postgresql_ends),
		cmocka_unit_test(a_lost_key_is_not_replaced),
		cmocka_unit_test(wrong_folders),
	};

	return cmocka_run_group_tests_name("standalone", tests, prepare, clear);
}
