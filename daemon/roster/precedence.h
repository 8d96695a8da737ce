/* The order of an organisation's sources: who leads for each attribute of its members. Kept by the numbers of connections and by rules
 * (schema/0018_precedence.sql, 0021_connection_life.sql); changed by a run alone (provision/operation), because whose word counts is what members show. */
#ifndef ROSTERD_ROSTER_PRECEDENCE_H
#define ROSTERD_ROSTER_PRECEDENCE_H

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

/* Attributes that may have a rule, ended by NULL: name, email, title, department, role, state. */
enum { PRECEDENCE_ATTRIBUTES = 6 };
extern const char *const precedence_attributes[PRECEDENCE_ATTRIBUTES + 1];

/* In a rule: what a person set. No connection may be called so. */
#define PRECEDENCE_MANUAL "manual"

struct precedence {
	const char *attribute;
	const char *const *order; /* all sources by name, who leads first, ended by NULL; the state is no person's */
	const char *const *rule;  /* those that a rule names; empty: there is none */
};

/* One for each attribute. The tx must be for the organisation. */
int precedence_list(struct tx *tx, struct arena *arena, const struct id *organisation, struct precedence **ret, size_t *ret_count,
                    struct error *e);

#endif
