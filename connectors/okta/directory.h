/* A connection to an org, while it is open. */
#ifndef ROSTER_OKTA_DIRECTORY_H
#define ROSTER_OKTA_DIRECTORY_H

#include "common/fetch.h"
#include "common/oauth.h"
#include "okta/place.h"
#include "okta/settings.h"

struct arena;

struct directory {
	struct fetch_caller caller; /* whom we serve now */
	struct settings settings;
	struct arena *arena;  /* as long as we live */
	struct arena *page;   /* as long as a call */
	struct arena *record; /* as long as a record */
	struct fetch *fetch;
	struct oauth *oauth; /* NULL: there is an API token */
	struct fetch_answer answer;
	struct place place;
	const char *const *attributes; /* asked for beside the fields */
	char unknown_status[64];       /* one that we do not know, told once */
};

#endif
