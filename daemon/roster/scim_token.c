#include "roster/scim_token.h"

static const struct query enter = {
	"scim_token.enter",
	"SELECT id, organisation, connection, name, scopes, ip_allow_list, last_used_at, gone, slug, state, "
	"standing, ends_at "
	"FROM scim_pusher_meet($1, $2) "
	"WHERE id IS NOT NULL",
	QUERY_READS,
	0,
};

static int take(struct tx *tx, const struct rows *rows, struct scim_token *ret)
{
	if (rows_count(rows) == 0)
		return 0;
	*ret = (struct scim_token){
		.id = rows_id(rows, 0, 0),
		.organisation = rows_id(rows, 0, 1),
		.connection = rows_id(rows, 0, 2),
		.name = rows_text(rows, 0, 3),
		.scopes = rows_texts_or_null(rows, 0, 4),
		.ip_allow_list = rows_texts_or_null(rows, 0, 5),
		.last_used_at = rows_time(rows, 0, 6),
		.connection_gone = rows_bool(rows, 0, 7),
		.slug = rows_text(rows, 0, 8),
		.state = rows_text(rows, 0, 9),
		.standing = rows_id(rows, 0, 10),
		.expires_at = rows_time(rows, 0, 11),
	};
	tx_entered(tx, &ret->organisation);
	return 1;
}

int scim_token_find(struct tx *tx, struct arena *arena, const uint8_t hash[CRYPT_DIGEST_SIZE], bool client,
		    struct scim_token *ret, struct error *e)
{
	const struct rows *rows;

	if (query_run(tx, &enter, PARAMS(P_BYTES(hash, CRYPT_DIGEST_SIZE), P_BOOL(client)), arena, &rows, e) <
	    0)
		return -1;
	return take(tx, rows, ret);
}

int scim_token_send(struct tx *tx, const uint8_t hash[CRYPT_DIGEST_SIZE], struct error *e)
{
	return query_send(tx, &enter, PARAMS(P_BYTES(hash, CRYPT_DIGEST_SIZE), P_BOOL(false)), e);
}

int scim_token_receive(struct tx *tx, struct arena *arena, struct scim_token *ret, struct error *e)
{
	const struct rows *rows;

	return query_receive(tx, arena, &rows, NULL, e) < 0 ? -1 : take(tx, rows, ret);
}

int scim_token_again_send(struct tx *tx, const struct scim_token *token, struct error *e)
{
	static const struct query again = {
		"scim_token.again",
		"SELECT set_config('rosterd.organisation', $2, true) FROM scim_standings WHERE standing = $1 "
		"AND ($3::timestamptz IS NULL OR $3 > now())",
		QUERY_READS,
		0,
	};
	char organisation[ID_TEXT_SIZE];

	return query_send(tx, &again,
			  PARAMS(P_ID(&token->standing), P_TEXT(id_text(&token->organisation, organisation)),
				 P_TIME(token->expires_at)),
			  e);
}

int scim_token_again_receive(struct tx *tx, struct arena *arena, const struct scim_token *token,
			     struct error *e)
{
	const struct rows *rows;

	if (query_receive(tx, arena, &rows, NULL, e) < 0)
		return -1;
	if (rows_count(rows) == 0)
		return 0;
	tx_entered(tx, &token->organisation);
	return 1;
}

/* Of two that are made at the same moment one comes second. */
static int lock_connection(struct tx *tx, const struct scim_token *token, struct error *e)
{
	static const struct query query = {
		"scim_token.lock",
		"SELECT 1 FROM connections WHERE organisation = $1 AND id = $2 FOR NO KEY UPDATE",
		QUERY_KEEPS,
		0,
	};

	return query_write(tx, &query, PARAMS(P_ID(&token->organisation), P_ID(&token->connection)), NULL, e);
}

int scim_token_create(struct tx *tx, const struct scim_token *token, const uint8_t hash[CRYPT_DIGEST_SIZE], struct error *e)
{
	static const struct query query = {
		"scim_token.create",
		"INSERT INTO scim_tokens (organisation, id, connection, hash, name, scopes, created_by, expires_at, kind) "
		"SELECT $1, $2, $3, $4, $5, $6, $7, $8, $10 WHERE (SELECT count(*) FROM scim_tokens WHERE organisation = $1 "
		"AND connection = $3 AND kind = $10 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())) < $9",
		QUERY_CHANGES,
		0,
	};
	int64_t written;

	if (lock_connection(tx, token, e) < 0 ||
	    query_write(tx, &query,
			PARAMS(P_ID(&token->organisation), P_ID(&token->id), P_ID(&token->connection),
			       P_BYTES(hash, CRYPT_DIGEST_SIZE), P_TEXT(token->name), P_TEXTS(token->scopes),
			       P_TEXT(token->created_by), P_TIME(token->expires_at), P_INT(SCIM_TOKENS_MOST),
			       P_TEXT(token->is_client ? "client" : "token")),
			&written, e) < 0)
		return -1;
	return written == 1 ? 0
			    : error_set(e, ERROR_LIMIT, "limit.scim_tokens",
					"a connection can have %d tokens that count, and it has; revoke the one that the directory "
					"no longer uses",
					SCIM_TOKENS_MOST);
}

int scim_token_issue(struct tx *tx, const struct scim_token *token, const uint8_t hash[CRYPT_DIGEST_SIZE], struct error *e)
{
	static const struct query query = {
		"scim_token.issue",
		"WITH old AS (DELETE FROM scim_tokens WHERE organisation = $1 AND client = $4 AND (expires_at <= now() OR id IN "
		"(SELECT id FROM scim_tokens WHERE organisation = $1 AND client = $4 ORDER BY created_at DESC, id DESC OFFSET $7))) "
		"INSERT INTO scim_tokens (organisation, connection, id, hash, name, scopes, created_by, expires_at, kind, client) "
		"SELECT c.organisation, c.connection, $3, $5, c.name, coalesce($6, c.scopes), 'client ' || c.id, "
		"now() + $8 * interval '1 second', 'short', c.id FROM scim_tokens c WHERE c.organisation = $1 AND c.connection = $2 "
		"AND c.id = $4 AND c.kind = 'client'",
		QUERY_KEEPS,
		0,
	};

	return query_write(tx, &query,
			   PARAMS(P_ID(&token->organisation), P_ID(&token->connection), P_ID(&token->id), P_ID(&token->client),
				  P_BYTES(hash, CRYPT_DIGEST_SIZE), P_TEXTS(token->scopes), P_INT(SCIM_TOKEN_SHORT_MOST - 1),
				  P_INT(SCIM_TOKEN_SHORT_S)),
			   NULL, e);
}

int scim_token_list(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection,
		    struct scim_token **ret, size_t *ret_count, struct error *e)
{
	static const struct query query = {
		"scim_token.list",
		"SELECT id, name, scopes, created_by, created_at, expires_at, last_used_at, kind = 'client', created_by LIKE 'member %' "
		"AND NOT EXISTS (SELECT FROM members m WHERE m.organisation = $1 AND 'member ' || m.user_id = created_by "
		"AND m.state = 'active') FROM scim_tokens "
		"WHERE organisation = $1 AND connection = $2 AND kind <> 'short' AND revoked_at IS NULL "
		"AND (expires_at IS NULL OR expires_at > now()) ORDER BY id",
		QUERY_READS,
		0,
	};
	const struct rows *rows;

	if (query_run(tx, &query, PARAMS(P_ID(organisation), P_ID(connection)), arena, &rows, e) < 0)
		return -1;
	*ret_count = rows_count(rows);
	*ret = arena_array(arena, *ret_count, sizeof(**ret));
	for (size_t i = 0; i < *ret_count; i++)
		(*ret)[i] = (struct scim_token){
			.id = rows_id(rows, i, 0),
			.organisation = *organisation,
			.connection = *connection,
			.name = rows_text(rows, i, 1),
			.scopes = rows_texts_or_null(rows, i, 2),
			.created_by = rows_text(rows, i, 3),
			.created_at = rows_time(rows, i, 4),
			.expires_at = rows_time(rows, i, 5),
			.last_used_at = rows_time(rows, i, 6),
			.is_client = rows_bool(rows, i, 7),
			.maker_gone = rows_bool(rows, i, 8),
		};
	return 0;
}

int scim_token_revoke(struct tx *tx, const struct id *organisation, const struct id *connection, const struct id *id,
		      struct error *e)
{
	static const struct query query = {
		"scim_token.revoke",
		"UPDATE scim_tokens SET revoked_at = now() WHERE organisation = $1 AND connection = $2 AND id = $3 "
		"AND revoked_at IS NULL",
		QUERY_CHANGES,
		0,
	};
	int64_t written;

	if (query_write(tx, &query, PARAMS(P_ID(organisation), P_ID(connection), P_ID(id)), &written, e) < 0)
		return -1;
	return written > 0;
}

int scim_token_used(struct tx *tx, const struct id *organisation, const struct id *id, struct error *e)
{
	static const struct query query = {
		"scim_token.used",
		"UPDATE scim_tokens SET last_used_at = now() WHERE organisation = $1 AND id = $2",
		QUERY_KEEPS,
		0,
	};

	return query_write(tx, &query, PARAMS(P_ID(organisation), P_ID(id)), NULL, e);
}
