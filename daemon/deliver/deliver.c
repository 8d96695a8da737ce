/* The threads, and how often they look. Commits wait for none of this. */
#include "deliver/deliver.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/shared.h"
#include "base/text.h"
#include "deliver/courier.h"
#include "deliver/herald.h"
#include "deliver/sealer.h"
#include "deliver/stream.h"

enum {
	SEAL_EVERY_MS = 1000,
	STREAM_EVERY_MS = 1000,
	COURIER_EVERY_MS = 1000,
	HERALD_EVERY_MS = 1000,
	TEND_EVERY_MS = 60 * 1000,
	PRUNE_EVERY_MS = 24 * 3600 * 1000,
	TROUBLE_EVERY_MS = 60 * 1000
};

/* Trouble that lasts is told once in a while, not each time. */
struct trouble {
	const char *what;
	int64_t told_at;
	bool lasts;
};

/* With what couriers go, and a hold on what that points to. */
struct means {
	struct courier_means courier;
	struct herald_means herald;
	struct shared *keeps;
};

/* One thread that goes to endpoints. */
struct errand {
	struct deliver *deliver;
	pthread_t thread;
	bool runs;
};

struct deliver {
	struct deliver_options options;
	struct log log;
	pthread_mutex_t mutex; /* guards ending */
	pthread_cond_t wake;
	bool ending;
	pthread_t sealer;
	bool seals;
	struct stream *stream; /* NULL: there is none */
	pthread_t streamer;
	bool streams;
	struct latest *means; /* the value is a struct means */
	struct errand errands[DELIVER_COURIERS];
	struct errand heralds[DELIVER_HERALDS];
};

static void tell(struct deliver *d, struct trouble *trouble, const struct error *e)
{
	if (text_equal(e->code, "store.ending"))
		return; /* the next daemon does it */
	if (trouble->lasts && clock_monotonic_ms() < trouble->told_at + TROUBLE_EVERY_MS)
		return;
	log_failure(&d->log, LOG_LEVEL_WARNING, trouble->what, e);
	trouble->told_at = clock_monotonic_ms();
	trouble->lasts = true;
}

/* Waits, or until the end. false: it has come. */
static bool pause_for(struct deliver *d, int ms)
{
	struct timespec until;
	bool goes_on;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&d->mutex);
	while (!d->ending && pthread_cond_timedwait(&d->wake, &d->mutex, &until) == 0)
		;
	goes_on = !d->ending;
	pthread_mutex_unlock(&d->mutex);
	return goes_on;
}

/* ---- the sealer ---- */

static int note_lag(struct deliver *d, struct error *e)
{
	int64_t entries, ms;

	if (sealer_lag(d->options.store, &entries, &ms, e) < 0)
		return -1;
	metric_set(METRIC_AUDIT_UNSEALED, NO_LABELS, entries);
	metric_set(METRIC_AUDIT_UNSEALED_AGE, NO_LABELS, ms * 1000);
	return 0;
}

static int seal(struct deliver *d, bool *ret_more, struct error *e)
{
	return sealer_seal(d->options.store, ret_more, e) < 0 ? -1 : note_lag(d, e);
}

/* What is old goes at the start and once a day. */
static int prune(struct deliver *d, int64_t *due_ms, struct error *e)
{
	bool more;

	if (d->options.keep_ms == 0 || clock_monotonic_ms() < *due_ms)
		return 0;
	if (sealer_prune(d->options.store, d->options.keep_ms, &more, e) < 0)
		return -1;
	if (!more)
		*due_ms = clock_monotonic_ms() + PRUNE_EVERY_MS;
	return 0;
}

static void *seal_on(void *self)
{
	struct deliver *d = self;
	struct trouble trouble = { "could not seal the audit", 0, false };
	int64_t prune_at = 0;
	bool more = false;
	struct error e;

	while (pause_for(d, more ? 0 : SEAL_EVERY_MS)) {
		more = false;
		if (seal(d, &more, &e) < 0 || prune(d, &prune_at, &e) < 0)
			tell(d, &trouble, &e);
		else
			trouble.lasts = false;
	}
	return NULL;
}

/* ---- the stream ---- */

static void *stream_on(void *self)
{
	struct deliver *d = self;
	struct trouble trouble = { "could not stream the audit", 0, false };
	bool more = false;
	struct error e;

	while (pause_for(d, more ? 0 : STREAM_EVERY_MS)) {
		more = false;
		if (stream_carry(d->stream, &more, &e) < 0)
			tell(d, &trouble, &e);
		else
			trouble.lasts = false;
	}
	return NULL;
}

/* ---- events ---- */

static void means_close(void *value)
{
	struct means *means = value;

	shared_close(&means->keeps);
	free(means);
}

static struct shared *means_open(const struct deliver *d, const struct deliver_options *options)
{
	struct means *means = calloc(1, sizeof(*means));

	if (!means)
		abort();
	means->keeps = shared_hold(options->keeps);
	means->courier = (struct courier_means){
		.store = d->options.store,
		.catalog = d->options.catalog,
		.keys = options->keys,
		.allow_private = options->allow_private,
		.log = &d->log,
	};
	means->herald = (struct herald_means){
		.store = d->options.store,
		.catalog = d->options.catalog,
		.keys = options->keys,
		.public_url = options->public_url,
		.roll_keys_ms = options->roll_keys_ms,
		.allow_private = options->allow_private,
		.log = &d->log,
	};
	return shared_open(means, means_close);
}

static int go_once(struct deliver *d, struct courier *courier, bool *ret_more, struct error *e)
{
	scoped(shared) *held = latest_hold(d->means);
	const struct means *means = shared_value(held);

	return courier_round(courier, &means->courier, ret_more, e);
}

static void *go_on(void *self)
{
	struct errand *errand = self;
	struct deliver *d = errand->deliver;
	struct courier *courier = courier_open();
	struct trouble trouble = { "could not look for events to deliver", 0, false };
	bool more = false;
	struct error e;

	while (pause_for(d, more ? 0 : COURIER_EVERY_MS)) {
		more = false;
		if (go_once(d, courier, &more, &e) < 0)
			tell(d, &trouble, &e);
		else
			trouble.lasts = false;
	}
	courier_close(&courier);
	return NULL;
}

/* ---- the end of sessions ---- */

/* The first of them looks after the rest, too. */
static int tell_once(struct deliver *d, int64_t *tend_at, bool *ret_more, struct error *e)
{
	scoped(shared) *held = latest_hold(d->means);
	const struct means *means = shared_value(held);
	bool more = false;

	if (*tend_at <= clock_monotonic_ms()) {
		if (herald_tend(&means->herald, &more, e) < 0)
			return -1;
		*tend_at = more ? 0 : clock_monotonic_ms() + TEND_EVERY_MS;
	}
	return herald_round(&means->herald, ret_more, e);
}

static void *tell_on(void *self)
{
	struct errand *errand = self;
	struct deliver *d = errand->deliver;
	struct trouble trouble = { "could not look for applications to be told of the end of sessions", 0, false };
	int64_t tend_at = errand == d->heralds ? 0 : INT64_MAX;
	bool more = true; /* the first keys are made at once */
	struct error e;

	while (pause_for(d, more ? 0 : HERALD_EVERY_MS)) {
		more = false;
		if (tell_once(d, &tend_at, &more, &e) < 0)
			tell(d, &trouble, &e);
		else
			trouble.lasts = false;
	}
	return NULL;
}

void deliver_change(struct deliver *deliver, const struct deliver_options *options)
{
	latest_replace(deliver->means, means_open(deliver, options));
}

/* ---- beginning and end ---- */

static int start(pthread_t *thread, void *(*work)(void *), void *self, bool *ret_runs, struct error *e)
{
	int failed = pthread_create(thread, NULL, work, self);

	if (failed)
		return error_set(e, ERROR_INTERNAL, "deliver.thread",
				 "could not start a thread for the audit and its events: %s", strerror(failed));
	*ret_runs = true;
	return 0;
}

static int start_stream(struct deliver *d, struct error *e)
{
	const struct stream_options options = { d->options.store, d->options.stream,
						d->options.stream_socket };

	if (text_equal(d->options.stream, "none"))
		return 0;
	if (stream_open(&options, &d->stream, e) < 0)
		return -1;
	return start(&d->streamer, stream_on, d, &d->streams, e);
}

static int start_couriers(struct deliver *d, struct error *e)
{
	for (int i = 0; i < DELIVER_COURIERS; i++) {
		d->errands[i].deliver = d;
		if (start(&d->errands[i].thread, go_on, &d->errands[i], &d->errands[i].runs, e) < 0)
			return -1;
	}
	return 0;
}

static int start_heralds(struct deliver *d, struct error *e)
{
	for (int i = 0; i < DELIVER_HERALDS; i++) {
		d->heralds[i].deliver = d;
		if (start(&d->heralds[i].thread, tell_on, &d->heralds[i], &d->heralds[i].runs, e) < 0)
			return -1;
	}
	return 0;
}

int deliver_open(const struct deliver_options *options, struct deliver **ret, struct error *e)
{
	struct deliver *d = calloc(1, sizeof(*d));
	pthread_condattr_t monotonic;

	if (!d)
		return error_set(e, ERROR_INTERNAL, "deliver.memory", "no memory for the audit's threads");
	d->options = *options;
	log_subject(&d->log, NULL, "audit");
	pthread_mutex_init(&d->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&d->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	d->means = latest_open(means_open(d, options));
	if (start(&d->sealer, seal_on, d, &d->seals, e) < 0 || start_stream(d, e) < 0 || start_couriers(d, e) < 0 || start_heralds(d, e) < 0) {
		deliver_close(&d);
		return -1;
	}
	*ret = d;
	return 0;
}

void deliver_close(struct deliver **deliver)
{
	struct deliver *d = *deliver;

	if (!d)
		return;
	pthread_mutex_lock(&d->mutex);
	d->ending = true;
	pthread_cond_broadcast(&d->wake);
	pthread_mutex_unlock(&d->mutex);
	if (d->seals)
		pthread_join(d->sealer, NULL);
	if (d->streams)
		pthread_join(d->streamer, NULL);
	for (int i = 0; i < DELIVER_COURIERS; i++)
		if (d->errands[i].runs)
			pthread_join(d->errands[i].thread, NULL);
	for (int i = 0; i < DELIVER_HERALDS; i++)
		if (d->heralds[i].runs)
			pthread_join(d->heralds[i].thread, NULL);
	latest_close(&d->means);
	stream_close(&d->stream);
	pthread_cond_destroy(&d->wake);
	pthread_mutex_destroy(&d->mutex);
	free(d);
	*deliver = NULL;
}
