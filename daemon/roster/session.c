#include "roster/session.h"

#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"

#define COUNTS "s.ended_at IS NULL AND s.expires_at > now() AND s.seen_at + s.idle_ms * interval '1 millisecond' > now()"

static const char *provider_context(struct arena *arena, const struct id *organisation, const struct id *id)
{
	char of[ID_TEXT_SIZE], session[ID_TEXT_SIZE];

	return arena_format(arena, "session/%s/%s", id_text(organisation, of), id_text(id, session));
}

int session_find(struct tx *tx, struct arena *arena, const uint8_t hash[CRYPT_DIGEST_SIZE], struct session *ret, struct error *e)
{
	static const struct query find = {
		"session.find",
		"SELECT id, organisation, slug, user_id, connection, remote_id, email, name, role, began_at, seen_at, expires_at, ip_allow_list, "
		"idle_ms, left_ms, unseen_ms FROM session_known($1) WHERE id IS NOT NULL",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	int found = query_one(tx, &find, PARAMS(P_BYTES(hash, CRYPT_DIGEST_SIZE)), arena, &rows, e);

	if (found == 1)
		*ret = (struct session){
			.id = rows_id(rows, 0, 0),
			.organisation = rows_id(rows, 0, 1),
			.slug = rows_text(rows, 0, 2),
			.user = rows_id(rows, 0, 3),
			.connection = rows_id(rows, 0, 4),
			.remote_id = rows_text(rows, 0, 5),
			.email = rows_text(rows, 0, 6),
			.name = rows_text(rows, 0, 7),
			.role = rows_text(rows, 0, 8),
			.began_at = rows_time(rows, 0, 9),
			.seen_at = rows_time(rows, 0, 10),
			.expires_at = rows_time(rows, 0, 11),
			.ip_allow_list = rows_texts_or_null(rows, 0, 12),
			.idle_ms = rows_int(rows, 0, 13),
			.left_ms = rows_int(rows, 0, 14),
			.unseen_ms = rows_int(rows, 0, 15),
		};
	return found;
}

/* What a provider calls somebody or a session is kept as its SHA-256: it is only ever asked for. */
struct named {
	uint8_t hash[CRYPT_DIGEST_SIZE];
	bool known;
};

static struct named hashed(const char *name)
{
	struct named made = { .known = name != NULL };

	if (name)
		crypt_sha256(name, strlen(name), made.hash);
	return made;
}

#define P_NAMED(n) P_BYTES((n).known ? (n).hash : NULL, (n).known ? CRYPT_DIGEST_SIZE : 0)

int session_meant(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection, const char *subject, const char *index,
                  struct session **ret, size_t *ret_count, struct error *e)
{
	static const struct query meant = {
		"session.meant",
		"SELECT s.id, s.user_id FROM sessions s WHERE s.organisation = $1 AND s.connection = $2 AND "
		"($3::bytea IS NULL OR s.provider_subject = $3) AND ($4::bytea IS NULL OR s.provider_index = $4 OR "
		"(s.provider_index IS NULL AND s.provider_subject = $3)) AND " COUNTS " ORDER BY s.id LIMIT $5",
		QUERY_READS,
		0,
	};
	struct named whose = hashed(subject), which = hashed(index);
	const struct rows *rows;

	if (query_run(tx, &meant, PARAMS(P_ID(organisation), P_ID(connection), P_NAMED(whose), P_NAMED(which), P_INT(SESSION_ENDED_MOST)), arena, &rows, e) <
	    0)
		return -1;
	*ret_count = rows_count(rows);
	*ret = arena_array(arena, *ret_count + 1, sizeof(**ret));
	for (size_t i = 0; i < *ret_count; i++)
		(*ret)[i] = (struct session){ .id = rows_id(rows, i, 0), .user = rows_id(rows, i, 1), .organisation = *organisation };
	return 0;
}

int session_create(struct tx *tx, const struct crypt_keys *keys, const struct session *s, const uint8_t hash[CRYPT_DIGEST_SIZE],
                   const struct secret *provider, struct error *e)
{
	/* Whoever changes the member now is either seen here, or finds this session and ends it. */
	static const struct query create = {
		"session.create",
		"INSERT INTO sessions (hash, organisation, id, user_id, connection, remote_id, idle_ms, expires_at, address, agent, provider_session, "
		"provider_subject, provider_index) "
		"SELECT $2, $1, $3, m.user_id, $5, $6, least($7::bigint, o.session_idle_ms), "
		"least($8::timestamptz, now() + o.session_most_ms * interval '1 millisecond'), $9, $10, $11, $12, $13 "
		"FROM members m JOIN organisations o ON o.organisation = m.organisation "
		"WHERE m.organisation = $1 AND m.user_id = $4 AND m.state = 'active' FOR SHARE",
		QUERY_CHANGES,
		0,
	};
	scoped(arena) *arena = arena_open("session");
	struct named subject = hashed(s->provider_subject), index = hashed(s->provider_index);
	const uint8_t *sealed = NULL;
	size_t size = 0;
	int64_t made;

	if (provider)
		crypt_seal(keys, provider_context(arena, &s->organisation, &s->id), provider, arena, &sealed, &size);
	return query_write(tx, &create,
	                   PARAMS(P_ID(&s->organisation), P_BYTES(hash, CRYPT_DIGEST_SIZE), P_ID(&s->id), P_ID(&s->user),
	                          P_ID(id_is_nil(&s->connection) ? NULL : &s->connection), P_TEXT(s->remote_id), P_INT(s->idle_ms),
	                          P_TIME(s->expires_at), P_TEXT(s->address), P_TEXT(s->agent), P_BYTES(sealed, size),
	                          P_NAMED(subject), P_NAMED(index)),
	                   &made, e) < 0
	               ? -1
	               : made == 1;
}

int session_seen_many(struct tx *tx, const struct session_seen *seen, size_t count, struct error *e)
{
	static const struct query write = { "session.seen_many", "SELECT sessions_seen($1, $2, $3) AS written", QUERY_KEEPS, 0 };
	scoped(arena) *arena = arena_open("session");
	struct id *organisations = arena_array(arena, count, sizeof(*organisations)), *ids = arena_array(arena, count, sizeof(*ids));
	const char **ago = arena_array(arena, count + 1, sizeof(*ago));
	int64_t now_ms = clock_monotonic_ms();

	for (size_t i = 0; i < count; i++) {
		organisations[i] = seen[i].organisation;
		ids[i] = seen[i].id;
		ago[i] = arena_format(arena, "%lld", (long long)(now_ms - seen[i].at_ms));
	}
	return query_write(tx, &write, PARAMS(P_IDS(organisations, count), P_IDS(ids, count), P_TEXTS(ago)), NULL, e);
}

int session_provider(struct tx *tx, const struct crypt_keys *keys, const struct id *organisation, const struct id *id, struct secret **ret,
                     struct error *e)
{
	static const struct query find = {
		"session.provider", "SELECT provider_session FROM sessions WHERE organisation = $1 AND id = $2 AND provider_session IS NOT NULL",
		QUERY_READS, 0,
	};
	scoped(arena) *arena = arena_open("session");
	const struct rows *rows;
	const uint8_t *sealed;
	size_t size;
	int found = query_one(tx, &find, PARAMS(P_ID(organisation), P_ID(id)), arena, &rows, e);

	if (found <= 0)
		return found;
	sealed = rows_bytes(rows, 0, 0, &size);
	return crypt_open(keys, provider_context(arena, organisation, id), sealed, size, ret, e) < 0 ? -1 : 1;
}

int session_list(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *user, const struct id *after, int most,
                 struct session **ret, size_t *ret_count, struct error *e)
{
	static const struct query list = {
		"session.list",
		"SELECT s.id, s.user_id, s.connection, s.remote_id, m.email, m.name, m.role, s.began_at, s.seen_at, "
		"least(s.expires_at, s.seen_at + s.idle_ms * interval '1 millisecond'), s.address, s.agent FROM sessions s "
		"LEFT JOIN members m ON m.organisation = s.organisation AND m.user_id = s.user_id "
		"WHERE s.organisation = $1 AND ($2::uuid IS NULL OR s.user_id = $2) AND ($3::uuid IS NULL OR s.id > $3) AND " COUNTS
		" ORDER BY s.id LIMIT $4",
		QUERY_READS,
		0,
	};
	const struct rows *rows;

	if (query_run(tx, &list, PARAMS(P_ID(organisation), P_ID(user), P_ID(after), P_INT(most)), arena, &rows, e) < 0)
		return -1;
	*ret_count = rows_count(rows);
	*ret = arena_array(arena, *ret_count, sizeof(**ret));
	for (size_t i = 0; i < *ret_count; i++)
		(*ret)[i] = (struct session){
			.id = rows_id(rows, i, 0),
			.organisation = *organisation,
			.user = rows_id(rows, i, 1),
			.connection = rows_id(rows, i, 2),
			.remote_id = rows_text(rows, i, 3),
			.email = rows_text(rows, i, 4),
			.name = rows_text(rows, i, 5),
			.role = rows_text(rows, i, 6),
			.began_at = rows_time(rows, i, 7),
			.seen_at = rows_time(rows, i, 8),
			.expires_at = rows_time(rows, i, 9),
			.address = rows_text(rows, i, 10),
			.agent = rows_text(rows, i, 11),
		};
	return 0;
}

int session_end(struct tx *tx, const struct id *organisation, const struct id *id, const struct id *user, const char *by, int64_t *ret_count,
                struct error *e)
{
	static const struct query end = {
		"session.end",
		"UPDATE sessions s SET ended_at = now(), ended_by = $4 WHERE organisation = $1 AND ($2::uuid IS NULL OR id = $2) "
		"AND ($3::uuid IS NULL OR user_id = $3) AND " COUNTS,
		QUERY_CHANGES,
		0,
	};

	return query_write(tx, &end, PARAMS(P_ID(organisation), P_ID(id), P_ID(user), P_TEXT(by)), ret_count, e);
}

int session_end_local(struct tx *tx, const struct id *organisation, const char *domain, int64_t *ret_count, struct error *e)
{
	static const struct query end = {
		"session.end_local",
		"UPDATE sessions s SET ended_at = now(), ended_by = 'sso_only' FROM local_accounts a WHERE s.organisation = $1 AND s.connection IS NULL "
		"AND a.organisation = $1 AND a.user_id = s.user_id AND NOT a.break_glass AND split_part(a.address, '@', 2) = $2 AND s.ended_at IS NULL",
		QUERY_CHANGES,
		0,
	};

	return query_write(tx, &end, PARAMS(P_ID(organisation), P_TEXT(domain)), ret_count, e);
}
