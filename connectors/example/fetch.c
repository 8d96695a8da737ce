/* The example's server. */
#include "example/fetch.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROOM = 65536 };

int fetch_split(const char *server, char *host, size_t size, const char **ret_port)
{
	const char *colon = strrchr(server, ':');

	if (!colon || (size_t)(colon - server) >= size)
		return -1;
	memcpy(host, server, (size_t)(colon - server));
	host[colon - server] = '\0';
	*ret_port = colon + 1;
	return 0;
}

/* Everything until the other side hangs up. */
static char *read_all(struct roster_call *call, const struct roster_host *host, int fd)
{
	size_t size = ROOM, length = 0;
	char *text = malloc(size), *larger;
	ssize_t got = 0;

	while (text && (got = read(fd, text + length, size - length - 1)) > 0) {
		length += (size_t)got;
		if (length > FETCH_MOST) {
			free(text);
			host->fail(call, ROSTER_NONSENSE, 0, "the server's text is longer than %d bytes", FETCH_MOST);
			return NULL;
		}
		if (size - length > 1)
			continue;
		larger = realloc(text, size *= 2);
		if (!larger)
			free(text);
		text = larger;
	}
	if (text && got == 0) {
		text[length] = '\0';
		return text;
	}
	host->fail(call, ROSTER_TRY_LATER, 0, "%s", text ? "the connection broke while the text was read" : "out of memory");
	free(text);
	return NULL;
}

char *fetch(struct roster_call *call, const struct roster_host *host, const char *server)
{
	char name[256], *text;
	const char *port;
	int fd;

	if (fetch_split(server, name, sizeof(name), &port) < 0) {
		host->fail(call, ROSTER_MISCONFIGURED, 0, "setting \"source\" is \"%.64s\"; \"host:port\" is expected", server);
		return NULL;
	}
	host->step(call, "fetching the directory from %s", server);
	fd = host->dial(call, name, port, FETCH_DIAL_MS);
	if (fd < 0)
		return NULL;
	text = read_all(call, host, fd);
	close(fd);
	return text;
}
