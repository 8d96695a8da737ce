/* Takes the configuration again while the daemon runs: whole, or not at all.
 *
 * Files are read and checked, then the database is made to agree in one transaction, then each part is told; what can
 * fail comes before the commit. One reload at a time. */
#ifndef ROSTERD_RELOAD_H
#define ROSTERD_RELOAD_H

#include "base/error.h"
#include "edition.h"

struct deliver;
struct endpoints;
struct reload;
struct reloader;
struct shared;
struct workers;

enum {
	RELOAD_WAITING_MOST = 2, /* requests that may wait for a reload under way, so that threads are left for others */
	RELOAD_ATTEMPTS = 3,     /* at the database, if a run keeps a connection locked */
};

/* Everything is borrowed until reload_close. */
struct reload_options {
	struct edition_options edition;
	struct shared *first; /* the edition that the daemon was started with: later ones borrow what waits for a restart */
	struct catalog *catalog;
	struct store *store;
	struct workers *workers;
	struct deliver *deliver;
};
struct reload *reload_open(const struct reload_options *options);
void reload_close(struct reload **reload);

/* For endpoints that are opened after it; and then it is told of them, and of how they were opened. */
const struct reloader *reload_reloader(struct reload *reload);
void reload_serves(struct reload *reload, struct endpoints *endpoints, const struct endpoints_options *options);

/* The newest edition, held for the caller. */
struct shared *reload_hold(struct reload *reload);

/* What the files of organisations say, in the database: at the start of the daemon. Mistakes are logged. */
int reload_declare(const struct edition *edition, struct store *store, struct error *e);

/* Because of a signal: 0, or -1 and e; whatever came of it is logged. */
int reload_now(struct reload *reload, struct error *e);

#endif
