/* Where a reading is: the cursor, as text. All that is needed to go on stands in it. */
#ifndef ROSTER_GOOGLE_PLACE_H
#define ROSTER_GOOGLE_PLACE_H

#include <stddef.h>
#include <stdint.h>

#include "common/chain.h"
#include "connector.h"

struct buffer;

enum {
	PLACE_GROUPS_MOST = 200, /* groups of one page, whose members are still to be read */
	PLACE_ID_MOST = 100,	 /* bytes of an id that travels in a cursor */
	PLACE_TOKEN_SIZE = 4096, /* of a page token, with NUL */
	PLACE_DUE_MOST = 300, /* people and groups that something happened to; of more, everybody is read */
	PLACE_ADDRESS_MOST = 200, /* bytes of an address, or id, of theirs */
	PLACE_SEEN_MOST = 1000,	  /* events that have been looked into, and may come again */
	PLACE_OVERLAP_S = 3600, /* what is told again: Google says what administrators did within minutes, and
				   what owners of groups did within tens of them */
	PLACE_SETTLE_S = 60, /* what happened so lately may not show yet where people and groups are read */
};

/* In the order in which they come. */
enum stage {
	STAGE_BEGIN = 1,  /* of all: what time it is there, and whether what changes is told */
	STAGE_PEOPLE,	  /* everybody */
	STAGE_GROUPS,	  /* all groups and their members */
	STAGE_EVENTS,	  /* of what changed: what administrators did */
	STAGE_IN_GROUPS,  /* and what owners of groups did */
	STAGE_DELETED,	  /* who was deleted */
	STAGE_DUE,	  /* people whom something happened to, as they are now */
	STAGE_DUE_GROUPS, /* the same of groups */
	STAGE_DONE,
};

/* What something happened to. */
enum due_kind {
	DUE_PERSON,  /* by an address */
	DUE_DELETED, /* an address that was somebody's who was deleted */
	DUE_ID,	     /* somebody by the id, perhaps deleted */
	DUE_GROUP,   /* by an address or id */
	DUE_NOTHING, /* it was looked at */
};

struct due {
	enum due_kind kind;
	char key[PLACE_ADDRESS_MOST + 1];
};

struct seen {
	uint64_t mark;		 /* of an event's id */
	unsigned long long at_s; /* when it was: seconds since 1970 */
};

struct place {
	enum roster_scope scope;
	enum stage stage;
	/* By Google's clock, in seconds since 1970; 0: not said. */
	unsigned long long since_s;   /* of what changed: where it begins */
	unsigned long long settled_s; /* what happened before this the last reading of everybody has seen */
	unsigned long long begun_s;   /* when this reading began, if what changes is told */
	struct due due[PLACE_DUE_MOST];
	size_t due_count;
	struct seen seen[PLACE_SEEN_MOST];
	size_t seen_count;
	char token[PLACE_TOKEN_SIZE];	      /* of the next page of people or groups; "": the first one */
	char members_token[PLACE_TOKEN_SIZE]; /* the same of the first group's members */
	char groups[PLACE_GROUPS_MOST][PLACE_ID_MOST + 1]; /* whose members are still to be read */
	size_t group_count, group_at;
	char account[PLACE_ID_MOST + 1]; /* the customer id that people have; "": none was shown yet */
	struct chain chain, members_chain;
	unsigned long long people, group_total, members, everybody, pages, requests;
};

/* A cursor, which is refused if it is not ours. 0, or -1. */
int place_read(const void *bytes, size_t size, struct place *ret);

/* Adds a cursor to what is in the buffer, which is full if it does not fit. */
void place_write(struct place *place, struct buffer *ret);

/* The cursor that the last page leaves for the next reading of what changed. */
void place_write_next(struct place *place, struct buffer *ret);

#endif
