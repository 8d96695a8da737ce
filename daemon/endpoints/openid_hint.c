#include "endpoints/openid_hint.h"

#include <string.h>

#include "base/jose.h"
#include "base/text.h"
#include "roster/signing_key.h"

int openid_hint_read(struct exchange *x, const char *token, struct openid_hint *ret, struct error *e)
{
	const char *kid = strlen(token) <= JOSE_TOKEN_MOST ? jose_kid(token, x->arena) : NULL, *user,
		   *session;
	struct signing_key key;
	struct openid_hint hint;
	struct json *claims;
	struct error why;
	int found = kid ? signing_key_find(x->tx, x->arena, kid, &key, e) : 0;

	if (found <= 0)
		return found;
	if (jose_verify(token, key.public, key.algorithm, x->arena, &claims, &why) < 0 ||
	    !text_equal(json_text(json_member(claims, "iss")), x->options->public_url) ||
	    json_member(claims, "events"))
		return 0; /* "events": a logout token, which is nobody's to show here */
	user = json_text(json_member(claims, "sub"));
	session = json_text(json_member(claims, "sid"));
	hint.client = json_text(json_member(claims, "aud"));
	if (!hint.client || !user || id_parse(user, &hint.user) < 0 || !session ||
	    id_parse(session, &hint.session) < 0)
		return 0;
	*ret = hint;
	return 1;
}
