#include "roster/second_factor.h"

#include "base/secret.h"

const char *const second_factor_policies[] = { "optional", "admins", "all", NULL };

#define SEALED_NAME "totp"

const char *second_factor_context(struct arena *arena, const struct id *organisation, const struct id *user,
				  const char *name)
{
	char of[ID_TEXT_SIZE], whose[ID_TEXT_SIZE];

	return arena_format(arena, "local_account/%s/%s/%s", id_text(organisation, of), id_text(user, whose),
			    name);
}

void second_factor_close(struct second_factor *factor)
{
	secret_close(&factor->secret);
}

int second_factor_hold(struct tx *tx, const struct crypt_keys *keys, const struct id *organisation,
		       const struct id *user, struct second_factor *ret, struct error *e)
{
	static const struct query hold = {
		"second_factor.hold",
		"WITH held AS (UPDATE local_accounts SET codes_after = codes_after WHERE organisation = $1 "
		"AND user_id = $2 "
		"RETURNING factor_at, totp, totp_step, codes_after) SELECT 1::bigint AS written, factor_at "
		"IS NOT NULL, totp, totp_step, "
		"coalesce(codes_after > now(), false) FROM held",
		QUERY_KEEPS,
		0,
	};
	scoped(arena) *arena = arena_open("second factor");
	const struct rows *rows;
	const void *sealed;
	struct error ignored;
	size_t size;
	int found = query_one(tx, &hold, PARAMS(P_ID(organisation), P_ID(user)), arena, &rows, e);

	if (found <= 0)
		return found;
	*ret = (struct second_factor){
		.wanted = rows_bool(rows, 0, 1),
		.step = rows_int(rows, 0, 3),
		.paused = rows_bool(rows, 0, 4),
	};
	sealed = rows_bytes(rows, 0, 2, &size);
	if (sealed && crypt_open(keys, second_factor_context(arena, organisation, user, SEALED_NAME), sealed,
				 size, &ret->secret, &ignored) < 0)
		ret->secret = NULL; /* there are recovery codes, and administrators */
	return 1;
}

int second_factor_used(struct tx *tx, const struct id *organisation, const struct id *user, int64_t step,
		       struct error *e)
{
	static const struct query used = {
		"second_factor.used",
		"UPDATE local_accounts SET totp_step = $3, code_failures = 0, codes_after = NULL WHERE "
		"organisation = $1 AND user_id = $2",
		QUERY_KEEPS,
		0,
	};

	return query_write(tx, &used, PARAMS(P_ID(organisation), P_ID(user), P_INT(step)), NULL, e);
}

int second_factor_failed(struct tx *tx, const struct id *organisation, const struct id *user, struct error *e)
{
	static const struct query failed = {
		"second_factor.failed",
		"UPDATE local_accounts SET code_failures = CASE WHEN code_failures + 1 >= $3 THEN 0 ELSE "
		"code_failures + 1 END, "
		"codes_after = CASE WHEN code_failures + 1 >= $3 THEN now() + $4 * interval '1 second' ELSE "
		"codes_after END "
		"WHERE organisation = $1 AND user_id = $2",
		QUERY_KEEPS,
		0,
	};

	return query_write(tx, &failed,
			   PARAMS(P_ID(organisation), P_ID(user), P_INT(SECOND_FACTOR_FAILURES_MOST),
				  P_INT(SECOND_FACTOR_PAUSE_S)),
			   NULL, e);
}

int second_factor_recover(struct tx *tx, const struct id *organisation, const struct id *user,
			  const uint8_t hash[CRYPT_DIGEST_SIZE], struct error *e)
{
	static const struct query recover = {
		"second_factor.recover",
		"DELETE FROM recovery_codes WHERE organisation = $1 AND user_id = $2 AND hash = $3",
		QUERY_CHANGES,
		0,
	};
	int64_t count;

	return query_write(tx, &recover,
			   PARAMS(P_ID(organisation), P_ID(user), P_BYTES(hash, CRYPT_DIGEST_SIZE)), &count,
			   e) < 0
		       ? -1
		       : count == 1;
}

int second_factor_set(struct tx *tx, const struct crypt_keys *keys, const struct id *organisation,
		      const struct id *user, const struct secret *secret, int64_t step, struct error *e)
{
	static const struct query set = {
		"second_factor.set",
		"UPDATE local_accounts SET factor_at = now(), totp = $3, totp_step = $4, code_failures = 0, "
		"codes_after = NULL "
		"WHERE organisation = $1 AND user_id = $2",
		QUERY_CHANGES,
		0,
	};
	scoped(arena) *arena = arena_open("second factor");
	const uint8_t *sealed;
	size_t size;

	crypt_seal(keys, second_factor_context(arena, organisation, user, SEALED_NAME), secret, arena,
		   &sealed, &size);
	return query_write(tx, &set,
			   PARAMS(P_ID(organisation), P_ID(user), P_BYTES(sealed, size), P_INT(step)), NULL,
			   e);
}

int second_factor_set_codes(struct tx *tx, const struct id *organisation, const struct id *user,
			    const uint8_t hashes[RECOVERY_CODES][CRYPT_DIGEST_SIZE], struct error *e)
{
	static const struct query forget = {
		"second_factor.forget_codes",
		"DELETE FROM recovery_codes WHERE organisation = $1 AND user_id = $2",
		QUERY_CHANGES,
		0,
	};
	static const struct query add = {
		"second_factor.add_code",
		"INSERT INTO recovery_codes (organisation, user_id, hash) VALUES ($1, $2, $3)",
		QUERY_CHANGES,
		0,
	};

	if (query_write(tx, &forget, PARAMS(P_ID(organisation), P_ID(user)), NULL, e) < 0)
		return -1;
	for (int i = 0; i < RECOVERY_CODES; i++)
		if (query_write(tx, &add,
				PARAMS(P_ID(organisation), P_ID(user), P_BYTES(hashes[i], CRYPT_DIGEST_SIZE)),
				NULL, e) < 0)
			return -1;
	return 0;
}

int second_factor_remove(struct tx *tx, const struct id *organisation, const struct id *user,
			 int64_t *ret_count, struct error *e)
{
	static const struct query forget = {
		"second_factor.remove_codes",
		"DELETE FROM recovery_codes WHERE organisation = $1 AND user_id = $2",
		QUERY_CHANGES,
		0,
	};
	static const struct query remove = {
		"second_factor.remove",
		"UPDATE local_accounts SET factor_at = NULL, totp = NULL, totp_step = NULL, code_failures = "
		"0, codes_after = NULL "
		"WHERE organisation = $1 AND user_id = $2 AND factor_at IS NOT NULL",
		QUERY_CHANGES,
		0,
	};

	return query_write(tx, &forget, PARAMS(P_ID(organisation), P_ID(user)), NULL, e) < 0
		       ? -1
		       : query_write(tx, &remove, PARAMS(P_ID(organisation), P_ID(user)), ret_count, e);
}

/* ---- who must have one ---- */

int second_factor_policy(struct tx *tx, struct arena *arena, const struct id *organisation, const char **ret,
			 struct error *e)
{
	static const struct query load = {
		"second_factor.policy",
		"SELECT second_factor FROM account_policies WHERE organisation = $1",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	int found = query_one(tx, &load, PARAMS(P_ID(organisation)), arena, &rows, e);

	if (found >= 0)
		*ret = found == 1 ? rows_text(rows, 0, 0) : second_factor_policies[0];
	return found < 0 ? -1 : 0;
}

int second_factor_set_policy(struct tx *tx, const struct id *organisation, const char *policy,
			     struct error *e)
{
	static const struct query set = {
		"second_factor.set_policy",
		"INSERT INTO account_policies (organisation, second_factor) VALUES ($1, $2) "
		"ON CONFLICT (organisation) DO UPDATE SET second_factor = excluded.second_factor",
		QUERY_CHANGES,
		0,
	};

	return query_write(tx, &set, PARAMS(P_ID(organisation), P_TEXT(policy)), NULL, e);
}
