/* A filter, or an order, as SQL on the tables of roster/scim: constants of this room and bound values, nothing else. What
 * has a column and an index (id, externalId, userName, displayName of groups) is asked there. */
#ifndef ROSTERD_ENDPOINTS_SCIM_CONDITION_H
#define ROSTERD_ENDPOINTS_SCIM_CONDITION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/id.h"
#include "endpoints/scim_filter.h"
#include "store/param.h"

enum { SCIM_PARAMS_MOST = 90 }; /* values of one filter and order */

struct scim_condition {
	const char *by, *by_type; /* what it is ordered by before the id, and its type; by NULL: by id alone */
	bool descending;
	const char *where, *order; /* as scim_search wants them, the first value being $5 */
	struct param params[SCIM_PARAMS_MOST];
	size_t count;
};

/* filter NULL: all. sort_by NULL: in the order in which they were made. Texts stand in the arena. ERROR_LIMIT
 * "scim.filter_limit"; ERROR_INPUT "scim.invalidPath" for what cannot be sorted by. */
int scim_condition_make(struct arena *arena, enum scim_kind kind, const struct scim_filter *filter,
			const struct scim_path *sort_by, bool descending, struct scim_condition *ret, struct error *e);

/* What of the order comes behind a resource, as more of a condition: value is what `by` gave as a text, NULL if it had none. Its parameters
 * are added behind those of the condition, which stays as it is. ERROR_LIMIT "scim.filter_limit". */
int scim_condition_behind(struct arena *arena, struct scim_condition *condition, const char *value, const struct id *id,
			  const char **ret, struct error *e);

/* A name without case: what user_key and name_key hold. */
const char *scim_key(struct arena *arena, const char *name);

#endif
