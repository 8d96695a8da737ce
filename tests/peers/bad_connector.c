/* A deliberately bad plug-in: what a connector might do wrong, by accident or on purpose, one thing a connection.
 *
 * The setting "fault" names it. Faults that try to get out of the child say with fail() that they were refused, or with
 * whole() that they were not. Built three times more with -DBAD_ABI_... for words at its beginning that are wrong. */
#include "platform.h"

#include "connector.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef BAD_ABI_MAJOR
#define BAD_ABI_MAJOR ROSTER_ABI_MAJOR
#endif
#ifndef BAD_ABI_MINOR
#define BAD_ABI_MINOR ROSTER_ABI_MINOR
#endif

enum { SOCKET = 3, LEAK = 1 << 20 };

static const struct roster_host *host;
static struct roster_call *kept; /* a call that is over */
static const struct roster_identity ada = { .size = sizeof(ada), .remote_id = "1", .user_name = "ada", .standing = ROSTER_ACTIVE };

static int out(struct roster_call *call, const char *what)
{
	host->whole(call, "got out: %s", what);
	return 0;
}

static int refused(struct roster_call *call, const char *what)
{
	return host->fail(call, ROSTER_NONSENSE, 0, "%s: %s", what, strerror(errno));
}

/* ---- crashes and excess ---- */

static int fault_crash(struct roster_call *call)
{
	volatile char *nothing = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*nothing = 1; /* not raise(): the first process of a namespace does not hear its own signals */
	return out(call, "memory");
}

static int fault_abort(struct roster_call *call)
{
	(void)call;
	abort();
}

static int fault_exit(struct roster_call *call)
{
	(void)call;
	exit(7);
}

static int fault_hang(struct roster_call *call)
{
	host->step(call, "waiting for a server that is frozen");
	for (int i = 0; i < 1000; i++)
		sleep(1);
	return out(call, "patience");
}

static int fault_leak(struct roster_call *call)
{
	(void)call;
	for (;;) {
		char *more = malloc(LEAK);

		if (!more)
			abort();
		memset(more, 1, LEAK);
	}
}

static int fault_flood(struct roster_call *call)
{
	while (host->emit(call, &ada) == 0)
		;
	return -1;
}

static int fault_complain(struct roster_call *call)
{
	for (int i = 0; i < 100000; i++)
		fprintf(stderr, "complaint %d \033[31m\n", i);
	return out(call, "of breath");
}

/* ---- broken rules ---- */

static int fault_garbage(struct roster_call *call)
{
	char garbage[4096];

	memset(garbage, 0xa5, sizeof(garbage));
	for (int fd = 0; fd < 64; fd++)
		(void)!write(fd, garbage, sizeof(garbage));
	return out(call, "garbage");
}

static int emit_with(struct roster_call *call, const char *id, const char *name)
{
	const struct roster_identity person = { .size = sizeof(person), .remote_id = id, .user_name = "u", .display_name = name,
		                                .standing = ROSTER_ACTIVE };

	return host->emit(call, &person) < 0 ? -1 : out(call, "a bad person");
}

static int fault_long_id(struct roster_call *call)
{
	char id[ROSTER_ID_MOST + 2];

	memset(id, 'x', sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	return emit_with(call, id, NULL);
}

static int fault_long_name(struct roster_call *call)
{
	static char name[ROSTER_TEXT_MOST + 2];

	memset(name, 'x', sizeof(name) - 1);
	return emit_with(call, "1", name);
}

static int fault_not_utf8(struct roster_call *call)
{
	return emit_with(call, "1", "M\xfcller");
}

static int fault_no_id(struct roster_call *call)
{
	return emit_with(call, NULL, "nobody");
}

static int fault_too_many(struct roster_call *call)
{
	static const char *groups[ROSTER_VALUES_MOST + 2];
	const struct roster_identity person = { .size = sizeof(person), .remote_id = "1", .user_name = "u",
		                                .standing = ROSTER_ACTIVE, .groups = groups };

	for (int i = 0; i <= ROSTER_VALUES_MOST; i++)
		groups[i] = "g";
	return host->emit(call, &person) < 0 ? -1 : out(call, "too many groups");
}

/* The daemon must not lose a person because a plug-in does not look at what emit says. */
static int fault_ignore(struct roster_call *call)
{
	emit_with(call, NULL, "nobody");
	host->whole(call, "everything");
	return 0;
}

static int fault_emit_late(struct roster_call *call)
{
	host->whole(call, "everything");
	host->emit(call, &ada);
	return 0;
}

/* A listing of all has no changes. */
static int fault_partial(struct roster_call *call)
{
	const struct roster_group group = { .size = sizeof(group), .remote_id = "g", .name = "G", .partial = 1 };

	return host->emit_group(call, &group) < 0 ? -1 : out(call, "a partial group");
}

static int fault_member_gone(struct roster_call *call)
{
	return host->emit_member_gone(call, "g", "1") < 0 ? -1 : out(call, "a removed membership");
}

static int fault_present(struct roster_call *call)
{
	return host->emit_present(call, ROSTER_PERSON, "1", NULL) < 0 ? -1 : out(call, "a present person");
}

static int fault_long_stamp(struct roster_call *call)
{
	static char stamp[ROSTER_STAMP_MOST + 2];
	const struct roster_identity person = { .size = sizeof(person), .remote_id = "1", .user_name = "u",
		                                .standing = ROSTER_ACTIVE, .stamp = stamp };

	memset(stamp, 'x', sizeof(stamp) - 1);
	return host->emit(call, &person) < 0 ? -1 : out(call, "a long stamp");
}

/* No fault: as a plug-in that was built for ABI 1.0 gives it. What lies beyond its own size is nobody's business. */
static int fault_older(struct roster_call *call)
{
	struct roster_identity person = { .size = offsetof(struct roster_identity, stamp), .remote_id = "1", .user_name = "u",
		                          .standing = ROSTER_ACTIVE, .stamp = "not mine" };
	struct roster_group group = { .size = offsetof(struct roster_group, stamp), .remote_id = "g", .name = "G",
		                      .stamp = "not mine", .partial = 1 };

	return host->emit(call, &person) < 0 || host->emit_group(call, &group) < 0 ? -1 : out(call, "an older person");
}

static int fault_silent(struct roster_call *call)
{
	(void)call;
	return -1;
}

static int fault_strange(struct roster_call *call)
{
	out(call, "returns 7");
	return 7;
}

static int fault_no_cursor(struct roster_call *call)
{
	(void)call;
	return 1;
}

static int fault_no_end(struct roster_call *call)
{
	(void)call;
	return 0;
}

static int fault_both_ends(struct roster_call *call)
{
	host->whole(call, "everything");
	host->incomplete(call, "not everything");
	return 0;
}

static int fault_prove_twice(struct roster_call *call)
{
	host->prove(call, "pages", ROSTER_HELD, NULL, "all");
	host->prove(call, "pages", ROSTER_HELD, NULL, "all of them");
	return out(call, "a proof");
}

static int fault_prove_nothing(struct roster_call *call)
{
	host->prove(call, "rights", ROSTER_SAME, NULL, "who knows");
	return out(call, "a proof");
}

static int fault_prove_endlessly(struct roster_call *call)
{
	char part[32];

	for (int i = 0; i < 1000; i++) {
		snprintf(part, sizeof(part), "part %d", i);
		host->prove(call, part, ROSTER_HELD, NULL, "yes");
	}
	return out(call, "a proof");
}

static int fault_prove_words(struct roster_call *call)
{
	host->prove(call, "hidden", ROSTER_NO_MORE, "many", "many");
	return out(call, "a proof");
}

static int fault_close_socket(struct roster_call *call)
{
	close(SOCKET);
	for (int i = 0; i < 1000; i++)
		sleep(1);
	return out(call, "patience");
}

static int fault_keep(struct roster_call *call)
{
	return host->keep(call, "token", "x", 1, 0) < 0 ? -1 : out(call, "keep");
}

/* What was kept is there again, as it was; what was forgotten, or never kept, is not. */
static int fault_recall(struct roster_call *call)
{
	char text[8] = "";

	if (host->recall(call, "nothing", text, sizeof(text)) != 0)
		return host->fail(call, ROSTER_NONSENSE, 0, "what was never kept is there");
	if (host->keep(call, "token", "a\0b", 3, INT64_MAX) < 0 || host->recall(call, "token", text, sizeof(text)) != 3 || memcmp(text, "a\0b", 3) != 0)
		return host->fail(call, ROSTER_NONSENSE, 0, "what was kept is not there");
	if (host->keep(call, "token", NULL, 0, 0) < 0 || host->recall(call, "token", text, sizeof(text)) != 0)
		return host->fail(call, ROSTER_NONSENSE, 0, "what was forgotten is there");
	if (host->keep(call, "token", "too long to come back", 21, INT64_MAX) < 0)
		return -1;
	return host->recall(call, "token", text, sizeof(text)) < 0 ? -1 : out(call, "recall");
}

static int fault_send_browser(struct roster_call *call)
{
	return host->send_browser(call, "https://acme.example", NULL) < 0 ? -1 : out(call, "send_browser");
}

/* What belongs to a message, where none came. */
static int fault_session(struct roster_call *call)
{
	host->checked(call, "nothing", 1, NULL, NULL, NULL); /* of no sign-on: nobody hears it */
	return host->session(call, "s1", 0) < 0 ? -1 : out(call, "session");
}

static int fault_once(struct roster_call *call)
{
	return host->once(call, "m1", 0) < 0 ? -1 : out(call, "once");
}

static int fault_look_at(struct roster_call *call)
{
	return host->look_at(call, ROSTER_PERSON, "u1") < 0 ? -1 : out(call, "look_at");
}

static int fault_look_nowhere(struct roster_call *call)
{
	return host->look_at(call, ROSTER_GROUP, NULL) < 0 ? -1 : out(call, "look_at");
}

static int fault_reply(struct roster_call *call)
{
	return host->reply(call, 200, "text/plain", "x", 1) < 0 ? -1 : out(call, "reply");
}

/* Frames by hand, past the child's own checks: kind, size, fields. */
static void write_frame(uint32_t kind, const void *fields, uint32_t size)
{
	uint32_t head[2] = { kind, size };

	(void)!write(SOCKET, head, sizeof(head));
	(void)!write(SOCKET, fields, size);
}

static int fault_raw_person(struct roster_call *call)
{
	write_frame(8, "", 0); /* a person without anything */
	return out(call, "raw person");
}

/* What the host table would not let through: present, where all was asked for. */
static int fault_raw_present(struct roster_call *call)
{
	uint32_t subject_head = 48U << 24 | 8, id_head = 21U << 24 | 1;
	int64_t subject = ROSTER_PERSON;
	char fields[4 + 8 + 1 + 4 + 1 + 1] = { 0 };

	memcpy(fields, &subject_head, 4);
	memcpy(fields + 4, &subject, 8);
	memcpy(fields + 13, &id_head, 4);
	fields[17] = '1';
	write_frame(26, fields, sizeof(fields));
	return out(call, "raw presence");
}

static int fault_raw_huge(struct roster_call *call)
{
	uint32_t head[2] = { 8, UINT32_MAX };

	(void)!write(SOCKET, head, sizeof(head));
	return out(call, "raw size");
}

static int fault_raw_from_daemon(struct roster_call *call)
{
	write_frame(7, "", 0); /* what only the daemon asks */
	return out(call, "raw request");
}

/* Says something before it has been asked anything: in open, beyond its end. */
static int fault_between(struct roster_call *call)
{
	kept = call;
	return out(call, "of time");
}

/* ---- ways out ---- */

static int try_open(struct roster_call *call, const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	return fd < 0 ? refused(call, path) : out(call, path);
}

static int fault_open_passwd(struct roster_call *call)
{
	return try_open(call, "/etc/passwd", O_RDONLY);
}

static int fault_open_libraries(struct roster_call *call)
{
	return try_open(call, "/usr/lib", O_RDONLY | O_DIRECTORY);
}

static int fault_write_file(struct roster_call *call)
{
	return try_open(call, "/tmp/rosterd-bad-connector", O_WRONLY | O_CREAT);
}

static int fault_read_daemon(struct roster_call *call)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/status", host->setting(call, "daemon"));
	return try_open(call, path, O_RDONLY);
}

static int fault_open_certificates(struct roster_call *call)
{
	return try_open(call, "/etc/ssl/certs", O_RDONLY | O_DIRECTORY);
}

static int fault_socket(struct roster_call *call)
{
	return socket(AF_INET, SOCK_STREAM, 0) < 0 ? refused(call, "socket") : out(call, "socket");
}

static int fault_connect(struct roster_call *call)
{
	const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/run/postgresql/.s.PGSQL.5432" };

	/* not the child's own connect(), which says of a connected socket that it is */
	return syscall(SYS_connect, SOCKET, &address, sizeof(address)) < 0 ? refused(call, "connect") : out(call, "connect");
}

static int fault_fork(struct roster_call *call)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid < 0 ? refused(call, "fork") : out(call, "fork");
}

static int fault_kill(struct roster_call *call)
{
	return kill(atoi(host->setting(call, "daemon")), 0) < 0 ? refused(call, "kill") : out(call, "kill");
}

static int fault_execve(struct roster_call *call)
{
	char *const arguments[] = { NULL };

	return execve("/bin/true", arguments, arguments) < 0 ? refused(call, "execve") : out(call, "execve");
}

static int fault_ptrace(struct roster_call *call)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 ? refused(call, "ptrace") : out(call, "ptrace");
}

static int fault_code(struct roster_call *call)
{
	void *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return code == MAP_FAILED ? refused(call, "mmap") : out(call, "mmap");
}

static int fault_look_around(struct roster_call *call)
{
	extern char **environ;

	if (environ && environ[0])
		return out(call, "environment");
	for (int fd = SOCKET + 1; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return out(call, "descriptor");
	return host->fail(call, ROSTER_NONSENSE, 0, "nothing to see");
}

/* Libraries want certificates as a file: one in memory can be made, and opened again by its name. */
static int fault_memory_file(struct roster_call *call)
{
	int fd = memfd_create("ca.pem", MFD_CLOEXEC), again;
	char path[64], text[8] = "";

	if (fd < 0 || write(fd, "pem", 3) != 3)
		return refused(call, "memfd_create");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY);
	if (again < 0 || read(again, text, sizeof(text) - 1) != 3 || strcmp(text, "pem") != 0)
		return refused(call, path);
	return out(call, "memory file");
}

static const struct {
	const char *name;
	int (*page)(struct roster_call *);
} faults[] = {
	{ "crash", fault_crash }, { "abort", fault_abort }, { "exit", fault_exit }, { "hang", fault_hang },
	{ "leak", fault_leak }, { "flood", fault_flood }, { "complain", fault_complain }, { "garbage", fault_garbage },
	{ "long_id", fault_long_id }, { "long_name", fault_long_name }, { "not_utf8", fault_not_utf8 },
	{ "no_id", fault_no_id }, { "partial", fault_partial }, { "member_gone", fault_member_gone },
	{ "present", fault_present }, { "long_stamp", fault_long_stamp }, { "older", fault_older }, { "too_many", fault_too_many }, { "ignore", fault_ignore },
	{ "emit_late", fault_emit_late }, { "silent", fault_silent }, { "strange", fault_strange },
	{ "no_cursor", fault_no_cursor }, { "no_end", fault_no_end }, { "both_ends", fault_both_ends },
	{ "close_socket", fault_close_socket }, { "keep", fault_keep }, { "recall", fault_recall }, { "send_browser", fault_send_browser }, { "session", fault_session }, { "once", fault_once },
	{ "look_at", fault_look_at }, { "look_nowhere", fault_look_nowhere }, { "reply", fault_reply }, { "raw_person", fault_raw_person },
	{ "prove_twice", fault_prove_twice }, { "prove_nothing", fault_prove_nothing },
	{ "prove_endlessly", fault_prove_endlessly }, { "prove_words", fault_prove_words },
	{ "raw_present", fault_raw_present }, { "raw_huge", fault_raw_huge }, { "raw_from_daemon", fault_raw_from_daemon }, { "between", fault_between },
	{ "open_passwd", fault_open_passwd }, { "open_libraries", fault_open_libraries }, { "write_file", fault_write_file },
	{ "read_daemon", fault_read_daemon }, { "open_certificates", fault_open_certificates },
	{ "socket", fault_socket }, { "connect", fault_connect }, { "fork", fault_fork }, { "kill", fault_kill },
	{ "execve", fault_execve }, { "ptrace", fault_ptrace }, { "code", fault_code },
	{ "look_around", fault_look_around }, { "memory_file", fault_memory_file },
};

static int bad_open(struct roster_call *call, const struct roster_host *given, void **ret_self)
{
	host = given;
	*ret_self = NULL;
	if (strcmp(host->setting(call, "fault"), "open_early") == 0)
		write_frame(12, "", 0); /* a note without a text */
	return 0;
}

/* Emits although its call is long over. */
static void bad_close(void *self)
{
	(void)self;
	if (kept && host->emit(kept, &ada) == 0)
		abort();
}

static int bad_page(struct roster_call *call, void *self, const struct roster_ask *ask)
{
	const char *fault = host->setting(call, "fault");

	(void)self;
	(void)ask;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (strcmp(faults[i].name, fault) == 0)
			return faults[i].page(call);
	return out(call, "no such fault");
}

static int bad_check(struct roster_call *call, void *self)
{
	(void)self;
	if (strcmp(host->setting(call, "fault"), "chatter") == 0) {
		for (int i = 0; i < 100000; i++)
			host->note(call, "chatter %d", i);
		return 0;
	}
	return host->emit(call, &ada); /* a check shows nobody */
}

static const struct roster_setting settings[] = {
	{ .name = "fault", .type = ROSTER_TEXT, .words_for_people = "What to do wrong.", .fallback = "" },
	{ .name = "daemon", .type = ROSTER_NUMBER, .words_for_people = "The daemon's process.", .fallback = "1" },
	{ .name = "hidden", .type = ROSTER_SECRET, .words_for_people = "What nobody may see." },
	{ 0 },
};

/* "deliver 204": what a status is; "deliver": none. */
static int bad_deliver(struct roster_call *call, void *self, const struct roster_event *event)
{
	const char *fault = host->setting(call, "fault");

	(void)self;
	if (strcmp(fault, "deliver hang") == 0)
		for (;;)
			pause();
	if (strcmp(fault, "deliver crash") == 0)
		abort();
	if (strcmp(fault, "deliver nobody") == 0)
		return host->fail(call, ROSTER_TRY_LATER, 0, "nobody answers");
	host->note(call, "%s %lld %s %.*s", event->id, (long long)event->at, event->signature, (int)event->body_size, (const char *)event->body);
	return atoi(fault + strlen("deliver "));
}

static const struct roster_delivery delivery = { .size = sizeof(delivery), .deliver = bad_deliver };

static const struct roster_directory directory = { .size = sizeof(directory), .scopes = 1U << ROSTER_ALL, .page = bad_page };

#ifdef BAD_PLACE
static const char *const place[] = { BAD_PLACE, NULL };
#endif

ROSTER_CONNECTOR = {
	.abi_major = BAD_ABI_MAJOR,
	.abi_minor = BAD_ABI_MINOR,
	.size = sizeof(struct roster_connector),
	.name = "bad",
	.title = "A bad plug-in",
	.settings = settings,
	.open = bad_open,
	.close = bad_close,
	.check = bad_check,
	.directory = &directory,
#ifdef BAD_PLACE
	.place = place,
#endif
	.delivery = &delivery,
};
