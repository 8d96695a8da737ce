/* Asking a domain controller what reading of what changed needs to know. */
#ifndef ROSTER_LDAP_AD_CONTROLLER_H
#define ROSTER_LDAP_AD_CONTROLLER_H

#include <stdbool.h>
#include <stdint.h>

#include "ldap/ad_place.h"
#include "ldap/directory.h"
#include "ldap/search.h"

/* The control that makes deleted entries visible, for a session whose server has one. */
struct extension controller_show_deleted(const struct session *session);

/* Where the controller is now: its invocation, the number of the last change, and our time. 1. 0: the account
 * may not read which database it is. -1: fail() was called. */
int controller_now(struct directory *directory, struct ad_place *ret);

/* May the account see which entries were deleted; may it ask with DirSync? 1, 0, -1: fail() was called. Asked
 * once in a session. */
int controller_sees_deleted(struct directory *directory);
int controller_replicates(struct directory *directory);

/* How long the directory remembers what was deleted, in seconds. */
int controller_lifetime(struct directory *directory, int64_t *ret_s);

/* One answer of DirSync to what changed in the domain since a cookie, which is then replaced (and freed with
 * ber_memfree in the end). -1: fail() was called. 0: see ret->code. */
int controller_dirsync(struct directory *directory, const char *doing, const char *filter, char **attributes,
		       struct berval *cookie, take_entry *take, void *context, bool *ret_more,
		       struct outcome *ret);

#endif
