/* How long a server needs from its start to its first answer.
 *
 *     first_answer SOCKET COMMAND...
 *
 * Starts the command, asks GET /healthz at the Unix socket until it is answered with 200, prints the microseconds since the
 * start, and ends the command with SIGTERM. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { GIVE_UP_S = 60, PAUSE_US = 500 };

static long long now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static int answered(const struct sockaddr_un *address)
{
	static const char request[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	char answer[64] = "";
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int good = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 &&
	           write(fd, request, sizeof(request) - 1) == (ssize_t)sizeof(request) - 1 &&
	           read(fd, answer, sizeof(answer) - 1) > 0 && strncmp(answer, "HTTP/1.1 200", 12) == 0;
	close(fd);
	return good;
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (argc < 3 || strlen(argv[1]) >= sizeof(address.sun_path))
		return 2;
	strcpy(address.sun_path, argv[1]);

	long long begun = now_us();
	pid_t pid = fork();
	if (pid == 0) {
		execv(argv[2], argv + 2);
		_exit(127);
	}
	int good;
	while (!(good = answered(&address)) && now_us() - begun < GIVE_UP_S * 1000000LL && waitpid(pid, NULL, WNOHANG) == 0)
		usleep(PAUSE_US);
	long long took = now_us() - begun;
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	if (!good)
		return 1;
	printf("%lld\n", took);
	return 0;
}
