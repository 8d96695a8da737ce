/* Starts programs of others and hears how they ended. */
#include "platform.h"

#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"

enum { NOT_STARTED = 127, LAST_LINE_MOST = 256 };

/* Where Debian has useradd is not on the path of everybody. Nothing of PostgreSQL's own variables gets
 * through. */
static char *const environment[] = {
	(char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	(char *)"LANG=C.UTF-8",
	(char *)"LC_ALL=C.UTF-8",
	(char *)"TZ=UTC",
	NULL,
};

/* In the child: nothing but what is safe after fork. */
static void become(const char *const *arguments, int said, int ends_with, pid_t parent)
{
	sigset_t none;

	setsid();
	if (ends_with && (prctl(PR_SET_PDEATHSIG, ends_with) < 0 || getppid() != parent))
		_exit(NOT_STARTED); /* the parent ended before we could ask to be told */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	dup2(said, STDOUT_FILENO);
	dup2(said, STDERR_FILENO);
	close(STDIN_FILENO);
	if (open("/dev/null", O_RDONLY) != STDIN_FILENO)
		_exit(NOT_STARTED);
	close_range(STDERR_FILENO + 1, ~0U, 0);
	execvpe(arguments[0], (char *const *)arguments, environment);
	dprintf(STDERR_FILENO, "%s: %s\n", arguments[0], strerror(errno));
	_exit(NOT_STARTED);
}

int process_start(const char *const *arguments, const char *said, int ends_with, pid_t *ret, struct error *e)
{
	int fd =
		open(said ? said : "/dev/null", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	pid_t parent = getpid();

	if (fd < 0)
		return error_set(e, ERROR_INTERNAL, "process.file", "could not write to \"%s\": %s", said,
				 strerror(errno));
	pid_t pid = fork();
	if (pid == 0)
		become(arguments, fd, ends_with, parent);
	close(fd);
	if (pid < 0)
		return error_set(e, ERROR_INTERNAL, "process.fork", "could not start \"%s\": %s",
				 arguments[0], strerror(errno));
	*ret = pid;
	return 0;
}

const char *process_last_line(const char *path, char *ret, size_t size)
{
	FILE *file = fopen(path, "re");
	char line[LAST_LINE_MOST];

	ret[0] = 0;
	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		if (line[0])
			snprintf(ret, size, "%s", line);
	}
	if (file)
		fclose(file);
	return ret;
}

int process_run(const char *const *arguments, const char *said, struct error *e)
{
	char line[LAST_LINE_MOST] = "";
	int status;
	pid_t pid;

	if (process_start(arguments, said, 0, &pid, e) < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_set(e, ERROR_INTERNAL, "process.wait", "could not wait for \"%s\": %s",
					 arguments[0], strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (said)
		process_last_line(said, line, sizeof(line));
	return error_set(e, ERROR_INTERNAL, "process.failed", "\"%s\" failed with %s %d%s%s", arguments[0],
			 WIFEXITED(status) ? "exit code" : "signal",
			 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), line[0] ? ": " : "",
			 line);
}
