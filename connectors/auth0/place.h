/* Where a reading is: the cursor, as text. All that is needed to go on stands in it. */
#ifndef ROSTER_AUTH0_PLACE_H
#define ROSTER_AUTH0_PLACE_H

#include <stddef.h>
#include <stdint.h>

#include "common/chain.h"
#include "connector.h"

struct buffer;

enum {
	PLACE_ROLES_MOST =
		1000, /* roles whose users are still to be read: more of a tenant Auth0 does not list */
	PLACE_ROLE_MOST = 60,	 /* bytes of a role's id that travels in a cursor */
	PLACE_DUE_MOST = 300,	 /* people whom the log told of and who are still to be looked at */
	PLACE_PERSON_MOST = 200, /* bytes of such a person's id */
	PLACE_GONE_MOST = 100,	 /* people who were deleted so lately that a search may still show them */
	PLACE_MARK_SIZE = 128,	 /* an event's id */
	PLACE_TIME_SIZE = 32,
	PLACE_NEXT_SIZE = 1024, /* where a list by checkpoints goes on */
};

/* In the order in which they come; some scopes and settings leave some out. */
enum stage {
	STAGE_BEGIN = 1, /* where the log is now */
	STAGE_EARLY,	 /* who was deleted lately, by the log */
	STAGE_EARLY_DUE, /* whether they are gone */
	STAGE_PEOPLE,	 /* everybody in the tenant, by when they were created */
	STAGE_TOTAL,	 /* how many there are, Auth0 says */
	STAGE_MEMBERS,	 /* members of the organisation */
	STAGE_ROLES,	 /* which roles there are */
	STAGE_HOLDERS,	 /* who has them */
	STAGE_LOG,	 /* whom the log tells of */
	STAGE_DUE,	 /* these people, as they are now */
	STAGE_DONE,
};

struct place {
	enum roster_scope scope;
	enum stage stage;
	char at[PLACE_MARK_SIZE];	 /* the last event that was read; "": none */
	char at_time[PLACE_TIME_SIZE];	 /* and when it was */
	char mark[PLACE_MARK_SIZE];	 /* of all: where the next reading of what changed begins, and when */
	char mark_time[PLACE_TIME_SIZE]; /* that was */
	char begun[PLACE_TIME_SIZE];	 /* of all: who was created later is the log's to tell */
	char settled[PLACE_TIME_SIZE]; /* of imports in bulk that ended before this everybody has been read */
	char low[PLACE_TIME_SIZE];     /* people created before this have been read; "": none */
	unsigned long long ties;       /* and so many of those who were created at this very time */
	unsigned long long tie_page;   /* the page of those who were created at `low` or later */
	unsigned long long total;      /* people up to `begun`, as Auth0 says; with capped 1: or more */
	unsigned long long capped;
	unsigned long long log_more; /* the page of the log was full */
	char next[PLACE_NEXT_SIZE]; /* where a list by checkpoints goes on: members, or who has the first role
				     */
	struct chain chain;
	char roles[PLACE_ROLES_MOST][PLACE_ROLE_MOST + 1];
	size_t role_count, role_at;
	char due[PLACE_DUE_MOST][PLACE_PERSON_MOST + 1];
	size_t due_count, due_at;
	char gone[PLACE_GONE_MOST]
		 [PLACE_PERSON_MOST + 1]; /* of all: not to be given, whatever a search shows */
	size_t gone_count;
	unsigned long long people, role_total, held, pages, requests;
};

/* A cursor, which is refused if it is not ours. 0, or -1. */
int place_read(const void *bytes, size_t size, struct place *ret);

/* Adds a cursor to what is in the buffer, which is full if it does not fit. */
void place_write(struct place *place, struct buffer *ret);

/* The cursor that the last page leaves for the next reading of what changed. */
void place_write_next(struct place *place, struct buffer *ret);

#endif
