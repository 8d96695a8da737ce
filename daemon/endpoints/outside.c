/* A short list of who is outside: there are never more than threads. */
#include "endpoints/outside.h"

#include <pthread.h>
#include <stdlib.h>

enum { WAIT_MS = 2000 };

struct outside {
	pthread_mutex_t lock;
	int most, count;
	struct id organisations[OUTSIDE_MOST];
};

struct outside *outside_open(int most)
{
	struct outside *outside = calloc(1, sizeof(*outside));

	if (!outside)
		abort();
	pthread_mutex_init(&outside->lock, NULL);
	outside->most = most < 1 ? 1 : most > OUTSIDE_MOST ? OUTSIDE_MOST : most;
	return outside;
}

void outside_close(struct outside **outside)
{
	if (!*outside)
		return;
	pthread_mutex_destroy(&(*outside)->lock);
	free(*outside);
	*outside = NULL;
}

static int of_one(const struct outside *outside, const struct id *organisation)
{
	int count = 0;

	for (int i = 0; i < outside->count; i++)
		count += id_equal(&outside->organisations[i], organisation);
	return count;
}

static int enter(struct outside *outside, const struct id *organisation, struct error *e)
{
	if (of_one(outside, organisation) >= OUTSIDE_OF_ONE_MOST)
		return error_set(
			e, ERROR_RETRY, "busy.organisation",
			"%d requests of this organisation wait for directories already; wait for one "
			"of them to end",
			OUTSIDE_OF_ONE_MOST);
	if (outside->count >= outside->most)
		return error_set(e, ERROR_RETRY, "busy.all",
				 "%d requests wait for directories already, which is all that may; try again "
				 "in a moment",
				 outside->most);
	outside->organisations[outside->count++] = *organisation;
	return 0;
}

int outside_enter(struct outside *outside, const struct id *organisation, struct error *e)
{
	int entered;

	pthread_mutex_lock(&outside->lock);
	entered = enter(outside, organisation, e);
	pthread_mutex_unlock(&outside->lock);
	if (entered < 0)
		e->wait_ms = WAIT_MS;
	return entered;
}

void outside_leave(struct outside *outside, const struct id *organisation)
{
	int i = 0;

	pthread_mutex_lock(&outside->lock);
	while (i < outside->count && !id_equal(&outside->organisations[i], organisation))
		i++;
	if (i < outside->count)
		outside->organisations[i] = outside->organisations[--outside->count];
	pthread_mutex_unlock(&outside->lock);
}
