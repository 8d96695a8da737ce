/* Makes the database agree with the files in orgs.d: what they describe is created or changed, and marked as theirs.
 *
 * Whose word counts is not changed here either, since that is what members show: where a file says otherwise, a run is asked for whose plan is
 * held like any other (provision/operation).
 *
 * Nothing is removed here: what no file describes any more becomes an orphan (roster/managed), stays as it is, and is left to the
 * administrators. */
#ifndef ROSTERD_DECLARE_H
#define ROSTERD_DECLARE_H

#include <stddef.h>

#include "base/error.h"

struct arena;
struct crypt_keys;
struct managed_orphan;
struct orgfile;
struct problems;
struct store;

/* What was done to the database, in order. */
/* What was made by hand and a file that adopts does not name: nothing happens to it, and nobody would notice. The audit has no such entry. */
#define DECLARE_LEFT_ALONE "connection.left_unmanaged"

struct declare_event {
	const char *action; /* as the audit has it: "connection.updated"; or DECLARE_LEFT_ALONE */
	const char *organisation; /* its slug */
	const char *kind, *name;
};

enum { DECLARE_ORPHANS_MOST = 1000 };
enum { DECLARE_EVENTS_MOST = 1000 }; /* that are told of; the audit has all */

struct declared {
	struct arena *arena; /* set by the caller: where everything stands */
	struct declare_event *events;
	size_t count;
	size_t beyond; /* how many more there were than are told of */
	const struct managed_orphan *orphans; /* that wait for an answer */
	size_t orphan_count;
};

/* All files in one transaction: taken whole or not at all. -1 with ERROR_INPUT "declare.refused" if the database holds
 * something against them: then each is a problem with its file and line. Any other error has passed, or is the database's. */
int declare_organisations(struct store *store, const struct crypt_keys *keys, const struct orgfile *organisations,
                          size_t count, struct declared *ret, struct problems *problems, struct error *e);

#endif
