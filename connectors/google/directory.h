/* A connection to an account, while it is open. */
#ifndef ROSTER_GOOGLE_DIRECTORY_H
#define ROSTER_GOOGLE_DIRECTORY_H

#include "common/vendor.h"
#include "google/place.h"
#include "google/settings.h"

struct directory {
	struct vendor vendor;
	struct oauth *reports; /* the token for what changed: another one, for a scope that is not granted
				  refuses all */
	struct settings settings;
	struct place place;
	const char *const *attributes; /* asked for beside the fields */
	const char *fields;	       /* of people, that are asked for: "id,primaryEmail,..." */
	const char *projection;	       /* "basic", or "full" where fields of the account's own are read */
};

#endif
