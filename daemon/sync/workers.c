#include "platform.h"

#include "sync/workers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/lease.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/shared.h"
#include "base/text.h"
#include "roster/notification.h"
#include "roster/run.h"
#include "store/listen.h"
#include "store/query.h"
#include "sync/admission.h"
#include "sync/figures.h"
#include "sync/run.h"
#include "sync/subscriber.h"
#include "sync/sweep.h"
#include "sync/turn.h"
#include "sync/watcher.h"

/* The watch looks at least this often, gives a sign of life this often, and takes a silent daemon's runs over after this long. */
enum { WATCH_EVERY_MS = 2000, BEAT_EVERY_MS = 5000 };
enum { THREADS_MOST = 2 * WORKERS_MOST };
#define SILENT_FOR "interval '20 seconds'"

/* How runs are worked on, with a hold on what that points to. */
struct manner {
	struct run_options run;
	int figures_every_ms, slow_after_ms;
	struct shared *keeps;
};

/* One thread that works on runs, and what it works on: what a sign of life is given for. */
struct worker {
	struct workers *all;
	pthread_t thread;
	struct lease lease;
	struct turn turn;
	struct id run;
	bool busy;
	bool slow;   /* the run takes one of the places for slow ones */
	bool leaves; /* its turn was taken away */
};

struct workers {
	struct store *store;
	struct catalog *catalog;
	int patience_ms;
	struct id daemon; /* this process, as other daemons see it */
	struct latest *manner; /* the value is a struct manner */
	struct listener *listener;
	struct sweeper *sweeper;
	struct subscriber *subscriber; /* asks directories for messages */
	struct watcher *watcher; /* waits for directories that say when something changed */
	struct log log;
	atomic_bool stop;
	pthread_mutex_t claiming; /* one looks for a run at a time: two would take the last place of an organisation's share */
	pthread_mutex_t mutex; /* guards what stands here up to `each` */
	pthread_cond_t wake;
	unsigned long asked; /* grows when there may be something to do */
	int threads, slow_threads, started; /* that may work, and beside them on what is slow; that there are */
	struct worker each[THREADS_MOST];
	pthread_t watch;
	struct lease watch_lease;
	bool watching;
};

/* Begin, statement and commit may each take as long as the database may; then something else must happen. */
static void keep_lease(const struct workers *w, struct lease *lease)
{
	lease_take(lease, 3 * (int64_t)w->patience_ms + WATCH_EVERY_MS);
}

/* A transaction about no organisation: the queues are reached by functions that say whose a row is. */
static int call(struct workers *w, const struct query *query, const struct param *params, size_t count,
                struct arena *arena, const struct rows **ret, struct error *e)
{
	scoped(tx) *tx = NULL;
	if (tx_begin(w->store, STORE_WORKER, &tx, e) < 0 || query_run(tx, query, params, count, arena, ret, e) < 0)
		return -1;
	return tx_commit(&tx, e);
}

/* ---- workers ------------------------------------------------------------------------------------------------------------- */

static void set_busy(struct worker *self, bool busy, const struct id *run, bool slow)
{
	struct workers *w = self->all;
	pthread_mutex_lock(&w->mutex);
	self->busy = busy;
	self->slow = slow;
	self->leaves = false;
	if (run)
		self->run = *run;
	pthread_mutex_unlock(&w->mutex);
}

/* claim() has said that it is busy. */
static void work_on(struct worker *self, const struct id *organisation, const struct id *run)
{
	struct workers *w = self->all;
	scoped(shared) *held = latest_hold(w->manner);
	const struct manner *manner = shared_value(held);
	metric_add(METRIC_WORKERS_BUSY, NO_LABELS, 1);
	struct run_options options = manner->run;
	options.lease = &self->lease;
	options.turn = &self->turn;
	run_work(&options, organisation, run);
	metric_add(METRIC_WORKERS_BUSY, NO_LABELS, -1);

	set_busy(self, false, NULL, false);
	listen_wake(w->listener); /* what came meanwhile may have waited for its end */
}

/* What is free of the workers and of the places for what is slow, and how many of each one organisation may hold: half of them, rounded
 * up. 0: there is nothing to share. */
struct places {
	int free, slow_free, share, slow_share;
	bool apart; /* there are some for what is slow */
};

static int share_of(int places)
{
	return places > 1 ? (places + 1) / 2 : 0;
}

static struct places count_places(struct workers *w)
{
	pthread_mutex_lock(&w->mutex);
	struct places places = {
		w->threads, w->slow_threads, share_of(w->threads), share_of(w->slow_threads), w->slow_threads > 0,
	};
	for (int i = 0; i < w->started; i++) {
		places.free -= w->each[i].busy && !w->each[i].slow;
		places.slow_free -= w->each[i].busy && w->each[i].slow;
	}
	pthread_mutex_unlock(&w->mutex);
	return places;
}

/* 1: the run is this daemon's to work on, and the thread is busy. 0: there is none. -1. */
static int claim(struct worker *self, struct id *ret_organisation, struct id *ret_run, struct error *e)
{
	static const struct query claim_one = {
		"workers.claim",
		"SELECT organisation, id, slow FROM runs_claim($1, " SILENT_FOR ", $2, $3::integer, $4::boolean, $5::integer) WHERE id IS NOT NULL",
		QUERY_KEEPS, 0,
	};
	scoped(arena) *arena = arena_open("claim");
	const struct rows *rows;
	struct workers *w = self->all;
	int found = 0;
	pthread_mutex_lock(&w->claiming);
	struct places places = count_places(w);
	if (places.free > 0 || places.slow_free > 0) {
		keep_lease(w, &self->lease);
		found = call(w, &claim_one,
		             PARAMS(P_ID(&w->daemon), P_BOOL(places.free > 0), P_INT(places.share), P_TEXT(!places.apart ? NULL : places.slow_free > 0 ? "true" : "false"),
		                    P_INT(places.slow_share)),
		             arena, &rows, e);
		if (found == 0 && rows_count(rows) > 0) {
			*ret_organisation = rows_id(rows, 0, 0);
			*ret_run = rows_id(rows, 0, 1);
			set_busy(self, true, ret_run, rows_bool(rows, 0, 2));
			found = 1;
		}
	}
	pthread_mutex_unlock(&w->claiming);
	return found;
}

/* 1: a run was claimed and worked on. 0: there is none. -1. */
static int work_once(struct worker *self, struct error *e)
{
	struct id organisation, run;
	int found = claim(self, &organisation, &run, e);
	if (found == 1)
		work_on(self, &organisation, &run);
	return found;
}

/* Sleeps until there may be something to do that this thread has not looked for yet. */
static void sleep_until_asked(struct workers *w, unsigned long *seen)
{
	pthread_mutex_lock(&w->mutex);
	while (w->asked == *seen && !atomic_load(&w->stop))
		pthread_cond_wait(&w->wake, &w->mutex);
	*seen = w->asked;
	pthread_mutex_unlock(&w->mutex);
}

/* Fewer may work than there are threads once that was changed. */
static bool may_work(const struct worker *self)
{
	struct workers *w = self->all;
	pthread_mutex_lock(&w->mutex);
	bool may = self - w->each < w->threads + w->slow_threads;
	pthread_mutex_unlock(&w->mutex);
	return may;
}

static void *work(void *opaque)
{
	struct worker *self = opaque;
	struct workers *w = self->all;
	unsigned long seen = 0;
	pthread_setname_np(pthread_self(), "worker");
	while (!atomic_load(&w->stop)) {
		struct error e;
		int done = may_work(self) ? work_once(self, &e) : 0;
		lease_give_up(&self->lease);
		if (done < 0)
			log_failure(&w->log, LOG_LEVEL_WARNING, "could not look for runs", &e);
		if (done != 1)
			sleep_until_asked(w, &seen);
	}
	return NULL;
}

/* ---- the watch ----------------------------------------------------------------------------------------------------------- */

static void wake_all(struct workers *w)
{
	pthread_mutex_lock(&w->mutex);
	w->asked++;
	pthread_cond_broadcast(&w->wake);
	pthread_mutex_unlock(&w->mutex);
}

/* The runs that are worked on just now; as many as there are workers at most. */
static size_t list_runs(struct workers *w, struct id ret[THREADS_MOST])
{
	size_t count = 0;
	pthread_mutex_lock(&w->mutex);
	for (int i = 0; i < w->started; i++)
		if (w->each[i].busy)
			ret[count++] = w->each[i].run;
	pthread_mutex_unlock(&w->mutex);
	return count;
}

static void beat(struct workers *w)
{
	static const struct query sign = { "workers.beat", "SELECT runs_beat($1, $2)", QUERY_KEEPS, 0 };
	scoped(arena) *arena = arena_open("beat");
	const struct rows *rows;
	struct id runs[THREADS_MOST];
	size_t count = list_runs(w, runs);
	struct error e;
	if (count > 0 && call(w, &sign, PARAMS(P_ID(&w->daemon), P_IDS(runs, count)), arena, &rows, &e) < 0)
		log_failure(&w->log, LOG_LEVEL_WARNING, "could not give a sign of life", &e);
}

/* ---- what is slow ---- */

/* Of those that are read for too long, as many as there is room for take one of the places for slow ones: *ret_runs. Of the others
 * the one that is at it for longest, if all workers have something to do; NULL: there is none. */
static size_t move_slow(struct workers *w, int slow_after_ms, struct id ret_runs[THREADS_MOST], struct worker **ret_longest)
{
	int slow = 0, busy = 0;
	int64_t most_ms = slow_after_ms;
	size_t moved = 0;
	*ret_longest = NULL;
	pthread_mutex_lock(&w->mutex);
	for (int i = 0; i < w->started; i++) {
		slow += w->each[i].busy && w->each[i].slow;
		busy += w->each[i].busy && !w->each[i].slow;
	}
	for (int i = 0; i < w->started && w->slow_threads > 0; i++) {
		struct worker *worker = &w->each[i];
		int64_t lasts_ms = worker->busy && !worker->slow && !worker->leaves ? turn_lasts_ms(&worker->turn) : 0;
		if (lasts_ms <= slow_after_ms)
			continue;
		if (slow < w->slow_threads) {
			worker->slow = true;
			slow++, busy--;
			ret_runs[moved++] = worker->run;
		} else if (lasts_ms > most_ms) {
			most_ms = lasts_ms;
			*ret_longest = worker;
		}
	}
	if (busy < w->threads)
		*ret_longest = NULL;
	metric_set(METRIC_WORKERS_SLOW, NO_LABELS, slow);
	pthread_mutex_unlock(&w->mutex);
	return moved;
}

/* So that whoever takes it up, and the shares of organisations, know. */
static int write_slow(struct workers *w, const struct id *runs, size_t count, struct error *e)
{
	static const struct query slow = { "workers.slow", "SELECT runs_slow($1, $2)", QUERY_KEEPS, 0 };
	scoped(arena) *arena = arena_open("slow");
	const struct rows *rows;
	return call(w, &slow, PARAMS(P_ID(&w->daemon), P_IDS(runs, count)), arena, &rows, e);
}

/* 1: a run waits that is not slow. 0, -1. */
static int somebody_waits(struct workers *w, struct error *e)
{
	static const struct query wait = { "workers.wait", "SELECT runs_wait()", QUERY_READS, 0 };
	scoped(arena) *arena = arena_open("wait");
	const struct rows *rows;
	return call(w, &wait, NO_PARAMS, arena, &rows, e) < 0 ? -1 : rows_bool(rows, 0, 0);
}

/* It is slow before anybody may take it up again. One that has come to its end meanwhile has no turn, or another one, which it loses. */
static int let_go(struct workers *w, struct worker *worker, struct error *e)
{
	pthread_mutex_lock(&w->mutex);
	struct id run = worker->run;
	pthread_mutex_unlock(&w->mutex);
	if (write_slow(w, &run, 1, e) < 0)
		return -1;
	pthread_mutex_lock(&w->mutex);
	if (worker->busy && id_equal(&worker->run, &run)) {
		worker->leaves = true;
		turn_take_away(&worker->turn);
	}
	pthread_mutex_unlock(&w->mutex);
	return 0;
}

static int mind_slow(struct workers *w, struct error *e)
{
	scoped(shared) *held = latest_hold(w->manner);
	const struct manner *manner = shared_value(held);
	struct id runs[THREADS_MOST];
	struct worker *longest;
	size_t moved = move_slow(w, manner->slow_after_ms, runs, &longest);
	if (moved > 0 && write_slow(w, runs, moved, e) < 0)
		return -1;
	int waits = longest ? somebody_waits(w, e) : 0;
	return waits <= 0 ? waits : let_go(w, longest, e);
}

static void look_for_slow(struct workers *w)
{
	struct error e;
	if (mind_slow(w, &e) < 0)
		log_failure(&w->log, LOG_LEVEL_WARNING, "could not make room beside slow directories", &e);
}

static void schedule(struct workers *w)
{
	static const struct query due = {
		"workers.schedule", "SELECT runs_schedule() + scim_schedule() + renames_schedule() "
		"+ notifications_schedule($1::integer, $2::integer, $3::integer, $4::integer, $5::integer, $6::integer)",
		QUERY_KEEPS, 0,
	};
	scoped(arena) *arena = arena_open("schedule");
	const struct rows *rows;
	struct error e;
	if (call(w, &due,
	         PARAMS(P_INT(RUN_NAMED_MOST), P_INT(RUNS_NAMED_MOST), P_INT(NOTIFICATION_TRIES_MOST), P_INT(NOTIFICATION_BACK_OFF_S),
	                P_INT(NOTIFICATION_BACK_OFF_S_MOST), P_INT(NOTIFICATION_RUN_EVERY_MS)),
	         arena, &rows, &e) < 0)
		log_failure(&w->log, LOG_LEVEL_WARNING, "could not look what is due", &e);
}

static void count(struct workers *w)
{
	struct error e;
	if (figures_refresh(w->store, &e) < 0)
		log_failure(&w->log, LOG_LEVEL_WARNING, "could not count what the database shows", &e);
}

static void let_in(struct workers *w)
{
	struct error e;
	if (admission_round(w->store, &e) < 0)
		log_failure(&w->log, LOG_LEVEL_WARNING, "could not let in who waits for a seat", &e);
}

static int count_every_ms(struct workers *w)
{
	scoped(shared) *held = latest_hold(w->manner);
	const struct manner *manner = shared_value(held);
	return manner->figures_every_ms;
}

static void *watch(void *self)
{
	struct workers *w = self;
	int64_t beat_at = 0, count_at = 0;
	struct notice notice;
	pthread_setname_np(pthread_self(), "watch");
	while (!atomic_load(&w->stop)) {
		if (clock_monotonic_ms() >= beat_at) {
			keep_lease(w, &w->watch_lease);
			beat(w);
			beat_at = clock_monotonic_ms() + BEAT_EVERY_MS;
		}
		if (clock_monotonic_ms() >= count_at) {
			keep_lease(w, &w->watch_lease);
			count(w);
			count_at = clock_monotonic_ms() + count_every_ms(w);
		}
		keep_lease(w, &w->watch_lease);
		look_for_slow(w);
		keep_lease(w, &w->watch_lease);
		schedule(w);
		wake_all(w);
		keep_lease(w, &w->watch_lease);
		let_in(w);
		metric_set(METRIC_WATCH_ROUND, NO_LABELS, clock_now_us());
		keep_lease(w, &w->watch_lease);
		listen_wait(w->listener, WATCH_EVERY_MS, &notice);
	}
	lease_give_up(&w->watch_lease);
	return NULL;
}

/* ---- beginning and end ----------------------------------------------------------------------------------------------------- */

static void manner_close(void *value)
{
	struct manner *manner = value;
	shared_close(&manner->keeps);
	free(manner);
}

static struct shared *manner_open(struct workers *w, const struct workers_options *options)
{
	struct manner *manner = calloc(1, sizeof(*manner));
	if (!manner)
		abort();
	manner->keeps = shared_hold(options->keeps);
	manner->figures_every_ms = options->figures_every_ms;
	manner->slow_after_ms = options->slow_after_ms;
	manner->run = (struct run_options){
		.store = w->store,
		.catalog = w->catalog,
		.keys = options->keys,
		.daemon = w->daemon,
		.allow_private = options->allow_private,
		.call_deadline_ms = options->call_deadline_ms,
		.read_most_ms = options->read_most_ms,
		.renames_settle_ms = options->renames_settle_ms,
		.page_most = options->page_most,
		.stop = &w->stop,
	};
	return shared_open(manner, manner_close);
}

static struct watcher_options watching(const struct workers *w, const struct workers_options *options)
{
	return (struct watcher_options){
		.store = w->store,
		.catalog = w->catalog,
		.keys = options->keys,
		.daemon = w->daemon,
		.most = options->watches_most,
		.allow_private = options->allow_private,
		.call_deadline_ms = options->call_deadline_ms,
		.keeps = options->keeps,
	};
}

static struct subscriber_options subscribing(const struct workers *w, const struct workers_options *options)
{
	return (struct subscriber_options){
		.store = w->store,
		.catalog = w->catalog,
		.keys = options->keys,
		.daemon = w->daemon,
		.public_url = options->public_url,
		.allow_private = options->allow_private,
		.call_deadline_ms = options->call_deadline_ms,
		.keeps = options->keeps,
	};
}

static int start_thread(struct workers *w, struct error *e)
{
	struct worker *next = &w->each[w->started];
	next->all = w;
	lease_open(&next->lease, "a worker");
	turn_open(&next->turn);
	int failed = pthread_create(&next->thread, NULL, work, next);
	if (failed) {
		lease_close(&next->lease);
		turn_close(&next->turn);
		return error_set(e, ERROR_INTERNAL, "workers.thread", "could not start worker %d: %s", w->started + 1,
		                 strerror(failed));
	}
	pthread_mutex_lock(&w->mutex);
	w->started++;
	pthread_mutex_unlock(&w->mutex);
	return 0;
}

/* Only who starts threads changes how many there are, and so reads it without the lock. */
static int start_threads(struct workers *w, const struct workers_options *options, struct error *e)
{
	int threads = options->threads + options->slow_threads;
	pthread_mutex_lock(&w->mutex);
	w->threads = options->threads;
	w->slow_threads = options->slow_threads;
	pthread_mutex_unlock(&w->mutex);
	metric_set(METRIC_WORKERS, NO_LABELS, threads);
	while (w->started < threads)
		if (start_thread(w, e) < 0)
			return -1;
	return 0;
}

static int start(struct workers *w, const struct workers_options *options, struct error *e)
{
	const struct watcher_options watches = watching(w, options);
	const struct subscriber_options subscriptions = subscribing(w, options);
	static const char *const channels[] = { "rosterd_run", NULL };
	if (listen_open(w->store, STORE_WORKER, channels, &w->listener, e) < 0 || start_threads(w, options, e) < 0)
		return -1;
	if (pthread_create(&w->watch, NULL, watch, w) != 0)
		return error_set(e, ERROR_INTERNAL, "workers.thread", "could not start the watch");
	w->watching = true;
	if (sweep_open(w->store, &w->sweeper, e) < 0 || watcher_open(&watches, &w->watcher, e) < 0)
		return -1;
	return subscriber_open(&subscriptions, &w->subscriber, e);
}

int workers_open(const struct workers_options *options, struct workers **ret, struct error *e)
{
	if (options->threads < 1 || options->threads > WORKERS_MOST || options->slow_threads < 0 || options->slow_threads > WORKERS_MOST)
		return error_set(e, ERROR_INPUT, "workers.threads", "there can be 1 to %d workers, not %d", WORKERS_MOST,
		                 options->threads);
	struct workers *w = calloc(1, sizeof(*w));
	if (!w)
		return error_set(e, ERROR_INTERNAL, "workers.memory", "no memory for the workers");

	w->store = options->store;
	w->catalog = options->catalog;
	w->patience_ms = options->patience_ms;
	w->daemon = id_new();
	w->manner = latest_open(manner_open(w, options));
	pthread_mutex_init(&w->claiming, NULL);
	pthread_mutex_init(&w->mutex, NULL);
	pthread_cond_init(&w->wake, NULL);
	log_subject(&w->log, NULL, "workers");
	lease_open(&w->watch_lease, "the watch over the runs");
	if (start(w, options, e) < 0) {
		workers_close(&w);
		return -1;
	}
	*ret = w;
	return 0;
}

void workers_change(struct workers *w, const struct workers_options *options)
{
	struct error e;
	const struct watcher_options watches = watching(w, options);
	const struct subscriber_options subscriptions = subscribing(w, options);
	latest_replace(w->manner, manner_open(w, options));
	watcher_change(w->watcher, &watches);
	subscriber_change(w->subscriber, &subscriptions);
	if (start_threads(w, options, &e) < 0)
		log_failure(&w->log, LOG_LEVEL_WARNING, "there are fewer workers than the configuration says", &e);
	wake_all(w);
}

void workers_close(struct workers **workers)
{
	struct workers *w = *workers;
	if (!w)
		return;
	atomic_store(&w->stop, true);
	store_hurry(w->store, STORE_WORKER); /* after stop: what is cut short knows why, and gives its run back */
	wake_all(w);
	if (w->listener)
		listen_wake(w->listener);
	watcher_close(&w->watcher);
	subscriber_close(&w->subscriber);
	if (w->watching)
		pthread_join(w->watch, NULL);
	for (int i = 0; i < w->started; i++) {
		pthread_join(w->each[i].thread, NULL);
		lease_close(&w->each[i].lease);
		turn_close(&w->each[i].turn);
	}
	lease_close(&w->watch_lease);
	sweep_close(&w->sweeper);
	listen_close(&w->listener);
	latest_close(&w->manner);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->mutex);
	pthread_mutex_destroy(&w->claiming);
	free(w);
	*workers = NULL;
}
