/* Runs a piece of a test in a child, since it ends the process or writes where the harness reads. */
#include "child.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* cmocka catches these to go on with the next test, which the child must not do. */
static void die_of_signals(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_DFL);
}

static void read_all(int fd, char *ret, size_t size)
{
	size_t length = 0;
	ssize_t n;

	while (length < size - 1 && (n = read(fd, ret + length, size - 1 - length)) > 0)
		length += (size_t)n;
	ret[length] = '\0';
}

int child_run(void (*what)(const void *with), const void *with, char *ret, size_t size)
{
	int ends[2], status;
	pid_t child;

	if (pipe(ends) < 0 || (child = fork()) < 0)
		abort();
	if (child == 0) {
		die_of_signals();
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		what(with);
		_exit(0);
	}
	close(ends[1]);
	read_all(ends[0], ret, size);
	close(ends[0]);
	if (waitpid(child, &status, 0) != child)
		abort();
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
