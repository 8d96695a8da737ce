/* What directories that push have told us: users, groups and memberships as they can be read back.
 *
 * Nothing here is the roster. Every write leaves a row that says what a run has to look at, in the same transaction; the
 * run reconciles it like any other source's word. Membership is changed without reading the group, so its cost does
 * not grow with it. The transaction must be for the organisation. */
#ifndef ROSTERD_ROSTER_SCIM_H
#define ROSTERD_ROSTER_SCIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

/* Which connection's. */
struct scim_source {
	struct id organisation, connection;
};

struct scim_record {
	struct id id;
	const char *key;	 /* userName or displayName without case */
	const char *external_id; /* NULL: none */
	bool active;		 /* users */
	const char *schemas;	 /* a JSON array */
	const char *document;	 /* JSON, as endpoints/scim_resource makes it */
	const char *place;	 /* of a search: where it stands in the order */
	const char *inner;	 /* JSON array, or NULL: of a user its groups, of a group its members */
	int64_t created_at, modified_at, version;
};

enum scim_table { SCIM_TABLE_USERS, SCIM_TABLE_GROUPS };

/* What a transaction leaves for a run. By both it can be told later which run took it. */
struct scim_push {
	const char *in; /* how the database calls the transaction (pg_current_xact_id); NULL: it leaves nothing */
	int64_t upto;	/* the last number of what it leaves (scim_due.seq); 0: none yet */
};

/* Before members are changed or something is deleted: the watch is told, unless it has something to look at already. */
int scim_wake(struct tx *tx, struct arena *arena, const struct scim_source *source, struct scim_push *push, struct error *e);

/* Adds one, and wakes as above, in two steps, between which other statements may be sent: with the id that a user had who was deleted and comes
 * back (scim_find_deleted), or the record's. ERROR_CONFLICT "scim.uniqueness": another one has its key. *record becomes what was kept; of a user with its groups, of a group without
 * its members. */
int scim_insert_send(struct tx *tx, const struct scim_source *source, enum scim_table table,
		     const struct scim_record *record, struct error *e);
int scim_insert_receive(struct tx *tx, struct arena *arena, enum scim_table table, struct scim_record *record,
			struct scim_push *push, struct error *e);

/* By id: 1, 0, -1. inner: whether groups or members are wanted. */
int scim_find(struct tx *tx, struct arena *arena, const struct scim_source *source, enum scim_table table, const struct id *id,
	      bool inner, struct scim_record *ret, struct error *e);

/* The same, and nobody else changes it until the transaction ends. */
int scim_lock(struct tx *tx, struct arena *arena, const struct scim_source *source, enum scim_table table, const struct id *id,
	      struct scim_record *ret, struct error *e);

/* The same in two steps, for what is asked while the transaction is not yet known to be for an organisation
 * (nil in source): it sees those of whichever it is for when the server comes to it. */
int scim_find_send(struct tx *tx, const struct scim_source *source, enum scim_table table,
		   const struct id *id, bool inner, struct error *e);
int scim_lock_send(struct tx *tx, const struct scim_source *source, enum scim_table table,
		   const struct id *id, struct error *e);
int scim_find_receive(struct tx *tx, struct arena *arena, struct scim_record *ret, struct error *e);

/* Writes key, external_id, active, schemas and document of the row with this id, likewise. ERROR_CONFLICT "scim.uniqueness". */
int scim_update(struct tx *tx, struct arena *arena, const struct scim_source *source, enum scim_table table,
		struct scim_record *record, struct scim_push *push, struct error *e);

/* 1 gone, 0 there is none, -1. Memberships of and in it go along. */
int scim_delete(struct tx *tx, const struct scim_source *source, enum scim_table table, const struct id *id, struct scim_push *push,
		struct error *e);

/* The id of a user who was deleted and had this userName and this key of the directory's: whoever is made now
 * is the same one. Without a key of the directory's nobody can know. 1, 0, -1. */
int scim_find_deleted(struct tx *tx, const struct scim_source *source, const char *key, const char *external_id, struct id *ret,
		      struct error *e);

enum scim_edit_kind { SCIM_ADD_MEMBERS, SCIM_REMOVE_MEMBERS, SCIM_REPLACE_MEMBERS };

/* Members by id, in a group that is locked, whatever its size; REPLACE: these are all, others go. *ret_changed: how many came or went. */
int scim_members_edit(struct tx *tx, const struct scim_source *source, const struct id *group, enum scim_edit_kind kind,
		      const struct id *members, size_t count, struct scim_push *push, int64_t *ret_changed, struct error *e);

/* A page of what a condition holds for. `where` is SQL made of constants and parameters from $5 on, which `params` holds; the row
 * is "r". order: the same, ended by what makes it a total order. */
enum scim_asked { SCIM_ASKED_ANY, SCIM_ASKED_KEY, SCIM_ASKED_EXTERNAL };
struct scim_search {
	enum scim_table table;
	enum scim_asked asked; /* KEY, EXTERNAL: where is "this is equal to $5" and nothing else; in the usual order */
	const char *where, *order;
	const struct param *params; /* the first four are not the caller's to fill */
	size_t param_count;
	const char *behind;	/* more of the condition, which the count leaves out; NULL: no more */
	size_t behind_count;	/* its parameters, behind the others */
	const char *by;		/* what to tell of each as `place`; NULL: nothing */
	int64_t skip, most;
	bool inner, documents; /* documents false: nothing but the count is wanted */
};
int scim_search(struct tx *tx, struct arena *arena, const struct scim_source *source, const struct scim_search *search,
		struct scim_record **ret, size_t *ret_count, int64_t *ret_total, struct error *e);
/* The same in two steps, as above: 1 it was sent; 0 it is none of those that are asked all day (`asked`), and
 * nothing was; -1. */
int scim_search_send(struct tx *tx, struct arena *arena, const struct scim_source *source,
		     const struct scim_search *search, struct error *e);
int scim_search_receive(struct tx *tx, struct arena *arena, const struct scim_source *source,
			const struct scim_search *search, struct scim_record **ret, size_t *ret_count,
			int64_t *ret_total, struct error *e);

#endif
