/* How far a run is, as one line of a terminal that is written over again; nothing if standard error is none.
 */
#ifndef ROSTERCTL_PROGRESS_H
#define ROSTERCTL_PROGRESS_H

struct arena;
struct json;

/* Shows a run as the API describes it. */
void progress_show(struct arena *arena, const struct json *run);

/* Clears the line, so that what follows stands alone. */
void progress_end(void);

/* "10000 people, 200 groups, 45000 memberships in 12 pages" of a run. */
const char *progress_read(struct arena *arena, const struct json *run);

#endif
