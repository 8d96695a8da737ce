/* Which master keys the secrets of connections, of event endpoints and of authenticators, what plug-ins keep, and the keys that sign are sealed by, and sealing them anew. */
#include "roster/sealed.h"

#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "roster/connection.h"
#include "roster/event_endpoint.h"
#include "roster/kept.h"
#include "roster/second_factor.h"
#include "roster/signing_key.h"

int sealed_keys(struct tx *tx, struct arena *arena, struct sealed_key **ret, size_t *ret_count, struct error *e)
{
	static const struct query query = {
		"sealed.keys",
		"SELECT key, secrets, organisations FROM sealed_keys()",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	size_t size;

	if (query_run(tx, &query, NO_PARAMS, arena, &rows, e) < 0)
		return -1;
	*ret_count = rows_count(rows);
	*ret = arena_array(arena, *ret_count, sizeof(**ret));
	for (size_t i = 0; i < *ret_count; i++)
		(*ret)[i] = (struct sealed_key){ rows_bytes(rows, i, 0, &size), rows_int(rows, i, 1), rows_int(rows, i, 2) };
	return 0;
}

/* ---- sealing again ---- */

int sealed_next(struct tx *tx, struct arena *arena, const struct crypt_keys *keys, struct id *ret, struct error *e)
{
	static const struct query query = {
		"sealed.next",
		"SELECT o FROM sealed_otherwise($1) AS o WHERE o IS NOT NULL",
		QUERY_READS,
		0,
	};
	uint8_t ids[CRYPT_KEYS_MOST][CRYPT_KEY_ID_SIZE];
	const struct rows *rows;

	crypt_key_ids(keys, ids);
	int found = query_one(tx, &query, PARAMS(P_BYTES(ids[0], CRYPT_KEY_ID_SIZE)), arena, &rows, e);
	if (found == 1)
		*ret = rows_id(rows, 0, 0);
	return found;
}

/* Where secrets stand: whose they are, what they are sealed for, and the table. */
static const struct holder {
	const char *word;
	const char *(*context)(struct arena *, const struct id *organisation, const struct id *holder, const char *name);
	struct query renew;
	struct query forget; /* one that cannot be opened, where that is as if there were none; otherwise it is told */
} holders[] = {
	{ "connection", connection_secret_context,
	  { "sealed.renew", "UPDATE connection_secrets SET sealed = $5 "
			    "WHERE organisation = $1 AND connection = $2 AND name = $3 AND sealed = $4", QUERY_CHANGES, 0 },
	  { 0 } },
	{ "event endpoint", event_endpoint_secret_context,
	  { "sealed.renew_events", "UPDATE event_secrets SET sealed = $5 "
				   "WHERE organisation = $1 AND endpoint = $2 AND name = $3 AND sealed = $4", QUERY_CHANGES, 0 },
	  { 0 } },
	{ "kept", kept_context,
	  { "sealed.renew_kept", "UPDATE connection_kept SET sealed = $5 "
				 "WHERE organisation = $1 AND connection = $2 AND name = $3 AND sealed = $4", QUERY_KEEPS, 0 },
	  { "sealed.forget_kept", "DELETE FROM connection_kept "
				  "WHERE organisation = $1 AND connection = $2 AND name = $3 AND sealed = $4", QUERY_KEEPS, 0 } },
	/* A code is wanted all the same: there are recovery codes, and administrators who take it off. */
	{ "local account", second_factor_context,
	  { "sealed.renew_totp", "UPDATE local_accounts SET totp = $5 "
				 "WHERE organisation = $1 AND user_id = $2 AND $3 = 'totp' AND totp = $4", QUERY_KEEPS, 0 },
	  { "sealed.forget_totp", "UPDATE local_accounts SET totp = NULL "
				  "WHERE organisation = $1 AND user_id = $2 AND $3 = 'totp' AND totp = $4", QUERY_KEEPS, 0 } },
	{ "signing key", signing_key_context,
	  { "sealed.renew_signing", "UPDATE signing_keys SET sealed = $5 WHERE $1::uuid IS NOT NULL AND id = $2 AND $3::text IS NOT NULL AND sealed = $4",
	    QUERY_CHANGES, 0 },
	  /* another one is made in its place, and signs at once */
	  { "sealed.forget_signing", "DELETE FROM signing_keys WHERE $1::uuid IS NOT NULL AND id = $2 AND $3::text IS NOT NULL AND sealed = $4", QUERY_CHANGES, 0 } },
};

static const struct holder *holder_of(const char *word)
{
	const struct holder *holder = holders;

	while (!text_equal(holder->word, word))
		holder++; /* our own statements say no other word */
	return holder;
}

/* The one that is written is opened first: nobody has to believe that what was sealed can be opened. */
static int renew(struct tx *tx, const struct crypt_keys *keys, const struct rows *rows, size_t row, struct arena *arena,
		 int64_t *ret_written, struct error *e)
{
	scoped(secret) *value = NULL, *again = NULL;
	const struct holder *holder = holder_of(rows_text(rows, row, 5));
	struct id organisation = rows_id(rows, row, 0), of = rows_id(rows, row, 1);
	const char *context = holder->context(arena, &organisation, &of, rows_text(rows, row, 2));
	size_t size, new_size;
	const void *sealed = rows_bytes(rows, row, 3, &size);
	const uint8_t *renewed;

	if (crypt_open(keys, context, sealed, size, &value, e) < 0) {
		if (!holder->forget.sql)
			return -1;
		return query_write(tx, &holder->forget,
				   PARAMS(P_ID(&organisation), P_ID(&of), P_TEXT(rows_text(rows, row, 2)), P_BYTES(sealed, size)),
				   ret_written, e);
	}
	crypt_seal(keys, context, value, arena, &renewed, &new_size);
	if (crypt_open(keys, context, renewed, new_size, &again, e) < 0)
		return -1;
	if (!secret_equal(again, secret_bytes(value), secret_size(value)))
		return error_set(e, ERROR_INTERNAL, "crypt.damaged", "what was sealed again opens as something else");
	return query_write(tx, &holder->renew,
			   PARAMS(P_ID(&organisation), P_ID(&of), P_TEXT(rows_text(rows, row, 2)),
				  P_BYTES(sealed, size), P_BYTES(renewed, new_size)),
			   ret_written, e);
}

static int name_secret(const struct rows *rows, size_t row, struct error *e)
{
	struct error why = *e;

	error_set(e, why.kind, why.code, "the secret \"%s\" of %s \"%s\": %s", rows_text(rows, row, 2),
		  rows_text(rows, row, 5), rows_text(rows, row, 4), why.text);
	return error_detail(e, "%s", why.detail);
}

int sealed_renew(struct tx *tx, const struct crypt_keys *keys, const struct id *organisation, int most,
		 int64_t *ret_count, struct error *e)
{
	static const struct query query = {
		"sealed.old",
		"SELECT s.organisation, s.connection, s.name, s.sealed, o.slug || '/' || c.name, 'connection' FROM connection_secrets s "
		"JOIN connections c ON c.organisation = s.organisation AND c.id = s.connection "
		"JOIN organisations o ON o.organisation = s.organisation "
		"WHERE s.organisation = $1 AND sealed_by(s.sealed) <> $2 "
		"UNION ALL SELECT s.organisation, s.endpoint, s.name, s.sealed, e.name, 'event endpoint' FROM event_secrets s "
		"JOIN event_endpoints e ON e.organisation = s.organisation AND e.id = s.endpoint "
		"WHERE s.organisation = $1 AND sealed_by(s.sealed) <> $2 "
		"UNION ALL SELECT s.organisation, s.connection, s.name, s.sealed, '', 'kept' FROM connection_kept s "
		"WHERE s.organisation = $1 AND sealed_by(s.sealed) <> $2 AND s.until > now() "
		"UNION ALL SELECT s.organisation, s.user_id, 'totp', s.totp, '', 'local account' FROM local_accounts s "
		"WHERE s.organisation = $1 AND sealed_by(s.totp) <> $2 "
		"UNION ALL SELECT $1, s.id, 'private', s.sealed, s.algorithm, 'signing key' FROM signing_keys s "
		"WHERE $1 = '00000000-0000-0000-0000-000000000000' AND sealed_by(s.sealed) <> $2 ORDER BY 2, 3 LIMIT $3",
		QUERY_READS,
		0,
	};
	scoped(arena) *arena = arena_open("sealed");
	uint8_t ids[CRYPT_KEYS_MOST][CRYPT_KEY_ID_SIZE];
	const struct rows *rows;
	int64_t written, count = 0;

	crypt_key_ids(keys, ids);
	if (query_run(tx, &query, PARAMS(P_ID(organisation), P_BYTES(ids[0], CRYPT_KEY_ID_SIZE), P_INT(most)), arena,
		      &rows, e) < 0)
		return -1;
	for (size_t i = 0; i < rows_count(rows); i++) {
		if (renew(tx, keys, rows, i, arena, &written, e) < 0)
			return name_secret(rows, i, e);
		count += written;
	}
	*ret_count = count;
	return 0;
}

/* ---- what no key opens ---- */

#define LOST_CONNECTIONS(l)                                                                             \
	"SELECT l.organisation, o.slug || '/' || c.name, l.name, sealed_by(l.sealed), false FROM " l " l "   \
	"JOIN connections c ON c.organisation = l.organisation AND c.id = l.connection "                    \
	"JOIN organisations o ON o.organisation = l.organisation "
#define LOST_EVENTS(l)                                                                                           \
	"SELECT l.organisation, coalesce(o.slug || '/', '') || e.name, l.name, sealed_by(l.sealed), true FROM " l " l " \
	"JOIN event_endpoints e ON e.organisation = l.organisation AND e.id = l.endpoint "                        \
	"LEFT JOIN organisations o ON o.organisation = l.organisation "

static int run_lost(struct tx *tx, struct arena *arena, const struct query *query, int first,
		    const struct crypt_keys *keys, struct sealed_lost **ret, size_t *ret_count, struct error *e)
{
	uint8_t ids[CRYPT_KEYS_MOST][CRYPT_KEY_ID_SIZE];
	size_t last = crypt_key_ids(keys, ids) - 1, size;
	const struct rows *rows;

	if (query_run(tx, query, PARAMS(P_BYTES(ids[0], CRYPT_KEY_ID_SIZE), P_BYTES(ids[last], CRYPT_KEY_ID_SIZE)), arena,
		      &rows, e) < 0)
		return -1;
	*ret_count = rows_count(rows);
	*ret = arena_array(arena, *ret_count, sizeof(**ret));
	for (size_t i = 0; i < *ret_count; i++)
		(*ret)[i] = (struct sealed_lost){
			.organisation = rows_id(rows, i, first),
			.holder = rows_text(rows, i, first + 1),
			.name = rows_text(rows, i, first + 2),
			.key = rows_bytes(rows, i, first + 3, &size),
			.of_events = rows_bool(rows, i, first + 4),
		};
	return 0;
}

int sealed_lost(struct tx *tx, struct arena *arena, const struct crypt_keys *keys, struct sealed_lost **ret,
		size_t *ret_count, struct error *e)
{
	static const struct query query = {
		"sealed.lost",
		LOST_CONNECTIONS("connection_secrets") "WHERE sealed_by(l.sealed) NOT IN ($1, $2) UNION ALL "
		LOST_EVENTS("event_secrets") "WHERE sealed_by(l.sealed) NOT IN ($1, $2) ORDER BY 5, 2, 3",
		QUERY_READS,
		0,
	};

	return run_lost(tx, arena, &query, 0, keys, ret, ret_count, e);
}

int sealed_forget(struct tx *tx, struct arena *arena, const struct crypt_keys *keys, struct sealed_lost **ret,
		  size_t *ret_count, struct error *e)
{
	static const struct query query = {
		"sealed.forget",
		"WITH gone AS (DELETE FROM connection_secrets WHERE sealed_by(sealed) NOT IN ($1, $2) RETURNING *), "
		"gone_events AS (DELETE FROM event_secrets WHERE sealed_by(sealed) NOT IN ($1, $2) RETURNING *) "
		"SELECT 1::bigint AS written, f.* FROM (" LOST_CONNECTIONS("gone") "UNION ALL " LOST_EVENTS("gone_events") ") f "
		"ORDER BY 6, 3, 4",
		QUERY_CHANGES,
		0,
	};

	return run_lost(tx, arena, &query, 1, keys, ret, ret_count, e);
}
