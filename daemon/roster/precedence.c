#include "roster/precedence.h"

const char *const precedence_attributes[PRECEDENCE_ATTRIBUTES + 1] = { "name", "email", "title", "department", "role", "state", NULL };

int precedence_list(struct tx *tx, struct arena *arena, const struct id *organisation, struct precedence **ret, size_t *ret_count,
                    struct error *e)
{
	static const struct query list = {
		"precedence.list",
		"WITH ranks AS (SELECT * FROM source_ranks($1, NULL)) "
		"SELECT v.attribute, array_agg(s.label ORDER BY v.rank) "
		"FILTER (WHERE v.attribute <> 'state' OR s.source <> '00000000-0000-0000-0000-000000000000'), "
		"coalesce((SELECT array_agg(l.label ORDER BY u.n) FROM precedences p, unnest(p.sources) WITH ORDINALITY AS u (id, n) "
		"JOIN ranks l ON l.source = u.id WHERE p.organisation = $1 AND p.attribute = v.attribute), '{}') "
		"FROM ranks s CROSS JOIN LATERAL (VALUES (1, 'name', s.name), (2, 'email', s.email), (3, 'title', s.title), "
		"(4, 'department', s.department), (5, 'role', s.role), (6, 'state', s.state)) AS v (n, attribute, rank) "
		"GROUP BY v.n, v.attribute ORDER BY v.n",
		QUERY_READS, 0,
	};
	const struct rows *rows;
	if (query_run(tx, &list, PARAMS(P_ID(organisation)), arena, &rows, e) < 0)
		return -1;
	struct precedence *all = arena_array(arena, rows_count(rows), sizeof(*all));
	for (size_t i = 0; i < rows_count(rows); i++)
		all[i] = (struct precedence){
			.attribute = rows_text(rows, i, 0),
			.order = rows_texts(rows, i, 1),
			.rule = rows_texts(rows, i, 2),
		};
	*ret = all;
	*ret_count = rows_count(rows);
	return 0;
}
