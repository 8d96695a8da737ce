/* Many operations in one request (RFC 7644, 3.7), each taking the way that it would take by itself: the same
 * checks, scopes, limits and answers. One that is refused leaves nothing behind and does not stop the others,
 * unless failOnErrors says so. */
#ifndef ROSTERD_ENDPOINTS_SCIM_BULK_H
#define ROSTERD_ENDPOINTS_SCIM_BULK_H

#include "base/error.h"

struct exchange;

enum {
	SCIM_BULK_OPERATIONS_MOST = 1000,
	SCIM_BULK_BODY_MOST = 4 << 20, /* bytes */
	SCIM_BULK_ID_MOST = 256,
};

int scim_bulk(struct exchange *x, struct error *e);

#endif
