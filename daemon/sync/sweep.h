/* Throws away what has expired: staging of runs that are over, runs that were kept long enough, idempotency
 * keys, sign-ons and sessions that are over, organisations that were deleted long enough ago; lets people go whose grace time is over; and has it told what soon
 * ends (expiry). In a thread of its own, for an
 * organisation may be large. */
#ifndef ROSTERD_SYNC_SWEEP_H
#define ROSTERD_SYNC_SWEEP_H

#include "base/error.h"

struct store;
struct sweeper;

/* Sweeps at once, and then from time to time. The store is borrowed until sweep_close. */
int sweep_open(struct store *store, struct sweeper **ret, struct error *e);

/* Waits for the statement that runs, which store_hurry cuts short. Accepts a pointer to NULL; leaves NULL behind. */
void sweep_close(struct sweeper **sweeper);

#endif
