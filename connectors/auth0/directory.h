/* A connection to a tenant, while it is open. */
#ifndef ROSTER_AUTH0_DIRECTORY_H
#define ROSTER_AUTH0_DIRECTORY_H

#include "auth0/place.h"
#include "auth0/settings.h"
#include "common/fetch.h"
#include "common/oauth.h"

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
};

#endif
