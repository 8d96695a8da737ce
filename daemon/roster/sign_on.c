#include "roster/sign_on.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/text.h"

enum { SEALED_MOST = 16 << 10, VALUE_MOST = 4096 };

int sign_on_address(struct tx *tx, struct arena *arena, const struct id *connection, struct sign_on_address *ret, struct error *e)
{
	static const struct query find = {
		"sign_on.address",
		"SELECT organisation, slug, plugin, version, open FROM sign_on_address($1) WHERE organisation IS NOT NULL",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	int found = query_one(tx, &find, PARAMS(P_ID(connection)), arena, &rows, e);

	if (found == 1)
		*ret = (struct sign_on_address){ rows_id(rows, 0, 0), rows_text(rows, 0, 1), rows_text(rows, 0, 2), rows_int(rows, 0, 3),
			                         rows_bool(rows, 0, 4) };
	return found;
}

int sign_on_still(struct tx *tx, const struct id *organisation, const struct id *connection, struct error *e)
{
	static const struct query still = {
		"sign_on.still",
		"SELECT FROM connections c JOIN organisations o ON o.organisation = c.organisation "
		"WHERE c.organisation = $1 AND c.id = $2 AND c.state = 'active' AND o.state = 'active' FOR SHARE OF c",
		QUERY_KEEPS,
		0,
	};
	int64_t found;

	return query_write(tx, &still, PARAMS(P_ID(organisation), P_ID(connection)), &found, e) < 0 ? -1 : found == 1;
}

/* ---- what is sealed ---- */

static const char *context(struct arena *arena, const char *what, const struct id *organisation, const struct id *id)
{
	char of[ID_TEXT_SIZE], which[ID_TEXT_SIZE];

	return arena_format(arena, "sign_on/%s/%s/%s", what, id_text(organisation, of), id_text(id, which));
}

static void seal(const struct crypt_keys *keys, const char *bound_to, const char *text, struct arena *arena, const uint8_t **ret, size_t *ret_size)
{
	scoped(secret) *value = secret_take(text, strlen(text));

	crypt_seal(keys, bound_to, value, arena, ret, ret_size);
}

static const char *values_text(const struct sign_on *s, struct buffer *into)
{
	struct json_writer w;

	json_writer_open(&w, into);
	json_begin_object(&w, NULL);
	json_put_text(&w, "nonce", s->nonce);
	json_put_text(&w, "verifier", s->verifier);
	json_put_text(&w, "request", s->request);
	json_put_text(&w, "hint", s->hint);
	json_put_text(&w, "return_to", s->return_to);
	json_end_object(&w);
	return into->bytes;
}

static int read_values(struct arena *arena, const struct secret *value, struct sign_on *into, struct error *e)
{
	static const struct json_field fields[] = {
		JSON_TEXT(struct sign_on, nonce, JSON_NEEDED, VALUE_MOST),    JSON_TEXT(struct sign_on, verifier, JSON_NEEDED, VALUE_MOST),
		JSON_TEXT(struct sign_on, request, JSON_NEEDED, VALUE_MOST),  JSON_TEXT(struct sign_on, hint, JSON_OPTIONAL, VALUE_MOST),
		JSON_TEXT(struct sign_on, return_to, JSON_OPTIONAL, VALUE_MOST), { 0 },
	};

	return json_read_bytes(arena, secret_text(value), secret_size(value), fields, into, e);
}

/* ---- the life of an attempt ---- */

int sign_on_begin(struct tx *tx, const struct crypt_keys *keys, const struct sign_on *s, struct error *e)
{
	static const struct query begin = {
		"sign_on.begin",
		"INSERT INTO sign_ons (organisation, id, connection, state_hash, browser, sealed, test, expires_at, presented) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		QUERY_KEEPS,
		0,
	};
	__attribute__((cleanup(buffer_close))) struct buffer text;
	scoped(arena) *arena = arena_open("sign-on");
	const uint8_t *sealed;
	size_t size;

	buffer_open(&text, SEALED_MOST);
	seal(keys, context(arena, "values", &s->organisation, &s->id), values_text(s, &text), arena, &sealed, &size);
	secret_wipe(text.bytes, text.length);
	return query_write(tx, &begin,
	                   PARAMS(P_ID(&s->organisation), P_ID(&s->id), P_ID(&s->connection), P_BYTES(s->state_hash, CRYPT_DIGEST_SIZE),
	                          P_BYTES(s->browser, CRYPT_DIGEST_SIZE), P_BYTES(sealed, size), P_BOOL(s->test), P_TIME(s->expires_at),
	                          P_BYTES(s->has_presented ? s->presented : NULL, s->has_presented ? CRYPT_DIGEST_SIZE : 0)),
	                   NULL, e);
}

int sign_on_find(struct tx *tx, struct arena *arena, const struct crypt_keys *keys, const struct id *organisation, const struct id *connection,
                 const uint8_t state_hash[CRYPT_DIGEST_SIZE], struct sign_on *ret, struct error *e)
{
	static const struct query find = {
		"sign_on.find",
		"SELECT id, browser, sealed, test, began_at, expires_at, outcome <> 'begun' OR expires_at <= now() OR sealed IS NULL, presented "
		"FROM sign_ons "
		"WHERE organisation = $1 AND connection = $2 AND state_hash = $3",
		QUERY_READS,
		0,
	};
	scoped(secret) *values = NULL;
	const struct rows *rows;
	struct sign_on found = { .organisation = *organisation, .connection = *connection };
	const uint8_t *presented;
	size_t size;
	int got = query_one(tx, &find, PARAMS(P_ID(organisation), P_ID(connection), P_BYTES(state_hash, CRYPT_DIGEST_SIZE)), arena, &rows, e);

	if (got <= 0)
		return got;
	found.id = rows_id(rows, 0, 0);
	memcpy(found.state_hash, state_hash, CRYPT_DIGEST_SIZE);
	memcpy(found.browser, rows_bytes(rows, 0, 1, &size), CRYPT_DIGEST_SIZE);
	found.test = rows_bool(rows, 0, 3);
	found.began_at = rows_time(rows, 0, 4);
	found.expires_at = rows_time(rows, 0, 5);
	found.over = rows_bool(rows, 0, 6);
	presented = rows_bytes(rows, 0, 7, &size);
	found.has_presented = presented && size == CRYPT_DIGEST_SIZE;
	if (found.has_presented)
		memcpy(found.presented, presented, CRYPT_DIGEST_SIZE);
	if (!found.over) {
		const uint8_t *sealed = rows_bytes(rows, 0, 2, &size);

		if (crypt_open(keys, context(arena, "values", organisation, &found.id), sealed, size, &values, e) < 0 ||
		    read_values(arena, values, &found, e) < 0)
			return -1;
	}
	*ret = found;
	return 1;
}

int sign_on_take(struct tx *tx, const struct id *organisation, const struct id *id, struct error *e)
{
	static const struct query take = {
		"sign_on.take",
		"UPDATE sign_ons SET outcome = 'failed', ended_at = clock_timestamp(), sealed = NULL WHERE organisation = $1 AND id = $2 "
		"AND outcome = 'begun' AND expires_at > now()",
		QUERY_KEEPS,
		0,
	};
	int64_t taken;

	return query_write(tx, &take, PARAMS(P_ID(organisation), P_ID(id)), &taken, e) < 0 ? -1 : taken == 1;
}

int sign_on_unasked(struct tx *tx, const struct sign_on *s, struct error *e)
{
	static const struct query unasked = {
		"sign_on.unasked",
		"INSERT INTO sign_ons (organisation, id, connection, outcome, ended_at, expires_at) VALUES ($1, $2, $3, 'failed', clock_timestamp(), $4)",
		QUERY_KEEPS,
		0,
	};

	return query_write(tx, &unasked, PARAMS(P_ID(&s->organisation), P_ID(&s->id), P_ID(&s->connection), P_TIME(s->expires_at)), NULL, e);
}

int sign_on_end(struct tx *tx, const struct crypt_keys *keys, const struct sign_on *s, struct error *e)
{
	static const struct query end = {
		"sign_on.end",
		"UPDATE sign_ons SET outcome = $3, code = $4, user_id = $5, session = $6, request = $7, trace = $8, message = $9, sealed = NULL, "
		"ended_at = clock_timestamp() WHERE organisation = $1 AND id = $2",
		QUERY_KEEPS,
		0,
	};
	scoped(arena) *arena = arena_open("sign-on");
	const uint8_t *sealed = NULL, *message = NULL;
	size_t size = 0, message_size = 0;

	if (s->trace)
		seal(keys, context(arena, "trace", &s->organisation, &s->id), s->trace, arena, &sealed, &size);
	if (s->message)
		seal(keys, context(arena, "message", &s->organisation, &s->id), s->message, arena, &message, &message_size);
	return query_write(tx, &end,
	                   PARAMS(P_ID(&s->organisation), P_ID(&s->id), P_TEXT(s->outcome), P_TEXT(s->code),
	                          P_ID(id_is_nil(&s->user) ? NULL : &s->user), P_ID(id_is_nil(&s->session) ? NULL : &s->session),
	                          P_TEXT(s->request_id), P_BYTES(sealed, size), P_BYTES(message, message_size)),
	                   NULL, e);
}

/* ---- used once ---- */

int sign_on_once(struct tx *tx, const struct id *organisation, const struct id *connection, const char *message, int64_t until_s,
                 struct error *e)
{
	static const struct query once = {
		"sign_on.once",
		"INSERT INTO sign_on_marks (organisation, connection, mark, until) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
		QUERY_KEEPS,
		0,
	};
	const int64_t second = 1000000, now = clock_now_us() / second;
	uint8_t mark[CRYPT_DIGEST_SIZE];
	int64_t written;

	if (until_s < now + SIGN_ON_ONCE_S_LEAST)
		until_s = now + SIGN_ON_ONCE_S_LEAST;
	/* Forgotten earlier than its provider stops to take it for good, it could be used again. */
	if (until_s > now + SIGN_ON_ONCE_S_MOST)
		return error_set(e, ERROR_DENIED, "sso.good_too_long", "what came is good for more than %d days from now",
		                 SIGN_ON_ONCE_S_MOST / (24 * 3600));
	crypt_sha256(message, strlen(message), mark);
	return query_write(tx, &once, PARAMS(P_ID(organisation), P_ID(connection), P_BYTES(mark, sizeof(mark)), P_TIME(until_s * second)), &written,
	                   e) < 0
	               ? -1
	               : written == 1;
}

/* ---- ways in ---- */

int sign_on_worked(struct tx *tx, const struct id *organisation, const struct id *connection, struct error *e)
{
	static const struct query worked = {
		"sign_on.worked",
		"INSERT INTO sign_on_doors AS d (organisation, connection) VALUES ($1, $2) ON CONFLICT (organisation, connection) DO UPDATE "
		"SET proven_at = now() WHERE d.proven_at < now() - interval '1 day'",
		QUERY_KEEPS,
		0,
	};

	return query_write(tx, &worked, PARAMS(P_ID(organisation), P_ID(connection)), NULL, e);
}

int sign_on_doors(struct tx *tx, struct arena *arena, const char *domain, const char *slug, struct sign_on_door **ret, size_t *ret_count,
                  struct error *e)
{
	static const struct query doors = {
		"sign_on.doors", "SELECT connection, name FROM sign_on_doors_of($1, $2)", QUERY_READS, 0,
	};
	const struct rows *rows;

	if (query_run(tx, &doors, PARAMS(P_TEXT(domain), P_TEXT(slug)), arena, &rows, e) < 0)
		return -1;
	*ret_count = rows_count(rows);
	*ret = arena_array(arena, *ret_count + 1, sizeof(**ret));
	for (size_t i = 0; i < *ret_count; i++)
		(*ret)[i] = (struct sign_on_door){ rows_id(rows, i, 0), rows_text(rows, i, 1) };
	return 0;
}

/* ---- shown ---- */

#define SHOWN "a.id, a.connection, a.test, a.began_at, a.expires_at, a.outcome, a.code, a.ended_at, a.user_id, a.session, a.request"

static struct sign_on shown(const struct rows *rows, size_t i, const struct id *organisation)
{
	return (struct sign_on){
		.organisation = *organisation,
		.id = rows_id(rows, i, 0),
		.connection = rows_id(rows, i, 1),
		.test = rows_bool(rows, i, 2),
		.began_at = rows_time(rows, i, 3),
		.expires_at = rows_time(rows, i, 4),
		.outcome = rows_text(rows, i, 5),
		.code = rows_text(rows, i, 6),
		.ended_at = rows_time(rows, i, 7),
		.user = rows_id(rows, i, 8),
		.session = rows_id(rows, i, 9),
		.request_id = rows_text(rows, i, 10),
	};
}

int sign_on_list(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection, const struct id *before,
                 int most, struct sign_on **ret, size_t *ret_count, struct error *e)
{
	static const struct query list = {
		"sign_on.list",
		"SELECT " SHOWN " FROM sign_ons a WHERE a.organisation = $1 AND ($2::uuid IS NULL OR a.connection = $2) "
		"AND ($3::uuid IS NULL OR a.id < $3) AND a.outcome <> 'begun' ORDER BY a.id DESC LIMIT $4",
		QUERY_READS,
		0,
	};
	const struct rows *rows;

	if (query_run(tx, &list, PARAMS(P_ID(organisation), P_ID(connection), P_ID(before), P_INT(most)), arena, &rows, e) < 0)
		return -1;
	*ret_count = rows_count(rows);
	*ret = arena_array(arena, *ret_count, sizeof(**ret));
	for (size_t i = 0; i < *ret_count; i++)
		(*ret)[i] = shown(rows, i, organisation);
	return 0;
}

static const char *opened(struct arena *arena, const struct crypt_keys *keys, const char *bound_to, const struct rows *rows, int column)
{
	scoped(secret) *value = NULL;
	struct error ignored;
	size_t size;
	const uint8_t *sealed = rows_bytes(rows, 0, column, &size);

	if (!sealed || size == 0 || crypt_open(keys, bound_to, sealed, size, &value, &ignored) < 0)
		return NULL;
	return arena_text(arena, secret_text(value));
}

int sign_on_load(struct tx *tx, struct arena *arena, const struct crypt_keys *keys, const struct id *organisation, const struct id *id,
                 struct sign_on *ret, struct error *e)
{
	static const struct query load = {
		"sign_on.load", "SELECT " SHOWN ", a.trace, a.message FROM sign_ons a WHERE a.organisation = $1 AND a.id = $2", QUERY_READS, 0,
	};
	const struct rows *rows;
	int found = query_one(tx, &load, PARAMS(P_ID(organisation), P_ID(id)), arena, &rows, e);

	if (found <= 0)
		return found;
	*ret = shown(rows, 0, organisation);
	ret->trace = opened(arena, keys, context(arena, "trace", organisation, id), rows, 11);
	ret->message = opened(arena, keys, context(arena, "message", organisation, id), rows, 12);
	return 1;
}
