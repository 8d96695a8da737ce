/* A run: one reading of a directory, from the question to the last page, and what came of it. */
#ifndef ROSTERD_ROSTER_RUN_H
#define ROSTERD_ROSTER_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

struct run {
	struct id organisation, id, connection;
	const char *connection_name;
	const char *state; /* asked, reading, reconciling, held, planned, done, failed, dropped */
	const char *scope; /* all */
	bool plan_only, anew; /* anew: a loss is not held against what the listing before has proved */
	const char *asked_by, *approved_by;
	int64_t asked_at, not_before, started_at, finished_at;
	int attempts;
	const void *cursor;
	size_t cursor_size;
	int64_t pages, people, groups, memberships, refused;
	bool whole_known, whole;
	const char *proof, *counts, *held_reason; /* counts: a JSON object, kind -> number */
	const char *parts; /* of the proof, in order: a JSON array of {"part", "state", "words"}; NULL: none yet */
	const void *plan_digest;
	size_t plan_digest_size;
	const char *error_code, *error_text;
};

struct run_change {
	int64_t seq;
	const char *kind, *subject_kind, *name, *before, *after;
	struct id subject;
};

/* Asks for a run of a connection. ERROR_CONFLICT "run.under_way" or "run.held" names the run that is in the way; both
 * leave the transaction usable. */
int run_ask(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection, bool plan_only,
            bool anew, const char *asked_by, struct run *ret, struct error *e);

/* 1, 0, -1. */
int run_find(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *id, struct run *ret,
             struct error *e);

/* Newest first; connection NULL: of all. before NULL: from the newest. */
int run_list(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection,
             const struct id *before, int most, struct run **ret, size_t *ret_count, struct error *e);

/* The plan of a held or planned run, in its order, after seq. */
int run_changes(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *id, int64_t after,
                int most, struct run_change **ret, size_t *ret_count, struct error *e);

/* An administrator's answer to a held run. ERROR_CONFLICT "run.not_held". Wakes the workers. */
int run_approve(struct tx *tx, const struct id *organisation, const struct id *id, const char *who, struct error *e);
int run_drop(struct tx *tx, const struct id *organisation, const struct id *id, const char *who, struct error *e);

#endif
