/* Carries sealed entries to a log on this machine, each organisation's in the order of its chain.
 *
 * The place stands in the database and moves after what was before it was taken by the log: a daemon that
 * dies in between gives up to STREAM_PAGE entries a second time. One daemon carries the stream at a time;
 * another takes it over when that one has not moved it for STREAM_HOLD_MS. No transaction is open while the
 * log is waited for. */
#ifndef ROSTERD_DELIVER_STREAM_H
#define ROSTERD_DELIVER_STREAM_H

#include <stdbool.h>

#include "base/error.h"

struct store;
struct stream;

enum { STREAM_PAGE = 200, STREAM_HOLD_MS = 60 * 1000, STREAM_SEND_MS = 5000 };

#define STREAM_JOURNAL_SOCKET "/run/systemd/journal/socket"
#define STREAM_SYSLOG_SOCKET  "/dev/log"

struct stream_options {
	struct store *store;
	const char *kind;   /* "journal" or "syslog" */
	const char *socket; /* of the log; NULL: its usual one */
};

int stream_open(const struct stream_options *options, struct stream **ret, struct error *e);
void stream_close(struct stream **stream);

/* Carries a page. *ret_more: there may be another one at once. -1: the log does not take it (ERROR_RETRY
 * "audit.stream"), or the database is away; nothing is lost. */
int stream_carry(struct stream *stream, bool *ret_more, struct error *e);

#endif
