#include "roster/kept.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/secret.h"

const char *kept_context(struct arena *arena, const struct id *organisation, const struct id *connection, const char *name)
{
	char of[ID_TEXT_SIZE], which[ID_TEXT_SIZE];

	return arena_format(arena, "connection_kept/%s/%s/%s", id_text(organisation, of), id_text(connection, which), name);
}

static int64_t until_us(int64_t until_s)
{
	const int64_t second = 1000000, most = clock_now_us() / second + KEPT_S_MOST;

	return (until_s > most ? most : until_s < 1 ? 1 : until_s) * second;
}

int kept_keep(struct tx *tx, const struct crypt_keys *keys, const struct id *organisation, const struct id *connection, const char *name,
              const struct secret *value, int64_t until_s, struct error *e)
{
	static const struct query forget = {
		"kept.forget",
		"DELETE FROM connection_kept WHERE organisation = $1 AND connection = $2 AND name = $3",
		QUERY_KEEPS,
		0,
	};
	static const struct query keep = {
		"kept.keep",
		"WITH old AS (DELETE FROM connection_kept WHERE organisation = $1 AND connection = $2 AND name <> $3 AND until <= now()) "
		"INSERT INTO connection_kept (organisation, connection, name, sealed, until) SELECT $1, $2, $3, $4, $5 "
		"WHERE (SELECT count(*) FROM connection_kept WHERE organisation = $1 AND connection = $2 AND name <> $3 AND until > now()) < $6 "
		"ON CONFLICT (organisation, connection, name) DO UPDATE SET sealed = excluded.sealed, until = excluded.until",
		QUERY_KEEPS,
		0,
	};
	scoped(arena) *arena = arena_open("kept");
	const uint8_t *sealed;
	int64_t written;
	size_t size;

	if (!value)
		return query_write(tx, &forget, PARAMS(P_ID(organisation), P_ID(connection), P_TEXT(name)), NULL, e);
	crypt_seal(keys, kept_context(arena, organisation, connection, name), value, arena, &sealed, &size);
	if (query_write(tx, &keep,
	                PARAMS(P_ID(organisation), P_ID(connection), P_TEXT(name), P_BYTES(sealed, size), P_TIME(until_us(until_s)),
	                       P_INT(KEPT_MOST)),
	                &written, e) < 0)
		return -1;
	if (written == 0)
		return error_set(e, ERROR_LIMIT, "kept.many", "a plug-in keeps more than %d values of one connection", KEPT_MOST);
	return 0;
}

int kept_find(struct tx *tx, const struct crypt_keys *keys, const struct id *organisation, const struct id *connection, const char *name,
              struct secret **ret, struct error *e)
{
	static const struct query find = {
		"kept.find",
		"SELECT sealed FROM connection_kept WHERE organisation = $1 AND connection = $2 AND name = $3 AND until > now()",
		QUERY_READS,
		0,
	};
	scoped(arena) *arena = arena_open("kept");
	const struct rows *rows;
	const void *sealed;
	struct error ignored;
	size_t size;
	int found = query_one(tx, &find, PARAMS(P_ID(organisation), P_ID(connection), P_TEXT(name)), arena, &rows, e);

	if (found <= 0)
		return found;
	sealed = rows_bytes(rows, 0, 0, &size);
	return crypt_open(keys, kept_context(arena, organisation, connection, name), sealed, size, ret, &ignored) == 0;
}
