/* Load for a daemon or several, which may be ended and started meanwhile: asks without pause, looks at every answer, and counts.
 *
 *   load THREADS ORGANISATION TOKEN-FILE PORT...    until SIGTERM; then prints one line of JSON
 *
 * Each request has a connection of its own and goes to the ports in turn, or to the next one if nobody listens. Three of four
 * read the organisation, one makes a member. What may become of a request:
 *
 *   answered   200 or 201, with what belongs there
 *   retry      503 or 429 as a problem document with Retry-After: nothing was done, ask again
 *   uncertain  500 with the code "tx.uncertain": it may have been done
 *   lost       it was sent, and nothing or not all of an answer came
 *   wrong      anything else; the first ones are printed to standard error
 *   nobody     no port had anybody who listens
 * "made" counts the members of whom the answer said that they were made. The token is the operator's. */
#define _GNU_SOURCE 1 /* strcasestr */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { THREADS_MOST = 64, PORTS_MOST = 8, ANSWER_MOST = 65536, REQUEST_MOST = 1024, TOKEN_MOST = 128, BODY_MOST = 256, WAIT_S = 30, SHOWN_MOST = 5 };

static atomic_long answered, retry, uncertain, lost, wrong, nobody, made;
static atomic_bool over;
static char token[TOKEN_MOST];
static const char *organisation;
static int ports[PORTS_MOST], port_count;

static int dial(int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct timeval patience = { .tv_sec = WAIT_S };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
		return fd;
	close(fd);
	return -1;
}

static int dial_somebody(unsigned turn)
{
	for (int i = 0; i < port_count; i++) {
		int fd = dial(ports[(turn + (unsigned)i) % (unsigned)port_count]);

		if (fd >= 0)
			return fd;
	}
	return -1;
}

static void write_request(char *ret, bool makes)
{
	static atomic_long number;
	char body[BODY_MOST];

	snprintf(body, sizeof body, "{\"name\": \"load\", \"email\": \"load-%ld-%ld@load.example\"}", (long)getpid(),
		 makes ? atomic_fetch_add(&number, 1) : 0);
	if (makes)
		snprintf(ret, REQUEST_MOST,
			 "POST /v1/organisations/%s/members HTTP/1.1\r\nHost: load\r\nAuthorization: Bearer %s\r\nConnection: close\r\n"
			 "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
			 organisation, token, strlen(body), body);
	else
		snprintf(ret, REQUEST_MOST,
			 "GET /v1/organisations/%s HTTP/1.1\r\nHost: load\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n",
			 organisation, token);
}

/* Everything until the other side closes; the length is 0 if nothing came. */
static size_t read_answer(int fd, char *ret)
{
	size_t length = 0;
	ssize_t n;

	while (length < ANSWER_MOST - 1 && (n = recv(fd, ret + length, ANSWER_MOST - 1 - length, 0)) > 0)
		length += (size_t)n;
	ret[length] = '\0';
	return length;
}

static bool is_whole(const char *answer)
{
	const char *head = strcasestr(answer, "\r\nContent-Length:"), *body = strstr(answer, "\r\n\r\n");

	return head && body && strlen(body + 4) == strtoul(head + strlen("\r\nContent-Length:"), NULL, 10);
}

static void show(const char *answer)
{
	static atomic_int shown;

	if (atomic_fetch_add(&shown, 1) < SHOWN_MOST)
		fprintf(stderr, "load: wrong answer: %s\n", answer);
}

static atomic_long *judge(const char *answer, bool makes)
{
	char wanted[REQUEST_MOST];
	int status = atoi(answer + strlen("HTTP/1.1 "));
	bool problem = strcasestr(answer, "application/problem+json");

	snprintf(wanted, sizeof wanted, makes ? "\"name\":\"load\"" : "\"slug\":\"%s\"", organisation);
	if (status == (makes ? 201 : 200) && strstr(answer, wanted))
		return &answered;
	if ((status == 503 || status == 429) && problem && strcasestr(answer, "\r\nRetry-After:"))
		return &retry;
	if (status == 500 && problem && strstr(answer, "tx.uncertain"))
		return &uncertain;
	show(answer);
	return &wrong;
}

static void pause_ms(int ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };

	nanosleep(&t, NULL);
}

static void ask(unsigned turn, char *answer)
{
	char request[REQUEST_MOST];
	bool makes = turn % 4 == 3;
	int fd = dial_somebody(turn);

	if (fd < 0) {
		nobody++;
		pause_ms(10);
		return;
	}
	write_request(request, makes);
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request) || read_answer(fd, answer) == 0 ||
	    !is_whole(answer)) {
		lost++;
	} else {
		atomic_long *what = judge(answer, makes);

		(*what)++;
		made += what == &answered && makes;
		if (what != &answered)
			pause_ms(20);
	}
	close(fd);
}

static void *keep_asking(void *self)
{
	char *answer = malloc(ANSWER_MOST);
	unsigned turn = (unsigned)(size_t)self;

	while (!atomic_load(&over))
		ask(turn++, answer);
	free(answer);
	return NULL;
}

static void read_token(const char *path)
{
	FILE *file = fopen(path, "re");

	if (!file || !fgets(token, sizeof token, file)) {
		fprintf(stderr, "load: no token in \"%s\"\n", path);
		exit(2);
	}
	fclose(file);
	token[strcspn(token, "\n")] = '\0';
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS_MOST];
	int count = argc > 4 ? atoi(argv[1]) : 0, signal;
	sigset_t end;

	if (count < 1 || count > THREADS_MOST || argc - 4 > PORTS_MOST) {
		fprintf(stderr, "usage: load THREADS ORGANISATION TOKEN-FILE PORT...\n");
		return 2;
	}
	organisation = argv[2];
	read_token(argv[3]);
	for (int i = 4; i < argc; i++)
		ports[port_count++] = atoi(argv[i]);

	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &end, NULL);
	for (int i = 0; i < count; i++)
		pthread_create(&threads[i], NULL, keep_asking, (void *)(size_t)i);
	sigwait(&end, &signal);
	atomic_store(&over, true);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	printf("{\"answered\": %ld, \"retry\": %ld, \"uncertain\": %ld, \"lost\": %ld, \"wrong\": %ld, \"nobody\": %ld, \"made\": %ld}\n",
	       answered, retry, uncertain, lost, wrong, nobody, made);
	return 0;
}
