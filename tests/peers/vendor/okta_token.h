/* The org's authorization server. */
#ifndef ROSTERD_PEERS_OKTA_TOKEN_H
#define ROSTERD_PEERS_OKTA_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

struct vendor_request;
struct vendor_reply;

enum okta_verdict { OKTA_GOOD, OKTA_INSUFFICIENT, OKTA_INVALID };

/* POST /oauth2/v1/token */
void okta_token_give(const struct vendor_request *request, struct vendor_reply *reply);

/* "Bearer ..." or "DPoP ...": whether it is good for this scope, and for this request. */
enum okta_verdict okta_token_check(const struct vendor_request *request, const char *authorization,
				   const char *scope);

bool okta_token_option(const char *name, const char *value);
bool okta_token_tell(char **words, size_t count);

#endif
