/* Google's token endpoint for service accounts. */
#ifndef ROSTERD_PEERS_GOOGLE_TOKEN_H
#define ROSTERD_PEERS_GOOGLE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

struct vendor_request;
struct vendor_reply;

enum google_verdict { GOOGLE_GOOD, GOOGLE_MISSING, GOOGLE_INVALID, GOOGLE_INSUFFICIENT };

/* POST /token. is_administrator: whether one may act for this address. */
void google_token_give(const struct vendor_request *request, struct vendor_reply *reply,
		       bool (*is_administrator)(const char *address));

/* Whether the request's token is good for this scope. */
enum google_verdict google_token_check(const struct vendor_request *request, const char *scope);

bool google_token_option(const char *name, const char *value);
bool google_token_tell(char **words, size_t count);

#endif
