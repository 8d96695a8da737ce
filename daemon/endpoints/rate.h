/* How often somebody may do something: so that one who has lost their head does not take the others' time.
 *
 * A bucket for each key, filled at an even rate. In memory: each daemon counts what it answers itself. */
#ifndef ROSTERD_ENDPOINTS_RATE_H
#define ROSTERD_ENDPOINTS_RATE_H

#include <stdint.h>

#include "base/id.h"

enum {
	RATE_SETS =
		512, /* of keys; one that finds its set full takes the place of the one unseen for longest */
	RATE_WAYS = 8,
};

struct rate;

struct rate *rate_open(void);
void rate_close(struct rate **rate);

/* Once, at now_ms (monotonic): how many milliseconds are to be waited; 0: it may, and has. per_minute 0: as
 * often as they like. Where a key lies among the others nobody outside can reckon. Any thread. */
int64_t rate_take(struct rate *rate, const struct id *key, int64_t per_minute, int64_t burst, int64_t now_ms);

/* The same without taking anything: whether it might. */
int64_t rate_look(struct rate *rate, const struct id *key, int64_t per_minute, int64_t burst, int64_t now_ms);

#endif
