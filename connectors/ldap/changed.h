/* Reading what changed: which way of it a server allows, where such a reading begins, and whether a place of
 * before still counts.
 *
 * The ways are rows of one table, the best first. A place (the cursor of scope changed) names the way, the
 * server's kind, the keys of both bases and a digest of what is searched for; behind that stand the way's own
 * bytes. When one of these is another, the place is lost and the daemon reads all: what changed since a place
 * in another directory, or for another filter, would be a wrong answer that looks like a right one. */
#ifndef ROSTER_LDAP_CHANGED_H
#define ROSTER_LDAP_CHANGED_H

#include <stddef.h>

#include "base/text.h"
#include "ldap/directory.h"
#include "ldap/view.h"

/* One way of reading what changed. Every function but suits is called only where the way suits. */
struct strategy {
	const char *name;  /* in places: a word of small letters and digits */
	const char *title; /* for people: "content synchronisation (RFC 4533)" */

	/* 1: this server can be read so. 0: it cannot, and ret_why says why not and what would have to be
	 * configured. -1: fail() was called. */
	int (*suits)(struct directory *directory, const struct view *view, char ret_why[ROSTER_NOTE_MOST]);

	/* Before the first page of scope all: adds to ret from where what changes after this moment can be
	 * read. 0; -1: fail() was called. */
	int (*take_place)(struct directory *directory, const struct view *view, struct buffer *ret);

	/* One page of what changed since a place (its own bytes). 1: there is more, and next says where it
	 * goes on. 0: that was all; next says where the next reading begins, and left empty the old place
	 * stays. whole() or incomplete() is its own to say. -1: fail() was called. */
	int (*page)(struct directory *directory, const struct view *view, const struct roster_ask *ask,
		    const char *place, size_t size, struct buffer *next);

	/* As roster_watch.watch, with its own bytes of the place (NULL: what changes from now on counts).
	 * What it keeps from call to call is in directory->reading. NULL: it cannot wait for changes. */
	int (*watch)(struct directory *directory, const struct view *view, const char *place, size_t size);

	/* Frees directory->reading, what it keeps between two pages. NULL: nothing. */
	void (*forget)(struct directory *directory);
};

/* As roster_directory.page, scope changed. */
int changed_page(struct directory *directory, const struct roster_ask *ask);

/* As roster_watch.watch. */
int changed_watch(struct directory *directory, const struct roster_ask *ask);

/* Before the first page of scope all: keeps the place in the listing. 0, also if there is no way; -1: fail()
 * was called. */
int changed_begin(struct directory *directory, const struct view *view);

/* With the last page of scope all, if it was whole: hands out the place that changed_begin took. */
int changed_conclude(struct directory *directory);

/* For "test connection": notes which way will be used, why not a better one, and what to configure. */
int changed_explain(struct directory *directory, const struct view *view);

/* Forgets a reading under way. */
void changed_forget(struct directory *directory);

/* For suits: what the settings ask for that changes without a change of the entry that has it, such as
 * memberOf, so that no way sees it; ret_why says so, and 0 comes back. Else 1. */
int changed_sees(const struct directory *directory, const struct view *view, char ret_why[ROSTER_NOTE_MOST]);

/* ---- places, as functions of their arguments ---- */

enum { IDENTITY_MOST = 256, SEARCH_SIZE = 33 };

/* What a place was taken from. */
struct origin {
	char vendor[32];	    /* "OpenLDAP" without blanks */
	char people[IDENTITY_MOST]; /* the key of the base, "-" if it shows none */
	char groups[IDENTITY_MOST]; /* the same, "-" if there are no groups */
	char search[SEARCH_SIZE];   /* hexadecimal */
};

/* Writes "1 NAME VENDOR PEOPLE GROUPS SEARCH\n"; the way's bytes follow. */
void place_write(const char *strategy, const struct origin *origin, struct buffer *ret);

/* Reads it back. The length of that line; -1: it is no place of ours. */
int place_read(const char *bytes, size_t size, char ret_strategy[32], struct origin *ret);

/* NULL, or what is another thing now, for a person to read. */
const char *place_differs(const struct origin *then, const struct origin *now);

/* Asks the server for it. 0; -1: fail() was called. */
int changed_origin(struct directory *directory, const struct view *view, struct origin *ret);

#endif
