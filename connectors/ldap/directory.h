/* One directory while it is open: settings, conversation, and how far a listing has come. */
#ifndef ROSTER_LDAP_DIRECTORY_H
#define ROSTER_LDAP_DIRECTORY_H

#include <stdbool.h>

#include "connector.h"
#include "ldap/chain.h"
#include "ldap/session.h"
#include "ldap/settings.h"

struct arena;
struct proof;
struct strategy;

/* In this order, see listing.h. */
enum stage { STAGE_GROUPS, STAGE_PEOPLE, STAGE_DONE };

enum { CURSOR_MOST = 64 };

struct listing {
	bool begun;
	char conversation[33]; /* a number that nobody else has */
	unsigned long page;    /* the page to come */
	enum stage stage;
	struct berval cookie;
	struct chain chain;	   /* of the pages of this stage */
	char first[ROSTER_ID_MOST]; /* the name of this page's first entry, "" before it came */
	int msgid; /* of the search that is under way, -1: none */
	unsigned long people, people_pages, groups, group_pages;
	unsigned long no_members; /* members that are no DN */
	struct proof *proof;	  /* in the arena */
	char doubt[400];	  /* why it cannot be whole; "" if it can */
	struct arena *arena;	  /* what lives as long as the listing */
	const char **disabled;	  /* keys of those that disabled_filter finds, sorted; and how many */
	size_t disabled_count;
	const char *place; /* where reading what changed begins afterwards, in the arena; NULL: nowhere */
	size_t place_size;
};

struct directory {
	struct caller caller; /* the call being served */
	struct arena *arena;  /* the settings */
	struct arena *page;   /* what lives as long as a page */
	struct settings settings;
	struct session *session; /* NULL: not connected */
	struct listing listing;
	const struct strategy *strategy; /* by which what changed is being read; NULL: it is not */
	void *reading;			 /* what that one keeps from call to call */
	bool watching;			 /* it waits for changes; else it reads them */
};

/* Connects if it is not connected. -1: fail() was called. */
int directory_connect(struct directory *directory);

/* Hangs up; what was under way is lost. Always -1, so that a failing line can end with it. */
int directory_hang_up(struct directory *directory);

#endif
