#include "roster/event_endpoint.h"

#include <inttypes.h>

#include "base/crypt.h"
#include "base/secret.h"
#include "base/text.h"
#include "roster/audit.h"

enum { SIGNED_HEAD_MOST = 256 }; /* bytes of id and time before a body */

#define COLUMNS                                                                                                              \
	"p.organisation, p.id, p.name, p.url, p.types, p.private_addresses, p.state, p.created_by, p.created_at, p.version, p.place, "   \
	"p.tries, p.not_before, p.failing_since, p.delivered, p.delivered_at, p.last_status, p.last_error, "                            \
	"(SELECT count(*) FROM event_rejects r WHERE r.organisation = p.organisation AND r.endpoint = p.id)"

static struct event_endpoint read_row(const struct rows *rows, size_t row)
{
	return (struct event_endpoint){
		.organisation = rows_id(rows, row, 0),
		.id = rows_id(rows, row, 1),
		.name = rows_text(rows, row, 2),
		.url = rows_text(rows, row, 3),
		.types = rows_texts(rows, row, 4),
		.private_addresses = rows_bool(rows, row, 5),
		.state = rows_text(rows, row, 6),
		.created_by = rows_text(rows, row, 7),
		.created_at = rows_time(rows, row, 8),
		.version = rows_int(rows, row, 9),
		.place = rows_int(rows, row, 10),
		.tries = (int)rows_int(rows, row, 11),
		.not_before = rows_time(rows, row, 12),
		.failing_since = rows_time(rows, row, 13),
		.delivered = rows_int(rows, row, 14),
		.delivered_at = rows_time(rows, row, 15),
		.last_status = (int)rows_int(rows, row, 16),
		.last_error = rows_text(rows, row, 17),
		.rejects = rows_int(rows, row, 18),
	};
}

static const struct id *chain_of(const struct id *organisation)
{
	return organisation ? organisation : &audit_operators;
}

const char *event_endpoint_secret_context(struct arena *arena, const struct id *organisation, const struct id *endpoint,
					  const char *name)
{
	char of[ID_TEXT_SIZE], which[ID_TEXT_SIZE];

	return arena_format(arena, "events/%s/%s/%s", id_text(chain_of(organisation), of), id_text(endpoint, which), name);
}

/* ---- for administrators ---- */

int event_endpoint_list(struct tx *tx, struct arena *arena, const struct id *organisation, struct event_endpoint **ret,
			size_t *ret_count, struct error *e)
{
	static const struct query query = {
		"event_endpoint.list", "SELECT " COLUMNS " FROM event_endpoints p WHERE p.organisation = $1 ORDER BY p.name", QUERY_READS, 0,
	};
	const struct rows *rows;

	if (audit_choose(tx, organisation, e) < 0 || query_run(tx, &query, PARAMS(P_ID(chain_of(organisation))), arena, &rows, e) < 0)
		return -1;
	*ret_count = rows_count(rows);
	*ret = arena_array(arena, *ret_count, sizeof(**ret));
	for (size_t i = 0; i < *ret_count; i++)
		(*ret)[i] = read_row(rows, i);
	return 0;
}

static int find(struct tx *tx, struct arena *arena, const struct query *query, const struct id *organisation, struct param which,
		struct event_endpoint *ret, struct error *e)
{
	const struct rows *rows;
	int found = audit_choose(tx, organisation, e) < 0
			    ? -1
			    : query_one(tx, query, PARAMS(P_ID(chain_of(organisation)), which), arena, &rows, e);

	if (found == 1)
		*ret = read_row(rows, 0);
	return found;
}

int event_endpoint_find(struct tx *tx, struct arena *arena, const struct id *organisation, const char *name,
			struct event_endpoint *ret, struct error *e)
{
	static const struct query query = {
		"event_endpoint.find", "SELECT " COLUMNS " FROM event_endpoints p WHERE p.organisation = $1 AND p.name = $2", QUERY_READS, 0,
	};

	return find(tx, arena, &query, organisation, P_TEXT(name), ret, e);
}

int event_endpoint_load(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *id,
			struct event_endpoint *ret, struct error *e)
{
	static const struct query query = {
		"event_endpoint.load", "SELECT " COLUMNS " FROM event_endpoints p WHERE p.organisation = $1 AND p.id = $2", QUERY_READS, 0,
	};

	return find(tx, arena, &query, organisation, P_ID(id), ret, e);
}

static int taken(const struct event_endpoint *endpoint, struct error *e)
{
	return e->kind == ERROR_CONFLICT ? error_set(e, ERROR_CONFLICT, "event_endpoint.taken",
						     "there is an event endpoint \"%s\" already", endpoint->name)
					 : -1;
}

int event_endpoint_create(struct tx *tx, const struct id *organisation, struct event_endpoint *endpoint, struct error *e)
{
	static const struct query query = {
		"event_endpoint.create",
		"INSERT INTO event_endpoints (organisation, id, name, url, types, private_addresses, created_by, place) "
		"SELECT $1, $2, $3, $4, $5, $6, $7, $8 WHERE (SELECT count(*) FROM event_endpoints WHERE organisation = $1) < $9",
		QUERY_CHANGES, 0,
	};
	int64_t made;

	endpoint->id = id_new();
	if (audit_choose(tx, organisation, e) < 0)
		return -1;
	if (query_write(tx, &query,
			PARAMS(P_ID(chain_of(organisation)), P_ID(&endpoint->id), P_TEXT(endpoint->name), P_TEXT(endpoint->url),
			       P_TEXTS(endpoint->types), P_BOOL(endpoint->private_addresses), P_TEXT(endpoint->created_by),
			       P_INT(endpoint->place), P_INT(EVENT_ENDPOINTS_MOST)),
			&made, e) < 0)
		return taken(endpoint, e);
	return made == 1 ? 0
			 : error_set(e, ERROR_LIMIT, "limit.event_endpoints",
				     "there can be %d event endpoints, and there are; delete one that nobody listens at",
				     EVENT_ENDPOINTS_MOST);
}

int event_endpoint_update(struct tx *tx, const struct id *organisation, const struct event_endpoint *endpoint, struct error *e)
{
	static const struct query query = {
		"event_endpoint.update",
		"UPDATE event_endpoints SET name = $4, url = $5, types = $6, private_addresses = $7, state = $8, version = version + 1, "
		"not_before = now(), failing_since = NULL, tries = 0 WHERE organisation = $1 AND id = $2 AND version = $3",
		QUERY_CHANGES, 0,
	};
	int64_t changed;

	if (audit_choose(tx, organisation, e) < 0)
		return -1;
	if (query_write(tx, &query,
			PARAMS(P_ID(chain_of(organisation)), P_ID(&endpoint->id), P_INT(endpoint->version), P_TEXT(endpoint->name),
			       P_TEXT(endpoint->url), P_TEXTS(endpoint->types), P_BOOL(endpoint->private_addresses), P_TEXT(endpoint->state)),
			&changed, e) < 0)
		return taken(endpoint, e);
	return changed == 1 ? 0
			    : error_set(e, ERROR_PRECONDITION, "precondition.changed",
					"event endpoint \"%s\" was changed meanwhile; look at it again", endpoint->name);
}

int event_endpoint_delete(struct tx *tx, const struct id *organisation, const struct id *id, struct error *e)
{
	static const struct query query = {
		"event_endpoint.delete", "DELETE FROM event_endpoints WHERE organisation = $1 AND id = $2", QUERY_CHANGES, 0,
	};

	return query_write(tx, &query, PARAMS(P_ID(chain_of(organisation)), P_ID(id)), NULL, e);
}

int event_endpoint_replay(struct tx *tx, const struct id *organisation, const struct id *id, int64_t place, struct error *e)
{
	static const struct query query = {
		"event_endpoint.replay",
		"UPDATE event_endpoints SET place = $3, tries = 0, not_before = now(), failing_since = NULL, version = version + 1 "
		"WHERE organisation = $1 AND id = $2",
		QUERY_CHANGES, 0,
	};

	return query_write(tx, &query, PARAMS(P_ID(chain_of(organisation)), P_ID(id), P_INT(place)), NULL, e);
}

int event_endpoint_set_secret(struct tx *tx, const struct crypt_keys *keys, const struct id *organisation, const struct id *id,
			      const struct secret *value, int64_t overlap_ms, struct error *e)
{
	static const struct query make_former = {
		"event_endpoint.former_secret",
		"WITH was AS (DELETE FROM event_secrets WHERE organisation = $1 AND endpoint = $2 RETURNING name, sealed) "
		"SELECT sealed FROM was WHERE name = 'current'",
		QUERY_KEEPS, 0,
	};
	static const struct query keep = {
		"event_endpoint.keep_secret",
		"INSERT INTO event_secrets (organisation, endpoint, name, sealed, until) "
		"VALUES ($1, $2, $3, $4, CASE WHEN $5 > 0 THEN now() + $5 * interval '1 millisecond' END)",
		QUERY_CHANGES, 0,
	};
	static const struct query note = {
		"event_endpoint.secret_set", "UPDATE event_endpoints SET version = version + 1 WHERE organisation = $1 AND id = $2",
		QUERY_CHANGES, 0,
	};
	const struct id *whose = chain_of(organisation);
	scoped(arena) *arena = arena_open("event secret");
	scoped(secret) *was = NULL;
	const struct rows *rows;
	const uint8_t *sealed;
	size_t size;
	int found = query_one(tx, &make_former, PARAMS(P_ID(whose), P_ID(id)), arena, &rows, e);

	if (found < 0 || query_write(tx, &note, PARAMS(P_ID(whose), P_ID(id)), NULL, e) < 0)
		return -1;
	if (found == 1 && overlap_ms > 0) {
		const void *old = rows_bytes(rows, 0, 0, &size);

		if (crypt_open(keys, event_endpoint_secret_context(arena, organisation, id, "current"), old, size, &was, e) < 0)
			return -1;
		crypt_seal(keys, event_endpoint_secret_context(arena, organisation, id, "former"), was, arena, &sealed, &size);
		if (query_write(tx, &keep, PARAMS(P_ID(whose), P_ID(id), P_TEXT("former"), P_BYTES(sealed, size), P_INT(overlap_ms)), NULL,
				e) < 0)
			return -1;
	}
	crypt_seal(keys, event_endpoint_secret_context(arena, organisation, id, "current"), value, arena, &sealed, &size);
	return query_write(tx, &keep, PARAMS(P_ID(whose), P_ID(id), P_TEXT("current"), P_BYTES(sealed, size), P_INT(0)), NULL, e);
}

int event_endpoint_rejects(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *id, int64_t after,
			   int most, struct event_reject **ret, size_t *ret_count, struct error *e)
{
	static const struct query query = {
		"event_endpoint.rejects",
		"SELECT place, at, event, type, reason, status FROM event_rejects WHERE organisation = $1 AND endpoint = $2 AND place > $3 "
		"ORDER BY place LIMIT $4",
		QUERY_READS, 0,
	};
	const struct rows *rows;

	if (query_run(tx, &query, PARAMS(P_ID(chain_of(organisation)), P_ID(id), P_INT(after), P_INT(most)), arena, &rows, e) < 0)
		return -1;
	*ret_count = rows_count(rows);
	*ret = arena_array(arena, *ret_count, sizeof(**ret));
	for (size_t i = 0; i < *ret_count; i++)
		(*ret)[i] = (struct event_reject){
			.place = rows_int(rows, i, 0),
			.at = rows_time(rows, i, 1),
			.event = rows_text(rows, i, 2),
			.type = rows_text(rows, i, 3),
			.reason = rows_text(rows, i, 4),
			.status = (int)rows_int(rows, i, 5),
		};
	return 0;
}

static const char *sign(struct arena *arena, const struct secret *secret, const struct buffer *content)
{
	uint8_t digest[CRYPT_DIGEST_SIZE];
	char text[4 * ((CRYPT_DIGEST_SIZE + 2) / 3) + 1];

	crypt_hmac_sha256(secret_bytes(secret), secret_size(secret), content->bytes, content->length, digest);
	text_base64(digest, sizeof(digest), text);
	return arena_format(arena, "v1,%s", text);
}

const char *event_endpoint_sign(struct arena *arena, const struct secret *secret, const struct secret *former, const char *id, int64_t at,
				const void *body, size_t size)
{
	__attribute__((cleanup(buffer_close))) struct buffer content;
	const char *signature;

	buffer_open(&content, size + SIGNED_HEAD_MOST);
	buffer_format(&content, "%s.%" PRId64 ".", id, at);
	buffer_add(&content, body, size);
	signature = sign(arena, secret, &content);
	return former ? arena_format(arena, "%s %s", signature, sign(arena, former, &content)) : signature;
}

/* ---- for whoever delivers ---- */

static int open_one(struct tx *tx, const struct crypt_keys *keys, const struct id *organisation, const struct id *id, const char *name,
		    struct secret **ret, struct error *e)
{
	static const struct query query = {
		"event_endpoint.secret",
		"SELECT sealed FROM event_secrets WHERE organisation = $1 AND endpoint = $2 AND name = $3 AND (until IS NULL OR until > now())",
		QUERY_READS, 0,
	};
	scoped(arena) *arena = arena_open("event secret");
	const struct rows *rows;
	const void *sealed;
	size_t size;
	int found = query_one(tx, &query, PARAMS(P_ID(chain_of(organisation)), P_ID(id), P_TEXT(name)), arena, &rows, e);

	if (found <= 0)
		return found;
	sealed = rows_bytes(rows, 0, 0, &size);
	return crypt_open(keys, event_endpoint_secret_context(arena, organisation, id, name), sealed, size, ret, e) < 0 ? -1 : 1;
}

int event_endpoint_secrets(struct tx *tx, const struct crypt_keys *keys, const struct id *organisation, const struct id *id,
			   struct secret **ret, struct secret **ret_former, struct error *e)
{
	int found = open_one(tx, keys, organisation, id, "current", ret, e);

	if (found == 0)
		return error_set(e, ERROR_NOT_FOUND, "event_endpoint.secret", "it has no secret to sign with; rotate it");
	return found < 0 || open_one(tx, keys, organisation, id, "former", ret_former, e) < 0 ? -1 : 0;
}

int event_endpoint_claim(struct tx *tx, struct arena *arena, const struct id *holder, int hold_ms, struct event_claim *ret,
			 struct error *e)
{
	static const struct query query = {
		"event_endpoint.claim",
		"SELECT organisation, endpoint, through FROM event_claim($1, $2 * interval '1 millisecond') WHERE endpoint IS NOT NULL",
		QUERY_KEEPS, 0,
	};
	const struct rows *rows;
	int found = query_one(tx, &query, PARAMS(P_ID(holder), P_INT(hold_ms)), arena, &rows, e);

	if (found == 1)
		*ret = (struct event_claim){ rows_id(rows, 0, 0), rows_id(rows, 0, 1), rows_int(rows, 0, 2) };
	return found;
}

int event_endpoint_unchanged(struct tx *tx, struct arena *arena, const struct id *organisation, const struct event_endpoint *endpoint,
			     struct error *e)
{
	static const struct query query = {
		"event_endpoint.unchanged",
		"SELECT 1 FROM event_endpoints WHERE organisation = $1 AND id = $2 AND version = $3 AND state = 'active'", QUERY_READS, 0,
	};
	const struct rows *rows;

	return query_one(tx, &query, PARAMS(P_ID(chain_of(organisation)), P_ID(&endpoint->id), P_INT(endpoint->version)), arena, &rows, e);
}

int event_endpoint_advance(struct tx *tx, const struct id *holder, const struct event_claim *claim,
			   const struct event_progress *progress, int hold_ms, struct error *e)
{
	static const struct query hold = {
		"event_endpoint.hold",
		"SELECT h FROM event_hold($1, $2, $3 * interval '1 millisecond', CASE WHEN $4 >= 0 THEN $4 END) AS h",
		QUERY_KEEPS, 0,
	};
	static const struct query move = {
		"event_endpoint.move",
		"UPDATE event_endpoints SET place = $4, tries = $5, not_before = coalesce($6::timestamptz, not_before), failing_since = $7, "
		"last_status = nullif($8, 0), last_error = $9, state = CASE WHEN state = 'active' THEN $10 ELSE state END, "
		"delivered = delivered + $11, delivered_at = CASE WHEN $11 > 0 THEN now() ELSE delivered_at END "
		"WHERE organisation = $1 AND id = $2 AND place = $3 AND version = $12",
		QUERY_KEEPS, 0,
	};
	const struct event_endpoint *is = progress->endpoint;
	scoped(arena) *arena = arena_open("event progress");
	const struct rows *rows;
	int64_t moved;
	int ours;

	if (query_write(tx, &move,
			PARAMS(P_ID(&claim->organisation), P_ID(&claim->endpoint), P_INT(progress->was), P_INT(is->place), P_INT(is->tries),
			       P_TIME(is->not_before), P_TIME(is->failing_since), P_INT(is->last_status), P_TEXT(is->last_error),
			       P_TEXT(is->state), P_INT(progress->delivered), P_INT(is->version)),
			&moved, e) < 0)
		return -1;
	/* Changed or sent back meanwhile, it has not come to its end, whatever was seen here, and whoever claims it next begins anew. */
	ours = query_one(tx, &hold,
			 PARAMS(P_ID(holder), P_ID(&claim->endpoint), P_INT(moved == 1 ? hold_ms : 0),
				P_INT(moved == 1 && progress->at_end ? claim->through : -1)),
			 arena, &rows, e);
	return ours < 0 ? -1 : ours == 1 && moved == 1;
}

int event_endpoint_reject(struct tx *tx, const struct event_claim *claim, const struct event_reject *reject, struct error *e)
{
	static const struct query query = {
		"event_endpoint.reject",
		"INSERT INTO event_rejects (organisation, endpoint, place, event, type, status, reason) VALUES ($1, $2, $3, $4, $5, $6, $7) "
		"ON CONFLICT (organisation, endpoint, place) DO UPDATE SET status = excluded.status, reason = excluded.reason, at = now()",
		QUERY_KEEPS, 0,
	};

	return query_write(tx, &query,
			   PARAMS(P_ID(&claim->organisation), P_ID(&claim->endpoint), P_INT(reject->place), P_TEXT(reject->event),
				  P_TEXT(reject->type), P_INT(reject->status), P_TEXT(reject->reason)),
			   NULL, e);
}
