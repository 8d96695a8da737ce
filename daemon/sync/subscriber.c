#include "platform.h"

#include "sync/subscriber.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/shared.h"
#include "base/text.h"
#include "plugin/catalog.h"
#include "plugin/keeper.h"
#include "plugin/link.h"
#include "plugin/settings.h"
#include "roster/connection.h"
#include "roster/subscription.h"
#include "store/query.h"
#include "store/transaction.h"

enum {
	ROUND_MS = 2000,
	PLUGINS_MOST = 256,
	SILENT_CALLS = 3, /* a claim is old after as long as so many calls may take, and ... */
	SILENT_MS = 60000, /* ... this */
};

struct subscriber {
	struct latest *options; /* the value is a struct subscriber_options */
	struct log log;
	pthread_t thread;
	bool started;
	atomic_bool stop;
	pthread_mutex_t mutex; /* guards link */
	pthread_cond_t wake;
	struct link *link; /* to be stopped when we end */
};

/* ---- one task ---- */

static int open_tx(const struct subscriber_options *o, const struct id *organisation, struct tx **ret, struct error *e)
{
	if (tx_begin(o->store, STORE_WORKER, ret, e) < 0)
		return -1;
	return tx_for(*ret, organisation, e);
}

static int load(const struct subscriber_options *o, const struct subscription_task *task, struct arena *arena, struct connection *ret,
                struct settings *ret_settings, struct error *e)
{
	scoped(tx) *tx = NULL;
	int found = open_tx(o, &task->organisation, &tx, e) < 0 ? -1 : connection_load(tx, arena, &task->organisation, &task->connection, ret, e);

	if (found == 0)
		return error_set(e, ERROR_NOT_FOUND, "connection.unknown", "the connection is no more");
	return found < 0 ? -1 : settings_open(tx, o->keys, ret, arena, ret_settings, e);
}

static void publish(struct subscriber *s, struct link *link)
{
	pthread_mutex_lock(&s->mutex);
	s->link = link;
	if (link && atomic_load(&s->stop))
		link_cancel(link);
	pthread_mutex_unlock(&s->mutex);
}

/* 1: none is wanted. */
static int ask(struct subscriber *s, const struct subscriber_options *o, const struct subscription_task *task, const struct connection *connection,
               const struct settings *settings, struct arena *arena, struct error *e)
{
	char id[ID_TEXT_SIZE];
	struct keeper keeper;
	const struct link_options options = {
		.plugin = connection->plugin,
		.settings = settings->all,
		.setting_count = settings->count,
		.deadline_ms = o->call_deadline_ms,
		.allow_private = o->allow_private && connection->private_addresses,
		.keeper = &keeper.link,
		.notifications_url = arena_format(arena, "%s/hooks/%s", o->public_url, id_text(&connection->id, id)),
		.log = &s->log,
	};
	struct link *link = NULL;
	int result;

	keeper_open(&keeper, o->store, STORE_WORKER, o->keys, &connection->organisation, &connection->id);
	if (link_open(o->catalog, &options, &link, e) < 0)
		return -1;
	publish(s, link);
	result = link_subscribe(link, (enum link_subscription)task->action, e);
	publish(s, NULL);
	link_close(&link);
	return result;
}

static int write_end(const struct subscriber_options *o, const struct subscription_task *task, const struct connection *connection, int result,
                     const struct error *why, struct error *e)
{
	const struct catalog_plugin *plugin;
	scoped(tx) *tx = NULL;
	int64_t renew_after_ms =
		result >= 0 && catalog_find(o->catalog, connection->plugin, &plugin, e) == 1 ? plugin->renew_after_ms : 0;

	if (open_tx(o, &task->organisation, &tx, e) < 0 ||
	    (result < 0 ? subscription_failed(tx, &o->daemon, task, why, e)
	                : subscription_done(tx, &o->daemon, task, connection->version, o->public_url, result == 0, renew_after_ms, e)) < 0)
		return -1;
	return tx_commit(&tx, e);
}

static void work_on(struct subscriber *s, const struct subscriber_options *o, const struct subscription_task *task)
{
	static const char *const words[] = {
		[SUBSCRIPTION_SUBSCRIBE] = "asked for messages",
		[SUBSCRIPTION_RENEW] = "asked for further messages",
		[SUBSCRIPTION_UNSUBSCRIBE] = "asked for no more messages",
	};
	static const char *const labels[] = {
		[SUBSCRIPTION_SUBSCRIBE] = "subscribe",
		[SUBSCRIPTION_RENEW] = "renew",
		[SUBSCRIPTION_UNSUBSCRIBE] = "unsubscribe",
	};
	scoped(arena) *arena = arena_open("subscription");
	struct settings settings = { 0 };
	struct connection connection = { 0 };
	struct error why = { 0 }, e;
	int result = load(o, task, arena, &connection, &settings, &why);

	log_subject(&s->log, NULL, "subscription of %s", connection.name ? connection.name : "a connection");
	if (result == 0)
		result = ask(s, o, task, &connection, &settings, arena, &why);
	settings_close(&settings);
	if (atomic_load(&s->stop))
		return;
	if (result != 1 && connection.plugin)
		metric_add(METRIC_SUBSCRIPTIONS_ASKED, LABELS(connection.plugin, labels[task->action], result < 0 ? "failed" : "done"), 1);
	if (result < 0)
		log_failure(&s->log, LOG_LEVEL_NOTICE, "will be tried again", &why);
	else
		log_info(&s->log, "%s", result == 1 ? "none is wanted" : words[task->action]);
	if (write_end(o, task, &connection, result, &why, &e) < 0)
		log_failure(&s->log, LOG_LEVEL_WARNING, "could not write down how it went; it is done again", &e);
}

/* ---- which ---- */

/* Those that can, of the plug-ins that there are connections of. Describing one may need a child: not within a transaction. */
static int list_plugins(const struct subscriber_options *o, struct arena *arena, const char ***ret, struct error *e)
{
	static const struct query used = { "subscriber.plugins", "SELECT subscriptions_plugins()", QUERY_READS, 0 };
	const char **names = arena_array(arena, PLUGINS_MOST + 1, sizeof(*names));
	const struct catalog_plugin *plugin;
	const struct rows *rows;
	struct error ignored;
	scoped(tx) *tx = NULL;
	size_t count = 0;

	if (tx_begin(o->store, STORE_WORKER, &tx, e) < 0 || query_run(tx, &used, NO_PARAMS, arena, &rows, e) < 0)
		return -1;
	tx_close(&tx);
	for (size_t i = 0; i < rows_count(rows) && count < PLUGINS_MOST; i++)
		if (catalog_find(o->catalog, rows_text(rows, i, 0), &plugin, &ignored) == 1 && plugin->subscribes)
			names[count++] = rows_text(rows, i, 0);
	*ret = names;
	return count > 0;
}

/* 1: a task was done, well or not. 0: there is none. */
static int do_next(struct subscriber *s, const struct subscriber_options *o, struct error *e)
{
	scoped(arena) *arena = arena_open("subscriptions");
	struct subscription_task task;
	const char **plugins;
	scoped(tx) *tx = NULL;
	int found = o->public_url ? list_plugins(o, arena, &plugins, e) : 0;

	if (found <= 0)
		return found;
	if (tx_begin(o->store, STORE_WORKER, &tx, e) < 0)
		return -1;
	found = subscription_claim(tx, arena, &o->daemon, plugins, o->public_url, SILENT_CALLS * (int64_t)o->call_deadline_ms + SILENT_MS, &task, e);
	if (found < 0 || tx_commit(&tx, e) < 0)
		return -1;
	if (found == 1)
		work_on(s, o, &task);
	return found;
}

static void pause_ms(struct subscriber *s, int ms)
{
	int64_t until_ms = clock_monotonic_ms() + ms;
	struct timespec until = { until_ms / 1000, until_ms % 1000 * 1000000L };

	pthread_mutex_lock(&s->mutex);
	while (!atomic_load(&s->stop) && pthread_cond_timedwait(&s->wake, &s->mutex, &until) == 0)
		;
	pthread_mutex_unlock(&s->mutex);
}

static void *subscribe(void *opaque)
{
	struct subscriber *s = opaque;

	pthread_setname_np(pthread_self(), "subscriber");
	while (!atomic_load(&s->stop)) {
		scoped(shared) *held = latest_hold(s->options);
		struct error e;
		int done = do_next(s, shared_value(held), &e);

		if (done < 0)
			log_failure(&s->log, LOG_LEVEL_WARNING, "could not look after subscriptions", &e);
		if (done != 1)
			pause_ms(s, ROUND_MS);
	}
	return NULL;
}

/* ---- beginning and end ---- */

static void options_close(void *value)
{
	struct subscriber_options *options = value;

	shared_close(&options->keeps);
	free(options);
}

static struct shared *keep_options(const struct subscriber_options *options)
{
	struct subscriber_options *kept = malloc(sizeof(*kept));

	if (!kept)
		abort();
	*kept = *options;
	kept->keeps = shared_hold(options->keeps);
	return shared_open(kept, options_close);
}

int subscriber_open(const struct subscriber_options *options, struct subscriber **ret, struct error *e)
{
	struct subscriber *s = calloc(1, sizeof(*s));
	pthread_condattr_t monotonic;

	if (!s)
		abort();
	s->options = latest_open(keep_options(options));
	pthread_mutex_init(&s->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&s->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	log_subject(&s->log, NULL, "subscriptions");
	if (pthread_create(&s->thread, NULL, subscribe, s) != 0) {
		subscriber_close(&s);
		return error_set(e, ERROR_INTERNAL, "subscriber.thread", "could not start the thread that looks after subscriptions");
	}
	s->started = true;
	*ret = s;
	return 0;
}

void subscriber_change(struct subscriber *s, const struct subscriber_options *options)
{
	latest_replace(s->options, keep_options(options));
}

void subscriber_close(struct subscriber **subscriber)
{
	struct subscriber *s = *subscriber;

	if (!s)
		return;
	atomic_store(&s->stop, true);
	pthread_mutex_lock(&s->mutex);
	if (s->link)
		link_cancel(s->link);
	pthread_cond_broadcast(&s->wake);
	pthread_mutex_unlock(&s->mutex);
	if (s->started)
		pthread_join(s->thread, NULL);
	latest_close(&s->options);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->mutex);
	free(s);
	*subscriber = NULL;
}
