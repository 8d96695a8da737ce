/* Asks the database every second whether it is there, its schema still ours, and itself no copy, and knows the answer when somebody asks.
 *
 * It has a connection of its own, so that a busy pool does not look like a database that is down, and a question about it takes
 * nothing from those who work. One thread; the answers may be asked for from any. */
#ifndef ROSTERD_STORE_PROBE_H
#define ROSTERD_STORE_PROBE_H

#include "store/pool.h"

struct probe;

enum {
	PROBE_EVERY_MS = 1000,
	PROBE_WAIT_MS = 2000,   /* for the database to answer */
	PROBE_SILENT_MS = 10000, /* no news for so long is bad news */
};

/* Asks for the first time before it returns; a database that is down is no error. The store must outlive the probe, which takes
 * nothing of its pools. */
int probe_open(struct store *store, struct probe **ret, struct error *e);
void probe_close(struct probe **probe);

/* 0, or -1 and why not: "store.down" and its like, or "probe.silent" if the last answer is older than PROBE_SILENT_MS. */
int probe_database(struct probe *probe, struct error *e);

/* 0, or -1: ERROR_PRECONDITION "schema.old" or "schema.new"; whatever is wrong with the database if it does not answer. */
int probe_schema(struct probe *probe, struct error *e);

/* 0, or -1: ERROR_PRECONDITION "installation.copy" says what is off in a copy and what the operator can do; whatever is wrong with
 * the database if it does not answer. */
int probe_home(struct probe *probe, struct error *e);

/* The number of the newest migration when it answered last; 0: it never has. */
int probe_migrations(struct probe *probe);

#endif
