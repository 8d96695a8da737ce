/* Plays the daemon's part. */
#include "platform.h"
#include "scripted.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REQUEST_MOST = 65536, OUTPUT_MOST = 8 << 20, PATH_SIZE = 96, CHUNK = 65536 };

struct daemon_part {
	const struct step *steps;
	struct outcome *outcome;
	int listener, stop; /* stop becomes readable when the play is over */
};

static char folder[PATH_SIZE];

static void give_up(const char *what)
{
	perror(what);
	abort();
}

const char *scratch(void)
{
	if (folder[0] == '\0') {
		strcpy(folder, "/tmp/rosterctl-test-XXXXXX");
		if (!mkdtemp(folder))
			give_up("mkdtemp");
	}
	return folder;
}

const char *scratch_file(const char *name, const char *text, unsigned mode)
{
	static char path[PATH_SIZE + 64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", scratch(), name);
	file = fopen(path, "w");
	if (!file || fputs(text, file) < 0 || fclose(file) != 0 || chmod(path, mode) != 0)
		give_up(path);
	return path;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status, (void)type, (void)place;
	return remove(path);
}

void scratch_remove(void)
{
	if (folder[0] != '\0')
		nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void send_all(int fd, const char *bytes, size_t length)
{
	ssize_t sent;

	for (; length > 0; bytes += sent, length -= (size_t)sent)
		if ((sent = send(fd, bytes, length, MSG_NOSIGNAL)) <= 0)
			return;
}

/* Reads one request; the body begins at the pointer that is returned, NULL if it never came whole. */
static char *read_request(int fd, char *request)
{
	size_t length = 0, wanted = 0;
	char *body = NULL, *field;
	ssize_t got;

	while (!body || length < (size_t)(body - request) + wanted) {
		got = recv(fd, request + length, REQUEST_MOST - length - 1, 0);
		if (got <= 0)
			return NULL;
		length += (size_t)got;
		request[length] = '\0';
		if (!body && (body = strstr(request, "\r\n\r\n"))) {
			body += 4;
			field = strcasestr(request, "\r\nContent-Length:");
			wanted = field && field < body ? strtoul(field + 17, NULL, 10) : 0;
		}
	}
	return body;
}

/* Notes the first request that the script did not expect. */
static void compare(struct outcome *o, const struct step *step, const char *request, const char *body)
{
	size_t line = strcspn(request, "\r"), place = line - strlen(" HTTP/1.1");
	const char *wanted = step->body ? step->body : "";

	snprintf(o->headers, sizeof(o->headers), "%.*s", (int)(body - request), request);
	if (o->wrong[0])
		return;
	if (!step->expect)
		snprintf(o->wrong, sizeof(o->wrong), "not in the script: %.*s", (int)place, request);
	else if (strlen(step->expect) != place || strncmp(step->expect, request, place) != 0)
		snprintf(o->wrong, sizeof(o->wrong), "asked %.*s, expected %s", (int)place, request,
			 step->expect);
	else if (strcmp(wanted, body) != 0)
		snprintf(o->wrong, sizeof(o->wrong), "sent %.400s, expected %.400s", body, wanted);
}

static void send_endless(int fd, int stop)
{
	static const char head[] =
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n[";
	static char blanks[CHUNK];
	struct pollfd over = { .fd = stop, .events = POLLIN };

	memset(blanks, ' ', sizeof(blanks));
	send_all(fd, head, sizeof(head) - 1);
	while (poll(&over, 1, 0) == 0 && send(fd, blanks, sizeof(blanks), MSG_NOSIGNAL) > 0)
		;
}

static void answer(int fd, int stop, const struct step *step)
{
	const char *text = step->answer ? step->answer : "";
	size_t promised = strlen(text) + (step->manner == CUT ? 100 : 0);
	struct pollfd over[] = { { .fd = stop, .events = POLLIN }, { .fd = fd, .events = POLLIN } };
	char head[256];

	switch (step->manner) {
	case SILENT:
		poll(over, 2, -1);
		return;
	case ENDLESS:
		send_endless(fd, stop);
		return;
	case VERBATIM:
		break;
	case PLAIN:
	case CUT:
		snprintf(head, sizeof(head),
			 "HTTP/1.1 %d Some\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
			 "Connection: close\r\n\r\n",
			 step->status, promised);
		send_all(fd, head, strlen(head));
	}
	send_all(fd, text, strlen(text));
}

static void serve_one(struct daemon_part *part, int fd)
{
	static char request[REQUEST_MOST];
	char *body = read_request(fd, request);

	if (!body)
		return;
	compare(part->outcome, part->steps, request, body);
	part->outcome->asked++;
	answer(fd, part->stop, part->steps);
	if (part->steps->expect)
		part->steps++;
}

static void *serve(void *context)
{
	struct daemon_part *part = context;
	struct pollfd waits[] = { { .fd = part->stop, .events = POLLIN },
				  { .fd = part->listener, .events = POLLIN } };
	int fd;

	while (poll(waits, 2, -1) > 0 && !(waits[0].revents)) {
		fd = accept4(part->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		serve_one(part, fd);
		shutdown(fd, SHUT_WR);
		close(fd);
	}
	return NULL;
}

/* Listens, and says through the environment where. */
static int listen_at(enum place place)
{
	struct sockaddr_un at_path = { .sun_family = AF_UNIX };
	struct sockaddr_in at_port = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(at_port);
	int fd = socket(place == OVER_SOCKET ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char url[64];

	snprintf(at_path.sun_path, sizeof(at_path.sun_path), "%s/socket", scratch());
	unlink(at_path.sun_path);
	if (place == OVER_SOCKET ? bind(fd, (struct sockaddr *)&at_path, sizeof(at_path))
				 : bind(fd, (struct sockaddr *)&at_port, sizeof(at_port)))
		give_up("bind");
	if (listen(fd, 8) < 0)
		give_up("listen");
	unsetenv("ROSTERD_URL");
	unsetenv("ROSTERD_TOKEN_FILE");
	setenv("ROSTERD_SOCKET", at_path.sun_path, 1);
	if (place == OVER_TCP) {
		getsockname(fd, (struct sockaddr *)&at_port, &length);
		snprintf(url, sizeof(url), "http://127.0.0.1:%d/", ntohs(at_port.sin_port));
		setenv("ROSTERD_URL", url, 1);
		unsetenv("ROSTERD_SOCKET");
	}
	return fd;
}

static int open_scratch(const char *name, int flags)
{
	char path[PATH_SIZE + 64];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", scratch(), name);
	fd = open(path, flags | O_CLOEXEC, 0600);
	if (fd < 0)
		give_up(path);
	return fd;
}

static char *read_back(const char *name)
{
	static char texts[2][OUTPUT_MOST];
	char *text = texts[strcmp(name, "err") == 0];
	int fd = open_scratch(name, O_RDONLY);
	ssize_t got = read(fd, text, OUTPUT_MOST - 1);

	text[got > 0 ? got : 0] = '\0';
	close(fd);
	return text;
}

/* Runs the program itself, as a shell would. */
static int run_program(const char *input, const char *const *words)
{
	char program[4096];
	int status, in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	pid_t child;

	snprintf(program, sizeof(program), "%s/rosterctl/rosterctl",
		 getenv("BUILDDIR") ? getenv("BUILDDIR") : ".");
	if (input) {
		scratch_file("in", input, 0600);
		close(in);
		in = open_scratch("in", O_RDONLY);
	}
	child = fork();
	if (child == 0) {
		dup2(in, 0);
		dup2(open_scratch("out", O_WRONLY | O_CREAT | O_TRUNC), 1);
		dup2(open_scratch("err", O_WRONLY | O_CREAT | O_TRUNC), 2);
		setsid(); /* no terminal to ask */
		execv(program, (char *const *)(uintptr_t)words);
		_exit(126);
	}
	close(in);
	if (waitpid(child, &status, 0) != child)
		give_up("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct outcome play(const struct step *steps, enum place place, const char *input, const char *const *words)
{
	struct outcome outcome = { 0 };
	struct daemon_part part = { .steps = steps, .outcome = &outcome, .listener = listen_at(place) };
	const char *whole[64] = { "rosterctl" };
	pthread_t thread;
	int over[2];

	for (size_t i = 0; words[i] && i < 62; i++)
		whole[i + 1] = words[i];
	if (pipe2(over, O_CLOEXEC) < 0)
		give_up("pipe");
	part.stop = over[0];
	if (pthread_create(&thread, NULL, serve, &part) != 0)
		give_up("thread");
	outcome.exit = run_program(input, whole);
	close(over[1]);
	pthread_join(thread, NULL);
	close(over[0]);
	close(part.listener);
	outcome.out = read_back("out");
	outcome.err = read_back("err");
	return outcome;
}
