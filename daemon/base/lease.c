/* A list of all leases of the process, under one lock that is held for moments. */
#include "base/lease.h"

#include "base/clock.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct lease *first;

void lease_open(struct lease *lease, const char *of)
{
	lease->of = of;
	atomic_store(&lease->until_ms, 0);
	pthread_mutex_lock(&lock);
	lease->link = &first;
	lease->next = first;
	if (first)
		first->link = &lease->next;
	first = lease;
	pthread_mutex_unlock(&lock);
}

void lease_close(struct lease *lease)
{
	pthread_mutex_lock(&lock);
	*lease->link = lease->next;
	if (lease->next)
		lease->next->link = lease->link;
	pthread_mutex_unlock(&lock);
}

void lease_take(struct lease *lease, int64_t within_ms)
{
	atomic_store(&lease->until_ms, clock_monotonic_ms() + within_ms);
}

void lease_give_up(struct lease *lease)
{
	atomic_store(&lease->until_ms, 0);
}

int lease_check(struct error *e)
{
	const struct lease *lease;
	int64_t now = clock_monotonic_ms(), over_ms = 0;

	pthread_mutex_lock(&lock);
	for (lease = first; lease; lease = lease->next) {
		int64_t until = atomic_load(&lease->until_ms);

		over_ms = until > 0 ? now - until : 0;
		if (over_ms > 0)
			break;
	}
	if (lease)
		error_set(e, ERROR_INTERNAL, "lease.stuck", "%s is stuck, and should have moved %lld s ago", lease->of,
		          (long long)(over_ms + 999) / 1000);
	pthread_mutex_unlock(&lock);
	return lease ? -1 : 0;
}
