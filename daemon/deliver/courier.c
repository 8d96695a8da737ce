#include "deliver/courier.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/secret.h"
#include "base/text.h"
#include "plugin/link.h"
#include "roster/event.h"
#include "roster/event_endpoint.h"
#include "store/transaction.h"

#define PLUGIN "webhook"

enum { SAID_MOST = 200 }; /* bytes of what an endpoint says that are kept */

struct courier {
	struct id holder;
};

/* One page, from the claim to the last word. */
struct round {
	const struct courier *courier;
	const struct courier_means *means;
	struct arena *arena;
	struct log log;
	struct event_claim claim;
	struct event_endpoint endpoint; /* as it goes on */
	int64_t was, delivered;		/* where it stood when that was last written, and how many since */
	int64_t kept_ms;
	struct event_page page;
	struct secret *secret, *former;
	struct link *link;
};

struct courier *courier_open(void)
{
	struct courier *courier = calloc(1, sizeof(*courier));

	if (!courier)
		abort();
	courier->holder = id_new();
	return courier;
}

void courier_close(struct courier **courier)
{
	free(*courier);
	*courier = NULL;
}

static const struct id *whose(const struct round *r)
{
	return id_is_nil(&r->claim.organisation) ? NULL : &r->claim.organisation;
}

static int64_t place_of(const struct round *r, const struct event *event)
{
	return whose(r) ? event->position : event->number;
}

static int begin(const struct round *r, struct tx **ret, struct error *e)
{
	return tx_begin(r->means->store, STORE_WORKER, ret, e) < 0 || (whose(r) && tx_for(*ret, whose(r), e) < 0) ? -1 : 0;
}

/* ---- what there is to tell ---- */

static int claim(struct round *r, struct error *e)
{
	scoped(tx) *tx = NULL;
	int found;

	if (tx_begin(r->means->store, STORE_WORKER, &tx, e) < 0)
		return -1;
	found = event_endpoint_claim(tx, r->arena, &r->courier->holder, COURIER_HOLD_MS, &r->claim, e);
	return found <= 0 ? found : tx_commit(&tx, e) < 0 ? -1 : 1;
}

/* 1; 0: it was deleted meanwhile; -1. */
static int load(struct round *r, struct error *e)
{
	scoped(tx) *tx = NULL;
	int found;

	if (begin(r, &tx, e) < 0)
		return -1;
	found = event_endpoint_load(tx, r->arena, whose(r), &r->claim.endpoint, &r->endpoint, e);
	if (found <= 0)
		return found;
	r->was = r->endpoint.place;
	if ((whose(r) ? event_list(tx, r->arena, whose(r), r->was, COURIER_PAGE, &r->page, e)
		      : event_list_all(tx, r->arena, r->was, COURIER_PAGE, &r->page, e)) < 0)
		return -1;
	return tx_commit(&tx, e) < 0 ? -1 : 1;
}

/* Only when there is something to sign: in a transaction of its own, since the page of all organisations has left another one chosen. */
static int open_secrets(struct round *r, struct error *e)
{
	scoped(tx) *tx = NULL;

	if (begin(r, &tx, e) < 0 || (!whose(r) && audit_choose(tx, NULL, e) < 0))
		return -1;
	return event_endpoint_secrets(tx, r->means->keys, whose(r), &r->claim.endpoint, &r->secret, &r->former, e);
}

/* ---- one event ---- */

static void write_body(struct buffer *body, const struct event *event)
{
	struct json_writer w;

	json_writer_open(&w, body);
	json_begin_object(&w, NULL);
	event_write(&w, event);
	json_end_object(&w);
}

/* A larger one comes without what was before and after, which says so: the feed has it whole. */
static void body_of(struct buffer *body, const struct event *event)
{
	struct event short_one = *event;

	write_body(body, event);
	if (!body->full)
		return;
	buffer_reset(body);
	short_one.entry.before = short_one.entry.after = NULL;
	short_one.cut = true;
	write_body(body, &short_one);
}

static int open_link(struct round *r, struct error *e)
{
	const struct link_setting url = { .name = "url", .text = r->endpoint.url };
	const struct link_options options = {
		.plugin = PLUGIN,
		.settings = &url,
		.setting_count = 1,
		.deadline_ms = COURIER_CALL_MS,
		.allow_private = r->means->allow_private && r->endpoint.private_addresses,
		.log = &r->log,
	};

	if (r->link && link_lives(r->link))
		return 0;
	link_close(&r->link);
	return link_open(r->means->catalog, &options, &r->link, e);
}

/* 0: *ret_status was answered. -1: nothing was. */
static int post(struct round *r, const struct event *event, int *ret_status, const char **ret_said, struct error *e)
{
	__attribute__((cleanup(buffer_close))) struct buffer body = { 0 };
	char id[EVENT_ID_SIZE];
	struct link_event told = { .id = event_id(event, id), .at = clock_now_us() / 1000000 };

	if ((!r->secret && open_secrets(r, e) < 0) || open_link(r, e) < 0)
		return -1;
	buffer_open(&body, COURIER_BODY_MOST);
	body_of(&body, event);
	told.body = body.bytes;
	told.body_size = body.length;
	told.signature = event_endpoint_sign(r->arena, r->secret, r->former, told.id, told.at, body.bytes, body.length);
	return link_deliver(r->link, &told, COURIER_CALL_MS, r->arena, ret_status, ret_said, e);
}

/* ---- what came of it ---- */

/* Seconds until it is tried again, after so many tries; the last holds for all that follow. */
static const int pauses_s[] = { 5, 30, 120, 600, 1800, 3600, 7200, 14400 };

static int64_t pause_us(int tries)
{
	size_t last = ARRAY_COUNT(pauses_s) - 1, at = (size_t)(tries - 1) < last ? (size_t)(tries - 1) : last;
	uint32_t chance;

	crypt_random(&chance, sizeof(chance));
	return (int64_t)pauses_s[at] * (900 + chance % 201) * 1000; /* a tenth more or less, so that many do not come at once */
}

static void note_failure(struct round *r, int status, const char *why)
{
	struct event_endpoint *is = &r->endpoint;
	int64_t now = clock_now_us();

	is->last_status = status;
	is->last_error = why;
	is->tries++;
	is->not_before = now + pause_us(is->tries);
	if (!is->failing_since)
		is->failing_since = now;
	if (now - is->failing_since > COURIER_STOP_MS * 1000)
		is->state = "stopped";
}

static void note_success(struct round *r, const struct event *event, int status)
{
	struct event_endpoint *is = &r->endpoint;

	is->place = place_of(r, event);
	is->tries = 0;
	is->failing_since = 0;
	is->last_status = status;
	is->last_error = NULL;
	r->delivered++;
}

/* Of these the event is the reason, and not who asked, how often, or where: another one may be taken. */
static bool is_refusal(int status)
{
	return status == 400 || status == 409 || status == 413 || status == 415 || status == 422;
}

static int pass_over(struct round *r, const struct event *event, int status, const char *why, struct error *e)
{
	char id[EVENT_ID_SIZE];
	const struct event_reject reject = {
		.place = place_of(r, event), .event = event_id(event, id), .type = event->entry.action, .reason = why, .status = status,
	};
	scoped(tx) *tx = NULL;

	if (begin(r, &tx, e) < 0 || (!whose(r) && audit_choose(tx, NULL, e) < 0) || event_endpoint_reject(tx, &r->claim, &reject, e) < 0 ||
	    tx_commit(&tx, e) < 0)
		return -1;
	r->endpoint.place = reject.place;
	r->endpoint.tries = 0;
	r->endpoint.failing_since = 0;
	return 0;
}

static const char *explain(struct round *r, int status, const char *said)
{
	size_t length = text_cut(said, strcspn(said, "\n"), SAID_MOST);

	return length > 0 ? arena_format(r->arena, "it answered %d: %.*s", status, (int)length, said)
			  : arena_format(r->arena, "it answered %d", status);
}

static void count(const char *outcome)
{
	metric_add(METRIC_EVENTS_DELIVERED, LABELS(outcome), 1);
}

/* Whoever changed, paused or deleted it meanwhile is heard before anything more is told. 1, 0, -1. */
static int ask_again(struct round *r, struct error *e)
{
	scoped(tx) *tx = NULL;

	if (begin(r, &tx, e) < 0 || (!whose(r) && audit_choose(tx, NULL, e) < 0))
		return -1;
	return event_endpoint_unchanged(tx, r->arena, whose(r), &r->endpoint, e);
}

/* 1: go on with the next one; 0: not now; -1: our own trouble. */
static int tell(struct round *r, const struct event *event, struct error *e)
{
	const char *said = "", *why;
	struct error failure = { 0 };
	int status = 0;

	if (post(r, event, &status, &said, &failure) < 0) {
		count("unanswered");
		note_failure(r, 0, arena_text(r->arena, failure.text));
		return 0;
	}
	if (status >= 200 && status <= 299) {
		count("delivered");
		note_success(r, event, status);
		return 1;
	}
	why = explain(r, status, said);
	count("refused");
	note_failure(r, status, why);
	if (status == 410)
		r->endpoint.state = "stopped"; /* it says itself that nobody is there any more */
	if (!is_refusal(status) || r->endpoint.tries < COURIER_REFUSALS_MOST)
		return 0;
	count("passed_over");
	return pass_over(r, event, status, why, e) < 0 ? -1 : 1;
}

/* ---- its place ---- */

static int audit_stop(struct round *r, struct tx *tx, struct error *e)
{
	char id[ID_TEXT_SIZE];
	const struct actor actor = { .kind = "daemon", .id = "rosterd", .source = "daemon" };
	const struct audit_event event = {
		.action = "event_endpoint.stopped",
		.target_kind = "event_endpoint",
		.target = id_text(&r->claim.endpoint, id),
		.target_name = r->endpoint.name,
	};

	log_warning(&r->log, "stopped: %s", r->endpoint.last_error ? r->endpoint.last_error : "it failed for too long");
	return audit_write(tx, whose(r), &actor, &event, e);
}

/* hold_ms 0: it is anybody's again. 1, 0 somebody else delivers to it by now, -1. */
static int keep_place(struct round *r, int hold_ms, bool at_end, struct error *e)
{
	const struct event_progress progress = { &r->endpoint, r->was, r->delivered, at_end };
	bool stops = text_equal(r->endpoint.state, "stopped");
	scoped(tx) *tx = NULL;
	int ours;

	if (begin(r, &tx, e) < 0 || (!whose(r) && audit_choose(tx, NULL, e) < 0))
		return -1;
	ours = event_endpoint_advance(tx, &r->courier->holder, &r->claim, &progress, hold_ms, e);
	if (ours < 0 || (ours > 0 && stops && audit_stop(r, tx, e) < 0) || tx_commit(&tx, e) < 0)
		return -1;
	r->was = r->endpoint.place;
	r->delivered = 0;
	r->kept_ms = clock_monotonic_ms();
	return ours;
}

/* *ret_all: the page was told to its end. */
static int tell_page(struct round *r, bool *ret_all, struct error *e)
{
	int64_t until_ms = clock_monotonic_ms() + COURIER_ROUND_MS;
	int goes_on = 1;
	size_t i;

	for (i = 0; i < r->page.count && goes_on == 1 && clock_monotonic_ms() < until_ms; i++) {
		const struct event *event = &r->page.events[i];

		if (!event_is_of(event, r->endpoint.types))
			r->endpoint.place = place_of(r, event);
		else if ((goes_on = ask_again(r, e)) == 1)
			goes_on = tell(r, event, e);
		if (goes_on == 1 && clock_monotonic_ms() - r->kept_ms > COURIER_KEEP_EVERY_MS)
			goes_on = keep_place(r, COURIER_HOLD_MS, false, e);
	}
	*ret_all = goes_on == 1 && i == r->page.count;
	return goes_on < 0 ? -1 : 0;
}

static void round_close(struct round *r)
{
	link_close(&r->link);
	secret_close(&r->secret);
	secret_close(&r->former);
	arena_close(&r->arena);
}

int courier_round(struct courier *courier, const struct courier_means *means, bool *ret_more, struct error *e)
{
	scoped(round) r = { .courier = courier, .means = means, .arena = arena_open("courier"), .kept_ms = clock_monotonic_ms() };
	int found = claim(&r, e);
	bool all;

	*ret_more = found == 1;
	if (found <= 0 || (found = load(&r, e)) <= 0)
		return found;
	log_subject(&r.log, means->log, "event endpoint %s", r.endpoint.name);
	if (tell_page(&r, &all, e) < 0)
		return -1;
	return keep_place(&r, 0, all && !r.page.more, e) < 0 ? -1 : 0;
}
