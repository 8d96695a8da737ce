/* "Test connection": can we reach the server, sign in, and see people and groups? */
#ifndef ROSTER_LDAP_CHECK_H
#define ROSTER_LDAP_CHECK_H

#include "ldap/directory.h"

/* As roster_connector.check. */
int check_directory(struct directory *directory);

#endif
