#include "provision/arrival.h"

#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/text.h"
#include "provision/mapping.h"
#include "provision/provision.h"
#include "provision/stage.h"
#include "roster/run.h"
#include "store/query.h"

/* ---- is there anything to do ---- */

static const struct query known = {
	"arrival.known",
	"SELECT a.id IS NOT NULL, a.gone_at IS NOT NULL, a.fingerprint, coalesce(a.claimed, false), r.whole_at IS NOT NULL, "
	"ARRAY(SELECT g.remote_id FROM group_accounts k JOIN groups g ON g.organisation = $1 AND g.id = k.group_id "
	"WHERE k.organisation = $1 AND k.account_id = a.id AND g.remote_id IS NOT NULL), a.email, coalesce(a.standing = 1, false) "
	"FROM (SELECT 1) one LEFT JOIN accounts a ON a.organisation = $1 AND a.connection = $2 AND a.remote_id = $3 "
	"LEFT JOIN readings r ON r.organisation = $1 AND r.connection = $2",
	QUERY_READS, 0,
};

static bool lists(const char *const *list, const char *text)
{
	for (; *list; list++)
		if (strcmp(*list, text) == 0)
			return true;
	return false;
}

static bool same_groups(const char *const *said, const char *const *have)
{
	if (!said)
		return true;
	for (const char *const *group = said; *group; group++)
		if (!lists(have, *group))
			return false;
	for (const char *const *group = have; *group; group++)
		if (!lists(said, *group))
			return false;
	return true;
}

static bool proves(const struct source *source, const struct mapped *m)
{
	return m->domain && lists(source->domains, m->domain);
}

/* What a provider has vouched for once, of this very person, is not less true because it says nothing of it today. */
static void keep_address(struct identity *person, const char *email)
{
	if (person->email_proof != PROOF_NONE || !email)
		return;
	person->email = email;
	person->email_proof = PROOF_ASSERTED;
}

static int map(struct arena *arena, const struct source *source, const struct arrival *arrival, struct mapped *ret, struct error *e)
{
	struct digest *digest = digest_open();
	int result = mapping_person(source, arrival->person, digest, arena, ret, e);

	digest_close(&digest);
	return result;
}

int arrival_judge(struct tx *tx, struct arena *arena, const struct source *source, struct arrival *arrival, enum arrival_answer *ret,
                  struct error *e)
{
	const struct rows *rows;
	struct mapped mapped;
	const void *fingerprint;
	size_t size;
	bool here, gone, claimed, read, active;
	struct identity *person = mapping_settle_email(source, arrival->person, arena);

	arrival->person = person;
	if (map(arena, source, arrival, &mapped, e) < 0 ||
	    query_one(tx, &known, PARAMS(P_ID(&source->organisation), P_ID(&source->connection.id), P_TEXT(mapped.remote_id)), arena, &rows, e) < 0)
		return -1;
	keep_address(person, rows_text(rows, 0, 6));
	if (map(arena, source, arrival, &mapped, e) < 0)
		return -1;
	here = rows_bool(rows, 0, 0);
	gone = rows_bool(rows, 0, 1);
	fingerprint = rows_bytes(rows, 0, 2, &size);
	claimed = rows_bool(rows, 0, 3);
	read = rows_bool(rows, 0, 4);
	active = rows_bool(rows, 0, 7);
	if (read)
		*ret = here && !gone && active ? ARRIVAL_AS_KNOWN : ARRIVAL_ELSEWHERE;
	else if (!here)
		*ret = proves(source, &mapped) ? ARRIVAL_CHANGES : ARRIVAL_UNPROVEN;
	else if (!gone && size == sizeof(mapped.fingerprint) && memcmp(fingerprint, mapped.fingerprint, size) == 0 &&
	         (claimed || !proves(source, &mapped)) && same_groups(arrival->person->groups, rows_texts(rows, 0, 5)))
		*ret = ARRIVAL_AS_KNOWN;
	else
		*ret = ARRIVAL_CHANGES;
	return 0;
}

/* ---- a run of its own ---- */

static int begin_run(struct tx *tx, struct arena *arena, const struct source *source, const char *const *named, struct run *ret, struct error *e)
{
	/* Nobody else sees it before it is over: it is made, worked on and ended in one transaction. */
	static const struct query begin = {
		"arrival.begin",
		"INSERT INTO runs (organisation, id, connection, state, scope, asked_by, started_at, read_at, attempts, named) "
		"VALUES ($1, $2, $3, 'reconciling', 'named', '" RUN_BY_SIGN_ON "', clock_timestamp(), clock_timestamp(), 1, $4)",
		QUERY_KEEPS, 0,
	};
	const struct id id = id_new();

	if (query_write(tx, &begin, PARAMS(P_ID(&source->organisation), P_ID(&id), P_ID(&source->connection.id), P_TEXTS(named)), NULL, e) < 0)
		return -1;
	return run_find(tx, arena, &source->organisation, &id, ret, e) == 1 ? 0 : -1;
}

static int stage_arrival(struct tx *tx, const struct source *source, const struct arrival *arrival, struct run *run, struct error *e)
{
	static const struct query counted = {
		"arrival.counted",
		"UPDATE runs SET people = $3, groups = $4, memberships = $5, refused = $6, marks = $7, pages = 1 WHERE organisation = $1 AND id = $2",
		QUERY_KEEPS, 0,
	};
	scoped(stage) *stage = stage_open(source, &run->id);
	struct stage_counts sent;

	if (stage_prepare(tx, &run->id, true, e) < 0)
		return -1;
	for (size_t i = 0; arrival->person->groups && i < arrival->group_count; i++)
		stage_group(stage, &arrival->groups[i]);
	stage_person(stage, arrival->person);
	if (stage_flush(stage, tx, &sent, e) < 0)
		return -1;
	run->people = sent.people;
	run->groups = sent.groups;
	run->memberships = sent.memberships;
	run->refused = sent.refused;
	run->marks = sent.marks;
	return query_write(tx, &counted,
	                   PARAMS(P_ID(&source->organisation), P_ID(&run->id), P_INT(sent.people), P_INT(sent.groups), P_INT(sent.memberships),
	                          P_INT(sent.refused), P_INT(sent.marks)),
	                   NULL, e);
}

static int end_run(struct tx *tx, const struct source *source, const struct run *run, const struct outcome *outcome, struct error *e)
{
	static const struct query end = {
		"arrival.end",
		"UPDATE runs SET state = $3, counts = $4, held_reason = $5, plan_digest = $6, "
		"finished_at = CASE WHEN $3 = 'done' THEN clock_timestamp() END WHERE organisation = $1 AND id = $2",
		QUERY_KEEPS, 0,
	};
	bool held = outcome->kind == OUTCOME_HELD;

	return query_write(tx, &end,
	                   PARAMS(P_ID(&source->organisation), P_ID(&run->id), P_TEXT(held ? "held" : "done"), P_JSON(outcome->counts),
	                          P_TEXT(outcome->reason), P_BYTES(outcome->digest, outcome->digest ? CRYPT_DIGEST_SIZE : 0)),
	                   NULL, e) < 0 ||
	                       (!held && stage_drop(tx, &run->id, e) < 0)
	               ? -1
	               : 0;
}

/* What was held of the same person when they signed on before: 1 and why, 0 nothing, -1. A second one beside it would be one more to answer. */
static int find_held(struct tx *tx, struct arena *arena, const struct source *source, const char *const *named, const char **ret_held,
                     struct error *e)
{
	static const struct query held = {
		"arrival.held",
		"SELECT held_reason FROM runs WHERE organisation = $1 AND connection = $2 AND state = 'held' AND scope = 'named' "
		"AND asked_by = '" RUN_BY_SIGN_ON "' AND named = $3 ORDER BY id LIMIT 1",
		QUERY_READS, 0,
	};
	const struct rows *rows;
	int found = query_one(tx, &held, PARAMS(P_ID(&source->organisation), P_ID(&source->connection.id), P_TEXTS(named)), arena, &rows, e);

	if (found == 1)
		*ret_held = rows_text(rows, 0, 0);
	return found;
}

int arrival_reconcile(struct tx *tx, struct arena *arena, const struct source *source, const struct arrival *arrival, const struct actor *given,
                      const char **ret_held, struct error *e)
{
	const char *const named[] = { arrival->person->remote_id, NULL };
	struct actor actor = *given;
	struct outcome outcome;
	struct run run;
	int held = find_held(tx, arena, source, named, ret_held, e);

	if (held != 0)
		return held == 1 ? 0 : -1;
	if (begin_run(tx, arena, source, named, &run, e) < 0 || stage_arrival(tx, source, arrival, &run, e) < 0)
		return -1;
	actor.run = &run.id;
	if (provision_reconcile(tx, arena, source, &run, &actor, &outcome, e) < 0)
		return -1;
	if (outcome.kind != OUTCOME_APPLIED && outcome.kind != OUTCOME_HELD)
		return error_set(e, ERROR_INTERNAL, "arrival.lost", "what was staged of one person is not what was counted");
	*ret_held = outcome.kind == OUTCOME_HELD ? outcome.reason : NULL;
	return end_run(tx, source, &run, &outcome, e);
}

/* ---- who they are ---- */

int arrival_find(struct tx *tx, struct arena *arena, const struct source *source, const char *remote_id, struct arrived *ret, struct error *e)
{
	static const struct query find = {
		"arrival.find",
		"SELECT m.user_id, m.state, m.suspended_by, m.role, m.email, m.name, a.gone_at IS NOT NULL FROM accounts a "
		"JOIN members m ON m.organisation = $1 AND m.user_id = a.user_id WHERE a.organisation = $1 AND a.connection = $2 AND a.remote_id = $3",
		QUERY_READS, 0,
	};
	const struct rows *rows;
	int found = query_one(tx, &find, PARAMS(P_ID(&source->organisation), P_ID(&source->connection.id), P_TEXT(remote_id)), arena, &rows, e);

	if (found == 1)
		*ret = (struct arrived){
			.user = rows_id(rows, 0, 0),
			.state = rows_text(rows, 0, 1),
			.suspended_by = rows_text(rows, 0, 2),
			.role = rows_text(rows, 0, 3),
			.email = rows_text(rows, 0, 4),
			.name = rows_text(rows, 0, 5),
			.gone = rows_bool(rows, 0, 6),
		};
	return found;
}

int arrival_refusal(struct tx *tx, struct arena *arena, const struct source *source, const char *remote_id, const char **ret_code,
                    const char **ret_reason, struct error *e)
{
	static const struct query refusal = {
		"arrival.refusal", "SELECT code, reason FROM refusals WHERE organisation = $1 AND connection = $2 AND remote_id = $3", QUERY_READS, 0,
	};
	const struct rows *rows;
	int found = query_one(tx, &refusal, PARAMS(P_ID(&source->organisation), P_ID(&source->connection.id), P_TEXT(remote_id)), arena, &rows, e);

	if (found == 1) {
		*ret_code = rows_text(rows, 0, 0);
		*ret_reason = rows_text(rows, 0, 1);
	}
	return found;
}
