/* Where a reading is: the cursor, as text. All that is needed to go on stands in it. */
#ifndef ROSTER_OKTA_PLACE_H
#define ROSTER_OKTA_PLACE_H

#include <stddef.h>
#include <stdint.h>

#include "common/chain.h"
#include "common/links.h"
#include "connector.h"

struct buffer;

enum {
	PLACE_GROUPS_MOST = 400, /* groups of one page, whose members are still to be read */
	PLACE_ID_MOST = 100,	  /* bytes of a group's id that travels in a cursor */
	PLACE_TIME_SIZE = 32,
	PLACE_PAIRS_MOST = 200, /* memberships that the System Log tells of; of more, groups are read whole */
};

enum stage {
	STAGE_LOG = 1, /* of what changed: what the System Log says */
	STAGE_PEOPLE,  /* of all: those who are not deactivated; of what changed: those who were touched */
	STAGE_FORMER,  /* deactivated people */
	STAGE_GROUPS,
	STAGE_DONE,
};

/* Somebody came to a group, or left it: which of the two, the group itself is asked. */
struct pair {
	char group[PLACE_ID_MOST + 1], person[PLACE_ID_MOST + 1];
};

struct place {
	enum roster_scope scope;
	enum stage stage;
	char since[PLACE_TIME_SIZE]; /* of what changed: where it begins, "2026-11-29T18:00:00.000Z"; "": none
				      */
	char begun[PLACE_TIME_SIZE]; /* what changes after this is the next reading's; "": the org has not
					told the time */
	char url[LINK_URL_MOST];     /* the next page of people or groups; "": the first one */
	char members_url[LINK_URL_MOST]; /* the next page of the first group's members; "": the first one */
	char groups[PLACE_GROUPS_MOST][PLACE_ID_MOST + 1]; /* whose members are still to be read */
	size_t group_count, group_at;
	char log_url[LINK_URL_MOST];  /* where the System Log goes on; "": from `since` */
	char told[PLACE_TIME_SIZE];   /* what the log told of has happened before this, or a little later */
	char looked[PLACE_TIME_SIZE]; /* the same for the next reading */
	char oldest[PLACE_TIME_SIZE]; /* of the events that the pairs come from; "": none */
	struct pair pairs[PLACE_PAIRS_MOST];
	size_t pair_count;
	unsigned long long log_unread; /* 1: the log may not be read, or tells of more pairs than are kept */
	struct chain chain, members_chain;
	unsigned long long people, former, group_total, members, pages, requests;
};

/* A cursor, which is refused if it is not ours. 0, or -1. */
int place_read(const void *bytes, size_t size, struct place *ret);

/* Adds a cursor to what is in the buffer, which is full if it does not fit. */
void place_write(struct place *place, struct buffer *ret);

/* The cursor that the last page leaves for the next reading of what changed. */
void place_write_next(struct place *place, struct buffer *ret);

#endif
