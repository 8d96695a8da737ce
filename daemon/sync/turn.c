#include "platform.h"

#include "sync/turn.h"

#include <stddef.h>

#include "base/clock.h"
#include "plugin/link.h"

void turn_open(struct turn *turn)
{
	*turn = (struct turn){ .since_ms = 0 };
	pthread_mutex_init(&turn->mutex, NULL);
}

void turn_close(struct turn *turn)
{
	pthread_mutex_destroy(&turn->mutex);
}

void turn_begin(struct turn *turn)
{
	if (!turn)
		return;
	pthread_mutex_lock(&turn->mutex);
	turn->since_ms = clock_monotonic_ms();
	turn->over = false;
	turn->link = NULL;
	pthread_mutex_unlock(&turn->mutex);
}

void turn_hold(void *opaque, struct link *link)
{
	struct turn *turn = opaque;

	if (!turn)
		return;
	pthread_mutex_lock(&turn->mutex);
	turn->link = link;
	if (link && turn->over)
		link_cancel(link);
	pthread_mutex_unlock(&turn->mutex);
}

bool turn_end(struct turn *turn)
{
	bool over;

	if (!turn)
		return false;
	pthread_mutex_lock(&turn->mutex);
	over = turn->over;
	turn->since_ms = 0;
	turn->link = NULL;
	pthread_mutex_unlock(&turn->mutex);
	return over;
}

int64_t turn_lasts_ms(struct turn *turn)
{
	int64_t since_ms;

	pthread_mutex_lock(&turn->mutex);
	since_ms = turn->since_ms;
	pthread_mutex_unlock(&turn->mutex);
	return since_ms ? clock_monotonic_ms() - since_ms : 0;
}

void turn_take_away(struct turn *turn)
{
	pthread_mutex_lock(&turn->mutex);
	if (turn->since_ms) {
		turn->over = true;
		if (turn->link)
			link_cancel(turn->link);
	}
	pthread_mutex_unlock(&turn->mutex);
}

bool turn_is_over(struct turn *turn)
{
	bool over;

	if (!turn)
		return false;
	pthread_mutex_lock(&turn->mutex);
	over = turn->over;
	pthread_mutex_unlock(&turn->mutex);
	return over;
}
