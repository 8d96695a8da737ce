/* Pages from a connector into staging: each page and its cursor in one commit.
 *
 * The next page is asked for before the last one is written, so the directory and PostgreSQL work at the same time; nobody waits
 * for the directory while a transaction is open. */
#ifndef ROSTERD_SYNC_STREAM_H
#define ROSTERD_SYNC_STREAM_H

#include <stdatomic.h>

#include "base/error.h"
#include "base/id.h"
#include "plugin/link.h"
#include "provision/source.h"
#include "roster/run.h"

struct lease;
struct log;
struct proof_part;
struct stage;
struct store;
struct turn;

/* Of clock_monotonic_us; 0: not by this daemon. */
struct stream_times {
	int64_t asked_us;    /* the directory, for its first page */
	int64_t answered_us; /* that page was in */
};

struct stream {
	struct store *store;
	struct link *link; /* NULL: a directory that pushes (sync/pushed) */
	const struct source *source;
	const struct run *run;   /* in state reading; its cursor says where to go on */
	const struct id *daemon; /* whose claim must still stand with every page */
	const struct log *log;
	int page_most;
	const atomic_bool *stop; /* turned on when the daemon ends */
	struct lease *lease;     /* renewed with each page, and what goes out of it */
	int64_t lease_ms;
	int64_t until_ms; /* clock_monotonic_ms at which it must be at its end: ERROR_LIMIT "run.too_long" */
	struct turn *turn; /* that may be taken away; NULL: it may not */
	struct stream_times *times; /* filled as it goes */
};

/* How a page ended, kept after the link was asked for the next one. */
struct page_end {
	bool whole_page, last, whole, said; /* said: the last page, whether the listing was whole */
	const char *proof;
	const struct proof_part *parts; /* with the last page */
	size_t part_count;
	const void *cursor;
	size_t cursor_size;
};

/* One transaction: what waits in the buffers, the counts, and (if the page is whole) the cursor; the last page moves the run to
 * reconciling. */
int stream_keep(const struct stream *stream, struct stage *stage, const struct page_end *end, struct error *e);

/* Reads to the last page, whose commit also moves the run to reconciling. ERROR_RETRY "run.stopped" after the page at which the daemon
 * is asked to end; "run.slow" after that at which the turn was taken away. */
int stream_read(const struct stream *stream, struct error *e);

#endif
