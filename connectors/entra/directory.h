/* A connection to a tenant, while it is open. */
#ifndef ROSTER_ENTRA_DIRECTORY_H
#define ROSTER_ENTRA_DIRECTORY_H

#include "common/vendor.h"
#include "entra/place.h"
#include "entra/settings.h"

struct directory {
	struct vendor vendor;
	struct settings settings;
	struct place place;
	const char *const *attributes; /* asked for beside the fields */
	const char *select;	       /* the properties of people that are asked for, "id,userType,..." */
};

#endif
