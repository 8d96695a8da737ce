/* Security identifiers ([MS-DTYP] 2.4.2.2): revision, count, authority, then numbers; the last names an
 * account within its domain. */
#ifndef ROSTER_LDAP_AD_SID_H
#define ROSTER_LDAP_AD_SID_H

#include <stddef.h>
#include <stdint.h>

#include <lber.h>

enum { SID_MOST = 8 + 4 * 15 };

/* The account's number within its domain. -1: these bytes are no identifier of an account. */
int sid_number(const struct berval *sid, uint32_t *ret);

/* The identifier of another account of the same domain, of the same length. -1: as above. */
int sid_sibling(const struct berval *sid, uint32_t number, unsigned char ret[SID_MOST]);

#endif
