/* A connection to an org, while it is open. */
#ifndef ROSTER_OKTA_DIRECTORY_H
#define ROSTER_OKTA_DIRECTORY_H

#include "common/vendor.h"
#include "okta/place.h"
#include "okta/settings.h"

struct directory {
	struct vendor vendor;
	struct settings settings;
	struct place place;
	const char *const *attributes; /* asked for beside the fields */
	char unknown_status[64];       /* one that we do not know, told once */
};

#endif
