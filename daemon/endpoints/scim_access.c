#include "endpoints/scim_access.h"

#include "base/clock.h"
#include "base/crypt.h"
#include "base/secret.h"
#include "base/text.h"
#include "plugin/catalog.h"

#define DAY_MS		   (INT64_C(24) * 60 * 60 * 1000)
#define TOKEN_LIFE_MOST_MS (3660 * DAY_MS)

bool scim_is_pushed(const struct connection *connection)
{
	return text_equal(connection->plugin, CATALOG_PUSHED_NAME);
}

const char *scim_base_url(struct exchange *x, const struct connection *connection)
{
	char id[ID_TEXT_SIZE];

	return arena_format(x->arena, "%s/scim/v2/%s", x->options->public_url ? x->options->public_url : "",
			    id_text(&connection->id, id));
}

/* Without a word it does not end: a directory that can no longer say who left is worse than an old token, and who takes one
 * away has the audit and its last use to go by. */
static int read_life(const char *expires_in, int64_t *ret_expires_at, struct error *e)
{
	int64_t life_ms;

	*ret_expires_at = 0;
	if (!expires_in)
		return 0;
	if (text_to_duration_ms(expires_in, &life_ms) < 0 || life_ms < 1 || life_ms > TOKEN_LIFE_MOST_MS)
		return error_set(e, ERROR_INPUT, "token.expires_in",
				 "\"expires_in\" is \"%s\"; a time such as \"30d\" is expected, at most %lldd", expires_in,
				 (long long)(TOKEN_LIFE_MOST_MS / DAY_MS));
	*ret_expires_at = clock_now_us() + life_ms * 1000;
	return 0;
}

static int check_scopes(const char *const *names, struct error *e)
{
	if (names && !names[0])
		return error_set(e, ERROR_INPUT, "token.scope",
				 "\"scopes\" is empty; name what the token may do, or leave it out");
	for (; names && *names; names++) {
		enum scope scope = scope_parse(*names);

		if (scope != SCOPE_SCIM_READ && scope != SCOPE_SCIM_USERS && scope != SCOPE_SCIM_GROUPS)
			return error_set(e, ERROR_INPUT, "token.scope",
					 "\"%.80s\" is no scope of a connection's token; there are scim:read, scim:users and scim:groups",
					 *names);
	}
	return 0;
}

int scim_access_make(struct exchange *x, const struct connection *connection, const struct scim_access_wish *wish,
		     struct scim_token *ret, const char **ret_text, struct error *e)
{
	struct scim_token token = {
		.id = id_new(),
		.organisation = x->organisation.id,
		.connection = connection->id,
		.name = wish->name,
		.scopes = wish->scopes,
		.created_by = exchange_who(x),
		.created_at = clock_now_us(),
	};
	uint8_t hash[CRYPT_DIGEST_SIZE];
	char id[ID_TEXT_SIZE];
	struct scopes scopes = scopes_read(wish->scopes);

	token.is_client = wish->kind && text_equal(wish->kind, "client");
	if (wish->kind && !token.is_client && !text_equal(wish->kind, "token"))
		return error_set(e, ERROR_INPUT, "token.kind", "\"kind\" is \"%.40s\"; token or client is expected", wish->kind);
	if (exchange_check_name("token", wish->name, e) < 0 || check_scopes(wish->scopes, e) < 0 ||
	    read_life(wish->expires_in, &token.expires_at, e) < 0)
		return -1;
	scoped(secret) *text = crypt_token_new(token.is_client ? SCIM_CLIENT_PREFIX : SCIM_TOKEN_PREFIX, hash);
	if (scim_token_create(x->tx, &token, hash, e) < 0 ||
	    exchange_audit(x, "connection.token_created", "connection", id_text(&connection->id, id), connection->name, NULL,
			   exchange_object(x, token.is_client ? "client" : "token", wish->name, "scopes", scopes_text(&scopes, x->arena), NULL), e) < 0)
		return -1;
	x->shown_once = true;
	*ret = token;
	*ret_text = arena_text(x->arena, secret_text(text));
	return 0;
}
