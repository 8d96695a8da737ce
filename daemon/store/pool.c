/* Connections to PostgreSQL: opened when needed, kept, given back, replaced when they die. */
#include "store/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/metric.h"
#include "base/shared.h"
#include "base/text.h"
#include "store/connection.h"

enum { BUSY_WAIT_MS = 100 };

/* How a pool connects, with a hold on what that points to. */
struct how {
	struct connection_options options, direct; /* through the pooler, if there is one, and past it */
	struct shared *keeps;
};

struct pool {
	struct latest *how;
	int hurry; /* an eventfd: readable once long statements are to end */
	pthread_mutex_t lock;
	pthread_cond_t returned;
	/* The one used last is lent first, so that the others may grow old. */
	struct connection *idle[STORE_CONNECTIONS_MOST];
	int idle_count, open, most, life_ms;
};

struct store {
	struct pool pools[STORE_ROLES];
	atomic_int wait_timeout_ms;
};

static const char *const role_words[STORE_ROLES] = { "owner", "request", "worker" };

/* ---- opening ---- */

/* libpq's complaint quotes the string, which may hold a password against the rules. */
static const char *complaint(const char *conninfo, const char *why)
{
	return !why || strstr(conninfo, "pass") || strchr(conninfo, '@') ? "expected is KEYWORD=VALUE ..." : why;
}

/* Who connects is said by the roles, and how a session is set up is said by us. */
static int check_conninfo(const char *given, struct error *e)
{
	static const char *const reserved[] = { "user", "password", "options" };
	const char *conninfo = given ? given : "", *taken = NULL;
	char *why = NULL;
	PQconninfoOption *all = PQconninfoParse(conninfo, &why);

	for (PQconninfoOption *o = all; o && o->keyword; o++)
		for (size_t i = 0; i < ARRAY_COUNT(reserved); i++)
			if (o->val && text_equal(o->keyword, reserved[i]))
				taken = reserved[i];

	int result = 0;
	if (!all)
		result = error_set(e, ERROR_INPUT, "store.conninfo", "the connection string cannot be read: %s",
		                   complaint(conninfo, why));
	else if (taken)
		result = error_set(e, ERROR_INPUT, "store.conninfo",
		                   "the connection string may not say \"%s\"; that is set for each role", taken);
	PQconninfoFree(all);
	PQfreemem(why);
	return result;
}

static int check_role(const struct store_options *o, enum store_role role, struct error *e)
{
	if (o->most[role] < 0 || o->most[role] > STORE_CONNECTIONS_MOST)
		return error_set(e, ERROR_INPUT, "store.most",
		                 "%d connections for the role \"%s\"; 0 to %d are possible", o->most[role],
		                 role_words[role], STORE_CONNECTIONS_MOST);
	if (o->most[role] > 0 && (!o->role_names[role] || !*o->role_names[role]))
		return error_set(e, ERROR_INPUT, "store.role", "the role \"%s\" has no name in the database",
		                 role_words[role]);
	return 0;
}

int store_check(const struct store_options *o, struct error *e)
{
	if (check_conninfo(o->conninfo, e) < 0 || (o->direct_conninfo && check_conninfo(o->direct_conninfo, e) < 0))
		return -1;
	if (o->pooler == STORE_POOLER_TRANSACTION && !o->direct_conninfo)
		return error_set(e, ERROR_INPUT, "store.direct",
		                 "a pooler that shares sessions by transaction carries no notices: name the server "
		                 "itself in direct_conninfo");
	for (int role = 0; role < STORE_ROLES; role++)
		if (check_role(o, (enum store_role)role, e) < 0)
			return -1;
	if (o->connect_timeout_ms <= 0 || o->statement_timeout_ms <= 0 || o->wait_timeout_ms <= 0 ||
	    o->lock_timeout_ms < 0 || o->idle_timeout_ms < 0 || o->life_ms < 0)
		return error_set(e, ERROR_INPUT, "store.timeout",
		                 "times to wait for the database must be above zero");
	return 0;
}

static void how_close(void *value)
{
	struct how *how = value;

	shared_close(&how->keeps);
	free(how);
}

static struct shared *how_open(const struct pool *pool, const struct store_options *o, enum store_role role)
{
	struct how *how = calloc(1, sizeof(*how));

	if (!how)
		abort();
	how->keeps = shared_hold(o->keeps);
	how->options = (struct connection_options){
		.conninfo = o->conninfo ? o->conninfo : "",
		.user = o->role_names[role],
		.application = o->application,
		.password = o->passwords[role],
		.connect_timeout_ms = o->connect_timeout_ms,
		.statement_timeout_ms = o->statement_timeout_ms,
		.lock_timeout_ms = o->lock_timeout_ms ? o->lock_timeout_ms : STORE_LOCK_MS,
		.idle_timeout_ms = o->idle_timeout_ms ? o->idle_timeout_ms : STORE_IDLE_MS,
		.hurry = &pool->hurry,
		.bare = o->pooler != STORE_POOLER_NONE,
		.unprepared = o->pooler == STORE_POOLER_TRANSACTION,
	};
	how->direct = how->options;
	if (o->direct_conninfo) {
		how->direct.conninfo = o->direct_conninfo;
		how->direct.bare = how->direct.unprepared = false;
	}
	return shared_open(how, how_close);
}

static void pool_open(struct pool *pool, const struct store_options *o, enum store_role role)
{
	pthread_condattr_t monotonic;

	pool->hurry = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (pool->hurry < 0)
		abort();
	pool->how = latest_open(how_open(pool, o, role));
	pool->most = o->most[role];
	pool->life_ms = o->life_ms ? o->life_ms : STORE_LIFE_MS;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->returned, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

int store_open(const struct store_options *options, struct store **ret, struct error *e)
{
	if (store_check(options, e) < 0)
		return -1;

	struct store *store = calloc(1, sizeof *store);
	if (!store)
		abort();
	atomic_init(&store->wait_timeout_ms, options->wait_timeout_ms);
	for (int role = 0; role < STORE_ROLES; role++)
		pool_open(&store->pools[role], options, (enum store_role)role);
	*ret = store;
	return 0;
}

static void pool_close(struct pool *pool)
{
	while (pool->idle_count > 0)
		connection_close(&pool->idle[--pool->idle_count]);
	latest_close(&pool->how);
	close(pool->hurry);
	pthread_cond_destroy(&pool->returned);
	pthread_mutex_destroy(&pool->lock);
}

void store_close(struct store **store)
{
	if (!*store)
		return;
	for (int role = 0; role < STORE_ROLES; role++)
		pool_close(&(*store)->pools[role]);
	free(*store);
	*store = NULL;
}

/* ---- changing ---- */

/* With the lock held: one whose life is over, whether somebody asks for it or not. NULL: there is none. */
static struct connection *take_aged(struct pool *pool)
{
	int64_t now_ms = clock_monotonic_ms();

	for (int i = 0; i < pool->idle_count; i++) {
		struct connection *aged = pool->idle[i];

		if (now_ms - connection_opened_ms(aged) < pool->life_ms)
			continue;
		pool->open--;
		pool->idle_count--;
		memmove(&pool->idle[i], &pool->idle[i + 1], (size_t)(pool->idle_count - i) * sizeof(struct connection *));
		return aged;
	}
	return NULL;
}

/* With the lock held: as one that came back, if there are more than may be. NULL: there are not. */
static struct connection *take_surplus(struct pool *pool)
{
	if (pool->open <= pool->most || pool->idle_count == 0)
		return NULL;
	pool->open--;
	return pool->idle[--pool->idle_count];
}

static void pool_change(struct pool *pool, const struct store_options *o, enum store_role role)
{
	struct connection *surplus;

	latest_replace(pool->how, how_open(pool, o, role));
	pthread_mutex_lock(&pool->lock);
	pool->most = o->most[role];
	while ((surplus = take_surplus(pool)))
		connection_close(&surplus);
	pthread_cond_broadcast(&pool->returned);
	pthread_mutex_unlock(&pool->lock);
}

void store_change(struct store *store, const struct store_options *options)
{
	atomic_store(&store->wait_timeout_ms, options->wait_timeout_ms);
	for (int role = 0; role < STORE_ROLES; role++)
		pool_change(&store->pools[role], options, (enum store_role)role);
}

/* ---- the end is near ---- */

void store_hurry(struct store *store, enum store_role role)
{
	/* It stays readable from now on; that a second call might not fit is as well. */
	if (eventfd_write(store->pools[role].hurry, 1) < 0)
		return;
}

int pool_check_time(struct store *store, enum store_role role, struct error *e)
{
	return connection_hurried(&store->pools[role].hurry) ? connection_no_time(e) : 0;
}

/* ---- lending ---- */

/* With the lock held. 1: *ret waited for us. 0: there is room for a new one, which is ours to open. -1: time
 * is over. */
static int claim(struct pool *pool, const struct timespec *until, struct connection **ret)
{
	while (pool->idle_count == 0 && pool->open >= pool->most)
		if (pthread_cond_timedwait(&pool->returned, &pool->lock, until) != 0 && pool->idle_count == 0 &&
		    pool->open >= pool->most)
			return -1;
	if (pool->idle_count > 0) {
		*ret = pool->idle[--pool->idle_count];
		return 1;
	}
	pool->open++;
	return 0;
}

/* claim, with the wait of those who find all in use. */
static int claim_counted(struct pool *pool, enum store_role role, const struct timespec *until,
                         struct connection **ret)
{
	int64_t began_us = clock_monotonic_us();

	pthread_mutex_lock(&pool->lock);
	bool full = pool->idle_count == 0 && pool->open >= pool->most;
	int claimed = claim(pool, until, ret);
	pthread_mutex_unlock(&pool->lock);
	if (full)
		metric_observe(METRIC_DATABASE_WAIT, LABELS(role_words[role]), clock_monotonic_us() - began_us);
	return claimed;
}

static void leave(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->open--;
	pthread_cond_signal(&pool->returned);
	pthread_mutex_unlock(&pool->lock);
}

static struct timespec moment_in(int ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

static int dial(struct pool *pool, struct connection **ret, struct error *e)
{
	scoped(shared) *held = latest_hold(pool->how);
	const struct how *how = shared_value(held);

	return connection_open(&how->options, ret, e);
}

static int dial_in(struct pool *pool, struct connection **ret, struct error *e)
{
	if (dial(pool, ret, e) == 0)
		return 0;
	leave(pool);
	return -1;
}

static int count_most(struct pool *pool)
{
	int most;

	pthread_mutex_lock(&pool->lock);
	most = pool->most;
	pthread_mutex_unlock(&pool->lock);
	return most;
}

static int busy(struct pool *pool, enum store_role role, struct error *e)
{
	metric_add(METRIC_DATABASE_BUSY, LABELS(role_words[role]), 1);
	error_set(e, ERROR_RETRY, "store.busy", "the database is busy");
	if (e)
		e->wait_ms = BUSY_WAIT_MS;
	return error_detail(e, "all %d connections of the role \"%s\" are in use", count_most(pool),
	                    role_words[role]);
}

int pool_borrow(struct store *store, enum store_role role, struct connection **ret, struct error *e)
{
	struct pool *pool = &store->pools[role];
	struct timespec until = moment_in(atomic_load(&store->wait_timeout_ms));

	if (count_most(pool) == 0)
		return error_set(e, ERROR_INTERNAL, "store.role", "no connections are allowed for the role \"%s\"",
		                 role_words[role]);
	for (;;) {
		struct connection *waiting = NULL;

		int claimed = claim_counted(pool, role, &until, &waiting);

		if (claimed < 0)
			return busy(pool, role, e);
		if (claimed == 0)
			return dial_in(pool, ret, e);
		if (connection_usable(waiting)) {
			*ret = waiting;
			return 0;
		}
		connection_close(&waiting);
		leave(pool);
	}
}

int pool_borrow_at_hand(struct store *store, enum store_role role, struct connection **ret)
{
	struct pool *pool = &store->pools[role];
	struct connection *waiting = NULL;

	pthread_mutex_lock(&pool->lock);
	if (pool->idle_count > 0)
		waiting = pool->idle[--pool->idle_count];
	pthread_mutex_unlock(&pool->lock);
	*ret = waiting;
	return waiting != NULL;
}

int pool_renew(struct store *store, enum store_role role, struct connection **connection, struct error *e)
{
	connection_close(connection);
	return dial_in(&store->pools[role], connection, e);
}

void pool_give_back(struct store *store, enum store_role role, struct connection **connection)
{
	struct pool *pool = &store->pools[role];

	if (!*connection)
		return;
	if (!connection_good(
		    *connection)) { /* whether it still answers is looked at by whoever has it next */
		connection_close(connection);
		leave(pool);
		return;
	}
	connection_patience(*connection, 0);
	pthread_mutex_lock(&pool->lock);
	pool->idle[pool->idle_count++] = *connection;
	*connection = take_surplus(pool);
	struct connection *aged = take_aged(pool);
	pthread_cond_signal(&pool->returned);
	pthread_mutex_unlock(&pool->lock);
	connection_close(connection);
	connection_close(&aged);
}

int pool_connect(struct store *store, enum store_role role, struct connection **ret, struct error *e)
{
	return dial(&store->pools[role], ret, e);
}

int pool_connect_past(struct store *store, enum store_role role, struct connection **ret, struct error *e)
{
	scoped(shared) *held = latest_hold(store->pools[role].how);
	const struct how *how = shared_value(held);

	return connection_open(&how->direct, ret, e);
}

const char *pool_role_word(enum store_role role)
{
	return role_words[role];
}

enum store_role pool_any_role(struct store *store)
{
	if (count_most(&store->pools[STORE_REQUEST]) > 0)
		return STORE_REQUEST;
	return count_most(&store->pools[STORE_WORKER]) > 0 ? STORE_WORKER : STORE_OWNER;
}

/* ---- looking ---- */

int store_ping(struct store *store, enum store_role role, struct error *e)
{
	struct connection *c;

	if (pool_borrow(store, role, &c, e) < 0)
		return -1;
	int result = connection_ping(c, e);
	pool_give_back(store, role, &c);
	return result;
}

void store_count(struct store *store, enum store_role role, int *ret_used, int *ret_open)
{
	struct pool *pool = &store->pools[role];

	pthread_mutex_lock(&pool->lock);
	*ret_used = pool->open - pool->idle_count;
	*ret_open = pool->open;
	pthread_mutex_unlock(&pool->lock);
}

void store_measure(struct store *store)
{
	for (int role = 0; role < STORE_ROLES; role++) {
		const char *word = role_words[role];
		int used, open;

		store_count(store, (enum store_role)role, &used, &open);
		metric_set(METRIC_DATABASE_CONNECTIONS, LABELS(word, "used"), used);
		metric_set(METRIC_DATABASE_CONNECTIONS, LABELS(word, "idle"), open - used);
		metric_set(METRIC_DATABASE_CONNECTIONS_MOST, LABELS(word), count_most(&store->pools[role]));
	}
}
