/* Lets in who waits for a seat, when there is one: owners and admins first, then by the time waited.
 *
 * Looked for with every round of the watch, which a freed seat wakes. Each organisation is a transaction of its own, with an
 * entry in the audit for everybody; several daemons may do it at once. */
#ifndef ROSTERD_SYNC_ADMISSION_H
#define ROSTERD_SYNC_ADMISSION_H

#include "base/error.h"
#include "store/pool.h"

enum {
	ADMISSION_PEOPLE_MOST = 1000,	   /* in one transaction; the others come with the next round */
	ADMISSION_ORGANISATIONS_MOST = 20, /* in one round */
};

/* One round. What failed in one organisation keeps no other waiting; it is logged by the caller. */
int admission_round(struct store *store, struct error *e);

/* Compares the count of seats with the people themselves. A difference is a mistake of ours: it is logged, and counted in
 * METRIC_SEATS_MISCOUNTED. */
struct log;
int admission_recount(struct store *store, const struct log *log, struct error *e);

#endif
