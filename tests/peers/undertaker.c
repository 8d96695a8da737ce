/* Cleans up after a test program. */
#define _GNU_SOURCE /* pipe2 */
#include "peers/undertaker.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int lifeline = -1; /* open as long as we live */
static pid_t undertaker;

static void wait_for_the_end(int end)
{
	char byte;

	while (read(end, &byte, 1) > 0)
		continue;
}

/* Standard output belongs to the test's TAP, and who reads it waits until nobody has it open. */
static void be_silent(void)
{
	int nothing = open("/dev/null", O_RDWR);

	dup2(nothing, STDIN_FILENO);
	dup2(nothing, STDOUT_FILENO);
}

void undertaker_leave(const char *script, const char *folder)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0 || (undertaker = fork()) < 0) {
		perror("Bail out! no undertaker");
		exit(1);
	}
	if (undertaker == 0) {
		setsid(); /* a signal for the test's group is not for us */
		close(ends[1]);
		be_silent();
		wait_for_the_end(ends[0]);
		execl("/bin/sh", "sh", "-c", "\"$0\" stop \"$1\"; rm -rf \"$1\"", script, folder, (char *)NULL);
		_exit(127);
	}
	close(ends[0]);
	lifeline = ends[1];
}

void undertaker_call(void)
{
	if (lifeline < 0)
		return;
	close(lifeline);
	lifeline = -1;
	waitpid(undertaker, NULL, 0);
}
