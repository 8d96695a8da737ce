/* What files say: the line where something is described, and since when no file does any more (an orphan).
 *
 * Which file it is stands in managed_by of the thing itself. An orphan stays as it is until somebody adopts it, deletes
 * it, or a file describes it again. target: an id as text, or a domain. */
#ifndef ROSTERD_ROSTER_MANAGED_H
#define ROSTERD_ROSTER_MANAGED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

struct managed {
	int line;	     /* 0: not known */
	int64_t orphaned_at; /* 0: a file describes it */
};

/* 1, 0, -1. The transaction must be for the organisation, here and below. */
int managed_find(struct tx *tx, struct arena *arena, const struct id *organisation, const char *kind,
		 const char *target, struct managed *ret, struct error *e);

/* A file describes it, in this line. */
int managed_keep(struct tx *tx, const struct id *organisation, const char *kind, const char *target, int line,
		 struct error *e);

/* No file does any more. 1, or 0: that was known. */
int managed_orphan(struct tx *tx, const struct id *organisation, const char *kind, const char *target,
		   struct error *e);

/* From now on it is changed through the API: an organisation with everything of it, or one thing. */
int managed_adopt_organisation(struct tx *tx, const struct id *organisation, struct error *e);
int managed_adopt_domain(struct tx *tx, const struct id *organisation, const char *domain, struct error *e);
int managed_adopt_connection(struct tx *tx, const struct id *organisation, const char *id, struct error *e);

/* It is deleted. kind NULL: all of the organisation. */
int managed_forget(struct tx *tx, const struct id *organisation, const char *kind, const char *target,
		   struct error *e);

/* Every organisation that a file describes, or did; any transaction that is for none. */
struct managed_organisation {
	struct id id;
	const char *slug, *name, *file;
	bool orphaned;
};
int managed_organisations(struct tx *tx, struct arena *arena, struct managed_organisation **ret, size_t *ret_count,
			  struct error *e);

/* What waits for an answer, of all organisations. */
struct managed_orphan {
	const char *kind, *organisation, *name, *file; /* organisation: its slug */
	int line;
	int64_t since;
};
int managed_orphans(struct tx *tx, struct arena *arena, int most, struct managed_orphan **ret, size_t *ret_count,
		    struct error *e);

#endif
