#include "endpoints/scim_trace.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "endpoints/exchange.h"
#include "endpoints/scim_tokens.h"
#include "endpoints/scim_redact.h"
#include "roster/connection.h"
#include "roster/scim_trace.h"

enum { EVERY_MS = 1000, BUCKETS = 256 };

/* As it came: what may be kept of it is worked out by the thread that writes. */
struct note {
	struct note *next;
	size_t size; /* of all of it */
	struct id token;
	int64_t at, ms;
	int status;
	bool personal;
	const char *token_name, *method, *target, *code, *pushed_in;
	int64_t pushed_upto;
	const char *request, *answer;
	size_t request_size, answer_size; /* as they were; of those that are too large nothing stands here */
	char texts[];
};

/* What waits of one connection, oldest first. */
struct queue {
	struct queue *next;
	struct scim_source source;
	struct note *first, **end;
	size_t count;
};

struct scim_trace {
	struct store *store;
	const struct log *log;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* it ends */
	bool ends;
	struct queue *buckets[BUCKETS];
	size_t waiting, bytes;
};

/* ---- what waits ---- */

static struct queue *queue_of(struct scim_trace *trace, const struct scim_source *source)
{
	struct queue **at = &trace->buckets[source->connection.bytes[ID_SIZE - 1] % BUCKETS], *made;

	for (; *at; at = &(*at)->next)
		if (id_equal(&(*at)->source.connection, &source->connection))
			return *at;
	made = calloc(1, sizeof(*made));
	if (!made)
		abort();
	made->source = *source;
	made->end = &made->first;
	return *at = made;
}

static void drop_first(struct scim_trace *trace, struct queue *queue)
{
	struct note *first = queue->first;

	queue->first = first->next;
	if (!queue->first)
		queue->end = &queue->first;
	queue->count--;
	trace->waiting--;
	trace->bytes -= first->size;
	free(first);
}

/* A connection's own old ones make room first; when there are too many in all, what comes is not kept. */
static void append(struct scim_trace *trace, const struct scim_source *source, struct note *note)
{
	struct queue *queue;

	pthread_mutex_lock(&trace->lock);
	queue = queue_of(trace, source);
	if (queue->count == SCIM_TRACE_KEPT)
		drop_first(trace, queue);
	if (trace->waiting < SCIM_TRACE_WAITING_MOST && trace->bytes + note->size <= SCIM_TRACE_BYTES_MOST) {
		*queue->end = note;
		queue->end = &note->next;
		queue->count++;
		trace->waiting++;
		trace->bytes += note->size;
		note = NULL;
	}
	pthread_mutex_unlock(&trace->lock);
	free(note);
}

static const char *put(char **at, const char *text, size_t length)
{
	char *here = *at;

	if (!text)
		return NULL;
	memcpy(here, text, length);
	here[length] = '\0';
	*at += length + 1;
	return here;
}

static size_t kept(size_t size)
{
	return size > SCIM_REDACT_READ_MOST ? 0 : size;
}

static size_t length_of(const char *text)
{
	return text ? strlen(text) : 0;
}

void scim_trace_note(struct scim_trace *trace, const struct exchange *x, const struct error *e,
		     int64_t took_us)
{
	const struct request *request = x->request;
	const struct principal *who = &x->principal;
	struct scim_source source = { who->organisation, who->connection };
	size_t request_size = kept(request->body_size), answer_size = kept(x->reply->body.length);
	struct note *note;
	size_t size;
	char *at;

	if (who->kind != PRINCIPAL_CONNECTION || !x->endpoint || !x->endpoint->scim || x->endpoint->client ||
	    x->options->scim_trace == SCIM_TRACE_OFF)
		return;
	size = sizeof(*note) + length_of(who->name) + strlen(x->endpoint->method) + strlen(request->target) +
	       strlen(e->code) + length_of(x->pushed.in) + request_size + answer_size +
	       6; /* an end for each text */
	note = malloc(size);
	if (!note)
		abort();
	at = note->texts;
	*note = (struct note){
		.size = size,
		.token = who->token,
		.at = clock_now_us(),
		.ms = took_us / 1000,
		.status = x->reply->status,
		.personal = x->options->scim_trace == SCIM_TRACE_PERSONAL,
		.token_name = put(&at, who->name ? who->name : "", length_of(who->name)),
		.method = x->endpoint->method,
		.target = put(&at, request->target, strlen(request->target)),
		.code = put(&at, e->code, strlen(e->code)),
		.pushed_in = e->kind == ERROR_NONE ? put(&at, x->pushed.in, length_of(x->pushed.in)) : NULL,
		.pushed_upto = x->pushed.upto,
		.request_size = request->body_size,
		.answer_size = x->reply->body.length,
	};
	note->request = put(&at, request->body ? request->body : "", request_size);
	note->answer = put(&at, answer_size > 0 ? x->reply->body.bytes : "", answer_size);
	append(trace, &source, note);
}

/* ---- written ---- */

/* The connection's own address says nothing that the list does not. */
static const char *behind_base(const char *target)
{
	const char *at = target;

	for (int i = 0; i < 3 && at; i++)
		at = strchr(at + 1, '/');
	return at ? at : target;
}

static struct scim_traced entry_of(struct arena *arena, const struct note *note)
{
	return (struct scim_traced){
		.token = note->token,
		.token_name = note->token_name,
		.at = note->at,
		.ms = note->ms,
		.status = note->status,
		.method = note->method,
		.target = behind_base(scim_redact_target(arena, note->target, note->personal)),
		.code = note->code,
		.pushed_in = note->pushed_in,
		.pushed_upto = note->pushed_upto,
		.request = scim_redact_body(arena, note->request, note->request_size, note->personal),
		.answer = scim_redact_body(arena, note->answer, note->answer_size, note->personal),
	};
}

static int write_queue(struct scim_trace *trace, struct arena *arena, const struct queue *queue,
		       struct error *e)
{
	struct scim_traced *list = arena_array(arena, queue->count + 1, sizeof(*list));
	scoped(tx) *tx = NULL;
	size_t count = 0;

	for (const struct note *note = queue->first; note; note = note->next)
		list[count++] = entry_of(arena, note);
	if (tx_begin(trace->store, STORE_REQUEST, &tx, e) < 0 ||
	    tx_for(tx, &queue->source.organisation, e) < 0 ||
	    scim_trace_add(tx, &queue->source, list, count, e) < 0)
		return -1;
	return tx_commit(&tx, e);
}

/* Gone whether it was written or not: what administrators cannot be shown is no reason to grow. */
static void write_and_free(struct scim_trace *trace, struct queue *queue)
{
	scoped(arena) *arena = arena_open("scim trace");
	struct error e;

	if (queue->count > 0 && write_queue(trace, arena, queue, &e) < 0)
		log_failure(trace->log, LOG_LEVEL_WARNING, "could not keep what a connection pushed", &e);
	while (queue->first) {
		struct note *note = queue->first;

		queue->first = note->next;
		free(note);
	}
	free(queue);
}

static struct queue *take_all(struct scim_trace *trace)
{
	struct queue *all = NULL;

	for (size_t i = 0; i < BUCKETS; i++)
		while (trace->buckets[i]) {
			struct queue *one = trace->buckets[i];

			trace->buckets[i] = one->next;
			one->next = all;
			all = one;
		}
	trace->waiting = trace->bytes = 0;
	return all;
}

static void pause_for(struct scim_trace *trace)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += EVERY_MS / 1000;
	if (!trace->ends)
		pthread_cond_timedwait(&trace->changed, &trace->lock, &until);
}

static void *write_on(void *opaque)
{
	struct scim_trace *trace = opaque;
	bool ends;

	do {
		struct queue *all;

		pthread_mutex_lock(&trace->lock);
		pause_for(trace);
		ends = trace->ends;
		all = take_all(trace);
		pthread_mutex_unlock(&trace->lock);
		while (all) {
			struct queue *one = all;

			all = one->next;
			write_and_free(trace, one);
		}
	} while (!ends);
	return NULL;
}

int scim_trace_open(struct store *store, const struct log *log, struct scim_trace **ret, struct error *e)
{
	struct scim_trace *trace = calloc(1, sizeof(*trace));
	pthread_condattr_t monotonic;
	int failed;

	if (!trace)
		abort();
	trace->store = store;
	trace->log = log;
	pthread_mutex_init(&trace->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&trace->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	failed = pthread_create(&trace->thread, NULL, write_on, trace);
	if (failed) {
		free(trace);
		return error_set(e, ERROR_INTERNAL, "scim.thread",
				 "could not start a thread for what is pushed: %s", strerror(failed));
	}
	*ret = trace;
	return 0;
}

void scim_trace_close(struct scim_trace **trace)
{
	struct scim_trace *t = *trace;

	if (!t)
		return;
	pthread_mutex_lock(&t->lock);
	t->ends = true;
	pthread_cond_signal(&t->changed);
	pthread_mutex_unlock(&t->lock);
	pthread_join(t->thread, NULL);
	pthread_cond_destroy(&t->changed);
	pthread_mutex_destroy(&t->lock);
	free(t);
	*trace = NULL;
}

/* ---- shown ---- */

/* What came of it: of a run by its state, so that a push that is held says so. */
static const char *effect_of(const struct scim_traced *entry)
{
	if (!entry->pushed_in)
		return "none";
	return entry->run_state ? entry->run_state : "waiting";
}

/* JSON as it is, and in words what was none. */
static void put_body(struct exchange *x, struct json_writer *w, const char *name, const char *body)
{
	struct json *value;
	struct error ignored;

	if (!body[0])
		json_put_null(w, name);
	else if (json_parse(x->arena, body, strlen(body), &value, &ignored) == 0)
		json_put(w, name, value);
	else
		json_put_text(w, name, body);
}

static void put_entry(struct exchange *x, struct json_writer *w, const struct scim_traced *entry)
{
	json_begin_object(w, NULL);
	json_put_time(w, "at", entry->at);
	exchange_put_id(w, "token", &entry->token);
	json_put_text(w, "token_name", entry->token_name);
	json_put_text(w, "method", entry->method);
	json_put_text(w, "target", entry->target);
	json_put_int(w, "status", entry->status);
	json_put_int(w, "ms", entry->ms);
	json_put_text(w, "code", entry->code[0] ? entry->code : NULL);
	put_body(x, w, "request", entry->request);
	put_body(x, w, "answer", entry->answer);
	json_put_text(w, "effect", effect_of(entry));
	exchange_put_id(w, "run", &entry->run);
	json_put_text(w, "held_reason", entry->held_reason);
	json_end_object(w);
}

int scim_trace_show(struct exchange *x, struct error *e)
{
	struct connection connection;
	struct scim_source source;
	struct scim_traced *list;
	struct json_writer w;
	const char *next = NULL;
	int64_t before;
	size_t count;
	int limit;

	if (exchange_page_number(x, &limit, &before, e) < 0 || scim_tokens_connection(x, &connection, e) < 0)
		return -1;
	source = (struct scim_source){ x->organisation.id, connection.id };
	if (scim_trace_list(x->tx, x->arena, &source, before, limit + 1, &list, &count, e) < 0)
		return -1;
	if (count > (size_t)limit) {
		count = (size_t)limit;
		next = arena_format(x->arena, "%lld", (long long)list[count - 1].seq);
	}
	exchange_list_begin(x, &w);
	for (size_t i = 0; i < count; i++)
		put_entry(x, &w, &list[i]);
	exchange_list_end(&w, next);
	return 0;
}
