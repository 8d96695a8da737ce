/* The machine: what the kernel offers to confine plug-ins, how many files a daemon may open, the clock. */
#include "platform.h"

#include "doctor/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/landlock.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

enum {
	LINE_MOST = 256,
	CLOCK_YEAR_LEAST = 2026, /* older than this program: the clock was never set */
	YEARS_FROM = 1900,
};

static const char walls_why[] = "a plug-in talks to directories of strangers; this is one of the walls around it";

/* ---- what confines a child ---- */

/* A container's filter answers EPERM; a kernel that has it not, or off, says so in other numbers. */
static void judge_landlock(struct report *r)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (abi >= 1)
		report_ok(r, "kernel.landlock", "Landlock, ABI %ld", abi);
	else if (errno == EPERM)
		report_add(r, (struct finding){ FINDING_WARNING, "kernel.landlock",
						"a filter of system calls forbids Landlock, as containers have", walls_why,
						"let the container use landlock_create_ruleset(2) and its two siblings" });
	else
		report_add(r, (struct finding){ FINDING_WARNING, "kernel.landlock",
						say(r, "the kernel offers no Landlock: %s", strerror(errno)), walls_why,
						"boot with \"lsm=landlock,...\", or a kernel of 5.13 or later" });
}

static void judge_seccomp(struct report *r)
{
	if (access("/proc/sys/kernel/seccomp/actions_avail", R_OK) == 0)
		report_ok(r, "kernel.seccomp", "system calls can be filtered");
	else
		report_add(r, (struct finding){ FINDING_PROBLEM, "kernel.seccomp",
						"the kernel offers no filter of system calls",
						"the child that runs a plug-in refuses to start without it",
						"use a kernel with CONFIG_SECCOMP_FILTER" });
}

/* Tried in a child, since a process cannot go back. */
static bool may_make_namespaces(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(unshare(CLONE_NEWUSER) == 0 ? 0 : 1);
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void judge_namespaces(struct report *r)
{
	if (may_make_namespaces())
		report_ok(r, "kernel.namespaces", "a child can have namespaces of its own");
	else
		report_add(r, (struct finding){ FINDING_WARNING, "kernel.namespaces",
						"the kernel refuses this user namespaces", walls_why,
						"sysctl kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000; "
						"a unit must not say RestrictNamespaces=yes" });
}

/* ---- limits ---- */

/* The running daemon's soft limit of open files, or 0. */
static long limit_of(pid_t daemon)
{
	char path[64], line[LINE_MOST];
	long limit = 0;

	snprintf(path, sizeof(path), "/proc/%d/limits", (int)daemon);
	FILE *file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "Max open files %ld", &limit) == 1)
			break;
	if (file)
		fclose(file);
	return limit;
}

static long own_limit(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (long)limit.rlim_cur : 0;
}

static void judge_files(struct report *r, const struct doctor_options *options)
{
	long limit = options->daemon > 0 ? limit_of(options->daemon) : own_limit();
	const char *whose = options->daemon > 0 ? "the daemon" : "this shell (a daemon may have another limit)";

	if (limit <= 0)
		report_note(r, "limit.unknown", "how many files %s may open is not told", whose);
	else if (limit >= options->descriptors)
		report_ok(r, "limit.files", "%s may open %ld files", whose, limit);
	else
		report_add(r, (struct finding){ FINDING_WARNING, "limit.files",
						say(r, "%s may open %ld files; its settings allow for %d", whose, limit,
						    options->descriptors),
						"connections beyond the limit are refused under load, and runs fail",
						"systemctl edit rosterd: [Service] LimitNOFILE=65536; or fewer "
						"\"http.connections\"" });
}

/* ---- the clock ---- */

static void judge_sync(struct report *r)
{
	struct timex clock = { 0 };
	int state = adjtimex(&clock);

	if (state < 0)
		report_note(r, "clock.unknown", "whether the clock is kept is not told: %s", strerror(errno));
	else if (state == TIME_ERROR || (clock.status & STA_UNSYNC))
		report_add(r, (struct finding){ FINDING_WARNING, "clock.unsynchronised",
						"nobody keeps this machine's clock",
						"tokens and certificates end too early or too late, and several "
						"daemons disagree about which of them is silent",
						"timedatectl set-ntp true" });
	else
		report_ok(r, "clock.synchronised", "the clock is kept");
}

static void judge_year(struct report *r)
{
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	if (tm.tm_year + YEARS_FROM < CLOCK_YEAR_LEAST)
		report_add(r, (struct finding){ FINDING_PROBLEM, "clock.year",
						say(r, "the clock says that it is %d", tm.tm_year + YEARS_FROM),
						"no certificate is valid yet, and whatever is written bears that date",
						"timedatectl set-ntp true" });
}

void doctor_host(const struct doctor_options *options, struct report *report)
{
	judge_landlock(report);
	judge_seccomp(report);
	judge_namespaces(report);
	judge_files(report, options);
	judge_sync(report);
	judge_year(report);
}
