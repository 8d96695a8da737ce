/* One reading of the configuration, with what was made of it: the keys, and what each folder is told.
 *
 * It is immutable once it is shared. Whoever works with something of it holds it; the last one who gives it back closes it,
 * wipes its secrets and frees its memory. */
#ifndef ROSTERD_EDITION_H
#define ROSTERD_EDITION_H

#include "base/error.h"
#include "deliver/deliver.h"
#include "endpoints/endpoints.h"
#include "sync/workers.h"

struct arena;
struct catalog;
struct config;
struct config_changes;
struct crypt_keys;
struct problems;
struct shared;
struct standalone;
struct store;

struct edition {
	struct arena *arena;
	struct config *config;
	struct crypt_keys *keys; /* NULL until edition_keys */
};

struct edition_options {
	const char *path; /* NULL: the installed file, if there is one */
	struct standalone *standalone; /* whose key and database stand in place of what the configuration says; NULL: none */
	bool keeps_socket; /* the socket is in the standalone folder, unless it was set to be elsewhere */
};

/* Reads the configuration and opens the catalog. -1 and problems. */
int edition_open(const struct edition_options *options, struct edition **ret, struct catalog **ret_catalog,
                 struct problems *problems);
/* Reads it again while `running` is in use: what waits for a restart is as in `started`, which must outlive it. What
 * cannot be taken while running is a problem, too. The keys are open. */
int edition_open_next(const struct edition_options *options, struct catalog *catalog, const struct edition *started,
                      const struct edition *running, struct edition **ret, struct config_changes *ret_changes, struct problems *problems);
void edition_close(struct edition **edition);

/* Once the standalone database has started: it stands in place of what was configured. */
void edition_settle(const struct edition_options *options, struct edition *edition);
/* Opens the keys. ERROR_INPUT "config.master_key" if there is none. */
int edition_keys(struct edition *edition, struct error *e);

/* Shared from now on. */
struct shared *edition_share(struct edition *edition);

/* What folders are told; each holds the edition for as long as it works with it. */
struct workers_options edition_workers(struct shared *edition, struct store *store, struct catalog *catalog);
struct deliver_options edition_deliver(struct shared *edition, struct store *store, struct catalog *catalog);
/* What depends on the configuration; the rest stays as it is. */
void edition_endpoints(struct shared *edition, struct endpoints_options *options);
struct store_options edition_store(struct shared *edition);

#endif
