/* The ways to read what changed on Active Directory.
 *
 * All of them first find the keys of what changed, anywhere in the domain, and then look at those keys in the
 * way that everybody is read: by the settings' own searches. So who was moved out of the base, or no longer
 * matches the filter, is not found there, and is gone; and nothing is believed that a whole listing would not
 * show as well.
 *
 * They differ in how the keys are found (DirSync, or numbers of changes) and in how it is known who is gone:
 * the server tells of deleted entries, or all keys are compared. */
#ifndef ROSTER_LDAP_AD_CHANGED_H
#define ROSTER_LDAP_AD_CHANGED_H

#include "ldap/changed.h"

/* The best first. */
extern const struct strategy ad_dirsync; /* DirSync; deletions are told */
extern const struct strategy ad_usn;	 /* numbers of changes; deletions are told */
extern const struct strategy
	ad_dirsync_keys; /* DirSync; all keys are compared, unless the server tells of deletions */
extern const struct strategy ad_usn_keys; /* numbers of changes; all keys are compared */

#endif
