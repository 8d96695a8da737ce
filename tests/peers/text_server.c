/* A directory that changes while a daemon looks on: gives the text of a file, as it is just now, to whoever connects, and hangs up.
 * Usage: text_server FILE PORT-FILE (where it writes the port of 127.0.0.1 that it listens on) */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static void give(int to, const char *path)
{
	char bytes[65536];
	ssize_t size;
	int from = open(path, O_RDONLY | O_CLOEXEC);

	while (from >= 0 && (size = read(from, bytes, sizeof(bytes))) > 0)
		for (ssize_t at = 0, sent; at < size; at += sent)
			if ((sent = write(to, bytes + at, (size_t)(size - at))) <= 0) {
				close(from);
				return;
			}
	if (from >= 0)
		close(from);
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;
	FILE *port;

	if (argc != 3 || bind(listener, (struct sockaddr *)&address, length) < 0 || listen(listener, 64) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &length) < 0 || !(port = fopen(argv[2], "we")))
		return 1;
	signal(SIGPIPE, SIG_IGN);
	fprintf(port, "%d\n", ntohs(address.sin_port));
	fclose(port);
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		give(fd, argv[1]);
		close(fd);
	}
	return 1;
}
