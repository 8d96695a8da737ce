#include "provision/seating.h"

#include "base/text.h"
#include "provision/change.h"
#include "store/query.h"

/* $1 organisation. */
#define STEP(step_name, text) TABLES_QUERY("seating." step_name, text)

/* Those who take no seat yet and are to have a role that takes one, in the order in which they are seated. Who joins is no member yet;
 * who comes back, or is promoted, has the role that this very plan gives them. */
static const struct query wanting[] = {
	/* Known to wait for that role already: nothing new. */
	STEP("known",
	     "DELETE FROM role_changes r USING members m WHERE m.organisation = $1 AND m.user_id = r.person "
	     "AND m.waiting_since IS NOT NULL AND m.waiting_role = r.new_role"),
	STEP("wanted",
	     "CREATE TEMP TABLE seating ON COMMIT DROP AS SELECT w.person, w.comes, "
	     "row_number() OVER (ORDER BY array_position(ARRAY['admin'], w.role), w.person) AS place FROM ("
	     "SELECT x.person, true AS comes, coalesce(r.new_role, CASE WHEN x.kind = '" CHANGE_JOINED "' THEN x.lead_role ELSE x.old_role END) AS role "
	     "FROM effects x LEFT JOIN role_changes r ON r.person = x.person WHERE x.kind IN ('" CHANGE_JOINED "', '" CHANGE_RESTORED "') "
	     "UNION ALL SELECT r.person, false, r.new_role FROM role_changes r JOIN members m ON m.organisation = $1 AND m.user_id = r.person "
	     "JOIN seats s ON s.organisation = $1 WHERE m.state = 'active' AND NOT takes_seat('active', r.old_role, s.roles) "
	     "AND NOT EXISTS (SELECT FROM effects x WHERE x.person = r.person AND x.kind = '" CHANGE_SUSPENDED "')) w "
	     "JOIN seats s ON s.organisation = $1 WHERE takes_seat('active', w.role, s.roles) AND w.role <> 'owner'"),
};

/* $1: the seats that are free. Those that this plan frees by suspending somebody are free as well. */
static const struct query seat = STEP("seat", "DELETE FROM seating WHERE place <= $1");

static const struct query leaving[] = {
	STEP("waiting",
	     "UPDATE effects x SET kind = '" CHANGE_WAITING "' FROM seating w WHERE w.comes AND x.person = w.person "
	     "AND x.kind IN ('" CHANGE_JOINED "', '" CHANGE_RESTORED "')"),
	STEP("roles",
	     "INSERT INTO roles_waiting SELECT r.person, r.name, r.old_role, r.new_role, r.new_source FROM role_changes r "
	     "JOIN seating w ON w.person = r.person AND NOT w.comes"),
	STEP("roles_not_yet", "DELETE FROM role_changes r USING seating w WHERE w.person = r.person AND NOT w.comes"),
};

static int look(struct tx *tx, struct arena *arena, bool *ret_limited, struct error *e)
{
	static const struct query limited = { "seating.limited", "SELECT seats_limited()", QUERY_KEEPS, 0 };
	const struct rows *rows;
	int found = query_one(tx, &limited, NO_PARAMS, arena, &rows, e);
	if (found >= 0)
		*ret_limited = found == 1 && rows_bool(rows, 0, 0);
	return found < 0 ? -1 : 0;
}

int seating_prepare(struct tx *tx, struct arena *arena, enum tables tables, bool *ret_limited, struct error *e)
{
	static const struct step table = TABLES_MAKE("seating.roles_waiting", 0, "roles_waiting",
	                                             "SELECT NULL::uuid AS person, NULL::text AS name, NULL::text AS old_role, "
	                                             "NULL::text AS new_role, NULL::text AS new_source WHERE false");
	return look(tx, arena, ret_limited, e) < 0 ? -1 : tables_take(tx, tables, 0, &table, 1, NO_PARAMS, e);
}

/* Asked only if somebody wants one, because the seats are held from then on. */
static int count_free(struct tx *tx, struct arena *arena, const struct id *organisation, int64_t *ret, struct error *e)
{
	static const struct query free_seats = {
		"seating.free",
		"SELECT CASE WHEN h.free < 0 THEN 0 ELSE h.free + (SELECT count(*) FROM effects x JOIN seats s ON s.organisation = $1 "
		"WHERE x.kind = '" CHANGE_SUSPENDED "' AND x.old_role <> 'owner' AND takes_seat('active', x.old_role, s.roles)) END "
		"FROM (SELECT CASE WHEN EXISTS (SELECT FROM seating) THEN seats_at_hand(false, true) ELSE 0 END AS free OFFSET 0) h",
		QUERY_KEEPS, QUERY_ONCE,
	};
	const struct rows *rows;
	if (query_one(tx, &free_seats, PARAMS(P_ID(organisation)), arena, &rows, e) < 0)
		return -1;
	*ret = rows_int(rows, 0, 0);
	return 0;
}

static int withdraw(struct tx *tx, const struct id *organisation, struct error *e)
{
	static const struct query gone =
		STEP("withdrawn", "UPDATE effects SET kind = '" CHANGE_WITHDRAWN "' WHERE state = 'waiting' AND lead_standing IS DISTINCT FROM 1 "
		                  "AND EXISTS (SELECT FROM members m WHERE m.organisation = $1 AND m.waiting_since IS NOT NULL)");
	return query_write(tx, &gone, PARAMS(P_ID(organisation)), NULL, e);
}

int seating_make(struct tx *tx, struct arena *arena, const struct id *organisation, bool limited, struct error *e)
{
	int64_t free_seats;
	if (withdraw(tx, organisation, e) < 0)
		return -1;
	if (!limited)
		return 0;
	if (query_write_each(tx, wanting, ARRAY_COUNT(wanting), PARAMS(P_ID(organisation)), e) < 0 ||
	    count_free(tx, arena, organisation, &free_seats, e) < 0 || query_write(tx, &seat, PARAMS(P_INT(free_seats)), NULL, e) < 0)
		return -1;
	return query_write_each(tx, leaving, ARRAY_COUNT(leaving), PARAMS(P_ID(organisation)), e);
}

int seating_forget(struct tx *tx, const struct id *organisation, struct error *e)
{
	static const struct query forget =
		STEP("forget", "UPDATE members m SET waiting_role = NULL FROM role_wanted w WHERE m.organisation = $1 AND m.user_id = w.person "
		               "AND m.waiting_since IS NOT NULL AND m.waiting_role <> w.new_role");
	return query_write(tx, &forget, PARAMS(P_ID(organisation)), NULL, e);
}
