#include "roster/local_account.h"

#include <string.h>

int local_account_door(struct tx *tx, struct arena *arena, const char *address, const char *slug,
		       struct local_door *ret, struct error *e)
{
	static const struct query find = {
		"local_account.door",
		"SELECT organisation, slug, user_id, name, email, role, password, password_at, break_glass, factor, needs_factor "
		"FROM local_account_door($1, $2) "
		"WHERE organisation IS NOT NULL",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	int found = query_one(tx, &find, PARAMS(P_TEXT(address), P_TEXT(slug)), arena, &rows, e);

	if (found == 1)
		*ret = (struct local_door){
			.organisation = rows_id(rows, 0, 0),
			.slug = rows_text(rows, 0, 1),
			.user = rows_id(rows, 0, 2),
			.name = rows_text(rows, 0, 3),
			.email = rows_text(rows, 0, 4),
			.role = rows_text(rows, 0, 5),
			.password = rows_text(rows, 0, 6),
			.password_at = rows_time(rows, 0, 7),
			.break_glass = rows_bool(rows, 0, 8),
			.factor = rows_bool(rows, 0, 9),
			.needs_factor = rows_bool(rows, 0, 10),
		};
	return found;
}

int local_account_used(struct tx *tx, const struct local_door *door, struct error *e)
{
	static const struct query used = {
		"local_account.used",
		"UPDATE local_accounts a SET used_at = now() FROM "
		"organisations o, members m "
		"WHERE a.organisation = $1 AND a.user_id = $2 AND a.password_at = $3 AND o.organisation = $1 "
		"AND o.state = 'active' "
		"AND m.organisation = $1 AND m.user_id = $2 AND m.state = 'active' AND "
		"local_account_counts(o.type, m.role, a.break_glass) "
		"AND ((a.break_glass AND m.role = 'owner') OR NOT sso_only(split_part(a.address, '@', 2)))",
		QUERY_KEEPS,
		0,
	};
	int64_t count;

	return query_write(tx, &used,
			   PARAMS(P_ID(&door->organisation), P_ID(&door->user), P_TIME(door->password_at)),
			   &count, e) < 0
		       ? -1
		       : count == 1;
}

int local_account_rehash(struct tx *tx, const struct local_door *door, const char *again, struct error *e)
{
	static const struct query rehash = {
		"local_account.rehash",
		"UPDATE local_accounts SET password = $4 WHERE organisation = $1 AND user_id = $2 AND password_at = $3",
		QUERY_KEEPS,
		0,
	};

	return query_write(tx, &rehash,
			   PARAMS(P_ID(&door->organisation), P_ID(&door->user), P_TIME(door->password_at), P_TEXT(again)), NULL, e);
}

/* ---- for administrators ---- */

#define COLUMNS                                                                                              \
	"SELECT a.organisation, a.user_id, a.address, m.name, m.role, m.state, a.verified_at, a.password_at, " \
	"a.created_at, a.used_at, a.break_glass, local_account_counts(o.type, m.role, a.break_glass) "\
	"AND ((a.break_glass AND m.role = 'owner') OR NOT sso_only(split_part(a.address, '@', 2))), "        \
	"a.factor_at, (SELECT count(*) FROM recovery_codes c WHERE c.organisation = a.organisation "           \
	"AND c.user_id = a.user_id), "                                                                         \
	"coalesce(second_factor_needed(p.second_factor, m.role, a.break_glass), false) FROM local_accounts a " \
	"JOIN members m ON m.organisation = a.organisation AND m.user_id = a.user_id "                         \
	"JOIN organisations o ON o.organisation = a.organisation "                                             \
	"LEFT JOIN account_policies p ON p.organisation = a.organisation "

static struct local_account read_row(const struct rows *rows, size_t row)
{
	return (struct local_account){
		.organisation = rows_id(rows, row, 0),
		.user = rows_id(rows, row, 1),
		.address = rows_text(rows, row, 2),
		.name = rows_text(rows, row, 3),
		.role = rows_text(rows, row, 4),
		.state = rows_text(rows, row, 5),
		.verified_at = rows_time(rows, row, 6),
		.password_at = rows_time(rows, row, 7),
		.created_at = rows_time(rows, row, 8),
		.used_at = rows_time(rows, row, 9),
		.break_glass = rows_bool(rows, row, 10),
		.counts = rows_bool(rows, row, 11),
		.factor_at = rows_time(rows, row, 12),
		.codes_left = rows_int(rows, row, 13),
		.needs_factor = rows_bool(rows, row, 14),
	};
}

int local_account_load(struct tx *tx, struct arena *arena, const struct id *organisation,
		       const struct id *user, struct local_account *ret, struct error *e)
{
	static const struct query load = { "local_account.load",
					   COLUMNS "WHERE a.organisation = $1 AND a.user_id = $2",
					   QUERY_READS, 0 };
	const struct rows *rows;
	int found = query_one(tx, &load, PARAMS(P_ID(organisation), P_ID(user)), arena, &rows, e);

	if (found == 1)
		*ret = read_row(rows, 0);
	return found;
}

int local_account_list(struct tx *tx, struct arena *arena, const struct id *organisation,
		       const struct id *after, int most, struct local_account **ret, size_t *ret_count,
		       struct error *e)
{
	static const struct query list = {
		"local_account.list",
		COLUMNS "WHERE a.organisation = $1 AND ($2::uuid IS NULL OR a.user_id > $2) ORDER BY "
			"a.user_id LIMIT $3",
		QUERY_READS,
		0,
	};
	const struct rows *rows;

	if (query_run(tx, &list, PARAMS(P_ID(organisation), P_ID(after), P_INT(most)), arena, &rows, e) < 0)
		return -1;
	*ret_count = rows_count(rows);
	*ret = arena_array(arena, *ret_count, sizeof(**ret));
	for (size_t i = 0; i < *ret_count; i++)
		(*ret)[i] = read_row(rows, i);
	return 0;
}

int local_account_ensure(struct tx *tx, const struct id *organisation, const struct id *user,
			 const char *address, struct error *e)
{
	static const struct query ensure = {
		"local_account.ensure",
		"INSERT INTO local_accounts AS a (organisation, user_id, address) VALUES ($1, $2, $3) "
		"ON CONFLICT (organisation, user_id) DO UPDATE SET address = excluded.address, verified_at = "
		"NULL WHERE a.address <> excluded.address",
		QUERY_CHANGES,
		0,
	};

	if (query_write(tx, &ensure, PARAMS(P_ID(organisation), P_ID(user), P_TEXT(address)), NULL, e) == 0)
		return 0;
	if (e->kind == ERROR_CONFLICT &&
	    strcmp(tx_constraint(tx), "local_accounts_organisation_address_key") == 0)
		return error_set(e, ERROR_CONFLICT, "account.address",
				 "another member signs on with the address \"%s\" already", address);
	return -1;
}

int local_account_delete(struct tx *tx, const struct id *organisation, const struct id *user,
			 int64_t *ret_count, struct error *e)
{
	static const struct query delete = {
		"local_account.delete",
		"DELETE FROM local_accounts WHERE organisation = $1 AND user_id = $2",
		QUERY_CHANGES,
		0,
	};

	return query_write(tx, &delete, PARAMS(P_ID(organisation), P_ID(user)), ret_count, e);
}

int local_account_set_password(struct tx *tx, const struct id *organisation, const struct id *user,
			       const char *hash, const char *verified, struct error *e)
{
	static const struct query set = {
		"local_account.password",
		"UPDATE local_accounts SET password = $3, password_at = clock_timestamp(), "
		"verified_at = CASE WHEN address = $4 THEN coalesce(verified_at, now()) ELSE verified_at END "
		"WHERE organisation = $1 AND user_id = $2",
		QUERY_CHANGES,
		0,
	};
	static const struct query end = {
		"local_account.links_end",
		"DELETE FROM account_tokens WHERE organisation = $1 AND user_id = $2 AND purpose = "
		"'password'",
		QUERY_KEEPS,
		0,
	};

	return query_write(tx, &set, PARAMS(P_ID(organisation), P_ID(user), P_TEXT(hash), P_TEXT(verified)),
			   NULL, e) < 0
		       ? -1
		       : query_write(tx, &end, PARAMS(P_ID(organisation), P_ID(user)), NULL, e);
}

int local_account_break_glass(struct tx *tx, const struct id *organisation, const struct id *user,
			      int64_t *ret_count, struct error *e)
{
	static const struct query nobodys = {
		"local_account.break_glass_ends",
		"UPDATE local_accounts SET break_glass = false WHERE organisation = $1 AND break_glass AND "
		"user_id IS DISTINCT FROM $2",
		QUERY_CHANGES,
		0,
	};
	static const struct query theirs = {
		"local_account.break_glass",
		"UPDATE local_accounts SET break_glass = true WHERE organisation = $1 AND user_id = $2 AND "
		"NOT break_glass",
		QUERY_CHANGES,
		0,
	};
	int64_t ended, begun = 0;

	if (query_write(tx, &nobodys, PARAMS(P_ID(organisation), P_ID(user)), &ended, e) < 0 ||
	    (user && query_write(tx, &theirs, PARAMS(P_ID(organisation), P_ID(user)), &begun, e) < 0))
		return -1;
	*ret_count = ended + begun;
	return 0;
}

/* ---- links ---- */

int account_token_create(struct tx *tx, const struct account_token *token,
			 const uint8_t hash[CRYPT_DIGEST_SIZE], struct error *e)
{
	static const struct query create = {
		"account_token.create",
		"WITH old AS (DELETE FROM account_tokens WHERE organisation = $1 AND hash IN (SELECT hash "
		"FROM account_tokens "
		"WHERE organisation = $1 AND user_id = $3 AND purpose = $4 ORDER BY created_at DESC OFFSET "
		"$8)) "
		"INSERT INTO account_tokens (organisation, hash, user_id, purpose, address, made_by, "
		"expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
		QUERY_KEEPS,
		0,
	};

	return query_write(tx, &create,
			   PARAMS(P_ID(&token->organisation), P_BYTES(hash, CRYPT_DIGEST_SIZE),
				  P_ID(&token->user), P_TEXT(token->purpose), P_TEXT(token->sent_to),
				  P_TEXT(token->made_by), P_TIME(token->expires_at),
				  P_INT(ACCOUNT_TOKENS_MOST - 1)),
			   NULL, e);
}

int account_token_door(struct tx *tx, struct arena *arena, const uint8_t hash[CRYPT_DIGEST_SIZE],
		       struct account_token *ret, struct error *e)
{
	static const struct query find = {
		"account_token.door",
		"SELECT organisation, slug, organisation_name, user_id, name, address, purpose, sent_to FROM "
		"account_token_door($1) "
		"WHERE organisation IS NOT NULL",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	int found = query_one(tx, &find, PARAMS(P_BYTES(hash, CRYPT_DIGEST_SIZE)), arena, &rows, e);

	if (found == 1)
		*ret = (struct account_token){
			.organisation = rows_id(rows, 0, 0),
			.slug = rows_text(rows, 0, 1),
			.organisation_name = rows_text(rows, 0, 2),
			.user = rows_id(rows, 0, 3),
			.name = rows_text(rows, 0, 4),
			.address = rows_text(rows, 0, 5),
			.purpose = rows_text(rows, 0, 6),
			.sent_to = rows_text(rows, 0, 7),
		};
	return found;
}

int account_token_take(struct tx *tx, const struct id *organisation, const uint8_t hash[CRYPT_DIGEST_SIZE],
		       const char *purpose, struct error *e)
{
	static const struct query take = {
		"account_token.take",
		"DELETE FROM account_tokens WHERE organisation = $1 AND hash = $2 AND purpose = $3 AND "
		"expires_at > now()",
		QUERY_KEEPS,
		0,
	};
	int64_t taken;

	return query_write(tx, &take,
			   PARAMS(P_ID(organisation), P_BYTES(hash, CRYPT_DIGEST_SIZE), P_TEXT(purpose)),
			   &taken, e) < 0
		       ? -1
		       : taken == 1;
}
