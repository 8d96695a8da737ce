/* A database while it is looked at: which roles are let in, and a statement in a transaction of its own. For
 * the rooms of doctor/ alone. */
#ifndef ROSTERD_DOCTOR_VISIT_H
#define ROSTERD_DOCTOR_VISIT_H

#include <stdbool.h>

#include "doctor/doctor.h"
#include "store/query.h"

struct visit {
	const struct doctor_options *options;
	struct report *report;
	struct store *store;
	bool reached[STORE_ROLES];
	enum store_role any; /* a role that is let in */
	bool known;	     /* every migration that is ours is applied, so every table is there */
};

/* Runs a statement that reads; the rows stand in the report's arena. -1: it failed, which is a finding. One
 * that fails takes no other along. */
int visit_ask(struct visit *visit, enum store_role role, const struct query *query, const struct param *params,
	      size_t count, const struct rows **ret);

/* The names of the three roles, ended by NULL, for a statement. */
const char *const *visit_role_names(const struct visit *visit);

/* ---- one part each ---- */

void visit_server(struct visit *visit);	 /* version, encoding, settings, connections, clock */
void visit_roles(struct visit *visit);	 /* what they may, and may not */
void visit_tables(struct visit *visit);	 /* migrations; row-level security */
void visit_queues(struct visit *visit);	 /* what waits, what is dead, what lies about */
void visit_secrets(struct visit *visit); /* whether the master key opens what is sealed */
void visit_connections(struct visit *visit); /* their plug-ins and certificates */

#endif
