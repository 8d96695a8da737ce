/* Everybody who is there, by key and version alone. */
#ifndef ROSTER_LDAP_PRESENT_H
#define ROSTER_LDAP_PRESENT_H

#include "ldap/directory.h"
#include "ldap/view.h"

struct presence {
	unsigned long count;
	char doubt[300]; /* why somebody may be missing; "" if nobody is */
};

/* Given one, with its version (NULL: it shows none). -1: stop, and fail() was called. */
typedef int take_present(void *context, const char *id, const char *stamp);

/* Hands everybody or every group over. Nobody at all is a doubt: an account that may not read sees the same.
 * -1: fail() was called. */
int present_read(struct directory *directory, const struct view *view, enum roster_subject subject,
		 take_present *take, void *context, struct presence *ret);

/* Calls every person or group of the base present. */
int present_pass(struct directory *directory, const struct view *view, enum roster_subject subject,
		 struct presence *ret);

#endif
