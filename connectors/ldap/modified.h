/* Reading what changed where the server keeps no record of it: by everybody's key and version. */
#ifndef ROSTER_LDAP_MODIFIED_H
#define ROSTER_LDAP_MODIFIED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ldap/changed.h"

extern const struct strategy strategy_modified;

/* ---- what a reading leaves behind, as functions of its arguments ---- */

enum {
	SEEN_MOST = 2000,      /* versions that are remembered */
	OVERLAP_S = 60,	       /* how much later than it says a change may come to light */
	DURATION_MARGIN_S = 5, /* on top of what the reading itself took */
	SETTLED_S = 2,	       /* how old a version of whole seconds must be to have but one meaning */
	LOOK_MOST = 2000,      /* entries that are looked at one by one, however small the base is */
	LOOK_SHARE = 10,       /* and no more than a tenth of a larger one */
};

/* One version: when it was made by the server's clock, in microseconds since 1970, and a hash of key and
 * version. */
struct version {
	int64_t at;
	uint64_t hash;
};

/* The versions of a base that are newest, and from when on nothing is taken for granted. */
struct window {
	int64_t from;	/* versions from here on are new, unless they are remembered */
	int64_t newest; /* INT64_MIN: nobody was there */
	size_t count;
	struct version seen[2 * SEEN_MOST]; /* at most SEEN_MOST after window_close */
	int64_t dropped;		    /* the newest of those that had no room, INT64_MIN: none */
};

/* "20261129115056.369231Z#..." (entryCSN) or "20261129115056Z" (modifyTimestamp) as microseconds. -1: it is
 * neither. */
int version_time(const char *stamp, int64_t *ret);

void window_open(struct window *window);
void window_add(struct window *window, struct version version);

/* After the last one. precise: two changes never have the same version; else a version that is less than
 * SETTLED_S older than the newest may come to mean two. took_s: how long the reading took: what changed
 * behind it meanwhile is not newer than the newest that it saw. */
void window_close(struct window *window, bool precise, int64_t took_s);

/* Must an entry of this version be read, after the reading that left this window? */
bool window_wants(const struct window *window, struct version version);

/* Would looking at so many of those who are there take longer than reading everything? One by one, and in one call, which has its time. */
bool looking_costs_more(size_t wanted, unsigned long present);

/* "FROM NEWEST COUNT\n", and the hashes in hexadecimal. read: the length; -1: it is no window. */
void window_write(const struct window *window, struct buffer *ret);
int window_read(const char *bytes, size_t size, struct window *ret);

#endif
