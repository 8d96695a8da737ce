/* Tokens. Their text never comes here, only its hash. */
#include "roster/token.h"

#include "base/text.h"

#define COLUMNS                                                                                              \
	"t.id, t.organisation, t.user_id, t.role, t.name, t.created_by, t.created_at, t.expires_at, "        \
	"t.revoked_at, t.maker, t.scopes, t.last_used_at, t.made_with, t.suspended_at, t.suspended_at IS NOT NULL OR (coalesce(t.user_id, t.maker) IS NOT NULL AND NOT " \
	"EXISTS (SELECT FROM members m WHERE m.organisation = t.organisation AND m.state = 'active' "        \
	"AND m.user_id = coalesce(t.user_id, t.maker)))"

struct id token_setup_of(const char *const *scopes)
{
	struct id id = { 0 };

	for (; scopes && *scopes; scopes++)
		if (text_begins(*scopes, TOKEN_SETUP) && id_parse(*scopes + sizeof(TOKEN_SETUP) - 1, &id) < 0)
			return (struct id){ 0 };
	return id;
}

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
		.maker = rows_id(rows, row, 9),
		.scopes = rows_texts_or_null(rows, row, 10),
		.last_used_at = rows_time(rows, row, 11),
		.made_with = rows_id(rows, row, 12),
		.suspended_at = rows_time(rows, row, 13),
		.asleep = rows_bool(rows, row, 14),
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
		"SELECT id, organisation, user_id, role, name, maker, scopes, ip_allow_list, last_used_at "
		"FROM token_speaker($1) WHERE id IS NOT NULL",
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
			.maker = rows_id(rows, 0, 5),
			.scopes = rows_texts_or_null(rows, 0, 6),
			.ip_allow_list = rows_texts_or_null(rows, 0, 7),
			.last_used_at = rows_time(rows, 0, 8),
		};
	return found;
}

static int too_many(struct error *e)
{
	return error_set(e, ERROR_LIMIT, "limit.tokens",
			 "there can be %d tokens that count, and there are; revoke some that nobody uses",
			 TOKENS_MOST);
}

int token_create(struct tx *tx, const struct token *t, const uint8_t hash[CRYPT_DIGEST_SIZE], struct error *e)
{
	static const struct query query = {
		"token.create",
		"INSERT INTO tokens (organisation, id, hash, user_id, role, name, created_by, expires_at, "
		"maker, scopes, made_with) "
		"SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $12 WHERE (SELECT count(*) FROM tokens "
		"WHERE organisation IS NOT DISTINCT FROM $1 AND revoked_at IS NULL "
		"AND (expires_at IS NULL OR expires_at > now())) < $11",
		QUERY_CHANGES,
		0,
	};
	int64_t written;

	if (query_write(tx, &query,
			PARAMS(P_ID(or_null(&t->organisation)), P_ID(&t->id),
			       P_BYTES(hash, CRYPT_DIGEST_SIZE), P_ID(or_null(&t->user)), P_TEXT(t->role),
			       P_TEXT(t->name), P_TEXT(t->created_by), P_TIME(t->expires_at),
			       P_ID(or_null(&t->maker)), P_TEXTS(t->scopes), P_INT(TOKENS_MOST),
			       P_ID(or_null(&t->made_with))),
			&written, e) < 0)
		return -1;
	return written == 1 ? 0 : too_many(e);
}

int token_load(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *id,
	       struct token *ret, struct error *e)
{
	static const struct query query = {
		"token.load",
		"SELECT " COLUMNS " FROM tokens t WHERE t.organisation IS NOT DISTINCT FROM $1 AND t.id = $2",
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
		" FROM tokens t WHERE t.organisation IS NOT DISTINCT FROM $1 AND t.revoked_at IS NULL "
		"AND ($2::uuid IS NULL OR t.id > $2) ORDER BY t.id LIMIT $3",
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

int token_set_maker(struct tx *tx, const struct id *organisation, const struct id *id, const struct id *maker,
		    struct error *e)
{
	static const struct query query = {
		"token.set_maker",
		"UPDATE tokens SET maker = $3, suspended_at = NULL, suspended_by = NULL "
		"WHERE organisation IS NOT DISTINCT FROM $1 AND id = $2 AND revoked_at IS NULL AND role IS "
		"NOT NULL",
		QUERY_CHANGES,
		0,
	};
	int64_t written;

	if (query_write(tx, &query, PARAMS(P_ID(organisation), P_ID(id), P_ID(or_null(maker))), &written, e) <
	    0)
		return -1;
	return written > 0;
}

int token_used(struct tx *tx, const struct id *organisation, const struct id *id, struct error *e)
{
	static const struct query query = {
		"token.used",
		"UPDATE tokens SET last_used_at = now() WHERE organisation IS NOT DISTINCT FROM $1 AND id = "
		"$2 "
		"AND (last_used_at IS NULL OR last_used_at <= now() - $3 * interval '1 millisecond')",
		QUERY_KEEPS,
		0,
	};

	return query_write(tx, &query, PARAMS(P_ID(organisation), P_ID(id), P_INT(TOKEN_USE_EVERY_MS)), NULL,
			   e);
}

int token_standings(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *user,
		    struct token_standing **ret, size_t *ret_count, struct error *e)
{
	static const struct query query = {
		"token.standings",
		"SELECT id, name, suspended_at IS NOT NULL, revoked_at IS NOT NULL FROM tokens WHERE organisation = $1 "
		"AND coalesce(user_id, maker) = $2 AND (revoked_at IS NULL OR revoked_at = now()) ORDER BY id",
		QUERY_READS,
		0,
	};
	const struct rows *rows;

	if (query_run(tx, &query, PARAMS(P_ID(organisation), P_ID(user)), arena, &rows, e) < 0)
		return -1;
	*ret_count = rows_count(rows);
	*ret = arena_array(arena, *ret_count, sizeof(**ret));
	for (size_t i = 0; i < *ret_count; i++)
		(*ret)[i] = (struct token_standing){ rows_id(rows, i, 0), rows_text(rows, i, 1), rows_bool(rows, i, 2),
						     rows_bool(rows, i, 3) };
	return 0;
}

/* The token $2, and (if $3) those that took its place by its own word: whatever became of them, since the next one may count. */
#define CHAIN                                                                                                  \
	"WITH RECURSIVE chain (id) AS (SELECT $2::uuid UNION SELECT t.id FROM chain c JOIN tokens t ON $3 "    \
	"AND t.replaces = c.id AND t.made_with = c.id AND t.organisation IS NOT DISTINCT FROM $1) "

static void add_names(const struct rows *rows, struct arena *arena, struct token_names *to)
{
	size_t count = rows_count(rows);
	struct token_name *list = arena_array(arena, to->count + count, sizeof(*list));

	for (size_t i = 0; i < to->count; i++)
		list[i] = to->list[i];
	for (size_t i = 0; i < count; i++)
		list[to->count + i] = (struct token_name){ rows_id(rows, i, 1), rows_text(rows, i, 2) };
	to->list = list;
	to->count += count;
}

int token_revoke(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *id, bool chain,
		 struct token_names *ret_revoked, struct token_names *ret_made, struct error *e)
{
	static const struct query revoke = {
		"token.revoke",
		CHAIN ", gone AS (UPDATE tokens t SET revoked_at = now() FROM chain c WHERE t.id = c.id "
		      "AND t.organisation IS NOT DISTINCT FROM $1 AND t.revoked_at IS NULL RETURNING t.id, t.name) "
		      "SELECT 1::bigint AS written, id, name FROM gone ORDER BY id",
		QUERY_CHANGES,
		0,
	};
	static const struct query made = {
		"token.made_with",
		CHAIN "SELECT 0::bigint, t.id, t.name FROM chain c JOIN tokens t ON t.made_with = c.id "
		      "WHERE t.organisation IS NOT DISTINCT FROM $1 AND t.revoked_at IS NULL "
		      "AND (t.expires_at IS NULL OR t.expires_at > now()) ORDER BY t.id",
		QUERY_READS,
		0,
	};
	struct token_names revoked = { 0 }, others = { 0 };
	const struct rows *rows;

	/* Of what is revoked nobody makes a successor any more; one that was made while we waited for its lock is found by the
	 * next look. */
	do {
		if (query_run(tx, &revoke, PARAMS(P_ID(organisation), P_ID(id), P_BOOL(chain)), arena, &rows, e) < 0)
			return -1;
		add_names(rows, arena, &revoked);
	} while (rows_count(rows) > 0);
	if (query_run(tx, &made, PARAMS(P_ID(organisation), P_ID(id), P_BOOL(chain)), arena, &rows, e) < 0)
		return -1;
	add_names(rows, arena, &others);
	*ret_revoked = revoked;
	*ret_made = others;
	return 0;
}

int token_lock(struct tx *tx, const struct id *organisation, const struct id *id, struct error *e)
{
	static const struct query query = {
		"token.lock",
		"SELECT 1 FROM tokens WHERE organisation IS NOT DISTINCT FROM $1 AND id = $2 FOR UPDATE",
		QUERY_KEEPS,
		0,
	};

	return query_write(tx, &query, PARAMS(P_ID(organisation), P_ID(id)), NULL, e);
}

static int find_successor(struct tx *tx, const struct id *organisation, const struct id *old, struct id *ret,
			  struct error *e)
{
	static const struct query query = {
		"token.successor",
		"SELECT id FROM tokens WHERE organisation IS NOT DISTINCT FROM $1 AND replaces = $2 "
		"AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()) ORDER BY id DESC LIMIT 1",
		QUERY_READS,
		0,
	};
	scoped(arena) *arena = arena_open("token");
	const struct rows *rows;
	int found = query_one(tx, &query, PARAMS(P_ID(organisation), P_ID(old)), arena, &rows, e);

	if (found == 1)
		*ret = rows_id(rows, 0, 0);
	return found;
}

int token_replace(struct tx *tx, const struct id *organisation, const struct id *old, const struct id *by, int64_t until,
		  struct id *ret_by, struct error *e)
{
	static const struct query take = {
		"token.replace",
		"UPDATE tokens SET replaces = $3 WHERE organisation IS NOT DISTINCT FROM $1 AND id = $2",
		QUERY_CHANGES,
		0,
	};
	static const struct query retire = {
		"token.retire",
		"UPDATE tokens t SET expires_at = least(t.expires_at, CASE t.id WHEN $2 THEN $3 ELSE now() END) "
		"WHERE t.organisation IS NOT DISTINCT FROM $1 AND t.revoked_at IS NULL AND "
		"(t.id = $2 OR t.id = (SELECT o.replaces FROM tokens o WHERE o.id = $2))",
		QUERY_CHANGES,
		0,
	};
	int found = find_successor(tx, organisation, old, ret_by, e);

	if (found != 0)
		return found == 1 ? 0 : -1;
	if (query_write(tx, &take, PARAMS(P_ID(organisation), P_ID(by), P_ID(old)), NULL, e) < 0 ||
	    query_write(tx, &retire, PARAMS(P_ID(organisation), P_ID(old), P_TIME(until)), NULL, e) < 0)
		return -1;
	return 1;
}
