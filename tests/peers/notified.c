/* What a daemon tells its service manager: listens where $NOTIFY_SOCKET will point and prints each message as one line, its
 * fields separated by blanks, until it is ended.  Usage: notified PATH */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MESSAGE_MOST = 4096 };

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char message[MESSAGE_MOST];
	ssize_t size;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (argc != 2 || strlen(argv[1]) >= sizeof(address.sun_path))
		return 2;
	strcpy(address.sun_path, argv[1]);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return 1;
	while ((size = recv(fd, message, sizeof(message), 0)) >= 0) {
		for (ssize_t i = 0; i < size; i++)
			putchar(message[i] == '\n' ? ' ' : message[i]);
		putchar('\n');
		fflush(stdout);
	}
	return 1;
}
