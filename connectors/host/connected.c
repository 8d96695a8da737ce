/* connect(), as libraries find it here.
 *
 * A plug-in's sockets come connected from the daemon, and the child may connect none itself. Libraries that
 * are handed such a socket may call connect() all the same (libcurl 7.88 does, though it was told that the
 * socket is connected). So the one that they find says that it is done if it is. It stands in the program,
 * which is searched before the C library. */
#include <errno.h>
#include <sys/socket.h>

__attribute__((visibility("default"))) int connect(int fd, const struct sockaddr *address, socklen_t size)
{
	struct sockaddr_storage there;
	socklen_t room = sizeof(there);

	(void)address;
	(void)size;
	if (getpeername(fd, (struct sockaddr *)&there, &room) == 0)
		return 0;
	errno = EPERM;
	return -1;
}
