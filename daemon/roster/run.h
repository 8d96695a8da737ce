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
	const char *scope; /* all, changed, named */
	const char *scope_reason; /* why everything is read though what changed was asked for, or NULL */
	const char *kind;  /* read; without a directory: precedence, delete, restore */
	const char *wish;  /* what is wanted of a run that reads none: JSON, as provision/operation tells; NULL: it reads */
	bool plan_only, anew; /* anew: a loss is not held against what the listing before has proved */
	const char *asked_by, *approved_by;
	int64_t asked_at, not_before, started_at, finished_at;
	int attempts;
	const void *cursor;
	size_t cursor_size;
	int64_t pages, people, groups, memberships, refused, marks;
	int64_t read_at; /* when the reading began: what was observed later is newer */
	const void *read_for, *next_cursor; /* with what it was read; where the next reading of what changed begins, or NULL */
	size_t read_for_size, next_cursor_size;
	const char *directory; /* the settings that it was read with: a JSON object; NULL: it has not begun, or reads none */
	const char *const *named, *const *named_groups; /* of scope named: remote ids, ended by NULL */
	bool missed_known;
	int64_t missed; /* of a whole listing after increments: changes that none of them had told */
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

enum { RUN_NAMED_MOST = 100, RUNS_NAMED_MOST = 100 }; /* people and groups of one run; such runs of a connection under way or waiting */

/* Whether it reads everybody. Whether it is one of those of which a connection has one at a time. */
bool run_reads_all(const struct run *run);
bool run_takes_turns(const struct run *run);

/* Who asked, where it was nobody: its time had come, the directory said that something changed (in a watch, or a message), or it had had its
 * time for who was renamed. */
#define RUN_BY_SCHEDULE "schedule"
#define RUN_BY_RENAME "rename"
#define RUN_BY_WATCH "watch"
#define RUN_BY_NOTIFICATION "notification"
/* Somebody signed on. */
#define RUN_BY_SIGN_ON "sign-on"
bool run_asked_by_itself(const struct run *run);
/* Whether it is what a sign-on itself said of somebody; one that asks the directory about them reads. */
bool run_is_of_sign_on(const struct run *run);

/* What is asked for. named, named_groups: remote ids, ended by NULL, of scope named alone. */
struct run_wish {
	const char *scope, *asked_by;
	bool plan_only, anew;
	const char *const *named, *const *named_groups;
};

/* Asks for a run of a connection. ERROR_CONFLICT "run.under_way" or "run.held" names the run that is in the way (of scope named none
 * is: ERROR_LIMIT "limit.runs" if there are too many of them); all leave the transaction usable. */
int run_ask(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection,
            const struct run_wish *wish, struct run *ret, struct error *e);

/* Asks for what changed because the directory says that something did; it begins no sooner than apart_ms after the last such. 1: *ret is the
 * new run's. 0: one is under way or held. Wakes the workers. */
int run_ask_by_watch(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection, int apart_ms,
                     struct id *ret, struct error *e);

/* Asks for a run that reads no directory; connection NULL: about all of them. The same conflicts. */
int run_ask_operation(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection,
                      const char *kind, const char *wish, bool plan_only, const char *asked_by, struct run *ret, struct error *e);

/* The run about the order of sources that is under way or held, if there is one: 1, 0, -1. same: it wants
 * just this (JSON). */
struct run_order {
	struct id id;
	bool held, same;
};
int run_find_order(struct tx *tx, struct arena *arena, const struct id *organisation, const char *wish,
		   struct run_order *ret, struct error *e);

/* Ends what a connection's run has read so far: it is about to be deleted. A held one is somebody's to answer, and one that reconciles ends by
 * itself. */
int run_give_up(struct tx *tx, const struct id *organisation, const struct id *connection, const char *who, struct error *e);

/* 1, 0, -1. */
int run_find(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *id, struct run *ret,
             struct error *e);

/* Newest first; connection NULL: of all. before NULL: from the newest. */
int run_list(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection,
             const struct id *before, int most, struct run **ret, size_t *ret_count, struct error *e);

/* The plan of a held or planned run, in its order, after seq. */
int run_changes(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *id, int64_t after,
                int most, struct run_change **ret, size_t *ret_count, struct error *e);

/* An administrator's answer to a held run. ERROR_CONFLICT "run.not_held". Wakes the workers. After a dropped one everything is read again. */
int run_approve(struct tx *tx, const struct id *organisation, const struct id *id, const char *who, struct error *e);
int run_drop(struct tx *tx, const struct id *organisation, const struct id *id, const char *who, struct error *e);

/* What a connection's held run has read is judged again, as if nobody had looked: what it is held against has changed. 1, 0 none is held, -1. */
int run_judge_again(struct tx *tx, const struct id *organisation, const struct id *connection, struct error *e);

#endif
