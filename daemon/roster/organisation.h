/* An organisation: its name, type and state.
 *
 * Statements that name an organisation need a transaction that is for it (tx_for); organisation_resolve and
 * organisation_list are the two doors before one is known. */
#ifndef ROSTERD_ROSTER_ORGANISATION_H
#define ROSTERD_ROSTER_ORGANISATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

enum { ORGANISATION_SESSION_LEAST_MS = 300 * 1000, ORGANISATION_SESSION_MOST_MS = 24 * 24 * 3600 * 1000 };
enum {
	ORGANISATION_NAME_MOST = 200,
	ORGANISATION_SLUG_MOST = 63,
	ORGANISATION_SLUGS_MOST = 10,	  /* with the former ones, which it keeps; the schema says the same */
	ORGANISATION_RETENTION_LEAST = 7, /* days */
	ORGANISATION_RETENTION_MOST = 3650,
	ORGANISATION_RETENTION_DEFAULT = 30, /* the schema says the same */
};
#define ORGANISATION_GRACE_LEAST_MS   INT64_C(3600000) /* the schema says the same, here and below */
#define ORGANISATION_GRACE_MOST_MS    INT64_C(315360000000)
#define ORGANISATION_GRACE_DEFAULT_MS INT64_C(2592000000)

struct organisation {
	struct id id;
	const char *slug, *name, *type, *state, *default_role;
	const char *plan;		  /* NULL when it is made: the default of its type */
	const char *seat_limit;		  /* the operator's word: "plan", "none" or a number; NULL when it is made: "plan" */
	const char *managed_by;		  /* the file that describes it; NULL: the API */
	const char *const *ip_allow_list; /* networks that its tokens may be shown from, ended by NULL; none:
					     anywhere. NULL when it is made stands for none */
	int64_t created_at, updated_at, version;
	int64_t retention_days;		 /* of runs that are over, and of itself once it is deleted */
	int64_t session_idle_ms, session_most_ms; /* how long sessions count, if that is shorter than the daemon's; 0: not said */
	int64_t grace_ms; /* how long somebody whom their directory lost can come back as who they were; 0: without end */
	int64_t deleted_at, purge_after; /* 0: it is not deleted */
	int64_t owned_at;		 /* since when an owner is on record; 0: there never was one */
	int64_t owner_absent_at;	 /* since when a directory keeps the owner out; 0: the owner is here */
	const char *const *former_slugs; /* ended by NULL; they still lead to it. Filled as the owner is */
	struct id owner; /* nil: none. Filled by organisation_list and organisation_count alone */
	int64_t members; /* the same: everybody who has not left */
};

/* The types' names, ended by NULL. What a type and its plan allow stands in roster/seats. */
extern const char *const organisation_types[];

/* The states, ended by NULL. */
extern const char *const organisation_states[];

/* Whose id or slug this is: 1, 0, -1. An id is taken at its word; organisation_load tells whether it lives.
 */
int organisation_resolve(struct tx *tx, struct arena *arena, const char *id_or_slug, struct id *ret,
			 struct error *e);

/* The same for one that is deleted and not purged yet, which the operator alone may look for. */
int organisation_resolve_deleted(struct tx *tx, struct arena *arena, const char *id_or_slug, struct id *ret,
				 struct error *e);

/* One that is deleted, without owner and members: 1, 0, -1. */
int organisation_load_deleted(struct tx *tx, struct arena *arena, const struct id *id,
			      struct organisation *ret, struct error *e);

/* One that is not. */
int organisation_load(struct tx *tx, struct arena *arena, const struct id *id, struct organisation *ret,
		      struct error *e);

/* Fills owner, members and former_slugs. */
int organisation_count(struct tx *tx, struct arena *arena, struct organisation *organisation,
		       struct error *e);

/* For the operator: all that are deleted, or all that are not, ordered by slug, after a slug (NULL: from the
 * first). */
int organisation_list(struct tx *tx, struct arena *arena, bool deleted, const char *after, int most,
		      struct organisation **ret, size_t *ret_count, struct error *e);

/* A slug made from a name: "Acme & Sons" gives "acme-sons". ERROR_INPUT "organisation.slug" if nothing is
 * left of it. */
int organisation_slug(struct arena *arena, const char *name, const char **ret, struct error *e);

/* Whether a slug that somebody chose is one: ERROR_INPUT "organisation.slug". */
int organisation_check_slug(const char *slug, struct error *e);

/* A new row with id, slug, name, type, plan, seat_limit, default_role and managed_by as given, active. ERROR_CONFLICT
 * "organisation.slug_taken". */
int organisation_create(struct tx *tx, const struct organisation *organisation, struct error *e);

/* Writes slug, name, type, plan, seat_limit, state, default_role, managed_by, ip_allow_list, retention_days and grace_ms, if the version
 * is still organisation->version: ERROR_PRECONDITION "organisation.changed"; ERROR_CONFLICT
 * "organisation.slug_taken"; ERROR_LIMIT "limit.slugs", or "limit.seats" where more seats are taken than the plan and the
 * limit allow. */
int organisation_update(struct tx *tx, const struct organisation *organisation, struct error *e);

/* Hides it from everybody, ends what runs for it, and fixes when it is purged, if the version is still
 * organisation->version: ERROR_PRECONDITION "organisation.changed". */
int organisation_delete(struct tx *tx, const struct organisation *organisation, struct error *e);

/* Brings one back that is deleted, as it was: ERROR_PRECONDITION as above. Runs that were ended stay so. */
int organisation_restore(struct tx *tx, const struct organisation *organisation, struct error *e);

#endif
