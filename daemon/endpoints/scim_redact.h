/* What of a request or an answer of SCIM may be kept for administrators to look at.
 *
 * Passwords never are. What says who somebody is (every text and number of a document that is not one of the
 * words the protocol is made of, or an id of ours) is replaced by how long it is, unless the operator wants
 * it whole. Arrays are cut after a few values. */
#ifndef ROSTERD_ENDPOINTS_SCIM_REDACT_H
#define ROSTERD_ENDPOINTS_SCIM_REDACT_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

enum {
	SCIM_REDACT_READ_MOST = 64 << 10, /* bytes of a body that is looked at at all */
	SCIM_REDACT_VALUES_MOST = 3,	  /* of an array, as they are kept */
};

/* A body: JSON, or in words what it was. personal: names and addresses stay. "" if there is none. Texts stand
 * in the arena, at most SCIM_TRACE_BODY_MOST bytes (roster/scim_trace.h). */
const char *scim_redact_body(struct arena *arena, const char *body, size_t size, bool personal);

/* A target of a request, "/Users?filter=..." as it came. */
const char *scim_redact_target(struct arena *arena, const char *target, bool personal);

/* A filter or path. */
const char *scim_redact_filter(struct arena *arena, const char *text);

/* A sentence of ours: what stands in it in quotes and is no name of ours. */
const char *scim_redact_words(struct arena *arena, const char *text);

#endif
