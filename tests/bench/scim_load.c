/* Asks a server the same question again and again: CLIENTS of them at once, each over its own connection, COUNT requests in all.
 *
 *     scim_load SOCKET CLIENTS COUNT METHOD PATH [BODY [TOKEN [IDS]]]
 *
 * "{seq}" in path and body is a running number, "{id}" a line of the file IDS. Prints requests a second, the median in microseconds
 * and how many were answered with something else than 2xx. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS_MOST = 64, REQUEST_MOST = 1 << 20, ANSWER_MOST = 1 << 20, IDS_MOST = 200000, ID_SIZE = 37 };

static const char *path_of_socket, *method, *path, *body = "", *token = "";
static char (*ids)[ID_SIZE];
static long id_count, wanted;
static atomic_long taken, bad;
static double *took;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static size_t fill(char *into, const char *pattern, long seq)
{
	char *at = into;

	while (*pattern) {
		if (strncmp(pattern, "{seq}", 5) == 0) {
			at += sprintf(at, "%ld", seq);
			pattern += 5;
		} else if (strncmp(pattern, "{id}", 4) == 0 && id_count > 0) {
			at = stpcpy(at, ids[seq % id_count]);
			pattern += 4;
		} else {
			*at++ = *pattern++;
		}
	}
	*at = '\0';
	return (size_t)(at - into);
}

static int connect_to(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path_of_socket);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		perror("scim_load");
		exit(1);
	}
	return fd;
}

/* Reads one answer whole; its status. */
static int receive(int fd, char *answer)
{
	size_t length = 0, wanted_length = 0;
	char *end = NULL, *header;

	for (;;) {
		ssize_t got = read(fd, answer + length, ANSWER_MOST - 1 - length);

		if (got <= 0)
			return 0;
		length += (size_t)got;
		answer[length] = '\0';
		if (!end && (end = strstr(answer, "\r\n\r\n"))) {
			header = strcasestr(answer, "\r\nContent-Length:");
			wanted_length = (size_t)(end + 4 - answer) + (header && header < end ? strtoul(header + 17, NULL, 10) : 0);
		}
		if (end && length >= wanted_length)
			return atoi(answer + 9);
	}
}

static void *ask(void *nothing)
{
	char *request = malloc(2 * REQUEST_MOST), *answer = malloc(ANSWER_MOST), *text = malloc(REQUEST_MOST), *where = malloc(4096);
	int fd = connect_to();
	long seq;

	while ((seq = atomic_fetch_add(&taken, 1)) < wanted) {
		size_t size = fill(text, body, seq);
		double begun;
		int length, status;

		fill(where, path, seq);
		length = sprintf(request, "%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n", method, where, token);
		if (size > 0)
			length += sprintf(request + length, "Content-Type: application/scim+json\r\nContent-Length: %zu\r\n", size);
		length += sprintf(request + length, "\r\n%s", text);
		begun = now();
		if (write(fd, request, (size_t)length) != length)
			exit(1);
		status = receive(fd, answer);
		took[seq] = now() - begun;
		if (status < 200 || status > 299) {
			if (atomic_fetch_add(&bad, 1) == 0)
				fprintf(stderr, "# %s\n", answer);
		}
		if (status == 0)
			exit(1);
	}
	return nothing;
}

static int by_size(const void *a, const void *b)
{
	return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static void read_ids(const char *name)
{
	FILE *file = fopen(name, "r");

	ids = calloc(IDS_MOST, ID_SIZE);
	while (file && id_count < IDS_MOST && fscanf(file, "%36s", ids[id_count]) == 1)
		id_count++;
	if (file)
		fclose(file);
}

int main(int argc, char **argv)
{
	pthread_t threads[CLIENTS_MOST];
	int clients = argc > 2 ? atoi(argv[2]) : 0;
	double begun;

	if (argc < 6 || clients < 1 || clients > CLIENTS_MOST || (wanted = atol(argv[3])) < 1)
		return 2;
	path_of_socket = argv[1];
	method = argv[4];
	path = argv[5];
	if (argc > 6)
		body = argv[6];
	if (argc > 7)
		token = argv[7];
	if (argc > 8)
		read_ids(argv[8]);
	took = calloc((size_t)wanted, sizeof(*took));
	begun = now();
	for (int i = 0; i < clients; i++)
		pthread_create(&threads[i], NULL, ask, NULL);
	for (int i = 0; i < clients; i++)
		pthread_join(threads[i], NULL);
	begun = now() - begun;
	qsort(took, (size_t)wanted, sizeof(*took), by_size);
	printf("%.1f %.0f %ld\n", (double)wanted * 1e6 / begun, took[wanted / 2], atomic_load(&bad));
	return 0;
}
