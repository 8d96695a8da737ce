/* What a directory pushed, as a run reads it: all of it, or what is due. The transaction is a worker's, for the organisation. */
#ifndef ROSTERD_ROSTER_SCIM_READING_H
#define ROSTERD_ROSTER_SCIM_READING_H

#include <stdbool.h>
#include <stddef.h>

#include "roster/scim.h"

enum { SCIM_DUE_MOST = 20000 }; /* of one run; the next one takes the rest */

/* A user or group; name and document NULL: it is no more. */
struct scim_seen {
	struct id id;
	const char *document; /* of a user */
	const char *name;     /* of a group */
	bool active;
};

struct scim_seen_member {
	struct id group, member;
	bool gone;
};

/* What waits is this run's from now on. */
int scim_due_take(struct tx *tx, const struct scim_source *source, const struct id *run, struct error *e);

/* What the run has to look at, as it is now: each once. Groups are those that changed, and those whose members did. */
int scim_due_read(struct tx *tx, struct arena *arena, const struct scim_source *source, enum scim_table table,
		  const struct id *run, struct scim_seen **ret, size_t *ret_count, struct error *e);
int scim_due_members(struct tx *tx, struct arena *arena, const struct scim_source *source, const struct id *run,
		     struct scim_seen_member **ret, size_t *ret_count, struct error *e);

/* A page of all, behind `after` (the nil id: from the first). Members are ordered by group and member; some of them may be
 * nobody yet. */
int scim_all_read(struct tx *tx, struct arena *arena, const struct scim_source *source, enum scim_table table,
		  const struct id *after, int most, struct scim_seen **ret, size_t *ret_count, struct error *e);
int scim_all_members(struct tx *tx, struct arena *arena, const struct scim_source *source, const struct scim_seen_member *after,
		     int most, struct scim_seen_member **ret, size_t *ret_count, struct error *e);

#endif
