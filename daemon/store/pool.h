/* Connections to PostgreSQL: opened when needed, kept, given back, replaced when they die.
 *
 * libpq lives in store/ and nowhere else. Three database roles, three pools: one migrates and owns, one
 * serves requests, one is the workers'. A store may be used from any thread; what it lends belongs to one
 * thread.
 *
 * A pooler (PgBouncer) may stand between, if it is told to us: one that shares sessions by transaction keeps no
 * prepared statements, and notices never reach who listens through it. */
#ifndef ROSTERD_STORE_POOL_H
#define ROSTERD_STORE_POOL_H

#include "base/arena.h"
#include "base/error.h"

struct connection;
struct secret;
struct shared;
struct store;

/* A session that never ends holds on to what the server would clean up: the transaction ids of its temporary tables, and memory. */
enum { STORE_LOCK_MS = 10000, STORE_IDLE_MS = 60000, STORE_LIFE_MS = 3600 * 1000 };

enum store_role { STORE_OWNER, STORE_REQUEST, STORE_WORKER, STORE_ROLES };

/* What stands between us and the server: nothing, or what lends us a session of the server for ours, or for
 * one transaction. */
enum store_pooler { STORE_POOLER_NONE, STORE_POOLER_SESSION, STORE_POOLER_TRANSACTION };

struct store_options {
	const char *conninfo; /* without user and password: "host=/run/x dbname=rosterd"; several hosts are possible */
	enum store_pooler pooler;
	/* The server itself, for who listens; NULL: conninfo. Needed with STORE_POOLER_TRANSACTION. */
	const char *direct_conninfo;
	const char *role_names[STORE_ROLES]; /* the roles to connect as */
	const struct secret *passwords[STORE_ROLES]; /* NULL: none (peer authentication, pass file) */
	int most[STORE_ROLES];             /* connections of each */
	/* connect: for each host, rounded up to whole seconds, at least two; wait: for a free connection. */
	int connect_timeout_ms, statement_timeout_ms, wait_timeout_ms;
	/* For a lock, and for the next statement of a transaction that was begun; 0: STORE_LOCK_MS,
	 * STORE_IDLE_MS. */
	int lock_timeout_ms, idle_timeout_ms;
	int life_ms; /* a connection that is older is closed once nobody has it; 0: STORE_LIFE_MS */
	const char *application;           /* what pg_stat_activity shows: "rosterd" */
	struct shared *keeps; /* held while a connection may be made by these options: what they point to; NULL: it
				 outlives the store */
};

enum { STORE_CONNECTIONS_MOST = 1000 }; /* of a role */

/* Checks the options; connects to nothing yet. */
int store_open(const struct store_options *options, struct store **ret, struct error *e);
/* Whether the options can be: ERROR_INPUT "store.*". */
int store_check(const struct store_options *options, struct error *e);
/* From now on connections are made by these options, which were checked and differ from the former in passwords, numbers
 * of connections, connect_timeout_ms, wait_timeout_ms and keeps. Those that are open stay; those above a number are
 * closed as they come back. Any thread; one at a time. */
void store_change(struct store *store, const struct store_options *options);
/* The end is near for this role: what may take long (tx_patience) is cancelled where it runs, and nothing of the kind begins
 * or is committed any more: ERROR_RETRY "store.ending". A COMMIT that is under way is waited for, and the short goes on as
 * ever. Any thread; does not wait for those that it cuts short. */
void store_hurry(struct store *store, enum store_role role);
/* Everything that was lent must have come back. */
void store_close(struct store **store);

/* Whether a connection as this role can be had and answers. */
int store_ping(struct store *store, enum store_role role, struct error *e);

/* Connections now in use and open, for metrics. */
void store_count(struct store *store, enum store_role role, int *ret_used, int *ret_open);
/* Fills the figures of the pools (base/metric) with what they are now. */
void store_measure(struct store *store);

/* ---- for the other rooms of store/ alone ---- */

/* Lends a connection of this role. */
int pool_borrow(struct store *store, enum store_role role, struct connection **ret, struct error *e);
/* The same, if one is open and nobody has it: 1; 0 none is. Whether it still answers is not looked at. */
int pool_borrow_at_hand(struct store *store, enum store_role role, struct connection **ret);
/* Throws this one away and connects again in its place. On failure *connection is NULL and nothing is lent
 * any more. */
int pool_renew(struct store *store, enum store_role role, struct connection **connection, struct error *e);
/* Takes it back; one that is not usable any more is closed. Leaves NULL behind. */
void pool_give_back(struct store *store, enum store_role role, struct connection **connection);
/* Connects outside the pool, by the way that its own connections take; the caller closes it. */
int pool_connect(struct store *store, enum store_role role, struct connection **ret, struct error *e);
/* The same, past any pooler. */
int pool_connect_past(struct store *store, enum store_role role, struct connection **ret, struct error *e);
/* -1 with "store.ending" after store_hurry. */
int pool_check_time(struct store *store, enum store_role role, struct error *e);
/* "owner", "request", "worker": for figures. */
const char *pool_role_word(enum store_role role);
/* The first role that may connect, in the order request, worker, owner. */
enum store_role pool_any_role(struct store *store);

#endif
