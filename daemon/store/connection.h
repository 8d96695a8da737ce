/* One connection to PostgreSQL: statements go out in a pipeline, results come back in order, and nobody waits
 * without end.
 *
 * For the rooms of store/ alone. A connection is always in libpq's pipeline mode, except within
 * connection_plain. What the server keeps for a session is used in two ways only: limits of time are set when it
 * begins, and statements are prepared under their names. A pooler in front may know neither; then both live
 * between BEGIN and COMMIT like everything else (connection_limits, connection_options). */
#ifndef ROSTERD_STORE_CONNECTION_H
#define ROSTERD_STORE_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include <libpq-fe.h>

#include "base/error.h"

struct arena;
struct secret;
struct connection;

enum {
	CONNECTION_MARGIN_MS = 3000,   /* how much later than the server's own limit we stop waiting for it */
	CONNECTION_CANCEL_EVERY_MS = 250, /* one that comes between two statements of a pipeline is lost, so it is repeated */
	CONNECTION_CANCEL_MOST_MS = 5000, /* a server that cancels nothing for so long is not waited for */
	CONNECTION_CONSTRAINT_SIZE = 64, /* NAMEDATALEN */
	CONNECTION_MESSAGE_SIZE = 256,
};

struct connection_options {
	const char *conninfo, *user, *application;
	const struct secret *password; /* NULL: none */
	int connect_timeout_ms, statement_timeout_ms, lock_timeout_ms, idle_timeout_ms;
	const int *hurry; /* an eventfd that outlives the connection: readable once long statements are to end */
	bool bare;       /* nothing is set for the session: each transaction begins with connection_limits */
	bool unprepared; /* no statement is kept under its name */
};

/* A statement with its values in binary. name and sql must live as long as the connection (they are constants). */
struct statement {
	const char *name, *sql;
	bool once; /* not prepared under its name */
	int count;
	const Oid *types;
	const char *const *values;
	const int *sizes;
	const int *formats;
};

int connection_open(const struct connection_options *options, struct connection **ret, struct error *e);
void connection_close(struct connection **connection);

/* Nothing was heard that says that it is gone. Asks the socket, not the server. */
bool connection_alive(struct connection *c);
/* Nothing was found when it was used, and none of its plans is stale. Asks nobody. */
bool connection_good(const struct connection *c);
/* It is alive as above, and none of its plans is stale: somebody else may have it. */
bool connection_usable(struct connection *c);
/* It was lost while we waited, the server ended it, or a plan of it is stale: a new one may do better at once. */
bool connection_renewable(const struct connection *c);
bool connection_dead(const struct connection *c);
/* When it was opened, as clock_monotonic_ms has it. */
int64_t connection_opened_ms(const struct connection *c);
/* Gives it up: it is not usable any more. Fills e with "store.lost" and returns -1. */
int connection_lost(struct connection *c, struct error *e);

/* What each transaction must set first, or NULL: a SELECT without parameters that lives as long as the connection. */
const char *connection_limits(const struct connection *c);

/* How long the server may take for one statement from here on; 0: as long as the options say. Otherwise it may be cut short
 * by `hurry`, until connection_to_the_end. */
void connection_patience(struct connection *c, int statement_timeout_ms);
/* What is sent from here on is not cut short: for COMMIT. */
void connection_to_the_end(struct connection *c);
/* Whether long statements are to end; and the error that says so, "store.ending": returns -1. */
bool connection_hurried(const int *hurry);
int connection_no_time(struct error *e);

/* Memory for building what is sent; empty after each connection_send. */
struct arena *connection_scratch(struct connection *c);

/* Queues a statement. quiet: nobody will ask for its result; if it fails, the next statement that is asked
 * for says so. */
int connection_send(struct connection *c, const struct statement *statement, bool quiet, struct error *e);
/* Ends what was queued with a point of synchronisation, and begins to send. Receiving does it by itself. */
int connection_sync(struct connection *c, struct error *e);
/* Sends what was queued, and waits for a result at most this long: whether one is here, or none will be. */
bool connection_arrived(struct connection *c, int wait_ms);
/* The result of the next statement that was not quiet. The caller clears it. */
int connection_receive(struct connection *c, PGresult **ret, struct error *e);
/* Waits for everything that is still expected. -1: something among it failed. */
int connection_settle(struct connection *c, struct error *e);
/* Everything queued is out of our hands. */
bool connection_flushed(struct connection *c);

/* SQL without parameters outside the pipeline: COPY, or a script of several statements. Leaves the pipeline,
 * sends, and gives the first result; then connection_more for the next ones until *ret is NULL, which ends in
 * the pipeline again. */
int connection_plain(struct connection *c, const char *name, const char *sql, PGresult **ret, struct error *e);
int connection_more(struct connection *c, PGresult **ret, struct error *e);
/* Within a COPY FROM STDIN: all of these bytes. */
int connection_put(struct connection *c, const char *bytes, size_t size, struct error *e);
/* Ends the COPY; its result is the next of connection_more. */
int connection_put_end(struct connection *c, struct error *e);

/* Whether it answers. */
int connection_ping(struct connection *c, struct error *e);

/* What the server said when a statement failed last. */
struct complaint {
	char constraint[CONNECTION_CONSTRAINT_SIZE]; /* that it broke, or "" */
	char message[CONNECTION_MESSAGE_SIZE];       /* "" where it may hold values */
	int position;                                /* the character of the SQL, from 1; 0: not told */
};
const struct complaint *connection_complaint(const struct connection *c);

/* For listen: libpq's own object. */
PGconn *connection_libpq(struct connection *c);

#endif
