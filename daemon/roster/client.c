#include "roster/client.h"

#include <string.h>

#include "base/text.h"
#include "roster/audit.h"

/* ---- what may be said ---- */

int client_check_name(const char *name, struct error *e)
{
	size_t length = strlen(name);

	if (length > 0 && length <= CLIENT_NAME_MOST &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == length && !strchr("._-", name[0]) &&
	    !strchr("._-", name[length - 1]))
		return 0;
	return error_set(e, ERROR_INPUT, "client.name",
			 "\"name\" is \"%.80s\"; lower case letters and digits with inner \".\", \"_\" or "
			 "\"-\" are expected, %d at most, such as "
			 "\"portal\"",
			 name, CLIENT_NAME_MOST);
}

int client_check_title(const char *title, struct error *e)
{
	size_t length = strlen(title);

	if (length > 0 && length <= CLIENT_TITLE_MOST && text_is_printable(title, length))
		return 0;
	return error_set(e, ERROR_INPUT, "client.title",
			 "\"title\" is empty, or has control characters or more than %d bytes",
			 CLIENT_TITLE_MOST);
}

static bool is_plain(const char *uri)
{
	for (; *uri; uri++)
		if ((unsigned char)*uri <= ' ' || (unsigned char)*uri > '~' || strchr("\"<>\\^`{|}#", *uri))
			return false;
	return true;
}

/* A host begins there, nobody's name before it. */
static bool has_host(const char *authority)
{
	size_t length = strcspn(authority, "/?");

	return length > 0 && authority[0] != ':' && !memchr(authority, '@', length);
}

/* "127.0.0.1", "127.0.0.1:8080", "[::1]", "localhost": what is sent there leaves the machine on no wire. */
static bool is_loopback(const char *authority)
{
	static const char *const hosts[] = { "127.0.0.1", "[::1]", "localhost" };

	for (size_t i = 0; i < ARRAY_COUNT(hosts); i++)
		if (text_begins(authority, hosts[i]) && strchr(":/?", authority[strlen(hosts[i])]))
			return true;
	return false;
}

/* "com.example.app:/callback" (RFC 8252, 7.1): a name that its maker owns, turned round. */
static bool is_native(const char *uri)
{
	size_t length = strspn(uri, "abcdefghijklmnopqrstuvwxyz0123456789.-");

	return length > 0 && uri[length] == ':' && memchr(uri, '.', length) && uri[0] >= 'a' &&
	       uri[0] <= 'z' && uri[length + 1] == '/';
}

int client_check_uri(const char *what, const char *uri, bool native, struct error *e)
{
	static const char https[] = "https://", http[] = "http://";

	if (strlen(uri) <= CLIENT_URI_MOST && is_plain(uri) &&
	    ((text_begins(uri, https) && has_host(uri + sizeof(https) - 1)) ||
	     (text_begins(uri, http) && has_host(uri + sizeof(http) - 1) &&
	      is_loopback(uri + sizeof(http) - 1)) ||
	     (native && is_native(uri))))
		return 0;
	return error_set(e, ERROR_INPUT, "client.uri",
			 "\"%s\" has \"%.200s\"; an address that begins with \"https://\" is expected (or "
			 "\"http://\" on this machine%s), without \"#\", "
			 "other characters percent-encoded, %d bytes at most",
			 what, uri,
			 native ? ", or the scheme of an application such as \"com.example.app:/\"" : "",
			 CLIENT_URI_MOST);
}

int client_check_uris(const char *what, const char *const *uris, bool native, struct error *e)
{
	size_t count = 0;

	for (; uris && uris[count]; count++)
		if (client_check_uri(what, uris[count], native, e) < 0)
			return -1;
	if (count <= CLIENT_URIS_MOST)
		return 0;
	return error_set(e, ERROR_LIMIT, "limit.client_uris",
			 "\"%s\" has %zu addresses; %d are taken at most", what, count, CLIENT_URIS_MOST);
}

/* ---- looking ---- */

#define SHOWN                                                                                                \
	"c.id, c.name, c.title, c.public, c.redirect_uris, c.logout_uris, c.backchannel_uri, "               \
	"c.introspects, c.algorithm, c.state, "                                                              \
	"EXISTS (SELECT FROM client_secrets s WHERE s.client = c.id), c.created_by, c.created_at, "          \
	"c.version, c.managed_by, "                                                                          \
	"c.managed_line::bigint, c.orphaned_at"

static struct client read_row(const struct rows *rows, size_t row)
{
	return (struct client){
		.id = rows_id(rows, row, 0),
		.name = rows_text(rows, row, 1),
		.title = rows_text(rows, row, 2),
		.is_public = rows_bool(rows, row, 3),
		.redirect_uris = rows_texts(rows, row, 4),
		.logout_uris = rows_texts(rows, row, 5),
		.backchannel_uri = rows_text(rows, row, 6),
		.introspects = rows_bool(rows, row, 7),
		.algorithm = rows_text(rows, row, 8),
		.state = rows_text(rows, row, 9),
		.has_secret = rows_bool(rows, row, 10),
		.created_by = rows_text(rows, row, 11),
		.created_at = rows_time(rows, row, 12),
		.version = rows_int(rows, row, 13),
		.managed_by = rows_text(rows, row, 14),
		.managed_line = rows_null(rows, row, 15) ? 0 : (int)rows_int(rows, row, 15),
		.orphaned_at = rows_time(rows, row, 16),
	};
}

int client_list(struct tx *tx, struct arena *arena, struct client **ret, size_t *ret_count, struct error *e)
{
	static const struct query query = { "client.list", "SELECT " SHOWN " FROM clients c ORDER BY c.name",
					    QUERY_READS, 0 };
	const struct rows *rows;

	if (query_run(tx, &query, NO_PARAMS, arena, &rows, e) < 0)
		return -1;
	*ret_count = rows_count(rows);
	*ret = arena_array(arena, *ret_count, sizeof(**ret));
	for (size_t i = 0; i < *ret_count; i++)
		(*ret)[i] = read_row(rows, i);
	return 0;
}

int client_find(struct tx *tx, struct arena *arena, const char *name, struct client *ret, struct error *e)
{
	static const struct query query = { "client.find",
					    "SELECT " SHOWN " FROM clients c WHERE c.name = $1", QUERY_READS,
					    0 };
	const struct rows *rows;
	int found = query_one(tx, &query, PARAMS(P_TEXT(name)), arena, &rows, e);

	if (found == 1)
		*ret = read_row(rows, 0);
	return found;
}

int client_load(struct tx *tx, struct arena *arena, const struct id *id, struct client *ret, struct error *e)
{
	static const struct query query = { "client.load", "SELECT " SHOWN " FROM clients c WHERE c.id = $1",
					    QUERY_READS, 0 };
	const struct rows *rows;
	int found = query_one(tx, &query, PARAMS(P_ID(id)), arena, &rows, e);

	if (found == 1)
		*ret = read_row(rows, 0);
	return found;
}

/* What is compared is a digest of what was shown, so that how long it takes tells nothing of what is kept. */
int client_shows(struct tx *tx, const struct id *id, const char *secret, struct error *e)
{
	static const struct query query = {
		"client.shows",
		"SELECT s.hash FROM client_secrets s WHERE s.client = $1 AND (s.until IS NULL OR s.until > "
		"now())",
		QUERY_READS,
		0,
	};
	scoped(arena) *arena = arena_open("client");
	uint8_t shown[CRYPT_DIGEST_SIZE];
	const struct rows *rows;
	size_t size;
	int found = 0;

	if (query_run(tx, &query, PARAMS(P_ID(id)), arena, &rows, e) < 0)
		return -1;
	crypt_sha256(secret, strlen(secret), shown);
	for (size_t i = 0; i < rows_count(rows); i++)
		found |= crypt_digest_equal(rows_bytes(rows, i, 0, &size), shown);
	return found;
}

/* ---- changing ---- */

int client_create(struct tx *tx, struct client *c, struct error *e)
{
	static const struct query query = {
		"client.create",
		"INSERT INTO clients (id, name, title, public, redirect_uris, logout_uris, backchannel_uri, "
		"introspects, algorithm, state, created_by, "
		"managed_by, managed_line) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, "
		"nullif($13::bigint, 0)::integer "
		"WHERE (SELECT count(*) FROM clients) < $14",
		QUERY_CHANGES,
		0,
	};
	int64_t made;

	c->id = id_new();
	if (audit_choose(tx, NULL, e) < 0)
		return -1;
	if (query_write(tx, &query,
			PARAMS(P_ID(&c->id), P_TEXT(c->name), P_TEXT(c->title), P_BOOL(c->is_public),
			       P_TEXTS(c->redirect_uris), P_TEXTS(c->logout_uris), P_TEXT(c->backchannel_uri),
			       P_BOOL(c->introspects), P_TEXT(c->algorithm), P_TEXT(c->state),
			       P_TEXT(c->created_by), P_TEXT(c->managed_by), P_INT(c->managed_line),
			       P_INT(CLIENTS_MOST)),
			&made, e) < 0)
		return e->kind == ERROR_CONFLICT
			       ? error_set(e, ERROR_CONFLICT, "client.taken",
					   "there is an application \"%s\" already", c->name)
			       : -1;
	return made == 1
		       ? 0
		       : error_set(e, ERROR_LIMIT, "limit.clients",
				   "there can be %d applications, and there are; delete one that nobody uses",
				   CLIENTS_MOST);
}

int client_update(struct tx *tx, const struct client *c, struct error *e)
{
	static const struct query query = {
		"client.update",
		"UPDATE clients SET title = $2, public = $3, redirect_uris = $4, logout_uris = $5, "
		"backchannel_uri = $6, introspects = $7, "
		"algorithm = $8, state = $9, managed_by = $10, managed_line = nullif($11::bigint, "
		"0)::integer, orphaned_at = $12, version = version + 1 "
		"WHERE id = $1 AND version = $13",
		QUERY_CHANGES,
		0,
	};
	int64_t changed;

	if (audit_choose(tx, NULL, e) < 0 ||
	    query_write(tx, &query,
			PARAMS(P_ID(&c->id), P_TEXT(c->title), P_BOOL(c->is_public),
			       P_TEXTS(c->redirect_uris), P_TEXTS(c->logout_uris), P_TEXT(c->backchannel_uri),
			       P_BOOL(c->introspects), P_TEXT(c->algorithm), P_TEXT(c->state),
			       P_TEXT(c->managed_by), P_INT(c->managed_line), P_TIME(c->orphaned_at),
			       P_INT(c->version)),
			&changed, e) < 0)
		return -1;
	return changed == 1 ? 0
			    : error_set(e, ERROR_CONFLICT, "client.changed",
					"application \"%s\" was changed or deleted meanwhile; look again",
					c->name);
}

int client_delete(struct tx *tx, const struct id *id, struct error *e)
{
	static const struct query query = { "client.delete", "DELETE FROM clients WHERE id = $1",
					    QUERY_CHANGES, 0 };

	return audit_choose(tx, NULL, e) < 0 ? -1 : query_write(tx, &query, PARAMS(P_ID(id)), NULL, e);
}

int client_set_secret(struct tx *tx, const struct id *id, const uint8_t hash[CRYPT_DIGEST_SIZE],
		      int64_t overlap_ms, bool *ret_same, struct error *e)
{
	static const struct query same = {
		"client.same_secret",
		"SELECT FROM client_secrets WHERE client = $1 AND name = 'current' AND hash = $2",
		QUERY_READS,
		0,
	};
	static const struct query retire = {
		"client.retire_secret",
		"INSERT INTO client_secrets (client, name, hash, until) SELECT s.client, 'former', s.hash, "
		"now() + $2 * interval '1 millisecond' "
		"FROM client_secrets s WHERE s.client = $1 AND s.name = 'current' AND $2 > 0 "
		"ON CONFLICT (client, name) DO UPDATE SET hash = excluded.hash, until = excluded.until",
		QUERY_CHANGES,
		0,
	};
	static const struct query forget = {
		"client.forget_secret",
		"DELETE FROM client_secrets WHERE client = $1 AND name = 'former' AND $2::bigint <= 0",
		QUERY_CHANGES,
		0,
	};
	static const struct query set = {
		"client.set_secret",
		"INSERT INTO client_secrets (client, name, hash) VALUES ($1, 'current', $2) ON CONFLICT "
		"(client, name) DO UPDATE SET hash = excluded.hash",
		QUERY_CHANGES,
		0,
	};
	scoped(arena) *arena = arena_open("client");
	const struct param digest = P_BYTES(hash, CRYPT_DIGEST_SIZE);
	const struct rows *rows;
	int found;

	if (audit_choose(tx, NULL, e) < 0 ||
	    (found = query_one(tx, &same, PARAMS(P_ID(id), digest), arena, &rows, e)) < 0)
		return -1;
	if (ret_same)
		*ret_same = found == 1;
	if (found == 1)
		return 0;
	return query_write(tx, &retire, PARAMS(P_ID(id), P_INT(overlap_ms)), NULL, e) < 0 ||
			       query_write(tx, &forget, PARAMS(P_ID(id), P_INT(overlap_ms)), NULL, e) < 0 ||
			       query_write(tx, &set, PARAMS(P_ID(id), digest), NULL, e) < 0
		       ? -1
		       : 0;
}
