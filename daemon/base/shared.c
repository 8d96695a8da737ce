/* A count with the value; a place is a pointer under a lock that is held for as long as it takes to count. */
#include "base/shared.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/arena.h"

struct shared {
	void *value;
	void (*close)(void *value);
	atomic_long holders;
};

struct latest {
	pthread_mutex_t lock;
	struct shared *now;
};

static void *take(size_t size)
{
	void *bytes = calloc(1, size);

	if (!bytes)
		memory_exhausted("a shared value", size);
	return bytes;
}

struct shared *shared_open(void *value, void (*close)(void *value))
{
	struct shared *shared = take(sizeof(*shared));

	shared->value = value;
	shared->close = close;
	atomic_init(&shared->holders, 1);
	return shared;
}

struct shared *shared_hold(struct shared *shared)
{
	if (shared)
		atomic_fetch_add(&shared->holders, 1);
	return shared;
}

const void *shared_value(const struct shared *shared)
{
	return shared->value;
}

void shared_close(struct shared **shared)
{
	struct shared *s = *shared;

	*shared = NULL;
	if (!s || atomic_fetch_sub(&s->holders, 1) > 1)
		return;
	if (s->close)
		s->close(s->value);
	free(s);
}

struct latest *latest_open(struct shared *first)
{
	struct latest *latest = take(sizeof(*latest));

	pthread_mutex_init(&latest->lock, NULL);
	latest->now = first;
	return latest;
}

void latest_close(struct latest **latest)
{
	if (!*latest)
		return;
	shared_close(&(*latest)->now);
	pthread_mutex_destroy(&(*latest)->lock);
	free(*latest);
	*latest = NULL;
}

struct shared *latest_hold(struct latest *latest)
{
	struct shared *held;

	pthread_mutex_lock(&latest->lock);
	held = shared_hold(latest->now);
	pthread_mutex_unlock(&latest->lock);
	return held;
}

void latest_replace(struct latest *latest, struct shared *next)
{
	struct shared *former;

	pthread_mutex_lock(&latest->lock);
	former = latest->now;
	latest->now = next;
	pthread_mutex_unlock(&latest->lock);
	shared_close(&former); /* may close much; nobody waits for that */
}
