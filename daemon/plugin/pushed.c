/* The one source that is no plug-in: a directory that pushes (SCIM 2.0). It stands in the catalog beside the others, so that
 * a connection of it is made, mapped and guarded like any other; nothing is ever loaded or asked for it. */
#include "plugin/catalog.h"

const struct catalog_plugin catalog_pushed = {
	.name = CATALOG_PUSHED_NAME,
	.title = "SCIM 2.0: directories that push (Okta, Entra ID, OneLogin, JumpCloud, Ping)",
	.abilities = CATALOG_PUSH,
};
