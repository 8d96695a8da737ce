/* What becomes of the audit once it is written: sealed into its chains, streamed to a log, told as events to whoever asked
 * for that, let go when it is old. And applications are told that sessions are over.
 *
 * All of it begins as committed rows and keeps its place in the database, so a daemon that dies loses nothing
 * and several share the work: one seals at a time, one carries the stream, and each endpoint is one courier's at a time. */
#ifndef ROSTERD_DELIVER_DELIVER_H
#define ROSTERD_DELIVER_DELIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct catalog;
struct crypt_keys;
struct deliver;
struct shared;
struct store;

enum { DELIVER_COURIERS = 4 }; /* endpoints that are told of events at the same time; an unwell one costs its courier a round, COURIER_ROUND_MS and an answer */

enum { DELIVER_HERALDS = 2 };  /* applications that are told of the end of sessions at the same time */

struct deliver_options {
	struct store *store;
	int64_t keep_ms;	   /* entries older than this go; 0: none ever does */
	const char *stream;	   /* "journal", "syslog" or "none" */
	const char *stream_socket; /* NULL: the usual one */
	struct catalog *catalog;
	const struct crypt_keys *keys; /* what endpoints' secrets are sealed with */
	bool allow_private;	       /* whether endpoints may be in our own networks, those that the operator made */
	const char *public_url;	       /* who we are to applications; NULL: there is no provider */
	int64_t roll_keys_ms;	       /* how long a key signs for them; 0: until somebody rolls it */
	struct shared *keeps;	       /* held for as long as keys are used */
};

int deliver_open(const struct deliver_options *options, struct deliver **ret, struct error *e);

/* Rounds that begin from now on see keys, allow_private, public_url and roll_keys_ms of these; the rest stays as it was opened. Any thread. */
void deliver_change(struct deliver *deliver, const struct deliver_options *options);

/* Lets what was begun come to its end, and joins the threads. Accepts a pointer to NULL; leaves NULL behind.
 */
void deliver_close(struct deliver **deliver);

#endif
