#include "sync/run.h"

#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/lease.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/text.h"
#include "plugin/catalog.h"
#include "plugin/keeper.h"
#include "plugin/link.h"
#include "plugin/settings.h"
#include "provision/change.h"
#include "provision/provision.h"
#include "provision/source.h"
#include "provision/stage.h"
#include "roster/audit.h"
#include "roster/notification.h"
#include "roster/reading.h"
#include "roster/run.h"
#include "store/query.h"
#include "sync/pushed.h"
#include "sync/stream.h"
#include "sync/turn.h"

/* How often our own database may be in trouble before a run is given up. */
enum { RUN_ATTEMPTS_MOST = 8, RUN_RETRY_MS = 2000 };

/* How often a run may be begun at all, whoever died over it: one that takes its daemons down must end. */
enum { RUN_CLAIMS_MOST = 20 };

/* Bytes of what is told of a run that is held or has failed. */
enum { TOLD_MOST = 16384 };

/* One statement of a reconcile may be about millions of people. */
enum { RECONCILE_STATEMENT_MS = 3600 * 1000 };

/* What a step may take before the thread at work on it counts as stuck: a page has the directory's own time and this for our
 * database; a reconcile that has not ended by then never will. */
enum { OWN_DATABASE_MS = 600 * 1000, RECONCILE_MS_MOST = 12 * 3600 * 1000 };

enum state { RUN_ASKED, RUN_READING, RUN_RECONCILING, RUN_HELD, RUN_PLANNED, RUN_DONE, RUN_FAILED, RUN_DROPPED, RUN_STATES };

/* The same words as the CHECK on runs.state. */
static const char *const words[RUN_STATES] = { "asked", "reading", "reconciling", "held", "planned", "done", "failed", "dropped" };

struct work {
	const struct run_options *options;
	struct arena *arena;
	struct log log;
	struct run run;
	struct source source;
	struct actor actor;
	int64_t *waited_us; /* what was told of whom it looked at, since it was received ... */
	size_t waited;
	int64_t waited_at_us; /* ... at this moment of clock_monotonic_us */
	struct stream_times times;
	int64_t missed; /* of a whole listing after increments: what they had not told; -1: it is none */
	int64_t until_ms; /* of clock_monotonic_ms: by then it has been read, however often it was begun again here */
};

static int begin(struct work *w, enum state *ret, struct error *e);
static int read_directory(struct work *w, enum state *ret, struct error *e);
static int reconcile(struct work *w, enum state *ret, struct error *e);

/* The life of a run. What is not here ends it. */
static const struct step {
	enum state from, to;
	const char *says;
} steps[] = {
	{ RUN_ASKED, RUN_READING, "reading the directory" },
	{ RUN_READING, RUN_ASKED, "lost our place, or what we read with was changed: beginning again" },
	{ RUN_READING, RUN_RECONCILING, "the last page is in" },
	{ RUN_READING, RUN_FAILED, "gave up" },
	{ RUN_RECONCILING, RUN_DONE, "reconciled" },
	{ RUN_RECONCILING, RUN_PLANNED, "planned, as was asked" },
	{ RUN_RECONCILING, RUN_HELD, "held for an administrator to look at" },
	{ RUN_RECONCILING, RUN_ASKED, "the staged listing was lost, reading it again" },
	{ RUN_RECONCILING, RUN_RECONCILING, "a loss is not proven, so nobody is called gone" },
	{ RUN_RECONCILING, RUN_FAILED, "gave up" },
	{ RUN_ASKED, RUN_FAILED, "gave up" },
	/* An administrator's answers: roster/run writes them. */
	{ RUN_HELD, RUN_RECONCILING, "released by an administrator" },
	{ RUN_HELD, RUN_DROPPED, "dropped by an administrator" },
};

/* What is done in a state that is not an end. */
static int (*const doing[RUN_STATES])(struct work *, enum state *, struct error *) = {
	[RUN_ASKED] = begin,
	[RUN_READING] = read_directory,
	[RUN_RECONCILING] = reconcile,
};

static enum state state_of(const char *word)
{
	for (enum state s = RUN_ASKED; s < RUN_STATES; s++)
		if (strcmp(words[s], word) == 0)
			return s;
	return RUN_FAILED;
}

static const struct step *step_between(enum state from, enum state to)
{
	for (size_t i = 0; i < ARRAY_COUNT(steps); i++)
		if (steps[i].from == from && steps[i].to == to)
			return &steps[i];
	return NULL;
}

/* A worker's transaction for the run's organisation. */
static int open_tx(struct work *w, struct tx **ret, struct error *e)
{
	if (tx_begin(w->options->store, STORE_WORKER, ret, e) < 0)
		return -1;
	return tx_for(*ret, &w->run.organisation, e);
}

/* Others begin at the end: there is no directory to read (provision/operation). */
static bool reads(const struct run *run)
{
	return text_equal(run->kind, "read");
}

/* ---- what is counted ----------------------------------------------------------------------------------------------- */

static void count_end(const struct work *w, const char *outcome)
{
	metric_add(METRIC_RUNS_ENDED, LABELS(w->source.connection.plugin, outcome), 1);
}

static void count_duration(const struct work *w)
{
	if (w->run.started_at > 0)
		metric_observe(METRIC_RUN_DURATION, LABELS(w->source.connection.plugin), clock_now_us() - w->run.started_at);
}

/* counts: the outcome's, an object of our own making. */
static void count_changes(const struct work *w, const char *counts)
{
	struct json *object;
	const struct json *value;
	const char *kind;
	size_t at = 0;
	if (json_parse(w->arena, counts, strlen(counts), &object, NULL) < 0)
		return;
	while (json_next(object, &at, &kind, &value) == 1)
		metric_add(METRIC_CHANGES, LABELS(kind), json_int(value));
}

/* How many lost their place by it. */
static int64_t count_of_departed(const struct work *w, const char *counts)
{
	struct json *object;
	if (json_parse(w->arena, counts, strlen(counts), &object, NULL) < 0)
		return 0;
	const struct json *suspended = json_member(object, CHANGE_SUSPENDED);
	return suspended ? json_int(suspended) : 0;
}

/* ---- which directory it is ---- */

/* NULL: it is not there to be asked. It may have to be described by a child: not within a transaction. */
static const struct catalog_plugin *find_plugin(const struct work *w)
{
	const struct catalog_plugin *plugin;
	struct error e;
	return catalog_find(w->options->catalog, w->source.connection.plugin, &plugin, &e) == 1 ? plugin : NULL;
}

/* Whether what is read with `now` (a JSON object; NULL: the connection's settings) is another directory than the last that was applied. */
static int judge_move(struct work *w, const struct catalog_plugin *plugin, const struct reading *before, const char *now, struct error *e)
{
	const struct connection_pair *was, *is = w->source.connection.settings;
	size_t was_count, is_count = w->source.connection.setting_count;
	w->source.moved = NULL;
	if (!before->directory)
		return 0;
	if (connection_read_settings(w->arena, before->directory, &was, &was_count, e) < 0 ||
	    (now && connection_read_settings(w->arena, now, &is, &is_count, e) < 0))
		return -1;
	w->source.moved = settings_moved(w->arena, plugin, was, was_count, is, is_count);
	return 0;
}

/* ---- asked -> reading --------------------------------------------------------------------------------------------- */

/* Why everything has to be read though what changed was asked for, or NULL: then the reading begins at its cursor. Only whoever asked a
 * person's way gets what changed although a whole listing is due. */
static const char *why_all(struct work *w, const struct catalog_plugin *plugin, const struct reading *reading)
{
	bool by_itself = run_asked_by_itself(&w->run);
	if (!plugin || !(plugin->scopes & (1U << LINK_CHANGED)))
		return "the plug-in cannot tell what changed";
	if (reading->whole_at == 0)
		return "there was no whole listing before";
	if (!reading->cursor)
		return "there is no place to go on from";
	if (w->source.moved)
		return "another directory is read than before";
	if (reading->cursor_for_size != w->source.digest_size ||
	    memcmp(reading->cursor_for, w->source.digest, w->source.digest_size) != 0)
		return "settings, mappings or verified domains are not those of the last reading";
	if (by_itself && reading->whole_age_ms >= w->source.connection.full_schedule_ms)
		return "a whole listing is due";
	/* Its pages are small, where what changed may be more than one call has the time for: then it would come to no end, ever. */
	if (reading->late)
		return "a reading of what changed took longer than a plug-in may";
	return NULL;
}

/* Where the reading begins, and of what it is. */
static int choose_scope(struct work *w, struct tx *tx, const struct catalog_plugin *plugin, struct reading *ret, const char **ret_scope,
                        const char **ret_reason, struct error *e)
{
	struct reading reading = { 0 };
	*ret = (struct reading){ 0 };
	*ret_scope = w->run.scope;
	*ret_reason = w->run.scope_reason;
	if (run_reads_all(&w->run))
		return 0;
	if (reading_find(tx, w->arena, &w->run.organisation, &w->run.connection, &reading, e) < 0 ||
	    judge_move(w, plugin, &reading, NULL, e) < 0)
		return -1;
	/* Whoever is not in another directory under the key that they had here is not gone for that. */
	if (!run_takes_turns(&w->run) && w->source.moved)
		return error_set(e, ERROR_CONFLICT, "run.moved",
		                 "connection \"%s\" reads another directory than its people came from; read all of it first (scope all) and "
		                 "look at that plan", w->source.connection.name);
	if (!run_takes_turns(&w->run))
		return 0;
	*ret = reading;
	*ret_reason = why_all(w, plugin, ret);
	if (!*ret_reason)
		return 0;
	*ret_scope = "all";
	*ret = (struct reading){ 0 };
	return 0;
}

static int begin(struct work *w, enum state *ret, struct error *e)
{
	static const struct query start = {
		"run.start",
		"UPDATE runs SET state = 'reading', started_at = coalesce(started_at, now()), scope = $4, scope_reason = $5, cursor = $6, "
		"read_at = clock_timestamp(), read_for = $7, directory = (SELECT c.settings FROM connections c WHERE c.organisation = $1 "
		"AND c.id = connection), next_cursor = NULL, pages = 0, people = 0, groups = 0, memberships = 0, refused = 0, "
		"marks = 0, whole = NULL, proof = NULL, error_code = NULL, error_text = NULL "
		"WHERE organisation = $1 AND id = $2 AND claimed_by = $3 AND state = 'asked'",
		QUERY_KEEPS, 0,
	};
	const struct catalog_plugin *plugin = find_plugin(w);
	scoped(tx) *tx = NULL;
	struct reading reading;
	const char *scope, *reason;
	int64_t count;
	if (open_tx(w, &tx, e) < 0 || choose_scope(w, tx, plugin, &reading, &scope, &reason, e) < 0 || stage_prepare(tx, &w->run.id, !text_equal(scope, "all"), e) < 0 ||
	    query_write(tx, &start,
	                PARAMS(P_ID(&w->run.organisation), P_ID(&w->run.id), P_ID(&w->options->daemon), P_TEXT(scope), P_TEXT(reason),
	                       P_BYTES(reading.cursor, reading.cursor_size), P_BYTES(w->source.digest, w->source.digest_size)),
	                &count, e) < 0)
		return -1;
	if (count == 0)
		return error_set(e, ERROR_CONFLICT, "run.taken", "another daemon has taken this run over");
	*ret = RUN_READING;
	if (tx_commit(&tx, e) < 0)
		return -1;
	metric_add(METRIC_RUNS_BEGUN, LABELS(w->source.connection.plugin), 1);
	return 0;
}

/* ---- reading -> reconciling, or asked again ---------------------------------------------------------------------------- */

/* The secrets are opened in a transaction of their own: it is over before the directory is asked anything. */
static int open_settings(struct work *w, struct settings *ret, struct error *e)
{
	scoped(tx) *tx = NULL;
	if (open_tx(w, &tx, e) < 0)
		return -1;
	return settings_open(tx, w->options->keys, &w->source.connection, w->arena, ret, e);
}

static int64_t page_lease_ms(const struct run_options *options)
{
	return (int64_t)options->call_deadline_ms + OWN_DATABASE_MS;
}

/* link NULL: the directory pushes, and what it said stands with us. */
static int read_through(struct work *w, struct link *link, struct error *e)
{
	const struct stream stream = {
		.store = w->options->store,
		.link = link,
		.source = &w->source,
		.run = &w->run,
		.daemon = &w->options->daemon,
		.log = &w->log,
		.page_most = w->options->page_most,
		.stop = w->options->stop,
		.lease = w->options->lease,
		.lease_ms = page_lease_ms(w->options),
		.until_ms = w->until_ms,
		.turn = w->options->turn,
		.times = &w->times,
	};
	return link ? stream_read(&stream, e) : pushed_read(&stream, e);
}

static int open_and_read(struct work *w, const struct settings *settings, struct error *e)
{
	struct keeper keeper;
	const struct link_options options = {
		.plugin = w->source.connection.plugin,
		.settings = settings->all,
		.setting_count = settings->count,
		.deadline_ms = w->options->call_deadline_ms,
		.allow_private = w->options->allow_private && w->source.connection.private_addresses,
		.keeper = &keeper.link,
		.started = turn_hold,
		.started_context = w->options->turn,
		.log = &w->log,
	};
	struct link *link = NULL;
	keeper_open(&keeper, w->options->store, STORE_WORKER, w->options->keys, &w->run.organisation, &w->run.connection);
	if (text_equal(w->source.connection.plugin, CATALOG_PUSHED_NAME))
		return read_through(w, NULL, e);
	if (link_open(w->options->catalog, &options, &link, e) < 0)
		return -1;
	int done = read_through(w, link, e);
	turn_hold(w->options->turn, NULL);
	link_close(&link);
	return done;
}

/* One that was told to stop has read what it has read: whoever takes it up goes on behind its last page. */
static int read_in_turn(struct work *w, const struct settings *settings, struct error *e)
{
	turn_begin(w->options->turn);
	int done = open_and_read(w, settings, e);
	bool over = turn_end(w->options->turn);
	if (done < 0 && over)
		return error_set(e, ERROR_RETRY, "run.slow",
		                 "it took long, and others waited; it goes on in one of the places for slow ones (slow_workers)");
	return done;
}

/* From the beginning; a reading of what changed whose place is lost becomes one of all. */
static int ask_again(struct work *w, const char *why, struct error *e)
{
	static const struct query again = {
		"run.again",
		"UPDATE runs SET state = 'asked', scope_reason = CASE WHEN scope = 'changed' THEN $4 ELSE scope_reason END, "
		"scope = CASE WHEN scope = 'changed' THEN 'all' ELSE scope END WHERE organisation = $1 AND id = $2 AND claimed_by = $3 AND state = 'reading'",
		QUERY_KEEPS, 0,
	};
	scoped(tx) *tx = NULL;
	if (open_tx(w, &tx, e) < 0 ||
	    query_write(tx, &again,
	                PARAMS(P_ID(&w->run.organisation), P_ID(&w->run.id), P_ID(&w->options->daemon), P_TEXT(why)), NULL, e) < 0)
		return -1;
	return tx_commit(&tx, e);
}

/* What was written down as what it is read with must be what it is read with. */
static bool was_begun_otherwise(const struct work *w)
{
	return w->run.read_for && (w->run.read_for_size != w->source.digest_size ||
	                           memcmp(w->run.read_for, w->source.digest, w->source.digest_size) != 0);
}

static int read_directory(struct work *w, enum state *ret, struct error *e)
{
	struct settings settings = { 0 };
	if (was_begun_otherwise(w)) {
		*ret = RUN_ASKED;
		return ask_again(w, "settings, mappings or verified domains were changed while it was read", e);
	}
	int done = open_settings(w, &settings, e);
	if (done == 0)
		done = read_in_turn(w, &settings, e);
	settings_close(&settings);

	/* Only the plug-in speaks of a lost place, and only about a cursor that we gave it. */
	if (done < 0 && e->kind == ERROR_PRECONDITION && w->run.cursor) {
		*ret = RUN_ASKED;
		return ask_again(w, arena_format(w->arena, "the place was lost: %s", e->text), e);
	}
	*ret = RUN_RECONCILING;
	return done;
}

/* ---- reconciling -> done, planned, held, or asked again ------------------------------------------------------------------ */

/* Where the next reading begins moves with what this one changed. A whole listing after increments shows what they did not tell. */
static int take_reading(struct work *w, struct tx *tx, const struct outcome *outcome, struct error *e)
{
	static const struct query missed = {
		"run.missed", "UPDATE runs SET missed = $3 WHERE organisation = $1 AND id = $2", QUERY_KEEPS, 0,
	};
	struct reading before = { 0 };
	w->missed = -1;
	if (!reads(&w->run))
		return 0;
	if (run_reads_all(&w->run) && w->run.whole &&
	    reading_find(tx, w->arena, &w->run.organisation, &w->run.connection, &before, e) < 0)
		return -1;
	w->missed = before.increments > 0 ? outcome->lines : -1;
	if (w->missed >= 0 &&
	    query_write(tx, &missed, PARAMS(P_ID(&w->run.organisation), P_ID(&w->run.id), P_INT(w->missed)), NULL, e) < 0)
		return -1;
	return reading_take(tx, &w->run, w->source.moved != NULL, e);
}

static void count_missed(const struct work *w)
{
	if (w->missed < 0)
		return;
	metric_add(METRIC_INCREMENTS_MISSED, LABELS(w->source.connection.plugin), w->missed);
	if (w->missed > 0)
		log_note(&w->log, "%lld changes that no increment had told", (long long)w->missed);
}

/* ---- what somebody should hear of: an entry of the audit, and so an event ---- */

static int tell(struct work *w, struct tx *tx, const char *action, const char *kind, const struct id *about, const char *code, const char *text,
                struct error *e)
{
	__attribute__((cleanup(buffer_close))) struct buffer after;
	char id[ID_TEXT_SIZE];
	const struct actor actor = { .kind = "daemon", .id = "rosterd", .source = "daemon", .run = &w->run.id };
	struct audit_event event = { .action = action, .target_kind = kind, .target = id_text(about, id),
		                     .target_name = w->source.connection.name };
	struct json_writer writer;
	buffer_open(&after, TOLD_MOST);
	json_writer_open(&writer, &after);
	json_begin_object(&writer, NULL);
	json_put_text(&writer, "code", code);
	json_put_text(&writer, "text", text);
	json_end_object(&writer);
	event.after = text && !after.full ? after.bytes : NULL;
	return audit_write(tx, &w->run.organisation, &actor, &event, e);
}

/* Whether the run of this connection that ended before this one had failed: 1, 0, -1. A run of named people says nothing of the directory as
 * a whole. */
static int had_failed(struct work *w, struct tx *tx, struct error *e)
{
	static const struct query last = {
		"run.before",
		"SELECT state = 'failed' FROM runs WHERE organisation = $1 AND connection = $2 AND id <> $3 AND scope <> 'named' AND kind = 'read' "
		"AND state IN ('done', 'planned', 'failed') ORDER BY asked_at DESC, id DESC LIMIT 1",
		QUERY_READS, 0,
	};
	const struct rows *rows;
	int found = query_one(tx, &last, PARAMS(P_ID(&w->run.organisation), P_ID(&w->run.connection), P_ID(&w->run.id)), w->arena, &rows, e);
	return found <= 0 ? found : rows_bool(rows, 0, 0);
}

static bool speaks_for_all(const struct work *w)
{
	return reads(&w->run) && run_takes_turns(&w->run);
}

static int tell_recovered(struct work *w, struct tx *tx, struct error *e)
{
	int failed = speaks_for_all(w) ? had_failed(w, tx, e) : 0;
	return failed <= 0 ? failed : tell(w, tx, "connection.recovered", "connection", &w->run.connection, NULL, NULL, e);
}

/* The first time, and not at each of the runs that fail after it. */
static int tell_failing(struct work *w, struct tx *tx, const struct error *why, struct error *e)
{
	int failed = speaks_for_all(w) ? had_failed(w, tx, e) : 1;
	return failed < 0 ? -1 : failed > 0 ? 0 : tell(w, tx, "connection.failing", "connection", &w->run.connection, why->code, why->text, e);
}

/* A message may have come after the question: it was answered by what somebody else had asked. */
static int64_t until_asked_us(const struct work *w, size_t i)
{
	int64_t us = w->waited_us[i] - (w->waited_at_us - w->times.asked_us);
	return us > 0 ? us : 0;
}

/* That somebody was to leave was told, and this is how long it took: from the first message to the question, to the answer, and until now. */
static int tell_offboarded(struct work *w, struct tx *tx, int64_t departed, struct error *e)
{
	__attribute__((cleanup(buffer_close))) struct buffer after;
	char id[ID_TEXT_SIZE];
	const struct actor actor = { .kind = "daemon", .id = "rosterd", .source = "daemon", .run = &w->run.id };
	struct audit_event event = { .action = "run.offboarded", .target_kind = "run", .target = id_text(&w->run.id, id),
		                     .target_name = w->source.connection.name };
	struct json_writer writer;
	int64_t asked_us = 0;
	for (size_t i = 0; i < w->waited; i++)
		if (until_asked_us(w, i) > asked_us)
			asked_us = until_asked_us(w, i);
	buffer_open(&after, TOLD_MOST);
	json_writer_open(&writer, &after);
	json_begin_object(&writer, NULL);
	json_put_int(&writer, "people", departed);
	json_put_int(&writer, "until_asked_ms", asked_us / 1000);
	json_put_int(&writer, "until_answered_ms", (w->times.answered_us - w->times.asked_us) / 1000);
	json_put_int(&writer, "until_refused_ms", (clock_monotonic_us() - w->times.answered_us) / 1000);
	json_end_object(&writer);
	event.after = after.bytes;
	return audit_write(tx, &w->run.organisation, &actor, &event, e);
}

static int tell_done(struct work *w, struct tx *tx, int64_t departed, struct error *e)
{
	bool told = departed > 0 && w->waited > 0 && w->times.answered_us;
	return told && tell_offboarded(w, tx, departed, e) < 0 ? -1 : tell_recovered(w, tx, e);
}

/* The end of this reconcile as the run's row tells it. */
static int write_end(struct work *w, struct tx *tx, const struct outcome *outcome, enum state state, struct error *e)
{
	static const struct query end = {
		"run.end",
		"UPDATE runs SET state = $4, counts = $5, held_reason = $6, plan_digest = $7, refused = CASE WHEN $8 < 0 THEN refused "
		"ELSE $8 END, claimed_by = NULL, beat_at = NULL, error_code = NULL, error_text = NULL, approved_by = CASE WHEN $4 = 'held' THEN NULL ELSE approved_by END, "
		"finished_at = CASE WHEN $4 IN ('done', 'planned') THEN clock_timestamp() END "
		"WHERE organisation = $1 AND id = $2 AND claimed_by = $3 AND state = 'reconciling'",
		QUERY_KEEPS, 0,
	};
	int64_t count;
	/* A held run's staged rows are looked at again: their count must stay what was staged. */
	int64_t refused = state == RUN_DONE ? outcome->refused : -1;
	if (state == RUN_DONE && (take_reading(w, tx, outcome, e) < 0 || notification_applied(tx, w->arena, &w->run.organisation, &w->run.id,
	                                                                                     &w->waited_us, &w->waited, e) < 0))
		return -1;
	w->waited_at_us = clock_monotonic_us();
	if (query_write(tx, &end,
	                PARAMS(P_ID(&w->run.organisation), P_ID(&w->run.id), P_ID(&w->options->daemon), P_TEXT(words[state]),
	                       P_JSON(outcome->counts), P_TEXT(outcome->reason),
	                       P_BYTES(outcome->digest, outcome->digest ? 32 : 0), P_INT(refused)),
	                &count, e) < 0)
		return -1;
	if (count != 1)
		return error_set(e, ERROR_CONFLICT, "run.taken", "another daemon has taken this run over");
	return state == RUN_HELD   ? tell(w, tx, "run.held", "run", &w->run.id, "run.held", outcome->reason, e)
	       : state == RUN_DONE ? tell_done(w, tx, count_of_departed(w, outcome->counts), e)
	                           : 0;
}

static void count_waited(const struct work *w)
{
	for (size_t i = 0; i < w->waited; i++) {
		metric_observe(METRIC_NOTIFICATION_APPLIED, LABELS(w->source.connection.plugin), w->waited_us[i]);
		if (w->times.asked_us)
			metric_observe(METRIC_NOTIFICATION_ASKED, LABELS(w->source.connection.plugin), until_asked_us(w, i));
	}
}

/* Sessions and keys are looked up with each request: from the commit on every daemon refuses them. */
static void count_departed(const struct work *w, int64_t departed)
{
	int64_t us = clock_monotonic_us() - w->times.answered_us;
	for (int64_t i = 0; w->times.answered_us && i < departed; i++)
		metric_observe(METRIC_OFFBOARDING, LABELS(w->source.connection.plugin), us);
}

static enum state state_after(const struct outcome *outcome)
{
	switch (outcome->kind) {
	case OUTCOME_APPLIED:
		return RUN_DONE;
	case OUTCOME_HELD:
		return RUN_HELD;
	case OUTCOME_PLANNED:
		return RUN_PLANNED;
	case OUTCOME_UNPROVEN:
		return RUN_RECONCILING;
	case OUTCOME_LOST:
		break;
	}
	return RUN_ASKED;
}

/* why_all: NULL, or why it is to be all that is read. */
static int restart(struct work *w, struct tx *tx, const char *why_all, struct error *e)
{
	static const struct query lost = {
		"run.lost",
		"UPDATE runs SET state = 'asked', approved_by = NULL, scope = CASE WHEN $4::text IS NULL THEN scope ELSE 'all' END, "
		"scope_reason = coalesce($4, scope_reason) WHERE organisation = $1 AND id = $2 AND claimed_by = $3 AND state = 'reconciling'",
		QUERY_KEEPS, 0,
	};
	return query_write(tx, &lost,
	                   PARAMS(P_ID(&w->run.organisation), P_ID(&w->run.id), P_ID(&w->options->daemon), P_TEXT(why_all)), NULL, e);
}

/* What is reconciled next is a listing that is not whole. */
static int doubt(struct work *w, struct tx *tx, const char *reason, struct error *e)
{
	static const struct query unproven = {
		"run.unproven",
		"UPDATE runs SET whole = false, proof = $4, next_cursor = NULL WHERE organisation = $1 AND id = $2 AND claimed_by = $3 "
		"AND state = 'reconciling'",
		QUERY_KEEPS, 0,
	};
	return query_write(tx, &unproven,
	                   PARAMS(P_ID(&w->run.organisation), P_ID(&w->run.id), P_ID(&w->options->daemon), P_TEXT(reason)), NULL, e);
}

/* Writes down what becomes of the run. */
static int conclude(struct work *w, struct tx *tx, const struct outcome *outcome, enum state state, struct error *e)
{
	if (state == RUN_ASKED)
		return restart(w, tx, outcome->reason, e);
	if (state == RUN_RECONCILING)
		return doubt(w, tx, outcome->reason, e);
	return write_end(w, tx, outcome, state, e);
}

static int reconcile_reading(struct work *w, struct tx *tx, const struct catalog_plugin *plugin, struct outcome *ret, struct error *e)
{
	struct reading before = { 0 };
	if (reading_find(tx, w->arena, &w->run.organisation, &w->run.connection, &before, e) < 0 ||
	    judge_move(w, plugin, &before, w->run.directory, e) < 0)
		return -1;
	w->source.renames_settle_ms = w->options->renames_settle_ms;
	w->source.asks_named = plugin && plugin->scopes & (1U << LINK_NAMED);
	return provision_reconcile(tx, w->arena, &w->source, &w->run, &w->actor, ret, e);
}

static int reconcile(struct work *w, enum state *ret, struct error *e)
{
	const struct catalog_plugin *plugin = reads(&w->run) ? find_plugin(w) : NULL;
	scoped(tx) *tx = NULL;
	struct outcome outcome;
	if (open_tx(w, &tx, e) < 0 || tx_patience(tx, RECONCILE_STATEMENT_MS, e) < 0)
		return -1;
	if ((reads(&w->run) ? reconcile_reading(w, tx, plugin, &outcome, e)
	                    : provision_operate(tx, w->arena, &w->source, &w->run, &w->actor, &outcome, e)) < 0)
		return -1;

	enum state state = state_after(&outcome);
	if (conclude(w, tx, &outcome, state, e) < 0 ||
	    ((state == RUN_DONE || state == RUN_PLANNED) && stage_drop(tx, &w->run.id, e) < 0) || tx_commit(&tx, e) < 0)
		return -1;
	if (state == RUN_RECONCILING) {
		log_warning(&w->log, "%s", outcome.reason);
		*ret = state;
		return 0;
	}
	count_end(w, state == RUN_ASKED ? "again" : words[state]);
	if (state != RUN_ASKED)
		count_duration(w);
	if (state == RUN_DONE) {
		count_changes(w, outcome.counts);
		count_missed(w);
		count_waited(w);
		count_departed(w, count_of_departed(w, outcome.counts));
	}
	if (state == RUN_HELD)
		log_warning(&w->log, "%s", outcome.reason);
	else
		log_note(&w->log, "%lld changes: %s", (long long)outcome.lines, outcome.counts);
	*ret = state;
	return 0;
}

/* ---- trouble --------------------------------------------------------------------------------------------------------------- */

/* Gives up: the reason stands with the run, and nothing of the roster has changed. */
static void give_up(struct work *w, const struct error *why)
{
	static const struct query fail = {
		"run.fail",
		"UPDATE runs SET state = 'failed', error_code = $4, error_text = $5, finished_at = now(), claimed_by = NULL "
		"WHERE organisation = $1 AND id = $2 AND claimed_by = $3 AND state IN ('asked', 'reading', 'reconciling')",
		QUERY_KEEPS, 0,
	};
	struct error e;
	int64_t count;
	scoped(tx) *tx = NULL;
	log_failure(&w->log, LOG_LEVEL_WARNING, "gave up", why);
	count_end(w, "failed");
	count_duration(w);
	if (open_tx(w, &tx, &e) < 0 ||
	    query_write(tx, &fail,
	                PARAMS(P_ID(&w->run.organisation), P_ID(&w->run.id), P_ID(&w->options->daemon), P_TEXT(why->code),
	                       P_TEXT(why->text)),
	                &count, &e) < 0 ||
	    (count > 0 && tell_failing(w, tx, why, &e) < 0) || stage_drop(tx, &w->run.id, &e) < 0 || tx_commit(&tx, &e) < 0)
		log_failure(&w->log, LOG_LEVEL_ERROR, "could not write down that the run failed", &e);
}

/* Gives the claim back, to be taken up again by whoever is free after a while. why: NULL if nothing is wrong. */
static void give_back(struct work *w, const struct error *why, int wait_ms)
{
	static const struct query later = {
		"run.later",
		"UPDATE runs SET claimed_by = NULL, beat_at = NULL, not_before = now() + $4 * interval '1 millisecond', "
		"error_code = $5, error_text = $6 WHERE organisation = $1 AND id = $2 AND claimed_by = $3 "
		"AND state IN ('asked', 'reading', 'reconciling')",
		QUERY_KEEPS, 0,
	};
	struct error e;
	scoped(tx) *tx = NULL;
	if (why)
		log_failure(&w->log, LOG_LEVEL_NOTICE, "will be tried again", why);
	if (open_tx(w, &tx, &e) < 0 ||
	    query_write(tx, &later,
	                PARAMS(P_ID(&w->run.organisation), P_ID(&w->run.id), P_ID(&w->options->daemon), P_INT(wait_ms),
	                       P_TEXT(why ? why->code : NULL), P_TEXT(why ? why->text : NULL)),
	                NULL, &e) < 0 ||
	    tx_commit(&tx, &e) < 0)
		log_failure(&w->log, LOG_LEVEL_ERROR, "could not give the run back; it is taken over when its claim grows old", &e);
}

/* Our own database's passing trouble is tried again; so is a directory that says when. What else is wrong needs a person. */
static bool is_passing(const struct error *e)
{
	return e->kind == ERROR_UNCERTAIN || (e->kind == ERROR_RETRY && (e->wait_ms > 0 || text_begins(e->code, "store."))) ||
	       (e->kind == ERROR_CONFLICT && text_begins(e->code, "store."));
}

static void decide(struct work *w, const struct error *why)
{
	if (strcmp(why->code, "run.taken") == 0) {
		log_note(&w->log, "%s", why->text);
	} else if (atomic_load(w->options->stop)) {
		count_end(w, "stopped");
		log_note(&w->log, "stopped on the way: %s", why->text); /* and given back, as run_work ends */
	} else if (text_equal(why->code, "run.slow")) { /* no failure of anybody's */
		count_end(w, "again");
		give_back(w, why, 0);
	} else if (is_passing(why) && w->run.attempts < RUN_ATTEMPTS_MOST) {
		count_end(w, "again");
		give_back(w, why, why->wait_ms > 0 ? why->wait_ms : RUN_RETRY_MS);
	} else {
		give_up(w, why);
	}
}

/* ---- the run ------------------------------------------------------------------------------------------------------------------ */

/* Nobody but a person (or a file) wants what reads no directory: "kind id", as they are kept. */
static void name_who(struct work *w, const char *who)
{
	size_t kind = strcspn(who, " ");
	w->actor.kind = arena_text_n(w->arena, who, kind);
	w->actor.id = who[kind] ? who + kind + 1 : who;
	w->actor.name = w->actor.on_behalf_of = NULL;
}

/* Whom the audit names: the connection, and the person who asked or approved, if one did. */
static void fill_actor(struct work *w, const char *slug)
{
	const char *who = w->run.approved_by ? w->run.approved_by : run_asked_by_itself(&w->run) ? NULL : w->run.asked_by;
	char id[ID_TEXT_SIZE];
	w->actor = (struct actor){
		.kind = "connector",
		.id = arena_text(w->arena, id_text(&w->run.connection, id)),
		.name = arena_format(w->arena, "%s/%s", slug, w->run.connection_name),
		.on_behalf_of = who,
		.source = "run",
		.run = &w->run.id,
	};
	if (!reads(&w->run))
		name_who(w, w->run.approved_by ? w->run.approved_by : w->run.asked_by);
}

/* What is about all connections is of none. */
static int load_source(struct work *w, struct tx *tx, const struct id *organisation, struct error *e)
{
	if (!id_is_nil(&w->run.connection))
		return source_load(tx, w->arena, organisation, &w->run.connection, &w->source, e);
	w->run.connection_name = "all connections";
	int found = source_load_organisation(tx, w->arena, organisation, &w->source, e);
	w->source.connection.plugin = "none";
	return found;
}

/* Reads run and source as they are now. 1, 0 there is no such run, -1. */
static int load(struct work *w, const struct id *organisation, const struct id *id, struct error *e)
{
	static const struct query slug = {
		"run.slug", "SELECT slug FROM organisations WHERE organisation = $1", QUERY_READS, 0,
	};
	scoped(tx) *tx = NULL;
	const struct rows *rows;
	w->run.organisation = *organisation;
	if (open_tx(w, &tx, e) < 0)
		return -1;
	int found = run_find(tx, w->arena, organisation, id, &w->run, e);
	if (found == 1)
		found = load_source(w, tx, organisation, e);
	if (found == 1)
		found = query_one(tx, &slug, PARAMS(P_ID(organisation)), w->arena, &rows, e);
	if (found != 1)
		return found;

	char text[ID_TEXT_SIZE];
	id_text(&w->run.id, text);
	log_subject(&w->log, NULL, "run %.8s: %s/%s", text + 28, rows_text(rows, 0, 0), w->run.connection_name);
	log_field(&w->log, "run", "%s", text);
	log_field(&w->log, "organisation", "%s", rows_text(rows, 0, 0));
	log_field(&w->log, "connection", "%s", w->run.connection_name);
	fill_actor(w, rows_text(rows, 0, 0));
	return tx_commit(&tx, e) == 0 ? 1 : -1;
}

/* What was asked before the connection was deleted is nobody's wish any more; its directory is not contacted. */
static int check_deleted(const struct work *w, struct error *e)
{
	if (!reads(&w->run) || !text_equal(w->source.connection.state, "deleted"))
		return 0;
	return error_set(e, ERROR_CONFLICT, "connection.deleted", "connection \"%s\" was deleted, and is not read any more",
	                 w->source.connection.name);
}

static int check_claims(const struct work *w, struct error *e)
{
	if (w->run.attempts <= RUN_CLAIMS_MOST)
		return 0;
	return error_set(e, ERROR_INTERNAL, "run.endless",
	                 "this run was begun %d times and came to no end; see the daemon's log, then ask for another one",
	                 RUN_CLAIMS_MOST);
}

/* One step: load, do, move on. 1: go on, 0: this run is no longer ours to work on. */
static int step_once(struct work *w, const struct id *organisation, const struct id *id)
{
	struct error e;
	arena_reset(w->arena);
	int found = load(w, organisation, id, &e);
	if (found <= 0) {
		if (found < 0)
			log_failure(&w->log, LOG_LEVEL_ERROR, "could not read the run", &e);
		return 0;
	}

	enum state from = state_of(w->run.state), to;
	if (!doing[from])
		return 0;
	lease_take(w->options->lease, from == RUN_RECONCILING ? RECONCILE_MS_MOST : page_lease_ms(w->options));
	if (check_claims(w, &e) < 0 || check_deleted(w, &e) < 0 || doing[from](w, &to, &e) < 0) {
		decide(w, &e);
		return 0;
	}
	const struct step *step = step_between(from, to);
	if (!step) {
		error_set(&e, ERROR_INTERNAL, "run.impossible", "a run cannot go from %s to %s", words[from], words[to]);
		give_up(w, &e);
		return 0;
	}
	log_info(&w->log, "%s", step->says);
	return doing[to] != NULL;
}

void run_work(const struct run_options *options, const struct id *organisation, const struct id *run)
{
	scoped(arena) *arena = arena_open("run");
	struct work work = { .options = options, .arena = arena, .until_ms = clock_monotonic_ms() + options->read_most_ms };
	while (!atomic_load(options->stop) && step_once(&work, organisation, run) == 1)
		;
	if (atomic_load(options->stop))
		give_back(&work, NULL, 0);
}
