/* What this process takes of the machine, as the kernel tells it: /proc/self, which stays readable in the parts used here
 * when the process is not dumpable. */
#include "base/metric.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { STAT_MOST = 1024, FREE_IN_A_ROW = 1024, SECOND_US = 1000000 };

/* Fields of /proc/self/stat (proc(5)), numbered from the one behind the program's name, which may hold anything. */
enum { STAT_UTIME = 11, STAT_STIME = 12, STAT_THREADS = 17, STAT_START = 19, STAT_VIRTUAL = 20, STAT_RESIDENT = 21, STAT_FIELDS };

static bool read_stat(unsigned long long ret[STAT_FIELDS])
{
	char text[STAT_MOST] = "";
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	char *at = strrchr(text, ')'), *rest = NULL;
	int field = 0;

	if (fd >= 0)
		close(fd);
	if (size <= 0 || !at)
		return false;
	for (char *word = strtok_r(at + 1, " ", &rest); word && field < STAT_FIELDS; word = strtok_r(NULL, " ", &rest))
		if (sscanf(word, "%llu", &ret[field++]) != 1)
			ret[field - 1] = 0; /* the state, a letter */
	return field == STAT_FIELDS;
}

/* The kernel counts from the machine's start. Read once: it does not change, and clocks are set. */
static int64_t start_us(unsigned long long ticks, long ticks_a_second)
{
	struct timespec boot, now;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)(now.tv_sec - boot.tv_sec) * SECOND_US + (now.tv_nsec - boot.tv_nsec) / 1000 +
	       (int64_t)(ticks * SECOND_US / (unsigned long long)ticks_a_second);
}

/* Descriptors are given lowest first, so behind a long row of free ones there are no more. The folder /proc/self/fd is closed
 * to a process that is not dumpable. */
static int count_descriptors(rlim_t most)
{
	int count = 0, free_ones = 0;

	for (int fd = 0; (rlim_t)fd < most && free_ones < FREE_IN_A_ROW; fd++) {
		bool open = fcntl(fd, F_GETFD) >= 0;

		count += open;
		free_ones = open ? 0 : free_ones + 1;
	}
	return count;
}

static void measure_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	metric_set(METRIC_PROCESS_FDS, NO_LABELS, count_descriptors(limit.rlim_cur));
	metric_set(METRIC_PROCESS_FDS_MOST, NO_LABELS, (int64_t)limit.rlim_cur);
}

void metric_measure_process(void)
{
	unsigned long long stat[STAT_FIELDS];
	long ticks_a_second = sysconf(_SC_CLK_TCK);

	measure_descriptors();
	if (ticks_a_second <= 0 || !read_stat(stat))
		return;
	if (metric_value(METRIC_PROCESS_START, NO_LABELS) == 0)
		metric_set(METRIC_PROCESS_START, NO_LABELS, start_us(stat[STAT_START], ticks_a_second));
	metric_set(METRIC_PROCESS_CPU, NO_LABELS,
	           (int64_t)((stat[STAT_UTIME] + stat[STAT_STIME]) * SECOND_US / (unsigned long long)ticks_a_second));
	metric_set(METRIC_PROCESS_THREADS, NO_LABELS, (int64_t)stat[STAT_THREADS]);
	metric_set(METRIC_PROCESS_VIRTUAL, NO_LABELS, (int64_t)stat[STAT_VIRTUAL]);
	metric_set(METRIC_PROCESS_RESIDENT, NO_LABELS, (int64_t)stat[STAT_RESIDENT] * sysconf(_SC_PAGESIZE));
}
