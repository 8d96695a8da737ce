#include "provision/provision.h"

#include <string.h>

#include "base/crypt.h"
#include "provision/apply.h"
#include "provision/evidence.h"
#include "provision/guard.h"
#include "provision/operation.h"
#include "provision/plan.h"
#include "provision/relink.h"
#include "provision/rename.h"
#include "provision/seating.h"
#include "provision/stage.h"
#include "provision/tables.h"
#include "store/query.h"

/* The connection's settings and mappings stay as they are meanwhile, and one at a time is at work on all that it shows: a daemon whose
 * run was taken over may still be at it. Who reads some people waits for none of this, but for the people themselves (plan.members_locked),
 * whoever else has them just now. */
static int lock_roster(struct tx *tx, struct arena *arena, const struct source *source, const struct run *run, struct error *e)
{
	static const struct query still = {
		"provision.still", "SELECT version FROM connections WHERE organisation = $1 AND id = $2 AND state <> 'deleted' FOR SHARE",
		QUERY_READS, 0,
	};
	static const struct query alone = {
		"provision.alone", "SELECT pg_advisory_xact_lock(hashtextextended('rosterd/reconcile/' || $1::uuid, 0))",
		QUERY_READS, QUERY_ONCE,
	};
	const struct rows *rows;
	if (run_takes_turns(run) && query_write(tx, &alone, PARAMS(P_ID(&source->connection.id)), NULL, e) < 0)
		return -1;
	int found = query_one(tx, &still, PARAMS(P_ID(&source->organisation), P_ID(&source->connection.id)), arena, &rows, e);
	if (found == 0)
		return error_set(e, ERROR_NOT_FOUND, "connection.gone", "the connection was deleted meanwhile");
	return found < 0 ? -1 : 0;
}

/* Staging is not logged, so a crash of the server empties it: what is there must be what was counted. 1 yes, 0 no. */
static int all_there(struct tx *tx, struct arena *arena, const struct run *run, struct error *e)
{
	static const struct query count = {
		"provision.count",
		"SELECT (SELECT count(*) FROM staged_people) + (SELECT count(*) FROM staged_unnamed), (SELECT count(*) FROM staged_groups), "
		"(SELECT count(*) FROM staged_edges), (SELECT count(*) FROM staged_refused), (SELECT count(*) FROM staged_marks)",
		QUERY_READS, QUERY_ONCE,
	};
	const struct rows *rows;
	if (query_one(tx, &count, NO_PARAMS, arena, &rows, e) < 0)
		return -1;
	return rows_int(rows, 0, 0) == run->people && rows_int(rows, 0, 1) == run->groups &&
	       rows_int(rows, 0, 2) == run->memberships && rows_int(rows, 0, 3) == run->refused &&
	       rows_int(rows, 0, 4) == run->marks;
}

/* Who is said to be as they were must be somebody whom we have, or whom we refused: otherwise we are not where the directory believes us to
 * be, and only a listing of all helps. 1: NULL reason, all are known. 0: *ret_reason says how many are not. */
static int all_known(struct tx *tx, struct arena *arena, const struct source *source, const struct run *run, const char **ret_reason,
                     struct error *e)
{
	static const struct query unknown = {
		"provision.unknown",
		"SELECT count(*) FROM marks_given m WHERE NOT m.gone AND NOT EXISTS (SELECT FROM refusals f WHERE f.organisation = $1 "
		"AND f.connection = $2 AND f.remote_id = m.remote_id) AND CASE WHEN m.is_group THEN NOT EXISTS (SELECT FROM groups g "
		"WHERE g.organisation = $1 AND g.connection = $2 AND g.remote_id = m.remote_id) "
		"AND NOT EXISTS (SELECT FROM staged_groups s WHERE s.remote_id = m.remote_id) "
		"ELSE NOT EXISTS (SELECT FROM accounts a WHERE a.organisation = $1 AND a.connection = $2 AND a.remote_id = m.remote_id "
		"AND (a.gone_at IS NULL OR a.observed_at > $3)) "
		"AND NOT EXISTS (SELECT FROM staged_people s WHERE s.remote_id = m.remote_id) END",
		QUERY_READS, QUERY_ONCE,
	};
	const struct rows *rows;
	if (run_reads_all(run) || !run->whole)
		return 1;
	if (query_one(tx, &unknown, PARAMS(P_ID(&source->organisation), P_ID(&source->connection.id), P_TIME(run->read_at)), arena, &rows,
	              e) < 0)
		return -1;
	if (rows_int(rows, 0, 0) == 0)
		return 1;
	*ret_reason = arena_format(arena, "%lld of those who are said to be as they were are not known here",
	                           (long long)rows_int(rows, 0, 0));
	return 0;
}

/* Whether an administrator has released exactly this plan. Says in *reason what is to be looked at otherwise. */
static bool released(const struct run *run, const struct outcome *outcome, const char **reason)
{
	if (!run->approved_by)
		return false;
	if (run->plan_digest_size == CRYPT_DIGEST_SIZE && memcmp(run->plan_digest, outcome->digest, CRYPT_DIGEST_SIZE) == 0)
		return true;
	*reason = "the roster moved since the plan was shown; this is the plan as it would be now";
	return false;
}

/* What happens with the plan: 1 apply it, 0 keep it (kind and reason are filled). */
static int judge(struct tx *tx, struct arena *arena, const struct source *source, const struct run *run,
                 struct outcome *outcome, struct error *e)
{
	int may = guard_judge(tx, arena, source, run, &outcome->reason, e);
	if (may >= 0 && source->moved && outcome->lines > 0) /* if nothing changes by it, it is the same */
		may = relink_judge(tx, arena, source, &outcome->reason, e);
	if (may < 0 || guard_tell_owner(tx, arena, &outcome->reason, e) < 0)
		return -1;
	if (run->plan_only) {
		outcome->kind = OUTCOME_PLANNED;
		return 0;
	}
	/* A plan that was shown is applied to the letter or not at all, harmless as its successor may be. */
	if (may == 1 && !run->approved_by)
		return 1;
	if (plan_digest(tx, arena, &outcome->digest, e) < 0)
		return -1;
	if (released(run, outcome, &outcome->reason))
		return 1;
	outcome->kind = OUTCOME_HELD;
	return 0;
}

static int carry_out(struct tx *tx, const struct source *source, const struct run *run, const struct actor *actor,
                     const struct outcome *outcome, struct error *e)
{
	if ((outcome->lines > 0 && (guard_record(tx, source, run, e) < 0 || apply_plan(tx, source, run, actor, outcome->counts, e) < 0)) || (run->whole && run_takes_turns(run) && evidence_keep(tx, source, run, e) < 0))
		return -1;
	if (seating_forget(tx, &source->organisation, e) < 0 || apply_mapped_roles(tx, source, e) < 0 || relink_forget(tx, source, run, e) < 0)
		return -1;
	return apply_observed(tx, source, run, e) < 0 ? -1 : rename_keep(tx, source, run, e);
}

/* Nothing of it is done: the entries that were to become others' are again those that they were. */
static int leave(struct tx *tx, const struct source *source, enum outcome_kind kind, struct outcome *outcome, struct outcome *ret, struct error *e)
{
	outcome->kind = kind;
	*ret = *outcome;
	return relink_undo(tx, source, e) < 0 ? -1 : stage_hide(tx, e);
}

int provision_reconcile(struct tx *tx, struct arena *arena, const struct source *given, const struct run *run,
                        const struct actor *actor, struct outcome *ret, struct error *e)
{
	struct outcome outcome = { .kind = OUTCOME_APPLIED, .counts = "{}" };
	struct source as_it_is = *given;
	const struct source *source = &as_it_is;
	enum tables tables;
	if (lock_roster(tx, arena, source, run, e) < 0 || tables_look(tx, arena, run, &tables, e) < 0 || stage_expose(tx, &run->id, !run_reads_all(run), e) < 0)
		return -1;

	int there = all_there(tx, arena, run, e);
	if (there < 0)
		return -1;
	if (there == 0) {
		outcome.kind = OUTCOME_LOST;
		*ret = outcome;
		return stage_hide(tx, e);
	}

	/* Settings may lead to the same directory by another way. */
	int same = source->moved ? evidence_same_bases(tx, source, run, e) : 0;
	if (same < 0)
		return -1;
	if (same == 1)
		as_it_is.moved = NULL;
	if (stage_name(tx, source, run_reads_all(run), e) < 0 || relink_make(tx, source, run, tables, e) < 0 || plan_make(tx, arena, source, run, tables, e) < 0)
		return -1;
	int known = all_known(tx, arena, source, run, &outcome.reason, e);
	if (known < 0)
		return -1;
	if (known == 0)
		return leave(tx, source, OUTCOME_LOST, &outcome, ret, e);
	if (plan_count(tx, arena, &outcome.counts, &outcome.lines, e) < 0)
		return -1;
	/* Of another directory nothing is held against what the one before has proved: a person looks at all of it. */
	int proven = run->whole && run_takes_turns(run) && !source->moved ? evidence_judge(tx, arena, source, run, &outcome.reason, e) : 1;
	if (proven < 0)
		return -1;
	if (proven == 0)
		return leave(tx, source, OUTCOME_UNPROVEN, &outcome, ret, e);
	int apply = judge(tx, arena, source, run, &outcome, e);
	if (apply < 0 || (apply == 1 && carry_out(tx, source, run, actor, &outcome, e) < 0) ||
	    (apply == 0 && (plan_keep(tx, &source->organisation, &run->id, e) < 0 || relink_undo(tx, source, e) < 0)) ||
	    (!run->plan_only && apply_refusals(tx, source, run, &outcome.refused, e) < 0) ||
	    stage_hide(tx, e) < 0)
		return -1;
	*ret = outcome;
	return 0;
}

/* ---- without a directory ----------------------------------------------------------------------------------------------------- */

/* Who reconciles holds their connection's row to the end, so nobody does meanwhile; the order is everybody's. */
static int lock_organisation(struct tx *tx, const struct source *source, struct error *e)
{
	static const struct query all = {
		"provision.all",
		"SELECT count(*) FROM (SELECT FROM connections WHERE organisation = $1 ORDER BY id FOR UPDATE) l", QUERY_READS, 0,
	};
	return query_write(tx, &all, PARAMS(P_ID(&source->organisation)), NULL, e);
}

int provision_operate(struct tx *tx, struct arena *arena, const struct source *source, const struct run *run,
                      const struct actor *actor, struct outcome *ret, struct error *e)
{
	struct outcome outcome = { .kind = OUTCOME_APPLIED, .counts = "{}" };
	if (lock_organisation(tx, source, e) < 0 || operation_plan(tx, arena, source, run, e) < 0 ||
	    plan_count(tx, arena, &outcome.counts, &outcome.lines, e) < 0 ||
	    operation_judge(tx, arena, source, run, &outcome.reason, e) < 0 || plan_digest(tx, arena, &outcome.digest, e) < 0)
		return -1;
	if (run->plan_only)
		outcome.kind = OUTCOME_PLANNED;
	else if ((outcome.reason || run->approved_by) && !released(run, &outcome, &outcome.reason))
		outcome.kind = OUTCOME_HELD;
	int done = outcome.kind == OUTCOME_APPLIED ? operation_apply(tx, arena, source, run, actor, e)
	                                           : plan_keep(tx, &source->organisation, &run->id, e);
	*ret = outcome;
	return done;
}
