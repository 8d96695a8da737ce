/* One run from claim to end: the table of its states. */
#ifndef ROSTERD_SYNC_RUN_H
#define ROSTERD_SYNC_RUN_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/id.h"

struct catalog;
struct crypt_keys;
struct lease;
struct store;
struct turn;

struct run_options {
	struct store *store;
	struct catalog *catalog;
	const struct crypt_keys *keys;
	struct id daemon;        /* this process, as other daemons see it */
	bool allow_private;      /* whether directories may be at loopback and private addresses */
	int call_deadline_ms;    /* of one page, one check */
	int read_most_ms;        /* of all pages that a daemon reads for a run */
	int renames_settle_ms;   /* until groups name who was renamed by the new name */
	int page_most;           /* people a page, about */
	const atomic_bool *stop; /* turned on when the daemon ends */
	struct lease *lease;     /* of the thread that works on it: renewed with each step and page */
	struct turn *turn;       /* of the thread that works on it, who may have to stop reading for others; NULL: nobody says so */
};

/* Works on a run that this daemon has claimed until it is over, held, or to be tried later. Logs how it went; whatever happens
 * stands in the run's row. */
void run_work(const struct run_options *options, const struct id *organisation, const struct id *run);

#endif
