/* Cursors of lists (RFC 9865): where a list goes on, told to the client in a form that it can neither read
 * nor make.
 *
 * Nothing is kept here: a cursor is the place itself, sealed by the master key (base/crypt), for one
 * connection and one question. So it outlives the daemon that gave it, any daemon of a cluster takes it, and
 * a page after changes begins behind what was shown. */
#ifndef ROSTERD_ENDPOINTS_SCIM_CURSOR_H
#define ROSTERD_ENDPOINTS_SCIM_CURSOR_H

#include <stdbool.h>

#include "base/error.h"
#include "base/id.h"

struct exchange;

enum {
	SCIM_CURSOR_LIFE_S = 3600,
	SCIM_CURSOR_MOST = 16384, /* bytes of one, as a text */
};

/* Behind which resource a page begins. */
struct scim_place {
	struct id id;
	const char *value; /* by which the list is ordered; NULL: it has none, or the order is by id alone */
};

/* What a cursor is good for: the question, apart from how many are wanted. Texts may be NULL. */
struct scim_question {
	const char *kind, *filter, *sort_by;
	bool descending;
};

const char *scim_cursor_write(struct exchange *x, const struct scim_question *question,
			      const struct scim_place *place);

/* ERROR_INPUT "scim.invalidCursor", "scim.expiredCursor". */
int scim_cursor_read(struct exchange *x, const struct scim_question *question, const char *cursor,
		     struct scim_place *ret, struct error *e);

#endif
