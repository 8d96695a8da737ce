#include "roster/connection.h"

#include <string.h>

#include "base/crypt.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/text.h"

#define CONNECTION_COLUMNS \
	"c.organisation, c.id, c.name, c.plugin, c.state, c.settings::text, c.attributes::text, c.schedule_ms, " \
	"c.next_due_at, c.created_at, c.updated_at, c.remove_most, c.remove_share, c.managed_by, c.version, " \
	"array(SELECT s.name FROM connection_secrets s WHERE s.organisation = c.organisation AND s.connection = c.id " \
	"ORDER BY s.name), " \
	"array(SELECT m.group_name FROM role_mappings m WHERE m.organisation = c.organisation AND m.connection = c.id " \
	"ORDER BY m.position), " \
	"array(SELECT m.role FROM role_mappings m WHERE m.organisation = c.organisation AND m.connection = c.id " \
	"ORDER BY m.position), " \
	"c.remove_admins_most, c.remove_admins_share, c.remove_group_most, c.remove_group_share, c.private_addresses, " \
	"c.full_schedule_ms, c.watch, coalesce(c.grace_ms, -1), c.precedence, c.paused_at, c.deleted_at, c.purge_after"

#define GUARD_PARAMS(c) \
	P_INT((c)->guard[GUARD_PEOPLE].most), P_INT((c)->guard[GUARD_PEOPLE].share), P_INT((c)->guard[GUARD_ADMINS].most), \
	P_INT((c)->guard[GUARD_ADMINS].share), P_INT((c)->guard[GUARD_GROUP].most), P_INT((c)->guard[GUARD_GROUP].share)

enum { JSON_PAIRS_MOST = 4 << 20 };

static size_t count_texts(const char *const *texts)
{
	size_t count = 0;
	while (texts && texts[count])
		count++;
	return count;
}

/* {"name": "value", ...} as pairs, in the order that the database keeps. */
static int read_pairs(struct arena *arena, const char *text, const struct connection_pair **ret, size_t *ret_count,
                      struct error *e)
{
	struct json *object;
	if (json_parse(arena, text, strlen(text), &object, e) < 0)
		return -1;

	struct connection_pair *pairs = arena_array(arena, json_count(object), sizeof(*pairs));
	const struct json *value;
	size_t at = 0, count = 0;
	for (const char *name; json_next(object, &at, &name, &value) == 1; count++)
		pairs[count] = (struct connection_pair){ arena_text(arena, name), json_text(value) };
	*ret = pairs;
	*ret_count = count;
	return 0;
}

int connection_read_settings(struct arena *arena, const char *text, const struct connection_pair **ret, size_t *ret_count,
                             struct error *e)
{
	return read_pairs(arena, text, ret, ret_count, e);
}

static const char *write_pairs(struct arena *arena, const struct connection_pair *pairs, size_t count)
{
	struct buffer buffer;
	struct json_writer w;
	buffer_open(&buffer, JSON_PAIRS_MOST);
	json_writer_open(&w, &buffer);
	json_begin_object(&w, NULL);
	for (size_t i = 0; i < count; i++)
		json_put_text(&w, pairs[i].name, pairs[i].value);
	json_end_object(&w);
	const char *text = arena_text_n(arena, buffer.bytes, buffer.length);
	buffer_close(&buffer);
	return text;
}

static int fill(struct arena *arena, const struct rows *rows, size_t i, struct connection *ret, struct error *e)
{
	*ret = (struct connection){
		.organisation = rows_id(rows, i, 0),
		.id = rows_id(rows, i, 1),
		.name = rows_text(rows, i, 2),
		.plugin = rows_text(rows, i, 3),
		.state = rows_text(rows, i, 4),
		.schedule_ms = rows_int(rows, i, 7),
		.full_schedule_ms = (int)rows_int(rows, i, 23),
		.watch = rows_bool(rows, i, 24),
		.next_due_at = rows_time(rows, i, 8),
		.created_at = rows_time(rows, i, 9),
		.updated_at = rows_time(rows, i, 10),
		.guard = { { (int)rows_int(rows, i, 11), (int)rows_int(rows, i, 12) },
		           { (int)rows_int(rows, i, 18), (int)rows_int(rows, i, 19) },
		           { (int)rows_int(rows, i, 20), (int)rows_int(rows, i, 21) } },
		.private_addresses = rows_bool(rows, i, 22),
		.grace_ms = rows_int(rows, i, 25),
		.managed_by = rows_text(rows, i, 13),
		.version = rows_int(rows, i, 14),
		.secrets = rows_texts(rows, i, 15),
		.precedence = (int)rows_int(rows, i, 26),
		.paused_at = rows_time(rows, i, 27),
		.deleted_at = rows_time(rows, i, 28),
		.purge_after = rows_time(rows, i, 29),
	};
	ret->secret_count = count_texts(ret->secrets);

	const char *const *groups = rows_texts(rows, i, 16), *const *roles = rows_texts(rows, i, 17);
	ret->mapping_count = count_texts(groups);
	struct connection_mapping *mappings = arena_array(arena, ret->mapping_count, sizeof(*mappings));
	for (size_t n = 0; n < ret->mapping_count; n++)
		mappings[n] = (struct connection_mapping){ groups[n], roles[n] };
	ret->mappings = mappings;

	if (read_pairs(arena, rows_text(rows, i, 5), &ret->settings, &ret->setting_count, e) < 0 ||
	    read_pairs(arena, rows_text(rows, i, 6), &ret->attributes, &ret->attribute_count, e) < 0)
		return -1;
	return 1;
}

int connection_load(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *id,
                    struct connection *ret, struct error *e)
{
	static const struct query load = {
		"connection.load",
		"SELECT " CONNECTION_COLUMNS " FROM connections c WHERE c.organisation = $1 AND c.id = $2", QUERY_READS, 0,
	};
	const struct rows *rows;
	int found = query_one(tx, &load, PARAMS(P_ID(organisation), P_ID(id)), arena, &rows, e);
	return found == 1 ? fill(arena, rows, 0, ret, e) : found;
}

static int find(struct tx *tx, struct arena *arena, const struct query *by_name, const struct id *organisation,
                const char *id_or_name, bool deleted, struct connection *ret, struct error *e)
{
	struct id id;
	if (id_parse(id_or_name, &id) == 0) {
		int found = connection_load(tx, arena, organisation, &id, ret, e);
		return found == 1 && (ret->deleted_at > 0) != deleted ? 0 : found;
	}

	const struct rows *rows;
	int found = query_one(tx, by_name, PARAMS(P_ID(organisation), P_TEXT(id_or_name)), arena, &rows, e);
	return found == 1 ? fill(arena, rows, 0, ret, e) : found;
}

int connection_find(struct tx *tx, struct arena *arena, const struct id *organisation, const char *id_or_name,
                    struct connection *ret, struct error *e)
{
	static const struct query by_name = {
		"connection.find",
		"SELECT " CONNECTION_COLUMNS " FROM connections c WHERE c.organisation = $1 AND c.name = $2 AND c.state <> 'deleted'",
		QUERY_READS, 0,
	};
	return find(tx, arena, &by_name, organisation, id_or_name, false, ret, e);
}

int connection_find_deleted(struct tx *tx, struct arena *arena, const struct id *organisation, const char *id_or_name,
                            struct connection *ret, struct error *e)
{
	static const struct query by_name = {
		"connection.find_deleted",
		"SELECT " CONNECTION_COLUMNS " FROM connections c WHERE c.organisation = $1 AND c.name = $2 AND c.state = 'deleted' "
		"ORDER BY c.deleted_at DESC, c.id DESC LIMIT 1",
		QUERY_READS, 0,
	};
	return find(tx, arena, &by_name, organisation, id_or_name, true, ret, e);
}

int connection_list(struct tx *tx, struct arena *arena, const struct id *organisation, const char *after, int most,
                    bool deleted, struct connection **ret, size_t *ret_count, struct error *e)
{
	static const struct query list = {
		"connection.list",
		"SELECT " CONNECTION_COLUMNS " FROM connections c WHERE c.organisation = $1 AND (c.state = 'deleted') = $4 "
		"AND ($2::text IS NULL OR c.name || CASE WHEN $4 THEN '/' || c.id ELSE '' END > $2) "
		"ORDER BY c.name, c.id LIMIT $3",
		QUERY_READS, 0,
	};
	const struct rows *rows;
	if (query_run(tx, &list, PARAMS(P_ID(organisation), P_TEXT(after), P_INT(most), P_BOOL(deleted)), arena, &rows, e) < 0)
		return -1;
	struct connection *all = arena_array(arena, rows_count(rows), sizeof(*all));
	for (size_t i = 0; i < rows_count(rows); i++)
		if (fill(arena, rows, i, &all[i], e) < 0)
			return -1;
	*ret = all;
	*ret_count = rows_count(rows);
	return 0;
}

/* Replaces the mappings of a connection by these, in this order. */
static int write_mappings(struct tx *tx, struct arena *arena, const struct connection *connection, struct error *e)
{
	static const struct query forget = {
		"connection.mappings_forget", "DELETE FROM role_mappings WHERE organisation = $1 AND connection = $2",
		QUERY_CHANGES, 0,
	};
	static const struct query keep = {
		"connection.mappings_keep",
		"INSERT INTO role_mappings (organisation, connection, position, group_name, role) "
		"SELECT $1, $2, n, g, r FROM unnest($3::text[], $4::text[]) WITH ORDINALITY AS m (g, r, n)",
		QUERY_CHANGES, 0,
	};
	const char **groups = arena_array(arena, connection->mapping_count + 1, sizeof(*groups));
	const char **roles = arena_array(arena, connection->mapping_count + 1, sizeof(*roles));
	for (size_t i = 0; i < connection->mapping_count; i++) {
		groups[i] = connection->mappings[i].group;
		roles[i] = connection->mappings[i].role;
	}

	const struct id *organisation = &connection->organisation, *id = &connection->id;
	if (query_write(tx, &forget, PARAMS(P_ID(organisation), P_ID(id)), NULL, e) < 0)
		return -1;
	if (query_write(tx, &keep, PARAMS(P_ID(organisation), P_ID(id), P_TEXTS(groups), P_TEXTS(roles)), NULL, e) < 0) {
		if (strcmp(tx_constraint(tx), "role_mappings_organisation_connection_group_name_key") == 0)
			return error_set(e, ERROR_INPUT, "connection.mapping_twice", "a group stands twice in the roles");
		return -1;
	}
	return 0;
}

static int name_taken(struct tx *tx, const struct connection *connection, struct error *e)
{
	if (strcmp(tx_constraint(tx), "connections_organisation_name_key") == 0)
		return error_set(e, ERROR_CONFLICT, "connection.name_taken",
		                 "this organisation has a connection \"%s\" already", connection->name);
	return -1;
}

static int too_many(struct error *e)
{
	return error_set(e, ERROR_LIMIT, "limit.connections",
	                 "an organisation has at most %d connections, and there are; delete one that nobody needs",
	                 CONNECTIONS_MOST);
}

int connection_create(struct tx *tx, const struct connection *c, struct error *e)
{
	/* The first run of a scheduled connection is due at once. */
	static const struct query create = {
		"connection.create",
		"INSERT INTO connections (organisation, id, name, plugin, state, settings, attributes, schedule_ms, next_due_at, "
		"managed_by, remove_most, remove_share, remove_admins_most, remove_admins_share, remove_group_most, remove_group_share, "
		"private_addresses, full_schedule_ms, watch, grace_ms, precedence) "
		"SELECT $1, $2, $3, $4, $5, $6, $7, nullif($8, 0), CASE WHEN $8 > 0 THEN now() END, $9, $10, $11, $12, $13, $14, $15, "
		"$17, $18, $19, nullif($20, -1), $21 WHERE (SELECT count(*) FROM connections WHERE organisation = $1 AND state <> 'deleted') < $16",
		QUERY_CHANGES, 0,
	};
	scoped(arena) *arena = arena_open("connection");
	int64_t count;
	if (query_write(tx, &create,
	                PARAMS(P_ID(&c->organisation), P_ID(&c->id), P_TEXT(c->name), P_TEXT(c->plugin), P_TEXT(c->state),
	                       P_JSON(write_pairs(arena, c->settings, c->setting_count)),
	                       P_JSON(write_pairs(arena, c->attributes, c->attribute_count)), P_INT(c->schedule_ms),
	                       P_TEXT(c->managed_by), GUARD_PARAMS(c), P_INT(CONNECTIONS_MOST), P_BOOL(c->private_addresses),
	                       P_INT(c->full_schedule_ms), P_BOOL(c->watch), P_INT(c->grace_ms), P_INT(c->precedence)),
	                &count, e) < 0)
		return name_taken(tx, c, e);
	if (count == 0)
		return too_many(e);
	return write_mappings(tx, arena, c, e);
}

int connection_update(struct tx *tx, const struct connection *c, struct error *e)
{
	static const struct query update = {
		"connection.update",
		"UPDATE connections SET name = $4, state = $5, settings = $6, attributes = $7, schedule_ms = nullif($8, 0), "
		"next_due_at = CASE WHEN $8 = 0 THEN NULL WHEN schedule_ms IS DISTINCT FROM $8 THEN now() ELSE next_due_at END, "
		"managed_by = $9, remove_most = $10, remove_share = $11, remove_admins_most = $12, remove_admins_share = $13, "
		"remove_group_most = $14, remove_group_share = $15, private_addresses = $16, full_schedule_ms = $17, watch = $18, grace_ms = nullif($19, -1), "
		"updated_at = now(), version = version + 1 "
		"WHERE organisation = $1 AND id = $2 AND version = $3 AND state <> 'deleted'",
		QUERY_CHANGES, 0,
	};
	scoped(arena) *arena = arena_open("connection");
	int64_t count;
	if (query_write(tx, &update,
	                PARAMS(P_ID(&c->organisation), P_ID(&c->id), P_INT(c->version), P_TEXT(c->name), P_TEXT(c->state),
	                       P_JSON(write_pairs(arena, c->settings, c->setting_count)),
	                       P_JSON(write_pairs(arena, c->attributes, c->attribute_count)), P_INT(c->schedule_ms),
	                       P_TEXT(c->managed_by), GUARD_PARAMS(c), P_BOOL(c->private_addresses), P_INT(c->full_schedule_ms),
	                       P_BOOL(c->watch), P_INT(c->grace_ms)),
	                &count, e) < 0)
		return name_taken(tx, c, e);
	if (count == 0)
		return error_set(e, ERROR_PRECONDITION, "connection.changed",
		                 "connection \"%s\" was changed meanwhile; read it again", c->name);
	return write_mappings(tx, arena, c, e);
}

int connection_count_people(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *id, int64_t *ret,
                            struct error *e)
{
	static const struct query count = {
		"connection.people",
		"SELECT count(*) FROM accounts WHERE organisation = $1 AND connection = $2 AND gone_at IS NULL", QUERY_READS, 0,
	};
	const struct rows *rows;
	if (query_one(tx, &count, PARAMS(P_ID(organisation), P_ID(id)), arena, &rows, e) < 0)
		return -1;
	*ret = rows_int(rows, 0, 0);
	return 0;
}

/* One row, or somebody was faster. */
static int moved(int64_t count, struct error *e)
{
	return count == 1 ? 0 : error_set(e, ERROR_CONFLICT, "connection.gone", "the connection was deleted or brought back meanwhile");
}

int connection_bin(struct tx *tx, const struct id *organisation, const struct id *id, struct error *e)
{
	static const struct query bin = {
		"connection.bin",
		"UPDATE connections c SET state = 'deleted', deleted_at = now(), purge_after = now() + o.retention_days * interval '1 day', "
		"next_due_at = NULL, managed_by = NULL, updated_at = now(), version = c.version + 1 FROM organisations o "
		"WHERE c.organisation = $1 AND c.id = $2 AND c.state <> 'deleted' AND o.organisation = $1",
		QUERY_CHANGES, 0,
	};
	int64_t count;
	return query_write(tx, &bin, PARAMS(P_ID(organisation), P_ID(id)), &count, e) < 0 ? -1 : moved(count, e);
}

int connection_unbin(struct tx *tx, const struct id *organisation, const struct id *id, struct error *e)
{
	static const struct query unbin = {
		"connection.unbin",
		"UPDATE connections c SET state = 'paused', deleted_at = NULL, purge_after = NULL, "
		"next_due_at = CASE WHEN schedule_ms IS NOT NULL THEN now() END, updated_at = now(), version = c.version + 1 "
		"WHERE c.organisation = $1 AND c.id = $2 AND c.state = 'deleted' "
		"AND (SELECT count(*) FROM connections o WHERE o.organisation = $1 AND o.state <> 'deleted') < $3",
		QUERY_CHANGES, 0,
	};
	static const struct query full = {
		"connection.full", "SELECT 1 FROM connections o WHERE o.organisation = $1 AND o.state <> 'deleted' HAVING count(*) >= $2",
		QUERY_READS, 0,
	};
	int64_t count, many = 0;
	if (query_write(tx, &unbin, PARAMS(P_ID(organisation), P_ID(id), P_INT(CONNECTIONS_MOST)), &count, e) < 0) {
		if (strcmp(tx_constraint(tx), "connections_organisation_name_key") == 0)
			return error_set(e, ERROR_CONFLICT, "connection.name_taken",
			                 "another connection has its name by now; rename that one first");
		return -1;
	}
	if (count == 0 && query_write(tx, &full, PARAMS(P_ID(organisation), P_INT(CONNECTIONS_MOST)), &many, e) < 0)
		return -1;
	return many > 0 ? too_many(e) : moved(count, e);
}

const char *connection_secret_context(struct arena *arena, const struct id *organisation, const struct id *connection,
                                      const char *name)
{
	char of[ID_TEXT_SIZE], which[ID_TEXT_SIZE];
	return arena_format(arena, "connection/%s/%s/%s", id_text(organisation, of), id_text(connection, which), name);
}

int connection_keep_secret(struct tx *tx, const struct crypt_keys *keys, const struct id *organisation,
                           const struct id *connection, const char *name, const struct secret *value, struct error *e)
{
	static const struct query forget = {
		"connection.secret_forget",
		"DELETE FROM connection_secrets WHERE organisation = $1 AND connection = $2 AND name = $3", QUERY_CHANGES, 0,
	};
	static const struct query keep = {
		"connection.secret_keep",
		"INSERT INTO connection_secrets (organisation, connection, name, sealed) VALUES ($1, $2, $3, $4) "
		"ON CONFLICT (organisation, connection, name) DO UPDATE SET sealed = excluded.sealed",
		QUERY_CHANGES, 0,
	};
	if (!value)
		return query_write(tx, &forget, PARAMS(P_ID(organisation), P_ID(connection), P_TEXT(name)), NULL, e);

	scoped(arena) *arena = arena_open("secret");
	const uint8_t *sealed;
	size_t size;
	crypt_seal(keys, connection_secret_context(arena, organisation, connection, name), value, arena, &sealed, &size);
	return query_write(tx, &keep, PARAMS(P_ID(organisation), P_ID(connection), P_TEXT(name), P_BYTES(sealed, size)),
	                   NULL, e);
}

int connection_open_secret(struct tx *tx, const struct crypt_keys *keys, const struct id *organisation,
                           const struct id *connection, const char *name, struct secret **ret, struct error *e)
{
	static const struct query find = {
		"connection.secret_find",
		"SELECT sealed FROM connection_secrets WHERE organisation = $1 AND connection = $2 AND name = $3",
		QUERY_READS, 0,
	};
	scoped(arena) *arena = arena_open("secret");
	const struct rows *rows;
	int found = query_one(tx, &find, PARAMS(P_ID(organisation), P_ID(connection), P_TEXT(name)), arena, &rows, e);
	if (found <= 0)
		return found;

	size_t size;
	const void *sealed = rows_bytes(rows, 0, 0, &size);
	if (crypt_open(keys, connection_secret_context(arena, organisation, connection, name), sealed, size, ret, e) < 0)
		return -1;
	return 1;
}
