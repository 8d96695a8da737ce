/* Where a reading by content synchronisation (RFC 4533) goes on: what is asked of each base, and the place
 * that we keep. */
#ifndef ROSTER_LDAP_SYNC_POSITION_H
#define ROSTER_LDAP_SYNC_POSITION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "ldap/branches.h"
#include "ldap/directory.h"
#include "ldap/sync_control.h"
#include "ldap/sync_search.h"
#include "ldap/view.h"

/* A place: the branches, "LENGTH LENGTH\n", and the cookies of people and of groups, in the server's own
 * bytes. */
struct sync_position {
	struct branches branches;
	struct berval cookies[2]; /* point into it */
};

bool sync_is_openldap(const struct directory *directory);
bool sync_is_389(const struct directory *directory);

/* People first; the second only if there are groups. Returns how many. They point into settings and view. */
size_t sync_bases(const struct directory *directory, const struct view *view, struct sync_search ret[2]);

/* Writes a place, and reads one, which then points into these bytes. -1: they are none. */
void sync_write_place(const struct branches *branches, const struct berval cookies[2], struct buffer *ret);
int sync_read_place(const char *bytes, size_t size, struct sync_position *ret);

/* The cookie of a base as it is now, in the arena of the page. -1: fail() was called. */
int sync_read_now(struct directory *directory, const struct sync_search *search, struct berval *ret);

/* How our cookie stands to the server's of now. */
enum sync_place sync_place_of(const struct directory *directory, const struct berval *ours,
			      const struct berval *now);

/* Fails with the place lost, and these words. Always -1. */
int sync_lose(struct directory *directory, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
