/* A fixed number of threads that do jobs from a bounded queue, first come first served. */
#ifndef ROSTERD_HTTP_CREW_H
#define ROSTERD_HTTP_CREW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct crew;

typedef void crew_work_fn(void *job);

/* With jobs waiting, one is taken at least every stall_ms, or the crew is stuck (base/lease); 0: it may take any time. */
int crew_open(int threads, int waiting_most, int64_t stall_ms, crew_work_fn *work, struct crew **ret, struct error *e);

/* false: as many wait as may, or the crew has finished. */
bool crew_give(struct crew *crew, void *job);

/* Takes no more, does what waits, and comes back when all threads have ended. */
void crew_finish(struct crew *crew);

/* Finishes and frees. Leaves NULL behind. */
void crew_close(struct crew **crew);

#endif
