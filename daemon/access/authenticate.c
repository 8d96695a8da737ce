/* A token is looked up by the hash of its text, so that neither the database nor the time it takes tells how
 * much of it was right. A Unix peer is whom the kernel says. */
#include "access/authenticate.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <strings.h>

#include "access/client.h"
#include "access/remembered.h"
#include "base/crypt.h"
#include "base/text.h"
#include "http/network.h"
#include "roster/scim_token.h"
#include "roster/token.h"

enum { GROUPS_MOST = 256, PASSWD_ROW_MOST = 4096 };

/* The text after "Bearer", NULL if there is none (RFC 6750). */
static const char *bearer(const struct request *request)
{
	static const char scheme[] = "Bearer ";
	const char *header = request_header(request, "Authorization");

	if (!header || strncasecmp(header, scheme, sizeof(scheme) - 1) != 0)
		return NULL;
	header += sizeof(scheme) - 1;
	/* Where a form asks for a token and puts the word before it, administrators paste the word as well. */
	return strncasecmp(header, scheme, sizeof(scheme) - 1) == 0 ? header + sizeof(scheme) - 1 : header;
}

static int bad_token(struct error *e)
{
	return error_set(
		e, ERROR_UNAUTHENTICATED, "access.token",
		"the token is unknown, expired or revoked, or its member is not active; ask for a new one");
}

static void become(const struct token *token, struct arena *arena, struct principal *ret)
{
	char id[ID_TEXT_SIZE];
	bool member = !id_is_nil(&token->user);

	*ret = (struct principal){
		.kind = member ? PRINCIPAL_MEMBER : PRINCIPAL_SERVICE,
		.organisation = token->organisation,
		.user = token->user,
		.token = token->id,
		.maker = member ? token->user : token->maker,
		.setup_of = token_setup_of(token->scopes),
		.scopes = scopes_read(token->scopes),
		.used_at = token->last_used_at,
		.ip_allow_list = token->ip_allow_list,
		.role = role_parse(token->role),
		.id = arena_text(arena, id_text(member ? &token->user : &token->id, id)),
		.name = token->name,
	};
	if (id_is_nil(&token->organisation))
		ret->kind = PRINCIPAL_OPERATOR;
}

/* A connection's: it pushes what its directory says. */
static void become_connection(const struct scim_token *token, struct arena *arena, struct principal *ret)
{
	char id[ID_TEXT_SIZE];

	*ret = (struct principal){
		.kind = PRINCIPAL_CONNECTION,
		.organisation = token->organisation,
		.connection = token->connection,
		.connection_gone = token->connection_gone,
		.slug = token->slug,
		.state = token->state,
		.token = token->id,
		.scopes = scopes_read(token->scopes),
		.used_at = token->last_used_at,
		.ip_allow_list = token->ip_allow_list,
		.id = arena_text(arena, id_text(&token->connection, id)),
		.name = token->name,
		.standing = token->standing,
		.ends_at = token->expires_at,
	};
}

static int by_scim_token(const uint8_t hash[CRYPT_DIGEST_SIZE], struct tx *tx, struct arena *arena, struct principal *ret,
			 struct error *e)
{
	struct scim_token token;
	int found = scim_token_find(tx, arena, hash, false, &token, e);

	if (found <= 0)
		return found == 0 ? bad_token(e) : -1;
	become_connection(&token, arena, ret);
	return 0;
}

/* The hash of a token of a connection: 1; 0 it is none. */
static int hash_pusher(const struct request *request, uint8_t ret[CRYPT_DIGEST_SIZE])
{
	const char *text = bearer(request);

	if (!text || strlen(text) != TOKEN_TEXT_SIZE || !text_begins(text, SCIM_TOKEN_PREFIX "_"))
		return 0;
	crypt_sha256(text, TOKEN_TEXT_SIZE, ret);
	return 1;
}

int authenticate_send(const struct request *request, struct tx *tx, struct error *e)
{
	uint8_t hash[CRYPT_DIGEST_SIZE];

	if (hash_pusher(request, hash) == 0)
		return 0;
	return scim_token_send(tx, hash, e) < 0 ? -1 : 1;
}

int authenticate_receive(const struct request *request, struct remembered *remembered, struct tx *tx,
			 struct arena *arena, struct principal *ret, struct error *e)
{
	uint8_t hash[CRYPT_DIGEST_SIZE];
	struct scim_token token;
	int found = scim_token_receive(tx, arena, &token, e);

	if (found <= 0)
		return found == 0 ? bad_token(e) : -1;
	become_connection(&token, arena, ret);
	if (hash_pusher(request, hash) == 1)
		remembered_keep(remembered, hash, ret);
	return 0;
}

int authenticate_recall(const struct request *request, struct remembered *remembered, struct arena *arena,
			struct principal *ret)
{
	uint8_t hash[CRYPT_DIGEST_SIZE];

	return hash_pusher(request, hash) == 1 && remembered_find(remembered, hash, arena, ret) == 1;
}

static struct scim_token token_of(const struct principal *principal)
{
	return (struct scim_token){
		.organisation = principal->organisation,
		.standing = principal->standing,
		.expires_at = principal->ends_at,
	};
}

int authenticate_again_send(const struct principal *principal, struct tx *tx, struct error *e)
{
	struct scim_token token = token_of(principal);

	return scim_token_again_send(tx, &token, e);
}

int authenticate_again_receive(const struct request *request, struct remembered *remembered, struct tx *tx,
			       struct arena *arena, const struct principal *principal, struct error *e)
{
	struct scim_token token = token_of(principal);
	uint8_t hash[CRYPT_DIGEST_SIZE];
	int still = scim_token_again_receive(tx, arena, &token, e);

	if (still == 0 && hash_pusher(request, hash) == 1)
		remembered_forget(remembered, hash);
	return still;
}

void authenticate_used(const struct request *request, struct remembered *remembered, int64_t at)
{
	uint8_t hash[CRYPT_DIGEST_SIZE];

	if (hash_pusher(request, hash) == 1)
		remembered_used(remembered, hash, at);
}

/* The secret is found by its hash, as a token is; the id that comes with it must be its own. */
int authenticate_client(const struct request *request, struct tx *tx, struct arena *arena, struct principal *ret, struct error *e)
{
	uint8_t hash[CRYPT_DIGEST_SIZE];
	const char *name, *secret;
	struct scim_token client;
	struct id id;
	int found;

	if (client_credentials(request, arena, &name, &secret, e) < 0)
		return -1;
	if (id_parse(name, &id) < 0 || strlen(secret) != TOKEN_TEXT_SIZE || !text_begins(secret, SCIM_CLIENT_PREFIX "_"))
		return client_unknown(e);
	crypt_sha256(secret, TOKEN_TEXT_SIZE, hash);
	found = scim_token_find(tx, arena, hash, true, &client, e);
	if (found < 0)
		return -1;
	if (found == 0 || !id_equal(&id, &client.id))
		return client_unknown(e);
	become_connection(&client, arena, ret);
	return 0;
}

static int by_token(const char *text, struct tx *tx, struct arena *arena, struct principal *ret,
		    struct error *e)
{
	uint8_t hash[CRYPT_DIGEST_SIZE];
	struct token token;

	if (strlen(text) != TOKEN_TEXT_SIZE)
		return bad_token(e);
	crypt_sha256(text, TOKEN_TEXT_SIZE, hash);
	if (text_begins(text, SCIM_TOKEN_PREFIX "_"))
		return by_scim_token(hash, tx, arena, ret, e);
	if (!text_begins(text, TOKEN_PREFIX "_"))
		return bad_token(e);
	switch (token_find(tx, arena, hash, &token, e)) {
	case 1:
		become(&token, arena, ret);
		return 0;
	case 0:
		return bad_token(e);
	}
	return -1;
}

static bool is_group(const struct administrators *administrators, gid_t group)
{
	for (size_t i = 0; i < administrators->group_count; i++)
		if (administrators->groups[i] == group)
			return true;
	return false;
}

static bool is_in_groups(const struct administrators *administrators, const char *user, gid_t primary)
{
	gid_t groups[GROUPS_MOST];
	int count = GROUPS_MOST;

	if (is_group(administrators, primary))
		return true;
	if (administrators->group_count == 0 || !user || getgrouplist(user, primary, groups, &count) < 0)
		return false;
	for (int i = 0; i < count; i++)
		if (is_group(administrators, groups[i]))
			return true;
	return false;
}

static bool is_administrator(const struct administrators *administrators, const struct request *request,
			     const char *user)
{
	if (request->peer_uid == 0)
		return true;
	for (size_t i = 0; i < administrators->user_count; i++)
		if (administrators->users[i] == request->peer_uid)
			return true;
	return is_in_groups(administrators, user, request->peer_gid);
}

/* The name of a Unix user, or NULL. */
static const char *user_name(uid_t uid, struct arena *arena)
{
	char row[PASSWD_ROW_MOST];
	struct passwd user, *found = NULL;

	if (getpwuid_r(uid, &user, row, sizeof(row), &found) != 0 || !found)
		return NULL;
	return arena_text(arena, user.pw_name);
}

static int by_peer(const struct administrators *administrators, const struct request *request,
		   struct arena *arena, struct principal *ret, struct error *e)
{
	const char *name = user_name(request->peer_uid, arena);

	if (!is_administrator(administrators, request, name))
		return error_set(e, ERROR_UNAUTHENTICATED, "access.peer",
				 "the Unix user with uid %lu is not an administrator of this daemon; show a "
				 "token, or be named "
				 "as one in its configuration",
				 (unsigned long)request->peer_uid);
	*ret = (struct principal){
		.kind = PRINCIPAL_OPERATOR,
		.id = arena_format(arena, "uid %lu", (unsigned long)request->peer_uid),
		.name = name,
	};
	return 0;
}

bool authenticate_looks_up(const struct request *request)
{
	return bearer(request);
}

int authenticate(const struct administrators *administrators, const struct request *request, struct tx *tx,
		 struct arena *arena, struct principal *ret, struct error *e)
{
	const char *token = bearer(request);

	if (token)
		return by_token(token, tx, arena, ret, e);
	if (request->over_unix_socket)
		return by_peer(administrators, request, arena, ret, e);
	return error_set(e, ERROR_UNAUTHENTICATED, "access.none",
			 "nobody was named; send a token in \"Authorization: Bearer ...\"");
}

static int bad_address(const char *address, struct error *e)
{
	if (*address == '\0')
		return error_set(
			e, ERROR_DENIED, "access.address",
			"the organisation lets its tokens come from networks on its IP allow-list alone, and "
			"a Unix socket is in none; ask over TCP, or as the operator");
	return error_set(
		e, ERROR_DENIED, "access.address",
		"the organisation lets its tokens come from networks on its IP allow-list alone, and %s is "
		"in none of them; ask an administrator of it to add one",
		address);
}

/* A list that cannot be read holds nobody. */
int authenticate_address(const struct principal *principal, const char *address, struct error *e)
{
	const char *const *list = principal->ip_allow_list;
	struct networks networks;
	struct address from;
	const char *bad;

	if (!list || !*list)
		return 0;
	if (address_parse(address, &from) == 0 && networks_read(&networks, list, &bad) == 0 &&
	    networks_hold(&networks, &from))
		return 0;
	return bad_address(address, e);
}

int authenticate_scope(const struct principal *principal, enum scope needed, struct arena *arena,
		       struct error *e)
{
	if (scopes_include(&principal->scopes, needed))
		return 0;
	return error_set(e, ERROR_DENIED, "scope.missing",
			 "the token lacks the scope \"%s\"; it has %s: use one that has it, or make one",
			 scope_name(needed), scopes_text(&principal->scopes, arena));
}
