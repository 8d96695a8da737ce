/* Domains. That one belongs to a single organisation is the primary key's work; proving them is done
 * elsewhere. */
#include "roster/domain.h"

#define COLUMNS "organisation, domain, state, proven_by, managed_by, proven_at, created_at"

static struct domain read_row(const struct rows *rows, size_t row)
{
	return (struct domain){
		.organisation = rows_id(rows, row, 0),
		.domain = rows_text(rows, row, 1),
		.state = rows_text(rows, row, 2),
		.proven_by = rows_text(rows, row, 3),
		.managed_by = rows_text(rows, row, 4),
		.proven_at = rows_time(rows, row, 5),
		.created_at = rows_time(rows, row, 6),
	};
}

int domain_load(struct tx *tx, struct arena *arena, const struct id *organisation, const char *domain,
		struct domain *ret, struct error *e)
{
	static const struct query query = {
		"domain.load",
		"SELECT " COLUMNS " FROM domains WHERE organisation = $1 AND domain = $2",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	int found = query_one(tx, &query, PARAMS(P_ID(organisation), P_TEXT(domain)), arena, &rows, e);

	if (found == 1)
		*ret = read_row(rows, 0);
	return found;
}

int domain_list(struct tx *tx, struct arena *arena, const struct id *organisation, const char *after,
		int most, struct domain **ret, size_t *ret_count, struct error *e)
{
	static const struct query query = {
		"domain.list",
		"SELECT " COLUMNS
		" FROM domains WHERE organisation = $1 AND ($2::text IS NULL OR domain > $2) "
		"ORDER BY domain LIMIT $3",
		QUERY_READS,
		0,
	};
	const struct rows *rows;

	if (query_run(tx, &query, PARAMS(P_ID(organisation), P_TEXT(after), P_INT(most)), arena, &rows, e) <
	    0)
		return -1;
	*ret_count = rows_count(rows);
	*ret = arena_array(arena, *ret_count, sizeof(**ret));
	for (size_t i = 0; i < *ret_count; i++)
		(*ret)[i] = read_row(rows, i);
	return 0;
}

int domain_add(struct tx *tx, const struct id *organisation, const char *domain, const char *proven_by,
	       const char *managed_by, struct error *e)
{
	static const struct query query = {
		"domain.add",
		"INSERT INTO domains (organisation, domain, state, proven_by, proven_at, managed_by) "
		"VALUES ($1, $2, 'verified', $3, now(), $4) ON CONFLICT DO NOTHING",
		QUERY_CHANGES,
		0,
	};
	int64_t written;

	if (query_write(tx, &query,
			PARAMS(P_ID(organisation), P_TEXT(domain), P_TEXT(proven_by), P_TEXT(managed_by)),
			&written, e) < 0)
		return -1;
	if (written == 1)
		return 0;
	return error_set(e, ERROR_CONFLICT, "domain.taken",
			 "the domain \"%s\" already belongs to an organisation; remove it there first",
			 domain);
}

int domain_remove(struct tx *tx, const struct id *organisation, const char *domain, struct error *e)
{
	static const struct query query = {
		"domain.remove",
		"DELETE FROM domains WHERE organisation = $1 AND domain = $2",
		QUERY_CHANGES,
		0,
	};
	int64_t written;

	if (query_write(tx, &query, PARAMS(P_ID(organisation), P_TEXT(domain)), &written, e) < 0)
		return -1;
	return written > 0;
}
