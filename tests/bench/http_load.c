/* Asks a server at 127.0.0.1 the same question again and again: CLIENTS at once, each over its own connection, COUNT requests in all.
 *
 *   http_load PORT CLIENTS COUNT REQUEST WORDS   REQUEST: a file with the head of a request, in which "{word}" is a line of the file WORDS
 *
 * Prints requests a second, the median in microseconds and how many were not answered with 200. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS_MOST = 64, REQUEST_MOST = 16384, ANSWER_MOST = 65536, WORDS_MOST = 1000000, WORD_SIZE = 128 };

static char pattern[REQUEST_MOST], (*words)[WORD_SIZE];
static long word_count, wanted;
static int port;
static atomic_long taken, bad;
static double *took;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int connect_to(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof(at)) < 0) {
		perror("http_load");
		exit(1);
	}
	return fd;
}

static size_t fill(char *into, long seq)
{
	const char *place = strstr(pattern, "{word}");
	size_t before = place ? (size_t)(place - pattern) : strlen(pattern);

	if (!place)
		return (size_t)(stpcpy(into, pattern) - into);
	memcpy(into, pattern, before);
	return (size_t)(stpcpy(stpcpy(into + before, words[seq % word_count]), place + 6) - into);
}

/* 1: a whole answer of 200; 0: another; -1: the connection is gone. */
static int hear(int fd, char *answer)
{
	size_t have = 0;

	for (;;) {
		ssize_t n = read(fd, answer + have, ANSWER_MOST - have - 1);
		const char *end, *length;

		if (n <= 0)
			return -1;
		have += (size_t)n;
		answer[have] = '\0';
		end = strstr(answer, "\r\n\r\n");
		length = end ? strcasestr(answer, "\r\nContent-Length: ") : NULL;
		if (end && length && have >= (size_t)(end + 4 - answer) + strtoul(length + 18, NULL, 10))
			return strncmp(answer + 9, "200", 3) == 0;
	}
}

static void *work(void *self)
{
	char *request = malloc(REQUEST_MOST + WORD_SIZE), *answer = malloc(ANSWER_MOST);
	int fd = connect_to();
	long seq;

	(void)self;
	while ((seq = atomic_fetch_add(&taken, 1)) < wanted) {
		size_t length = fill(request, seq);
		double begun = now();
		int heard = write(fd, request, length) == (ssize_t)length ? hear(fd, answer) : -1;

		took[seq] = now() - begun;
		if (heard != 1)
			atomic_fetch_add(&bad, 1);
		if (heard < 0) {
			close(fd);
			fd = connect_to();
		}
	}
	close(fd);
	free(request);
	free(answer);
	return NULL;
}

static int less(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void read_words(const char *path)
{
	FILE *file = fopen(path, "r");

	words = calloc(WORDS_MOST, WORD_SIZE);
	while (file && word_count < WORDS_MOST && fgets(words[word_count], WORD_SIZE, file)) {
		words[word_count][strcspn(words[word_count], "\n")] = '\0';
		word_count++;
	}
	if (file)
		fclose(file);
}

int main(int argc, char **argv)
{
	pthread_t threads[CLIENTS_MOST];
	int clients;
	FILE *file;
	double begun;

	if (argc != 6 || (clients = atoi(argv[2])) < 1 || clients > CLIENTS_MOST)
		return 2;
	port = atoi(argv[1]);
	wanted = atol(argv[3]);
	file = fopen(argv[4], "r");
	if (!file || fread(pattern, 1, sizeof(pattern) - 1, file) == 0)
		return 2;
	fclose(file);
	read_words(argv[5]);
	took = calloc((size_t)wanted, sizeof(*took));
	begun = now();
	for (int i = 0; i < clients; i++)
		pthread_create(&threads[i], NULL, work, NULL);
	for (int i = 0; i < clients; i++)
		pthread_join(threads[i], NULL);
	begun = (double)wanted * 1e6 / (now() - begun);
	qsort(took, (size_t)wanted, sizeof(*took), less);
	printf("%.0f %.1f %ld\n", begun, took[wanted / 2], atomic_load(&bad));
	return 0;
}
