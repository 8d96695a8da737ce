/* Where a reading of everybody is: the cursor, as text. All that is needed to go on stands in it. */
#ifndef ROSTER_GOOGLE_PLACE_H
#define ROSTER_GOOGLE_PLACE_H

#include <stddef.h>

#include "common/chain.h"
#include "connector.h"

struct buffer;

enum {
	PLACE_GROUPS_MOST = 200, /* groups of one page, whose members are still to be read */
	PLACE_ID_MOST = 100,	 /* bytes of an id that travels in a cursor */
	PLACE_TOKEN_SIZE = 4096, /* of a page token, with NUL */
};

enum stage { STAGE_PEOPLE = 1, STAGE_GROUPS, STAGE_DONE };

struct place {
	enum stage stage;
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

#endif
