/* Connections to PostgreSQL: opened when needed, kept, given back, replaced when they die.
 *
 * libpq lives in store/ and nowhere else. Three database roles, three pools: one migrates and owns, one serves requests,
 * one is the workers'. A store may be used from any thread; what it lends belongs to one thread. */
#ifndef ROSTERD_STORE_POOL_H
#define ROSTERD_STORE_POOL_H

#include "base/arena.h"
#include "base/error.h"

struct store;
struct secret;

enum store_role { STORE_OWNER, STORE_REQUEST, STORE_WORKER, STORE_ROLES };

struct store_options {
	const char *conninfo;              /* without user and password: "host=/run/x dbname=rosterd"; several hosts as libpq has them */
	const char *role_names[STORE_ROLES]; /* the roles to connect as */
	const struct secret *passwords[STORE_ROLES]; /* NULL: none (peer authentication, pass file) */
	int most[STORE_ROLES];             /* connections of each */
	int connect_timeout_ms, statement_timeout_ms, wait_timeout_ms; /* wait: for a free connection */
	const char *application;           /* what pg_stat_activity shows: "rosterd" */
};

/* Checks the options; connects to nothing yet. */
int store_open(const struct store_options *options, struct store **ret, struct error *e);
void store_close(struct store **store);

/* Whether a connection as this role can be had and answers. */
int store_ping(struct store *store, enum store_role role, struct error *e);

/* Connections now in use and open, for metrics. */
void store_count(struct store *store, enum store_role role, int *ret_used, int *ret_open);

#endif
