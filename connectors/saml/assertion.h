/* What an assertion says of itself, against what it must say: by whom, for whom, when, in answer to what. All
 * of it is needed; what is not said is not so. */
#ifndef ROSTER_SAML_ASSERTION_H
#define ROSTER_SAML_ASSERTION_H

#include <libxml/tree.h>

#include "saml/answer.h"

/* assertion: from bytes that were signed. Fills the identity of ret. ERROR_DENIED: "saml.version",
 * "saml.instant", "saml.issuer", "saml.subject", "saml.name_id", "saml.confirmation", "saml.recipient",
 * "saml.in_response_to", "saml.audience", "saml.not_yet", "saml.expired", "saml.conditions",
 * "saml.authentication", "saml.session_over", "saml.attributes". */
int assertion_judge(struct arena *arena, const xmlNode *assertion, const struct answer_question *question,
		    const struct trace *trace, struct answer *ret, struct error *e);

/* Version, ID and IssueInstant, which responses have, too. */
int assertion_check_head(struct arena *arena, const xmlNode *element, const char *what,
			 const struct answer_question *question, const struct trace *trace, struct error *e);
int assertion_check_issuer(struct arena *arena, const xmlNode *issuer, const char *check,
			   const struct answer_question *question, const struct trace *trace,
			   struct error *e);
/* NotOnOrAfter; NULL: it has none. ret becomes the earlier of what it was and this. */
int assertion_check_until(struct arena *arena, const char *until, const char *check,
			  const struct answer_question *question, const struct trace *trace, int64_t *ret_us,
			  struct error *e);
/* InResponseTo; NULL: it has none. */
int assertion_check_answered(struct arena *arena, const char *answered, const char *check,
			     const struct answer_question *question, const struct trace *trace,
			     struct error *e);

#endif
