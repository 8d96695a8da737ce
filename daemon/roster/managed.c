#include "roster/managed.h"

int managed_find(struct tx *tx, struct arena *arena, const struct id *organisation, const char *kind,
		 const char *target, struct managed *ret, struct error *e)
{
	static const struct query query = {
		"managed.find",
		"SELECT line::bigint, orphaned_at FROM managed WHERE organisation = $1 AND kind = $2 AND target = $3",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	int found = query_one(tx, &query, PARAMS(P_ID(organisation), P_TEXT(kind), P_TEXT(target)), arena, &rows, e);

	if (found == 1)
		*ret = (struct managed){ (int)rows_int(rows, 0, 0), rows_time(rows, 0, 1) };
	return found;
}

int managed_keep(struct tx *tx, const struct id *organisation, const char *kind, const char *target, int line,
		 struct error *e)
{
	static const struct query query = {
		"managed.keep",
		"INSERT INTO managed (organisation, kind, target, line) VALUES ($1, $2, $3, $4::bigint::integer) "
		"ON CONFLICT (organisation, kind, target) DO UPDATE SET line = excluded.line, orphaned_at = NULL "
		"WHERE managed.line <> excluded.line OR managed.orphaned_at IS NOT NULL",
		QUERY_KEEPS,
		0,
	};

	return query_write(tx, &query, PARAMS(P_ID(organisation), P_TEXT(kind), P_TEXT(target), P_INT(line)), NULL, e);
}

int managed_orphan(struct tx *tx, const struct id *organisation, const char *kind, const char *target, struct error *e)
{
	static const struct query query = {
		"managed.orphan",
		"INSERT INTO managed (organisation, kind, target, line, orphaned_at) VALUES ($1, $2, $3, 0, now()) "
		"ON CONFLICT (organisation, kind, target) DO UPDATE SET orphaned_at = now() WHERE managed.orphaned_at IS NULL",
		QUERY_KEEPS,
		0,
	};
	int64_t written;

	if (query_write(tx, &query, PARAMS(P_ID(organisation), P_TEXT(kind), P_TEXT(target)), &written, e) < 0)
		return -1;
	return written > 0;
}

int managed_forget(struct tx *tx, const struct id *organisation, const char *kind, const char *target, struct error *e)
{
	static const struct query query = {
		"managed.forget",
		"DELETE FROM managed WHERE organisation = $1 AND ($2::text IS NULL OR kind = $2 AND target = $3)",
		QUERY_KEEPS,
		0,
	};

	return query_write(tx, &query, PARAMS(P_ID(organisation), P_TEXT(kind), P_TEXT(target)), NULL, e);
}

int managed_adopt_organisation(struct tx *tx, const struct id *organisation, struct error *e)
{
	static const struct query parts[] = {
		{ "managed.adopt_organisation",
		  "UPDATE organisations SET managed_by = NULL, updated_at = now(), version = version + 1 WHERE organisation = $1",
		  QUERY_CHANGES, 0 },
		{ "managed.adopt_domains",
		  "UPDATE domains SET managed_by = NULL WHERE organisation = $1 AND managed_by IS NOT NULL", QUERY_CHANGES, 0 },
		{ "managed.adopt_connections",
		  "UPDATE connections SET managed_by = NULL, updated_at = now(), version = version + 1 "
		  "WHERE organisation = $1 AND managed_by IS NOT NULL",
		  QUERY_CHANGES, 0 },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (query_write(tx, &parts[i], PARAMS(P_ID(organisation)), NULL, e) < 0)
			return -1;
	return managed_forget(tx, organisation, NULL, NULL, e);
}

int managed_adopt_domain(struct tx *tx, const struct id *organisation, const char *domain, struct error *e)
{
	static const struct query query = {
		"managed.adopt_domain",
		"UPDATE domains SET managed_by = NULL WHERE organisation = $1 AND domain = $2",
		QUERY_CHANGES,
		0,
	};

	if (query_write(tx, &query, PARAMS(P_ID(organisation), P_TEXT(domain)), NULL, e) < 0)
		return -1;
	return managed_forget(tx, organisation, "domain", domain, e);
}

int managed_adopt_connection(struct tx *tx, const struct id *organisation, const char *id, struct error *e)
{
	static const struct query query = {
		"managed.adopt_connection",
		"UPDATE connections SET managed_by = NULL, updated_at = now(), version = version + 1 "
		"WHERE organisation = $1 AND id = $2::text::uuid",
		QUERY_CHANGES,
		0,
	};

	if (query_write(tx, &query, PARAMS(P_ID(organisation), P_TEXT(id)), NULL, e) < 0)
		return -1;
	return managed_forget(tx, organisation, "connection", id, e);
}

int managed_organisations(struct tx *tx, struct arena *arena, struct managed_organisation **ret, size_t *ret_count,
			  struct error *e)
{
	static const struct query query = {
		"managed.organisations",
		"SELECT organisation, slug, name, file, orphaned FROM managed_organisations()",
		QUERY_READS,
		0,
	};
	const struct rows *rows;

	if (query_run(tx, &query, NO_PARAMS, arena, &rows, e) < 0)
		return -1;
	*ret_count = rows_count(rows);
	*ret = arena_array(arena, *ret_count, sizeof(**ret));
	for (size_t i = 0; i < *ret_count; i++)
		(*ret)[i] = (struct managed_organisation){
			.id = rows_id(rows, i, 0),
			.slug = rows_text(rows, i, 1),
			.name = rows_text(rows, i, 2),
			.file = rows_text(rows, i, 3),
			.orphaned = rows_bool(rows, i, 4),
		};
	return 0;
}

int managed_orphans(struct tx *tx, struct arena *arena, int most, struct managed_orphan **ret, size_t *ret_count,
		    struct error *e)
{
	static const struct query query = {
		"managed.orphans",
		"SELECT kind, organisation, name, file, line, since FROM managed_orphans($1::bigint::integer)",
		QUERY_READS,
		0,
	};
	const struct rows *rows;

	if (query_run(tx, &query, PARAMS(P_INT(most)), arena, &rows, e) < 0)
		return -1;
	*ret_count = rows_count(rows);
	*ret = arena_array(arena, *ret_count, sizeof(**ret));
	for (size_t i = 0; i < *ret_count; i++)
		(*ret)[i] = (struct managed_orphan){
			.kind = rows_text(rows, i, 0),
			.organisation = rows_text(rows, i, 1),
			.name = rows_text(rows, i, 2),
			.file = rows_text(rows, i, 3),
			.line = (int)rows_int(rows, i, 4),
			.since = rows_time(rows, i, 5),
		};
	return 0;
}
