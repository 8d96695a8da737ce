/* The confined child: from clone to autopsy. */
#include "platform.h"

#include "plugin/host.h"

#include "plugin/wire.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST_SPARE_FD = 10, EXIT_NOT_EXECUTED = 127, COMPLAINT_MOST = 512 };

struct host {
	char plugin[64];
	const struct log *log;
	uint64_t memory_most;
	pid_t pid; /* 0 once it is reaped */
	int pidfd, socket, complaints, cancel;
	size_t complained;
	char complaint[COMPLAINT_MOST]; /* the line that has begun */
	size_t complaint_size;
	bool killed; /* by us */
	int status;
	struct rusage usage;
};

/* What the child is given, above FIRST_SPARE_FD so that putting them in their places overwrites none of them. */
struct parts {
	int null, complaints, socket, plugin, binary;
};

/* ---- in the child, between clone and exec: system calls alone ---- */

static bool limit(int what, uint64_t most)
{
	struct rlimit both = { most, most };

	return setrlimit(what, &both) == 0;
}

static bool limit_all(uint64_t memory_most)
{
#ifdef SANITIZED
	(void)memory_most; /* the sanitizers' shadow is address space */
#else
	if (!limit(RLIMIT_AS, memory_most))
		return false;
#endif
	return limit(RLIMIT_CORE, 0) && limit(RLIMIT_CPU, HOST_CPU_S_MOST) && limit(RLIMIT_NOFILE, HOST_FILES_MOST) &&
	       limit(RLIMIT_NPROC, 0) && limit(RLIMIT_FSIZE, HOST_FILE_SIZE_MOST) && limit(RLIMIT_MEMLOCK, 0);
}

static bool arrange_descriptors(const struct parts *parts)
{
	return dup2(parts->null, 0) == 0 && dup2(parts->null, 1) == 1 && dup2(parts->complaints, 2) == 2 &&
	       dup2(parts->socket, WIRE_SOCKET_FD) == WIRE_SOCKET_FD && dup2(parts->plugin, WIRE_PLUGIN_FD) == WIRE_PLUGIN_FD;
}

/* Everything above WIRE_PLUGIN_FD closes by itself at exec, ours or not. */
static bool close_the_rest(void)
{
	return syscall(SYS_close_range, WIRE_PLUGIN_FD + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

_Noreturn static void become_child(const struct parts *parts, uint64_t memory_most, const char *plugin)
{
	char name[] = "rosterd-connector", title[64] = { 0 };
	char *const arguments[] = { name, title, NULL }, *const environment[] = { NULL };
	sigset_t none;

	for (size_t i = 0; i + 1 < sizeof(title) && plugin[i]; i++)
		title[i] = plugin[i];
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && arrange_descriptors(parts) && close_the_rest() &&
	    limit_all(memory_most))
		syscall(SYS_execveat, parts->binary, "", arguments, environment, AT_EMPTY_PATH);
	_exit(EXIT_NOT_EXECUTED);
}

/* ---- starting ---- */

static void tell_of_landlock(const struct log *log)
{
	static atomic_flag asked = ATOMIC_FLAG_INIT;

	if (!atomic_flag_test_and_set(&asked) &&
	    syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 0)
		log_warning(log, "no Landlock here (%s): plug-ins can read what this service can read",
		            errno == EPERM ? "a filter of system calls forbids it" : strerror(errno));
}

static void tell_of_namespaces(const struct log *log, int why)
{
	static atomic_flag told = ATOMIC_FLAG_INIT;

	if (!atomic_flag_test_and_set(&told))
		log_warning(log, "the kernel gives plug-ins no namespaces of their own (%s); they run without, behind the "
		                 "other walls; allow user namespaces to this service to have both", strerror(why));
}

/* The old call, not clone3: containers' filters let it through, and everything needed here fits into its flags. No
 * fork handlers run in the child, which makes system calls alone. */
static pid_t clone_child(unsigned long namespaces, int *ret_pidfd)
{
	return (pid_t)syscall(SYS_clone, namespaces | CLONE_PIDFD | SIGCHLD, NULL, ret_pidfd, NULL, NULL);
}

static int start_child(struct host *host, const struct parts *parts, struct error *e)
{
	/* None for mounts and the host name: they would begin as copies that the child could change in its own user namespace,
	 * where to change the real ones takes more than our user has. */
	const unsigned long namespaces = CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWPID;
	int why = 0;

	host->pid = clone_child(namespaces, &host->pidfd);
	if (host->pid < 0) {
		why = errno;
		host->pid = clone_child(0, &host->pidfd);
	}
	if (host->pid == 0)
		become_child(parts, host->memory_most, host->plugin);
	if (host->pid < 0) {
		host->pid = 0;
		host->pidfd = -1;
		return error_set(e, ERROR_RETRY, "plugin.start", "could not start a child for plug-in \"%s\": %s",
		                 host->plugin, strerror(errno));
	}
	metric_add(METRIC_CHILDREN_STARTED, LABELS(host->plugin), 1);
	metric_add(METRIC_CHILDREN, NO_LABELS, 1);
	if (why != 0)
		tell_of_namespaces(host->log, why);
	return 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_parts(struct parts *parts)
{
	close_fd(&parts->null);
	close_fd(&parts->complaints);
	close_fd(&parts->socket);
	close_fd(&parts->plugin);
	close_fd(&parts->binary);
}

/* Takes a descriptor over, as one above FIRST_SPARE_FD. */
static int lift(int fd)
{
	int lifted = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FIRST_SPARE_FD);

	close_fd(&fd);
	return lifted;
}

static bool open_pairs(struct host *host, struct parts *parts)
{
	int sockets[2], pipes[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0)
		return false;
	host->socket = sockets[0];
	parts->socket = lift(sockets[1]);
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return false;
	host->complaints = pipes[0];
	parts->complaints = lift(pipes[1]);
	host->cancel = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return parts->socket >= 0 && parts->complaints >= 0 && host->cancel >= 0 &&
	       fcntl(host->socket, F_SETFL, O_NONBLOCK) == 0 && fcntl(host->complaints, F_SETFL, O_NONBLOCK) == 0;
}

static int open_parts(struct host *host, const struct host_options *options, struct parts *parts, struct error *e)
{
	parts->binary = lift(open(options->child_path, O_PATH | O_CLOEXEC));
	if (parts->binary < 0)
		return error_set(e, ERROR_INTERNAL, "plugin.start", "could not open \"%s\", which runs plug-ins: %s",
		                 options->child_path, strerror(errno));
	parts->null = lift(open("/dev/null", O_RDWR | O_CLOEXEC));
	parts->plugin = fcntl(options->plugin_fd, F_DUPFD_CLOEXEC, FIRST_SPARE_FD);
	if (parts->null < 0 || parts->plugin < 0 || !open_pairs(host, parts))
		return error_set(e, ERROR_RETRY, "plugin.start", "could not start a child for plug-in \"%s\": %s",
		                 options->plugin, strerror(errno));
	return 0;
}

int host_start(const struct host_options *options, struct host **ret, struct error *e)
{
	__attribute__((cleanup(close_parts))) struct parts parts = { -1, -1, -1, -1, -1 };
	__attribute__((cleanup(host_close))) struct host *host = calloc(1, sizeof(*host));

	if (!host)
		abort();
	*host = (struct host){ .log = options->log, .memory_most = options->memory_most,
		               .pidfd = -1, .socket = -1, .complaints = -1, .cancel = -1 };
	strncpy(host->plugin, options->plugin, sizeof(host->plugin) - 1);
	if (open_parts(host, options, &parts, e) < 0 || start_child(host, &parts, e) < 0)
		return -1;
	tell_of_landlock(host->log);
	*ret = host;
	host = NULL;
	return 0;
}

int host_socket(const struct host *host)
{
	return host->socket;
}

int host_cancel_fd(const struct host *host)
{
	return host->cancel;
}

/* ---- what it complains about ---- */

static void log_complaint(struct host *host)
{
	if (host->complaint_size > 0)
		log_warning(host->log, "plug-in \"%s\" says: %.*s", host->plugin, (int)host->complaint_size, host->complaint);
	host->complaint_size = 0;
}

static void take_complaint(struct host *host, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (host->complained == HOST_COMPLAINTS_MOST)
			return;
		if (++host->complained == HOST_COMPLAINTS_MOST) {
			log_complaint(host);
			log_warning(host->log, "plug-in \"%s\" says more than %d bytes; the rest is not shown", host->plugin,
			            HOST_COMPLAINTS_MOST);
			return;
		}
		if (bytes[i] == '\n' || host->complaint_size == COMPLAINT_MOST)
			log_complaint(host);
		if (bytes[i] != '\n')
			host->complaint[host->complaint_size++] = bytes[i];
	}
}

/* Reads once, so that a child that never stops cannot keep us here. False: there is nothing more now. */
static bool hear_complaints(struct host *host)
{
	char bytes[4096];
	ssize_t got = read(host->complaints, bytes, sizeof(bytes));

	if (got > 0) {
		take_complaint(host, bytes, (size_t)got);
		return true;
	}
	if (got == 0) {
		log_complaint(host);
		close_fd(&host->complaints);
	}
	return false;
}

/* ---- waiting ---- */

static int was_cancelled(const struct host *host, struct error *e)
{
	return error_set(e, ERROR_RETRY, "plugin.cancelled", "the call to plug-in \"%s\" was stopped", host->plugin);
}

int host_wait(struct host *host, short events, int64_t deadline_ms, struct error *e)
{
	for (;;) {
		struct pollfd waits[] = {
			{ .fd = host->socket, .events = events },
			{ .fd = host->cancel, .events = POLLIN },
			{ .fd = host->complaints, .events = POLLIN }, /* -1 is ignored */
		};
		int left_ms = clock_left_ms(deadline_ms);
		int ready = poll(waits, ARRAY_COUNT(waits), left_ms);

		if (ready < 0 && errno != EINTR)
			return error_set(e, ERROR_INTERNAL, "plugin.wait", "could not wait for plug-in \"%s\": %s", host->plugin,
			                 strerror(errno));
		if (ready > 0 && waits[1].revents)
			return was_cancelled(host, e);
		if (ready > 0 && waits[2].revents)
			hear_complaints(host);
		if (left_ms == 0)
			return 0; /* also for a child that always has something to say */
		if (ready > 0 && waits[0].revents)
			return 1;
	}
}

void host_cancel(struct host *host)
{
	uint64_t one = 1;

	(void)!write(host->cancel, &one, sizeof(one)); /* fails only if it was cancelled 2^64 times */
}

/* ---- the end ---- */

void host_kill(struct host *host)
{
	if (host->pid == 0)
		return;
	host->killed = true;
	syscall(SYS_pidfd_send_signal, host->pidfd, SIGKILL, NULL, 0);
}

/* Whether the child came near its limit: as much as the kernel tells of one that is gone. */
static bool was_out_of_memory(const struct host *host)
{
	return (uint64_t)host->usage.ru_maxrss * 1024 > host->memory_most / 4 * 3;
}

static bool was_out_of_time(const struct host *host, int number)
{
	return number == SIGXCPU || (number == SIGKILL && host->usage.ru_utime.tv_sec + host->usage.ru_stime.tv_sec + 1 >=
	                                                          HOST_CPU_S_MOST);
}

/* How it ended, in the words of the figures. */
static const char *reason_of(const struct host *host)
{
	int number = WTERMSIG(host->status);

	if (host->killed)
		return "killed";
	if (!WIFSIGNALED(host->status))
		return WEXITSTATUS(host->status) == 0 ? "ended" : "exit";
	if (number == SIGSYS)
		return "forbidden";
	if (was_out_of_time(host, number))
		return "cpu";
	return was_out_of_memory(host) ? "memory" : "crashed";
}

static void reap(struct host *host, int grace_ms)
{
	struct pollfd ended = { .fd = host->pidfd, .events = POLLIN };

	if (host->pid == 0)
		return;
	if (!host->killed && poll(&ended, 1, grace_ms) <= 0)
		host_kill(host);
	while (wait4(host->pid, &host->status, 0, &host->usage) < 0 && errno == EINTR)
		;
	host->pid = 0;
	metric_add(METRIC_CHILDREN, NO_LABELS, -1);
	metric_add(METRIC_CHILDREN_ENDED, LABELS(host->plugin, reason_of(host)), 1);
	for (int i = 0; i < HOST_COMPLAINTS_MOST / 4096 + 1 && host->complaints >= 0 && hear_complaints(host); i++)
		;
	log_complaint(host);
}

void host_close(struct host **host)
{
	struct host *h = *host;

	if (!h)
		return;
	close_fd(&h->socket);
	reap(h, HOST_GRACE_MS);
	close_fd(&h->pidfd);
	close_fd(&h->complaints);
	close_fd(&h->cancel);
	free(h);
	*host = NULL;
}

static int died_of_signal(const struct host *host, int number, const char *during, const char *step, struct error *e)
{
	const char *name = sigabbrev_np(number);

	if (number == SIGSYS)
		return error_set(e, ERROR_REMOTE, "plugin.forbidden",
		                 "plug-in \"%s\" made a system call that plug-ins may not make and was ended%s%s",
		                 host->plugin, during, step);
	if (was_out_of_time(host, number))
		return error_set(e, ERROR_REMOTE, "plugin.cpu", "plug-in \"%s\" used more than %d s of processor time%s%s",
		                 host->plugin, HOST_CPU_S_MOST, during, step);
	if (was_out_of_memory(host))
		return error_set(e, ERROR_REMOTE, "plugin.memory",
		                 "plug-in \"%s\" used up its memory (limit %llu MiB) and crashed (SIG%s)%s%s", host->plugin,
		                 (unsigned long long)(host->memory_most >> 20), name ? name : "?", during, step);
	return error_set(e, ERROR_REMOTE, "plugin.crashed", "plug-in \"%s\" crashed (SIG%s)%s%s", host->plugin,
	                 name ? name : "?", during, step);
}

int host_autopsy(struct host *host, const char *step, struct error *e)
{
	const char *during = step[0] ? " while " : "";

	reap(host, HOST_GRACE_MS);
	if (host->killed)
		return error_set(e, ERROR_REMOTE, "plugin.ended", "plug-in \"%s\" closed its socket and was killed%s%s",
		                 host->plugin, during, step);
	if (WIFSIGNALED(host->status))
		return died_of_signal(host, WTERMSIG(host->status), during, step, e);
	if (WEXITSTATUS(host->status) == EXIT_NOT_EXECUTED)
		return error_set(e, ERROR_INTERNAL, "plugin.start", "the child for plug-in \"%s\" could not be executed",
		                 host->plugin);
	return error_set(e, ERROR_REMOTE, "plugin.ended", "plug-in \"%s\" ended by itself with exit code %d%s%s",
	                 host->plugin, WEXITSTATUS(host->status), during, step);
}
