/* The only place that knows the server library: its callbacks become exchanges.
 *
 * Each HTTP thread of a listener is a library daemon of its own on the shared descriptor. A request is read
 * whole on that thread, then answered there by `quick`, or given to the crew while its connection is
 * suspended. An exchange is thus always in one pair of hands: the HTTP thread's, the queue's or one exchange
 * thread's. */
#include "http/server.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/metric.h"
#include "http/connections.h"
#include "http/crew.h"
#include "http/head.h"
#include "http/listener.h"
#include "http/proxy.h"
#include "http/target.h"

#include <microhttpd.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	HTTP_THREADS_MOST = 64,
	KEEP_S = 1,		/* how often slow connections are looked for */
	SEND_MS = 2000,		/* for the last answers to be sent, once all are given */
	QUEUE_QUIET_MS = 100,	/* nobody has come into the queue for so long: it is empty for good */
	QUEUE_STEP_MS = 5,
	RETRY_MS = 1000,	/* what a client is told that comes while all threads are busy */
	DISCARD_MOST = 1 << 20, /* bytes of a refused body that are read, so that the client can read why */
	POOL_SPARE = 32768, /* of the library's memory for a connection: its own notes and the reply's head */
};

enum stage {
	STAGE_HEAD,	/* the library has the request line, or more */
	STAGE_BODY,	/* the head is good */
	STAGE_DISCARD,	/* refused while the body comes in: the reply is ready, the rest is thrown away */
	STAGE_ANSWERED, /* the reply is ready */
	STAGE_STREAM,	/* more of its body is wanted */
};

enum { STREAM_BLOCK = 64 << 10 }; /* bytes of a streamed body that the library takes at once */

struct server {
	struct arena *arena;
	struct server_handler handler;
	struct networks proxies;
	struct connections *connections;
	struct crew *crew;
	int64_t idle_ms;
	size_t head_most;
	size_t listener_count, daemon_count;
	struct listener listeners[SERVER_LISTENS_MOST];
	struct MHD_Daemon *daemons[SERVER_LISTENS_MOST * HTTP_THREADS_MOST];
	atomic_bool draining; /* nothing new; replies close their connections */
	atomic_bool late;     /* what has not begun to be answered is answered 503 */
	atomic_long open, answered;
	pthread_t keeper;
	bool keeper_runs, keeper_ends;
	pthread_mutex_t keeper_lock;
	pthread_cond_t keeper_wakes;
};

struct exchange {
	struct server *server;
	struct MHD_Connection *carrier; /* the library's */
	struct connection *connection;
	struct arena *arena;
	enum stage stage;
	struct head head;
	size_t body_most, discarded;
	struct buffer body;
	size_t taken; /* of a streamed reply's body, by the library */
	int rest;     /* what the stream said last: 1 more, 0 the end, -1 broken off */
	struct request request; /* these two are large, and cleared as far as somebody looks */
	struct reply reply;
};

/* --- replies --- */

static void answer_error(struct exchange *x, const struct error *e)
{
	struct id id = id_new();
	char text[ID_TEXT_SIZE];

	const struct server_handler *handler = &x->server->handler;

	id_text(&id, text);
	if (!handler->refuse || !handler->refuse(handler->self, &x->request, e, &x->reply))
		reply_error(&x->reply, e, text);
	reply_header(&x->reply, "X-Request-Id", "%s", text);
	x->stage = STAGE_ANSWERED;
}

static void forget(struct exchange *x)
{
	const struct server_handler *handler = &x->server->handler;

	if (x->request.begun)
		handler->forget(handler->self, &x->request);
	x->request.begun = NULL;
}

static void answer_busy(struct exchange *x, const char *code, const char *why, const char *reason)
{
	struct error e;

	forget(x);
	metric_add(METRIC_HTTP_REFUSED, LABELS(reason), 1);
	error_set(&e, ERROR_RETRY, code, "%s", why);
	e.wait_ms = RETRY_MS;
	answer_error(x, &e);
}

/* What can't be sent as it was built is our bug; the client learns that much. */
static void mend_reply(struct exchange *x)
{
	struct error e;

	if (!x->reply.broken && !x->reply.body.full && x->reply.status >= 200 && x->reply.status <= 599)
		return;
	error_set(&e, ERROR_INTERNAL, "http.reply", "the reply could not be sent");
	log_error(NULL, "http: the reply to %s %s was not sent: status %d, %s", x->request.method,
		  x->request.path, x->reply.status,
		  x->reply.broken      ? "a header that may not be sent"
		  : x->reply.body.full ? "its body is too large"
				       : "which is none");
	answer_error(x, &e);
}

/* A chunked body is the one thing whose end lenient readers see in different places, so nothing comes after
 * it. */
static bool must_close(const struct exchange *x)
{
	return x->head.chunked || atomic_load(&x->server->draining);
}

static void add_headers(struct MHD_Response *response, const struct exchange *x)
{
	for (size_t i = 0; i < x->reply.header_count; i++)
		MHD_add_response_header(response, x->reply.headers[i].name, x->reply.headers[i].value);
	if (!reply_find_header(&x->reply, "X-Content-Type-Options"))
		MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (!reply_find_header(&x->reply, "Cache-Control"))
		MHD_add_response_header(response, "Cache-Control", "no-store");
	if (must_close(x))
		MHD_add_response_header(response, "Connection", "close");
}

/* Asks the crew for the next piece; the connection is suspended while it is made. */
static ssize_t want_more(struct exchange *x)
{
	MHD_suspend_connection(x->carrier);
	x->stage = STAGE_STREAM;
	if (crew_give(x->server->crew, x))
		return 0;
	x->rest = -1;
	MHD_resume_connection(x->carrier);
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

static ssize_t read_stream(void *self, uint64_t position, char *into, size_t most)
{
	struct exchange *x = self;
	size_t left = x->reply.body.length - x->taken, size = left < most ? left : most;

	(void)position;
	if (left == 0)
		return x->rest > 0    ? want_more(x)
		       : x->rest == 0 ? MHD_CONTENT_READER_END_OF_STREAM
				      : MHD_CONTENT_READER_END_WITH_ERROR;
	memcpy(into, x->reply.body.bytes + x->taken, size);
	x->taken += size;
	return (ssize_t)size;
}

/* The body stays the exchange's, which lives until the library has sent it. */
static struct MHD_Response *make_response(struct exchange *x)
{
	if (!x->reply.stream.more)
		return MHD_create_response_from_buffer(x->reply.body.length, x->reply.body.bytes,
						       MHD_RESPMEM_PERSISTENT);
	x->rest = 1;
	return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream, x, NULL);
}

static enum MHD_Result send_reply(struct exchange *x)
{
	struct MHD_Response *response;
	enum MHD_Result sent;

	mend_reply(x);
	response = make_response(x);
	if (!response)
		return MHD_NO;
	add_headers(response, x);
	connections_set(x->connection, CONNECTION_ANSWERING);
	sent = MHD_queue_response(x->carrier, (unsigned)x->reply.status, response);
	MHD_destroy_response(response);
	return sent;
}

/* --- exchanges --- */

static struct connection *connection_of(struct MHD_Connection *carrier)
{
	return MHD_get_connection_info(carrier, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* The library would take the query apart as well, into its own small memory, and when that is full it neither answers nor forgets
 * the request: a thousand parameters were enough. What it is about to parse lies in its buffer, which this ends behind the "?";
 * ours is a copy. */
static void keep_query_to_ourselves(const char *target)
{
	char *query = strchr(target, '?');

	if (query)
		query[1] = '\0';
}

/* The library's first word about a request: its target as it came. */
static void *begin_exchange(void *self, const char *target, struct MHD_Connection *carrier)
{
	struct arena *arena = arena_open("exchange");
	struct exchange *x = malloc(sizeof(*x));

	if (!x)
		memory_exhausted("exchange", sizeof(*x));
	memset(x, 0, offsetof(struct exchange, request) + offsetof(struct request, query));
	x->server = self;
	x->carrier = carrier;
	x->connection = connection_of(carrier);
	x->arena = x->request.arena = arena;
	x->request.target = x->request.path = arena_text(arena, target);
	reply_open(&x->reply);
	buffer_open(&x->body, 0);
	keep_query_to_ourselves(target);
	connections_set(x->connection, CONNECTION_ARRIVING);
	atomic_fetch_add(&x->server->open, 1);
	metric_add(METRIC_HTTP_IN_FLIGHT, NO_LABELS, 1);
	return x;
}

/* The library's last word: sent, or the client has gone. */
static void end_exchange(void *self, struct MHD_Connection *carrier, void **context,
			 enum MHD_RequestTerminationCode how)
{
	struct server *server = self;
	struct exchange *x = *context;

	(void)carrier;
	if (!x)
		return;
	connections_set(x->connection, CONNECTION_IDLE);
	if (how == MHD_REQUEST_TERMINATED_COMPLETED_OK)
		atomic_fetch_add(&server->answered, 1);
	atomic_fetch_sub(&server->open, 1);
	metric_add(METRIC_HTTP_IN_FLIGHT, NO_LABELS, -1);

	reply_close(&x->reply);
	buffer_close(&x->body);
	arena_close(&x->arena);
	free(x);
	*context = NULL;
}

/* --- the head --- */

/* Collects headers, and what they would take if written as the library understood them. */
struct collected {
	struct request *request;
	size_t count, size;
};

static enum MHD_Result collect(void *self, enum MHD_ValueKind kind, const char *name, size_t name_size,
			       const char *value, size_t value_size)
{
	struct collected *all = self;
	size_t length = value_size;
	uintptr_t blanks = (uintptr_t)value - (uintptr_t)(name + name_size + 1);

	(void)kind;
	while (length > 0 && (value[length - 1] == ' ' || value[length - 1] == '\t'))
		length--;
	if (all->count < REQUEST_HEADERS_MOST)
		all->request->headers[all->count] = (struct request_pair){
			arena_text_n(all->request->arena, name, name_size),
			arena_text_n(all->request->arena, value, length),
		};
	all->count++;
	all->size += name_size + 1 + blanks + value_size + 2;
	return MHD_YES;
}

static size_t size_of_head(struct MHD_Connection *carrier)
{
	return MHD_get_connection_info(carrier, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size;
}

/* The library parses leniently, in place: it folds lines into a header's name, ends a line at a bare LF and a
 * value at a NUL. Each of these loses or moves bytes. So the head is taken only if what was understood,
 * written out by the rules, has exactly the size of what came in. */
static int collect_head(struct exchange *x, const char *version, struct error *e)
{
	struct request *request = &x->request;
	struct collected all = { .request = request };
	size_t size = size_of_head(x->carrier);

	if (size > x->server->head_most)
		return error_set(e, ERROR_LIMIT, "http.head",
				 "the head of the request is %zu bytes long; at most %zu are taken", size,
				 x->server->head_most);

	MHD_get_connection_values_n(x->carrier, MHD_HEADER_KIND, collect, &all);
	if (all.count > REQUEST_HEADERS_MOST)
		return error_set(e, ERROR_LIMIT, "http.head",
				 "the request has %zu headers; at most %d are taken", all.count,
				 REQUEST_HEADERS_MOST);
	request->header_count = all.count;

	if (strlen(request->method) + 1 + strlen(request->target) + 1 + strlen(version) + 2 + all.size + 2 !=
	    size)
		return error_set(e, ERROR_INPUT, "http.header",
				 "the head of the request has a folded line, a NUL, a line that does not end "
				 "with CR LF "
				 "or needless blanks");
	return 0;
}

static int find_client(struct exchange *x, struct error *e)
{
	struct request *request = &x->request;

	if (!x->connection->over_unix_socket)
		return proxy_resolve(&x->server->proxies, &x->connection->address, request, e);
	request->over_unix_socket = true;
	request->secure = true;
	request->peer_uid = x->connection->peer_uid;
	request->peer_gid = x->connection->peer_gid;
	request->peer_pid = x->connection->peer_pid;
	return 0;
}

static int too_large(const struct exchange *x, struct error *e)
{
	if (x->body_most == 0)
		return error_set(e, ERROR_LIMIT, "http.body", "%s %s takes no body", x->request.method,
				 x->request.path);
	return error_set(e, ERROR_LIMIT, "http.body",
			 "the body of the request is too large: at most %zu bytes are taken", x->body_most);
}

static int check_length(const struct exchange *x, struct error *e)
{
	return x->head.length > x->body_most ? too_large(x, e) : 0;
}

static int read_head(struct exchange *x, const char *method, const char *version, struct error *e)
{
	const struct server_handler *handler = &x->server->handler;

	x->request.method = arena_text(x->arena, method);
	if (collect_head(x, version, e) < 0 || head_read(&x->request, version, &x->head, e) < 0 ||
	    target_read(&x->request, e) < 0 || find_client(x, e) < 0 ||
	    handler->body_most(handler->self, &x->request, &x->body_most, e) < 0 || check_length(x, e) < 0)
		return -1;
	buffer_open(&x->body, x->body_most);
	return 0;
}

/* A refusal is sent before the body is read, and the connection with it closes. */
static enum MHD_Result take_head(struct exchange *x, const char *method, const char *version)
{
	struct error e;

	if (read_head(x, method, version, &e) < 0) {
		metric_add(METRIC_HTTP_REFUSED, LABELS("request"), 1);
		answer_error(x, &e);
		return send_reply(x);
	}
	x->stage = STAGE_BODY;
	return MHD_YES;
}

/* --- the body --- */

static enum MHD_Result take_body(struct exchange *x, const char *bytes, size_t size)
{
	struct error e;

	if (x->stage == STAGE_DISCARD) {
		x->discarded += size;
		return x->discarded > DISCARD_MOST ? MHD_NO : MHD_YES;
	}

	buffer_add(&x->body, bytes, size);
	if (x->body.full) {
		metric_add(METRIC_HTTP_REFUSED, LABELS("request"), 1);
		too_large(x, &e);
		answer_error(x, &e);
		x->stage = STAGE_DISCARD;
		buffer_close(&x->body);
	}
	return MHD_YES;
}

/* --- the answer --- */

static void answer_whole(struct exchange *x)
{
	struct server *server = x->server;

	metric_add(METRIC_HTTP_WAITING, NO_LABELS, -1);
	if (atomic_load(&server->late))
		answer_busy(x, "http.ending", "the server is ending; ask again", "ending");
	else
		server->handler.answer(server->handler.self, &x->request, &x->reply);
}

/* A piece that is too large, or none when the server ends, breaks the reply off. */
static void answer_more(struct exchange *x)
{
	struct reply *reply = &x->reply;

	buffer_reset(&reply->body);
	x->taken = 0;
	x->rest = atomic_load(&x->server->late) ? -1 : 1;
	while (x->rest > 0 && reply->body.length == 0)
		x->rest = reply->stream.more(reply->stream.self, &reply->body);
	if (reply->body.full)
		x->rest = -1;
	if (x->rest < 0)
		buffer_reset(&reply->body);
}

/* On an exchange thread. The connection is suspended, so nobody else touches the exchange until it is
 * resumed. */
static void answer_exchange(void *job)
{
	struct exchange *x = job;

	if (x->stage == STAGE_STREAM)
		answer_more(x);
	else
		answer_whole(x);
	x->stage = STAGE_ANSWERED;
	MHD_resume_connection(x->carrier);
}

/* Suspended before it is given away: from then on the crew may resume it at any moment. */
static enum MHD_Result give_to_crew(struct exchange *x)
{
	MHD_suspend_connection(x->carrier);
	metric_add(METRIC_HTTP_WAITING, NO_LABELS, 1);
	if (crew_give(x->server->crew, x))
		return MHD_YES;
	metric_add(METRIC_HTTP_WAITING, NO_LABELS, -1);
	answer_busy(x, "http.busy", "all threads are busy and as many requests wait as may; ask again", "busy");
	MHD_resume_connection(x->carrier);
	return MHD_YES;
}

static enum MHD_Result take_whole(struct exchange *x)
{
	const struct server_handler *handler = &x->server->handler;

	connections_set(x->connection, CONNECTION_ANSWERING);
	x->request.body = x->head.has_body ? x->body.bytes : NULL;
	x->request.body_size = x->body.length;
	if (!handler->quick || !handler->quick(handler->self, &x->request, &x->reply))
		return give_to_crew(x);
	x->stage = STAGE_ANSWERED;
	return send_reply(x);
}

/* The library calls with the head, with each piece of the body, and with the end of it; and again when it was
 * resumed. */
static enum MHD_Result take(void *self, struct MHD_Connection *carrier, const char *url, const char *method,
			    const char *version, const char *bytes, size_t *size, void **context)
{
	struct exchange *x = *context;
	size_t given = *size;

	(void)self;
	(void)carrier;
	(void)url;
	if (x->stage == STAGE_HEAD)
		return take_head(x, method, version);
	*size = 0;
	if (given > 0)
		return take_body(x, bytes, given);
	return x->stage == STAGE_BODY ? take_whole(x) : send_reply(x);
}

/* --- connections --- */

static void note_connection(void *self, struct MHD_Connection *carrier, void **context,
			    enum MHD_ConnectionNotificationCode what)
{
	struct server *server = self;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		connections_remove(server->connections, *context);
		return;
	}
	*context = connections_add(
		server->connections,
		MHD_get_connection_info(carrier, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
		MHD_get_connection_info(carrier, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
}

/* The library's own timeout begins again with every byte; this one does not. */
static void *keep(void *self)
{
	struct server *server = self;

	pthread_mutex_lock(&server->keeper_lock);
	while (!server->keeper_ends) {
		struct timespec next;

		clock_gettime(CLOCK_MONOTONIC, &next);
		next.tv_sec += KEEP_S;
		pthread_cond_timedwait(&server->keeper_wakes, &server->keeper_lock, &next);
		connections_end_slow(server->connections, server->idle_ms);
	}
	pthread_mutex_unlock(&server->keeper_lock);
	return NULL;
}

/* --- opening and closing --- */

/* Paths and queries are decoded by target.c, strictly; the library is told that there is nothing to decode.
 */
static size_t leave_escaped(void *self, struct MHD_Connection *carrier, char *text)
{
	(void)self;
	(void)carrier;
	return strlen(text);
}

static void log_library(void *self, const char *fmt, va_list args) __attribute__((format(printf, 2, 0)));
static void log_library(void *self, const char *fmt, va_list args)
{
	char line[512];

	(void)self;
	vsnprintf(line, sizeof(line), fmt, args);
	line[strcspn(line, "\n")] = '\0';
	log_debug(NULL, "http: %s", line);
}

static int start_daemon(struct server *server, const struct listener *listener, int connections_most,
			struct error *e)
{
	struct MHD_OptionItem options[] = {
		{ MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)log_library, NULL },
		{ MHD_OPTION_LISTEN_SOCKET, listener->fd, NULL },
		{ MHD_OPTION_CONNECTION_LIMIT, connections_most, NULL },
		{ MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)(2 * server->head_most + POOL_SPARE), NULL },
		{ MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)(server->idle_ms / 1000), NULL },
		{ MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)leave_escaped, server },
		{ MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)begin_exchange, server },
		{ MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)end_exchange, server },
		{ MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)note_connection, server },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct MHD_Daemon *daemon =
		MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG,
				 0, NULL, NULL, take, server, MHD_OPTION_ARRAY, options, MHD_OPTION_END);

	if (!daemon)
		return error_set(e, ERROR_INTERNAL, "http.start", "could not start an HTTP thread: %s",
				 strerror(errno));
	server->daemons[server->daemon_count++] = daemon;
	return 0;
}

static int check_options(const struct server_options *options, struct error *e)
{
	const struct {
		const char *name;
		int64_t value, most;
	} rows[] = {
		{ "http_threads", options->http_threads, HTTP_THREADS_MOST },
		{ "exchange_threads", options->exchange_threads, 1024 },
		{ "connections_most", options->connections_most, 1 << 20 },
		{ "connections_per_address_most", options->connections_per_address_most, 1 << 20 },
		{ "waiting_most", options->waiting_most, 1 << 20 },
		{ "idle_timeout_s", options->idle_timeout_s, 3600 },
		{ "head_most", (int64_t)options->head_most, REQUEST_HEAD_MOST },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		if (rows[i].value < 1 || rows[i].value > rows[i].most)
			return error_set(e, ERROR_INPUT, "http.options", "%s is %lld; 1 to %lld is expected",
					 rows[i].name, (long long)rows[i].value, (long long)rows[i].most);
	return 0;
}

static int check_room(const struct server *server, struct error *e)
{
	if (server->listener_count == SERVER_LISTENS_MOST)
		return error_set(e, ERROR_INPUT, "http.listen", "more than %d places to listen are named",
				 SERVER_LISTENS_MOST);
	return 0;
}

static int open_listeners(struct server *server, const struct server_options *options, struct error *e)
{
	for (const int *fd = options->inherited; fd && *fd >= 0; fd++, server->listener_count++)
		if (check_room(server, e) < 0 ||
		    listener_inherit(&server->listeners[server->listener_count], *fd, e) < 0)
			return -1;
	for (const char *const *where = options->listen; where && *where; where++, server->listener_count++)
		if (check_room(server, e) < 0 ||
		    listener_open(&server->listeners[server->listener_count], *where, options->unix_mode,
				  options->unix_group, e) < 0)
			return -1;
	if (server->listener_count == 0)
		return error_set(e, ERROR_INPUT, "http.listen", "there is no place to listen");
	return 0;
}

static int start_keeper(struct server *server, struct error *e)
{
	int failed = pthread_create(&server->keeper, NULL, keep, server);

	if (failed)
		return error_set(e, ERROR_INTERNAL, "http.threads", "could not start a thread: %s",
				 strerror(failed));
	server->keeper_runs = true;
	return 0;
}

static int start_threads(struct server *server, const struct server_options *options, struct error *e)
{
	if (crew_open(options->exchange_threads, options->waiting_most, options->stall_ms, answer_exchange, &server->crew, e) <
		    0 ||
	    start_keeper(server, e) < 0)
		return -1;
	for (size_t i = 0; i < server->listener_count; i++)
		for (int n = 0; n < options->http_threads; n++)
			if (start_daemon(server, &server->listeners[i], options->connections_most, e) < 0)
				return -1;
	return 0;
}

/* Signals are for the thread that asked: all that are started here block them. */
static int start_threads_without_signals(struct server *server, const struct server_options *options,
					 struct error *e)
{
	sigset_t all, before;
	int result;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	result = start_threads(server, options, e);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return result;
}

int server_open(const struct server_options *options, const struct server_handler *handler,
		struct server **ret, struct error *e)
{
	struct arena *arena = arena_open("server");
	struct server *server = arena_take(arena, sizeof(*server));
	pthread_condattr_t monotonic;

	server->arena = arena;
	server->handler = *handler;
	server->head_most = options->head_most;
	server->idle_ms = (int64_t)options->idle_timeout_s * 1000;
	pthread_mutex_init(&server->keeper_lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&server->keeper_wakes, &monotonic);
	pthread_condattr_destroy(&monotonic);
	server->connections = connections_open(options->connections_most,
					       options->connections_per_address_most, &server->proxies);

	if (check_options(options, e) < 0 ||
	    proxies_read(&server->proxies, options->trusted_proxies, e) < 0 ||
	    open_listeners(server, options, e) < 0 || start_threads_without_signals(server, options, e) < 0) {
		server_close(&server, 0);
		return -1;
	}
	*ret = server;
	return 0;
}

static bool has_queue(const struct server *server)
{
	for (size_t i = 0; i < server->listener_count; i++)
		if (listener_has_queue(&server->listeners[i]))
			return true;
	return false;
}

/* Who has connected and waits to be let in is let in: their request may be on its way. */
static void let_in_the_last(struct server *server, int64_t deadline_ms)
{
	const struct timespec step = { .tv_nsec = QUEUE_STEP_MS * 1000000L };
	int64_t quiet_at = clock_monotonic_ms() + QUEUE_QUIET_MS;

	for (size_t i = 0; i < server->listener_count; i++)
		listener_turn_away(&server->listeners[i]);
	while (clock_left_ms(quiet_at) > 0 && clock_left_ms(deadline_ms) > 0) {
		nanosleep(&step, NULL);
		if (has_queue(server))
			quiet_at = clock_monotonic_ms() + QUEUE_QUIET_MS;
	}
}

static void stop_accepting(struct server *server, int64_t deadline_ms)
{
	atomic_store(&server->draining, true);
	let_in_the_last(server, deadline_ms);
	for (size_t i = 0; i < server->daemon_count; i++)
		MHD_quiesce_daemon(server->daemons[i]);
	for (size_t i = 0; i < server->listener_count; i++)
		listener_stop(&server->listeners[i]);
}

static void stop_keeper(struct server *server)
{
	if (!server->keeper_runs)
		return;
	pthread_mutex_lock(&server->keeper_lock);
	server->keeper_ends = true;
	pthread_cond_signal(&server->keeper_wakes);
	pthread_mutex_unlock(&server->keeper_lock);
	pthread_join(server->keeper, NULL);
}

/* The library ends the process if it is stopped while a connection is suspended, so the crew finishes first.
 */
static void answer_what_waits(struct server *server)
{
	atomic_store(&server->late, true);
	if (server->crew)
		crew_finish(server->crew);
}

static void free_server(struct server *server)
{
	struct arena *arena = server->arena;

	crew_close(&server->crew);
	connections_close(&server->connections);
	pthread_cond_destroy(&server->keeper_wakes);
	pthread_mutex_destroy(&server->keeper_lock);
	arena_close(&arena);
}

void server_close(struct server **server, int drain_ms)
{
	struct server *s = *server;

	if (!s)
		return;
	int64_t deadline_ms = clock_monotonic_ms() + drain_ms;
	stop_accepting(s, deadline_ms);
	connections_drain(s->connections, deadline_ms);
	answer_what_waits(s);
	connections_end_unanswered(s->connections);
	connections_drain(s->connections, clock_monotonic_ms() + SEND_MS);

	stop_keeper(s);
	for (size_t i = 0; i < s->daemon_count; i++)
		MHD_stop_daemon(s->daemons[i]);
	for (size_t i = 0; i < s->listener_count; i++)
		listener_close(&s->listeners[i]);
	free_server(s);
	*server = NULL;
}

int server_listening(const struct server *server, struct error *e)
{
	if (atomic_load(&server->draining))
		return error_set(e, ERROR_RETRY, "http.ending", "the server is ending");
	for (size_t i = 0; i < server->listener_count; i++)
		if (listener_reachable(&server->listeners[i], e) < 0)
			return -1;
	return 0;
}

int server_port(const struct server *server, int n)
{
	for (size_t i = 0; i < server->listener_count; i++)
		if (server->listeners[i].port >= 0 && n-- == 0)
			return server->listeners[i].port;
	return -1;
}

void server_count(const struct server *server, long *ret_open, long *ret_answered)
{
	*ret_open = atomic_load(&server->open);
	*ret_answered = atomic_load(&server->answered);
}
