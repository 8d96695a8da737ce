/* Organisations and their types. Who may change them is not asked here. */
#include "roster/organisation.h"

#include <string.h>

#include "base/text.h"

const char *const organisation_types[] = { "solo", "team", "enterprise", NULL };
const char *const organisation_states[] = { "active", "suspended", "deleted", NULL };

#define COLUMNS                                                                                              \
	"organisation, slug, name, type, state, default_role, managed_by, created_at, updated_at, version, " \
	"ip_allow_list, retention_days::bigint, deleted_at, purge_after, plan, seat_limit, owned_at, owner_absent_at, "                            \
	"grace_ms, session_idle_ms, session_most_ms"

static struct organisation read_row(const struct rows *rows, size_t row)
{
	return (struct organisation){
		.id = rows_id(rows, row, 0),
		.slug = rows_text(rows, row, 1),
		.name = rows_text(rows, row, 2),
		.type = rows_text(rows, row, 3),
		.state = rows_text(rows, row, 4),
		.default_role = rows_text(rows, row, 5),
		.managed_by = rows_text(rows, row, 6),
		.created_at = rows_time(rows, row, 7),
		.updated_at = rows_time(rows, row, 8),
		.version = rows_int(rows, row, 9),
		.ip_allow_list = rows_texts(rows, row, 10),
		.retention_days = rows_int(rows, row, 11),
		.deleted_at = rows_time(rows, row, 12),
		.purge_after = rows_time(rows, row, 13),
		.plan = rows_text(rows, row, 14),
		.seat_limit = rows_text(rows, row, 15),
		.owned_at = rows_time(rows, row, 16),
		.owner_absent_at = rows_time(rows, row, 17),
		.grace_ms = rows_int(rows, row, 18),
		.session_idle_ms = rows_int(rows, row, 19),
		.session_most_ms = rows_int(rows, row, 20),
	};
}

static int resolve(struct tx *tx, const struct query *query, struct arena *arena, const char *id_or_slug,
		   struct id *ret, struct error *e)
{
	const struct rows *rows;

	if (id_parse(id_or_slug, ret) == 0)
		return 1;
	if (query_run(tx, query, PARAMS(P_TEXT(id_or_slug)), arena, &rows, e) < 0)
		return -1;
	if (rows_count(rows) == 0 || rows_null(rows, 0, 0))
		return 0;
	*ret = rows_id(rows, 0, 0);
	return 1;
}

int organisation_resolve(struct tx *tx, struct arena *arena, const char *id_or_slug, struct id *ret,
			 struct error *e)
{
	static const struct query query = {
		"organisation.resolve",
		"SELECT organisation_find($1)",
		QUERY_READS,
		0,
	};

	return resolve(tx, &query, arena, id_or_slug, ret, e);
}

int organisation_resolve_deleted(struct tx *tx, struct arena *arena, const char *id_or_slug, struct id *ret,
				 struct error *e)
{
	static const struct query query = {
		"organisation.resolve_deleted",
		"SELECT organisation_find_deleted($1)",
		QUERY_READS,
		0,
	};

	return resolve(tx, &query, arena, id_or_slug, ret, e);
}

static int load(struct tx *tx, const struct query *query, struct arena *arena, const struct id *id,
		struct organisation *ret, struct error *e)
{
	const struct rows *rows;
	int found = query_one(tx, query, PARAMS(P_ID(id)), arena, &rows, e);

	if (found == 1)
		*ret = read_row(rows, 0);
	return found;
}

int organisation_load(struct tx *tx, struct arena *arena, const struct id *id, struct organisation *ret,
		      struct error *e)
{
	static const struct query query = {
		"organisation.load",
		"SELECT " COLUMNS " FROM organisations WHERE organisation = $1 AND state <> 'deleted'",
		QUERY_READS,
		0,
	};

	return load(tx, &query, arena, id, ret, e);
}

int organisation_load_deleted(struct tx *tx, struct arena *arena, const struct id *id,
			      struct organisation *ret, struct error *e)
{
	static const struct query query = {
		"organisation.load_deleted",
		"SELECT " COLUMNS " FROM organisations WHERE organisation = $1 AND state = 'deleted'",
		QUERY_READS,
		0,
	};

	return load(tx, &query, arena, id, ret, e);
}

int organisation_count(struct tx *tx, struct arena *arena, struct organisation *organisation, struct error *e)
{
	static const struct query query = {
		"organisation.count",
		"SELECT (SELECT user_id FROM members WHERE organisation = $1 AND role = 'owner'), "
		"(SELECT count(*) FROM members WHERE organisation = $1 AND state <> 'left'), "
		"ARRAY(SELECT s.slug FROM slugs s JOIN organisations o USING (organisation) "
		"WHERE organisation = $1 AND s.slug <> o.slug ORDER BY 1)",
		QUERY_READS,
		0,
	};
	const struct rows *rows;

	if (query_run(tx, &query, PARAMS(P_ID(&organisation->id)), arena, &rows, e) < 0)
		return -1;
	organisation->owner = rows_id(rows, 0, 0);
	organisation->members = rows_int(rows, 0, 1);
	organisation->former_slugs = rows_texts(rows, 0, 2);
	return 0;
}

int organisation_list(struct tx *tx, struct arena *arena, bool deleted, const char *after, int most,
		      struct organisation **ret, size_t *ret_count, struct error *e)
{
	static const char *const gone[] = { "deleted", NULL }, *const living[] = { "active", "suspended",
										   NULL };
	static const struct query query = {
		"organisation.list",
		"SELECT o.organisation, o.slug, o.name, o.type, o.state, o.default_role, o.managed_by, "
		"o.created_at, "
		"o.updated_at, o.version, o.ip_allow_list, o.retention_days::bigint, o.deleted_at, "
		"o.purge_after, o.plan, o.seat_limit, o.owned_at, o.owner_absent_at, o.grace_ms, "
		"o.session_idle_ms, o.session_most_ms, "
		"p.owner, p.members, p.slugs "
		"FROM organisations_page_of($1, $2, $3::integer) AS p, LATERAL (SELECT (p.organisation).*) "
		"AS o",
		QUERY_READS,
		0,
	};
	const struct rows *rows;

	if (query_run(tx, &query, PARAMS(P_TEXTS(deleted ? gone : living), P_TEXT(after), P_INT(most)), arena,
		      &rows, e) < 0)
		return -1;
	*ret_count = rows_count(rows);
	*ret = arena_array(arena, *ret_count, sizeof(**ret));
	for (size_t i = 0; i < *ret_count; i++) {
		(*ret)[i] = read_row(rows, i);
		(*ret)[i].owner = rows_id(rows, i, 21);
		(*ret)[i].members = rows_int(rows, i, 22);
		(*ret)[i].former_slugs = rows_texts(rows, i, 23);
	}
	return 0;
}

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

int organisation_slug(struct arena *arena, const char *name, const char **ret, struct error *e)
{
	char *slug = arena_take(arena, ORGANISATION_SLUG_MOST + 1);
	size_t length = 0;

	for (const char *c = name; *c && length < ORGANISATION_SLUG_MOST; c++) {
		char lower = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;

		if (is_letter_or_digit(lower))
			slug[length++] = lower;
		else if (length > 0 && slug[length - 1] != '-')
			slug[length++] = '-';
	}
	while (length > 0 && slug[length - 1] == '-')
		slug[--length] = '\0';
	if (length == 0)
		return error_set(e, ERROR_INPUT, "organisation.slug",
				 "no slug can be made from the name \"%s\"; give one, such as \"acme\"",
				 name);
	*ret = slug;
	return 0;
}

int organisation_check_slug(const char *slug, struct error *e)
{
	size_t length = strlen(slug);
	struct id id;
	bool good =
		length >= 1 && length <= ORGANISATION_SLUG_MOST && slug[0] != '-' && slug[length - 1] != '-';

	for (size_t i = 0; good && i < length; i++)
		good = is_letter_or_digit(slug[i]) || slug[i] == '-';
	/* A slug that reads as an id would never be found: an address takes either. */
	if (good && id_parse(slug, &id) < 0)
		return 0;
	return error_set(e, ERROR_INPUT, "organisation.slug",
			 "\"%s\" is no slug; up to %d lower-case letters, digits and inner hyphens are "
			 "expected, such as \"acme\"",
			 slug, ORGANISATION_SLUG_MOST);
}

static int slug_taken(const char *slug, struct error *e)
{
	return error_set(e, ERROR_CONFLICT, "organisation.slug_taken",
			 "the slug \"%s\" is taken by another organisation, or was its; choose another",
			 slug);
}

static int too_many_slugs(struct error *e)
{
	return error_set(e, ERROR_LIMIT, "limit.slugs",
			 "the organisation has had %d slugs, which all lead to it; go back to one of them",
			 ORGANISATION_SLUGS_MOST);
}

static int too_many_seats(struct error *e)
{
	return error_set(e, ERROR_LIMIT, "limit.seats",
			 "more seats are taken than the new plan or limit has; let those who are over wait, or remove some first");
}

/* The trigger that keeps slugs speaks in names of constraints. */
static int refused_slug(const struct tx *tx, const char *slug, struct error *e)
{
	if (text_equal(tx_constraint(tx), "organisations_slug_key"))
		return slug_taken(slug, e);
	return text_equal(tx_constraint(tx), "organisations_slugs_most") ? too_many_slugs(e) : -1;
}

int organisation_create(struct tx *tx, const struct organisation *o, struct error *e)
{
	static const struct query query = {
		"organisation.create",
		"INSERT INTO organisations (organisation, slug, name, type, default_role, managed_by, plan, seat_limit, grace_ms, session_idle_ms, session_most_ms) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, coalesce($8, 'plan'), $9, nullif($10::bigint, 0), nullif($11::bigint, 0)) ON CONFLICT DO NOTHING",
		QUERY_CHANGES,
		0,
	};
	int64_t written;

	if (query_write(tx, &query,
			PARAMS(P_ID(&o->id), P_TEXT(o->slug), P_TEXT(o->name), P_TEXT(o->type),
			       P_TEXT(o->default_role), P_TEXT(o->managed_by), P_TEXT(o->plan), P_TEXT(o->seat_limit),
			       P_INT(o->grace_ms), P_INT(o->session_idle_ms), P_INT(o->session_most_ms)),
			&written, e) < 0)
		return refused_slug(tx, o->slug, e);
	return written == 1 ? 0 : slug_taken(o->slug, e);
}

/* One row, or somebody was faster. */
static int one_written(int64_t written, const struct organisation *o, struct error *e)
{
	if (written == 1)
		return 0;
	return error_set(e, ERROR_PRECONDITION, "organisation.changed",
			 "organisation \"%s\" was changed by somebody else; read it again", o->slug);
}

int organisation_update(struct tx *tx, const struct organisation *o, struct error *e)
{
	static const struct query query = {
		"organisation.update",
		"UPDATE organisations SET slug = $3, name = $4, type = $5, state = $6, default_role = $7, "
		"managed_by = $8, ip_allow_list = $9, retention_days = $10::integer, plan = $11, seat_limit = $12, grace_ms = $13, "
		"session_idle_ms = nullif($14::bigint, 0), session_most_ms = nullif($15::bigint, 0), "
		"updated_at = now(), version = version + 1 "
		"WHERE organisation = $1 AND version = $2 AND state <> 'deleted'",
		QUERY_CHANGES,
		0,
	};
	int64_t written;

	if (query_write(tx, &query,
			PARAMS(P_ID(&o->id), P_INT(o->version), P_TEXT(o->slug), P_TEXT(o->name),
			       P_TEXT(o->type), P_TEXT(o->state), P_TEXT(o->default_role),
			       P_TEXT(o->managed_by), P_TEXTS(o->ip_allow_list), P_INT(o->retention_days),
			       P_TEXT(o->plan), P_TEXT(o->seat_limit), P_INT(o->grace_ms), P_INT(o->session_idle_ms), P_INT(o->session_most_ms)),
			&written, e) < 0)
		return text_equal(tx_constraint(tx), "seats_most") ? too_many_seats(e) : refused_slug(tx, o->slug, e);
	return one_written(written, o, e);
}

static int end_runs(struct tx *tx, const struct id *organisation, struct error *e)
{
	static const struct query query = {
		"organisation.end_runs",
		"UPDATE runs SET state = 'dropped', finished_at = now(), error_code = "
		"'organisation.deleted', "
		"error_text = 'the organisation was deleted' WHERE organisation = $1 "
		"AND state IN ('asked', 'reading', 'reconciling', 'held')",
		QUERY_KEEPS,
		0,
	};

	return query_write(tx, &query, PARAMS(P_ID(organisation)), NULL, e);
}

int organisation_delete(struct tx *tx, const struct organisation *o, struct error *e)
{
	static const struct query query = {
		"organisation.delete",
		"UPDATE organisations SET state = 'deleted', state_before = state, deleted_at = now(), "
		"purge_after = now() + retention_days * interval '1 day', updated_at = now(), "
		"version = version + 1 WHERE organisation = $1 AND version = $2 AND state <> 'deleted'",
		QUERY_CHANGES,
		0,
	};
	int64_t written;

	if (query_write(tx, &query, PARAMS(P_ID(&o->id), P_INT(o->version)), &written, e) < 0 ||
	    one_written(written, o, e) < 0)
		return -1;
	return end_runs(tx, &o->id, e);
}

int organisation_restore(struct tx *tx, const struct organisation *o, struct error *e)
{
	static const struct query query = {
		"organisation.restore",
		"UPDATE organisations SET state = coalesce(state_before, 'suspended'), state_before = NULL, "
		"deleted_at = NULL, purge_after = NULL, updated_at = now(), version = version + 1 "
		"WHERE organisation = $1 AND version = $2 AND state = 'deleted'",
		QUERY_CHANGES,
		0,
	};
	int64_t written;

	if (query_write(tx, &query, PARAMS(P_ID(&o->id), P_INT(o->version)), &written, e) < 0)
		return -1;
	return one_written(written, o, e);
}
