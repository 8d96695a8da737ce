/* An audit entry: who did what to what, on whose behalf, and what it was before and after.
 *
 * Written in the transaction of the change; the database lets nobody update or delete one. What may have to be erased goes
 * into one JSON text that the entry commits to (schema/0001_core.sql says how). */
#ifndef ROSTERD_ROSTER_AUDIT_H
#define ROSTERD_ROSTER_AUDIT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

/* Who the audit names. Filled once for an exchange or a run and never typed by hand. */
struct actor {
	const char *kind;         /* operator, member, service, connector, file, daemon */
	const char *id;           /* an id, "uid 0", a file's path; never a person's name */
	const char *name;         /* personal: may be NULL */
	const char *on_behalf_of; /* may be NULL */
	const char *source;       /* api, run, file, daemon */
	const char *request;      /* the request's id; may be NULL */
	const char *address;      /* personal: where from; may be NULL */
	const struct id *run;     /* may be NULL */
};

struct audit_event {
	const char *action;      /* "member.suspended": noun.what_happened */
	const char *target_kind; /* "member" */
	const char *target;      /* its id */
	const char *target_name; /* personal: may be NULL */
	const char *before, *after; /* JSON objects; may be NULL */
};

/* Writes one entry. organisation NULL: the operator's own chain (the nil UUID); the transaction must then be for that. */
int audit_write(struct tx *tx, const struct id *organisation, const struct actor *actor, const struct audit_event *event,
                struct error *e);

#endif
