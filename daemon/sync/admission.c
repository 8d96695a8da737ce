#include "sync/admission.h"

#include "base/arena.h"
#include "base/id.h"
#include "base/log.h"
#include "base/metric.h"
#include "store/query.h"
#include "store/transaction.h"

static int list_admitting(struct store *store, struct arena *arena, const struct rows **ret, struct error *e)
{
	static const struct query admitting = {
		"admission.organisations", "SELECT organisations_admitting($1::integer)", QUERY_READS, 0,
	};
	scoped(tx) *tx = NULL;
	if (tx_begin(store, STORE_WORKER, &tx, e) < 0 ||
	    query_run(tx, &admitting, PARAMS(P_INT(ADMISSION_ORGANISATIONS_MOST)), arena, ret, e) < 0)
		return -1;
	return tx_commit(&tx, e);
}

/* How many may come in now: the seats that are free, held until the transaction ends. */
static int count_free(struct tx *tx, struct arena *arena, int64_t *ret, struct error *e)
{
	static const struct query at_hand = {
		"admission.free", "SELECT coalesce(seats_at_hand(false, false), $1)", QUERY_KEEPS, 0,
	};
	const struct rows *rows;
	if (query_one(tx, &at_hand, PARAMS(P_INT(ADMISSION_PEOPLE_MOST)), arena, &rows, e) < 0)
		return -1;
	int64_t free_seats = rows_int(rows, 0, 0);
	*ret = free_seats < ADMISSION_PEOPLE_MOST ? free_seats : ADMISSION_PEOPLE_MOST;
	return 0;
}

/* Who needs no seat (any more) comes in whatever is free. A run that looks at somebody now keeps them; they come with the next round. */
static int admit(struct tx *tx, const struct id *organisation, int64_t free_seats, struct error *e)
{
	static const struct query people = {
		"admission.admit",
		"WITH waiting AS (SELECT m.user_id, takes_seat('active', coalesce(m.waiting_role, m.role), s.roles) AS seated, "
		"row_number() OVER (PARTITION BY takes_seat('active', coalesce(m.waiting_role, m.role), s.roles) "
		"ORDER BY array_position(ARRAY['owner', 'admin'], coalesce(m.waiting_role, m.role)), m.waiting_since, m.user_id) AS place "
		"FROM members m JOIN seats s ON s.organisation = $1 WHERE m.organisation = $1 AND m.waiting_since IS NOT NULL "
		"AND m.state IN ('waiting', 'active')), "
		"next AS (SELECT m.user_id, m.departure, m.role AS old_role, m.state AS old_state, m.waiting_since FROM members m "
		"JOIN waiting w ON w.user_id = m.user_id WHERE m.organisation = $1 AND w.place <= CASE WHEN w.seated THEN $2 ELSE $3 END "
		"AND m.waiting_since IS NOT NULL AND m.state IN ('waiting', 'active') FOR UPDATE OF m SKIP LOCKED), "
		"admitted AS (UPDATE members m SET state = 'active', role = coalesce(m.waiting_role, m.role), waiting_role = NULL, "
		"updated_at = now(), version = m.version + 1 FROM next n WHERE m.organisation = $1 AND m.user_id = n.user_id "
		"RETURNING m.user_id, m.name, m.role, n.old_role, n.old_state, n.waiting_since), "
		/* The tokens that their departure suspended come back with them (schema/0015_departures.sql). */
		"keys AS (INSERT INTO audit (organisation, actor_kind, actor, action, target_kind, target, source, personal, salt, commitment) "
		"SELECT $1, 'daemon', 'admission', 'token.restored', 'token', id::text, 'daemon', personal, salt, "
		"audit_commitment(salt, personal) FROM (SELECT t.id, uuid_send(gen_random_uuid()) AS salt, "
		"jsonb_build_object('target_name', t.name, 'after', jsonb_build_object('member', n.user_id))::text AS personal "
		"FROM tokens t JOIN next n ON n.departure = t.suspended_by JOIN admitted a ON a.user_id = n.user_id "
		"WHERE t.organisation = $1 AND t.revoked_at IS NULL) k) "
		"INSERT INTO audit (organisation, actor_kind, actor, action, target_kind, target, source, personal, salt, commitment) "
		"SELECT $1, 'daemon', 'admission', 'member.admitted', 'member', user_id::text, 'daemon', personal, salt, "
		"audit_commitment(salt, personal) FROM (SELECT user_id, uuid_send(gen_random_uuid()) AS salt, "
		"jsonb_strip_nulls(jsonb_build_object('target_name', name, "
		"'before', jsonb_build_object('state', old_state, 'role', old_role, 'waiting_since', waiting_since), "
		"'after', jsonb_build_object('state', 'active', 'role', role)))::text AS personal FROM admitted) l",
		QUERY_BOTH, 0,
	};
	return query_write(tx, &people, PARAMS(P_ID(organisation), P_INT(free_seats), P_INT(ADMISSION_PEOPLE_MOST)), NULL, e);
}

static int admit_in(struct store *store, struct arena *arena, const struct id *organisation, struct error *e)
{
	scoped(tx) *tx = NULL;
	int64_t free_seats;
	if (tx_begin(store, STORE_WORKER, &tx, e) < 0 || tx_for(tx, organisation, e) < 0 ||
	    count_free(tx, arena, &free_seats, e) < 0 || admit(tx, organisation, free_seats, e) < 0)
		return -1;
	return tx_commit(&tx, e);
}

int admission_round(struct store *store, struct error *e)
{
	scoped(arena) *arena = arena_open("admission");
	const struct rows *organisations;
	int result = 0;
	if (list_admitting(store, arena, &organisations, e) < 0)
		return -1;
	for (size_t i = 0; i < rows_count(organisations); i++) {
		struct id organisation = rows_id(organisations, i, 0);
		if (admit_in(store, arena, &organisation, e) < 0)
			result = -1;
	}
	return result;
}

int admission_recount(struct store *store, const struct log *log, struct error *e)
{
	static const struct query miscounted = {
		"admission.recount", "SELECT organisation, counted, really FROM seats_miscounted()", QUERY_READS, QUERY_ONCE,
	};
	scoped(arena) *arena = arena_open("recount");
	scoped(tx) *tx = NULL;
	const struct rows *rows;
	char text[ID_TEXT_SIZE];
	if (tx_begin(store, STORE_WORKER, &tx, e) < 0 || query_run(tx, &miscounted, NO_PARAMS, arena, &rows, e) < 0 ||
	    tx_commit(&tx, e) < 0)
		return -1;
	for (size_t i = 0; i < rows_count(rows); i++) {
		struct id organisation = rows_id(rows, i, 0);
		log_error(log, "organisation %s counts %lld seats, and %lld are taken or are more than it may have: this is a mistake of "
		          "rosterd, please report it", id_text(&organisation, text), (long long)rows_int(rows, i, 1),
		          (long long)rows_int(rows, i, 2));
	}
	metric_set(METRIC_SEATS_MISCOUNTED, NO_LABELS, (int64_t)rows_count(rows));
	return 0;
}
