/* Looking at people and groups that something happened to. */
#ifndef ROSTER_GOOGLE_CHANGED_H
#define ROSTER_GOOGLE_CHANGED_H

#include "google/directory.h"

/* A page of those who were deleted lately, if somebody who is due was. -1: fail() was called. */
int changed_deleted_page(struct directory *d);

/* Some of the people who are due, as they are now. -1: fail() was called; with ROSTER_LOST_PLACE where an
 * address does not tell who it was that is gone. */
int changed_people(struct directory *d);

/* The next group that is due, or a page of its members. -1: fail() was called. */
int changed_group(struct directory *d);

#endif
