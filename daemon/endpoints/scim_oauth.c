#include "endpoints/scim_oauth.h"

#include <string.h>

#include "access/client.h"
#include "base/crypt.h"
#include "base/secret.h"
#include "base/text.h"
#include "endpoints/exchange.h"
#include "roster/scim_token.h"

/* What is asked for, of what the client has; *ret NULL: all of that. */
static int read_scopes(struct exchange *x, const char *const **ret, struct error *e)
{
	const char *given = client_field(x->request, x->arena, "scope"), **list;
	char *rest = arena_text(x->arena, given ? given : ""), *word;
	size_t count = 0;

	*ret = NULL;
	list = arena_array(x->arena, SCOPES + 1, sizeof(*list));
	while ((word = strtok_r(rest, " ", &rest))) {
		enum scope scope = scope_parse(word);

		if (scope == SCOPE_UNSAID || count == SCOPES ||
		    !scopes_include(&x->principal.scopes, scope) ||
		    (scope != SCOPE_SCIM_READ && scope != SCOPE_SCIM_USERS && scope != SCOPE_SCIM_GROUPS))
			return error_set(e, ERROR_INPUT, "oauth.invalid_scope",
					 "the client has no scope \"%.40s\"", word);
		list[count++] = word;
		*ret = list;
	}
	return 0;
}

int scim_oauth_token(struct exchange *x, struct error *e)
{
	const char *grant = client_field(x->request, x->arena, "grant_type"), *const * scopes;
	uint8_t hash[CRYPT_DIGEST_SIZE];
	struct scim_token token = {
		.id = id_new(),
		.organisation = x->principal.organisation,
		.connection = x->principal.connection,
		.client = x->principal.token,
		.name = x->principal.name,
	};
	struct json_writer w;

	if (!grant || !text_equal(grant, "client_credentials"))
		return error_set(e, ERROR_INPUT, "oauth.unsupported_grant_type",
				 "\"grant_type\" is \"client_credentials\" here");
	if (read_scopes(x, &scopes, e) < 0)
		return -1;
	token.scopes = scopes;
	scoped(secret) *text = crypt_token_new(SCIM_TOKEN_PREFIX, hash);
	if (scim_token_issue(x->tx, &token, hash, e) < 0)
		return -1;
	x->shown_once = true;
	exchange_reply(x, 200, &w);
	json_begin_object(&w, NULL);
	json_put_text(&w, "access_token", secret_text(text));
	json_put_text(&w, "token_type", "Bearer");
	json_put_int(&w, "expires_in", SCIM_TOKEN_SHORT_S);
	json_end_object(&w);
	return 0;
}

void scim_oauth_reply_error(struct reply *reply, const struct error *e)
{
	static const char prefix[] = "oauth.";
	struct json_writer w;
	int status = reply_status(e);

	reply_error(reply, e, NULL); /* the status, Retry-After, and nothing of what stood there */
	buffer_reset(&reply->body);
	reply->status = status;
	reply_header(reply, "Content-Type", "application/json");
	json_writer_open(&w, &reply->body);
	json_begin_object(&w, NULL);
	json_put_text(&w, "error",
		      text_begins(e->code, prefix) ? e->code + sizeof(prefix) - 1
		      : status >= 500		   ? "server_error"
						   : "invalid_request");
	json_put_text(&w, "error_description", e->text);
	json_end_object(&w);
}
