/* A sign-on that came to nothing, judged again: what came then, at the time of then, under the settings that somebody proposes. Nothing comes of it: nobody is
 * signed on, nothing is used up, the connection stays as it is.
 *
 * Only what a plug-in judges without asking anybody can be judged again; so the connection's secrets stay where they are, whatever is proposed. */
#ifndef ROSTERD_ENDPOINTS_SSO_JUDGE_H
#define ROSTERD_ENDPOINTS_SSO_JUDGE_H

#include "endpoints/exchange.h"
#include "endpoints/sso_attempt.h"

/* What is asked, as it is kept in case it comes to nothing: JSON, in the arena. NULL: it is too long, or the plug-in cannot judge it alone. */
const char *sso_judge_message(struct exchange *x, const struct sso *s, const struct link_sign_on *question);

answer_fn sso_prepare_judge, sso_judge;

#endif
