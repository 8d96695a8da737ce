/* Which plug-ins there are, and what each wants to know. */
#ifndef ROSTERD_ENDPOINTS_PLUGINS_H
#define ROSTERD_ENDPOINTS_PLUGINS_H

#include "endpoints/exchange.h"
#include "plugin/catalog.h"

answer_fn plugins_prepare, plugins_list, plugins_show;

/* A plug-in of the catalog, or ERROR_INPUT / ERROR_NOT_FOUND (kind as given) "plugin.unknown" with what was
 * meant. */
int plugins_find(struct exchange *x, const char *name, enum error_kind kind,
		 const struct catalog_plugin **ret, struct error *e);

#endif
