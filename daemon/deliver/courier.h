/* Brings events to those who asked for them: to one endpoint at a time, at most a page, and no longer than a round.
 *
 * Each endpoint is told everything in its order. One that does not answer, or not with success, is tried again, ever more seldom, and what
 * comes behind waits; once it has failed for COURIER_STOP_MS it is stopped until somebody looks. An event that it refuses (a status that
 * says that the event itself is not good) is passed over after COURIER_REFUSALS_MOST tries, and kept to be looked at. A daemon that dies
 * in between tells up to a page a second time. Several share the work: an endpoint is one courier's at a time. */
#ifndef ROSTERD_DELIVER_COURIER_H
#define ROSTERD_DELIVER_COURIER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct catalog;
struct courier;
struct crypt_keys;
struct log;
struct store;

enum {
	COURIER_PAGE = 100,
	COURIER_ANSWER_MS = 15000,    /* that an endpoint may take for one event */
	COURIER_CALL_MS = 18000,      /* the same with what the plug-in leaves for itself */
	COURIER_ROUND_MS = 15000,     /* after which no further event is begun: others have waited */
	COURIER_HOLD_MS = 60000,      /* before another daemon takes the endpoint of one that died */
	COURIER_KEEP_EVERY_MS = 5000, /* how often its place is written down */
	COURIER_REFUSALS_MOST = 5,
	COURIER_BODY_MOST = 256 << 10, /* bytes of an event; a larger one comes without what was before and after */
};
#define COURIER_STOP_MS (5 * 24 * 3600 * INT64_C(1000))

/* Borrowed for one round. */
struct courier_means {
	struct store *store;
	struct catalog *catalog;
	const struct crypt_keys *keys;
	bool allow_private;
	const struct log *log;
};

struct courier *courier_open(void);
void courier_close(struct courier **courier);

/* One page to an endpoint that is due. *ret_more: there may be another one at once. -1: the database is away; that an endpoint fails is none of
 * our failures. */
int courier_round(struct courier *courier, const struct courier_means *means, bool *ret_more, struct error *e);

#endif
