/* The statements behind the chain. What links is a function of the schema, so that no role that serves can
 * write a link. */
#include "roster/chain.h"

/* What the entries of one page may hold in personal values: a page of large ones is short. */
enum { PERSONAL_BYTES = 4 << 20 };

#define NO_LINK "0000000000000000000000000000000000000000000000000000000000000000"

int chain_seal(struct tx *tx, int most, int64_t *ret_sealed, struct error *e)
{
	static const struct query query = { "chain.seal", "SELECT audit_seal($1::int)", QUERY_KEEPS, 0 };
	scoped(arena) *arena = arena_open("seal");
	const struct rows *rows;

	if (query_run(tx, &query, PARAMS(P_INT(most)), arena, &rows, e) < 0)
		return -1;
	*ret_sealed = rows_int(rows, 0, 0);
	return 0;
}

int chain_lag(struct tx *tx, struct arena *arena, int64_t *ret_entries, int64_t *ret_oldest, struct error *e)
{
	static const struct query query = { "chain.lag", "SELECT entries, oldest FROM audit_lag()",
					    QUERY_READS, 0 };
	const struct rows *rows;

	if (query_run(tx, &query, NO_PARAMS, arena, &rows, e) < 0)
		return -1;
	*ret_entries = rows_int(rows, 0, 0);
	*ret_oldest = rows_time(rows, 0, 1);
	return 0;
}

int chain_prune(struct tx *tx, int64_t before, int most, int64_t *ret_gone, struct error *e)
{
	static const struct query query = { "chain.prune", "SELECT written FROM audit_prune($1, $2::int)",
					    QUERY_RECORDS, 0 };

	return query_write(tx, &query, PARAMS(P_TIME(before), P_INT(most)), ret_gone, e);
}

static const struct id *chain_of(const struct id *organisation)
{
	return organisation ? organisation : &audit_operators;
}

/* One place, or the beginning of the chain if the statement finds none. */
static int find_place(struct tx *tx, struct arena *arena, const struct query *query,
		      const struct id *organisation, int64_t position, struct chain_place *ret,
		      struct error *e)
{
	const struct rows *rows;
	int found =
		query_one(tx, query, PARAMS(P_ID(chain_of(organisation)), P_INT(position)), arena, &rows, e);

	if (found < 0)
		return -1;
	*ret = found > 0 ? (struct chain_place){ rows_int(rows, 0, 0), rows_text(rows, 0, 1) }
			 : (struct chain_place){ 0, NO_LINK };
	return 0;
}

#define PLACES(which)                                                                                        \
	"SELECT position, encode(link, 'hex') FROM (SELECT position, link FROM audit_seals WHERE "           \
	"organisation = $1 "                                                                                 \
	"UNION ALL SELECT position, link FROM audit_anchors WHERE organisation = $1) p WHERE " which

int chain_head(struct tx *tx, struct arena *arena, const struct id *organisation, struct chain_place *ret,
	       struct error *e)
{
	static const struct query query = {
		"chain.head",
		PLACES("position >= $2 ORDER BY position DESC LIMIT 1"),
		QUERY_READS,
		0,
	};

	return audit_choose(tx, organisation, e) < 0 ? -1
						     : find_place(tx, arena, &query, organisation, 0, ret, e);
}

static int place_at(struct tx *tx, struct arena *arena, const struct id *organisation, int64_t position,
		    struct chain_place *ret, struct error *e)
{
	static const struct query query = { "chain.at", PLACES("position = $2"), QUERY_READS, 0 };

	return find_place(tx, arena, &query, organisation, position, ret, e);
}

static int first_place(struct tx *tx, struct arena *arena, const struct id *organisation,
		       struct chain_place *ret, struct error *e)
{
	static const struct query query = {
		"chain.anchor",
		"SELECT position, encode(link, 'hex') FROM audit_anchors WHERE organisation = $1 AND "
		"position >= $2",
		QUERY_READS,
		0,
	};

	return find_place(tx, arena, &query, organisation, 0, ret, e);
}

/* 1: the entries of that time stand behind *ret_before, up to *ret_last. 0: there are none. */
static int find_times(struct tx *tx, struct arena *arena, const struct id *organisation, int64_t since,
		      int64_t until, int64_t *ret_before, int64_t *ret_last, struct error *e)
{
	static const struct query query = {
		"chain.times",
		"SELECT min(s.position) - 1, max(s.position) FROM audit a "
		"JOIN audit_seals s ON s.organisation = a.organisation AND s.entry = a.id "
		"WHERE a.organisation = $1 AND ($2::timestamptz IS NULL OR a.at >= $2) "
		"AND ($3::timestamptz IS NULL OR a.at < $3)",
		QUERY_READS,
		QUERY_ONCE,
	};
	const struct rows *rows;

	if (query_run(tx, &query, PARAMS(P_ID(chain_of(organisation)), P_TIME(since), P_TIME(until)), arena,
		      &rows, e) < 0)
		return -1;
	*ret_before = rows_int(rows, 0, 0);
	*ret_last = rows_int(rows, 0, 1);
	return !rows_null(rows, 0, 0);
}

static int narrow(struct tx *tx, struct arena *arena, const struct id *organisation, int64_t since,
		  int64_t until, struct chain_place *before, struct chain_place *last, struct error *e)
{
	int64_t from, to;
	int found = find_times(tx, arena, organisation, since, until, &from, &to, e);

	if (found < 0)
		return -1;
	if (found == 0)
		return *before = *last, 0;
	if (place_at(tx, arena, organisation, from, before, e) < 0)
		return -1;
	return place_at(tx, arena, organisation, to, last, e);
}

int chain_stretch(struct tx *tx, struct arena *arena, const struct id *organisation, int64_t since,
		  int64_t until, struct chain_place *ret_before, struct chain_place *ret_last,
		  struct error *e)
{
	struct chain_place before, last;

	if (chain_head(tx, arena, organisation, &last, e) < 0 ||
	    first_place(tx, arena, organisation, &before, e) < 0 ||
	    ((since || until) && narrow(tx, arena, organisation, since, until, &before, &last, e) < 0))
		return -1;
	*ret_before = before;
	*ret_last = last;
	return 0;
}

static struct chain_entry read_entry(const struct rows *rows, size_t row)
{
	return (struct chain_entry){
		.place = { rows_int(rows, row, 0), rows_text(rows, row, 1) },
		.entry = {
			.id = rows_int(rows, row, 2),
			.at = rows_time(rows, row, 3),
			.actor_kind = rows_text(rows, row, 4),
			.actor = rows_text(rows, row, 5),
			.on_behalf_of = rows_text(rows, row, 6),
			.action = rows_text(rows, row, 7),
			.target_kind = rows_text(rows, row, 8),
			.target = rows_text(rows, row, 9),
			.source = rows_text(rows, row, 10),
			.run = rows_id(rows, row, 11),
			.request = rows_text(rows, row, 12),
		},
		.commitment = rows_text(rows, row, 13),
		.salt = rows_text(rows, row, 14),
		.personal = rows_text(rows, row, 15),
	};
}

int chain_list(struct tx *tx, struct arena *arena, const struct id *organisation, int64_t after, int64_t last,
	       int most, struct chain_entry **ret, size_t *ret_count, struct error *e)
{
	static const struct query query = {
		"chain.list",
		"SELECT position, encode(link, 'hex'), id, at, actor_kind, actor, on_behalf_of, action, "
		"target_kind, target, "
		"source, run, request, encode(commitment, 'hex'), encode(salt, 'hex'), personal "
		"FROM (SELECT s.position, s.link, a.*, "
		"sum(octet_length(a.personal)) OVER (ORDER BY s.position ROWS BETWEEN UNBOUNDED PRECEDING "
		"AND 1 PRECEDING) AS bytes "
		"FROM (SELECT position, link, entry FROM audit_seals WHERE organisation = $1 AND position > "
		"$2 "
		"AND position <= $3 ORDER BY position LIMIT $4) s JOIN audit a ON a.organisation = $1 AND "
		"a.id = s.entry) p "
		"WHERE coalesce(bytes, 0) < $5 ORDER BY position",
		QUERY_READS,
		QUERY_ONCE,
	};
	const struct rows *rows;

	if (audit_choose(tx, organisation, e) < 0 ||
	    query_run(tx, &query,
		      PARAMS(P_ID(chain_of(organisation)), P_INT(after), P_INT(last), P_INT(most),
			     P_INT(PERSONAL_BYTES)),
		      arena, &rows, e) < 0)
		return -1;
	*ret_count = rows_count(rows);
	*ret = arena_array(arena, *ret_count, sizeof(**ret));
	for (size_t i = 0; i < *ret_count; i++)
		(*ret)[i] = read_entry(rows, i);
	return 0;
}

/* ---- streams ---- */

int chain_stream_claim(struct tx *tx, struct arena *arena, const char *stream, const struct id *daemon,
		       int hold_ms, int64_t *ret_place, struct error *e)
{
	static const struct query query = {
		"chain.stream_claim",
		"SELECT place FROM audit_stream_claim($1, $2, $3 * interval '1 millisecond') AS place",
		QUERY_KEEPS,
		0,
	};
	const struct rows *rows;
	int found =
		query_one(tx, &query, PARAMS(P_TEXT(stream), P_ID(daemon), P_INT(hold_ms)), arena, &rows, e);

	if (found > 0)
		*ret_place = rows_int(rows, 0, 0);
	return found;
}

int chain_stream_advance(struct tx *tx, const char *stream, const struct id *daemon, int64_t place,
			 struct error *e)
{
	static const struct query query = { "chain.stream_advance", "SELECT audit_stream_advance($1, $2, $3)",
					    QUERY_KEEPS, 0 };

	return query_write(tx, &query, PARAMS(P_TEXT(stream), P_ID(daemon), P_INT(place)), NULL, e);
}

int chain_stream_list(struct tx *tx, struct arena *arena, int64_t place, int most,
		      struct chain_streamed **ret, size_t *ret_count, struct error *e)
{
	/* The columns of an entry as read_entry has them. */
	static const struct query query = {
		"chain.stream_list",
		"SELECT position, encode(link, 'hex'), id, at, actor_kind, actor, on_behalf_of, action, "
		"target_kind, target, "
		"source, run, request, encode(commitment, 'hex'), NULL::text, NULL::text, number, "
		"organisation "
		"FROM audit_stream_page($1, $2::int)",
		QUERY_READS,
		0,
	};
	const struct rows *rows;

	if (query_run(tx, &query, PARAMS(P_INT(place), P_INT(most)), arena, &rows, e) < 0)
		return -1;
	*ret_count = rows_count(rows);
	*ret = arena_array(arena, *ret_count, sizeof(**ret));
	for (size_t i = 0; i < *ret_count; i++)
		(*ret)[i] = (struct chain_streamed){ rows_int(rows, i, 16), rows_id(rows, i, 17),
						     read_entry(rows, i) };
	return 0;
}
