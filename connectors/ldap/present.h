/* Everybody who is there, by key and version alone. */
#ifndef ROSTER_LDAP_PRESENT_H
#define ROSTER_LDAP_PRESENT_H

#include "ldap/directory.h"
#include "ldap/view.h"

struct presence {
	unsigned long count;
	char doubt[300]; /* why somebody may be missing; "" if nobody is */
};

/* Calls every person or group of the base present, with its version. Nobody at all is a doubt: an account
 * that may not read sees the same. -1: fail() was called. */
int present_pass(struct directory *directory, const struct view *view, enum roster_subject subject,
		 struct presence *ret);

#endif
