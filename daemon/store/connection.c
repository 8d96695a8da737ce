/* One connection to PostgreSQL: a pipeline of statements, and no wait without an end. */
#include "store/connection.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/metric.h"
#include "base/secret.h"
#include "base/text.h"
#include "store/sqlstate.h"

enum {
	PREPARED_FIRST = 64, /* places in the table of prepared statements at first; a power of two */
	EXPECTED_FIRST = 16,
	OPTIONS_MOST = 256,
	LIMITS_MOST = 256,
	PUT_CHUNK = 64 << 10, /* libpq copies what it is given: in pieces, so that the copy stays small */
	LOST_WAIT_MS = 200,
};

/* A statement that the server knows, or will know when what is on the way arrives. */
struct prepared {
	const char *name, *sql; /* NULL: a free place */
	bool known;
	Oid *types;
	int count;
};

enum expectation { EXPECT_PARSE, EXPECT_QUIET, EXPECT_HEARD, EXPECT_SYNC };

struct expected {
	enum expectation what;
	const char *name;
};

struct connection {
	PGconn *pg;
	struct arena *scratch;
	int64_t opened_ms; /* of clock_monotonic_ms */
	int patience_ms, usual_ms;
	const int *hurry;
	bool may_be_cut, cut; /* its statements may take long and be cut short; the one that is waited for was */
	bool dead, frozen, stale, unprepared;
	char limits[LIMITS_MOST]; /* "": the session has them */

	struct expected *expected; /* what was sent and not yet answered: [first, beyond) */
	size_t first, beyond, size;
	bool unsynced; /* something was queued since the last point of synchronisation */

	struct prepared *prepared; /* open addressing by name */
	size_t prepared_count, prepared_size;

	bool failed; /* a statement of the part of the pipeline that is being read has failed ... */
	struct error failure; /* ... and this is what the ones behind it are told */
	struct complaint complaint;
};

static void *grown(void *memory, size_t count, size_t size)
{
	void *more = reallocarray(memory, count, size);

	if (!more)
		abort();
	return more;
}

/* ---- opening and closing ---- */

static void hear_nothing(void *context, const PGresult *notice)
{
	(void)context;
	(void)notice;
}

/* The same for one transaction, where a pooler gives us any session of its own. */
static void describe_transaction(const struct connection_options *options, char ret[LIMITS_MOST])
{
	snprintf(ret, LIMITS_MOST,
	         "SELECT set_config('statement_timeout', '%d', true), set_config('lock_timeout', '%d', true), "
	         "set_config('idle_in_transaction_session_timeout', '%d', true), set_config('jit', 'off', true)",
	         options->statement_timeout_ms, options->lock_timeout_ms, options->idle_timeout_ms);
}

static void describe_session(const struct connection_options *options, char ret[OPTIONS_MOST])
{
	snprintf(ret, OPTIONS_MOST,
	         "-c statement_timeout=%d -c lock_timeout=%d -c idle_in_transaction_session_timeout=%d -c jit=off",
	         options->statement_timeout_ms, options->lock_timeout_ms, options->idle_timeout_ms);
}

/* Blocks within libpq, which knows how to try several hosts; its own limit is per host and in whole seconds,
 * at least two. */
static PGconn *dial(const struct connection_options *o)
{
	char session[OPTIONS_MOST], connect_s[16], silence_ms[16];
	const char *const settings[][2] = {
		{ "dbname", o->conninfo }, /* the first one is taken apart; what follows overrides it */
		{ "user", o->user },
		{ "password", o->password ? secret_text(o->password) : NULL },
		{ "application_name", o->application },
		{ "options", o->bare ? NULL : session }, /* PgBouncer refuses it, or drops it in silence */
		{ "client_encoding", "UTF8" },
		{ "connect_timeout", connect_s },
		{ "tcp_user_timeout", silence_ms },
		{ "keepalives_idle", "30" },
		{ "keepalives_interval", "10" },
		{ "keepalives_count", "3" },
	};
	const char *keywords[ARRAY_COUNT(settings) + 1] = { 0 }, *values[ARRAY_COUNT(settings) + 1] = { 0 };

	describe_session(o, session);
	snprintf(connect_s, sizeof connect_s, "%d", (o->connect_timeout_ms + 999) / 1000);
	snprintf(silence_ms, sizeof silence_ms, "%d", o->statement_timeout_ms + CONNECTION_MARGIN_MS);
	for (size_t i = 0; i < ARRAY_COUNT(settings); i++) {
		keywords[i] = settings[i][0];
		values[i] = settings[i][1];
	}
	return PQconnectdbParams(keywords, values, 1);
}

static struct connection *connection_new(PGconn *pg, const struct connection_options *options)
{
	struct connection *c = grown(NULL, 1, sizeof *c);

	*c = (struct connection){ .pg = pg, .scratch = arena_open("store.connection"), .opened_ms = clock_monotonic_ms() };
	c->usual_ms = c->patience_ms = options->statement_timeout_ms;
	c->hurry = options->hurry;
	c->unprepared = options->unprepared;
	if (options->bare)
		describe_transaction(options, c->limits);
	c->prepared_size = PREPARED_FIRST;
	c->prepared = grown(NULL, c->prepared_size, sizeof *c->prepared);
	memset(c->prepared, 0, c->prepared_size * sizeof *c->prepared);
	return c;
}

/* libpq's messages are several lines, with a line break at their end. */
static int one_line(const char *message)
{
	return (int)strcspn(message, "\n");
}

int connection_open(const struct connection_options *options, struct connection **ret, struct error *e)
{
	PGconn *pg = dial(options);

	if (!pg)
		abort();
	if (PQstatus(pg) != CONNECTION_OK || PQsetnonblocking(pg, 1) < 0 || !PQenterPipelineMode(pg)) {
		error_set(e, ERROR_RETRY, "store.down", "the database cannot be reached");
		error_detail(e, "role \"%s\": %.*s", options->user, one_line(PQerrorMessage(pg)),
		             PQerrorMessage(pg));
		if (e)
			e->wait_ms = LOST_WAIT_MS;
		PQfinish(pg);
		metric_add(METRIC_DATABASE_CONNECTS, LABELS("failed"), 1);
		return -1;
	}
	metric_add(METRIC_DATABASE_CONNECTS, LABELS("done"), 1);
	PQsetNoticeReceiver(pg, hear_nothing, NULL);
	*ret = connection_new(pg, options);
	return 0;
}

void connection_close(struct connection **connection)
{
	struct connection *c = *connection;

	*connection = NULL;
	if (!c)
		return;
	PQfinish(c->pg);
	arena_close(&c->scratch);
	for (size_t i = 0; i < c->prepared_size; i++)
		free(c->prepared[i].types);
	free(c->prepared);
	free(c->expected);
	free(c);
}

/* ---- what became of it ---- */

static void bury(struct connection *c)
{
	if (!c->dead)
		metric_add(METRIC_DATABASE_LOST, NO_LABELS, 1);
	c->dead = true;
}

int connection_lost(struct connection *c, struct error *e)
{
	const char *why = PQerrorMessage(c->pg);

	bury(c);
	c->unsynced = false;
	c->first = c->beyond = 0;
	error_set(e, ERROR_RETRY, "store.lost", "the connection to the database was lost");
	if (e)
		e->wait_ms = LOST_WAIT_MS;
	return error_detail(e, "%.*s", one_line(why), why);
}

static int frozen(struct connection *c, struct error *e)
{
	c->frozen = true;
	connection_lost(c, e);
	return error_detail(e, "no answer within %d ms", c->patience_ms + CONNECTION_MARGIN_MS);
}

bool connection_dead(const struct connection *c)
{
	return c->dead;
}

bool connection_renewable(const struct connection *c)
{
	return (c->dead || c->stale) && !c->frozen;
}

int64_t connection_opened_ms(const struct connection *c)
{
	return c->opened_ms;
}

static bool readable(const struct connection *c)
{
	struct pollfd fd = { PQsocket(c->pg), POLLIN, 0 };

	return poll(&fd, 1, 0) > 0;
}

bool connection_alive(struct connection *c)
{
	while (!c->dead && readable(c))
		if (!PQconsumeInput(c->pg) || PQstatus(c->pg) != CONNECTION_OK)
			bury(c);
	return !c->dead;
}

bool connection_good(const struct connection *c)
{
	return !c->dead && !c->stale;
}

bool connection_usable(struct connection *c)
{
	return connection_alive(c) && !c->stale;
}

const char *connection_limits(const struct connection *c)
{
	return *c->limits ? c->limits : NULL;
}

void connection_patience(struct connection *c, int statement_timeout_ms)
{
	c->patience_ms = statement_timeout_ms ? statement_timeout_ms : c->usual_ms;
	c->may_be_cut = statement_timeout_ms > 0;
	c->cut = false;
}

void connection_to_the_end(struct connection *c)
{
	c->may_be_cut = false;
}

bool connection_hurried(const int *hurry)
{
	struct pollfd fd = { *hurry, POLLIN, 0 };

	return poll(&fd, 1, 0) > 0;
}

int connection_no_time(struct error *e)
{
	return error_set(e, ERROR_RETRY, "store.ending",
			 "the daemon ends and has no time for what may take long; nothing was saved");
}

struct arena *connection_scratch(struct connection *c)
{
	return c->scratch;
}

const struct complaint *connection_complaint(const struct connection *c)
{
	return &c->complaint;
}

PGconn *connection_libpq(struct connection *c)
{
	return c->pg;
}

/* ---- errors ---- */

static const char *field(const PGresult *result, int code)
{
	const char *text = PQresultErrorField(result, code);

	return text ? text : "";
}

/* The server's function is told apart from its message, which may be in any language. */
static bool is_stale(const PGresult *result, const char *state)
{
	return text_equal(state, "26000") || text_equal(state, "42P05") ||
	       (text_equal(state, "0A000") &&
	        text_equal(field(result, PG_DIAG_SOURCE_FUNCTION), "RevalidateCachedQuery"));
}

static bool ends_session(const PGresult *result)
{
	const char *severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED);

	return text_equal(severity, "FATAL") || text_equal(severity, "PANIC");
}

static void note_complaint(struct connection *c, const PGresult *result, const char *message)
{
	snprintf(c->complaint.constraint, sizeof c->complaint.constraint, "%s",
	         field(result, PG_DIAG_CONSTRAINT_NAME));
	snprintf(c->complaint.message, sizeof c->complaint.message, "%s", message);
	c->complaint.position = atoi(field(result, PG_DIAG_STATEMENT_POSITION));
}

/* By its class, which is as much as can be told without a bound that grows. */
static void count_refused(const char *state)
{
	char class[] = { state[0], state[1], '\0' };

	metric_add(METRIC_DATABASE_ERRORS, LABELS(class), 1);
}

/* DETAIL, HINT and CONTEXT are left out: they hold values. */
static int refused(struct connection *c, const char *name, const PGresult *result, struct error *e)
{
	const char *state = field(result, PG_DIAG_SQLSTATE);
	const char *message = sqlstate_quotes_values(state) ? "" : field(result, PG_DIAG_MESSAGE_PRIMARY);

	if (!*state)
		return connection_lost(c, e);
	note_complaint(c, result, message);
	count_refused(state);
	sqlstate_error(state, e);
	if (is_stale(result, state)) {
		c->stale = true;
		error_set(e, ERROR_RETRY, "store.stale", "the database's tables have just been changed");
	}
	if (c->cut && text_equal(state, "57014"))
		connection_no_time(e);
	if (ends_session(result)) {
		bury(c);
		c->first = c->beyond = 0;
	}
	return error_detail(e, "statement \"%s\": %s %s", name, state, message);
}

static bool is_good(const PGresult *result)
{
	switch (PQresultStatus(result)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
	case PGRES_EMPTY_QUERY:
	case PGRES_COPY_IN:
	case PGRES_PIPELINE_SYNC:
		return true;
	default:
		return false;
	}
}

/* ---- waiting ---- */

/* 1: the socket is ready in one of the ways asked for. 0: time is over. -1: it is broken. */
static int wait_for(struct connection *c, short events, int64_t deadline)
{
	struct pollfd fd = { PQsocket(c->pg), events, 0 };
	int ready;

	do
		ready = poll(&fd, 1, clock_left_ms(deadline));
	while (ready < 0 && errno == EINTR);
	if (ready > 0 && (fd.revents & (POLLIN | POLLERR | POLLHUP)) && !PQconsumeInput(c->pg))
		return -1;
	return ready;
}

/* Asks the server to cancel what it does for us. Goes by a connection of its own, as libpq makes it: without TLS, and with the
 * key of this session alone. What comes of it shows in the result that is waited for. */
static void cancel(struct connection *c)
{
	char why[256];
	PGcancel *ours = PQgetCancel(c->pg);

	if (ours)
		PQcancel(ours, why, sizeof why);
	PQfreeCancel(ours);
	c->cut = true;
}

/* The next moment at which await looks again: for an answer, or whether it is to be cut short. */
static int64_t next_look(const struct connection *c, int64_t deadline)
{
	int64_t soon = clock_monotonic_ms() + CONNECTION_CANCEL_EVERY_MS;

	return c->may_be_cut && soon < deadline ? soon : deadline;
}

/* Until the next result can be taken without waiting; sends and reads at the same time, so that neither side
 * can block. */
static int await(struct connection *c, struct error *e)
{
	int64_t deadline = clock_monotonic_ms() + c->patience_ms + CONNECTION_MARGIN_MS;

	for (;;) {
		int unsent = PQflush(c->pg);

		if (!PQisBusy(c->pg))
			return 0;
		if (unsent < 0)
			return connection_lost(c, e);

		int ready = wait_for(c, unsent ? POLLIN | POLLOUT : POLLIN, next_look(c, deadline));
		if (ready < 0 && PQisBusy(c->pg))
			return connection_lost(c, e);
		if (ready != 0)
			continue;
		if (clock_left_ms(deadline) == 0)
			return frozen(c, e);
		if (!connection_hurried(c->hurry))
			continue;
		if (!c->cut)
			deadline = clock_monotonic_ms() + CONNECTION_CANCEL_MOST_MS;
		cancel(c);
	}
}

bool connection_arrived(struct connection *c, int wait_ms)
{
	int64_t deadline = clock_monotonic_ms() + wait_ms;

	if (c->dead || (c->unsynced && connection_sync(c, NULL) < 0))
		return true;
	for (;;) {
		int unsent = PQflush(c->pg), ready;

		if (unsent < 0 || !PQisBusy(c->pg))
			return true;
		ready = wait_for(c, unsent ? POLLIN | POLLOUT : POLLIN, deadline);
		if (ready < 0)
			return true;
		if (ready == 0)
			return false;
	}
}

/* ---- prepared statements ---- */

static size_t place_of(const struct connection *c, const char *name)
{
	size_t hash = 14695981039346656037u;

	for (const char *p = name; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 1099511628211u;

	size_t place = hash & (c->prepared_size - 1);
	while (c->prepared[place].name && strcmp(c->prepared[place].name, name) != 0)
		place = (place + 1) & (c->prepared_size - 1);
	return place;
}

static void widen_prepared(struct connection *c)
{
	struct prepared *old = c->prepared;
	size_t old_size = c->prepared_size;

	c->prepared_size *= 2;
	c->prepared = grown(NULL, c->prepared_size, sizeof *c->prepared);
	memset(c->prepared, 0, c->prepared_size * sizeof *c->prepared);
	for (size_t i = 0; i < old_size; i++)
		if (old[i].name)
			c->prepared[place_of(c, old[i].name)] = old[i];
	free(old);
}

static struct prepared *find_prepared(struct connection *c, const char *name)
{
	if (2 * (c->prepared_count + 1) > c->prepared_size)
		widen_prepared(c);
	return &c->prepared[place_of(c, name)];
}

/* The plan was made for these types; other ones would be read as something else. */
static int check_same(const struct prepared *p, const struct statement *s, struct error *e)
{
	if (p->sql != s->sql && strcmp(p->sql, s->sql) != 0)
		return error_set(e, ERROR_INTERNAL, "query.name", "two statements are called \"%s\"", s->name);
	if (p->count != s->count)
		return error_set(e, ERROR_INTERNAL, "query.params", "statement \"%s\" had %d parameters, now %d",
		                 s->name, p->count, s->count);
	for (int i = 0; i < s->count; i++)
		if (s->values[i] && p->types[i] != s->types[i])
			return error_set(e, ERROR_INTERNAL, "query.params",
			                 "parameter %d of statement \"%s\" had another type before", i + 1,
			                 s->name);
	return 0;
}

static void remember_prepared(struct connection *c, struct prepared *p, const struct statement *s)
{
	size_t size = (size_t)s->count * sizeof *s->types;

	if (!p->name)
		c->prepared_count++;
	p->name = s->name;
	p->sql = s->sql;
	p->known = true;
	p->count = s->count;
	p->types = grown(p->types, size ? size : 1, 1);
	if (size)
		memcpy(p->types, s->types, size);
}

/* ---- the pipeline ---- */

static void expect(struct connection *c, enum expectation what, const char *name)
{
	if (c->first == c->beyond)
		c->first = c->beyond = 0;
	if (c->beyond == c->size) {
		c->size = c->size ? 2 * c->size : EXPECTED_FIRST;
		c->expected = grown(c->expected, c->size, sizeof *c->expected);
	}
	c->expected[c->beyond++] = (struct expected){ what, name };
}

static int send_parse(struct connection *c, const struct statement *s, struct error *e)
{
	struct prepared *p = find_prepared(c, s->name);

	if (p->name && p->known)
		return check_same(p, s, e);
	if (!PQsendPrepare(c->pg, s->name, s->sql, s->count, s->types))
		return connection_lost(c, e);
	remember_prepared(c, p, s);
	expect(c, EXPECT_PARSE, s->name);
	return 0;
}

static int send_values(struct connection *c, const struct statement *s)
{
	if (s->once || c->unprepared)
		return PQsendQueryParams(c->pg, s->sql, s->count, s->types, s->values, s->sizes, s->formats, 1);
	return PQsendQueryPrepared(c->pg, s->name, s->count, s->values, s->sizes, s->formats, 1);
}

int connection_send(struct connection *c, const struct statement *s, bool quiet, struct error *e)
{
	int result = 0;

	if (c->dead)
		return connection_lost(c, e);
	if (!s->once && !c->unprepared)
		result = send_parse(c, s, e);
	if (result == 0 && !send_values(c, s))
		result = connection_lost(c, e);
	if (result == 0) {
		expect(c, quiet ? EXPECT_QUIET : EXPECT_HEARD, s->name);
		c->unsynced = true;
	}
	arena_reset(c->scratch);
	return result;
}

int connection_sync(struct connection *c, struct error *e)
{
	if (!PQpipelineSync(c->pg))
		return connection_lost(c, e);
	c->unsynced = false;
	expect(c, EXPECT_SYNC, "sync");
	return 0;
}

bool connection_flushed(struct connection *c)
{
	return !c->dead && PQflush(c->pg) == 0;
}

/* A result, and the NULL that ends each but the one of a point of synchronisation. */
static int take(struct connection *c, enum expectation what, PGresult **ret, struct error *e)
{
	if (await(c, e) < 0)
		return -1;

	PGresult *result = PQgetResult(c->pg);
	if (!result)
		return connection_lost(c, e);
	if (what != EXPECT_SYNC && PQstatus(c->pg) == CONNECTION_OK) {
		if (await(c, e) < 0) {
			PQclear(result);
			return -1;
		}
		PQclear(PQgetResult(c->pg));
	}
	*ret = result;
	return 0;
}

/* A statement behind a failed one was not run; it is told why. */
static int note_failure(struct connection *c, const struct expected *x, const PGresult *result)
{
	if (x->what == EXPECT_PARSE)
		find_prepared(c, x->name)->known = false;
	if (!c->failed && PQresultStatus(result) != PGRES_PIPELINE_ABORTED)
		refused(c, x->name, result, &c->failure);
	c->failed = true;
	return -1;
}

/* One step through what is expected. 1: a result that was asked for. 0: another one. -1: it failed; e tells why. */
static int step(struct connection *c, PGresult **ret, struct error *e)
{
	struct expected x = c->expected[c->first];
	PGresult *result = NULL;

	if (take(c, x.what, &result, e) < 0)
		return -1;
	c->first++;
	if (!is_good(result)) {
		note_failure(c, &x, result);
		PQclear(result);
		if (e)
			*e = c->failure;
		return x.what == EXPECT_HEARD || c->dead ? -1 : 0;
	}
	if (x.what == EXPECT_SYNC)
		c->failed = false;
	if (x.what != EXPECT_HEARD) {
		PQclear(result);
		return 0;
	}
	*ret = result;
	return 1;
}

int connection_receive(struct connection *c, PGresult **ret, struct error *e)
{
	int stepped = 0;

	c->complaint = (struct complaint){ 0 };
	if (c->dead)
		return connection_lost(c, e);
	if (c->unsynced && connection_sync(c, e) < 0)
		return -1;
	while (stepped == 0) {
		if (c->first == c->beyond)
			return error_set(e, ERROR_INTERNAL, "query.unsent", "no statement is on the way");
		stepped = step(c, ret, e);
	}
	return stepped < 0 ? -1 : 0;
}

int connection_settle(struct connection *c, struct error *e)
{
	int result = c->unsynced ? connection_sync(c, e) : 0;

	while (!c->dead && c->first < c->beyond) {
		PGresult *unwanted;
		int stepped = step(c, &unwanted, e);

		if (stepped > 0)
			PQclear(unwanted);
		if (stepped < 0 || c->failed)
			result = -1;
	}
	return c->dead ? -1 : result;
}

int connection_ping(struct connection *c, struct error *e)
{
	static const struct statement ping = { .name = "store.ping", .sql = "SELECT 1" };
	PGresult *result;

	if (connection_send(c, &ping, false, e) < 0 || connection_receive(c, &result, e) < 0)
		return -1;
	PQclear(result);
	return connection_settle(c, e);
}

/* ---- outside the pipeline ---- */

int connection_plain(struct connection *c, const char *name, const char *sql, PGresult **ret, struct error *e)
{
	if (connection_settle(c, e) < 0)
		return -1;
	if (!PQexitPipelineMode(c->pg) || !PQsendQuery(c->pg, sql))
		return connection_lost(c, e);
	c->complaint = (struct complaint){ 0 };
	expect(c, EXPECT_HEARD, name);
	return connection_more(c, ret, e);
}

static int back_to_pipeline(struct connection *c, struct error *e)
{
	c->first = c->beyond = 0;
	return PQenterPipelineMode(c->pg) ? 0 : connection_lost(c, e);
}

int connection_more(struct connection *c, PGresult **ret, struct error *e)
{
	if (await(c, e) < 0)
		return -1;

	PGresult *result = PQgetResult(c->pg);
	if (result && is_good(result)) {
		*ret = result;
		return 0;
	}
	if (!result) {
		*ret = NULL;
		return back_to_pipeline(c, e);
	}
	refused(c, c->expected[c->first].name, result, e);
	PQclear(result);
	while (!c->dead && await(c, NULL) == 0 && (result = PQgetResult(c->pg)))
		PQclear(result);
	if (!c->dead)
		back_to_pipeline(c, NULL);
	return -1;
}

static int await_room(struct connection *c, struct error *e)
{
	int64_t deadline = clock_monotonic_ms() + c->patience_ms + CONNECTION_MARGIN_MS;
	int ready = wait_for(c, POLLIN | POLLOUT, deadline);

	if (ready == 0)
		return frozen(c, e);
	return ready < 0 || PQflush(c->pg) < 0 ? connection_lost(c, e) : 0;
}

int connection_put(struct connection *c, const char *bytes, size_t size, struct error *e)
{
	while (size > 0) {
		int chunk = size < PUT_CHUNK ? (int)size : PUT_CHUNK;
		int put = PQputCopyData(c->pg, bytes, chunk);

		if (put < 0)
			return connection_lost(c, e);
		if (put == 0) {
			if (await_room(c, e) < 0)
				return -1;
			continue;
		}
		bytes += chunk;
		size -= (size_t)chunk;
	}
	return 0;
}

int connection_put_end(struct connection *c, struct error *e)
{
	int put;

	while ((put = PQputCopyEnd(c->pg, NULL)) == 0)
		if (await_room(c, e) < 0)
			return -1;
	return put < 0 ? connection_lost(c, e) : 0;
}
