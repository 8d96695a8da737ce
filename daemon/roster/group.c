/* Groups, counted through the groups within them. */
#include "roster/group.h"

#include <stdbool.h>

/* The page is chosen first, and only its groups are counted; UNION ends where groups contain each other. */
#define COUNTED(page)                                                                                        \
	"WITH RECURSIVE page AS (" page "), "                                                                \
	"within (top, id) AS (SELECT id, id FROM page UNION SELECT w.top, g.child_id FROM within w "         \
	"JOIN group_groups g ON g.organisation = $1 AND g.group_id = w.id), "                                \
	"counted AS (SELECT w.top, count(DISTINCT a.user_id) AS members FROM within w "                      \
	"JOIN group_accounts ga ON ga.organisation = $1 AND ga.group_id = w.id "                             \
	"JOIN accounts a ON a.organisation = $1 AND a.id = ga.account_id AND a.gone_at IS NULL GROUP BY "    \
	"w.top) "                                                                                            \
	"SELECT p.organisation, p.id, p.connection, p.remote_id, p.name, coalesce(c.members, 0), p.version " \
	"FROM page p LEFT JOIN counted c ON c.top = p.id ORDER BY p.id"

/* Not those of a connection that is in the bin. */
#define STANDING \
	"AND NOT EXISTS (SELECT FROM connections c WHERE c.organisation = $1 AND c.id = connection AND c.state = 'deleted') "

static struct group read_row(const struct rows *rows, size_t row)
{
	return (struct group){
		.organisation = rows_id(rows, row, 0),
		.id = rows_id(rows, row, 1),
		.connection = rows_id(rows, row, 2),
		.remote_id = rows_text(rows, row, 3),
		.name = rows_text(rows, row, 4),
		.members = rows_int(rows, row, 5),
		.version = rows_int(rows, row, 6),
	};
}

static void read_rows(const struct rows *rows, struct arena *arena, struct group **ret, size_t *ret_count)
{
	*ret_count = rows_count(rows);
	*ret = arena_array(arena, *ret_count, sizeof(**ret));
	for (size_t i = 0; i < *ret_count; i++)
		(*ret)[i] = read_row(rows, i);
}

int group_find(struct tx *tx, struct arena *arena, const struct id *organisation, const char *id_or_name,
	       struct group *ret, struct error *e)
{
	static const struct query query = {
		"group.find",
		COUNTED("SELECT * FROM groups WHERE organisation = $1 " STANDING "AND (id = $2 OR name = $3) LIMIT 2"),
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	struct id id;
	bool is_id = id_parse(id_or_name, &id) == 0;

	if (query_run(tx, &query, PARAMS(P_ID(organisation), P_ID(is_id ? &id : NULL), P_TEXT(id_or_name)),
		      arena, &rows, e) < 0)
		return -1;
	if (rows_count(rows) > 1)
		return error_set(e, ERROR_CONFLICT, "group.ambiguous",
				 "more than one group is named \"%.200s\"; name it by id", id_or_name);
	if (rows_count(rows) == 1)
		*ret = read_row(rows, 0);
	return (int)rows_count(rows);
}

int group_list(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *after,
	       int most, struct group **ret, size_t *ret_count, struct error *e)
{
	static const struct query query = {
		"group.list",
		COUNTED("SELECT * FROM groups WHERE organisation = $1 " STANDING "AND ($2::uuid IS NULL OR id > $2) "
			"ORDER BY id LIMIT $3"),
		QUERY_READS,
		0,
	};
	const struct rows *rows;

	if (query_run(tx, &query, PARAMS(P_ID(organisation), P_ID(after), P_INT(most)), arena, &rows, e) < 0)
		return -1;
	read_rows(rows, arena, ret, ret_count);
	return 0;
}
