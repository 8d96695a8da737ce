/* The link holds a token that speaks for no scope, but for one connection: it shows the connection and its plug-in's settings, changes those
 * settings and tests them. It is a token like others otherwise: listed, revoked, and asleep while whoever made it is not active. */
#include "endpoints/setup_link.h"

#include "base/clock.h"
#include "base/secret.h"
#include "base/text.h"
#include "endpoints/connections.h"
#include "roster/connection.h"
#include "roster/token.h"

enum { EXPIRES_IN_MOST = 32 };
#define DAY_MS	     (24 * 3600 * INT64_C(1000))
#define LIFE_MS	     (7 * DAY_MS)
#define LIFE_MS_MOST (30 * DAY_MS)

struct wish {
	const char *expires_in;
};

static const struct json_field fields[] = { JSON_TEXT(struct wish, expires_in, JSON_OPTIONAL, EXPIRES_IN_MOST), { 0 } };

static int read_life(const char *text, int64_t *ret_expires_at, struct error *e)
{
	int64_t life_ms = LIFE_MS;

	if (text && (text_to_duration_ms(text, &life_ms) < 0 || life_ms < 1 || life_ms > LIFE_MS_MOST))
		return error_set(e, ERROR_INPUT, "setup_link.expires_in",
				 "\"expires_in\" is \"%s\"; a time such as \"3d\" is expected, at most 30d", text);
	*ret_expires_at = clock_now_us() + life_ms * 1000;
	return 0;
}

static void show(struct exchange *x, const struct token *token, const struct connection *connection, const struct secret *text)
{
	struct json_writer w;

	x->shown_once = true;
	exchange_reply(x, 201, &w);
	json_begin_object(&w, NULL);
	exchange_put_id(&w, "id", &token->id);
	json_put_text(&w, "connection", connection->name);
	json_put_text(&w, "token", secret_text(text));
	json_put_time(&w, "expires_at", token->expires_at);
	json_end_object(&w);
}

/* Of one that may reach our own networks every setting is the operator's (connection_body), so the link would open nothing. */
static int check_public(const struct exchange *x, const struct connection *c, struct error *e)
{
	if (!c->private_addresses)
		return 0;
	return error_set(e, ERROR_CONFLICT, "setup_link.private",
			 "this connection may reach addresses that are not public, so whoever had the link could change nothing; give that up first: "
			 "rosterctl connection set %s/%s --private-addresses no",
			 x->organisation.slug, c->name);
}

int setup_link_create(struct exchange *x, struct error *e)
{
	uint8_t hash[CRYPT_DIGEST_SIZE];
	scoped(secret) *text = NULL;
	struct wish wish = { 0 };
	struct connection connection;
	struct token token;
	char id[ID_TEXT_SIZE], managed[ID_TEXT_SIZE];
	const char *scopes[2] = { NULL };

	if ((x->request->body && exchange_read(x, fields, &wish, e) < 0) ||
	    connections_find(x, request_segment(x->request, "connection"), &connection, e) < 0 ||
	    exchange_managed(x, "connection", id_text(&connection.id, managed), connection.managed_by, e) < 0 ||
	    check_public(x, &connection, e) < 0)
		return -1;
	scopes[0] = arena_format(x->arena, TOKEN_SETUP "%s", id_text(&connection.id, id));
	token = (struct token){
		.id = id_new(),
		.organisation = x->organisation.id,
		.made_with = x->principal.token,
		.maker = x->principal.maker,
		.role = "admin", /* what may be set; the scope says that nothing else may */
		.name = arena_format(x->arena, "sets up %s", connection.name),
		.created_by = exchange_who(x),
		.created_at = clock_now_us(),
		.scopes = scopes,
	};
	if (read_life(wish.expires_in, &token.expires_at, e) < 0)
		return -1;
	text = crypt_token_new(TOKEN_PREFIX, hash);
	if (token_create(x->tx, &token, hash, e) < 0)
		return -1;
	show(x, &token, &connection, text);
	return exchange_audit(x, "connection.setup_link_created", "connection", id, connection.name, NULL,
			      exchange_object(x, "token", id_text(&token.id, managed), NULL), e);
}
