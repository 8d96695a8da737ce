/* What the child gives up: privileges, files (Landlock), system calls (seccomp). */
#include "platform.h"

#include "host/confine.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int could_not(struct error *e, const char *what)
{
	return error_set(e, ERROR_INTERNAL, "child.confine", "could not confine the child: %s: %s", what,
	                 strerror(errno));
}

/* ---- privileges ---- */

static int drop_capabilities(struct error *e)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	/* Fails without CAP_SETPCAP, and then there is nothing that the bounding set could still give. */
	for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++)
		prctl(PR_CAPBSET_DROP, capability);
	return syscall(SYS_capset, &head, none) < 0 ? could_not(e, "capset") : 0;
}

/* ---- files ---- */

/* Younger than the headers that we may be built with. */
enum {
	ABI_REFER = 2, ABI_TRUNCATE = 3, ABI_NETWORK = 4, ABI_DEVICES = 5, ABI_SCOPES = 6,
	ACCESS_FIRST = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1,
	ACCESS_REFER = 1 << 13, ACCESS_TRUNCATE = 1 << 14, ACCESS_IOCTL_DEVICE = 1 << 15,
	NETWORK_BIND_AND_CONNECT = 3, SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS = 3,
};

struct ruleset { /* struct landlock_ruleset_attr as of ABI 6; older kernels take its beginning */
	__u64 files, network, scopes;
};

static const char *const needed_for_loading[] = {
	"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/etc/gnutls",
	"/etc/ssl/openssl.cnf", NULL,
};
static const char *const needed_for_serving[] = {
	"/etc/ssl/certs", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates", "/usr/lib/locale",
	"/usr/share/locale", "/usr/share/zoneinfo", "/etc/localtime", NULL,
};

/* A rule set that forbids all that this kernel can forbid; -1: it knows no Landlock. */
static int open_ruleset(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset all = { .files = ACCESS_FIRST };
	size_t size = abi >= ABI_SCOPES ? sizeof(all) : abi >= ABI_NETWORK ? 2 * sizeof(__u64) : sizeof(__u64);

	if (abi < 1)
		return -1;
	all.files |= abi >= ABI_REFER ? ACCESS_REFER : 0;
	all.files |= abi >= ABI_TRUNCATE ? ACCESS_TRUNCATE : 0;
	all.files |= abi >= ABI_DEVICES ? ACCESS_IOCTL_DEVICE : 0;
	all.network = abi >= ABI_NETWORK ? NETWORK_BIND_AND_CONNECT : 0;
	all.scopes = abi >= ABI_SCOPES ? SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS : 0;
	return (int)syscall(SYS_landlock_create_ruleset, &all, size, 0);
}

static int permit_reading(int ruleset, int fd, bool folder, struct error *e)
{
	struct landlock_path_beneath_attr rule = { .parent_fd = fd };

	rule.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | (folder ? LANDLOCK_ACCESS_FS_READ_DIR : 0);
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		return could_not(e, "landlock_add_rule");
	return 0;
}

static int permit_paths(int ruleset, const char *const *paths, struct error *e)
{
	for (; *paths; paths++) {
		int fd = open(*paths, O_PATH | O_DIRECTORY | O_CLOEXEC), result;
		bool folder = fd >= 0;

		if (!folder)
			fd = open(*paths, O_PATH | O_CLOEXEC);
		if (fd < 0)
			continue; /* what is not there needs no rule */
		result = permit_reading(ruleset, fd, folder, e);
		close(fd);
		if (result < 0)
			return -1;
	}
	return 0;
}

static int restrict_files(int ruleset, struct error *e)
{
	int result = (int)syscall(SYS_landlock_restrict_self, ruleset, 0);

	close(ruleset);
	return result < 0 ? could_not(e, "landlock_restrict_self") : 0;
}

/* The host logs the lack of Landlock; here it is no failure. */
static int leave_for_loading(int plugin_fd, struct error *e)
{
	int ruleset = open_ruleset();

	if (ruleset < 0)
		return 0;
	if (permit_reading(ruleset, plugin_fd, false, e) < 0 || permit_paths(ruleset, needed_for_loading, e) < 0 ||
	    permit_paths(ruleset, needed_for_serving, e) < 0)
		return -1;
	return restrict_files(ruleset, e);
}

static int leave_for_serving(struct error *e)
{
	int ruleset = open_ruleset();

	if (ruleset < 0)
		return 0;
	return permit_paths(ruleset, needed_for_serving, e) < 0 ? -1 : restrict_files(ruleset, e);
}

int confine_for_loading(int plugin_fd, struct error *e)
{
	if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return could_not(e, "prctl");
	return drop_capabilities(e) < 0 ? -1 : leave_for_loading(plugin_fd, e);
}

/* ---- system calls ---- */

#ifdef SANITIZED

/* The sanitizers' own calls (and their reports) would be forbidden too. */
static int leave_system_calls(struct error *e)
{
	(void)e;
	return 0;
}

#else

static const int allowed[] = {
	/* sockets that were given, and files that may be read */
	SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(pwrite64),
	SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(shutdown),
	SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(getsockname), SCMP_SYS(getpeername),
	SCMP_SYS(close), SCMP_SYS(lseek), SCMP_SYS(fcntl), SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3),
	SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(access),
	SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getdents64),
	SCMP_SYS(getcwd), SCMP_SYS(fadvise64),
	/* files in memory, for libraries that want a file name: /proc/self/fd/N */
	SCMP_SYS(memfd_create), SCMP_SYS(ftruncate),
	/* waiting */
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(eventfd2), SCMP_SYS(pipe2),
	SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(timerfd_gettime), SCMP_SYS(nanosleep),
	SCMP_SYS(clock_nanosleep), SCMP_SYS(futex), SCMP_SYS(sched_yield), SCMP_SYS(restart_syscall),
	/* memory */
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(mlock), SCMP_SYS(mlock2),
	SCMP_SYS(munlock),
	/* time, chance, itself */
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(times),
	SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getppid), SCMP_SYS(getuid), SCMP_SYS(geteuid),
	SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getresuid), SCMP_SYS(getresgid), SCMP_SYS(uname),
	SCMP_SYS(sysinfo), SCMP_SYS(getrusage), SCMP_SYS(getrlimit), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
	SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(exit), SCMP_SYS(exit_group),
};

/* What no honest plug-in and no library comes upon by chance: asking for it is the end. Everything else that is not
 * allowed, such as socket(), gives EPERM, for libraries that try it and have a second way. */
static const int deadly[] = {
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
	SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(unshare), SCMP_SYS(setns),
	SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(io_uring_setup), SCMP_SYS(keyctl),
	SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(kexec_load),
	SCMP_SYS(pidfd_getfd), SCMP_SYS(pidfd_open), SCMP_SYS(open_by_handle_at),
};

static bool add_all(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (seccomp_rule_add(filter, action, calls[i], 0) < 0)
			return false;
	return true;
}

/* Allowed with one argument being so: (argument & mask) == value. */
static bool add_if(scmp_filter_ctx filter, int call, unsigned argument, uint64_t mask, uint64_t value)
{
	struct scmp_arg_cmp so = SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, mask, value);

	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &so) == 0;
}

static bool add_conditions(scmp_filter_ctx filter)
{
	const uint64_t writing = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY), all = ~UINT64_C(0);

	return add_if(filter, SCMP_SYS(open), 1, writing, O_RDONLY) &&
	       add_if(filter, SCMP_SYS(openat), 2, writing, O_RDONLY) &&
	       add_if(filter, SCMP_SYS(mmap), 2, 4 /* PROT_EXEC */, 0) &&
	       add_if(filter, SCMP_SYS(mprotect), 2, 4 /* PROT_EXEC */, 0) &&
	       add_if(filter, SCMP_SYS(ioctl), 1, 0xffffffff, FIONREAD) &&
	       add_if(filter, SCMP_SYS(ioctl), 1, 0xffffffff, FIONBIO) &&
	       add_if(filter, SCMP_SYS(prlimit64), 2, all, 0) /* asking for a limit, not setting it */ &&
	       add_if(filter, SCMP_SYS(tgkill), 0, all, (uint64_t)getpid()) /* abort() */;
}

static int leave_system_calls(struct error *e)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	bool done = filter && add_all(filter, SCMP_ACT_ALLOW, allowed, ARRAY_COUNT(allowed)) &&
	            add_all(filter, SCMP_ACT_KILL_PROCESS, deadly, ARRAY_COUNT(deadly)) && add_conditions(filter) &&
	            seccomp_load(filter) == 0;

	if (filter)
		seccomp_release(filter);
	return done ? 0 : could_not(e, "seccomp");
}

#endif

int confine_for_serving(struct error *e)
{
	return leave_for_serving(e) < 0 ? -1 : leave_system_calls(e);
}
