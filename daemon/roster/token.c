/* Tokens. Their text never comes here, only its hash. */
#include "roster/token.h"

#define COLUMNS "id, organisation, user_id, role, name, created_by, created_at, expires_at, revoked_at"

static struct token read_row(const struct rows *rows, size_t row)
{
	return (struct token){
		.id = rows_id(rows, row, 0),
		.organisation = rows_id(rows, row, 1),
		.user = rows_id(rows, row, 2),
		.role = rows_text(rows, row, 3),
		.name = rows_text(rows, row, 4),
		.created_by = rows_text(rows, row, 5),
		.created_at = rows_time(rows, row, 6),
		.expires_at = rows_time(rows, row, 7),
		.revoked_at = rows_time(rows, row, 8),
	};
}

/* The nil id stands for "none" in our structs and is NULL in the table. */
static const struct id *or_null(const struct id *id)
{
	return id_is_nil(id) ? NULL : id;
}

int token_find(struct tx *tx, struct arena *arena, const uint8_t hash[CRYPT_DIGEST_SIZE], struct token *ret,
	       struct error *e)
{
	static const struct query query = {
		"token.find",
		"SELECT id, organisation, user_id, role, name FROM token_find($1) WHERE id IS NOT NULL",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	int found = query_one(tx, &query, PARAMS(P_BYTES(hash, CRYPT_DIGEST_SIZE)), arena, &rows, e);

	if (found == 1)
		*ret = (struct token){
			.id = rows_id(rows, 0, 0),
			.organisation = rows_id(rows, 0, 1),
			.user = rows_id(rows, 0, 2),
			.role = rows_text(rows, 0, 3),
			.name = rows_text(rows, 0, 4),
		};
	return found;
}

int token_create(struct tx *tx, const struct token *t, const uint8_t hash[CRYPT_DIGEST_SIZE], struct error *e)
{
	static const struct query query = {
		"token.create",
		"INSERT INTO tokens (organisation, id, hash, user_id, role, name, created_by, expires_at) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		QUERY_CHANGES,
		0,
	};

	return query_write(tx, &query,
			   PARAMS(P_ID(or_null(&t->organisation)), P_ID(&t->id),
				  P_BYTES(hash, CRYPT_DIGEST_SIZE), P_ID(or_null(&t->user)), P_TEXT(t->role),
				  P_TEXT(t->name), P_TEXT(t->created_by), P_TIME(t->expires_at)),
			   NULL, e);
}

int token_load(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *id,
	       struct token *ret, struct error *e)
{
	static const struct query query = {
		"token.load",
		"SELECT " COLUMNS " FROM tokens WHERE organisation IS NOT DISTINCT FROM $1 AND id = $2",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	int found = query_one(tx, &query, PARAMS(P_ID(organisation), P_ID(id)), arena, &rows, e);

	if (found == 1)
		*ret = read_row(rows, 0);
	return found;
}

int token_list(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *after,
	       int most, struct token **ret, size_t *ret_count, struct error *e)
{
	static const struct query query = {
		"token.list",
		"SELECT " COLUMNS
		" FROM tokens WHERE organisation IS NOT DISTINCT FROM $1 AND revoked_at IS NULL "
		"AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3",
		QUERY_READS,
		0,
	};
	const struct rows *rows;

	if (query_run(tx, &query, PARAMS(P_ID(organisation), P_ID(after), P_INT(most)), arena, &rows, e) < 0)
		return -1;
	*ret_count = rows_count(rows);
	*ret = arena_array(arena, *ret_count, sizeof(**ret));
	for (size_t i = 0; i < *ret_count; i++)
		(*ret)[i] = read_row(rows, i);
	return 0;
}

int token_revoke(struct tx *tx, const struct id *organisation, const struct id *id, struct error *e)
{
	static const struct query query = {
		"token.revoke",
		"UPDATE tokens SET revoked_at = now() "
		"WHERE organisation IS NOT DISTINCT FROM $1 AND id = $2 AND revoked_at IS NULL",
		QUERY_CHANGES,
		0,
	};
	int64_t written;

	if (query_write(tx, &query, PARAMS(P_ID(organisation), P_ID(id)), &written, e) < 0)
		return -1;
	return written > 0;
}
