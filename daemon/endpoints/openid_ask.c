#include "endpoints/openid_ask.h"

#include <string.h>
#include <strings.h>

#include "base/crypt.h"
#include "base/text.h"
#include "endpoints/form.h"
#include "endpoints/openid.h"

/* From prepare to answer. */
struct asking {
	struct client client;
	struct granted grant;
	bool found;  /* and it counts */
	bool access; /* what was shown is an access token */
	uint8_t hash[CRYPT_DIGEST_SIZE];
};

/* ---- userinfo ---- */

static int invalid_token(struct error *e)
{
	return error_set(e, ERROR_UNAUTHENTICATED, "oauth.invalid_token",
			 "the access token is missing, unknown or over, or whoever it was given for is not "
			 "signed in any more");
}

/* By the header, or in the body (RFC 6750, 2.1 and 2.2); never in an address. NULL: neither, or both. */
static const char *bearer(struct exchange *x)
{
	static const char scheme[] = "Bearer ";
	const char *header = request_header(x->request, "Authorization"), *in_body = NULL;
	struct link_pair *fields;
	struct error ignored;
	size_t count;

	if (x->request->body_size > 0 && form_read(x->request, x->arena, &fields, &count, &ignored) == 0)
		in_body = form_field(fields, count, "access_token");
	if (!header)
		return in_body;
	return !in_body && strncasecmp(header, scheme, sizeof(scheme) - 1) == 0 ? header + sizeof(scheme) - 1
										: NULL;
}

int openid_prepare_userinfo(struct exchange *x, struct error *e)
{
	struct asking *q = arena_take(x->arena, sizeof(*q));
	const char *token = bearer(x);
	int found;

	x->prepared = q;
	if (openid_check(x, e) < 0)
		return -1;
	found = grant_is(GRANT_ACCESS_PREFIX, token) ? openid_find_token(x, token, &q->grant, e) : 0;
	if (found < 0)
		return -1;
	if (found == 0 || !text_equal(q->grant.kind, "access") || q->grant.ended || !q->grant.slug)
		return invalid_token(e);
	x->organisation.id = q->grant.organisation;
	x->organisation.slug = q->grant.slug;
	return 0;
}

int openid_userinfo(struct exchange *x, struct error *e)
{
	const struct asking *q = x->prepared;
	struct json_writer w;

	(void)e;
	exchange_reply(x, 200, &w);
	json_begin_object(&w, NULL);
	openid_put_claims(&w, &q->grant, q->grant.scopes);
	json_end_object(&w);
	return 0;
}

/* ---- of a token that a client shows ---- */

static int find(struct exchange *x, struct asking *q, struct error *e)
{
	struct link_pair *fields;
	size_t count;
	const char *token;
	int found;

	x->prepared = q;
	if (openid_check(x, e) < 0 || form_read(x->request, x->arena, &fields, &count, e) < 0 ||
	    openid_client(x, fields, count, &q->client, e) < 0)
		return -1;
	token = form_field(fields, count, "token");
	if (!token)
		return error_set(e, ERROR_INPUT, "oauth.invalid_request",
				 "\"token\" is missing, or came twice");
	found = openid_find_token(x, token, &q->grant, e);
	if (found <= 0)
		return found;
	crypt_sha256(token, GRANT_TEXT_SIZE, q->hash);
	q->access = text_equal(q->grant.kind, "access");
	q->found = true;
	x->organisation.id = q->grant.organisation;
	return 0;
}

int openid_prepare_introspect(struct exchange *x, struct error *e)
{
	struct asking *q = arena_take(x->arena, sizeof(*q));

	if (find(x, q, e) < 0)
		return -1;
	if (q->client.is_public)
		return error_set(e, ERROR_UNAUTHENTICATED, "oauth.invalid_client",
				 "only an application with a secret may ask about tokens");
	/* Another's token is as if there were none, unless this one serves them all. */
	if (!q->grant.slug || q->grant.ended ||
	    (!q->client.introspects && !id_equal(&q->grant.client, &q->client.id)))
		q->found = false;
	return 0;
}

int openid_introspect(struct exchange *x, struct error *e)
{
	const struct asking *q = x->prepared;
	const struct granted *g = &q->grant;
	const char *scopes = "";
	struct json_writer w;

	(void)e;
	exchange_reply(x, 200, &w);
	json_begin_object(&w, NULL);
	json_put_bool(&w, "active", q->found);
	if (q->found) {
		for (const char *const *scope = g->scopes; *scope; scope++)
			scopes = arena_format(x->arena, "%s%s%s", scopes, *scopes ? " " : "", *scope);
		json_put_text(&w, "iss", x->options->public_url);
		json_put_text(&w, "aud", g->client_name);
		json_put_text(&w, "client_id", g->client_name);
		json_put_text(&w, "token_type", q->access ? "Bearer" : "refresh_token");
		json_put_text(&w, "scope", scopes);
		json_put_int(&w, "iat", g->made_at / 1000000);
		json_put_int(&w, "exp", g->expires_at / 1000000);
		json_put_int(&w, "auth_time", g->signed_on_at / 1000000);
		openid_put_claims(&w, g, g->scopes);
	}
	json_end_object(&w);
	return 0;
}

/* ---- it is to count no more ---- */

int openid_prepare_revoke(struct exchange *x, struct error *e)
{
	struct asking *q = arena_take(x->arena, sizeof(*q));

	if (find(x, q, e) < 0)
		return -1;
	if (q->found && !id_equal(&q->grant.client, &q->client.id))
		return error_set(e, ERROR_INPUT, "oauth.invalid_grant",
				 "the token was given to another application, and is its alone to revoke");
	return 0;
}

/* One that refreshes ends all that came of the same code (RFC 7009, 2.1). */
static int end(struct exchange *x, const struct asking *q, struct error *e)
{
	char user[ID_TEXT_SIZE], grant[ID_TEXT_SIZE];
	bool ended;

	if (grant_end(x->tx, &q->grant, "application", &ended, e) < 0)
		return -1;
	return ended ? exchange_audit(x, "application.token_revoked", "member", id_text(&q->grant.user, user),
				      q->grant.name, NULL,
				      exchange_object(x, "client", q->client.name, "grant",
						      id_text(&q->grant.id, grant), NULL),
				      e)
		     : 0;
}

int openid_revoke(struct exchange *x, struct error *e)
{
	const struct asking *q = x->prepared;
	int done = !q->found ? 0 : q->access ? grant_drop_token(x->tx, &q->grant, q->hash, e) : end(x, q, e);

	x->reply->status = 200; /* also of one that nobody knows */
	return done;
}
