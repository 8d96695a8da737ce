/* The token endpoint of a tenant: client credentials with a secret or a certificate, and what the tokens may.
 */
#ifndef ROSTERD_PEERS_ENTRA_TOKEN_H
#define ROSTERD_PEERS_ENTRA_TOKEN_H

#include "peers/vendor/server.h"

/* Whether a path is a tenant's token endpoint, "/{tenant}/oauth2/v2.0/token". */
bool entra_token_is_here(const char *path);
void entra_token_give(const struct vendor_request *request, struct vendor_reply *reply);

const char *entra_token_tenant(void);

enum entra_verdict { ENTRA_GOOD, ENTRA_INVALID, ENTRA_DENIED };

/* Whether the token that a request shows may do what one of these permissions allows (NULL-terminated). */
enum entra_verdict entra_token_check(const struct vendor_request *request, const char *const *permissions);

/* --tenant=GUID --domain=NAME --client=ID --secret=TEXT --client-certificate=PEM-FILE --life=SECONDS */
bool entra_token_option(const char *name, const char *value);

/* expire; secret TEXT; secret-expired yes|no; permissions NAME ...; policy yes|no */
bool entra_token_tell(char **words, size_t count);

#endif
