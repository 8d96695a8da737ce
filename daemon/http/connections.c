/* A table by address, so that those of one address stand in one chain. */
#include "platform.h"

#include "http/connections.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CHAINS = 1024, DRAIN_STEP_MS = 20 };

struct connections {
	pthread_mutex_t lock;
	pthread_cond_t removed;
	size_t count, most, per_address_most;
	const struct networks *proxies;
	struct connection *chains[CHAINS];
};

struct connections *connections_open(int most, int per_address_most, const struct networks *proxies)
{
	struct connections *connections = calloc(1, sizeof(*connections));
	pthread_condattr_t monotonic;

	if (!connections)
		abort(); /* out of memory ends the process, as everywhere */
	connections->most = (size_t)most;
	connections->per_address_most = (size_t)per_address_most;
	connections->proxies = proxies;
	pthread_mutex_init(&connections->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&connections->removed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return connections;
}

void connections_close(struct connections **connections)
{
	if (!*connections)
		return;
	pthread_cond_destroy(&(*connections)->removed);
	pthread_mutex_destroy(&(*connections)->lock);
	free(*connections);
	*connections = NULL;
}

/* Whoever has one IPv6 address has all 2^64 of its network. */
static size_t counted_bytes(const struct address *address)
{
	return address_is_v4(address) ? sizeof(address->bytes) : sizeof(address->bytes) / 2;
}

static size_t place_of(const struct address *address)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < counted_bytes(address); i++)
		hash = (hash ^ address->bytes[i]) * 16777619u;
	return hash % CHAINS;
}

static bool is_counted_by_address(const struct connections *connections, const struct connection *connection)
{
	return !connection->over_unix_socket && !networks_hold(connections->proxies, &connection->address);
}

static size_t count_of_address(const struct connections *connections, const struct connection *connection)
{
	size_t count = 0;

	for (struct connection *at = connections->chains[connection->place]; at; at = at->next)
		count += !at->over_unix_socket &&
			 memcmp(&at->address, &connection->address, counted_bytes(&connection->address)) == 0;
	return count;
}

static bool is_too_many(const struct connections *connections, const struct connection *connection)
{
	return connections->count >= connections->most ||
	       (is_counted_by_address(connections, connection) &&
		count_of_address(connections, connection) >= connections->per_address_most);
}

static void put_in(struct connections *connections, struct connection *connection)
{
	connection->link = &connections->chains[connection->place];
	connection->next = *connection->link;
	if (connection->next)
		connection->next->link = &connection->next;
	*connection->link = connection;
	connections->count++;
}

/* Nobody, if the system does not say: calloc's zero would be root. */
static void ask_peer(struct connection *connection)
{
	struct ucred peer = { .pid = -1, .uid = (uid_t)-1, .gid = (gid_t)-1 };
	socklen_t size = sizeof(peer);

	getsockopt(connection->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
	connection->peer_uid = peer.uid;
	connection->peer_gid = peer.gid;
	connection->peer_pid = peer.pid;
}

static struct connection *describe(int fd, const struct sockaddr *from)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (!connection)
		abort();
	connection->fd = fd;
	connection->since_ms = clock_monotonic_ms();
	connection->over_unix_socket = address_from_socket(from, &connection->address) < 0;
	if (connection->over_unix_socket)
		ask_peer(connection);
	connection->place = place_of(&connection->address);
	return connection;
}

struct connection *connections_add(struct connections *connections, int fd, const struct sockaddr *from)
{
	struct connection *connection = describe(fd, from);
	bool too_many;

	pthread_mutex_lock(&connections->lock);
	metric_add(METRIC_HTTP_CONNECTIONS, NO_LABELS, 1);
	too_many = is_too_many(connections, connection);
	if (too_many)
		shutdown(fd, SHUT_RDWR);
	put_in(connections, connection);
	pthread_mutex_unlock(&connections->lock);

	if (too_many) {
		metric_add(METRIC_HTTP_REFUSED, LABELS("connections"), 1);
		log_debug(NULL, "http: a connection was closed: as many as may be are open");
	}
	return connection;
}

void connections_remove(struct connections *connections, struct connection *connection)
{
	metric_add(METRIC_HTTP_CONNECTIONS, NO_LABELS, -1);
	pthread_mutex_lock(&connections->lock);
	*connection->link = connection->next;
	if (connection->next)
		connection->next->link = connection->link;
	connections->count--;
	pthread_cond_signal(&connections->removed);
	pthread_mutex_unlock(&connections->lock);
	free(connection);
}

/* The time first, so that nobody takes an old time for that of the new state. */
void connections_set(struct connection *connection, enum connection_state state)
{
	connection->since_ms = clock_monotonic_ms();
	connection->state = state;
}

static void end_older(struct connections *connections, int64_t since_ms)
{
	pthread_mutex_lock(&connections->lock);
	for (size_t i = 0; i < CHAINS; i++)
		for (struct connection *at = connections->chains[i]; at; at = at->next)
			if (at->state != CONNECTION_ANSWERING && at->since_ms <= since_ms)
				shutdown(at->fd, SHUT_RDWR);
	pthread_mutex_unlock(&connections->lock);
}

void connections_end_slow(struct connections *connections, int64_t most_ms)
{
	end_older(connections, clock_monotonic_ms() - most_ms);
}

void connections_end_unanswered(struct connections *connections)
{
	end_older(connections, INT64_MAX);
}

/* Who has only just connected is about to ask. */
static bool is_over(const struct connection *at, int64_t now_ms)
{
	return at->state == CONNECTION_IDLE ||
	       (at->state == CONNECTION_FRESH && at->since_ms + CONNECTIONS_FRESH_MS <= now_ms);
}

/* Reading alone is shut: what has come in already can still be read, and be answered. */
static void close_idle(struct connections *connections)
{
	int64_t now_ms = clock_monotonic_ms();

	for (size_t i = 0; i < CHAINS; i++)
		for (struct connection *at = connections->chains[i]; at; at = at->next)
			if (is_over(at, now_ms))
				shutdown(at->fd, SHUT_RD);
}

static struct timespec in_ms(int64_t ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_nsec += ms * 1000000;
	at.tv_sec += at.tv_nsec / 1000000000;
	at.tv_nsec %= 1000000000;
	return at;
}

void connections_drain(struct connections *connections, int64_t deadline_ms)
{
	pthread_mutex_lock(&connections->lock);
	while (connections->count > 0 && clock_left_ms(deadline_ms) > 0) {
		struct timespec next = in_ms(DRAIN_STEP_MS);

		close_idle(connections);
		pthread_cond_timedwait(&connections->removed, &connections->lock, &next);
	}
	pthread_mutex_unlock(&connections->lock);
}
