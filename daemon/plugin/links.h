/* Links that stay open between short calls: one child for each connection, since starting one costs a hundred times what a call does.
 *
 * A link serves the connection that it was opened for, in one version of its settings, and nothing else; one caller has it at a time. There
 * are never more than so many; one that nobody has used for LINKS_IDLE_MS is closed. After a failure nothing is opened for the connection for
 * a while, longer each time, so that a plug-in that hangs has nobody waiting for it.
 *
 * A child dies with the thread that opened it, so whoever takes links must live as long as they do. */
#ifndef ROSTERD_PLUGIN_LINKS_H
#define ROSTERD_PLUGIN_LINKS_H

#include <stdint.h>

#include "base/error.h"
#include "base/id.h"
#include "plugin/link.h"

enum {
	LINKS_MOST = 64,              /* open at the same time, whatever is asked for */
	LINKS_KNOWN_MOST = 256,       /* connections that are remembered: with a link, or with a failure */
	LINKS_IDLE_MS = 60000,
	LINKS_WAIT_MS = 500,          /* for a link that somebody else has */
	LINKS_SICK_MS = 5000,         /* after a failure; twice as long after each further one ... */
	LINKS_SICK_MS_MOST = 300000,  /* ... up to this */
};

struct links;

/* What opens one that is not open yet: as link_open. */
typedef int links_open_fn(void *self, struct link **ret, struct error *e);

/* most: 1 to LINKS_MOST. */
int links_open(int most, struct links **ret, struct error *e);

/* Nobody may have one. Leaves NULL behind. */
void links_close(struct links **links);

/* The link of a connection in this version; opened if there is none. To be given back. ERROR_RETRY "links.busy": others have it, or all; "links.sick":
 * it has failed lately; or why it could not be opened. */
int links_take(struct links *links, const struct id *connection, int64_t version, links_open_fn *open, void *self, struct link **ret,
               struct error *e);

/* What was opened before is not used again: with what links are opened has changed, whatever the connections say. */
void links_renew(struct links *links);

/* Gives it back; one that lives no more is closed, and its connection left alone for a while. */
void links_give(struct links *links, const struct id *connection, struct link *link);

#endif
