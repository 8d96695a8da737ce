/* Judges what a provider says about logout: that somebody's sessions end, or that it has done what we asked.
 *
 * Only what is signed by a pinned key counts, by the query for HTTP-Redirect and by the message for
 * HTTP-POST; from then on it is held against the same closed list as a sign-on. lasso is not asked: it ends a
 * process for a logout request that it does not like, and there is nothing to be gained here but that
 * somebody has to sign on again. */
#ifndef ROSTER_SAML_LOGOUT_H
#define ROSTER_SAML_LOGOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "connector.h"
#include "saml/keys.h"
#include "saml/trace.h"

struct arena;

enum {
	LOGOUT_ENCODED_MOST = 128 << 10, /* bytes of base64, by HTTP-POST */
	LOGOUT_OLD_S = 300, /* how old a request may be that does not say until when it is good */
	LOGOUT_INDEXES_MOST = ROSTER_ENDED_MOST,
};

struct logout_question {
	const char *provider; /* its entity id */
	const struct keys *keys;
	const char *address; /* where it came to */
	int64_t now_us;
	int skew_s;
	bool sha1;
};

/* All in the arena, and all from what was signed, but for the relay state of HTTP-POST. */
struct logout {
	bool is_answer; /* to a request of ours; nothing of what follows but `succeeded` counts then */
	bool succeeded;
	const char *id, *name_id;
	const char *const *indexes; /* ended by NULL; none: all sessions of this name */
	int64_t until_us;	    /* until when it may be used, skew included */
	const char *relay_state;    /* to be given back; NULL: none */
};

/* query: behind the "?", of HTTP-Redirect; NULL: form has what was posted. ERROR_DENIED with a code for each
 * reason, as answer_judge has them, and "saml.query". */
int logout_judge(struct arena *arena, const char *query, const struct roster_pair *form,
		 const struct logout_question *question, const struct trace *trace, struct logout *ret,
		 struct error *e);

#endif
