#include "provision/choice.h"

#include "base/text.h"

/* $1 organisation, $2 the default role, $3 the planned order. */
#define STEP(step_name, text) TABLES_STEP("choice." step_name, 0, text)
#define MAKE(step_name, table, text) TABLES_MAKE("choice." step_name, 0, table, text)

/* The value of whoever leads: ranks are three digits, so the least pair begins with the least rank, and no sort is needed. */
#define LEAST(rank, value) "(min(ARRAY[k." rank ", t." value "]) FILTER (WHERE t." value " IS NOT NULL))[2]"
#define NOBODY "'00000000-0000-0000-0000-000000000000'"

static const struct step steps[] = {
	MAKE("sources", "sources", "SELECT source, label, name, email, title, department, role, state FROM source_ranks($1, $3)"),

	/* What a person set is one more word, but for what was fixed when a connection was deleted that comes back. It alone chooses nothing: whom no directory shows stays as they are. */
	STEP("told_manual",
	     "INSERT INTO told (person, connection, role, name, email) "
	     "SELECT m.user_id, " NOBODY ", CASE WHEN coalesce(m.kept_from::text <> $3 ->> 'with', true) THEN m.role_manual END, m.name_manual, m.email_manual FROM (SELECT DISTINCT person FROM told) t "
	     "JOIN members m ON m.organisation = $1 AND m.user_id = t.person "
	     "WHERE m.role_manual IS NOT NULL OR m.name_manual IS NOT NULL OR m.email_manual IS NOT NULL"),
	STEP("told_known", "ANALYZE told"),

	/* Who is switched off in a directory gets no role from there, as long as another one has them active. */
	MAKE("chosen", "chosen",
	     "SELECT person, leader[2]::uuid AS connection, leader[3]::smallint AS standing, name, email, title, department, "
	     "granted[2] AS role, granted[3]::uuid AS role_from FROM (SELECT t.person, "
	     "min(ARRAY[k.state, t.connection::text, t.standing::text]) FILTER (WHERE t.standing IS NOT NULL) AS leader, "
	     LEAST("name", "name") " AS name, " LEAST("email", "email") " AS email, " LEAST("title", "title") " AS title, "
	     LEAST("department", "department") " AS department, "
	     "CASE WHEN bool_or(t.standing = 1) THEN min(ARRAY[k.role, t.role, t.connection::text]) "
	     "FILTER (WHERE t.role IS NOT NULL AND coalesce(t.standing, 1) = 1) "
	     "ELSE min(ARRAY[k.role, t.role, t.connection::text]) FILTER (WHERE t.role IS NOT NULL) END AS granted "
	     "FROM told t JOIN sources k ON k.source = t.connection GROUP BY t.person) c WHERE leader IS NOT NULL"),
	STEP("chosen_known", "ANALYZE chosen"),

	MAKE("shown", "shown",
	     "SELECT c.person, m.connection AS old_connection, m.name AS old_name, m.email AS old_email, m.title AS old_title, "
	     "m.department AS old_department, c.connection, c.name, c.email, c.title, c.department, "
	     "o.label AS old_label, n.label FROM chosen c JOIN members m ON m.organisation = $1 AND m.user_id = c.person "
	     "LEFT JOIN sources o ON o.source = m.connection LEFT JOIN sources n ON n.source = c.connection "
	     "WHERE (m.connection, m.name, m.email, m.title, m.department) "
	     "IS DISTINCT FROM (c.connection, c.name, c.email, c.title, c.department)"),

	/* Who has the default role keeps it when another one becomes the default: that is no word about them. */
	MAKE("role_wanted", "role_wanted",
	     "SELECT c.person, c.name, m.role AS old_role, m.role_source AS old_source, coalesce(c.role, $2) AS new_role, "
	     "CASE WHEN c.role IS NULL THEN 'default' WHEN c.role_from = " NOBODY " THEN 'manual' ELSE 'mapping' END AS new_source, "
	     "s.label AS source FROM chosen c JOIN members m ON m.organisation = $1 AND m.user_id = c.person "
	     "LEFT JOIN sources s ON s.source = c.role_from "
	     "WHERE m.role <> 'owner' AND NOT (c.role IS NULL AND m.role_source = 'default')"),
	MAKE("role_changes", "role_changes",
	     "SELECT * FROM role_wanted WHERE old_role <> new_role"),
	MAKE("role_sources", "role_sources",
	     "SELECT person, new_source FROM role_wanted "
	     "WHERE old_role = new_role AND old_source <> new_source"),
};

int choice_make(struct tx *tx, enum tables tables, const struct id *organisation, const char *default_role, const char *wanted, struct error *e)
{
	return tables_take(tx, tables, 0, steps, ARRAY_COUNT(steps), PARAMS(P_ID(organisation), P_TEXT(default_role), P_JSON(wanted)), e);
}
