#include "endpoints/scim_tokens.h"

#include "endpoints/connections.h"
#include "endpoints/scim_access.h"
#include "plugin/catalog.h"
#include "roster/scim_token.h"

enum { EXPIRES_IN_MOST = 32, KIND_MOST = 16 };

int scim_tokens_connection(struct exchange *x, struct connection *ret, struct error *e)
{
	if (connections_find(x, request_segment(x->request, "connection"), ret, e) < 0)
		return -1;
	if (scim_is_pushed(ret))
		return 0;
	return error_set(e, ERROR_CONFLICT, "connection.not_pushed",
			 "\"%s\" is read by the plug-in \"%s\"; tokens and what was pushed are of connections of \"" CATALOG_PUSHED_NAME
			 "\", whose directories push",
			 ret->name, ret->plugin);
}

static void put_members(struct exchange *x, struct json_writer *w, const struct scim_token *token)
{
	struct scopes scopes = scopes_read(token->scopes);

	exchange_put_id(w, "id", &token->id);
	json_put_text(w, "name", token->name);
	json_put_text(w, "kind", token->is_client ? "client" : "token");
	exchange_put_scopes(x, w, &scopes);
	json_put_text(w, "created_by", token->created_by);
	json_put_bool(w, "maker_gone", token->maker_gone);
	json_put_time(w, "created_at", token->created_at);
	json_put_time(w, "expires_at", token->expires_at);
	json_put_time(w, "last_used_at", token->last_used_at);
}

int scim_tokens_list(struct exchange *x, struct error *e)
{
	struct connection connection;
	struct scim_token *tokens;
	struct json_writer w;
	const char *after;
	size_t count;
	int limit; /* there are never more than fit */

	if (exchange_page(x, &limit, &after, e) < 0 || scim_tokens_connection(x, &connection, e) < 0 ||
	    scim_token_list(x->tx, x->arena, &x->organisation.id, &connection.id, &tokens, &count, e) < 0)
		return -1;
	exchange_list_begin(x, &w);
	for (size_t i = 0; i < count; i++) {
		json_begin_object(&w, NULL);
		put_members(x, &w, &tokens[i]);
		json_end_object(&w);
	}
	exchange_list_end(&w, NULL);
	return 0;
}

/* ---- made ---- */

static const struct json_field fields[] = {
	JSON_TEXT(struct scim_access_wish, name, JSON_NEEDED, SCIM_TOKEN_NAME_MOST),
	JSON_TEXT(struct scim_access_wish, kind, JSON_OPTIONAL, KIND_MOST),
	JSON_TEXT(struct scim_access_wish, expires_in, JSON_OPTIONAL, EXPIRES_IN_MOST),
	JSON_TEXTS(struct scim_access_wish, scopes, JSON_OPTIONAL, SCOPES),
	{ 0 },
};

int scim_tokens_create(struct exchange *x, struct error *e)
{
	struct connection connection;
	struct scim_access_wish wish = { 0 };
	struct scim_token token;
	struct json_writer w;
	const char *text;

	if (scim_tokens_connection(x, &connection, e) < 0 || exchange_read(x, fields, &wish, e) < 0 ||
	    scim_access_make(x, &connection, &wish, &token, &text, e) < 0)
		return -1;
	exchange_reply(x, 201, &w);
	json_begin_object(&w, NULL);
	put_members(x, &w, &token);
	json_put_text(&w, "base_url", scim_base_url(x, &connection));
	if (token.is_client) {
		exchange_put_id(&w, "client_id", &token.id);
		json_put_text(&w, "client_secret", text);
		json_put_text(&w, "token_url", arena_format(x->arena, "%s/oauth/token", scim_base_url(x, &connection)));
	} else {
		json_put_text(&w, "token", text);
	}
	json_end_object(&w);
	return 0;
}

/* ---- revoked ---- */

int scim_tokens_revoke(struct exchange *x, struct error *e)
{
	const char *named = request_segment(x->request, "token");
	struct connection connection;
	char text[ID_TEXT_SIZE];
	struct id id;
	int revoked = 0;

	if (scim_tokens_connection(x, &connection, e) < 0)
		return -1;
	if (id_parse(named, &id) == 0)
		revoked = scim_token_revoke(x->tx, &x->organisation.id, &connection.id, &id, e);
	if (revoked <= 0)
		return revoked == 0 ? exchange_unknown("token", named, e) : -1;
	if (exchange_audit(x, "connection.token_revoked", "connection", id_text(&connection.id, text), connection.name,
			   exchange_object(x, "token", named, NULL), NULL, e) < 0)
		return -1;
	exchange_done(x);
	return 0;
}
