/* The threads that go and see: some that work on runs, one that keeps watch (what is due, what was asked for, who still lives).
 *
 * Everything they do begins as a row, so a daemon that dies loses nothing: another one takes its runs over.
 *
 * Slow directories, and those in trouble, keep nobody waiting who is well. They have places of their own: a directory whose last run
 * failed, or that could not be read just now, is read in one of these and in no other; one that takes long is counted there if a place is free,
 * and otherwise leaves its worker, once somebody waits for that, and goes on when a place is. */
#ifndef ROSTERD_SYNC_WORKERS_H
#define ROSTERD_SYNC_WORKERS_H

#include <stdbool.h>

#include "base/error.h"

struct catalog;
struct crypt_keys;
struct shared;
struct store;
struct workers;

/* Borrowed until workers_close, or as long as `keeps` is held. */
struct workers_options {
	struct store *store;
	struct catalog *catalog;
	const struct crypt_keys *keys;
	int threads;          /* runs at the same time; of one organisation half of them, rounded up; and ... */
	int slow_threads;     /* ... beside them those of slow directories, likewise; 0: they have no places of their own */
	int slow_after_ms;    /* one that is read for longer is slow */
	int watches_most;     /* connections that are waited for at the same time */
	bool allow_private;
	const char *public_url; /* where directories send messages; NULL: not known, and none is asked to */
	int call_deadline_ms; /* of one page */
	int read_most_ms;     /* of all pages of a run */
	int renames_settle_ms; /* until groups name who was renamed by the new name */
	int patience_ms;      /* for one answer of the database, the waiting for a connection included */
	int page_most;
	int figures_every_ms; /* how often what the database shows is counted (sync/figures) */
	struct shared *keeps; /* held by each run that began with these options; NULL: nothing is */
};

enum { WORKERS_MOST = 64 /* of either kind */ };

int workers_open(const struct workers_options *options, struct workers **ret, struct error *e);

/* Runs that are taken up from now on see these options, store and catalog apart; those under way end with those that they
 * began with. More threads are started (as many as the system gives: the rest is logged); those too many end their run
 * and then wait. One thread at a time. */
void workers_change(struct workers *workers, const struct workers_options *options);

/* Lets each worker come to the end of its page, gives unfinished runs back, and joins the threads. Leaves NULL behind. */
void workers_close(struct workers **workers);

#endif
