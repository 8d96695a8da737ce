/* Runs: asks for one, waits for it, shows what it did or would do, and decides about one that is held. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "rosterctl/body.h"
#include "rosterctl/changes.h"
#include "rosterctl/exits.h"
#include "rosterctl/handlers.h"
#include "rosterctl/path.h"
#include "rosterctl/print.h"
#include "rosterctl/progress.h"
#include "rosterctl/safe.h"
#include "rosterctl/session.h"
#include "rosterctl/sync.h"

enum {
	WAIT_FIRST_MS = 100,	  /* between the first two looks at a run; each wait is twice as long ... */
	WAIT_LONGEST_MS = 1600,	  /* ... until this */
	WAIT_PATIENCE_MS = 10000, /* a daemon that starts again may be away for so long */
};

static const struct column in_list[] = {
	{ "asked", "asked_at", CELL_TIME },
	{ "connection", "connection_name", CELL_TEXT },
	{ "kind", "kind", CELL_TEXT },
	{ "state", "state", CELL_TEXT },
	{ "scope", "scope", CELL_TEXT },
	{ "people", "people", CELL_NUMBER },
	{ "by", "asked_by", CELL_TEXT },
	{ "run", "id", CELL_TEXT },
	{ 0 },
};

static const struct column in_full[] = {
	{ "run", "id", CELL_TEXT },
	{ "connection", "connection_name", CELL_TEXT },
	{ "kind", "kind", CELL_TEXT },
	{ "state", "state", CELL_TEXT },
	{ "scope", "scope", CELL_TEXT },
	{ "all because", "scope_reason", CELL_TEXT },
	{ "only a plan", "plan_only", CELL_TEXT },
	{ "asked by", "asked_by", CELL_TEXT },
	{ "asked", "asked_at", CELL_TIME },
	{ "started", "started_at", CELL_TIME },
	{ "finished", "finished_at", CELL_TIME },
	{ "pages", "pages", CELL_NUMBER },
	{ "people", "people", CELL_NUMBER },
	{ "groups", "groups", CELL_NUMBER },
	{ "memberships", "memberships", CELL_NUMBER },
	{ "refused", "refused", CELL_NUMBER },
	{ "whole", "whole", CELL_TEXT },
	{ "proof", "proof", CELL_TEXT },
	{ "changes", "counts", CELL_TEXT },
	{ "missed before", "missed", CELL_NUMBER },
	{ "held because", "held_reason", CELL_TEXT },
	{ "error", "error", CELL_TEXT },
	{ 0 },
};

static const struct column of_proof[] = {
	{ "proof of the listing", "part", CELL_TEXT },
	{ "", "state", CELL_TEXT },
	{ "in words", "words", CELL_TEXT },
	{ 0 },
};

/* A run that somebody named, as ORG/RUN, or that we asked for. */
struct subject {
	const char *organisation;
	const char *connection; /* NULL if only the run is known */
	const char *id;
	const char *path;
};

static void name_run(struct ctl *ctl, struct subject *subject, const char *id)
{
	subject->id = id;
	subject->path = path_make(ctl->arena, "/v1/organisations/{}/runs/{}", subject->organisation, id);
}

static int named_run(struct ctl *ctl, struct subject *ret, struct error *e)
{
	const char *id;

	if (path_split(ctl->arena, ctl_word(ctl, 0), "RUN", &ret->organisation, &id, e) < 0)
		return -1;
	ret->connection = NULL;
	name_run(ctl, ret, id);
	return 0;
}

static void put_each(struct body *body, const struct ctl *ctl, const char *option, const char *member)
{
	const char *given;

	json_begin_array(&body->writer, member);
	for (size_t at = 0; (given = arguments_each(ctl->given, option, &at));)
		json_put_text(&body->writer, NULL, given);
	json_end_array(&body->writer);
}

/* Of all, of what changed, or of whom was named. */
static int put_scope(struct body *body, const struct ctl *ctl, struct error *e)
{
	bool named = ctl_given(ctl, "person") || ctl_given(ctl, "group");

	if (named && ctl_given(ctl, "scope"))
		return usage_error(e, "--scope goes with neither --person nor --group: those alone are looked at");
	json_put_text(&body->writer, "scope", named ? "named" : ctl_given(ctl, "scope") ? ctl_option(ctl, "scope") : "all");
	if (named) {
		put_each(body, ctl, "person", "people");
		put_each(body, ctl, "group", "groups");
	}
	return 0;
}

/* Asks for a run of the connection that was named, ORG/CONNECTION. */
static int ask(struct ctl *ctl, bool plan_only, struct subject *ret, struct answer *answer, struct error *e)
{
	scoped(body) body;
	const char *given = ctl_word(ctl, 0), *path, *id;

	body_open(&body);
	if (path_split(ctl->arena, given, "CONNECTION", &ret->organisation, &ret->connection, e) < 0)
		return -1;
	path = path_make(ctl->arena, "/v1/organisations/{}/connections/{}/runs", ret->organisation,
			 ret->connection);
	if (put_scope(&body, ctl, e) < 0)
		return -1;
	json_put_bool(&body.writer, "plan_only", plan_only);
	if (ctl_given(ctl, "anew"))
		json_put_bool(&body.writer, "anew", true);
	if (body_end(&body, e) < 0 ||
	    session_ask(ctl->session, ctl->arena, "POST", path, &body.buffer, answer, e) < 0)
		return -1;
	id = json_text(json_member(answer->json, "id"));
	if (!id)
		return error_set(e, ERROR_REMOTE, CODE_NONSENSE, "the answer names no run");
	name_run(ctl, ret, id);
	return 0;
}

/* 1: the run goes no further by itself, 0: it does, -1: that is no run. */
static int is_over(const struct answer *answer, struct error *e)
{
	static const char *const over[] = { "held", "planned", "done", "failed", "dropped", NULL };
	const char *state = json_text(json_member(answer->json, "state"));

	if (!state)
		return error_set(e, ERROR_REMOTE, CODE_NONSENSE, "the answer is no run: it has no \"state\"");
	for (const char *const *word = over; *word; word++)
		if (text_equal(state, *word))
			return 1;
	return 0;
}

static void wait_ms(int ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000L }, NULL);
}

/* Whether it may help to ask again: the daemon may be starting again, or be busy. */
static bool may_pass(const struct error *e)
{
	return exits_of(e) == EXITS_UNREACHABLE || exits_of(e) == EXITS_LATER;
}

/* Looks at the run until it is over; the last answer stands in the arena. */
static int wait_for(struct ctl *ctl, struct arena *arena, const struct subject *subject, struct answer *ret,
		    struct error *e)
{
	int64_t give_up = clock_monotonic_ms() + WAIT_PATIENCE_MS;

	for (int ms = WAIT_FIRST_MS;; ms = ms < WAIT_LONGEST_MS ? ms * 2 : ms) {
		int over = 0;

		arena_reset(arena);
		if (session_ask(ctl->session, arena, "GET", subject->path, NULL, ret, e) == 0) {
			over = is_over(ret, e);
			progress_show(arena, ret->json);
			give_up = clock_monotonic_ms() + WAIT_PATIENCE_MS;
		} else if (!may_pass(e) || clock_left_ms(give_up) == 0)
			over = -1;
		if (over != 0) {
			progress_end();
			return over > 0 ? 0 : -1;
		}
		wait_ms(ms);
	}
}

/* What a held run asks of a person. */
static int held(struct ctl *ctl, const struct subject *subject, const struct json *run, struct error *e)
{
	const char *reason = json_text(json_member(run, "held_reason"));
	const char *name =
		safe_text(ctl->arena, arena_format(ctl->arena, "%s/%s", subject->organisation, subject->id));

	if (!ctl->json)
		fprintf(stderr,
			"look:     rosterctl sync changes %s\n"
			"go on:    rosterctl sync approve %s --wait\n"
			"or don't: rosterctl sync drop %s\n",
			name, name, name);
	return error_set(e, ERROR_CONFLICT, CODE_HELD, "the run is held and nothing was changed: %s",
			 reason ? reason : "no reason was given");
}

/* A run of which the directory did not prove that it was whole. */
static int judge_whole(const struct json *run, struct error *e)
{
	const struct json *whole = json_member(run, "whole");

	if (!json_is_bool(whole) || json_bool(whole))
		return 0;
	return error_set(e, ERROR_REMOTE, CODE_PARTIAL,
			 "the run has not seen everybody: who came is in, and nobody goes until a run has seen all");
}

/* The run's end as ours: 0 only if it did what it was asked for. */
static int judge(struct ctl *ctl, const struct subject *subject, const struct json *run, struct error *e)
{
	const char *state = json_text(json_member(run, "state"));
	const struct json *error = json_member(run, "error");
	const char *code = json_text(json_member(error, "code")),
		   *text = json_text(json_member(error, "text"));

	if (text_equal(state, "planned"))
		return 0;
	if (text_equal(state, "done"))
		return judge_whole(run, e);
	if (text_equal(state, "held"))
		return held(ctl, subject, run, e);
	if (text_equal(state, "dropped"))
		return error_set(e, ERROR_CONFLICT, "run.dropped",
				 "the run was dropped; nothing was changed");
	return error_set(e, ERROR_REMOTE, code ? code : "run.failed", "the run failed: %s",
			 text ? text : "it did not say why");
}

static const char *took(struct arena *arena, const struct json *run)
{
	const char *started = json_text(json_member(run, "started_at"));
	const char *finished = json_text(json_member(run, "finished_at"));
	int64_t from, to;

	if (!started || !finished || clock_parse(started, &from) < 0 || clock_parse(finished, &to) < 0)
		return "";
	return arena_format(arena, ", took %.1f s", (double)(to - from) / 1e6);
}

/* A listing that was read to its end and is known not to be whole. */
static void print_gap(struct ctl *ctl, const struct json *run)
{
	const struct json *whole = json_member(run, "whole");
	const char *why = json_text(json_member(run, "proof"));

	if (!json_is_bool(whole) || json_bool(whole))
		return;
	print_line(ctl, "not all  %s", why ? why : "the plug-in did not say why");
	print_line(ctl, "         nobody goes, and no group changes, until a run has seen everybody");
}

/* Whoever was asked for by name and is nobody, here or there, is no error: they may have been let go. */
static void print_nobody(struct ctl *ctl, const struct json *run)
{
	const char *scope = json_text(json_member(run, "scope")), *state = json_text(json_member(run, "state"));

	if (text_equal(scope, "named") && text_equal(state, "done") &&
	    json_int(json_member(run, "people")) == 0 && json_int(json_member(run, "groups")) == 0)
		print_line(ctl, "nobody   was found: the directory has none of those who were asked for");
}

/* What was read, and what came of it. */
static void print_outcome(struct ctl *ctl, const struct subject *subject, const struct json *run)
{
	const char *state = json_text(json_member(run, "state"));
	int64_t refused = json_int(json_member(run, "refused"));
	const char *reason = json_text(json_member(run, "scope_reason"));
	const char *about = json_text(json_member(run, "connection_name"));
	const char *kind = json_text(json_member(run, "kind")); /* a daemon of before does not say */
	int64_t missed = json_int(json_member(run, "missed"));
	bool foreseen = text_equal(state, "planned") || text_equal(state, "held");

	print_line(ctl, "run      %s: %s%s", subject->id, state, took(ctl->arena, run));
	if (kind && !text_equal(kind, "read"))
		print_line(ctl, "what     %s of %s", kind, about ? about : "all connections");
	else
		print_line(ctl, "read     %s", progress_read(ctl->arena, run));
	if (reason)
		print_line(ctl, "all      was read: %s", reason);
	if (missed > 0)
		print_line(ctl, "missed   %lld changes that no reading before had told", (long long)missed);
	print_gap(ctl, run);
	print_nobody(ctl, run);
	print_line(ctl, "%s  %s", foreseen ? "planned" : "changed",
		   changes_counts(ctl->arena, json_member(run, "counts")));
	if (refused > 0)
		print_line(ctl, "refused  %lld %s; see: rosterctl connection refused %s/%s",
			   (long long)refused, refused == 1 ? "person" : "people", subject->organisation,
			   subject->connection ? subject->connection : "CONNECTION");
}

/* Waits for a run to end, prints how, and judges it. */
static int follow(struct ctl *ctl, const struct subject *subject, struct error *e)
{
	scoped(arena) *arena = arena_open("run");
	struct answer answer;

	print_hint(ctl, "run %s is asked for; interrupting does not stop it", subject->id);
	if (wait_for(ctl, arena, subject, &answer, e) < 0)
		return -1;
	if (ctl->json)
		print_answer(ctl, &answer, in_full);
	else
		print_outcome(ctl, subject, answer.json);
	fflush(stdout);
	return judge(ctl, subject, answer.json, e);
}

int sync_run(struct ctl *ctl, struct error *e)
{
	struct subject subject;
	struct answer answer;

	if (ask(ctl, false, &subject, &answer, e) < 0)
		return -1;
	if (ctl_given(ctl, "wait"))
		return follow(ctl, &subject, e);
	if (ctl->json)
		print_answer(ctl, &answer, in_full);
	print_line(ctl, "run %s is asked for; see: rosterctl sync show %s/%s", subject.id,
		   subject.organisation, subject.id);
	return 0;
}

/* The changes of a run, to whoever reads them. */
static int print_changes(struct ctl *ctl, const struct subject *subject, struct error *e)
{
	static const struct column none[] = { { 0 } };
	const char *path = arena_format(ctl->arena, "%s/changes", subject->path);

	if (ctl->json)
		return print_list(ctl, path, &(struct listing){ none, "" }, e);
	return changes_print(ctl, path, e);
}

/* {"run":..,"changes":{"items":[..],"next":null}}, or with --json-lines the changes alone. */
static int print_plan(struct ctl *ctl, const struct subject *subject, const struct answer *run,
		      struct error *e)
{
	bool whole = ctl->json && !ctl->lines;

	if (whole) {
		fputs("{\"run\":", stdout);
		safe_json(stdout, run->bytes, run->length, true);
		fputs(",\"changes\":", stdout);
	}
	if (print_changes(ctl, subject, e) < 0)
		return -1;
	if (whole)
		fputs("}\n", stdout);
	if (!ctl->json)
		print_outcome(ctl, subject, run->json);
	return 0;
}

/* A run that is about people and reads no directory: its plan is shown, and who asked for it says yes. Without a terminal nobody is there
 * to say so, but for --yes. */
static int settle(struct ctl *ctl, const struct subject *subject, const char *what, struct error *e)
{
	struct answer answer;

	if (!ctl_given(ctl, "yes") && (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)))
		return 0;
	if (print_confirm(ctl, what, e) < 0 ||
	    session_call(ctl->session, ctl->arena, "POST", arena_format(ctl->arena, "%s/approve", subject->path), NULL,
			 &answer, e) < 0)
		return -1;
	return 1;
}

int sync_settle(struct ctl *ctl, const char *organisation, const struct answer *asked, const char *what, struct error *e)
{
	scoped(arena) *arena = arena_open("run");
	struct subject subject = { .organisation = organisation };
	const char *id = json_text(json_member(asked->json, "id"));
	struct answer answer;
	int settled = 0;

	if (!id)
		return error_set(e, ERROR_REMOTE, CODE_NONSENSE, "the answer names no run");
	name_run(ctl, &subject, id);
	if (wait_for(ctl, arena, &subject, &answer, e) < 0)
		return -1;
	if (text_equal(json_text(json_member(answer.json, "state")), "held")) {
		const char *reason = json_text(json_member(answer.json, "held_reason"));

		if (!ctl->json && print_changes(ctl, &subject, e) < 0)
			return -1;
		print_line(ctl, "%s", reason ? reason : "it is to be looked at");
		fflush(stdout);
		settled = settle(ctl, &subject, what, e);
		if (settled < 0)
			return -1;
	}
	if (settled == 1)
		return follow(ctl, &subject, e);
	if (text_equal(json_text(json_member(answer.json, "state")), "planned"))
		return print_plan(ctl, &subject, &answer, e);
	if (ctl->json)
		print_answer(ctl, &answer, in_full);
	else
		print_outcome(ctl, &subject, answer.json);
	fflush(stdout);
	return judge(ctl, &subject, answer.json, e);
}

int sync_plan(struct ctl *ctl, struct error *e)
{
	scoped(arena) *arena = arena_open("run");
	const char *reason;
	struct subject subject;
	struct answer answer;

	if (ask(ctl, true, &subject, &answer, e) < 0 || wait_for(ctl, arena, &subject, &answer, e) < 0)
		return -1;
	if (text_equal(json_text(json_member(answer.json, "state")), "failed"))
		return judge(ctl, &subject, answer.json, e);
	if (print_plan(ctl, &subject, &answer, e) < 0)
		return -1;
	fflush(stdout);
	reason = json_text(json_member(answer.json, "held_reason"));
	if (reason)
		print_line(ctl, "a run would be held: %s", reason);
	print_hint(ctl, "nothing was changed; to do it: rosterctl sync run %s/%s --wait",
		   subject.organisation, subject.connection);
	return judge(ctl, &subject, answer.json, e);
}

int sync_list(struct ctl *ctl, struct error *e)
{
	const char *organisation = ctl_word(ctl, 0), *connection = NULL;

	if (strchr(organisation, '/') &&
	    path_split(ctl->arena, ctl_word(ctl, 0), "CONNECTION", &organisation, &connection, e) < 0)
		return -1;
	return print_list(ctl,
			  path_with(ctl->arena,
				    path_make(ctl->arena, "/v1/organisations/{}/runs", organisation),
				    "connection", connection),
			  &(struct listing){ in_list, "no runs" }, e);
}

int sync_show(struct ctl *ctl, struct error *e)
{
	struct subject subject;
	struct answer answer;

	if (named_run(ctl, &subject, e) < 0 ||
	    session_call(ctl->session, ctl->arena, "GET", subject.path, NULL, &answer, e) < 0)
		return -1;
	print_answer(ctl, &answer, in_full);
	if (!ctl->json)
		print_table(ctl, json_member(answer.json, "proof_parts"), of_proof);
	return 0;
}

int sync_changes(struct ctl *ctl, struct error *e)
{
	struct subject subject;

	if (named_run(ctl, &subject, e) < 0)
		return -1;
	return print_changes(ctl, &subject, e);
}

/* Tells a held run what becomes of it. */
static int decide(struct ctl *ctl, const char *verb, struct subject *ret, struct error *e)
{
	struct answer answer;

	if (named_run(ctl, ret, e) < 0)
		return -1;
	return session_call(ctl->session, ctl->arena, "POST",
			    arena_format(ctl->arena, "%s/%s", ret->path, verb), NULL, &answer, e);
}

int sync_approve(struct ctl *ctl, struct error *e)
{
	struct subject subject;

	if (decide(ctl, "approve", &subject, e) < 0)
		return -1;
	if (ctl_given(ctl, "wait"))
		return follow(ctl, &subject, e);
	print_line(ctl, "run %s goes on", subject.id);
	return 0;
}

int sync_drop(struct ctl *ctl, struct error *e)
{
	struct subject subject;

	if (decide(ctl, "drop", &subject, e) < 0)
		return -1;
	print_line(ctl, "run %s is dropped; nothing was changed", subject.id);
	return 0;
}
