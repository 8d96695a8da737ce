/* The last requests of a connection that pushes, as its administrators may see them: nothing secret is in
 * them, and nothing personal unless the operator wants it so. Not part of the roster; the transaction must be
 * for the organisation. */
#ifndef ROSTERD_ROSTER_SCIM_TRACE_H
#define ROSTERD_ROSTER_SCIM_TRACE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "roster/scim.h"
#include "store/query.h"

enum {
	SCIM_TRACE_KEPT = 200,	     /* requests of a connection */
	SCIM_TRACE_BODY_MOST = 4096, /* bytes of a body, as it is kept */
	SCIM_TAKES_KEPT_DAYS = 7,    /* of which run took what */
};

/* What administrators are shown. */
enum scim_trace_policy {
	SCIM_TRACE_REDACTED, /* neither secrets nor what says who somebody is */
	SCIM_TRACE_OFF,	     /* nothing is kept */
	SCIM_TRACE_PERSONAL, /* everything but secrets */
};

struct scim_traced {
	int64_t seq, at,
		ms; /* at in microseconds; seq and what a run made of it are not the writer's to fill */
	struct id token;
	const char *token_name, *method, *target, *code, *request, *answer; /* code "": no error */
	int status;
	const char *pushed_in;		     /* of struct scim_push; NULL: nothing was changed */
	int64_t pushed_upto;		     /* likewise */
	struct id run;			     /* nil: none has taken it yet, or there was nothing to take */
	const char *run_state, *held_reason; /* NULL: none */
};

/* Adds these, oldest first, at most SCIM_TRACE_KEPT, and lets as many old ones go. */
int scim_trace_add(struct tx *tx, const struct scim_source *source, const struct scim_traced *list,
		   size_t count, struct error *e);

/* The newest first, those before `before` (0: all), at most `most`. */
int scim_trace_list(struct tx *tx, struct arena *arena, const struct scim_source *source, int64_t before,
		    int most, struct scim_traced **ret, size_t *ret_count, struct error *e);

#endif
