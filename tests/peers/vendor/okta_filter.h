/* Filters as Okta takes them: attribute, operator, quoted value; and, or, brackets; names and values are
 * case-sensitive, there is no "not". Which operators an attribute takes is a table; whatever else is refused.
 */
#ifndef ROSTERD_PEERS_OKTA_FILTER_H
#define ROSTERD_PEERS_OKTA_FILTER_H

#include <stdbool.h>

struct okta_attribute {
	const char *name, *operators;
};

struct okta_filter;

/* NULL: it is not acceptable. */
struct okta_filter *okta_filter_open(const char *text, const struct okta_attribute *attributes);
void okta_filter_close(struct okta_filter *filter);

bool okta_filter_matches(const struct okta_filter *filter,
			 const char *(*value)(const void *context, const char *name), const void *context);

#endif
