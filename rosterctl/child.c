/* Runs a program of this machine and hears what it says. */
#include "platform.h" /* pipe2 */
#include "rosterctl/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

enum { PIECE = 65536 };

static int could_not(struct error *e, const char *program, const char *what)
{
	return error_set(e, ERROR_INTERNAL, "child.failed", "could not run \"%s\": %s", program, what);
}

static int start(const char *const *argv, bool quiet, int output, pid_t *ret)
{
	posix_spawn_file_actions_t actions;
	int failed;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	if (quiet)
		posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	failed = posix_spawnp(ret, argv[0], &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return failed;
}

/* Until it says no more. 0; or -1 when time is over. */
static int hear(int fd, int64_t deadline_ms, struct buffer *ret)
{
	static char piece[PIECE];
	struct pollfd readable = { fd, POLLIN, 0 };

	for (;;) {
		int ready = poll(&readable, 1, clock_left_ms(deadline_ms));
		ssize_t got = ready > 0 ? read(fd, piece, sizeof(piece)) : -1;

		if (ready == 0)
			return -1;
		if (got == 0)
			return 0;
		if (got > 0)
			buffer_add(ret, piece, (size_t)got);
		else if (errno != EINTR)
			return -1;
	}
}

int child_hear(const char *const *argv, bool quiet, int timeout_ms, struct buffer *ret, int *ret_exit, struct error *e)
{
	int64_t deadline = clock_monotonic_ms() + timeout_ms;
	int ends[2], failed, status = 0, heard;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return could_not(e, argv[0], strerror(errno));
	failed = start(argv, quiet, ends[1], &pid);
	close(ends[1]);
	heard = failed ? -1 : hear(ends[0], deadline, ret);
	close(ends[0]);
	if (failed)
		return could_not(e, argv[0], strerror(failed));
	if (heard < 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (heard < 0)
		return could_not(e, argv[0], "it took too long");
	if (!WIFEXITED(status))
		return could_not(e, argv[0], strsignal(WTERMSIG(status)));
	*ret_exit = WEXITSTATUS(status);
	return 0;
}
