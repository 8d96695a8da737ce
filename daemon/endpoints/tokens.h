/* Tokens for programs: the operator's, and those of an organisation. */
#ifndef ROSTERD_ENDPOINTS_TOKENS_H
#define ROSTERD_ENDPOINTS_TOKENS_H

#include "endpoints/exchange.h"

/* Where the address names no organisation they are the operator's. */
answer_fn tokens_list, tokens_create, tokens_create_operators, tokens_revoke;

extern const char *const tokens_revoke_parameters[];

/* Who asks answers for a service of the organisation from now on. */
answer_fn tokens_adopt, tokens_rotate;

#endif
