/* What becomes of the audit once it is written: sealed into its chains, streamed to a log, let go when it is
 * old.
 *
 * All of it begins as committed rows and keeps its place in the database, so a daemon that dies loses nothing
 * and several share the work: one seals at a time, and one carries the stream. */
#ifndef ROSTERD_DELIVER_DELIVER_H
#define ROSTERD_DELIVER_DELIVER_H

#include <stdint.h>

#include "base/error.h"

struct deliver;
struct store;

struct deliver_options {
	struct store *store;
	int64_t keep_ms;	   /* entries older than this go; 0: none ever does */
	const char *stream;	   /* "journal", "syslog" or "none" */
	const char *stream_socket; /* NULL: the usual one */
};

int deliver_open(const struct deliver_options *options, struct deliver **ret, struct error *e);

/* Lets what was begun come to its end, and joins the threads. Accepts a pointer to NULL; leaves NULL behind.
 */
void deliver_close(struct deliver **deliver);

#endif
