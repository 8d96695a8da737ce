/* PATCH of a resource (RFC 7644, 3.5.2), with what real clients make of it.
 *
 * Every operation is accounted for: it changed something, it was so already, or it is refused and then none of the request
 * counts. Members of a group are not part of a document: what happens to them is told as a list of edits, in order, so
 * that nobody needs to read a group to add one to it. */
#ifndef ROSTERD_ENDPOINTS_SCIM_PATCH_H
#define ROSTERD_ENDPOINTS_SCIM_PATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "endpoints/scim_schema.h"
#include "roster/scim.h"

struct arena;
struct json;

enum {
	SCIM_OPERATIONS_MOST = 1000,	  /* of one request */
	SCIM_MEMBERS_MOST = 100000, /* members that one request names */
};

/* Members by their ids, as they came: not yet known to be somebody. */
struct scim_edit {
	enum scim_edit_kind kind;
	const char *const *members; /* ends with NULL; REPLACE with none empties the group */
	size_t count;
};

struct scim_patch {
	size_t operations, changed; /* changed: operations that changed the document; the others said what was so already */
	struct scim_edit *edits;    /* of a group's members, in order */
	size_t edit_count;
	unsigned deviations; /* SCIM_DEVIATION(...) */
};

/* Carries the body's operations out on the document, which is changed in place and is of no more use if this fails. ERROR_INPUT
 * "scim.invalidSyntax", "scim.invalidPath", "scim.invalidValue", "scim.noTarget", "scim.mutability", each with the number of the operation;
 * ERROR_LIMIT "scim.patch_limit". */
int scim_patch_apply(struct arena *arena, enum scim_kind kind, const struct json *body, struct json *document,
		     struct scim_patch *ret, struct error *e);

/* The members that a value names: an array of objects with "value", or texts, or one of them. ERROR_INPUT "scim.invalidValue". */
int scim_members_take(struct arena *arena, const struct json *value, const char *const **ret, size_t *ret_count,
		      unsigned *deviations, struct error *e);

#endif
