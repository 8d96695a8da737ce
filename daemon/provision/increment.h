/* The plan's tables for readings of what changed and of named people: their cost goes with what was staged, not with the roster.
 *
 * Whatever is not staged is as it stands: a group that is not given keeps its members, a person their groups. What a membership's key means
 * is looked up among what was staged and then in the roster, and the roles of those concerned are found by going up from them. Everything
 * that stands is reached by an index and a fence (LATERAL ... LIMIT 1, OFFSET 0), never by a join that the planner could turn round: for it,
 * an organisation among many has five rows.
 *
 * plan knows the order; each of these makes some of its tables. The parameters are plan's. What has nothing to work on is left out where the
 * tables are there and empty already (provision/tables). */
#ifndef ROSTERD_PROVISION_INCREMENT_H
#define ROSTERD_PROVISION_INCREMENT_H

#include <stddef.h>

#include "provision/tables.h"

/* delta: who is new, changed, or gone (said so; or, where the reading was whole, neither given nor there). */
extern const struct step increment_delta[];
extern const size_t increment_delta_count;

/* From seen: groups_shown, group_changes, group_keys, member_changes, nesting_changes, wanted, roles. */
extern const struct step increment_groups[];
extern const size_t increment_groups_count;

/* Indices of what was chosen, for the tables that are made from it. */
extern const struct step increment_chosen[];
extern const size_t increment_chosen_count;

/* The same of what was decided (effects), for the lines of the plan: guard, counts and audit each make them once more. */
extern const struct step increment_decided[];
extern const size_t increment_decided_count;

#endif
