/* An audit entry: who did what to what, on whose behalf, and what it was before and after.
 *
 * Written in the transaction of the change; the database lets nobody update or delete one. What may have to
 * be erased goes into one JSON text that the entry commits to (schema/0001_core.sql says how). */
#ifndef ROSTERD_ROSTER_AUDIT_H
#define ROSTERD_ROSTER_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

/* Who the audit names. Filled once for an exchange or a run and never typed by hand. */
struct actor {
	const char *kind;	  /* operator, member, service, connector, file, daemon */
	const char *id;		  /* an id, "uid 0", a file's path; never a person's name */
	const char *name;	  /* personal: may be NULL */
	const char *on_behalf_of; /* may be NULL */
	const char *source;	  /* api, run, file, daemon */
	const char *request;	  /* the request's id; may be NULL */
	const char *address;	  /* personal: where from; may be NULL */
	const struct id *run;	  /* may be NULL */
};

struct audit_event {
	const char *action;	    /* "member.suspended": noun.what_happened */
	const char *target_kind;    /* "member" */
	const char *target;	    /* its id */
	const char *target_name;    /* personal: may be NULL */
	const char *before, *after; /* JSON objects; may be NULL */
};

/* Writes one entry, in a transaction that is for the organisation. NULL: into the operator's own chain (the
 * nil UUID), in a transaction that is for none; from then on it sees that chain and nothing else of any
 * organisation, so this comes last. */
int audit_write(struct tx *tx, const struct id *organisation, const struct actor *actor,
		const struct audit_event *event, struct error *e);

/* An entry as it is read. What was erased is NULL. */
struct audit_entry {
	int64_t id, at;
	const char *actor_kind, *actor, *actor_name, *on_behalf_of;
	const char *action, *target_kind, *target, *target_name;
	const char *source, *request, *address, *before, *after;
	struct id run; /* nil: none */
};

/* Whether a text is an action ("member.joined") or stands for all of a noun ("member.*"). */
bool audit_is_action(const char *text);

struct audit_filter {
	int64_t beyond;	    /* entries older than this id; 0: from the newest */
	const char *action; /* "member.joined", or "member.*"; here and below NULL: any */
	const char *target, *actor, *source, *request, *on_behalf_of;
	const struct id *run;
	int64_t since, until; /* microseconds; 0: open. since is within, until is not */
	int most;
};

/* Whose chain the operator's own is: the nil UUID. */
extern const struct id audit_operators;

/* For whoever reads the audit: organisation NULL shows a transaction that is for none the operator's own
 * chain, and from then on nothing else of any organisation; of one that tx_for has chosen there is nothing to
 * do. */
int audit_choose(struct tx *tx, const struct id *organisation, struct error *e);

/* Newest first. organisation as above. */
int audit_list(struct tx *tx, struct arena *arena, const struct id *organisation,
	       const struct audit_filter *filter, struct audit_entry **ret, size_t *ret_count,
	       struct error *e);

#endif
