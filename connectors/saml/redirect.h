/* A message in the address that a browser was sent to (HTTP-Redirect, bindings 3.4): taken apart as it came,
 * since it is signed as it came.
 *
 * Names count as they stand there, each at most once: a second reader that decodes names, or takes the last
 * of two, would see another message than the one that was signed. */
#ifndef ROSTER_SAML_REDIRECT_H
#define ROSTER_SAML_REDIRECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "saml/keys.h"
#include "saml/trace.h"

struct arena;

enum {
	REDIRECT_QUERY_MOST = 64 << 10, /* bytes of a query string */
	REDIRECT_XML_MOST = 64 << 10,	/* ... of the message in it */
	REDIRECT_PARAMETERS_MOST = 32,
};

/* All in the arena. */
struct redirect {
	bool is_answer;	 /* SAMLResponse; otherwise SAMLRequest */
	const char *xml; /* inflated, and not judged */
	size_t xml_size;
	const char *relay_state; /* decoded; NULL: none */
};

/* query: behind the "?". Only one that is signed by one of these keys is taken. ERROR_DENIED "saml.query",
 * "saml.encoding", "saml.unsigned", "saml.algorithm", "saml.signature". */
int redirect_read(struct arena *arena, const char *query, const struct keys *keys, bool sha1,
		  const struct trace *trace, struct redirect *ret, struct error *e);

#endif
