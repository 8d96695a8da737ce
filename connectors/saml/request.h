/* What we send to a provider by somebody's browser: requests to sign on and off. */
#ifndef ROSTER_SAML_REQUEST_H
#define ROSTER_SAML_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "saml/keys.h"

struct arena;

enum { REQUEST_RELAY_STATE_MOST = 2048 }; /* bindings 3.4.3 has 80; providers send more, and get theirs back */

/* Texts of these are escaped here. */
struct request_sign_on {
	const char *id, *destination, *acs_url, *service, *name_format; /* the last may be NULL */
	int64_t now_us;
};
const char *request_sign_on(struct arena *arena, const struct request_sign_on *request);

struct request_logout {
	const char *id, *destination, *service;
	const char *name_id, *name_format, *name_qualifier, *service_qualifier,
		*session_index; /* all but the first may be NULL */
	int64_t now_us;
};
const char *request_logout(struct arena *arena, const struct request_logout *request);

/* What we say to a provider that has signed somebody off: done. */
struct request_logout_answer {
	const char *id, *destination, *service, *answers; /* the last: the id of what it asked */
	int64_t now_us;
};
const char *request_logout_answer(struct arena *arena, const struct request_logout_answer *answer);

/* The address to send a browser to, HTTP-Redirect: parameter is "SAMLRequest" or "SAMLResponse"; key NULL: unsigned;
 * relay_state NULL: none. In the arena. ERROR_INTERNAL; ERROR_LIMIT "saml.relay_state". */
int request_redirect(struct arena *arena, const char *url, const char *parameter, const char *message,
		     const char *relay_state, const struct own_key *key, const char **ret, struct error *e);

/* The form's fields to be posted, HTTP-POST, as application/x-www-form-urlencoded; the message is signed if
 * there is a key. */
int request_form(struct arena *arena, const char *parameter, const char *message, const char *relay_state,
		 const struct own_key *key, const char **ret, struct error *e);

/* The message with a signature of its first element behind its Issuer. */
int request_signed(struct arena *arena, const char *message, const struct own_key *key, const char **ret,
		   struct error *e);

/* Text as it may stand in XML, in an attribute or between elements. */
const char *request_escape(struct arena *arena, const char *text);

#endif
