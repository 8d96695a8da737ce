/* The values of DirSync's controls ([MS-ADTS] 3.1.1.3.4.1.3), as bytes. */
#ifndef ROSTER_LDAP_AD_CONTROL_H
#define ROSTER_LDAP_AD_CONTROL_H

#include <stdbool.h>

#include <lber.h>

enum { DIRSYNC_COOKIE_MOST = 100000 }; /* bytes; one beyond 64 KiB has been seen */

/* The request for what changed since a cookie (bv_len 0: since ever). Links come as changes of single values.
 * *ret is freed with ber_memfree. -1: out of memory. */
int dirsync_write(const struct berval *cookie, struct berval *ret);

/* The answer. *ret_cookie is freed with ber_memfree. -1: it is none, or its cookie is empty or too long. */
int dirsync_read(const struct berval *value, bool *ret_more, struct berval *ret_cookie);

#endif
