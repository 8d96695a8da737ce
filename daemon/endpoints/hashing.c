#include "endpoints/hashing.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

enum { AGAIN_MS = 2000 };

struct hashing {
	pthread_mutex_t lock;
	pthread_cond_t left;
	int inside, waiting;
};

struct hashing *hashing_open(void)
{
	struct hashing *hashing = calloc(1, sizeof(*hashing));
	pthread_condattr_t monotonic;

	if (!hashing)
		abort();
	pthread_mutex_init(&hashing->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&hashing->left, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return hashing;
}

void hashing_close(struct hashing **hashing)
{
	if (!*hashing)
		return;
	pthread_cond_destroy(&(*hashing)->left);
	pthread_mutex_destroy(&(*hashing)->lock);
	free(*hashing);
	*hashing = NULL;
}

/* Whether there is room, now or in a moment. With the lock. */
static bool wait_for_room(struct hashing *hashing, int at_once, int places)
{
	struct timespec until;
	int failed = 0;

	if (hashing->inside + hashing->waiting >= places)
		return false;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += HASHING_WAIT_MS / 1000;
	hashing->waiting++;
	while (hashing->inside >= at_once && failed == 0)
		failed = pthread_cond_timedwait(&hashing->left, &hashing->lock, &until);
	hashing->waiting--;
	return hashing->inside < at_once;
}

int hashing_enter(struct hashing *hashing, int at_once, int places, struct error *e)
{
	bool room;

	pthread_mutex_lock(&hashing->lock);
	room = wait_for_room(hashing, at_once, places);
	hashing->inside += room;
	pthread_mutex_unlock(&hashing->lock);
	if (room)
		return 0;
	error_set(e, ERROR_RETRY, "busy.passwords",
		  "%d passwords are looked at already, which is all that may; come again in a moment",
		  at_once);
	e->wait_ms = AGAIN_MS;
	return -1;
}

void hashing_leave(struct hashing *hashing)
{
	pthread_mutex_lock(&hashing->lock);
	hashing->inside--;
	pthread_cond_signal(&hashing->left);
	pthread_mutex_unlock(&hashing->lock);
}
