#include "roster/grant.h"

#include <string.h>

#include "base/text.h"

bool grant_is(const char *prefix, const char *text)
{
	return text && strlen(text) == GRANT_TEXT_SIZE && text_begins(text, prefix) &&
	       text[strlen(prefix)] == '_';
}

/* ---- looking ---- */

/* What both ways of looking tell, in this order and first. */
#define SHOWN                                                                                        \
	"id, organisation, client, session, scopes, slug, user_id, email, name, role, signed_on_at, " \
	"session_until"

enum { BEHIND_SHOWN = 12 };

static struct granted read_row(const struct rows *rows)
{
	return (struct granted){
		.id = rows_id(rows, 0, 0),
		.organisation = rows_id(rows, 0, 1),
		.client = rows_id(rows, 0, 2),
		.session = rows_id(rows, 0, 3),
		.scopes = rows_texts(rows, 0, 4),
		.slug = rows_text(rows, 0, 5),
		.user = rows_id(rows, 0, 6),
		.email = rows_text(rows, 0, 7),
		.name = rows_text(rows, 0, 8),
		.role = rows_text(rows, 0, 9),
		.signed_on_at = rows_time(rows, 0, 10),
		.session_until = rows_time(rows, 0, 11),
	};
}

int grant_by_code(struct tx *tx, struct arena *arena, const uint8_t hash[CRYPT_DIGEST_SIZE],
		  struct granted *ret, struct error *e)
{
	static const struct query query = {
		"grant.by_code",
		"SELECT " SHOWN ", nonce, redirect_uri, challenge FROM grant_by_code($1) WHERE id IS NOT NULL",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	int found = query_one(tx, &query, PARAMS(P_BYTES(hash, CRYPT_DIGEST_SIZE)), arena, &rows, e);

	if (found == 1) {
		*ret = read_row(rows);
		ret->nonce = rows_text(rows, 0, BEHIND_SHOWN);
		ret->redirect_uri = rows_text(rows, 0, BEHIND_SHOWN + 1);
		ret->challenge = rows_text(rows, 0, BEHIND_SHOWN + 2);
	}
	return found;
}

int grant_by_token(struct tx *tx, struct arena *arena, const uint8_t hash[CRYPT_DIGEST_SIZE],
		   struct granted *ret, struct error *e)
{
	static const struct query query = {
		"grant.by_token",
		"SELECT " SHOWN ", client_name, kind, made_at, expires_at, ended FROM grant_by_token($1) "
		"WHERE id IS NOT NULL",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	int found = query_one(tx, &query, PARAMS(P_BYTES(hash, CRYPT_DIGEST_SIZE)), arena, &rows, e);

	if (found == 1) {
		*ret = read_row(rows);
		ret->client_name = rows_text(rows, 0, BEHIND_SHOWN);
		ret->kind = rows_text(rows, 0, BEHIND_SHOWN + 1);
		ret->made_at = rows_time(rows, 0, BEHIND_SHOWN + 2);
		ret->expires_at = rows_time(rows, 0, BEHIND_SHOWN + 3);
		ret->ended = rows_bool(rows, 0, BEHIND_SHOWN + 4);
	}
	return found;
}

/* ---- codes ---- */

int grant_create(struct tx *tx, const struct granted *g, const uint8_t code[CRYPT_DIGEST_SIZE],
		 struct error *e)
{
	static const struct query query = {
		"grant.create",
		"INSERT INTO grants (organisation, id, client, session, scopes, nonce, redirect_uri, "
		"challenge, code_hash, code_until) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, now() + $10 * interval '1 millisecond')",
		QUERY_CHANGES,
		0,
	};

	return query_write(tx, &query,
			   PARAMS(P_ID(&g->organisation), P_ID(&g->id), P_ID(&g->client), P_ID(&g->session),
				  P_TEXTS(g->scopes), P_TEXT(g->nonce), P_TEXT(g->redirect_uri),
				  P_TEXT(g->challenge), P_BYTES(code, CRYPT_DIGEST_SIZE),
				  P_INT(GRANT_CODE_MS)),
			   NULL, e);
}

int grant_use(struct tx *tx, const struct granted *g, bool *ret_again, struct error *e)
{
	static const struct query use = {
		"grant.use",
		"UPDATE grants SET used_at = now() WHERE organisation = $1 AND id = $2 AND used_at IS NULL "
		"AND ended_at IS NULL AND code_until > now()",
		QUERY_KEEPS,
		0,
	};
	static const struct query used = {
		"grant.used",
		"SELECT used_at IS NOT NULL FROM grants WHERE organisation = $1 AND id = $2",
		QUERY_READS,
		0,
	};
	scoped(arena) *arena = arena_open("grant");
	const struct rows *rows;
	int64_t changed;
	int found;

	*ret_again = false;
	if (query_write(tx, &use, PARAMS(P_ID(&g->organisation), P_ID(&g->id)), &changed, e) < 0)
		return -1;
	if (changed == 1)
		return 1;
	found = query_one(tx, &used, PARAMS(P_ID(&g->organisation), P_ID(&g->id)), arena, &rows, e);
	*ret_again = found == 1 && rows_bool(rows, 0, 0);
	return found < 0 ? -1 : 0;
}

int grant_hold_session(struct tx *tx, const struct granted *g, struct error *e)
{
	static const struct query query = {
		"grant.hold_session",
		"SELECT FROM sessions WHERE organisation = $1 AND id = $2 AND ended_at IS NULL FOR NO KEY "
		"UPDATE",
		QUERY_READS,
		0,
	};
	scoped(arena) *arena = arena_open("grant");
	const struct rows *rows;

	return query_one(tx, &query, PARAMS(P_ID(&g->organisation), P_ID(&g->session)), arena, &rows, e);
}

/* ---- tokens ---- */

int grant_add_token(struct tx *tx, const struct granted *g, const char *kind,
		    const uint8_t hash[CRYPT_DIGEST_SIZE], const char *const *scopes, int64_t for_ms,
		    int64_t *ret_until, struct error *e)
{
	static const struct query query = {
		"grant.add_token",
		"INSERT INTO grant_tokens (hash, organisation, grant_id, kind, scopes, expires_at) "
		"VALUES ($3, $1, $2, $4, $5, least($6, now() + $7 * interval '1 millisecond')) RETURNING "
		"1::bigint AS written, expires_at",
		QUERY_KEEPS,
		0,
	};
	scoped(arena) *arena = arena_open("grant");
	const struct rows *rows;

	if (query_one(tx, &query,
		      PARAMS(P_ID(&g->organisation), P_ID(&g->id), P_BYTES(hash, CRYPT_DIGEST_SIZE),
			     P_TEXT(kind), P_TEXTS(scopes), P_TIME(g->session_until), P_INT(for_ms)),
		      arena, &rows, e) < 0)
		return -1;
	*ret_until = rows_time(rows, 0, 1);
	return 0;
}

/* It has no successor yet. */
static int succeed(struct tx *tx, const struct granted *g, const uint8_t hash[CRYPT_DIGEST_SIZE],
		   const uint8_t successor[CRYPT_DIGEST_SIZE], struct error *e)
{
	static const struct query query = {
		"grant.succeed",
		"UPDATE grant_tokens SET used_at = now(), successor = $3 WHERE organisation = $1 AND hash = "
		"$2",
		QUERY_KEEPS,
		0,
	};

	return query_write(tx, &query,
			   PARAMS(P_ID(&g->organisation), P_BYTES(hash, CRYPT_DIGEST_SIZE),
				  P_BYTES(successor, CRYPT_DIGEST_SIZE)),
			   NULL, e);
}

int grant_refresh(struct tx *tx, const struct granted *g, const uint8_t hash[CRYPT_DIGEST_SIZE],
		  const uint8_t successors[CRYPT_KEYS_MOST][CRYPT_DIGEST_SIZE], size_t count,
		  int64_t grace_ms, enum grant_refresh *ret, size_t *ret_which, struct error *e)
{
	static const struct query lock = {
		"grant.lock",
		"SELECT FROM grant_tokens WHERE organisation = $1 AND hash = $2 FOR UPDATE",
		QUERY_READS,
		0,
	};
	static const struct query look = {
		/* only then, since it must see what whoever held it has written */
		"grant.look",
		"SELECT t.used_at, t.used_at > clock_timestamp() - $3 * interval '1 millisecond' AND EXISTS "
		"(SELECT FROM grant_tokens n "
		"WHERE n.organisation = t.organisation AND n.hash = t.successor AND n.used_at IS NULL), "
		"t.successor "
		"FROM grant_tokens t WHERE t.organisation = $1 AND t.hash = $2",
		QUERY_READS,
		0,
	};
	scoped(arena) *arena = arena_open("grant");
	const struct rows *rows;
	const uint8_t *successor;
	size_t size;
	int found;

	*ret = GRANT_REUSED; /* also of one that was thrown away meanwhile */
	*ret_which = 0;
	if (query_write(tx, &lock, PARAMS(P_ID(&g->organisation), P_BYTES(hash, CRYPT_DIGEST_SIZE)), NULL,
			e) < 0)
		return -1;
	found = query_one(tx, &look,
			  PARAMS(P_ID(&g->organisation), P_BYTES(hash, CRYPT_DIGEST_SIZE), P_INT(grace_ms)),
			  arena, &rows, e);
	if (found <= 0)
		return found;
	if (rows_null(rows, 0, 0)) {
		*ret = GRANT_FRESH;
		return succeed(tx, g, hash, successors[0], e);
	}
	successor = rows_bytes(rows, 0, 2, &size);
	for (size_t i = 0; i < count; i++)
		if (rows_bool(rows, 0, 1) && crypt_digest_equal(successors[i], successor)) {
			*ret = GRANT_AGAIN;
			*ret_which = i;
		}
	return 0;
}

int grant_end(struct tx *tx, const struct granted *g, const char *by, bool *ret_ended, struct error *e)
{
	static const struct query query = {
		"grant.end",
		"UPDATE grants SET ended_at = now(), ended_by = $3 WHERE organisation = $1 AND id = $2 AND "
		"ended_at IS NULL",
		QUERY_CHANGES,
		0,
	};
	int64_t changed;

	if (query_write(tx, &query, PARAMS(P_ID(&g->organisation), P_ID(&g->id), P_TEXT(by)), &changed, e) <
	    0)
		return -1;
	*ret_ended = changed == 1;
	return 0;
}

int grant_drop_token(struct tx *tx, const struct granted *g, const uint8_t hash[CRYPT_DIGEST_SIZE],
		     struct error *e)
{
	static const struct query query = {
		"grant.drop_token",
		"DELETE FROM grant_tokens WHERE organisation = $1 AND hash = $2",
		QUERY_KEEPS,
		0,
	};

	return query_write(tx, &query, PARAMS(P_ID(&g->organisation), P_BYTES(hash, CRYPT_DIGEST_SIZE)), NULL,
			   e);
}
