/* Waits for directories that say by themselves when something changed, and asks for a run of what changed then.
 *
 * A connection is watched by one daemon at a time: that is a row, claimed and kept by signs of life like a run. Each has a thread here and a
 * child that blocks on the directory. A watch brings no data and decides nothing: whatever it misses, the schedule reads. */
#ifndef ROSTERD_SYNC_WATCHER_H
#define ROSTERD_SYNC_WATCHER_H

#include <stdbool.h>

#include "base/error.h"
#include "base/id.h"

struct catalog;
struct crypt_keys;
struct shared;
struct store;
struct watcher;

enum {
	WATCHES_MOST = 256,             /* of one daemon */
	WATCH_RUN_EVERY_MS = 1000,      /* runs of one connection that a watch asks for come no closer than this */
	WATCH_CALL_MS = 30000,          /* one waiting */
	WATCH_BACK_OFF_MS = 1000,       /* after a failure: at least half of this, twice as long each time ... */
	WATCH_BACK_OFF_MS_MOST = 60000, /* ... up to this */
};

/* Borrowed as long as `keeps` is held. */
struct watcher_options {
	struct store *store;
	struct catalog *catalog;
	const struct crypt_keys *keys;
	struct id daemon;     /* this process, as other daemons see it */
	int most;             /* connections that are watched at the same time; 0: none */
	bool allow_private;
	int call_deadline_ms; /* to open one */
	struct shared *keeps; /* held by each watch that began with these options; NULL: nothing is */
};

int watcher_open(const struct watcher_options *options, struct watcher **ret, struct error *e);

/* Watches that begin from now on see these; those that are too many end. */
void watcher_change(struct watcher *watcher, const struct watcher_options *options);

/* Ends all watches and gives their claims back. Accepts a pointer to NULL; leaves NULL behind. */
void watcher_close(struct watcher **watcher);

#endif
