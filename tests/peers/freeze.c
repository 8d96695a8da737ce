/* Holds the threads of a process that have this name, as if they were stuck, until its own input ends.  Usage: freeze PID NAME
 *
 * It traces them, so it takes root, or a process that may be traced; when it ends, the kernel lets them go. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static int is_called(const char *pid, const char *thread, const char *name)
{
	char path[64], is[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%.16s/task/%.16s/comm", pid, thread);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (!fgets(is, sizeof(is), file))
		is[0] = '\0';
	fclose(file);
	is[strcspn(is, "\n")] = '\0';
	return strcmp(is, name) == 0;
}

static int hold(pid_t thread)
{
	int status;

	return ptrace(PTRACE_SEIZE, thread, NULL, NULL) == 0 && ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) == 0 &&
	       waitpid(thread, &status, __WALL) == thread;
}

int main(int argc, char **argv)
{
	char path[64];
	const struct dirent *thread;
	int held = 0;
	DIR *threads;

	if (argc != 3)
		return 2;
	snprintf(path, sizeof(path), "/proc/%.16s/task", argv[1]);
	threads = opendir(path);
	while (threads && (thread = readdir(threads)))
		held += is_called(argv[1], thread->d_name, argv[2]) && hold(atoi(thread->d_name));
	printf("%d\n", held);
	fflush(stdout);
	while (held && getchar() != EOF)
		;
	if (threads)
		closedir(threads);
	return held ? 0 : 1;
}
