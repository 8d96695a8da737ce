#include "roster/signing_key.h"

#include "base/jose.h"
#include "base/secret.h"
#include "base/text.h"
#include "roster/audit.h"

const char *const signing_key_algorithms[] = { "RS256", "ES256", NULL };

/* organisation and name are those of every secret that is sealed again; these keys are nobody's but the
 * operator's. */
const char *signing_key_context(struct arena *arena, const struct id *organisation, const struct id *key,
				const char *name)
{
	char id[ID_TEXT_SIZE];

	(void)organisation, (void)name;
	return arena_format(arena, "signing_keys/%s", id_text(key, id));
}

#define SHOWN                                                                                                \
	"k.id, k.algorithm, k.public, CASE WHEN k.replaced_at <= now() THEN 'former' WHEN k.signs_from > "   \
	"now() THEN 'next' ELSE 'current' END, "                                                             \
	"k.made_at, k.signs_from, k.replaced_at, k.gone_at"

static struct signing_key read_row(const struct rows *rows, size_t row)
{
	return (struct signing_key){
		.id = rows_id(rows, row, 0),
		.algorithm = rows_text(rows, row, 1),
		.public = rows_text(rows, row, 2),
		.state = rows_text(rows, row, 3),
		.made_at = rows_time(rows, row, 4),
		.signs_from = rows_time(rows, row, 5),
		.replaced_at = rows_time(rows, row, 6),
		.gone_at = rows_time(rows, row, 7),
	};
}

int signing_key_list(struct tx *tx, struct arena *arena, struct signing_key **ret, size_t *ret_count,
		     struct error *e)
{
	static const struct query query = {
		"signing_key.list",
		"SELECT " SHOWN " FROM signing_keys k WHERE k.gone_at IS NULL OR k.gone_at > now() "
		"ORDER BY k.algorithm DESC, k.signs_from DESC, k.made_at DESC",
		QUERY_READS,
		0,
	};
	const struct rows *rows;

	if (query_run(tx, &query, NO_PARAMS, arena, &rows, e) < 0)
		return -1;
	*ret_count = rows_count(rows);
	*ret = arena_array(arena, *ret_count, sizeof(**ret));
	for (size_t i = 0; i < *ret_count; i++)
		(*ret)[i] = read_row(rows, i);
	return 0;
}

int signing_key_find(struct tx *tx, struct arena *arena, const char *kid, struct signing_key *ret,
		     struct error *e)
{
	static const struct query query = {
		"signing_key.find",
		"SELECT " SHOWN
		" FROM signing_keys k WHERE k.id = $1 AND (k.gone_at IS NULL OR k.gone_at > now())",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	struct id id;
	int found = !kid || id_parse(kid, &id) < 0
			    ? 0
			    : query_one(tx, &query, PARAMS(P_ID(&id)), arena, &rows, e);

	if (found == 1)
		*ret = read_row(rows, 0);
	return found;
}

/* ---- signing ---- */

/* 1, 0 there is none, -1. */
static int find_current(struct tx *tx, struct arena *arena, const char *algorithm, struct id *ret_id,
			const uint8_t **ret, size_t *ret_size, struct error *e)
{
	static const struct query query = {
		"signing_key.current",
		"SELECT k.id, k.sealed FROM signing_keys k WHERE k.algorithm = $1 AND k.signs_from <= now() "
		"AND (k.replaced_at IS NULL OR k.replaced_at > now()) "
		"ORDER BY k.signs_from DESC, k.made_at DESC LIMIT 1",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	int found = query_one(tx, &query, PARAMS(P_TEXT(algorithm)), arena, &rows, e);

	if (found == 1) {
		*ret_id = rows_id(rows, 0, 0);
		*ret = rows_bytes(rows, 0, 1, ret_size);
	}
	return found;
}

int signing_key_sign(struct tx *tx, const struct crypt_keys *keys, const char *algorithm, const char *type,
		     const char *payload, struct arena *arena, const char **ret, struct error *e)
{
	scoped(secret) *key = NULL;
	const uint8_t *sealed = NULL;
	struct id id;
	size_t size = 0;
	char kid[ID_TEXT_SIZE];
	int found = find_current(tx, arena, algorithm, &id, &sealed, &size, e);

	if (found == 0)
		return error_set(e, ERROR_RETRY, "openid.no_key",
				 "there is no key yet that signs by %s; the daemon is making one", algorithm);
	if (found < 0 ||
	    crypt_open(keys, signing_key_context(arena, NULL, &id, NULL), sealed, size, &key, e) < 0)
		return -1;
	return jose_sign(key, algorithm, id_text(&id, kid), type, payload, arena, ret, e);
}

/* ---- making ---- */

static int add(struct tx *tx, const struct crypt_keys *keys, const char *algorithm, int64_t lead_ms,
	       int64_t *ret_made, struct error *e)
{
	static const struct query query = {
		"signing_key.add",
		"INSERT INTO signing_keys (id, algorithm, public, sealed, signs_from) VALUES ($1, $2, $3, "
		"$4, now() + $5 * interval '1 millisecond') "
		"ON CONFLICT (algorithm) WHERE replaced_at IS NULL DO NOTHING",
		QUERY_CHANGES,
		0,
	};
	scoped(arena) *arena = arena_open("signing key");
	scoped(secret) *key = NULL;
	const char *public;
	const uint8_t *sealed;
	struct id id = id_new();
	char kid[ID_TEXT_SIZE];
	size_t size;

	if (jose_key_make(algorithm, id_text(&id, kid), arena, &public, &key, e) < 0)
		return -1;
	crypt_seal(keys, signing_key_context(arena, NULL, &id, NULL), key, arena, &sealed, &size);
	return query_write(tx, &query,
			   PARAMS(P_ID(&id), P_TEXT(algorithm), P_TEXT(public), P_BYTES(sealed, size),
				  P_INT(lead_ms)),
			   ret_made, e);
}

int signing_key_roll(struct tx *tx, const struct crypt_keys *keys, const char *algorithm, int64_t lead_ms,
		     bool now_gone, struct error *e)
{
	static const struct query replace = {
		"signing_key.replace",
		"UPDATE signing_keys k SET replaced_at = least(k.replaced_at, now() + $2 * interval '1 "
		"millisecond'), "
		"gone_at = CASE WHEN $4 THEN now() ELSE least(k.gone_at, now() + ($2 + $3) * interval '1 "
		"millisecond') END "
		"WHERE k.algorithm = $1 AND (k.replaced_at IS NULL OR k.replaced_at > now() + $2 * interval "
		"'1 millisecond' OR $4 AND k.gone_at > now())",
		QUERY_CHANGES,
		0,
	};
	int64_t made;

	if (audit_choose(tx, NULL, e) < 0 ||
	    query_write(tx, &replace,
			PARAMS(P_TEXT(algorithm), P_INT(lead_ms), P_INT(SIGNING_KEY_KEEP_MS),
			       P_BOOL(now_gone)),
			NULL, e) < 0 ||
	    add(tx, keys, algorithm, lead_ms, &made, e) < 0)
		return -1;
	return made == 1 ? 0
			 : error_set(e, ERROR_CONFLICT, "signing_key.rolled",
				     "somebody else has made a new key of %s just now", algorithm);
}

/* Who signs no more needs no private half. */
static int wipe(struct tx *tx, struct error *e)
{
	static const struct query query = {
		"signing_key.wipe",
		"UPDATE signing_keys SET sealed = NULL WHERE replaced_at <= now() AND sealed IS NOT NULL",
		QUERY_KEEPS,
		0,
	};

	return query_write(tx, &query, NO_PARAMS, NULL, e);
}

/* What is to be done about an algorithm. */
enum need { NEED_NOTHING, NEED_FIRST, NEED_NEXT, NEED_AT_ONCE };

static int look(struct tx *tx, const struct crypt_keys *keys, const char *algorithm, int64_t most_ms,
		enum need *ret, struct error *e)
{
	static const struct query query = {
		"signing_key.newest",
		"SELECT k.id, k.sealed, $2::bigint > 0 AND k.signs_from <= now() - $2::bigint * interval '1 "
		"millisecond' FROM signing_keys k "
		"WHERE k.algorithm = $1 AND k.replaced_at IS NULL FOR UPDATE",
		QUERY_READS,
		0,
	};
	scoped(arena) *arena = arena_open("signing key");
	scoped(secret) *key = NULL;
	const struct rows *rows;
	const uint8_t *sealed;
	struct error why;
	struct id id;
	size_t size;
	int found = query_one(tx, &query, PARAMS(P_TEXT(algorithm), P_INT(most_ms)), arena, &rows, e);

	if (found <= 0) {
		*ret = NEED_FIRST;
		return found;
	}
	id = rows_id(rows, 0, 0);
	sealed = rows_bytes(rows, 0, 1, &size);
	if (crypt_open(keys, signing_key_context(arena, NULL, &id, NULL), sealed, size, &key, &why) < 0)
		*ret = NEED_AT_ONCE;
	else
		*ret = rows_bool(rows, 0, 2) ? NEED_NEXT : NEED_NOTHING;
	return 0;
}

static int audit_made(struct tx *tx, const char *algorithm, struct error *e)
{
	const struct actor actor = { .kind = "daemon", .id = "rosterd", .source = "daemon" };
	const struct audit_event event = { .action = "signing_key.made",
					   .target_kind = "signing_key",
					   .target = algorithm };

	return audit_write(tx, NULL, &actor, &event, e);
}

static int tend_one(struct tx *tx, const struct crypt_keys *keys, const char *algorithm, int64_t most_ms,
		    int *ret_made, struct error *e)
{
	enum need need = NEED_NOTHING;
	int64_t made = 0;

	if (look(tx, keys, algorithm, most_ms, &need, e) < 0)
		return -1;
	if (need == NEED_FIRST && add(tx, keys, algorithm, 0, &made, e) < 0)
		return -1;
	if (need == NEED_NEXT || need == NEED_AT_ONCE) {
		if (signing_key_roll(tx, keys, algorithm, need == NEED_NEXT ? SIGNING_KEY_LEAD_MS : 0, false,
				     e) < 0)
			return -1;
		made = 1;
	}
	*ret_made += (int)made;
	return made > 0 ? audit_made(tx, algorithm, e) : 0;
}

int signing_key_tend(struct tx *tx, const struct crypt_keys *keys, int64_t most_ms, int *ret_made,
		     struct error *e)
{
	*ret_made = 0;
	if (audit_choose(tx, NULL, e) < 0)
		return -1;
	for (const char *const *algorithm = signing_key_algorithms; *algorithm; algorithm++)
		if (tend_one(tx, keys, *algorithm, most_ms, ret_made, e) < 0)
			return -1;
	return wipe(tx, e);
}
