/* Whether an element is signed by a pinned key, and what exactly was signed. The canonical form is libxml2's,
 * the arithmetic OpenSSL's (keys).
 *
 * What this says yes to is one shape of signature alone: it stands in the element, has one reference, to the
 * element's own id, and two transforms: without the signature, and canonical without comments. KeyInfo is not
 * looked at. */
#ifndef ROSTER_SAML_SIGNATURE_H
#define ROSTER_SAML_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>

#include <libxml/tree.h>

#include "base/error.h"
#include "saml/keys.h"
#include "saml/trace.h"

struct arena;

enum { SIGNATURE_PREFIXES_MOST = 32, SIGNATURE_CANONICAL_MOST = 1 << 20 };

struct signature_policy {
	const struct keys *keys;
	bool sha1; /* signatures and digests with SHA-1 count, too */
};

/* What was signed: the bytes, in the arena, to be read anew; nothing of the document they were taken from may
 * be used instead. */
struct signature_found {
	const char *bytes;
	size_t size;
	const struct keys_algorithm *algorithm;
	int key;	   /* which of the ring */
	bool canonical_11; /* by canonical XML 1.1, which not everybody knows */
};

/* The signature that stands in an element; NULL: there is none. */
xmlNode *signature_of(const xmlNode *element);

/* element: its document has passed shape_check. ERROR_DENIED: "saml.signature_shape", "saml.algorithm",
 * "saml.digest" (changed after it was signed), "saml.signature" (not by one of these keys). what: "response",
 * "assertion", for the trace. */
int signature_check(struct arena *arena, const xmlNode *element, const struct signature_policy *policy,
		    const char *what, const struct trace *trace, struct signature_found *ret,
		    struct error *e);

/* The canonical form of an element (exclusive, without comments), for signing. In the arena; NULL: it has
 * none. */
const char *signature_canonical(struct arena *arena, xmlNode *element, size_t *ret_size);

#endif
