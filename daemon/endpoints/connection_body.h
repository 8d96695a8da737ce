/* What somebody wishes a connection to be: the body of POST and PATCH, checked against the plug-in's own
 * table. */
#ifndef ROSTERD_ENDPOINTS_CONNECTION_BODY_H
#define ROSTERD_ENDPOINTS_CONNECTION_BODY_H

#include "endpoints/exchange.h"
#include "plugin/catalog.h"
#include "plugin/settings.h"
#include "roster/connection.h"

/* A secret that was given (or, with NULL, is to be forgotten), until it is sealed. */
struct connection_secret {
	const char *name, *text;
};

struct connection_wish {
	struct connection connection; /* as it shall be; its secrets are those that were set before */
	size_t secret_count;
	struct connection_secret *secrets;
};

/* Reads POST's body into a new connection. */
int connection_body_create(struct exchange *x, struct connection_wish *ret, struct error *e);

/* Reads PATCH's body: what it does not name stays as `now` has it; a setting that is null is forgotten. */
int connection_body_change(struct exchange *x, const struct connection *now, struct connection_wish *ret,
			   struct error *e);

/* Reads such a body, {"settings": {...}} or nothing, of what is only to be tried without a network: secrets that are kept stay good, since they go nowhere. */
int connection_body_propose(struct exchange *x, const struct connection *now, struct connection_wish *ret, struct error *e);

/* What a wish says, put over the settings of the connection as it is (plugin/settings): -1 never. */
int connection_wish_settings(struct exchange *x, const struct connection_wish *wish, struct settings *into);

#endif
