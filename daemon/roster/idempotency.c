#include "roster/idempotency.h"

int idempotency_lock(struct tx *tx, struct arena *arena, const struct idempotency_key *k, struct error *e)
{
	static const struct query query = {
		"idempotency.lock",
		"SELECT pg_try_advisory_xact_lock(hashtextextended("
		"array_to_string(ARRAY[$1::uuid::text, $2, $3, $4, $5], chr(1)), 7))",
		QUERY_READS,
		0,
	};
	const struct rows *rows;

	if (query_run(tx, &query,
		      PARAMS(P_ID(&k->organisation), P_TEXT(k->principal), P_TEXT(k->method), P_TEXT(k->path),
			     P_TEXT(k->key)),
		      arena, &rows, e) < 0)
		return -1;
	return rows_bool(rows, 0, 0);
}

int idempotency_find(struct tx *tx, struct arena *arena, const struct idempotency_key *k,
		     struct kept_answer *ret, struct error *e)
{
	static const struct query query = {
		"idempotency.find",
		"SELECT fingerprint IN ($6, $7), status::bigint, version, location, body, request FROM "
		"idempotency_keys "
		"WHERE organisation = $1 AND principal = $2 AND method = $3 AND path = $4 AND key = $5 "
		"AND expires_at > now()",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	int found =
		query_one(tx, &query,
			  PARAMS(P_ID(&k->organisation), P_TEXT(k->principal), P_TEXT(k->method),
				 P_TEXT(k->path), P_TEXT(k->key), P_BYTES(k->fingerprints[0], CRYPT_DIGEST_SIZE),
				 P_BYTES(k->fingerprints[k->fingerprint_count - 1], CRYPT_DIGEST_SIZE)),
			  arena, &rows, e);

	if (found == 1)
		*ret = (struct kept_answer){
			.same = rows_bool(rows, 0, 0),
			.status = (int)rows_int(rows, 0, 1),
			.versioned = !rows_null(rows, 0, 2),
			.version = rows_int(rows, 0, 2),
			.location = rows_text(rows, 0, 3),
			.body = rows_text(rows, 0, 4),
			.request = rows_text(rows, 0, 5),
		};
	return found;
}

/* What was done may have turned the transaction to another organisation: one that it made, or the operator's
 * chain. */
static int turn_to(struct tx *tx, const struct id *organisation, struct error *e)
{
	static const struct query query = {
		"idempotency.operators",
		"SELECT set_config('rosterd.organisation', '00000000-0000-0000-0000-000000000000', true)",
		QUERY_READS,
		0,
	};

	return id_is_nil(organisation) ? query_write(tx, &query, NO_PARAMS, NULL, e)
				       : tx_for(tx, organisation, e);
}

int idempotency_keep(struct tx *tx, const struct idempotency_key *k, const struct kept_answer *a,
		     struct error *e)
{
	static const struct query query = {
		"idempotency.keep",
		"INSERT INTO idempotency_keys AS k (organisation, principal, method, path, key, fingerprint, "
		"status, "
		"version, location, body, request, expires_at) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7::integer, CASE WHEN $8 THEN $9 END, $10, $11, $12, "
		"now() + $13 * interval '1 hour') "
		"ON CONFLICT (organisation, principal, method, path, key) DO UPDATE SET fingerprint = "
		"EXCLUDED.fingerprint, "
		"status = EXCLUDED.status, version = EXCLUDED.version, location = EXCLUDED.location, body = "
		"EXCLUDED.body, "
		"request = EXCLUDED.request, created_at = now(), expires_at = EXCLUDED.expires_at "
		"WHERE k.expires_at <= now()",
		QUERY_KEEPS,
		0,
	};
	int64_t written;

	if (turn_to(tx, &k->organisation, e) < 0 ||
	    query_write(tx, &query,
			PARAMS(P_ID(&k->organisation), P_TEXT(k->principal), P_TEXT(k->method),
			       P_TEXT(k->path), P_TEXT(k->key), P_BYTES(k->fingerprints[0], CRYPT_DIGEST_SIZE),
			       P_INT(a->status), P_BOOL(a->versioned), P_INT(a->version), P_TEXT(a->location),
			       P_TEXT(a->body), P_TEXT(a->request), P_INT(IDEMPOTENCY_KEPT_HOURS)),
			&written, e) < 0)
		return -1;
	if (written == 1)
		return 0;
	return error_set(e, ERROR_INTERNAL, "idempotency.taken", "the key was used in spite of its lock");
}
