/* What a proxy asks at every request: may this browser in, and who is it? (nginx auth_request, Caddy
 * forward_auth, Traefik ForwardAuth.)
 *
 * 200 with headers, 401, 403, or 503 if nobody knows. It is answered from memory on the HTTP thread; what is
 * not there is looked up once. If nothing was heard from the database for `verify.stale_limit` nobody is let
 * in on a guess: 503, or where the operator has chosen that, what was known last, which says so. */
#ifndef ROSTERD_ENDPOINTS_VERIFY_H
#define ROSTERD_ENDPOINTS_VERIFY_H

#include "endpoints/exchange.h"

enum { VERIFY_RETRY_MS = 1000 };

extern const char *const verify_session_parameters[];

answer_fn verify_session_at_once, verify_prepare_session, verify_session;

#endif
