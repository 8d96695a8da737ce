/* Domains. That one belongs to a single organisation is the primary key's work; the looking is done elsewhere. */
#include "roster/domain.h"

#include "base/crypt.h"
#include "base/text.h"

enum { CHALLENGE_BYTES = 16 };

/* Owned, claimed, or both: proven by DNS and looked at again. */
#define COLUMNS                                                                                                  \
	"coalesce(d.organisation, c.organisation), coalesce(d.domain, c.domain), coalesce(d.state, 'pending'), " \
	"d.proven_by, d.managed_by, d.proven_at, coalesce(d.created_at, c.created_at), c.challenge, c.found, "   \
	"c.checked_at, c.expires_at, coalesce(d.sso_only, false)"
#define FROM                                                                            \
	" FROM (SELECT * FROM domains WHERE organisation = $1) d "                     \
	"FULL JOIN (SELECT * FROM domain_claims WHERE organisation = $1) c ON c.domain = d.domain "

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
		.challenge = rows_text(rows, row, 7),
		.found = rows_text(rows, row, 8),
		.checked_at = rows_time(rows, row, 9),
		.expires_at = rows_time(rows, row, 10),
		.sso_only = rows_bool(rows, row, 11),
	};
}

int domain_load(struct tx *tx, struct arena *arena, const struct id *organisation, const char *domain,
		struct domain *ret, struct error *e)
{
	static const struct query query = {
		"domain.load",
		"SELECT " COLUMNS FROM "WHERE coalesce(d.domain, c.domain) = $2",
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
		"SELECT " COLUMNS FROM "WHERE $2::text IS NULL OR coalesce(d.domain, c.domain) > $2 "
		"ORDER BY 2 LIMIT $3",
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

/* 1: it is the organisation's now. 0: it is another's. */
static int take(struct tx *tx, const char *domain, const char *proven_by, const char *managed_by, struct error *e)
{
	static const struct query query = {
		"domain.take",
		"SELECT domain_take($1, $2, $3) AS written",
		QUERY_CHANGES,
		0,
	};
	int64_t written;

	if (query_write(tx, &query, PARAMS(P_TEXT(domain), P_TEXT(proven_by), P_TEXT(managed_by)), &written, e) < 0)
		return -1;
	return written > 0;
}

static int drop_claim(struct tx *tx, const struct id *organisation, const char *domain, int64_t *ret, struct error *e)
{
	static const struct query query = {
		"domain.drop_claim",
		"DELETE FROM domain_claims WHERE organisation = $1 AND domain = $2",
		QUERY_CHANGES,
		0,
	};

	return query_write(tx, &query, PARAMS(P_ID(organisation), P_TEXT(domain)), ret, e);
}

int domain_add(struct tx *tx, const struct id *organisation, const char *domain, const char *proven_by,
	       const char *managed_by, struct error *e)
{
	scoped(arena) *arena = arena_open("domain");
	struct domain own;
	int taken = domain_load(tx, arena, organisation, domain, &own, e);

	if (taken >= 0)
		taken = taken == 1 && text_equal(own.state, "verified") ? 0 : take(tx, domain, proven_by, managed_by, e);
	if (taken == 0)
		return error_set(e, ERROR_CONFLICT, "domain.taken",
				 "the domain \"%s\" already belongs to an organisation; remove it there first", domain);
	return taken < 0 ? -1 : drop_claim(tx, organisation, domain, NULL, e);
}

static int count_claims(struct tx *tx, const struct id *organisation, struct error *e)
{
	static const struct query query = {
		"domain.count_claims",
		"SELECT count(*) FROM domain_claims WHERE organisation = $1",
		QUERY_READS,
		0,
	};
	scoped(arena) *arena = arena_open("claims");
	const struct rows *rows;

	if (query_one(tx, &query, PARAMS(P_ID(organisation)), arena, &rows, e) < 0)
		return -1;
	if (rows_int(rows, 0, 0) < DOMAIN_CLAIMS_MOST)
		return 0;
	return error_set(e, ERROR_LIMIT, "domain.claims_most",
			 "the organisation claims %d domains, which is the most; remove one that is not needed", DOMAIN_CLAIMS_MOST);
}

int domain_claim(struct tx *tx, const struct id *organisation, const char *domain, struct error *e)
{
	static const struct query query = {
		"domain.claim",
		"INSERT INTO domain_claims (organisation, domain, challenge) SELECT $1, $2, $3 "
		"WHERE NOT EXISTS (SELECT FROM domains WHERE organisation = $1 AND domain = $2) ON CONFLICT DO NOTHING",
		QUERY_CHANGES,
		0,
	};
	uint8_t bytes[CHALLENGE_BYTES];
	char challenge[2 * CHALLENGE_BYTES + 1];
	int64_t written;

	crypt_random(bytes, sizeof(bytes));
	text_hex(bytes, sizeof(bytes), challenge);
	if (count_claims(tx, organisation, e) < 0 ||
	    query_write(tx, &query, PARAMS(P_ID(organisation), P_TEXT(domain), P_TEXT(challenge)), &written, e) < 0)
		return -1;
	if (written == 1)
		return 0;
	return error_set(e, ERROR_CONFLICT, "domain.exists", "the organisation has the domain \"%s\" already, or claims it", domain);
}

int domain_look_again(struct tx *tx, const struct id *organisation, const char *domain, struct error *e)
{
	static const struct query query = {
		"domain.look_again",
		"UPDATE domain_claims SET next_check_at = now() WHERE organisation = $1 AND domain = $2",
		QUERY_KEEPS,
		0,
	};
	int64_t written;

	if (query_write(tx, &query, PARAMS(P_ID(organisation), P_TEXT(domain)), &written, e) < 0)
		return -1;
	return written > 0;
}

int domain_remove(struct tx *tx, const struct id *organisation, const char *domain, struct error *e)
{
	static const struct query query = {
		"domain.remove",
		"DELETE FROM domains WHERE organisation = $1 AND domain = $2",
		QUERY_CHANGES,
		0,
	};
	int64_t owned, claimed;

	if (query_write(tx, &query, PARAMS(P_ID(organisation), P_TEXT(domain)), &owned, e) < 0 ||
	    drop_claim(tx, organisation, domain, &claimed, e) < 0)
		return -1;
	return owned + claimed > 0;
}

/* ---- proving ---- */

/* A claim that waits for its record is looked at often in its first hour, then ever less; a proven one as the settings say, and
 * every hour while its record is missing. */
static int note_look(struct tx *tx, struct arena *arena, const struct id *organisation, const char *domain,
		     enum domain_look look, const char *words, const struct domain_patience *patience,
		     const struct rows **ret, struct error *e)
{
	static const struct query query = {
		"domain.looked",
		"UPDATE domain_claims c SET found = $4, checked_at = now(), "
		"missing_since = CASE $3 WHEN 'found' THEN NULL WHEN 'missing' THEN coalesce(c.missing_since, now()) "
		"ELSE c.missing_since END, "
		"expires_at = CASE WHEN d.state IS NULL AND $3 <> 'found' THEN c.created_at + nullif($7, 0) * interval '1 millisecond' END, "
		"next_check_at = coalesce(now() + CASE WHEN $3 = 'found' THEN nullif($5, 0) * interval '1 millisecond' "
		"WHEN d.state IS NOT NULL OR c.created_at < now() - interval '1 day' "
		"THEN least(nullif($5, 0) * interval '1 millisecond', interval '1 hour') "
		"WHEN c.created_at < now() - interval '1 hour' THEN interval '10 minutes' ELSE interval '30 seconds' END, 'infinity') "
		"FROM (SELECT 1) one LEFT JOIN domains d ON d.organisation = $1 AND d.domain = $2 "
		"WHERE c.organisation = $1 AND c.domain = $2 "
		"RETURNING coalesce(d.state, 'pending'), "
		"coalesce(c.missing_since <= now() - nullif($6, 0) * interval '1 millisecond', false), "
		"coalesce(c.created_at <= now() - nullif($7, 0) * interval '1 millisecond', false), coalesce(d.proven_by = 'dns', false)",
		QUERY_KEEPS,
		0,
	};
	static const char *const looks[] = { "found", "missing", "unknown" };

	return query_one(tx, &query,
			 PARAMS(P_ID(organisation), P_TEXT(domain), P_TEXT(looks[look]), P_TEXT(words), P_INT(patience->recheck),
				P_INT(patience->lost_after), P_INT(patience->claim_expires)),
			 arena, ret, e);
}

/* It belongs to whoever shows the record, unless another organisation does and has not lost it. */
static int come_by(struct tx *tx, struct arena *arena, const struct id *organisation, const char *domain,
		   const struct domain_patience *patience, const char **ret_event, struct error *e)
{
	const struct rows *rows;
	int taken = take(tx, domain, "dns", NULL, e);

	if (taken == 0)
		return note_look(tx, arena, organisation, domain, DOMAIN_UNKNOWN,
				 "the record is there, but the domain belongs to another organisation, which must remove it first",
				 patience, &rows, e) < 0 ? -1 : 0;
	if (taken == 1)
		*ret_event = DOMAIN_VERIFIED;
	return taken < 0 ? -1 : 0;
}

static int lose(struct tx *tx, const struct id *organisation, const char *domain, const char **ret_event, struct error *e)
{
	static const struct query query = {
		"domain.lose",
		"UPDATE domains SET state = 'lost', proven_at = NULL WHERE organisation = $1 AND domain = $2",
		QUERY_CHANGES,
		0,
	};

	*ret_event = DOMAIN_LOST;
	return query_write(tx, &query, PARAMS(P_ID(organisation), P_TEXT(domain)), NULL, e);
}

int domain_looked(struct tx *tx, struct arena *arena, const struct id *organisation, const char *domain, enum domain_look look,
		  const char *words, const struct domain_patience *patience, const char **ret_event, struct error *e)
{
	const struct rows *rows;
	const char *event = NULL;
	int done = note_look(tx, arena, organisation, domain, look, words, patience, &rows, e);

	if (done == 1) {
		const char *state = rows_text(rows, 0, 0);
		bool overdue = rows_bool(rows, 0, 1), expired = rows_bool(rows, 0, 2), by_dns = rows_bool(rows, 0, 3);

		done = 0;
		if (look == DOMAIN_FOUND && !text_equal(state, "verified"))
			done = come_by(tx, arena, organisation, domain, patience, &event, e);
		else if (look == DOMAIN_MISSING && text_equal(state, "verified") && by_dns && overdue)
			done = lose(tx, organisation, domain, &event, e);
		else if (look != DOMAIN_FOUND && text_equal(state, "pending") && expired) {
			event = DOMAIN_EXPIRED;
			done = drop_claim(tx, organisation, domain, NULL, e);
		}
	}
	if (done < 0)
		return -1;
	*ret_event = event;
	return 0;
}

/* ---- by the provider alone ---- */

int domain_sso_only(struct tx *tx, const char *domain, bool *ret, struct error *e)
{
	static const struct query query = { "domain.sso_only", "SELECT sso_only($1)", QUERY_READS, 0 };
	scoped(arena) *arena = arena_open("domain");
	const struct rows *rows;

	if (query_run(tx, &query, PARAMS(P_TEXT(domain)), arena, &rows, e) < 0)
		return -1;
	*ret = rows_bool(rows, 0, 0);
	return 0;
}

int domain_set_sso_only(struct tx *tx, const struct id *organisation, const char *domain, bool is, int64_t *ret_count, struct error *e)
{
	static const struct query query = {
		"domain.set_sso_only",
		"UPDATE domains SET sso_only = $3 WHERE organisation = $1 AND domain = $2 AND sso_only <> $3",
		QUERY_CHANGES,
		0,
	};

	return query_write(tx, &query, PARAMS(P_ID(organisation), P_TEXT(domain), P_BOOL(is)), ret_count, e);
}
