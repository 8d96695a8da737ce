/* Opens what a provider has encrypted for us (XML encryption): the key by RSA-OAEP, the content by AES-GCM or
 * AES-CBC. Nothing is fetched, and nothing but these is tried: RSA with PKCS #1 1.5 and Triple DES have no
 * place here. */
#ifndef ROSTER_SAML_DECRYPT_H
#define ROSTER_SAML_DECRYPT_H

#include <stdbool.h>
#include <stddef.h>

#include <libxml/tree.h>

#include "base/error.h"
#include "saml/keys.h"
#include "saml/trace.h"

struct arena;

struct decrypted {
	const char *bytes; /* in the arena */
	size_t size;
	bool authenticated; /* by AES-GCM: it is what was encrypted. If not, anything that differs on a wrong
			       one tells its sender about it */
	bool beyond_lasso;  /* by an algorithm that lasso's library does not know */
};

/* element: EncryptedAssertion or EncryptedID, of a document that has passed shape_check; key NULL: we have
 * none. ERROR_DENIED: "saml.no_decryption_key", "saml.encryption_algorithm", "saml.decryption": one reason
 * for whatever went wrong behind these. */
int decrypt(struct arena *arena, const xmlNode *element, const struct own_key *key,
	    const struct own_key *next, const struct trace *trace, struct decrypted *ret, struct error *e);

/* Says "saml.decryption". */
int decrypt_refuse(const struct trace *trace, struct error *e);

#endif
