/* The floor of starting: opens as many connections to PostgreSQL as the daemon does, and answers one request.
 *
 *     bare SOCKET CONNINFO COUNT */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char request[1024];
	if (argc != 4 || strlen(argv[1]) >= sizeof(address.sun_path))
		return 2;
	strcpy(address.sun_path, argv[1]);

	for (int i = 0; i < atoi(argv[3]); i++)
		if (PQstatus(PQconnectdb(argv[2])) != CONNECTION_OK)
			return 1;
	unlink(argv[1]);
	int listening = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(listening, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(listening, 8) < 0)
		return 1;
	for (;;) {
		int fd = accept(listening, NULL, NULL);
		if (read(fd, request, sizeof(request)) > 0 && write(fd, answer, sizeof(answer) - 1) < 0)
			return 1;
		close(fd);
	}
}
