/* The floor of what is answered from memory: the server library alone, answering each request with the same headers and body, on a thread for each
 * listener as the daemon has them.
 *
 *   bare_http PORT HEAD BODY   listens on 127.0.0.1:PORT; HEAD: a file with headers, a line each; BODY: a file */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEADERS_MOST = 32, LINE_MOST = 4096, THREADS = 2 };

static struct header {
	char name[64], value[LINE_MOST];
} headers[HEADERS_MOST];
static size_t header_count, body_size;
static char body[65536];

static enum MHD_Result answer(void *self, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
			      const char *upload, size_t *upload_size, void **context)
{
	static int seen;
	struct MHD_Response *response;
	enum MHD_Result sent;

	(void)self, (void)url, (void)method, (void)version, (void)upload, (void)upload_size;
	if (!*context) {
		*context = &seen;
		return MHD_YES;
	}
	response = MHD_create_response_from_buffer(body_size, body, MHD_RESPMEM_PERSISTENT);
	for (size_t i = 0; i < header_count; i++)
		MHD_add_response_header(response, headers[i].name, headers[i].value);
	sent = MHD_queue_response(connection, 200, response);
	MHD_destroy_response(response);
	return sent;
}

/* Those that the library writes by itself are left to it. */
static void read_headers(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[LINE_MOST];

	while (file && header_count < HEADERS_MOST && fgets(line, sizeof(line), file)) {
		char *colon = strstr(line, ": ");
		struct header *header = &headers[header_count];

		line[strcspn(line, "\r\n")] = '\0';
		if (!colon || strncasecmp(line, "Date:", 5) == 0 || strncasecmp(line, "Content-Length:", 15) == 0 ||
		    strncasecmp(line, "Connection:", 11) == 0)
			continue;
		snprintf(header->name, sizeof(header->name), "%.*s", (int)(colon - line), line);
		snprintf(header->value, sizeof(header->value), "%s", colon + 2);
		header_count++;
	}
	if (file)
		fclose(file);
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	FILE *file;

	if (argc != 4)
		return 2;
	read_headers(argv[2]);
	file = fopen(argv[3], "r");
	if (file) {
		body_size = fread(body, 1, sizeof(body), file);
		fclose(file);
	}
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	at.sin_port = htons((uint16_t)atoi(argv[1]));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 512) < 0) {
		perror("bare_http");
		return 1;
	}
	for (int i = 0; i < THREADS; i++)
		if (!MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer, NULL, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_END))
			return 1;
	for (;;)
		pause();
}
