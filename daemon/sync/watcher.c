#include "platform.h"

#include "sync/watcher.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/shared.h"
#include "base/text.h"
#include "plugin/keeper.h"
#include "plugin/link.h"
#include "plugin/settings.h"
#include "provision/mapping.h"
#include "provision/source.h"
#include "roster/reading.h"
#include "roster/run.h"
#include "store/query.h"
#include "store/transaction.h"

/* How often claims are looked after, and after how long somebody else's counts no more. How often a run is looked at. */
enum { ROUND_MS = 2000, LOOK_MS = 200 };
#define SILENT_FOR "interval '20 seconds'"

/* One connection, in a thread of its own. */
struct watch {
	struct watcher *all;
	struct id organisation, connection;
	pthread_t thread;
	struct log log;
	atomic_bool stop, over;
	atomic_llong version; /* of the connection, as the link was opened with it; 0: none is open */
	atomic_bool changed;  /* the connection is another by now: the link is to be opened anew */
	struct link *link; /* while it is open; guarded by the watcher's mutex */
	bool used;
};

struct watcher {
	struct latest *options; /* the value is a struct watcher_options */
	pthread_t thread;
	bool started;
	atomic_bool stop;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	struct log log;
	struct watch each[WATCHES_MOST]; /* the manager's; the threads see their own */
};

/* Until woken because something is to end, or for so long. */
static void sleep_ms(struct watcher *w, const atomic_bool *stop, int64_t ms)
{
	int64_t until_ms = clock_monotonic_ms() + ms;
	struct timespec until = { until_ms / 1000, until_ms % 1000 * 1000000L };
	pthread_mutex_lock(&w->mutex);
	while (!atomic_load(stop) && pthread_cond_timedwait(&w->wake, &w->mutex, &until) == 0)
		;
	pthread_mutex_unlock(&w->mutex);
}

static int open_tx(const struct watch *self, const struct watcher_options *o, struct tx **ret, struct error *e)
{
	if (tx_begin(o->store, STORE_WORKER, ret, e) < 0)
		return -1;
	return tx_for(*ret, &self->organisation, e);
}

/* ---- a run, asked for and waited for --------------------------------------------------------------------------------------- */

/* 1: asked for. 0: another one is in the way, and may have read before what we know of. */
static int ask_run(const struct watch *self, const struct watcher_options *o, struct id *ret, struct error *e)
{
	scoped(arena) *arena = arena_open("watch run");
	scoped(tx) *tx = NULL;
	if (open_tx(self, o, &tx, e) < 0)
		return -1;
	int asked = run_ask_by_watch(tx, arena, &self->organisation, &self->connection, WATCH_RUN_EVERY_MS, ret, e);
	if (asked < 0 || tx_commit(&tx, e) < 0)
		return -1;
	return asked;
}

/* 1: it is over, *ret_done says whether it was done. 0: not yet. A held one is over for us: what is behind it waits with it. */
static int look_at_run(const struct watch *self, const struct watcher_options *o, const struct id *id, bool *ret_done, struct error *e)
{
	scoped(arena) *arena = arena_open("watch run");
	scoped(tx) *tx = NULL;
	struct run run;
	if (open_tx(self, o, &tx, e) < 0)
		return -1;
	int found = run_find(tx, arena, &self->organisation, id, &run, e);
	if (found < 0 || tx_commit(&tx, e) < 0)
		return -1;
	*ret_done = found == 0 || text_equal(run.state, "done") || text_equal(run.state, "held");
	return found == 0 || run.finished_at > 0 || text_equal(run.state, "held");
}

static int wait_for_run(struct watch *self, const struct watcher_options *o, const struct id *id, struct error *e)
{
	bool done = false;
	int over = 0;
	while (over == 0 && !atomic_load(&self->stop)) {
		sleep_ms(self->all, &self->stop, LOOK_MS);
		over = look_at_run(self, o, id, &done, e);
	}
	if (over <= 0)
		return over;
	if (done)
		return 0;
	return error_set(e, ERROR_RETRY, "watch.run_failed", "the run that was asked for because of a change has failed");
}

/* Something changed: a run that begins to read after now. */
static int look_now(struct watch *self, const struct watcher_options *o, struct error *e)
{
	struct id id;
	int asked = 0;
	metric_add(METRIC_WATCH_TOLD, NO_LABELS, 1);
	while ((asked = ask_run(self, o, &id, e)) == 0 && !atomic_load(&self->stop))
		sleep_ms(self->all, &self->stop, WATCH_RUN_EVERY_MS);
	return asked <= 0 ? asked : wait_for_run(self, o, &id, e);
}

/* ---- one connection --------------------------------------------------------------------------------------------------------- */

/* The connection as it is now, and where its last reading ended. 1, 0 it is no more, -1. */
static int load(const struct watch *self, const struct watcher_options *o, struct arena *arena, struct source *ret_source,
                struct reading *ret_reading, struct error *e)
{
	scoped(tx) *tx = NULL;
	*ret_reading = (struct reading){ 0 };
	if (open_tx(self, o, &tx, e) < 0)
		return -1;
	int found = source_load(tx, arena, &self->organisation, &self->connection, ret_source, e);
	if (found == 1 && reading_find(tx, arena, &self->organisation, &self->connection, ret_reading, e) < 0)
		return -1;
	if (found < 0 || tx_commit(&tx, e) < 0)
		return -1;
	return found;
}

/* Waits and looks as long as the connection is what it was when the link was opened. */
static int follow(struct watch *self, const struct watcher_options *o, struct link *link, const struct source *source, struct error *e)
{
	scoped(arena) *arena = arena_open("watch");
	int64_t version = source->connection.version;
	while (!atomic_load(&self->stop)) {
		struct source now;
		struct reading reading;
		arena_reset(arena);
		int found = load(self, o, arena, &now, &reading, e);
		if (found <= 0 || now.connection.version != version)
			return found < 0 ? -1 : 0;
		const struct link_ask ask = {
			.scope = LINK_CHANGED,
			.cursor = reading.cursor,
			.cursor_size = reading.cursor_size,
			.attributes = mapping_attributes(&now, arena),
		};
		int changed = link_watch(link, &ask, WATCH_CALL_MS, e);
		if (changed < 0 && atomic_load(&self->changed))
			return 0;
		if (changed < 0 || (changed == 1 && look_now(self, o, e) < 0))
			return -1;
	}
	return 0;
}

static void publish(struct watch *self, struct link *link)
{
	pthread_mutex_lock(&self->all->mutex);
	self->link = link;
	pthread_mutex_unlock(&self->all->mutex);
}

static int follow_link(struct watch *self, const struct watcher_options *o, const struct source *source,
                       const struct settings *settings, struct error *e)
{
	struct keeper keeper;
	const struct link_options options = {
		.plugin = source->connection.plugin,
		.settings = settings->all,
		.setting_count = settings->count,
		.deadline_ms = o->call_deadline_ms,
		.allow_private = o->allow_private && source->connection.private_addresses,
		.keeper = &keeper.link,
		.log = &self->log,
	};
	scoped(link) *link = NULL;
	keeper_open(&keeper, o->store, STORE_WORKER, o->keys, &source->connection.organisation, &source->connection.id);
	if (link_open(o->catalog, &options, &link, e) < 0)
		return -1;
	atomic_store(&self->changed, false);
	atomic_store(&self->version, source->connection.version);
	publish(self, link);
	metric_add(METRIC_WATCHES, NO_LABELS, 1);
	int result = follow(self, o, link, source, e);
	metric_add(METRIC_WATCHES, NO_LABELS, -1);
	atomic_store(&self->version, 0);
	publish(self, NULL);
	return result;
}

/* A link from its beginning to its end. 0: what it was opened with is no more. */
static int watch_once(struct watch *self, const struct watcher_options *o, struct error *e)
{
	scoped(arena) *arena = arena_open("watched");
	struct settings settings = { 0 };
	struct source source;
	struct reading reading;
	int result = load(self, o, arena, &source, &reading, e);
	if (result <= 0)
		return result;
	log_subject(&self->log, NULL, "watch of %s", source.connection.name);
	{
		scoped(tx) *tx = NULL;
		result = open_tx(self, o, &tx, e) < 0 ? -1 : settings_open(tx, o->keys, &source.connection, arena, &settings, e);
	}
	if (result == 0)
		result = follow_link(self, o, &source, &settings, e);
	settings_close(&settings);
	return result;
}

/* Between half and all of it, so that those who lost the same server do not come back at the same moment. */
static int64_t jittered(int64_t ms)
{
	uint32_t chance;
	crypt_random(&chance, sizeof(chance));
	return ms / 2 + (int64_t)(chance % (uint32_t)(ms / 2 + 1));
}

static void release(const struct watch *self, const struct watcher_options *o)
{
	static const struct query query = {
		"watcher.release",
		"UPDATE readings SET watcher = NULL WHERE organisation = $1 AND connection = $2 AND watcher = $3", QUERY_KEEPS, 0,
	};
	struct error e;
	scoped(tx) *tx = NULL;
	if (open_tx(self, o, &tx, &e) < 0 ||
	    query_write(tx, &query, PARAMS(P_ID(&self->organisation), P_ID(&self->connection), P_ID(&o->daemon)), NULL, &e) < 0 ||
	    tx_commit(&tx, &e) < 0)
		log_failure(&self->log, LOG_LEVEL_NOTICE, "could not give the watch back; it is taken over when its claim grows old", &e);
}

static void *watch(void *opaque)
{
	struct watch *self = opaque;
	int64_t back_off_ms = WATCH_BACK_OFF_MS;
	pthread_setname_np(pthread_self(), "watcher");
	while (!atomic_load(&self->stop)) {
		scoped(shared) *held = latest_hold(self->all->options);
		struct error e;
		int64_t began_ms = clock_monotonic_ms();
		if (watch_once(self, shared_value(held), &e) == 0 || atomic_load(&self->stop))
			continue;
		if (clock_monotonic_ms() - began_ms > 2 * (int64_t)WATCH_BACK_OFF_MS_MOST)
			back_off_ms = WATCH_BACK_OFF_MS; /* it went well for a while */
		log_failure(&self->log, LOG_LEVEL_NOTICE, "will be watched again", &e);
		sleep_ms(self->all, &self->stop, jittered(back_off_ms));
		back_off_ms = back_off_ms * 2 < WATCH_BACK_OFF_MS_MOST ? back_off_ms * 2 : WATCH_BACK_OFF_MS_MOST;
	}
	scoped(shared) *held = latest_hold(self->all->options);
	release(self, shared_value(held));
	atomic_store(&self->over, true);
	return NULL;
}

/* ---- which ones: the manager ------------------------------------------------------------------------------------------------ */

/* Makes it look up from whatever it waits for. */
static void rouse(struct watcher *w, struct watch *one, atomic_bool *why)
{
	atomic_store(why, true);
	pthread_mutex_lock(&w->mutex);
	if (one->link)
		link_cancel(one->link);
	pthread_cond_broadcast(&w->wake);
	pthread_mutex_unlock(&w->mutex);
}

static void reap(struct watcher *w)
{
	for (int i = 0; i < WATCHES_MOST; i++)
		if (w->each[i].used && atomic_load(&w->each[i].over)) {
			pthread_join(w->each[i].thread, NULL);
			w->each[i].used = false;
		}
}

static int count_used(const struct watcher *w)
{
	int count = 0;
	for (int i = 0; i < WATCHES_MOST; i++)
		count += w->each[i].used;
	return count;
}

/* The row of a connection, or -1. */
static int find_row(const struct rows *rows, const struct id *id)
{
	for (size_t i = 0; i < rows_count(rows); i++) {
		struct id one = rows_id(rows, i, 0);
		if (memcmp(&one, id, sizeof(one)) == 0)
			return (int)i;
	}
	return -1;
}

static int call(const struct watcher_options *o, const struct query *query, const struct param *params, size_t count,
                struct arena *arena, const struct rows **ret, struct error *e)
{
	scoped(tx) *tx = NULL;
	if (tx_begin(o->store, STORE_WORKER, &tx, e) < 0 || query_run(tx, query, params, count, arena, ret, e) < 0)
		return -1;
	return tx_commit(&tx, e);
}

/* A sign of life for each. Those that are no longer ours, or no longer to be watched, end; those whose connection was changed begin anew. */
static int keep_claims(struct watcher *w, const struct watcher_options *o, struct arena *arena, struct error *e)
{
	static const struct query beat = { "watcher.beat", "SELECT connection, version FROM watches_beat($1, $2)", QUERY_KEEPS, 0 };
	struct id ids[WATCHES_MOST];
	const struct rows *rows;
	size_t count = 0;
	for (int i = 0; i < WATCHES_MOST; i++)
		if (w->each[i].used)
			ids[count++] = w->each[i].connection;
	if (count == 0)
		return 0;
	if (call(o, &beat, PARAMS(P_ID(&o->daemon), P_IDS(ids, count)), arena, &rows, e) < 0)
		return -1;
	int kept = 0;
	for (int i = 0; i < WATCHES_MOST; i++) {
		struct watch *one = &w->each[i];
		int row = one->used ? find_row(rows, &one->connection) : -1;
		int64_t version = atomic_load(&one->version);
		if (one->used && (row < 0 || ++kept > o->most))
			rouse(w, one, &one->stop);
		else if (one->used && version != 0 && rows_int(rows, (size_t)row, 1) != version)
			rouse(w, one, &one->changed);
	}
	return 0;
}

static int begin(struct watcher *w, const struct id *organisation, const struct id *connection, struct error *e)
{
	struct watch *one = w->each;
	while (one->used)
		one++;
	*one = (struct watch){ .all = w, .organisation = *organisation, .connection = *connection };
	log_subject(&one->log, NULL, "watch");
	int failed = pthread_create(&one->thread, NULL, watch, one);
	if (failed)
		return error_set(e, ERROR_INTERNAL, "watcher.thread", "could not start a watch: %s", strerror(failed));
	one->used = true;
	return 0;
}

static int claim_more(struct watcher *w, const struct watcher_options *o, struct arena *arena, struct error *e)
{
	static const struct query claim = {
		"watcher.claim", "SELECT organisation, connection FROM watches_claim($1, $2, " SILENT_FOR ")", QUERY_KEEPS, 0,
	};
	const struct rows *rows;
	int room = o->most - count_used(w);
	if (room <= 0)
		return 0;
	if (call(o, &claim, PARAMS(P_ID(&o->daemon), P_INT(room)), arena, &rows, e) < 0)
		return -1;
	for (size_t i = 0; i < rows_count(rows); i++) {
		struct id organisation = rows_id(rows, i, 0), connection = rows_id(rows, i, 1);
		if (begin(w, &organisation, &connection, e) < 0)
			return -1;
	}
	return 0;
}

static void *manage(void *opaque)
{
	struct watcher *w = opaque;
	pthread_setname_np(pthread_self(), "watches");
	while (!atomic_load(&w->stop)) {
		scoped(shared) *held = latest_hold(w->options);
		scoped(arena) *arena = arena_open("watches");
		struct error e;
		reap(w);
		if (keep_claims(w, shared_value(held), arena, &e) < 0 || claim_more(w, shared_value(held), arena, &e) < 0)
			log_failure(&w->log, LOG_LEVEL_WARNING, "could not look after the watches", &e);
		sleep_ms(w, &w->stop, ROUND_MS);
	}
	for (int i = 0; i < WATCHES_MOST; i++)
		if (w->each[i].used)
			rouse(w, &w->each[i], &w->each[i].stop);
	for (int i = 0; i < WATCHES_MOST; i++)
		if (w->each[i].used)
			pthread_join(w->each[i].thread, NULL);
	return NULL;
}

/* ---- beginning and end ------------------------------------------------------------------------------------------------------ */

static void options_close(void *value)
{
	struct watcher_options *options = value;
	shared_close(&options->keeps);
	free(options);
}

static struct shared *keep_options(const struct watcher_options *options)
{
	struct watcher_options *kept = malloc(sizeof(*kept));
	if (!kept)
		abort();
	*kept = *options;
	kept->keeps = shared_hold(options->keeps);
	return shared_open(kept, options_close);
}

int watcher_open(const struct watcher_options *options, struct watcher **ret, struct error *e)
{
	struct watcher *w = calloc(1, sizeof(*w));
	pthread_condattr_t monotonic;
	if (!w)
		abort();
	w->options = latest_open(keep_options(options));
	pthread_mutex_init(&w->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&w->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	log_subject(&w->log, NULL, "watches");
	if (pthread_create(&w->thread, NULL, manage, w) != 0) {
		watcher_close(&w);
		return error_set(e, ERROR_INTERNAL, "watcher.thread", "could not start the thread that looks after watches");
	}
	w->started = true;
	*ret = w;
	return 0;
}

void watcher_change(struct watcher *w, const struct watcher_options *options)
{
	latest_replace(w->options, keep_options(options));
}

void watcher_close(struct watcher **watcher)
{
	struct watcher *w = *watcher;
	if (!w)
		return;
	atomic_store(&w->stop, true);
	pthread_mutex_lock(&w->mutex);
	pthread_cond_broadcast(&w->wake);
	pthread_mutex_unlock(&w->mutex);
	if (w->started)
		pthread_join(w->thread, NULL);
	latest_close(&w->options);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->mutex);
	free(w);
	*watcher = NULL;
}
