/* What an LDAP result code means to us: whose trouble it is, what it is called, and what an administrator can
 * do. */
#ifndef ROSTER_LDAP_RESULT_H
#define ROSTER_LDAP_RESULT_H

#include <stdbool.h>
#include <stddef.h>

#include "connector.h"

enum roster_trouble result_trouble(int code);

/* A search that ends so has shown a part of what there is: the listing is not whole, and that is all. */
bool result_is_partial(int code);

/* Another server of the same directory may do better. */
bool result_is_passing(int code);

/* "invalid credentials (49): data 775, v1db1: the account is locked out; unlock it in the directory". The
 * diagnostic is what the server said, or NULL; it is cut and freed of control characters. */
void result_explain(int code, const char *diagnostic, char *ret, size_t size);

#endif
