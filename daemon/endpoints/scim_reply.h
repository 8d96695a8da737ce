/* How SCIM answers: resources as the asker wants to see them, lists, errors (RFC 7644, 3.4, 3.9, 3.12). */
#ifndef ROSTERD_ENDPOINTS_SCIM_REPLY_H
#define ROSTERD_ENDPOINTS_SCIM_REPLY_H

#include "endpoints/exchange.h"
#include "endpoints/scim_filter.h"
#include "roster/scim.h"

#define SCIM_ADDRESS	"/scim/v2/"
#define SCIM_MEDIA_TYPE "application/scim+json; charset=utf-8"
#define SCIM_URN_LIST	"urn:ietf:params:scim:api:messages:2.0:ListResponse"
#define SCIM_URN_ERROR	"urn:ietf:params:scim:api:messages:2.0:Error"
#define SCIM_URN_PATCH	"urn:ietf:params:scim:api:messages:2.0:PatchOp"
#define SCIM_URN_SEARCH "urn:ietf:params:scim:api:messages:2.0:SearchRequest"

enum { SCIM_SELECTED_MOST = 100 }; /* attributes of one selection */

/* attributes= or excludedAttributes= (RFC 7644, 3.9). None: all that is shown by default. */
struct scim_selection {
	bool only; /* these and no others; else all but these */
	size_t count;
	struct scim_path *paths;
};

/* Both texts are lists with commas, or NULL. ERROR_INPUT "scim.invalidValue" if both are given. Names that are no attribute
 * choose nothing, as the RFC has it. */
int scim_selection_read(struct exchange *x, enum scim_kind kind, const char *attributes, const char *excluded,
			struct scim_selection *ret, struct error *e);

/* Whether groups of a user, or members of a group, are to be read at all. */
bool scim_selection_inner(const struct scim_selection *selection, enum scim_kind kind);

/* Begins a reply of SCIM's own media type. */
void scim_reply_begin(struct exchange *x, int status, struct json_writer *ret);

/* One resource. name as in json_put. */
void scim_put_resource(struct exchange *x, struct json_writer *w, enum scim_kind kind, const struct scim_record *record,
		       const struct scim_selection *selection);

/* A reply that is one resource, with ETag and Location. */
void scim_reply_resource(struct exchange *x, int status, enum scim_kind kind, const struct scim_record *record,
			 const struct scim_selection *selection);

/* W/"7" */
const char *scim_version(struct arena *arena, int64_t version);

/* An error as SCIM tells it: status, scimType and detail. Replaces whatever stands in the reply. */
void scim_reply_error(struct reply *reply, const struct error *e);

#endif
