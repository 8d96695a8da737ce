/* The threads that go and see: some that work on runs, one that keeps watch (what is due, what was asked for, who still lives).
 *
 * Everything they do begins as a row, so a daemon that dies loses nothing: another one takes its runs over. */
#ifndef ROSTERD_SYNC_WORKERS_H
#define ROSTERD_SYNC_WORKERS_H

#include <stdbool.h>

#include "base/error.h"

struct catalog;
struct crypt_keys;
struct store;
struct workers;

struct workers_options {
	struct store *store;
	struct catalog *catalog;
	const struct crypt_keys *keys;
	int threads;          /* runs at the same time */
	bool allow_private;
	int call_deadline_ms; /* of one page */
	int page_most;
	int figures_every_ms; /* how often what the database shows is counted (sync/figures) */
};

int workers_open(const struct workers_options *options, struct workers **ret, struct error *e);

/* Lets each worker come to the end of its page, gives unfinished runs back, and joins the threads. Leaves NULL behind. */
void workers_close(struct workers **workers);

#endif
