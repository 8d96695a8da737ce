/* A proxy on the way out (RFC 9110 section 9.3.6, CONNECT): writes whom it was asked for into a file, a line
 * each, and lets bytes through. Usage: connect_proxy PORT-FILE LOG (where it writes the port of 127.0.0.1
 * that it listens on) */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* "CONNECT host:port HTTP/1.1" up to the empty line; false: it is something else. */
static bool read_head(int fd, char host[256], char port[16])
{
	char head[4096];
	size_t length = 0;

	while (length + 1 < sizeof(head) && read(fd, head + length, 1) == 1) {
		head[++length] = '\0';
		if (length >= 4 && strcmp(head + length - 4, "\r\n\r\n") == 0)
			return sscanf(head, "CONNECT %255[^:]:%15[0-9] HTTP/1.", host, port) == 2;
	}
	return false;
}

static int connect_to(const char *host, const char *port)
{
	const struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (getaddrinfo(host, port, &hints, &found) != 0)
		return -1;
	if (connect(fd, found->ai_addr, found->ai_addrlen) < 0)
		fd = -1;
	freeaddrinfo(found);
	return fd;
}

static bool pass(int from, int to)
{
	char bytes[65536];
	ssize_t size = read(from, bytes, sizeof(bytes));

	for (ssize_t at = 0, sent; at < size; at += sent)
		if ((sent = write(to, bytes + at, (size_t)(size - at))) <= 0)
			return false;
	return size > 0;
}

static void serve(int client, const char *log_name)
{
	static const char yes[] = "HTTP/1.1 200 Connection established\r\n\r\n",
			  no[] = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n";
	char host[256], port[16];
	int server = read_head(client, host, port) ? connect_to(host, port) : -1;
	struct pollfd ready[] = { { .fd = client, .events = POLLIN }, { .fd = server, .events = POLLIN } };
	FILE *log = fopen(log_name, "ae");

	if (server < 0 || !log) {
		if (write(client, no, sizeof(no) - 1) < 0)
			return;
		return;
	}
	fprintf(log, "%s:%s\n", host, port);
	fclose(log);
	if (write(client, yes, sizeof(yes) - 1) < 0)
		return;
	while (poll(ready, 2, -1) > 0)
		if ((ready[0].revents && !pass(client, server)) ||
		    (ready[1].revents && !pass(server, client)))
			return;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), client;
	FILE *port;

	if (argc != 3 || bind(listener, (struct sockaddr *)&address, length) < 0 ||
	    listen(listener, 64) < 0 || getsockname(listener, (struct sockaddr *)&address, &length) < 0 ||
	    !(port = fopen(argv[1], "we")))
		return 1;
	signal(SIGCHLD, SIG_IGN);
	fprintf(port, "%d\n", ntohs(address.sin_port));
	fclose(port);
	while ((client = accept(listener, NULL, NULL)) >= 0) {
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGTERM);
			serve(client, argv[2]);
			_exit(0);
		}
		close(client);
	}
	return 1;
}
