/* A document that a directory pushed (SCIM, RFC 7643) becomes an identity, as what a plug-in emits does. */
#ifndef ROSTERD_PROVISION_PUSHED_H
#define ROSTERD_PROVISION_PUSHED_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "roster/identity.h"

/* remote_id is the id that we gave; active is what the row says. attributes: those that the connection maps, as SCIM writes them
 * ("userType", "name.formatted", "urn:...:User:costCenter"), ended by NULL. Everything stands in the arena. ERROR_INTERNAL: our
 * own table holds what is no document. */
int pushed_identity(struct arena *arena, const char *remote_id, const char *document, bool active, const char *const *attributes,
		    struct identity *ret, struct error *e);

#endif
