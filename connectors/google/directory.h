/* A connection to an account, while it is open. */
#ifndef ROSTER_GOOGLE_DIRECTORY_H
#define ROSTER_GOOGLE_DIRECTORY_H

#include "common/fetch.h"
#include "common/oauth.h"
#include "google/place.h"
#include "google/settings.h"

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
	const char *fields;	       /* of people, that are asked for: "id,primaryEmail,..." */
	const char *projection;	       /* "basic", or "full" where fields of the account's own are read */
};

#endif
