/* A connection to a tenant, while it is open. */
#ifndef ROSTER_ENTRA_DIRECTORY_H
#define ROSTER_ENTRA_DIRECTORY_H

#include "common/fetch.h"
#include "common/oauth.h"
#include "entra/place.h"
#include "entra/settings.h"

struct arena;

struct directory {
	struct fetch_caller caller; /* whom we serve now */
	struct settings settings;
	struct arena *arena;  /* as long as we live */
	struct arena *page;   /* as long as a call */
	struct arena *record; /* as long as a record */
	struct fetch *fetch;
	struct oauth *oauth;
	struct fetch_answer answer;
	struct place place;
	const char *const *attributes; /* asked for beside the fields */
	const char *select;	       /* the properties of people that are asked for, "id,userType,..." */
};

#endif
