/* Keys that sign, and what is signed by them: JSON web keys (RFC 7517) and compact signatures (RFC 7515).
 * cjose lives here, and where plug-ins judge the signatures of others (connectors/common/jws).
 *
 * Only what we sign and what we have signed ourselves passes through here, by RS256 and ES256. A token says
 * nothing about keys: the caller has found the one that it names. */
#ifndef ROSTERD_BASE_JOSE_H
#define ROSTERD_BASE_JOSE_H

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

struct json;
struct secret;

enum {
	JOSE_RSA_BITS = 2048,
	JOSE_TOKEN_MOST = 16 << 10, /* bytes of a signed text that is read */
};

/* Makes one. public: its JSON with "kid", "alg" and "use", in the arena; ret: the same with the private half.
 * RS256 takes a tenth of a second and more. */
int jose_key_make(const char *algorithm, const char *kid, struct arena *arena, const char **ret_public,
		  struct secret **ret, struct error *e);

/* Signs a payload. type: what "typ" says, such as "JWT". ERROR_INTERNAL "jose.failed". */
int jose_sign(const struct secret *key, const char *algorithm, const char *kid, const char *type,
	      const char *payload, struct arena *arena, const char **ret, struct error *e);

/* What a token says that it is signed with, before anybody believes it; NULL: it says nothing of the kind. */
const char *jose_kid(const char *token, struct arena *arena);

/* Whether it is signed by this key, of which only "kty", "n", "e", "crv", "x" and "y" are looked at, with
 * this algorithm and no other; then *ret is what was signed, an object. ERROR_DENIED "jose.token": it is not.
 */
int jose_verify(const char *token, const char *public_key, const char *algorithm, struct arena *arena,
		struct json **ret, struct error *e);

#endif
