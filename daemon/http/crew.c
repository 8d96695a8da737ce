/* Threads and a ring of jobs under one lock. */
#include "platform.h"

#include "http/crew.h"

#include "base/arena.h"
#include "base/lease.h"

#include <pthread.h>
#include <stddef.h>
#include <string.h>

struct crew {
	struct arena *arena;
	crew_work_fn *work;
	pthread_mutex_t lock;
	pthread_cond_t given;
	bool finished;
	int64_t stall_ms;
	struct lease lease; /* while something waits, until it is taken */
	size_t waiting, first, size;
	void **ring;
	size_t thread_count;
	pthread_t *threads;
};

/* Called with the lock, when the first job comes to wait and whenever one is taken. */
static void renew_lease(struct crew *crew)
{
	if (crew->waiting > 0 && crew->stall_ms > 0)
		lease_take(&crew->lease, crew->stall_ms);
	else
		lease_give_up(&crew->lease);
}

/* NULL: nothing waits and nothing will come. */
static void *take_job(struct crew *crew)
{
	void *job = NULL;

	pthread_mutex_lock(&crew->lock);
	while (crew->waiting == 0 && !crew->finished)
		pthread_cond_wait(&crew->given, &crew->lock);
	if (crew->waiting > 0) {
		job = crew->ring[crew->first];
		crew->first = (crew->first + 1) % crew->size;
		crew->waiting--;
		renew_lease(crew);
	}
	pthread_mutex_unlock(&crew->lock);
	return job;
}

static void *work_on(void *arg)
{
	struct crew *crew = arg;

	pthread_setname_np(pthread_self(), "exchange");

	for (void *job; (job = take_job(crew));)
		crew->work(job);
	return NULL;
}

int crew_open(int threads, int waiting_most, int64_t stall_ms, crew_work_fn *work, struct crew **ret, struct error *e)
{
	struct arena *arena = arena_open("crew");
	struct crew *crew = arena_take(arena, sizeof(*crew));

	crew->arena = arena;
	crew->work = work;
	crew->size = (size_t)waiting_most;
	crew->stall_ms = stall_ms;
	lease_open(&crew->lease, "the answering of requests");
	crew->ring = arena_array(arena, crew->size, sizeof(*crew->ring));
	crew->threads = arena_array(arena, (size_t)threads, sizeof(*crew->threads));
	pthread_mutex_init(&crew->lock, NULL);
	pthread_cond_init(&crew->given, NULL);

	for (; crew->thread_count < (size_t)threads; crew->thread_count++) {
		int failed = pthread_create(&crew->threads[crew->thread_count], NULL, work_on, crew);
		if (failed) {
			crew_close(&crew);
			return error_set(e, ERROR_INTERNAL, "http.threads",
					 "could not start %d exchange threads: %s", threads,
					 strerror(failed));
		}
	}
	*ret = crew;
	return 0;
}

bool crew_give(struct crew *crew, void *job)
{
	bool taken;

	pthread_mutex_lock(&crew->lock);
	taken = !crew->finished && crew->waiting < crew->size;
	if (taken) {
		crew->ring[(crew->first + crew->waiting) % crew->size] = job;
		if (crew->waiting++ == 0)
			renew_lease(crew);
	}
	pthread_mutex_unlock(&crew->lock);
	if (taken)
		pthread_cond_signal(&crew->given); /* whoever wakes finds the lock free */
	return taken;
}

void crew_finish(struct crew *crew)
{
	pthread_mutex_lock(&crew->lock);
	crew->finished = true;
	pthread_cond_broadcast(&crew->given);
	pthread_mutex_unlock(&crew->lock);

	for (size_t i = 0; i < crew->thread_count; i++)
		pthread_join(crew->threads[i], NULL);
	crew->thread_count = 0;
}

void crew_close(struct crew **crew)
{
	struct arena *arena;

	if (!*crew)
		return;
	crew_finish(*crew);
	lease_close(&(*crew)->lease);
	pthread_cond_destroy(&(*crew)->given);
	pthread_mutex_destroy(&(*crew)->lock);
	arena = (*crew)->arena;
	arena_close(&arena);
	*crew = NULL;
}
