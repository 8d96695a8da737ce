/* Looking at entries that changed on Active Directory: who of them is a person or a group that is asked for,
 * and as what they are given. */
#ifndef ROSTER_LDAP_AD_LOOK_H
#define ROSTER_LDAP_AD_LOOK_H

#include "ldap/ad_gather.h"

/* Finds out what each change is about. When a container was renamed or moved, all that lies in it has another
 * name and nothing tells of it: then the place is lost. 0; -1: fail() was called. */
int look_prepare(struct gathered *gathered);

/* Gives the changes from begin to end. -1: fail() was called. */
int look_at_changes(struct gathered *gathered, size_t begin, size_t end);

#endif
