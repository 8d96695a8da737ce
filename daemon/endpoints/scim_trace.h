/* Keeps what a connection that pushes asked and what it was told, for its administrators to look at.
 *
 * Nobody waits for it: what was asked stands in memory, at most SCIM_TRACE_KEPT requests of a connection,
 * SCIM_TRACE_WAITING_MOST and SCIM_TRACE_BYTES_MOST of all, and is written about a second later by a thread
 * of its own, without what is secret or personal (endpoints/scim_redact). A daemon that is killed loses that
 * second. */
#ifndef ROSTERD_ENDPOINTS_SCIM_TRACE_H
#define ROSTERD_ENDPOINTS_SCIM_TRACE_H

#include <stdint.h>

#include "base/error.h"

struct exchange;
struct log;
struct scim_trace;
struct store;

enum {
	SCIM_TRACE_WAITING_MOST = 4096,
	SCIM_TRACE_BYTES_MOST = 16 << 20, /* of what waits */
};

/* Borrows both until it is closed. ERROR_INTERNAL "scim.thread". */
int scim_trace_open(struct store *store, const struct log *log, struct scim_trace **ret, struct error *e);

/* Writes what there still is. */
void scim_trace_close(struct scim_trace **trace);

/* An exchange has its answer: kept if a connection asked, by the policy of its options. e as it ended. Does
 * not block. */
void scim_trace_note(struct scim_trace *trace, const struct exchange *x, const struct error *e,
		     int64_t took_us);

/* GET .../connections/{connection}/trace */
int scim_trace_show(struct exchange *x, struct error *e);

#endif
