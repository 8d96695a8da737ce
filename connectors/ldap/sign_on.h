/* Signing one person on by their password: they are searched for by their name, and the server is asked whether the password is theirs (a bind).
 *
 * A password goes to a server alone that has proved its name over TLS, and never empty: such a bind is no proof of anything (RFC 4513, 5.1.2). Nobody
 * learns whether there is somebody of this name: for nobody a bind is tried as well. */
#ifndef ROSTER_LDAP_SIGN_ON_H
#define ROSTER_LDAP_SIGN_ON_H

#include "ldap/directory.h"

enum { SIGN_ON_NAME_MOST = 256, SIGN_ON_PASSWORD_MOST = 1024 };

int sign_on_begin(struct directory *directory, const char *state);
int sign_on_password(struct directory *directory, const char *user_name, const char *password);

#endif
