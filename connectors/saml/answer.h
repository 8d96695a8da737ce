/* Judges what a provider has answered: the way from what a browser posted to who somebody is.
 *
 * In this order, and the first that fails ends it: sizes, XML, shape, status, signature of the response,
 * decryption, signature of the assertion, and then everything that the assertion says of itself: by whom, for
 * whom, when, in answer to what. From the first signature on only bytes that were signed are read: they are
 * parsed anew, and the document that came is forgotten. */
#ifndef ROSTER_SAML_ANSWER_H
#define ROSTER_SAML_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "saml/keys.h"
#include "saml/trace.h"

struct arena;

enum {
	ANSWER_ENCODED_MOST = 512 << 10, /* bytes of base64 */
	ANSWER_NAME_ID_MOST = 1024,
	ANSWER_SKEW_S = 60, /* how much clocks may differ, unless an administrator says otherwise */
	ANSWER_SKEW_S_MOST = 600,
};

/* What the answer must be. */
struct answer_question {
	const char *provider;	   /* its entity id */
	const struct keys *keys;   /* its certificates */
	const char *service;	   /* our entity id: the audience */
	const char *acs_url;	   /* where the answer was sent to */
	const struct own_key *key; /* what encrypted assertions are opened with; NULL: none */
	const struct own_key *next_key; /* that opens them as well; NULL: none */
	const char *request_id;	   /* what it answers; NULL: the provider began, and it answers nothing */
	int64_t now_us;
	int skew_s;
	bool sha1;				/* SHA-1 counts in signatures */
	bool response_signed, assertion_signed; /* demanded; one of the two always is */
	bool authenticated_encryption;		/* AES-CBC is refused */
};

struct answer_value {
	const char *name, *format, *friendly; /* of the attribute; the last two may be NULL */
	const char *const *values;	      /* ended by NULL */
};

/* All in the arena, and all from bytes that were signed. */
struct answer {
	const char *name_id, *name_format, *name_qualifier,
		*service_qualifier;				  /* the last three may be NULL */
	const char *assertion_id, *session_index, *authn_context; /* the last two may be NULL */
	int64_t until_us; /* until when it may be used, skew included: for how long its id is to be remembered
			   */
	int64_t session_until_us;	       /* 0: not said */
	const struct answer_value *attributes; /* ended by {0} */
	size_t attribute_count;
	/* for the second opinion */
	const char *xml; /* as it came */
	size_t xml_size;
	bool encrypted, beyond_lasso, several_confirmations, no_issuer, canonical_11, leans_outside;
	const struct keys_algorithm *algorithms[2]; /* of the signatures that there were; NULL */
};

/* encoded: the form's SAMLResponse. ERROR_DENIED with a code of its own for each reason, all begin with
 * "saml."; the trace has each step. */
int answer_judge(struct arena *arena, const char *encoded, size_t length,
		 const struct answer_question *question, const struct trace *trace, struct answer *ret,
		 struct error *e);

#endif
