/* Directories that push: Users and Groups of SCIM 2.0 (RFC 7643, 7644), one connection's.
 *
 * What is pushed is kept as it can be read back (roster/scim); a run reconciles it. Whoever asks here is a connection and
 * nobody else: its token says which. */
#ifndef ROSTERD_ENDPOINTS_SCIM_H
#define ROSTERD_ENDPOINTS_SCIM_H

#include "endpoints/exchange.h"
#include "endpoints/scim_schema.h"
#include "roster/scim.h"

enum {
	SCIM_PAGE_MOST = 500,	/* resources of one answer */
	SCIM_PAGE_DEFAULT = 100,
};

/* The names that end in ahead: `ahead` of an endpoint. */
int scim_users_list(struct exchange *x, struct error *e);
int scim_users_list_ahead(struct exchange *x, struct error *e);
int scim_users_search(struct exchange *x, struct error *e);
int scim_users_create(struct exchange *x, struct error *e);
int scim_users_create_ahead(struct exchange *x, struct error *e);
int scim_users_show(struct exchange *x, struct error *e);
int scim_users_show_ahead(struct exchange *x, struct error *e);
int scim_users_replace(struct exchange *x, struct error *e);
int scim_users_patch(struct exchange *x, struct error *e);
int scim_users_delete(struct exchange *x, struct error *e);
int scim_users_lock_ahead(struct exchange *x, struct error *e);

int scim_groups_list(struct exchange *x, struct error *e);
int scim_groups_list_ahead(struct exchange *x, struct error *e);
int scim_groups_search(struct exchange *x, struct error *e);
int scim_groups_create(struct exchange *x, struct error *e);
int scim_groups_create_ahead(struct exchange *x, struct error *e);
int scim_groups_show(struct exchange *x, struct error *e);
int scim_groups_show_ahead(struct exchange *x, struct error *e);
int scim_groups_replace(struct exchange *x, struct error *e);
int scim_groups_patch(struct exchange *x, struct error *e);
int scim_groups_delete(struct exchange *x, struct error *e);
int scim_groups_lock_ahead(struct exchange *x, struct error *e);

/* Whose people these are, and where they are kept. */
struct scim_source scim_source_of(const struct exchange *x);
enum scim_table scim_table_of(enum scim_kind kind);
/* The same of what is sent ahead: its organisation is nil if it is not known yet who asks. true; false: the
 * address names no connection. */
bool scim_source_ahead(const struct exchange *x, struct scim_source *ret);

/* The body as JSON, of a media type as below: ERROR_INPUT "scim.invalidSyntax" if there is none. */
int scim_read_body(struct exchange *x, struct json **ret, struct error *e);

/* Makes one of the body; `as` is the id that it will have, unless it was deleted and comes back. */
int scim_create(struct exchange *x, enum scim_kind kind, const struct id *as, struct error *e);

/* Whether a body is said to be JSON, or nothing is said of it (as some clients do): ERROR_INPUT
 * "http.media_type" otherwise. */
int scim_check_media_type(const struct request *request, struct error *e);

int scim_me(struct exchange *x, struct error *e);
int scim_provider_config(struct exchange *x, struct error *e);
int scim_schemas_list(struct exchange *x, struct error *e);
int scim_schemas_show(struct exchange *x, struct error *e);
int scim_types_list(struct exchange *x, struct error *e);
int scim_types_show(struct exchange *x, struct error *e);

#endif
