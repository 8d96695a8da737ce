/* Makes listening sockets. A Unix socket listens only once its mode and group are right: before, connecting
 * is refused. */
#include "http/listener.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BACKLOG = 512 };

static int refuse(struct error *e, enum error_kind kind, const char *where, const char *why)
{
	return error_set(e, kind, "http.listen", "could not listen at \"%s\": %s", where, why);
}

static int port_of(int fd)
{
	struct sockaddr_storage own;
	socklen_t size = sizeof(own);

	if (getsockname(fd, (struct sockaddr *)&own, &size) < 0)
		return -1;
	if (own.ss_family == AF_INET)
		return ntohs(((struct sockaddr_in *)&own)->sin_port);
	return own.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&own)->sin6_port) : -1;
}

/* "[::1]:8080" to "::1" and "8080". */
static int split(const char *where, char host[64], const char **ret_port)
{
	const char *colon = strrchr(where, ':');
	size_t length = colon ? (size_t)(colon - where) : 0;

	if (length >= 2 && where[0] == '[' && where[length - 1] == ']') {
		where++;
		length -= 2;
	} else if (memchr(where, ':', length)) {
		return -1;
	}
	if (!colon || length == 0 || length >= 64 || colon[1] == '\0')
		return -1;

	memcpy(host, where, length);
	host[length] = '\0';
	*ret_port = colon + 1;
	return 0;
}

static int bind_tcp(int fd, const struct addrinfo *own)
{
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (own->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	return bind(fd, own->ai_addr, own->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0 ? 0 : -1;
}

static int resolve(const char *where, struct addrinfo **ret)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };
	char host[64];
	const char *port;

	return split(where, host, &port) < 0 || getaddrinfo(host, port, &hints, ret) != 0 ? -1 : 0;
}

static enum error_kind kind_of(int number)
{
	return number == EADDRINUSE ? ERROR_CONFLICT : ERROR_INPUT;
}

static int open_tcp(struct listener *listener, const char *where, struct error *e)
{
	struct addrinfo *own;
	int failed;

	if (resolve(where, &own) < 0)
		return refuse(
			e, ERROR_INPUT, where,
			"an address and a port such as \"127.0.0.1:8080\" or \"[::1]:8080\" are expected");

	listener->fd = socket(own->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	failed = listener->fd < 0 || bind_tcp(listener->fd, own) < 0;
	freeaddrinfo(own);
	if (failed)
		return refuse(e, kind_of(errno), where, strerror(errno));
	listener->port = port_of(listener->fd);
	return 0;
}

static bool somebody_listens(const struct sockaddr_un *own)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool listens =
		fd >= 0 && (connect(fd, (const struct sockaddr *)own, sizeof(*own)) == 0 || errno == EAGAIN);

	if (fd >= 0)
		close(fd);
	return listens;
}

static int remove_stale(const struct sockaddr_un *own, const char *where, struct error *e)
{
	struct stat found;

	if (lstat(own->sun_path, &found) < 0)
		return errno == ENOENT ? 0 : refuse(e, ERROR_INPUT, where, strerror(errno));
	if (!S_ISSOCK(found.st_mode))
		return refuse(e, ERROR_CONFLICT, where, "a file that is no socket has that name");
	if (somebody_listens(own))
		return refuse(e, ERROR_CONFLICT, where, "another process listens there");
	return unlink(own->sun_path) == 0 ? 0 : refuse(e, ERROR_INPUT, where, strerror(errno));
}

static int find_group(const char *name, gid_t *ret, const char *where, struct error *e)
{
	struct group entry, *found = NULL;
	char buffer[4096];

	if (getgrnam_r(name, &entry, buffer, sizeof(buffer), &found) != 0 || !found)
		return error_set(e, ERROR_INPUT, "http.listen",
				 "could not listen at \"%s\": there is no group \"%s\"", where, name);
	*ret = found->gr_gid;
	return 0;
}

static int open_unix(struct listener *listener, const char *where, unsigned mode, const char *group,
		     struct error *e)
{
	const char *path = where + strlen("unix:");
	struct sockaddr_un own = { .sun_family = AF_UNIX };
	gid_t gid = (gid_t)-1;
	struct stat made;

	if (path[0] != '/' || strlen(path) >= sizeof(own.sun_path))
		return refuse(e, ERROR_INPUT, where, "a path from the root of at most 107 bytes is expected");
	strcpy(own.sun_path, path);
	if ((group && find_group(group, &gid, where, e) < 0) || remove_stale(&own, where, e) < 0)
		return -1;

	listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0 || bind(listener->fd, (struct sockaddr *)&own, sizeof(own)) < 0 ||
	    lstat(path, &made) < 0)
		return refuse(e, kind_of(errno), where, strerror(errno));

	strcpy(listener->path, path);
	listener->device = made.st_dev;
	listener->inode = made.st_ino;
	if (lchown(path, (uid_t)-1, gid) < 0 || chmod(path, mode) < 0 || listen(listener->fd, BACKLOG) < 0)
		return refuse(e, ERROR_INPUT, where, strerror(errno));
	return 0;
}

int listener_open(struct listener *listener, const char *where, unsigned mode, const char *group,
		  struct error *e)
{
	int result;

	*listener = (struct listener){ .fd = -1, .port = -1 };
	result = text_begins(where, "unix:") ? open_unix(listener, where, mode, group, e)
					     : open_tcp(listener, where, e);
	if (result < 0)
		listener_close(listener);
	return result;
}

/* --- sockets that others have made --- */

static int check_listens(int fd, struct error *e)
{
	int listens = 0, type = 0;
	socklen_t size = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || !listens || type != SOCK_STREAM)
		return error_set(e, ERROR_INPUT, "http.listen",
				 "descriptor %d that was handed in is no listening stream socket", fd);
	return 0;
}

static const char *write_address(const struct sockaddr_storage *own, socklen_t size, char ret[LISTENER_WHERE_SIZE])
{
	const struct sockaddr_un *path = (const struct sockaddr_un *)own;
	char host[64], port[8];

	if (own->ss_family == AF_UNIX)
		snprintf(ret, LISTENER_WHERE_SIZE, "unix:%.*s", (int)sizeof(path->sun_path), path->sun_path);
	else if (getnameinfo((const struct sockaddr *)own, size, host, sizeof(host), port, sizeof(port),
			     NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		snprintf(ret, LISTENER_WHERE_SIZE, own->ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
	else
		snprintf(ret, LISTENER_WHERE_SIZE, "a socket of family %d", own->ss_family);
	return ret;
}

int listener_where(int fd, char ret[LISTENER_WHERE_SIZE], struct error *e)
{
	struct sockaddr_storage own = { 0 };
	socklen_t size = sizeof(own);

	if (check_listens(fd, e) < 0)
		return -1;
	if (getsockname(fd, (struct sockaddr *)&own, &size) < 0)
		return error_set(e, ERROR_INTERNAL, "http.listen", "could not ask where descriptor %d listens: %s", fd,
				 strerror(errno));
	write_address(&own, size, ret);
	return 0;
}

/* An address can be written in several ways, so the configuration's is written in ours first. */
bool listener_is_at(int fd, const char *where)
{
	char is[LISTENER_WHERE_SIZE], named[LISTENER_WHERE_SIZE];
	struct addrinfo *own;
	struct error e;

	if (listener_where(fd, is, &e) < 0)
		return false;
	if (text_begins(where, "unix:"))
		return text_equal(is, where);
	if (resolve(where, &own) < 0)
		return false;
	write_address((const struct sockaddr_storage *)own->ai_addr, own->ai_addrlen, named);
	freeaddrinfo(own);
	return text_equal(is, named);
}

/* The credentials of a Unix socket are those of whoever called listen() last: so far the service manager. */
static void make_ours(int fd)
{
	listen(fd, BACKLOG);
}

int listener_inherit(struct listener *listener, int fd, struct error *e)
{
	if (check_listens(fd, e) < 0)
		return -1;
	make_ours(fd);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	*listener = (struct listener){ .fd = fd, .port = port_of(fd), .inherited = true };
	return 0;
}

/* The first packet of a connection (SYN) is dropped, the others pass: handshakes that have begun end well. Closing the
 * socket instead would cut off who is in the queue, whose request may have been sent. */
static void drop_first_packets(int fd)
{
	enum { FLAGS_AT = 13, SYN = 0x02 };
	struct sock_filter steps[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FLAGS_AT),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, SYN, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	const struct sock_fprog program = { ARRAY_COUNT(steps), steps };

	/* a kernel without it leaves a moment in which somebody may be cut off */
	setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

void listener_stop(struct listener *listener)
{
	if (!listener->inherited)
		shutdown(listener->fd, SHUT_RDWR);
}

static bool is_ours(const struct listener *listener)
{
	struct stat found;

	return lstat(listener->path, &found) == 0 && found.st_dev == listener->device &&
	       found.st_ino == listener->inode;
}

int listener_reachable(const struct listener *listener, struct error *e)
{
	if (!listener->path[0] || is_ours(listener))
		return 0;
	return error_set(e, ERROR_PRECONDITION, "http.socket",
			 "the socket \"%s\" was removed or replaced by somebody; restart the daemon", listener->path);
}

static void remove_path(const struct listener *listener)
{
	if (is_ours(listener))
		unlink(listener->path);
}

void listener_turn_away(struct listener *listener)
{
	if (listener->inherited)
		return;
	if (listener->path[0])
		remove_path(listener);
	else
		drop_first_packets(listener->fd);
}

bool listener_has_queue(const struct listener *listener)
{
	struct pollfd queue = { listener->fd, POLLIN, 0 };

	return !listener->inherited && poll(&queue, 1, 0) > 0;
}

void listener_close(struct listener *listener)
{
	if (listener->path[0])
		remove_path(listener);
	if (listener->fd >= 0)
		close(listener->fd);
	*listener = (struct listener){ .fd = -1, .port = -1 };
}
