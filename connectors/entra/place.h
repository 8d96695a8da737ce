/* Where a reading is: the cursor. All that is needed to go on stands in it.
 *
 * Graph tells of one object several times, and what it told last counts. Who is told to be gone while
 * everybody is read cannot be said to be gone then; a membership that is told to have ended may be told to
 * stand again, on a later page. Both wait here: the first for the next reading, the second for the end of
 * this one. */
#ifndef ROSTER_ENTRA_PLACE_H
#define ROSTER_ENTRA_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/chain.h"
#include "common/links.h"
#include "connector.h"

struct buffer;

enum {
	PLACE_GUID_BYTES = 16,
	PLACE_GUID_LETTERS = 36,
	PLACE_LEFT_MOST = 2000, /* of what waits; a membership counts twice. 58 KiB of a cursor */
	PLACE_AGAIN_MOST = 600, /* groups that are read whole at the end. 17 KiB of a cursor */
	PLACE_PAGES_MOST = 1000000,
};

enum stage {
	STAGE_PEOPLE = 1,
	STAGE_GROUPS,
	STAGE_AGAIN, /* groups of which the changes do not say enough */
	STAGE_DONE,
};

struct guid {
	unsigned char bytes[PLACE_GUID_BYTES];
};

enum left_kind { LEFT_PERSON = 1, LEFT_GROUP, LEFT_MEMBER };

struct left {
	enum left_kind kind;
	struct guid id, member; /* LEFT_MEMBER: the group, and who is in it no more */
};

struct place {
	enum roster_scope scope;
	enum stage stage;
	char url[LINK_URL_MOST];	 /* the next page; "": the first one of all */
	char groups_url[LINK_URL_MOST];	 /* of what changed: where groups begin */
	char people_next[LINK_URL_MOST]; /* where the next reading of what changed begins; "": not known yet
					  */
	char groups_next[LINK_URL_MOST];
	struct chain chain;
	struct left left[PLACE_LEFT_MOST];
	size_t left_count, left_weight;
	struct guid again[PLACE_AGAIN_MOST];
	size_t again_count;
	unsigned long long lost; /* 1: more waits than fits, so the next reading is of all */
	unsigned long long people, groups, members, pages, requests;
};

/* An id of Graph in its bytes: lower-case, with hyphens. False: it is none. And back. */
bool place_guid(const char *id, struct guid *ret);
void place_guid_text(const struct guid *guid, char ret[PLACE_GUID_LETTERS + 1]);

/* Something waits, once. member: NULL if it is no membership. What does not fit makes the place lost. */
void place_leave(struct place *place, enum left_kind kind, const char *id, const char *member);

/* It does not wait any more, if it did. Of LEFT_MEMBER and a member of NULL: all of this group. */
void place_take_back(struct place *place, enum left_kind kind, const char *id, const char *member);

/* A group is to be read whole, once. */
void place_read_again(struct place *place, const char *group);

/* A cursor, which is refused if it is not ours. 0, or -1. */
int place_read(const void *bytes, size_t size, struct place *ret);

/* Adds a cursor to what is in the buffer, which is full if it does not fit. */
void place_write(struct place *place, struct buffer *ret);

/* The place where the next reading of what changed begins. */
void place_turn(struct place *place);

#endif
