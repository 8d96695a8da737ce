/* A connected socket for a child: may it go there, where is that, can it be reached. */
#include "platform.h"

#include "plugin/dial.h"

#include "base/clock.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- which addresses ---- */

/* IANA's registries of special-purpose addresses (RFC 6890), and where clouds keep their machines' credentials. The
 * longest prefixes come first. */
static const struct network {
	uint8_t family, bits;
	uint8_t prefix[16];
	enum dial_judgement judgement;
} networks[] = {
	{ AF_INET, 32, { 100, 100, 100, 200 }, DIAL_NEVER }, /* Alibaba's metadata */
	{ AF_INET, 32, { 168, 63, 129, 16 }, DIAL_NEVER },   /* Azure's */
	{ AF_INET, 32, { 192, 0, 0, 192 }, DIAL_NEVER },     /* Oracle's */
	{ AF_INET, 8, { 0 }, DIAL_NEVER },                   /* "this network" */
	{ AF_INET, 16, { 169, 254 }, DIAL_NEVER },           /* link-local, with most clouds' metadata */
	{ AF_INET, 4, { 224 }, DIAL_NEVER },                 /* multicast */
	{ AF_INET, 4, { 240 }, DIAL_NEVER },                 /* reserved, broadcast */
	{ AF_INET, 24, { 192, 0, 0 }, DIAL_PRIVATE },
	{ AF_INET, 24, { 192, 0, 2 }, DIAL_PRIVATE }, /* documentation */
	{ AF_INET, 24, { 198, 51, 100 }, DIAL_PRIVATE },
	{ AF_INET, 24, { 203, 0, 113 }, DIAL_PRIVATE },
	{ AF_INET, 16, { 192, 168 }, DIAL_PRIVATE },
	{ AF_INET, 15, { 198, 18 }, DIAL_PRIVATE }, /* benchmarks */
	{ AF_INET, 12, { 172, 16 }, DIAL_PRIVATE },
	{ AF_INET, 10, { 100, 64 }, DIAL_PRIVATE }, /* carriers' */
	{ AF_INET, 8, { 10 }, DIAL_PRIVATE },
	{ AF_INET, 8, { 127 }, DIAL_PRIVATE },
	{ AF_INET6, 128, { 0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54 }, DIAL_NEVER }, /* AWS */
	{ AF_INET6, 128, { 0xfd, 0x20, 0x00, 0xce, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54 }, DIAL_NEVER }, /* GCE */
	{ AF_INET6, 128, { 0 }, DIAL_NEVER },                                                 /* unspecified */
	{ AF_INET6, 128, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 }, DIAL_PRIVATE },  /* loopback */
	{ AF_INET6, 10, { 0xfe, 0x80 }, DIAL_NEVER },                                         /* link-local */
	{ AF_INET6, 8, { 0xff }, DIAL_NEVER },                                                /* multicast */
	{ AF_INET6, 64, { 0x01 }, DIAL_NEVER },                                               /* discard */
	{ AF_INET6, 48, { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 }, DIAL_PRIVATE },               /* local NAT64 */
	{ AF_INET6, 32, { 0x20, 0x01, 0x0d, 0xb8 }, DIAL_PRIVATE },                           /* documentation */
	{ AF_INET6, 32, { 0x20, 0x01 }, DIAL_NEVER },                                         /* Teredo */
	{ AF_INET6, 10, { 0xfe, 0xc0 }, DIAL_PRIVATE },                                       /* site-local */
	{ AF_INET6, 7, { 0xfc }, DIAL_PRIVATE },                                              /* unique local */
};

/* IPv6 addresses that carry an IPv4 address, and where. */
static const struct {
	uint8_t bits, at;
	uint8_t prefix[12];
} carriers[] = {
	{ 96, 12, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff } }, /* mapped */
	{ 96, 12, { 0 } },                                        /* compatible, of old */
	{ 96, 12, { 0x00, 0x64, 0xff, 0x9b } },                   /* NAT64 */
	{ 16, 2, { 0x20, 0x02 } },                                /* 6to4 */
};

static bool has_prefix(const uint8_t *address, const uint8_t *prefix, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(address, prefix, whole) != 0)
		return false;
	return rest == 0 || ((address[whole] ^ prefix[whole]) >> (8 - rest)) == 0;
}

static enum dial_judgement judge_bytes(int family, const uint8_t *address)
{
	for (size_t i = 0; i < ARRAY_COUNT(networks); i++)
		if (networks[i].family == family && has_prefix(address, networks[i].prefix, networks[i].bits))
			return networks[i].judgement;
	for (size_t i = 0; family == AF_INET6 && i < ARRAY_COUNT(carriers); i++)
		if (has_prefix(address, carriers[i].prefix, carriers[i].bits))
			return judge_bytes(AF_INET, address + carriers[i].at);
	return DIAL_PUBLIC;
}

enum dial_judgement dial_judge(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return judge_bytes(AF_INET, (const uint8_t *)&((const struct sockaddr_in *)(const void *)address)->sin_addr);
	if (address->sa_family == AF_INET6)
		return judge_bytes(AF_INET6, ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr.s6_addr);
	return DIAL_NEVER;
}

/* ---- which hosts ---- */

static const char *next_place(const char *text, size_t *ret_length)
{
	text += strspn(text, " ,\t\r\n");
	*ret_length = strcspn(text, " ,\t\r\n");
	return text;
}

/* Leaves the host of "scheme://user@host:port/path". */
static const char *host_of(const char *place, size_t *length)
{
	const char *end = place + *length, *scheme = memmem(place, *length, "://", 3), *at, *close;

	if (scheme)
		place = scheme + 3;
	for (at = place; at < end && !strchr("/?#", *at); at++)
		;
	end = at;
	at = memrchr(place, '@', (size_t)(end - place));
	if (at)
		place = at + 1;
	if (place < end && *place == '[' && (close = memchr(place, ']', (size_t)(end - place)))) {
		place++;
		end = close;
	} else if ((at = memchr(place, ':', (size_t)(end - place))) && !memchr(at + 1, ':', (size_t)(end - at - 1))) {
		end = at; /* two colons: an IPv6 address without brackets */
	}
	*length = (size_t)(end - place);
	return place;
}

static bool place_names(const char *place, size_t length, const char *host)
{
	const char *named = host_of(place, &length);

	return length == strlen(host) && strncasecmp(named, host, length) == 0;
}

bool dial_is_named(const char *const *places, const char *host)
{
	for (; *places; places++) {
		size_t length;

		for (const char *at = next_place(*places, &length); length > 0; at = next_place(at + length, &length))
			if (place_names(at, length, host))
				return true;
	}
	return false;
}

/* "ldapi://%2Frun%2Fslapd%2Fldapi" and "unix:/run/slapd/ldapi" hold the path /run/slapd/ldapi. */
static size_t decode_percent(const char *from, size_t length, char *to)
{
	size_t size = 0;

	for (size_t i = 0; i < length; i++) {
		uint8_t byte;

		if (from[i] == '%' && i + 2 < length && text_unhex(from + i + 1, 2, &byte, 1) == 1) {
			to[size++] = (char)byte;
			i += 2;
		} else {
			to[size++] = from[i];
		}
	}
	return size;
}

enum { PLACE_MOST = 512 };

/* The path in a place, NULL if there is none. */
static const char *path_in(const char *place, size_t length, char decoded[PLACE_MOST], size_t *ret_size)
{
	const char *start;
	size_t size;

	if (length >= PLACE_MOST)
		return NULL;
	size = decode_percent(place, length, decoded);
	start = memmem(decoded, size, "://", 3);
	if (start)
		start += 3;
	else
		start = size > 5 && memcmp(decoded, "unix:", 5) == 0 ? decoded + 5 : decoded;
	if (start == decoded + size || *start != '/')
		return NULL;
	size -= (size_t)(start - decoded);
	while (size > 1 && start[size - 1] == '/')
		size--;
	*ret_size = size;
	return start;
}

static bool place_holds_path(const char *place, size_t length, const char *path)
{
	char decoded[PLACE_MOST];
	size_t size;
	const char *held = path_in(place, length, decoded, &size);

	return held && size == strlen(path) && memcmp(held, path, size) == 0;
}

bool dial_names_socket(const char *places)
{
	char decoded[PLACE_MOST];
	size_t length, size;

	for (const char *at = next_place(places, &length); length > 0; at = next_place(at + length, &length))
		if (path_in(at, length, decoded, &size))
			return true;
	return false;
}

static bool path_is_named(const char *const *places, const char *path)
{
	for (; *places; places++) {
		size_t length;

		for (const char *at = next_place(*places, &length); length > 0; at = next_place(at + length, &length))
			if (place_holds_path(at, length, path))
				return true;
	}
	return false;
}

/* ---- names to addresses ---- */

/* getaddrinfo cannot be stopped. It runs in a thread of its own that outlives us if it has to: whoever of the two
 * is last to leave frees this. */
struct lookup {
	pthread_mutex_t lock;
	pthread_cond_t done;
	int users;
	bool finished;
	int result;
	struct addrinfo *found;
	char host[256], port[33];
};

static void leave_lookup(struct lookup *lookup)
{
	bool last;

	pthread_mutex_lock(&lookup->lock);
	last = --lookup->users == 0;
	pthread_mutex_unlock(&lookup->lock);
	if (!last)
		return;
	if (lookup->found)
		freeaddrinfo(lookup->found);
	pthread_cond_destroy(&lookup->done);
	pthread_mutex_destroy(&lookup->lock);
	free(lookup);
}

static void *run_lookup(void *argument)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
	struct lookup *lookup = argument;
	struct addrinfo *found = NULL;
	int result = getaddrinfo(lookup->host, lookup->port, &hints, &found);

	pthread_mutex_lock(&lookup->lock);
	lookup->result = result;
	lookup->found = found;
	lookup->finished = true;
	pthread_cond_signal(&lookup->done);
	pthread_mutex_unlock(&lookup->lock);
	leave_lookup(lookup);
	return NULL;
}

static struct lookup *open_lookup(const struct dial_request *request)
{
	struct lookup *lookup = calloc(1, sizeof(*lookup));
	pthread_condattr_t monotonic;

	if (!lookup)
		abort();
	pthread_mutex_init(&lookup->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&lookup->done, &monotonic);
	pthread_condattr_destroy(&monotonic);
	lookup->users = 2;
	snprintf(lookup->host, sizeof(lookup->host), "%s", request->host);
	snprintf(lookup->port, sizeof(lookup->port), "%s", request->port);
	return lookup;
}

static bool wait_for_lookup(struct lookup *lookup, int64_t deadline_ms)
{
	const struct timespec until = { deadline_ms / 1000, deadline_ms % 1000 * 1000000 };
	bool finished;

	pthread_mutex_lock(&lookup->lock);
	while (!lookup->finished && pthread_cond_timedwait(&lookup->done, &lookup->lock, &until) != ETIMEDOUT)
		;
	finished = lookup->finished;
	pthread_mutex_unlock(&lookup->lock);
	return finished;
}

static int run_apart(struct lookup *lookup)
{
	pthread_attr_t detached;
	pthread_t thread;
	int result;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	result = pthread_create(&thread, &detached, run_lookup, lookup);
	pthread_attr_destroy(&detached);
	return result;
}

static int look_up(const struct dial_request *request, struct lookup *lookup, struct error *e)
{
	int result = run_apart(lookup);

	if (result != 0) {
		lookup->users--;
		return error_set(e, ERROR_RETRY, "dial.failed", "could not look up %s: %s", request->host, strerror(result));
	}
	if (!wait_for_lookup(lookup, request->deadline_ms))
		return error_set(e, ERROR_RETRY, "dial.failed", "could not look up %s: the name server gives no answer",
		                 request->host);
	if (lookup->result != 0)
		return error_set(e, ERROR_RETRY, "dial.failed", "could not look up %s: %s", request->host,
		                 gai_strerror(lookup->result));
	return 0;
}

/* ---- connecting ---- */


static int wait_connected(int fd, const struct dial_request *request, int64_t until_ms)
{
	struct pollfd waits[] = { { .fd = fd, .events = POLLOUT }, { .fd = request->cancel_fd, .events = POLLIN } };
	int ready, error = 0;
	socklen_t size = sizeof(error);

	do
		ready = poll(waits, ARRAY_COUNT(waits), clock_left_ms(until_ms));
	while (ready < 0 && errno == EINTR);
	if (ready > 0 && waits[1].revents)
		return ECANCELED;
	if (ready <= 0)
		return ready < 0 ? errno : ETIMEDOUT;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? errno : error;
}

/* 0, or why not. */
static int connect_to(const struct dial_request *request, const struct sockaddr *address, socklen_t size,
                      int64_t until_ms, int *ret)
{
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1, result = 0;

	if (fd < 0)
		return errno;
	if (connect(fd, address, size) < 0)
		result = errno == EINPROGRESS || errno == EAGAIN ? wait_connected(fd, request, until_ms) : errno;
	if (result == 0 && fcntl(fd, F_SETFL, 0) < 0)
		result = errno;
	if (result != 0) {
		close(fd);
		return result;
	}
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
	if (address->sa_family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	*ret = fd;
	return 0;
}

static bool may_reach(const struct dial_request *request, bool named, const struct sockaddr *address)
{
	enum dial_judgement judgement = dial_judge(address);

	return judgement == DIAL_PUBLIC || (judgement == DIAL_PRIVATE && named && request->allow_private);
}

static int count_addresses(const struct addrinfo *found)
{
	int count = 0;

	for (; found && count < DIAL_ADDRESSES_MOST; found = found->ai_next)
		count++;
	return count;
}

/* Which address it is stays untold: whoever names hosts here would learn what our own names lead to. */
static int refuse_address(const struct dial_request *request, bool named, const struct sockaddr *address, struct error *e)
{
	if (!named)
		return error_set(e, ERROR_DENIED, "dial.refused",
		                 "may not connect to %s port %s: no setting names this host, and the address is not public",
		                 request->host, request->port);
	return error_set(e, ERROR_DENIED, "dial.refused", "may not connect to %s port %s: the address is not public%s", request->host,
	                 request->port,
	                 dial_judge(address) == DIAL_NEVER ? " and belongs to a kind that is never allowed"
	                                                   : "; the operator can let it be reached");
}

static int refuse_connection(const struct dial_request *request, const char *where, int why, struct error *e)
{
	if (why == ECANCELED)
		return error_set(e, ERROR_RETRY, "plugin.cancelled", "connecting to %s was stopped", request->host);
	return error_set(e, ERROR_RETRY, "dial.failed", "could not connect to %s port %s (%s): %s", request->host,
	                 request->port, where, why == ETIMEDOUT ? "no answer in time" : strerror(why));
}

/* Tries one address after the other, each with its share of the time; the error is that of the last one. */
static int connect_to_any(const struct dial_request *request, const struct addrinfo *found, int *ret, struct error *e)
{
	bool named = dial_is_named(request->places, request->host);
	int left = count_addresses(found), result = -1;

	error_set(e, ERROR_RETRY, "dial.failed", "could not look up %s: it has no address", request->host);
	for (; left > 0 && result < 0; found = found->ai_next, left--) {
		int64_t until_ms = clock_monotonic_ms() + clock_left_ms(request->deadline_ms) / left;
		char where[INET6_ADDRSTRLEN + 16] = "?";
		int why;

		getnameinfo(found->ai_addr, found->ai_addrlen, where, sizeof(where), NULL, 0, NI_NUMERICHOST);
		if (!may_reach(request, named, found->ai_addr)) {
			refuse_address(request, named, found->ai_addr, e);
			continue;
		}
		why = connect_to(request, found->ai_addr, found->ai_addrlen, until_ms, ret);
		if (why == 0)
			result = 0;
		else
			refuse_connection(request, where, why, e);
		if (why == ECANCELED)
			break;
	}
	return result;
}

/* Our own socket would take us for the operator, and PostgreSQL for its user. Who listens is what the kernel says,
 * whatever links led there. */
static bool knows_us(int fd)
{
	struct sockaddr_un there = { 0 };
	struct ucred listener;
	socklen_t size = sizeof(there) - 1, listener_size = sizeof(listener);

	if (getpeername(fd, (struct sockaddr *)&there, &size) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &listener, &listener_size) < 0)
		return true;
	return listener.pid == getpid() || strstr(there.sun_path, "/.s.PGSQL.");
}

static int dial_path(const struct dial_request *request, int *ret, struct error *e)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int why, fd;

	if (!path_is_named(request->places, request->host) || !request->allow_private)
		return error_set(e, ERROR_DENIED, "dial.refused", "may not connect to the socket %s: %s", request->host,
		                 request->allow_private ? "no setting names it"
		                                        : "the operator can let this connection reach sockets of this machine");
	if (strlen(request->host) >= sizeof(address.sun_path))
		return error_set(e, ERROR_DENIED, "dial.refused", "may not connect to the socket %s: the path is too long",
		                 request->host);
	strcpy(address.sun_path, request->host);
	why = connect_to(request, (const struct sockaddr *)&address, sizeof(address), request->deadline_ms, &fd);
	if (why != 0)
		return error_set(e, ERROR_RETRY, "dial.failed", "could not connect to the socket %s: %s", request->host,
		                 strerror(why));
	if (!knows_us(fd))
		return *ret = fd, 0;
	close(fd);
	return error_set(e, ERROR_DENIED, "dial.refused",
	                 "may not connect to the socket %s: it is this service's own, or a database's", request->host);
}

int dial(const struct dial_request *request, int *ret, struct error *e)
{
	struct lookup *lookup;
	int result;

	if (!request->port)
		return dial_path(request, ret, e);
	if (strlen(request->host) >= sizeof(lookup->host) || request->host[0] == '\0')
		return error_set(e, ERROR_DENIED, "dial.refused", "may not connect to \"%.64s\": this is no host name",
		                 request->host);
	lookup = open_lookup(request);
	result = look_up(request, lookup, e);
	if (result == 0)
		result = connect_to_any(request, lookup->found, ret, e);
	leave_lookup(lookup);
	return result;
}
