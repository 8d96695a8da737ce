#include "roster/ownership.h"

#include "base/text.h"
#include "roster/seats.h"

int ownership_open(struct tx *tx, struct arena *arena, const struct id *organisation, struct ownership_offer *ret,
		   struct error *e)
{
	static const struct query query = {
		"ownership.open",
		"SELECT organisation, id, kind, state, holder, member, made_by, consent, made_at, not_before, expires_at "
		"FROM ownership_offers WHERE organisation = $1 AND state = 'open' AND expires_at > now()",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	int found = query_one(tx, &query, PARAMS(P_ID(organisation)), arena, &rows, e);

	if (found == 1)
		*ret = (struct ownership_offer){
			.organisation = rows_id(rows, 0, 0),
			.id = rows_id(rows, 0, 1),
			.kind = rows_text(rows, 0, 2),
			.state = rows_text(rows, 0, 3),
			.holder = rows_id(rows, 0, 4),
			.member = rows_id(rows, 0, 5),
			.made_by = rows_text(rows, 0, 6),
			.consent = rows_text(rows, 0, 7),
			.made_at = rows_time(rows, 0, 8),
			.not_before = rows_time(rows, 0, 9),
			.expires_at = rows_time(rows, 0, 10),
		};
	return found;
}

static int forget_expired(struct tx *tx, const struct id *organisation, struct error *e)
{
	static const struct query query = {
		"ownership.expired",
		"UPDATE ownership_offers SET state = 'expired', ended_at = now() "
		"WHERE organisation = $1 AND state = 'open' AND expires_at <= now()",
		QUERY_KEEPS,
		0,
	};

	return query_write(tx, &query, PARAMS(P_ID(organisation)), NULL, e);
}

int ownership_make(struct tx *tx, const struct ownership_offer *o, struct error *e)
{
	static const struct query query = {
		"ownership.make",
		"INSERT INTO ownership_offers (organisation, id, kind, holder, member, made_by, consent, not_before, expires_at) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, now() + $8 * interval '1 hour', now() + $9 * interval '1 day') "
		"ON CONFLICT DO NOTHING",
		QUERY_CHANGES,
		0,
	};
	bool recovery = text_equal(o->kind, "recovery");
	int64_t written;

	if (forget_expired(tx, &o->organisation, e) < 0 ||
	    query_write(tx, &query,
			PARAMS(P_ID(&o->organisation), P_ID(&o->id), P_TEXT(o->kind), P_ID(&o->holder), P_ID(&o->member),
			       P_TEXT(o->made_by), P_TEXT(o->consent), P_INT(recovery ? OWNERSHIP_RECOVERY_HOURS : 0),
			       P_INT(recovery ? OWNERSHIP_RECOVERY_DAYS : OWNERSHIP_OFFER_DAYS)),
			&written, e) < 0)
		return -1;
	if (written == 1)
		return 0;
	return error_set(e, ERROR_CONFLICT, "ownership.offered",
			 "the ownership is offered, or its recovery asked for, already; withdraw that first");
}

/* One row, or somebody was faster. */
static int one_written(int64_t written, struct error *e)
{
	if (written == 1)
		return 0;
	return error_set(e, ERROR_PRECONDITION, "ownership.changed",
			 "the offer, the member or the owner is no longer what it was; look at the ownership again");
}

int ownership_end(struct tx *tx, const struct ownership_offer *o, const char *state, struct error *e)
{
	static const struct query query = {
		"ownership.end",
		"UPDATE ownership_offers SET state = $3, ended_at = now() WHERE organisation = $1 AND id = $2 AND state = 'open'",
		QUERY_CHANGES,
		0,
	};
	int64_t written;

	if (query_write(tx, &query, PARAMS(P_ID(&o->organisation), P_ID(&o->id), P_TEXT(state)), &written, e) < 0)
		return -1;
	return one_written(written, e);
}

static int pass(struct tx *tx, const struct id *organisation, const struct id *offer, const struct id *first,
		struct error *e)
{
	static const struct query query = {
		"ownership.pass",
		"SELECT ownership_pass($1, $2, $3) AS written",
		QUERY_CHANGES,
		0,
	};
	int64_t written;

	if (query_write(tx, &query, PARAMS(P_ID(organisation), P_ID(offer), P_ID(first)), &written, e) < 0)
		return seats_refused(tx, e);
	return one_written(written, e);
}

int ownership_pass(struct tx *tx, const struct ownership_offer *offer, struct error *e)
{
	return pass(tx, &offer->organisation, &offer->id, NULL, e);
}

int ownership_begin(struct tx *tx, const struct id *organisation, const struct id *member, struct error *e)
{
	return pass(tx, organisation, NULL, member, e);
}
