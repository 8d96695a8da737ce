#include "roster/seats.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "roster/audit.h"

const char *const seats_plans[] = { "free", "pro", "enterprise", NULL };

int seats_plan(struct tx *tx, struct arena *arena, const char *type, const char *plan, struct seats_plan *ret,
	       struct error *e)
{
	static const struct query query = {
		"seats.plan",
		"SELECT type, plan, coalesce(seats, -1), seat_roles, connections FROM plans "
		"WHERE type = $1 AND plan = coalesce($2, plan) AND ($2::text IS NOT NULL OR is_default)",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	int found = query_one(tx, &query, PARAMS(P_TEXT(type), P_TEXT(plan)), arena, &rows, e);

	if (found < 0)
		return -1;
	if (found == 0)
		return error_set(e, ERROR_INPUT, "organisation.plan",
				 "an organisation of type \"%s\" cannot have the plan \"%s\": solo has free, team has free and pro, "
				 "enterprise has enterprise",
				 type, plan ? plan : "");
	*ret = (struct seats_plan){
		.type = rows_text(rows, 0, 0),
		.plan = rows_text(rows, 0, 1),
		.seats = rows_int(rows, 0, 2),
		.seat_roles = rows_texts(rows, 0, 3),
		.connections = rows_bool(rows, 0, 4),
	};
	return 0;
}

int seats_limit(const char *word, const struct seats_plan *plan, int64_t *ret, struct error *e)
{
	size_t length = strspn(word, "0123456789");
	bool number = length > 0 && length <= 9 && word[length] == '\0';

	if (!number && !text_equal(word, "plan") && !text_equal(word, "none"))
		return error_set(e, ERROR_INPUT, "organisation.seats",
				 "\"%.40s\" is no number of seats; 0 to %lld, \"none\" for no limit, or \"plan\" for what the plan has is "
				 "expected",
				 word, (long long)SEATS_MOST);
	*ret = number ? strtoll(word, NULL, 10) : text_equal(word, "plan") ? plan->seats : SEATS_UNLIMITED;
	return 0;
}

int seats_count(struct tx *tx, struct arena *arena, const struct id *organisation, struct seats *ret, struct error *e)
{
	/* People and not the counter, which is kept only where there is a limit. */
	static const struct query query = {
		"seats.count",
		"SELECT (SELECT count(*) FROM members m WHERE m.organisation = s.organisation AND takes_seat(m.state, m.role, s.roles)), "
		"coalesce(s.most, -1), (SELECT count(*) FROM members m WHERE m.organisation = s.organisation "
		"AND m.waiting_since IS NOT NULL AND m.state IN ('waiting', 'active')) FROM seats s WHERE s.organisation = $1",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	int found = query_one(tx, &query, PARAMS(P_ID(organisation)), arena, &rows, e);

	*ret = (struct seats){ .most = SEATS_UNLIMITED };
	if (found == 1)
		*ret = (struct seats){ rows_int(rows, 0, 0), rows_int(rows, 0, 1), rows_int(rows, 0, 2) };
	return found < 0 ? -1 : 0;
}

static int no_seat(struct tx *tx, struct arena *arena, const struct organisation *o, struct error *e)
{
	struct seats seats;

	if (seats_count(tx, arena, &o->id, &seats, e) < 0)
		return -1;
	return error_set(e, ERROR_LIMIT, "limit.seats",
			 "organisation \"%s\" has no seat left: %lld of %lld are taken (plan \"%s\"), waiting: %lld; upgrade the plan, remove "
			 "somebody who is inactive, or ask the operator for a limit of your own",
			 o->slug, (long long)seats.used, (long long)seats.most, o->plan, (long long)seats.waiting);
}

int seats_take(struct tx *tx, struct arena *arena, const struct organisation *o, const char *from, const char *to,
	       struct error *e)
{
	static const struct query query = {
		"seats.take",
		"SELECT CASE WHEN s.most IS NULL OR NOT takes_seat('active', $3, s.roles) OR takes_seat('active', $2, s.roles) THEN NULL "
		"ELSE seats_at_hand(true, false) END "
		"FROM seats s WHERE s.organisation = $1",
		QUERY_KEEPS,
		0,
	};
	const struct rows *rows;
	int found = query_one(tx, &query, PARAMS(P_ID(&o->id), P_TEXT(from), P_TEXT(to)), arena, &rows, e);

	if (found <= 0 || rows_null(rows, 0, 0) || rows_int(rows, 0, 0) > 0)
		return found < 0 ? -1 : 0;
	return no_seat(tx, arena, o, e);
}

/* ---- a smaller limit ---- */

static int hold(struct tx *tx, struct error *e)
{
	static const struct query query = { "seats.hold", "SELECT seats_hold()", QUERY_KEEPS, 0 };

	return query_write(tx, &query, NO_PARAMS, NULL, e);
}

int seats_make_room(struct tx *tx, const struct organisation *o, const struct seats_plan *plan, int64_t most,
		    const struct actor *actor, int64_t *ret, struct error *e)
{
	/* Their tokens go along as their state changes (schema/0015_departures.sql); here it is told. */
	static const struct query query = {
		"seats.make_room",
		"WITH placed AS (SELECT user_id, row_number() OVER (ORDER BY array_position(ARRAY['owner', 'admin'], role), joined_at, "
		"user_id) AS place FROM members WHERE organisation = $1 AND takes_seat(state, role, $2)), "
		"moved AS (UPDATE members m SET state = 'waiting', updated_at = now(), version = m.version + 1 FROM placed p "
		"WHERE m.organisation = $1 AND m.user_id = p.user_id AND p.place > $3 AND m.role <> 'owner' RETURNING m.user_id, m.name), "
		"told AS (SELECT 'member.waiting' AS action, 'member' AS kind, user_id AS target, name, jsonb_build_object('state', 'active') AS before, "
		"jsonb_build_object('state', 'waiting', 'because', 'the limit of seats is lower') AS after FROM moved "
		"UNION ALL SELECT 'token.suspended', 'token', t.id, t.name, NULL, jsonb_build_object('member', m.user_id) FROM moved m "
		"JOIN tokens t ON t.organisation = $1 AND coalesce(t.user_id, t.maker) = m.user_id AND t.revoked_at IS NULL AND t.suspended_at IS NULL), "
		"kept AS (INSERT INTO audit (organisation, actor_kind, actor, on_behalf_of, action, target_kind, target, source, request, personal, "
		"salt, commitment) SELECT $1, $4, $5, $6, action, kind, target::text, $7, $8, personal, salt, audit_commitment(salt, personal) "
		"FROM (SELECT action, kind, target, uuid_send(gen_random_uuid()) AS salt, jsonb_strip_nulls(jsonb_build_object("
		"'actor_name', $9::text, 'target_name', name, 'address', $10::text, 'before', before, 'after', after))::text AS personal FROM told) l) "
		"SELECT count(*) AS written FROM moved",
		QUERY_BOTH,
		0,
	};

	if (hold(tx, e) < 0)
		return -1;
	return query_write(tx, &query,
			   PARAMS(P_ID(&o->id), P_TEXTS(plan->seat_roles), P_INT(most), P_TEXT(actor->kind), P_TEXT(actor->id),
				  P_TEXT(actor->on_behalf_of), P_TEXT(actor->source), P_TEXT(actor->request), P_TEXT(actor->name),
				  P_TEXT(actor->address)),
			   ret, e);
}

int seats_refused(const struct tx *tx, struct error *e)
{
	if (!text_equal(tx_constraint(tx), "seats_most"))
		return -1;
	return error_set(e, ERROR_LIMIT, "limit.seats",
			 "the organisation has no seat left for that; upgrade the plan, remove somebody who is inactive, or ask the operator "
			 "for a limit of your own");
}
