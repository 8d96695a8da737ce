/* How often a connection may push: so that one directory that has lost its head does not take the others'
 * time.
 *
 * A bucket for each connection, filled at an even rate. In memory: each daemon counts what it answers itself.
 */
#ifndef ROSTERD_ENDPOINTS_SCIM_RATE_H
#define ROSTERD_ENDPOINTS_SCIM_RATE_H

#include <stdint.h>

#include "base/error.h"
#include "base/id.h"

enum {
	SCIM_RATE_SETS = 512, /* of connections; one that finds its set full takes the place of the one unseen
				 for longest */
	SCIM_RATE_WAYS = 8,
};

struct scim_rate;

struct scim_rate *scim_rate_open(void);
void scim_rate_close(struct scim_rate **rate);

/* One request at now_ms (monotonic). per_second 0: as many as they like. ERROR_LIMIT "rate.scim", with when
 * to come again. Any thread. */
int scim_rate_take(struct scim_rate *rate, const struct id *connection, int per_second, int burst,
		   int64_t now_ms, struct error *e);

#endif
