/* What the Reports API tells of changes: who was made, renamed, moved, suspended, deleted, and in which
 * groups something happened. Its events are hints, for they name people and groups by addresses and come
 * late: what is true is asked. */
#ifndef ROSTER_GOOGLE_FEED_H
#define ROSTER_GOOGLE_FEED_H

#include "google/directory.h"

/* Asks what time it is there, and keeps it if events may be read; if not, a note says what that needs, and
 * the place has no `begun`. -1: fail() was called. */
int feed_begin(struct directory *d);

/* A page of events, from the newest on: whom and what they are about is due in the place. -1: fail() was
 * called; with ROSTER_LOST_PLACE where everybody must be read. */
int feed_page(struct directory *d);

/* Whether events may be read, for "test connection": a note says it. */
int feed_check(struct directory *d);

#endif
