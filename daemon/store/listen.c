/* Hears NOTIFY: one connection of its own that waits, and connects again when it is lost. */
#include "store/listen.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/text.h"
#include "store/connection.h"
#include "store/param.h"

enum {
	RETRY_FIRST_MS = 100,
	RETRY_MOST_MS = 5000,
	PROBE_MS = 30000, /* after so much silence we ask whether the server is still there */
	STATEMENT_MOST = 160,
};

struct listener {
	struct store *store;
	enum store_role role;
	const char *const *channels;
	struct connection *connection; /* NULL: lost, or not yet made */
	int wake;                      /* an eventfd */
	bool gap;                      /* something may have been missed, and nobody was told yet */
	bool complained;
	int retry_ms;
	int64_t retry_at, probe_at;
	struct log log;
};

int listen_open(struct store *store, enum store_role role, const char *const *channels, struct listener **ret,
                struct error *e)
{
	int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (wake < 0)
		return error_set(e, ERROR_INTERNAL, "listen.open", "no descriptor is left: %s", strerror(errno));

	struct listener *l = calloc(1, sizeof *l);
	if (!l)
		abort();
	*l = (struct listener){ store, role, channels, .wake = wake, .retry_ms = RETRY_FIRST_MS };
	log_subject(&l->log, NULL, "store/listen");
	*ret = l;
	return 0;
}

void listen_close(struct listener **listener)
{
	if (!*listener)
		return;
	connection_close(&(*listener)->connection);
	close((*listener)->wake);
	free(*listener);
	*listener = NULL;
}

void listen_wake(struct listener *listener)
{
	uint64_t one = 1;

	while (write(listener->wake, &one, sizeof one) < 0 && errno == EINTR)
		continue;
}

/* ---- being connected ---- */

static int subscribe(struct connection *c, const char *channel, struct error *e)
{
	char sql[STATEMENT_MOST];
	PGresult *result;
	char *quoted = PQescapeIdentifier(connection_libpq(c), channel, strlen(channel));

	if (!quoted)
		return error_set(e, ERROR_INTERNAL, "listen.channel",
		                 "\"%s\" cannot be the name of a channel", channel);
	snprintf(sql, sizeof sql, "LISTEN %s", quoted);
	PQfreemem(quoted);
	if (connection_plain(c, "listen", sql, &result, e) < 0)
		return -1;
	PQclear(result);
	return connection_more(c, &result, e);
}

static int subscribe_all(const struct listener *l, struct connection *c, struct error *e)
{
	for (const char *const *channel = l->channels; *channel; channel++)
		if (subscribe(c, *channel, e) < 0)
			return -1;
	return 0;
}

static int connect_once(struct listener *l, struct error *e)
{
	struct connection *c;

	if (pool_connect_past(l->store, l->role, &c, e) < 0)
		return -1;
	if (subscribe_all(l, c, e) < 0) {
		connection_close(&c);
		return -1;
	}
	l->connection = c;
	return 0;
}

static void lose(struct listener *l, const struct error *why)
{
	connection_close(&l->connection);
	if (!l->complained)
		log_failure(&l->log, LOG_LEVEL_WARNING, "notices from the database do not arrive", why);
	l->complained = true;
	l->retry_at = clock_monotonic_ms() + l->retry_ms;
	l->retry_ms = l->retry_ms * 2 < RETRY_MOST_MS ? l->retry_ms * 2 : RETRY_MOST_MS;
}

static void heard(struct listener *l)
{
	l->probe_at = clock_monotonic_ms() + PROBE_MS;
}

static void try_connect(struct listener *l)
{
	struct error e = { 0 };

	if (clock_monotonic_ms() < l->retry_at)
		return;
	if (connect_once(l, &e) < 0) {
		metric_add(METRIC_DATABASE_LISTEN, LABELS("failed"), 1);
		lose(l, &e);
		return;
	}
	metric_add(METRIC_DATABASE_LISTEN, LABELS("done"), 1);
	if (l->complained)
		log_note(&l->log, "notices from the database arrive again");
	l->complained = false;
	l->retry_ms = RETRY_FIRST_MS;
	l->gap = true;
	heard(l);
}

static void probe(struct listener *l)
{
	struct error e = { 0 };

	if (clock_monotonic_ms() < l->probe_at)
		return;
	if (connection_ping(l->connection, &e) < 0)
		lose(l, &e);
	else
		heard(l);
}

static void keep_connected(struct listener *l)
{
	if (l->connection)
		probe(l);
	else
		try_connect(l);
}

/* ---- asking ---- */

static int ask(struct listener *l, const struct statement *statement, PGresult **ret, struct error *e)
{
	PGresult *result;

	if (connection_send(l->connection, statement, false, e) < 0 || connection_receive(l->connection, &result, e) < 0)
		return -1;
	if (connection_settle(l->connection, e) < 0) {
		PQclear(result);
		return -1;
	}
	*ret = result;
	return 0;
}

static void take_row(const PGresult *result, struct arena *arena, const char **ret, size_t count)
{
	bool has_row = PQntuples(result) == 1;

	for (size_t i = 0; i < count; i++)
		ret[i] = has_row && (int)i < PQnfields(result) && !PQgetisnull(result, 0, (int)i)
		                 ? arena_text_n(arena, PQgetvalue(result, 0, (int)i), (size_t)PQgetlength(result, 0, (int)i))
		                 : NULL;
}

int listen_ask(struct listener *listener, const char *name, const char *sql, const char *const *values, size_t count, struct arena *arena,
               const char **ret, size_t ret_count, struct error *e)
{
	struct param *params = arena_array(arena, count, sizeof(*params));
	struct statement statement = { .name = name, .sql = sql };
	PGresult *result;

	if (!listener->connection)
		return error_set(e, ERROR_RETRY, "listen.away", "there is no connection that listens just now");
	for (size_t i = 0; i < count; i++)
		params[i] = P_TEXT(values[i]);
	if (param_bind(params, count, arena, &statement, e) < 0)
		return -1;
	connection_patience(listener->connection, LISTEN_ASK_MS);
	if (ask(listener, &statement, &result, e) < 0) {
		lose(listener, e);
		return -1;
	}
	take_row(result, arena, ret, ret_count);
	PQclear(result);
	heard(listener);
	return 0;
}

void listen_renew(struct listener *listener)
{
	struct error e;

	error_set(&e, ERROR_RETRY, "listen.deaf", "what was notified on the connection itself has not come back");
	if (listener->connection)
		lose(listener, &e);
}

/* ---- waiting ---- */

static bool take_notice(struct listener *l, struct notice *ret)
{
	PGnotify *notify = l->connection ? PQnotifies(connection_libpq(l->connection)) : NULL;

	if (!notify)
		return false;
	snprintf(ret->channel, sizeof ret->channel, "%s", notify->relname);
	snprintf(ret->payload, sizeof ret->payload, "%s",
	         strlen(notify->extra) < sizeof ret->payload ? notify->extra : "");
	PQfreemem(notify);
	return true;
}

static bool take_gap(struct listener *l, struct notice *ret)
{
	if (!l->gap)
		return false;
	l->gap = false;
	*ret = (struct notice){ 0 };
	return true;
}

static void read_socket(struct listener *l)
{
	struct error e = { 0 };

	if (connection_alive(l->connection)) {
		heard(l);
		return;
	}
	connection_lost(l->connection, &e);
	lose(l, &e);
}

static bool woken(struct listener *l)
{
	uint64_t count;

	return read(l->wake, &count, sizeof count) == sizeof count;
}

/* Until something comes, the deadline is there, or it is time to connect again or to probe. */
static void wait_for_something(struct listener *l, int64_t deadline)
{
	struct pollfd fds[2] = { { l->wake, POLLIN, 0 },
		                 { l->connection ? PQsocket(connection_libpq(l->connection)) : -1, POLLIN, 0 } };
	int64_t next = l->connection ? l->probe_at : l->retry_at;

	if (poll(fds, 2, clock_left_ms(next < deadline ? next : deadline)) > 0 && fds[1].revents)
		read_socket(l);
}

int listen_wait(struct listener *listener, int timeout_ms, struct notice *ret)
{
	int64_t deadline = clock_monotonic_ms() + timeout_ms;

	for (;;) {
		keep_connected(listener);
		if (take_gap(listener, ret) || take_notice(listener, ret))
			return 1;
		wait_for_something(listener, deadline);
		if (woken(listener))
			return 0;
		if (clock_left_ms(deadline) == 0)
			return take_notice(listener, ret);
	}
}
