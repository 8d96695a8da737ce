/* One exchange from start to end: who asks, may they, prepare, transaction, answer, commit, reply.
 *
 * It ends in one of three ways: done (commits), refused (a denied attempt to change something is recorded,
 * and nothing else is kept), failed (rolls back). Errors are logged here, once, and nowhere below. */
#include "endpoints/endpoints.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/changes.h"
#include "access/remembered.h"
#include "base/clock.h"
#include "base/metric.h"
#include "base/shared.h"
#include "base/text.h"
#include "endpoints/account_enter.h"
#include "endpoints/admit.h"
#include "endpoints/denials.h"
#include "endpoints/ending.h"
#include "endpoints/exchange.h"
#include "endpoints/idempotency.h"
#include "endpoints/hashing.h"
#include "endpoints/health.h"
#include "endpoints/outside.h"
#include "endpoints/rate.h"
#include "endpoints/routes.h"
#include "endpoints/scim_address.h"
#include "endpoints/scim_reply.h"
#include "endpoints/scim_resource.h"
#include "endpoints/scim_trace.h"
#include "endpoints/speaker.h"
#include "http/router.h"
#include "plugin/links.h"

/* What may be sent to an address that does not exist, so that the answer can say that. */
enum { UNROUTED_BODY_MOST = 64 << 10, CONSTANT_MOST = 8 };

enum {
	SWIFT_MS = 20, /* how long an HTTP thread waits for a short look into the database, before others wait
			  for it */
	SWIFT_AGAIN_MS = 250, /* after it waited in vain, before it tries again */
};

struct endpoints {
	struct latest *options; /* the value is a struct endpoints_options */
	struct store *store;	/* these two never change */
	const struct log *log;
	struct router *router;
	struct outside *outside;
	struct denials *denials;
	struct rate *rate, *name_rate;
	struct hashing *hashing;
	struct remembered *remembered;
	struct links *links, *sign_links;
	struct scim_trace *trace;
	struct health *health;
	struct memory memory;
	size_t count;
	const struct endpoint *constant[CONSTANT_MOST]; /* rows that are answered at once, whose address has no names */
	size_t constant_count;
	_Atomic int64_t swift_at_ms; /* until then nobody waits on an HTTP thread: the database was slow */
};

static int check_row(const struct endpoint *row, struct error *e)
{
	if (row->permit == PERMIT_UNSAID || !row->answer)
		return error_set(e, ERROR_INTERNAL, "endpoint.unsaid",
				 "the row \"%s %s\" does not say who may, or what is answered", row->method,
				 row->path);
	if (row->permit != PERMIT_ANYONE && scope_of(row->method, row->path) == SCOPE_UNSAID)
		return error_set(e, ERROR_INTERNAL, "endpoint.unscoped",
				 "no part of \"%s %s\" is a noun of access/scope", row->method, row->path);
	return 0;
}

static struct router *compile(const struct endpoint *rows, size_t count)
{
	scoped(arena) *arena = arena_open("routes");
	const char **methods = arena_array(arena, count, sizeof(*methods));
	const char **paths = arena_array(arena, count, sizeof(*paths));

	for (size_t i = 0; i < count; i++) {
		methods[i] = rows[i].method;
		paths[i] = rows[i].path;
	}
	return router_open(methods, paths, count);
}

static void options_close(void *value)
{
	struct endpoints_options *options = value;

	shared_close(&options->keeps);
	free(options);
}

static struct shared *options_open(const struct endpoints_options *options)
{
	struct endpoints_options *kept = calloc(1, sizeof(*kept));

	if (!kept)
		abort();
	*kept = *options;
	shared_hold(kept->keeps);
	return shared_open(kept, options_close);
}

int endpoints_open(const struct endpoints_options *options, struct endpoints **ret, struct error *e)
{
	struct endpoints *endpoints;
	size_t count;

	for (count = 0; routes[count].method; count++)
		if (check_row(&routes[count], e) < 0)
			return -1;
	endpoints = calloc(1, sizeof(*endpoints));
	if (!endpoints)
		abort();
	endpoints->options = latest_open(options_open(options));
	endpoints->store = options->store;
	endpoints->log = options->log;
	endpoints->count = count;
	for (size_t i = 0; i < count && endpoints->constant_count < CONSTANT_MOST; i++)
		if (routes[i].at_once && !strchr(routes[i].path, '{'))
			endpoints->constant[endpoints->constant_count++] = &routes[i];
	endpoints->router = compile(routes, count);
	endpoints->health = health_open(options->probe);
	endpoints->outside = outside_open(options->outside_most);
	endpoints->denials = denials_open();
	endpoints->rate = rate_open();
	endpoints->name_rate = rate_open();
	endpoints->hashing = hashing_open();
	endpoints->remembered = remembered_open();
	if (memory_open(options, &endpoints->memory, e) < 0 || links_open(options->links_most, &endpoints->links, e) < 0 ||
	    links_open(options->links_most, &endpoints->sign_links, e) < 0 ||
	    scim_trace_open(endpoints->store, endpoints->log, &endpoints->trace, e) < 0) {
		endpoints_close(&endpoints);
		return -1;
	}
	metric_add(METRIC_SIGN_ONS, LABELS(ACCOUNT_BREAK_GLASS, "signed_on"), 0); /* an alert sees the first one only if there was none before */
	*ret = endpoints;
	return 0;
}

void endpoints_change(struct endpoints *endpoints, const struct endpoints_options *options)
{
	latest_replace(endpoints->options, options_open(options));
	changes_pace(endpoints->memory.changes, options->verify_stale_ms);
	links_renew(endpoints->links);
	links_renew(endpoints->sign_links);
}

/* ---- the steps of an exchange ---- */

/* 1, 0, -1 as the router says it. An address of SCIM is what an administrator pasted and a directory joined a path to. */
static int route_of(const struct endpoints *endpoints, struct request *request, size_t *ret, unsigned *deviations, char *ret_allow,
		    struct error *e)
{
	if (text_begins(request->path, SCIM_ADDRESS))
		scim_address_tidy(request, deviations);
	else if (request->doubled)
		return error_set(e, ERROR_INPUT, "http.path", "the path of the request has \"//\"");
	return router_find(endpoints->router, request, ret, ret_allow, e);
}

static int find_route(const struct endpoints *endpoints, struct exchange *x, struct error *e)
{
	unsigned deviations = 0;
	size_t index;

	if (route_of(endpoints, x->request, &index, &deviations, x->allow, e) != 1)
		return -1;
	scim_count_deviations(deviations);
	if (x->by_monitor && !routes[index].from_memory)
		return error_set(e, ERROR_NOT_FOUND, "http.path",
				 "there is nothing at %.100s for monitors; ask at another address",
				 x->request->path);
	x->endpoint = &routes[index];
	return 0;
}

/* Two values of one name: one reader would take the first, another the last. */
static int check_once(const struct exchange *x, const char *name, struct error *e)
{
	static const char *const scim[] = { "filter", "sortBy", "sortOrder",  "startIndex",
					    "count",  "cursor", "attributes", "excludedAttributes",
					    NULL };
	const char *code = x->endpoint->scim ? "scim.invalidValue" : "request.parameter", *const *read = scim;
	size_t times = 0;

	while (x->endpoint->scim && *read && !text_equal(*read, name))
		read++;
	if (!*read)
		return 0; /* of a directory, and nobody's here to read */
	for (size_t i = 0; i < x->request->query_count; i++)
		times += text_equal(x->request->query[i].name, name);
	if (times < 2)
		return 0;
	return error_set(e, ERROR_INPUT, code, "the parameter \"%.80s\" came %zu times; once is expected",
			 name, times);
}

static int check_parameters(const struct exchange *x, struct error *e)
{
	static const char *const none[] = { NULL };
	const char *const *known = x->endpoint->parameters ? x->endpoint->parameters : none;

	if (x->endpoint->stranger && !x->endpoint->parameters)
		return 0;
	for (size_t i = 0; i < x->request->query_count; i++)
		if (check_once(x, x->request->query[i].name, e) < 0)
			return -1;
	/* Flags for the server travel there (one vendor's "aadOptscim062020"), and what it does not know it passes over. */
	if (x->endpoint->scim)
		return 0;
	for (size_t i = 0; i < x->request->query_count; i++) {
		const char *name = x->request->query[i].name;
		size_t k = 0;

		while (known[k] && !text_equal(known[k], name))
			k++;
		if (known[k])
			continue;
		return error_set(e, ERROR_INPUT, "request.parameter",
				 "there is no parameter \"%.80s\" here%s", name,
				 exchange_suggestion(x, name, known));
	}
	return 0;
}

static int prepare(struct exchange *x, struct error *e)
{
	tx_close(&x->tx); /* nobody waits for the world while holding a transaction */
	return x->endpoint->prepare(x, e) < 0 ? -1 : exchange_begin(x, e);
}

static int answer_once(struct exchange *x, struct error *e)
{
	return (x->endpoint->prepare && prepare(x, e) < 0) || x->endpoint->answer(x, e) < 0 ? -1 : 0;
}

/* While prepare waits for the world somebody else may do the same: so it is asked again. */
static int replay_prepared(struct exchange *x, const struct idempotency_key *key, struct error *e)
{
	int replayed = idempotency_replay(x, key, e);

	if (replayed != 0 || !x->endpoint->prepare)
		return replayed;
	return prepare(x, e) < 0 ? -1 : idempotency_replay(x, key, e);
}

static int answer_with_key(struct exchange *x, const struct idempotency_key *key, struct error *e)
{
	int replayed = replay_prepared(x, key, e);

	if (replayed != 0)
		return replayed == 1 ? 0 : -1;
	return x->endpoint->answer(x, e) < 0 ? -1 : idempotency_finish(x, key, e);
}

/* Also if it is not certain that it was. */
static int commit(struct exchange *x, struct error *e)
{
	bool changed = tx_rows_changed(x->tx) > 0;
	int result = tx_commit(&x->tx, e);

	if (changed)
		speaker_doubt(x);
	return result;
}

static int answer_known(struct exchange *x, struct error *e)
{
	const struct idempotency_key *key;

	if (admit(x, e) < 0 || idempotency_read(x, &key, e) < 0 ||
	    (key ? answer_with_key(x, key, e) : answer_once(x, e)) < 0)
		return -1;
	return x->tx ? commit(x, e) : 0;
}

/* Whose it is says prepare, or there is nothing to answer. */
static int answer_stranger(struct exchange *x, struct error *e)
{
	if (x->endpoint->prepare(x, e) < 0 || exchange_begin(x, e) < 0 || x->endpoint->answer(x, e) < 0)
		return -1;
	return commit(x, e);
}

static int answer_exchange(const struct endpoints *endpoints, struct exchange *x, struct error *e)
{
	if ((!x->endpoint && find_route(endpoints, x, e) < 0) || check_parameters(x, e) < 0)
		return -1;
	if (x->endpoint->stranger)
		return answer_stranger(x, e);
	return x->endpoint->permit == PERMIT_ANYONE || x->by_monitor ? x->endpoint->answer(x, e)
								     : answer_known(x, e);
}

/* ---- what was denied ---- */

/* The count of a window that is over, in the name of whom it was denied to. */
static int record_more(const struct endpoints *endpoints, const struct denial *denial, int64_t times,
		       struct error *e)
{
	scoped(arena) *arena = arena_open("denials");
	scoped(tx) *tx = NULL;
	struct actor actor = { .kind = denial->kind, .id = denial->actor, .source = "api" };
	struct audit_event event = {
		.action = "access.denied",
		.target_kind = "address",
		.target = arena_format(arena, "%s %s", denial->method, denial->path),
		.after = arena_format(arena, "{\"times\":%lld}", (long long)times),
	};

	if (tx_begin(endpoints->store, STORE_REQUEST, &tx, e) < 0 ||
	    tx_for(tx, &denial->organisation, e) < 0 ||
	    audit_write(tx, &denial->organisation, &actor, &event, e) < 0)
		return -1;
	return tx_commit(&tx, e);
}

static void record_ended(const struct endpoints *endpoints, int64_t now_ms)
{
	struct denial denial;
	int64_t times;
	struct error e = { 0 };

	while (denials_take(endpoints->denials, now_ms, &denial, &times) == 1)
		if (record_more(endpoints, &denial, times, &e) < 0)
			log_failure(endpoints->log, LOG_LEVEL_ERROR, "could not record refusals", &e);
}

void endpoints_close(struct endpoints **endpoints)
{
	if (!*endpoints)
		return;
	record_ended(*endpoints, INT64_MAX);
	scim_trace_close(&(*endpoints)->trace);
	denials_close(&(*endpoints)->denials);
	rate_close(&(*endpoints)->rate);
	rate_close(&(*endpoints)->name_rate);
	hashing_close(&(*endpoints)->hashing);
	remembered_close(&(*endpoints)->remembered);
	links_close(&(*endpoints)->links);
	links_close(&(*endpoints)->sign_links);
	memory_close(&(*endpoints)->memory);
	router_close(&(*endpoints)->router);
	outside_close(&(*endpoints)->outside);
	health_close(&(*endpoints)->health);
	latest_close(&(*endpoints)->options);
	free(*endpoints);
	*endpoints = NULL;
}

/* ---- turns ---- */

static bool is_id(const char *text)
{
	size_t length = strlen(text);

	return length >= EXCHANGE_ID_LEAST && length <= EXCHANGE_ID_MOST &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == length;
}

/* What a trusted proxy calls the request, so that its log and ours tell of the same; anybody else's word for
 * it would let them choose what the audit says. */
static void name_request(struct exchange *x)
{
	const char *given = x->request->by_proxy ? request_header(x->request, "X-Request-Id") : NULL;
	struct id id = id_new();

	if (given && is_id(given))
		snprintf(x->id, sizeof(x->id), "%s", given);
	else
		id_text(&id, x->id);
}

/* An exchange while it is answered, whichever threads do that: one after the other. */
struct turn {
	struct exchange x;
	struct shared *options;
	int64_t began_us;
};

static struct turn *begin_turn(struct endpoints *endpoints, struct request *request,
			       struct reply *reply, bool by_monitor)
{
	struct turn *turn = arena_take(request->arena, sizeof(*turn));

	turn->options = latest_hold(endpoints->options);
	turn->began_us = clock_monotonic_us();
	turn->x = (struct exchange){
		.options = shared_value(turn->options),
		.outside = endpoints->outside,
		.denials = endpoints->denials,
		.rate = endpoints->rate,
		.name_rate = endpoints->name_rate,
		.hashing = endpoints->hashing,
		.remembered = endpoints->remembered,
		.links = endpoints->links,
		.sign_links = endpoints->sign_links,
		.health = endpoints->health,
		.memory = &endpoints->memory,
		.request = request,
		.reply = reply,
		.by_monitor = by_monitor,
		.arena = request->arena,
	};
	name_request(&turn->x);
	return turn;
}

/* result, e: what came of the answer. */
static void close_turn(const struct endpoints *endpoints, struct turn *turn, int result, struct error *e)
{
	struct exchange *x = &turn->x;
	int64_t took_us;

	if (result < 0) {
		ending_refuse(x, e);
	} else {
		*e = (struct error){ 0 }; /* what was tried on the way and did not matter */
		ending_tag(x);
	}
	reply_header(x->reply, "X-Request-Id", "%s", x->id);
	reply_header(x->reply, "Cache-Control", "no-store");
	took_us = clock_monotonic_us() - turn->began_us;
	ending_tell(x, e, took_us);
	scim_trace_note(endpoints->trace, x, e, took_us);
	ending_note_use(x);
	shared_close(&turn->options);
}

/* To the ready reply. */
static void end_turn(const struct endpoints *endpoints, struct turn *turn)
{
	struct error e = { 0 };
	int result = answer_exchange(endpoints, &turn->x, &e);

	close_turn(endpoints, turn, result, &e);
}

static void forget(void *self, struct request *request)
{
	struct turn *turn = request->begun;

	(void)self;
	tx_close(&turn->x.tx);
	shared_close(&turn->options);
}

static void answer_one(struct endpoints *endpoints, struct request *request, struct reply *reply,
		       bool by_monitor)
{
	end_turn(endpoints,
		 request->begun ? request->begun : begin_turn(endpoints, request, reply, by_monitor));
}

static void answer(void *self, struct request *request, struct reply *reply)
{
	answer_one(self, request, reply, false);
	record_ended(self, clock_monotonic_ms());
}

static int route_of_copy(const struct endpoints *endpoints, const struct request *head, const struct endpoint **ret)
{
	struct request request = *head;
	char allow[EXCHANGE_ALLOW_SIZE];
	unsigned deviations = 0;
	struct error e;
	size_t index;

	if (route_of(endpoints, &request, &index, &deviations, allow, &e) != 1)
		return 0;
	*ret = &routes[index];
	return 1;
}

/* What is asked at every request of somebody else's is not looked for among all addresses. */
static const struct endpoint *find_constant(const struct endpoints *endpoints, const struct request *head)
{
	if (!text_equal(head->method, "GET") || head->doubled)
		return NULL;
	for (size_t i = 0; i < endpoints->constant_count; i++)
		if (text_equal(endpoints->constant[i]->path, head->path))
			return endpoints->constant[i];
	return NULL;
}

/* 1: the row, 0: none. */
static int look_up(const struct endpoints *endpoints, const struct request *head, const struct endpoint **ret)
{
	const struct endpoint *constant = find_constant(endpoints, head);

	if (constant)
		*ret = constant;
	return constant ? 1 : route_of_copy(endpoints, head, ret);
}

/* Sends what a directory asks that was here before, if a connection to the database is at hand. 1, 0. */
static int begin_swiftly(const struct endpoints *endpoints, struct exchange *x)
{
	struct error ignored;

	if (authenticate_recall(x->request, x->remembered, x->arena, &x->principal) == 1 &&
	    !ending_use_due(&x->principal) && tx_begin_at_hand(endpoints->store, STORE_REQUEST, &x->tx) == 1)
		return admit_ask_again(x, &ignored) == 1;
	x->principal = (struct principal){ 0 };
	return 0;
}

/* What a directory looks up all day is answered on the HTTP thread: a thread of the crew costs twice as much
 * as the answer. What turns out to be more than one short look, or is not there soon, is left to the crew as
 * far as it has come. */
static bool answer_swiftly(struct endpoints *endpoints, struct request *request, struct reply *reply)
{
	struct turn *turn;
	struct exchange *x;
	struct error ignored;

	if (clock_monotonic_ms() < atomic_load_explicit(&endpoints->swift_at_ms, memory_order_relaxed))
		return false;
	turn = request->begun = begin_turn(endpoints, request, reply, false);
	x = &turn->x;
	if (find_route(endpoints, x, &ignored) < 0 || check_parameters(x, &ignored) < 0 ||
	    begin_swiftly(endpoints, x) == 0 || x->refused || !x->swift)
		return false;
	if (!tx_arrived(x->tx, SWIFT_MS)) {
		atomic_store_explicit(&endpoints->swift_at_ms, clock_monotonic_ms() + SWIFT_AGAIN_MS,
				      memory_order_relaxed);
		return false;
	}
	if (admit_hear_again(x, &ignored) != 1) {
		admit_start_over(x);
		return false;
	}
	x->admitted = true;
	end_turn(endpoints, turn);
	return true;
}

/* With what is known. What is not is left to the crew. */
static bool answer_from_memory(struct endpoints *endpoints, const struct endpoint *row, struct request *request,
			       struct reply *reply)
{
	struct turn *turn = request->begun = begin_turn(endpoints, request, reply, false);
	struct error e = { 0 };
	int result;

	turn->x.endpoint = row;
	result = check_parameters(&turn->x, &e) < 0 ? -1 : row->at_once(&turn->x, &e);
	if (result == 0)
		return false;
	close_turn(endpoints, turn, result, &e);
	return true;
}

static bool answer_at_once(void *self, struct request *request, struct reply *reply)
{
	const struct endpoint *row;

	if (look_up(self, request, &row) == 0)
		return false;
	if (row->ahead && !row->ahead_writes && text_equal(row->method, "GET"))
		return answer_swiftly(self, request, reply);
	if (row->at_once)
		return answer_from_memory(self, row, request, reply);
	if (!row->from_memory || row->permit != PERMIT_ANYONE)
		return false;
	answer_one(self, request, reply, false);
	return true;
}

static bool answer_monitor(void *self, struct request *request, struct reply *reply)
{
	answer_one(self, request, reply, true);
	return true;
}

static int body_most(void *self, const struct request *head, size_t *ret, struct error *e)
{
	const struct endpoint *row;

	(void)e;
	*ret = look_up(self, head, &row) == 1 ? row->body_most : UNROUTED_BODY_MOST;
	return 0;
}

/* What the server refuses before we are asked is told in the form of whoever it was meant for. */
static bool refuse_early(void *self, const struct request *head, const struct error *e, struct reply *reply)
{
	(void)self;
	if (!head->path || !text_begins(head->path, SCIM_ADDRESS))
		return false;
	scim_reply_error(reply, e);
	return true;
}

static int no_body(void *self, const struct request *head, size_t *ret, struct error *e)
{
	(void)self, (void)head, (void)e;
	*ret = 0;
	return 0;
}

struct server_handler endpoints_handler(struct endpoints *endpoints)
{
	return (struct server_handler){
		.self = endpoints,
		.body_most = body_most,
		.answer = answer,
		.quick = answer_at_once,
		.forget = forget,
		.refuse = refuse_early,
	};
}

struct server_handler endpoints_monitor_handler(struct endpoints *endpoints)
{
	return (struct server_handler){
		.self = endpoints,
		.body_most = no_body,
		.answer = answer,
		.quick = answer_monitor,
	};
}

void endpoints_serve(struct endpoints *endpoints, const struct server *server)
{
	health_serve(endpoints->health, server);
}
