/* A connection to a tenant, while it is open. */
#ifndef ROSTER_AUTH0_DIRECTORY_H
#define ROSTER_AUTH0_DIRECTORY_H

#include "auth0/place.h"
#include "auth0/settings.h"
#include "common/vendor.h"

struct directory {
	struct vendor vendor;
	struct settings settings;
	struct place place;
	const char *const *attributes; /* asked for beside the fields */
};

#endif
