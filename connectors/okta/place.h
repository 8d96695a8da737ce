/* Where a reading is: the cursor, as text. All that is needed to go on stands in it. */
#ifndef ROSTER_OKTA_PLACE_H
#define ROSTER_OKTA_PLACE_H

#include <stddef.h>
#include <stdint.h>

#include "common/chain.h"
#include "common/links.h"
#include "connector.h"

enum {
	PLACE_GROUPS_MOST = 1000, /* groups of one page, whose members are still to be read */
	PLACE_ID_MOST = 100,	  /* bytes of a group's id that travels in a cursor */
	PLACE_TIME_SIZE = 32,
};

enum stage {
	STAGE_PEOPLE = 1, /* of all: those who are not deactivated; of what changed: those who were touched */
	STAGE_FORMER,	  /* deactivated people */
	STAGE_GROUPS,
	STAGE_DONE,
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
	struct chain chain, members_chain;
	unsigned long long people, former, group_total, members, pages, requests;
};

/* A cursor, which is refused if it is not ours. 0, or -1. */
int place_read(const void *bytes, size_t size, struct place *ret);

/* Writes a cursor: 0 and its size, or -1: it does not fit. */
int place_write(const struct place *place, char *ret, size_t most, size_t *ret_size);

/* The cursor that the last page leaves for the next reading of what changed. */
int place_write_next(const struct place *place, char *ret, size_t most, size_t *ret_size);

#endif
