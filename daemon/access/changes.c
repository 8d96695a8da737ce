#include "access/changes.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/text.h"
#include "store/listen.h"

enum {
	TOLD_MOST = 1024,		 /* changes that are remembered until the log is held against them */
	SUBJECT_SIZE = 2 * ID_TEXT_SIZE, /* "ORGANISATION/USER" */
	DEAF_MS = 2000, /* a sign that is away for so long will not come back: the connection does not hear */
};

#define CHANNEL "rosterd_verify"

struct told {
	size_t count; /* more than TOLD_MOST: not all of them stand here */
	char subjects[TOLD_MOST][SUBJECT_SIZE];
};

struct changes {
	struct listener *listener;
	struct log log;
	pthread_t thread;
	bool runs;
	atomic_bool ends;
	_Atomic int beat_ms;
	_Atomic int64_t fresh_at_ms; /* when the last sign was sent that came back; 0: none has since
					something may have been missed */
	_Atomic uint64_t heard;
	_Atomic uint32_t all, organisations[CHANGES_ORGANISATIONS], users[CHANGES_USERS];
	/* The thread's own. */
	struct id self;
	int64_t beat_at_ms;	    /* when the next sign is due */
	int64_t sent_at_ms, number; /* of the sign that is under way; number 0: none is */
	char *snapshot; /* up to which the log was read; NULL: it was not since something may have been missed
			 */
	char *logged;	/* what the log had with the sign that is under way; NULL: nothing */
	int64_t numbers;
	/* What was notified since our last sign came back, and between that one and the one before: the log
	 * of the next one has some of both. */
	struct told told, told_before;
};

/* ---- marks ---- */

/* Ids are random at their ends. */
static size_t bucket_of(const struct id *id, size_t buckets)
{
	uint32_t end;

	memcpy(&end, id->bytes + ID_SIZE - sizeof(end), sizeof(end));
	return end & (buckets - 1);
}

static size_t user_bucket(const struct id *organisation, const struct id *user)
{
	return bucket_of(user, CHANGES_USERS) ^ (bucket_of(organisation, CHANGES_USERS) >> 1);
}

uint64_t changes_heard(const struct changes *changes)
{
	return atomic_load(&changes->heard);
}

struct changes_mark changes_mark(const struct changes *changes, const struct id *organisation,
				 const struct id *user)
{
	return (struct changes_mark){
		.all = atomic_load(&changes->all),
		.organisation =
			atomic_load(&changes->organisations[bucket_of(organisation, CHANGES_ORGANISATIONS)]),
		.user = atomic_load(&changes->users[user_bucket(organisation, user)]),
	};
}

bool changes_hold(const struct changes *changes, const struct id *organisation, const struct id *user,
		  const struct changes_mark *mark)
{
	const struct changes_mark now = changes_mark(changes, organisation, user);

	return now.all == mark->all && now.organisation == mark->organisation && now.user == mark->user;
}

int64_t changes_age(const struct changes *changes)
{
	int64_t at = atomic_load(&changes->fresh_at_ms);

	return at == 0 ? INT64_MAX : clock_monotonic_ms() - at;
}

/* That something is heard is counted before the marks, so that nobody sees the new mark and the old count. */
static void doubt_all(struct changes *c)
{
	atomic_fetch_add(&c->heard, 1);
	atomic_fetch_add(&c->all, 1);
}

void changes_doubt(struct changes *changes, const struct id *organisation, const struct id *user)
{
	if (!organisation) {
		doubt_all(changes);
		return;
	}
	atomic_fetch_add(&changes->heard, 1);
	if (user)
		atomic_fetch_add(&changes->users[user_bucket(organisation, user)], 1);
	else
		atomic_fetch_add(&changes->organisations[bucket_of(organisation, CHANGES_ORGANISATIONS)], 1);
}

/* subject: "ORGANISATION" or "ORGANISATION/USER"; what is neither may be about anybody. */
static void doubt(struct changes *c, const char *subject)
{
	char text[ID_TEXT_SIZE];
	struct id organisation, user;

	snprintf(text, sizeof(text), "%s", subject);
	if (id_parse(text, &organisation) < 0 ||
	    (subject[ID_TEXT_SIZE - 1] != '\0' && subject[ID_TEXT_SIZE - 1] != '/') ||
	    (subject[ID_TEXT_SIZE - 1] == '/' && id_parse(subject + ID_TEXT_SIZE, &user) < 0)) {
		doubt_all(c);
		return;
	}
	changes_doubt(c, &organisation, subject[ID_TEXT_SIZE - 1] == '/' ? &user : NULL);
}

/* ---- what was missed ---- */

static void set_text(char **text, const char *to)
{
	free(*text);
	*text = to ? strdup(to) : NULL;
	if (to && !*text)
		memory_exhausted("changes", strlen(to));
}

/* From here on the log is read anew; everything before it is in doubt. */
static void begin_anew(struct changes *c)
{
	atomic_store(&c->fresh_at_ms, 0);
	doubt_all(c);
	set_text(&c->snapshot, NULL);
	set_text(&c->logged, NULL);
	c->number = 0;
	c->told.count = c->told_before.count = 0;
	c->beat_at_ms = 0;
}

static bool was_told(const struct told *told, const char *subject)
{
	for (size_t i = 0; i < told->count && i < TOLD_MOST; i++)
		if (text_equal(told->subjects[i], subject))
			return true;
	return false;
}

static void keep_told(struct told *told, const char *subject)
{
	if (told->count < TOLD_MOST)
		snprintf(told->subjects[told->count], SUBJECT_SIZE, "%.*s", SUBJECT_SIZE - 1, subject);
	if (told->count <= TOLD_MOST)
		told->count++;
}

/* Felt in any case: what was told of somebody a moment ago may have been another change than this one. So a
 * change that was told is felt twice, which costs one look more. */
static void take_logged(struct changes *c, const char *subject)
{
	bool told = was_told(&c->told, subject) || was_told(&c->told_before, subject) ||
		    c->told.count > TOLD_MOST || c->told_before.count > TOLD_MOST || text_equal(subject, "all");

	doubt(c, subject);
	if (told)
		return;
	metric_add(METRIC_VERIFY_MISSED, NO_LABELS, 1);
	log_note(&c->log, "the log of the database has a change of which no notice came");
}

static void take_all_logged(struct changes *c)
{
	char *rest = NULL;

	for (char *subject = c->logged ? strtok_r(c->logged, " ", &rest) : NULL; subject;
	     subject = strtok_r(NULL, " ", &rest))
		take_logged(c, subject);
	set_text(&c->logged, NULL);
}

/* ---- hearing ---- */

/* Our sign has come back: whatever its log has, and was committed before it, was notified before it as well.
 */
static void hear_beat(struct changes *c, const char *said)
{
	char expected[ID_TEXT_SIZE + 32], self[ID_TEXT_SIZE];

	snprintf(expected, sizeof(expected), "%s %lld", id_text(&c->self, self), (long long)c->number);
	if (c->number == 0 || !text_equal(said, expected))
		return; /* another daemon's, or one of before */
	take_all_logged(c);
	c->told_before = c->told;
	c->told.count = 0;
	c->number = 0;
	atomic_store(&c->fresh_at_ms, c->sent_at_ms);
	metric_set(METRIC_VERIFY_LAG, NO_LABELS, (clock_monotonic_ms() - c->sent_at_ms) * 1000);
}

static void hear(struct changes *c, const struct notice *notice)
{
	static const char beat[] = "beat ";

	if (!notice->channel[0]) {
		begin_anew(c);
	} else if (text_begins(notice->payload, beat)) {
		hear_beat(c, notice->payload + sizeof(beat) - 1);
	} else {
		doubt(c, notice->payload);
		keep_told(&c->told, notice->payload);
	}
}

/* ---- signs of life ---- */

static void beat(struct changes *c)
{
	static const char sql[] = "SELECT snapshot, changed FROM rosterd.verify_beat($1, $2)";
	scoped(arena) *arena = arena_open("changes");
	char self[ID_TEXT_SIZE];
	const char *said = arena_format(arena, "%s %lld", id_text(&c->self, self), (long long)++c->numbers);
	const char *const asked[] = { c->snapshot, said };
	const char *answer[2];
	struct error e = { 0 };

	c->sent_at_ms = clock_monotonic_ms();
	c->beat_at_ms = c->sent_at_ms + atomic_load(&c->beat_ms);
	if (listen_ask(c->listener, "changes.beat", sql, asked, ARRAY_COUNT(asked), arena, answer,
		       ARRAY_COUNT(answer), &e) < 0)
		return; /* it connects again, and says that we may have missed something */
	c->number = c->numbers;
	set_text(&c->snapshot, answer[0]);
	set_text(&c->logged, answer[1]);
}

static void beat_if_due(struct changes *c)
{
	if (clock_left_ms(c->beat_at_ms) > 0)
		return;
	if (c->number == 0)
		beat(c);
	else if (clock_monotonic_ms() - c->sent_at_ms > DEAF_MS)
		listen_renew(c->listener);
}

static void step(struct changes *c, int most_ms)
{
	struct notice notice;
	int left_ms = clock_left_ms(c->beat_at_ms);

	if (c->number != 0 && left_ms == 0)
		left_ms = most_ms; /* until it comes back */
	if (listen_wait(c->listener, left_ms < most_ms ? left_ms : most_ms, &notice) == 1)
		hear(c, &notice);
	beat_if_due(c);
}

static void *work(void *self)
{
	struct changes *c = self;

	while (!atomic_load(&c->ends))
		step(c, atomic_load(&c->beat_ms));
	return NULL;
}

/* ---- beginning and end ---- */

void changes_pace(struct changes *changes, int stale_ms)
{
	int beat_ms = stale_ms / CHANGES_BEATS;

	atomic_store(&changes->beat_ms, beat_ms > CHANGES_BEAT_LEAST_MS ? beat_ms : CHANGES_BEAT_LEAST_MS);
}

int changes_open(struct store *store, int stale_ms, struct changes **ret, struct error *e)
{
	static const char *const channels[] = { CHANNEL, NULL };
	struct changes *c = calloc(1, sizeof(*c));
	int64_t patience_ms = clock_monotonic_ms() + CHANGES_FIRST_MS;

	if (!c)
		memory_exhausted("changes", sizeof(*c));
	c->self = id_new();
	log_subject(&c->log, NULL, "access/changes");
	changes_pace(c, stale_ms);
	if (listen_open(store, STORE_REQUEST, channels, &c->listener, e) < 0) {
		changes_close(&c);
		return -1;
	}
	/* So that the first who asks is not told that nobody knows. */
	while (changes_age(c) == INT64_MAX && clock_left_ms(patience_ms) > 0)
		step(c, CHANGES_BEAT_LEAST_MS);
	c->runs = pthread_create(&c->thread, NULL, work, c) == 0;
	if (!c->runs) {
		changes_close(&c);
		return error_set(e, ERROR_INTERNAL, "changes.thread",
				 "could not start a thread that hears what changes in the database");
	}
	*ret = c;
	return 0;
}

void changes_close(struct changes **changes)
{
	struct changes *c = *changes;

	*changes = NULL;
	if (!c)
		return;
	atomic_store(&c->ends, true);
	if (c->runs) {
		listen_wake(c->listener);
		pthread_join(c->thread, NULL);
	}
	listen_close(&c->listener);
	free(c->snapshot);
	free(c->logged);
	free(c);
}
