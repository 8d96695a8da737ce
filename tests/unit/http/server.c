/* The server as clients see it: raw bytes over real sockets. */
#include "platform.h"

#include "http/server.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { BODY_MOST = 1000, HEAD_MOST = 4096, PATIENCE_MS = 20000 };

/* A gate that "/held" waits at, so that tests decide when an answer is given. */
static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_moves = PTHREAD_COND_INITIALIZER;
static bool gate_open;
static int held;

static void hold(void)
{
	pthread_mutex_lock(&gate_lock);
	held++;
	pthread_cond_broadcast(&gate_moves);
	while (!gate_open)
		pthread_cond_wait(&gate_moves, &gate_lock);
	held--;
	pthread_mutex_unlock(&gate_lock);
}

static void set_gate(bool open)
{
	pthread_mutex_lock(&gate_lock);
	gate_open = open;
	pthread_cond_broadcast(&gate_moves);
	pthread_mutex_unlock(&gate_lock);
}

static void wait_until_held(int count)
{
	pthread_mutex_lock(&gate_lock);
	while (held < count)
		pthread_cond_wait(&gate_moves, &gate_lock);
	pthread_mutex_unlock(&gate_lock);
}

static int body_most(void *self, const struct request *head, size_t *ret, struct error *e)
{
	(void)self;
	if (strcmp(head->path, "/nowhere") == 0)
		return error_set(e, ERROR_NOT_FOUND, "http.path", "nothing lives there");
	*ret = strcmp(head->method, "POST") == 0 ? BODY_MOST : 0;
	return 0;
}

/* "/stream?pieces=3&end=0": pieces of a hundred thousand bytes each, then the end, or -1. */
struct pieces {
	int left, end;
};
enum { PIECE = 100000 };

static int next_piece(void *self, struct buffer *into)
{
	struct pieces *pieces = self;

	if (pieces->left == 0)
		return pieces->end;
	for (size_t i = 0; i < PIECE; i++)
		buffer_add(into, "x", 1);
	pieces->left--;
	return 1;
}

static void begin_stream(struct request *request, struct reply *reply)
{
	struct pieces *pieces = arena_take(request->arena, sizeof(*pieces));

	pieces->left = atoi(request_query(request, "pieces"));
	pieces->end = atoi(request_query(request, "end"));
	reply->stream = (struct reply_stream){ pieces, next_piece };
}

/* What was begun on the HTTP thread: it is either answered or given up. */
static atomic_int begun, gone_on_with, forgotten;

static void answer(void *self, struct request *request, struct reply *reply)
{
	(void)self;
	gone_on_with += request->begun == &begun;
	if (strcmp(request->path, "/stream") == 0)
		begin_stream(request, reply);
	if (strcmp(request->path, "/held") == 0)
		hold();
	if (strcmp(request->path, "/broken") == 0)
		reply_header(reply, request_query(request, "name"), "x");
	if (strcmp(request->path, "/cached") == 0)
		reply_header(reply, "Cache-Control", "max-age=60");
	buffer_format(&reply->body, "<%s %s from=%s secure=%d unix=%d uid=%d body=%zu:%s>", request->method,
		      request->path, request->address, request->secure, request->over_unix_socket,
		      request->over_unix_socket ? (int)request->peer_uid : -1, request->body_size,
		      request->body ? request->body : "none");
}

static bool quick(void *self, struct request *request, struct reply *reply)
{
	(void)self;
	if (strcmp(request->path, "/held") == 0) {
		request->begun = &begun;
		begun++;
	}
	if (strcmp(request->path, "/quick") != 0)
		return false;
	buffer_text(&reply->body, "quick");
	return true;
}

static void forget(void *self, struct request *request)
{
	(void)self;
	forgotten += request->begun == &begun;
}

struct fixture {
	char folder[64], path[96], where[128];
	const char *listen[4];
	const char *trusted[2];
	struct server_options options;
	struct server *server;
};

static struct fixture f;

static void open_server(void)
{
	static const struct server_handler handler = { NULL, body_most, answer, quick, NULL, forget };
	struct error e;

	if (server_open(&f.options, &handler, &f.server, &e) < 0)
		fail_msg("%s", e.text);
}

static int set_up(void **state)
{
	begun = gone_on_with = forgotten = 0;
	(void)state;
	memset(&f, 0, sizeof(f));
	strcpy(f.folder, "/tmp/rosterd-http-XXXXXX");
	assert_non_null(mkdtemp(f.folder));
	snprintf(f.path, sizeof(f.path), "%s/socket", f.folder);
	snprintf(f.where, sizeof(f.where), "unix:%s", f.path);
	f.listen[0] = "127.0.0.1:0";
	f.listen[1] = f.where;
	f.options = (struct server_options){
		.listen = f.listen,
		.unix_mode = 0620,
		.trusted_proxies = f.trusted,
		.http_threads = 2,
		.exchange_threads = 2,
		.connections_most = 50,
		.connections_per_address_most = 40,
		.waiting_most = 8,
		.idle_timeout_s = 60,
		.head_most = HEAD_MOST,
	};
	set_gate(true);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	set_gate(true);
	server_close(&f.server, 1000);
	rmdir(f.folder);
	return 0;
}

/* --- a client --- */

static struct sockaddr_in own_address(void)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)server_port(f.server, 0)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static bool may_connect(const struct sockaddr_in *to)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool connected = connect(fd, (const struct sockaddr *)to, sizeof(*to)) == 0;

	close(fd);
	return connected;
}

static int dial(void)
{
	struct sockaddr_in to = own_address();
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static int dial_unix(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(to.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void say_bytes(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
		if (sent < 0)
			return; /* it closed already; what it answered is judged */
		bytes += sent;
		length -= (size_t)sent;
	}
}

static void say(int fd, const char *text)
{
	say_bytes(fd, text, strlen(text));
}

static bool is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, PATIENCE_MS) == 1;
}

/* Reads one reply: its head and as much body as Content-Length says (none for HEAD). "" once it closed. */
static const char *hear_of(int fd, bool has_body)
{
	static char text[65536];
	size_t length = 0, wanted = sizeof(text) - 1;

	while (length < wanted) {
		ssize_t got;
		char *end;

		if (!is_readable(fd))
			fail_msg("nothing came; so far: %.*s", (int)length, text);
		got = recv(fd, text + length, strstr(text, "\r\n\r\n") && length ? wanted - length : 1, 0);
		if (got <= 0)
			break;
		length += (size_t)got;
		text[length] = '\0';
		end = strstr(text, "\r\n\r\n");
		if (end && wanted == sizeof(text) - 1) {
			char *size = strcasestr(text, "\r\nContent-Length:");
			wanted = (size_t)(end + 4 - text) +
				 (has_body && size && size < end ? strtoul(size + 17, NULL, 10) : 0);
		}
	}
	text[length] = '\0';
	return text;
}

static const char *hear(int fd)
{
	return hear_of(fd, true);
}

static bool is_closed(int fd)
{
	char byte;

	return is_readable(fd) && recv(fd, &byte, 1, 0) <= 0;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
	if (strcasestr(text, part))
		fail_msg("\"%s\" in:\n%s", part, text);
}

/* Until so many requests have come in and are not answered. */
static void wait_until_open(long count)
{
	long open = 0, answered;

	for (int ms = 0; open != count && ms < PATIENCE_MS; ms++) {
		usleep(1000);
		server_count(f.server, &open, &answered);
	}
	assert_int_equal(open, count);
}

/* One request on a connection of its own; the reply. */
static const char *ask(const char *bytes)
{
	int fd = dial();
	const char *reply;

	say(fd, bytes);
	reply = hear(fd);
	close(fd);
	return reply;
}

/* --- what is answered --- */

static void answers_with_its_headers(void **state)
{
	const char *reply;

	(void)state;
	open_server();
	reply = ask("GET /a%20b?c=d HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_has(reply, "HTTP/1.1 200 ");
	assert_has(reply, "\r\nX-Content-Type-Options: nosniff\r\n");
	assert_has(reply, "\r\nCache-Control: no-store\r\n");
	assert_has(reply, "<GET /a b from=127.0.0.1 secure=0 unix=0 uid=-1 body=0:none>");
	reply = ask("GET /cached HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_has(reply, "\r\nCache-Control: max-age=60\r\n");
	assert_lacks(reply, "no-store");
}

static void answers_quickly_on_the_http_thread(void **state)
{
	int one, other;

	(void)state;
	open_server();
	set_gate(false);
	one = dial();
	other = dial();
	say(one, "GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
	say(other, "GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
	wait_until_held(2); /* no exchange thread is left */
	assert_has(ask("GET /quick HTTP/1.1\r\nHost: x\r\n\r\n"), "\r\n\r\nquick");
	set_gate(true);
	assert_has(hear(one), "/held");
	assert_has(hear(other), "/held");
	close(one);
	close(other);
}

/* Counts the x of a chunked body up to its end; *ret_whole: it had one. */
static long count_stream(int fd, bool *ret_whole)
{
	static char bytes[16384];
	char tail[8] = "";
	long count = 0;
	ssize_t got;

	*ret_whole = false;
	while (!*ret_whole && is_readable(fd) && (got = recv(fd, bytes, sizeof(bytes), 0)) > 0) {
		for (ssize_t i = 0; i < got; i++) {
			count += bytes[i] == 'x';
			memmove(tail, tail + 1, 6);
			tail[6] = bytes[i];
		}
		*ret_whole = memcmp(tail, "\r\n0\r\n\r\n", 7) == 0;
	}
	return count;
}

static void streams_a_long_body_in_pieces(void **state)
{
	const char *requests[] = { "GET /stream?pieces=0&end=0 HTTP/1.1\r\nHost: y\r\n\r\n",
				   "GET /stream?pieces=1&end=0 HTTP/1.1\r\nHost: y\r\n\r\n",
				   "GET /stream?pieces=50&end=0 HTTP/1.1\r\nHost: y\r\n\r\n" };
	const int pieces[] = { 0, 1, 50 };
	bool whole;
	int fd;

	(void)state;
	open_server();
	fd = dial();
	for (size_t i = 0; i < 3; i++) { /* on one connection, which goes on behind each */
		long head; /* has an x or two of its own */

		say(fd, requests[i]);
		head = count_stream(fd, &whole) - (long)pieces[i] * PIECE;
		assert_true(whole);
		assert_in_range(head, 0, 20);
	}
	close(fd);
}

static void breaks_a_stream_off_where_it_fails(void **state)
{
	bool whole;
	int fd;

	(void)state;
	open_server();
	fd = dial();
	say(fd, "GET /stream?pieces=3&end=-1 HTTP/1.1\r\nHost: y\r\n\r\n");
	count_stream(fd, &whole);
	assert_false(whole);
	assert_true(is_closed(fd));
	close(fd);
}

static void answers_head_without_a_body(void **state)
{
	const char *reply;
	int fd;

	(void)state;
	open_server();
	fd = dial();
	say(fd, "HEAD /x HTTP/1.1\r\nHost: x\r\n\r\n");
	reply = hear_of(fd, false);
	assert_has(reply, "HTTP/1.1 200 ");
	assert_lacks(reply, "Content-Length: 0");
	say(fd, "GET /next HTTP/1.1\r\nHost: x\r\n\r\n");
	reply = hear(fd);
	assert_memory_equal(reply, "HTTP/1.1 200 ", 13); /* nothing of a body stood before */
	assert_has(reply, "/next");
	close(fd);
}

static void keeps_alive_and_answers_in_order(void **state)
{
	int fd;

	(void)state;
	open_server();
	fd = dial();
	say(fd,
	    "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
	    "GET /quick HTTP/1.1\r\nHost: x\r\n\r\nGET /4 HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_has(hear(fd), "<GET /1 ");
	assert_has(hear(fd), "<POST /2 from=127.0.0.1 secure=0 unix=0 uid=-1 body=3:abc>");
	assert_has(hear(fd), "quick");
	assert_has(hear(fd), "<GET /4 ");
	say(fd, "GET /5 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	assert_has(hear(fd), "<GET /5 ");
	assert_true(is_closed(fd));
	close(fd);
}

static void counts_what_is_open(void **state)
{
	long open, answered;
	int fd;

	(void)state;
	open_server();
	set_gate(false);
	fd = dial();
	say(fd, "GET /quick HTTP/1.1\r\nHost: x\r\n\r\nGET /held HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_has(hear(fd), "quick");
	wait_until_held(1);
	server_count(f.server, &open, &answered);
	assert_int_equal(open, 1);
	assert_int_equal(answered, 1);
	set_gate(true);
	hear(fd);
	close(fd);
}

static void takes_a_body_that_comes_slowly(void **state)
{
	int fd;

	(void)state;
	open_server();
	fd = dial();
	say(fd, "POST /x HT");
	usleep(20000);
	say(fd, "TP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
	for (const char *at = "hello"; *at; at++) {
		usleep(5000);
		say_bytes(fd, at, 1);
	}
	assert_has(hear(fd), "body=5:hello>");
	close(fd);
}

static void takes_chunks_and_closes_after_them(void **state)
{
	const char *reply;
	int fd;

	(void)state;
	open_server();
	fd = dial();
	say(fd, "POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
	usleep(5000);
	say(fd, "2;e=f\r\nde\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n");
	reply = hear(fd);
	assert_has(reply, "body=5:abcde>");
	assert_has(reply, "\r\nConnection: close\r\n");
	assert_true(is_closed(fd));
	close(fd);
}

static void waits_for_leave_to_continue(void **state)
{
	const char *reply;
	int fd;

	(void)state;
	open_server();
	fd = dial();
	say(fd, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
	assert_has(hear(fd), "HTTP/1.1 100 ");
	say(fd, "ok");
	assert_has(hear(fd), "body=2:ok>");
	say(fd, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n");
	reply = hear(fd);
	assert_has(reply, "HTTP/1.1 413 ");
	close(fd);
}

/* --- what is refused --- */

static void limits_bodies(void **state)
{
	char body[BODY_MOST + 1];
	const char *reply;
	int fd;

	(void)state;
	open_server();
	memset(body, 'b', sizeof(body));
	reply = ask("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n"); /* before a byte of it is
										       sent */
	assert_has(reply, "HTTP/1.1 413 ");
	assert_has(reply, "application/problem+json");
	assert_has(reply, "\"code\":\"http.body\"");
	assert_has(reply, "at most 1000 bytes");

	fd = dial();
	say(fd, "POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n");
	say_bytes(fd, body, sizeof(body));
	say(fd, "\r\n0\r\n\r\n");
	assert_has(hear(fd), "HTTP/1.1 413 ");
	close(fd);

	fd = dial();
	say(fd, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
	say_bytes(fd, body, BODY_MOST);
	assert_has(hear(fd), "body=1000:bbb");
	close(fd);
	assert_has(ask("GET /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n"), "takes no body");
}

static void tells_a_client_that_sends_on_and_on(void **state)
{
	static char body[300000];
	int fd;

	(void)state;
	open_server();
	memset(body, 'b', sizeof(body));
	fd = dial();
	say(fd, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n");
	say_bytes(fd, body, sizeof(body));
	assert_has(hear(fd), "\"code\":\"http.body\"");
	close(fd);

	fd = dial(); /* chunks without end: they are read for a while, then no more */
	say(fd, "POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n");
	for (int i = 0; i < 8; i++)
		say_bytes(fd, body, sizeof(body));
	assert_true(is_closed(fd));
	close(fd);
}

static void limits_heads(void **state)
{
	char head[3 * HEAD_MOST];
	size_t length = 0;

	(void)state;
	open_server();
	snprintf(head, sizeof(head), "GET /x HTTP/1.1\r\nHost: x\r\nX: %0*d\r\n\r\n", HEAD_MOST, 0);
	assert_has(ask(head), "HTTP/1.1 431 ");
	assert_has(ask(head), "\"code\":\"http.head\"");
	snprintf(head, sizeof(head), "GET /x HTTP/1.1\r\nHost: x\r\nX: %0*d\r\n\r\n", HEAD_MOST - 100, 0);
	assert_has(ask(head), "HTTP/1.1 200 ");
	snprintf(head, sizeof(head), "GET /%0*d HTTP/1.1\r\nHost: x\r\n\r\n", REQUEST_PATH_MOST, 0);
	assert_has(ask(head), "HTTP/1.1 414 ");

	length = (size_t)snprintf(head, sizeof(head), "GET /x HTTP/1.1\r\nHost: x\r\n");
	for (int i = 0; i < REQUEST_HEADERS_MOST; i++)
		length += (size_t)snprintf(head + length, sizeof(head) - length, "A: b\r\n");
	snprintf(head + length, sizeof(head) - length, "\r\n");
	assert_has(ask(head), "HTTP/1.1 431 ");
}

static void survives_a_head_that_never_ends(void **state)
{
	int fd;

	(void)state;
	open_server();
	fd = dial();
	say(fd, "GET /x HTTP/1.1\r\nHost: x\r\nX: ");
	for (int i = 0; i < 64; i++) {
		char junk[4096];

		memset(junk, 'j', sizeof(junk));
		say_bytes(fd, junk, sizeof(junk));
	}
	while (!is_closed(fd))
		;
	close(fd);
	assert_has(ask("GET /after HTTP/1.1\r\nHost: x\r\n\r\n"), "/after");
}

/* More than the library has room for, were it to read them: it would neither answer nor forget the request. */
static void answers_a_thousand_parameters(void **state)
{
	static char head[3 * HEAD_MOST];
	int length = snprintf(head, sizeof(head), "GET /x?a");

	(void)state;
	open_server();
	while (length < HEAD_MOST - 100)
		length += snprintf(head + length, sizeof(head) - (size_t)length, "&a");
	snprintf(head + length, sizeof(head) - (size_t)length, " HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_has(ask(head), "HTTP/1.1 400 ");
	assert_has(ask(head), "\"code\":\"http.query\"");
	wait_until_open(0);
}

static void refuses_what_may_be_read_in_two_ways(void **state)
{
	static const char *const bad[] = {
		("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: "
		 "chunked\r\n\r\n0\r\n\r\n"),
		"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
		"POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n",
		"GET /x HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
		"GET /x HTTP/1.1\r\nHost: x\r\nTransfer-Enco: chunked\r\n\tding\r\n\r\n",
		"GET /x HTTP/1.1\r\nHost: x\nA: b\r\n\r\n",
		"GET /x HTTP/1.1\nHost: x\n\n",
		"GET /x HTTP/1.1\r\nHost : x\r\n\r\n",
		"GET /x HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n",
		"GET  /x HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /x y HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /x HTTP/1.1\r\n\r\n",
		"GET /x HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
		"GET /x HTTP/1.1\r\nHost: x/y\r\n\r\n",
		"GET /x HTTP/1.1\r\nHost: x\r\nA: b\x01\r\n\r\n",
		"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /x?a=%ff HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /../x HTTP/1.1\r\nHost: x\r\n\r\n",
	};

	(void)state;
	open_server();
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		const char *reply = ask(bad[i]);

		if (!text_begins(reply, "HTTP/1.1 400 ") || !strstr(reply, "application/problem+json") ||
		    !strcasestr(reply, "\r\nConnection: close\r\n"))
			fail_msg("%s was answered\n%s", bad[i], reply);
	}
}

static void refuses_a_nul(void **state)
{
	static const char in_value[] = "GET /x HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n";
	static const char in_target[] = "GET /x\0y HTTP/1.1\r\nHost: x\r\n\r\n";
	static const char in_length[] = "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\0"
					"1\r\n\r\nabcdefghijk";
	int fd;

	(void)state;
	open_server();
	fd = dial();
	say_bytes(fd, in_value, sizeof(in_value) - 1);
	assert_has(hear(fd), "HTTP/1.1 400 ");
	close(fd);
	fd = dial();
	say_bytes(fd, in_target, sizeof(in_target) - 1);
	assert_has(hear(fd), "HTTP/1.1 400 ");
	close(fd);
	fd = dial();
	say_bytes(fd, in_length, sizeof(in_length) - 1);
	assert_has(hear(fd), "HTTP/1.1 400 ");
	close(fd);
}

static void refuses_early_what_the_handler_refuses(void **state)
{
	const char *reply;

	(void)state;
	open_server();
	reply = ask("POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n");
	assert_has(reply, "HTTP/1.1 404 ");
	assert_has(reply, "\"code\":\"http.path\"");
}

static void sends_nothing_of_a_broken_reply(void **state)
{
	const char *reply;

	(void)state;
	open_server();
	reply = ask("GET /broken?name=Location HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_has(reply, "\r\nLocation: x\r\n");
	reply = ask("GET /broken?name=Bad%20Name HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_has(reply, "HTTP/1.1 500 ");
	assert_has(reply, "\"code\":\"http.reply\"");
	assert_lacks(reply, "<GET");
}

/* --- how many --- */

static void answers_503_when_all_wait(void **state)
{
	const char *reply;
	int fds[4];

	(void)state;
	f.options.waiting_most = 2;
	open_server();
	set_gate(false);
	for (int i = 0; i < 4; i++) {
		fds[i] = dial();
		say(fds[i], "GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
		if (i < 2)
			wait_until_held(i + 1);
	}
	wait_until_open(4);
	reply = ask("GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_has(reply, "HTTP/1.1 503 ");
	assert_has(reply, "\r\nRetry-After: 1\r\n");
	assert_has(reply, "\"code\":\"http.busy\"");
	assert_int_equal(forgotten, 1);
	set_gate(true);
	for (int i = 0; i < 4; i++) {
		assert_has(hear(fds[i]), "/held");
		close(fds[i]);
	}
	assert_int_equal(begun, 5);
	assert_int_equal(gone_on_with, 4);
	assert_int_equal(forgotten, 1);
}

static void limits_connections_of_one_address(void **state)
{
	int fds[3];

	(void)state;
	f.options.connections_per_address_most = 2;
	open_server();
	for (int i = 0; i < 2; i++) {
		fds[i] = dial();
		say(fds[i], "GET /quick HTTP/1.1\r\nHost: x\r\n\r\n");
		assert_has(hear(fds[i]), "quick");
	}
	fds[2] = dial();
	assert_true(is_closed(fds[2]));
	close(fds[2]);
	fds[2] = dial_unix(f.path); /* does not count */
	say(fds[2], "GET /quick HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_has(hear(fds[2]), "quick");
	for (int i = 0; i < 3; i++)
		close(fds[i]);
}

static void does_not_count_a_trusted_proxy(void **state)
{
	int fds[3];

	(void)state;
	f.trusted[0] = "127.0.0.0/8";
	f.options.connections_per_address_most = 1;
	f.options.connections_most = 3;
	open_server();
	for (int i = 0; i < 3; i++) {
		fds[i] = dial();
		say(fds[i], "GET /quick HTTP/1.1\r\nHost: x\r\n\r\n");
		assert_has(hear(fds[i]), "quick");
	}
	for (int i = 0; i < 3; i++)
		close(fds[i]);
}

static void ends_a_request_that_drips(void **state)
{
	int fd;

	(void)state;
	f.options.idle_timeout_s = 1;
	open_server();
	fd = dial();
	say(fd, "GET /x HTTP/1.1\r\nHost: x\r\n");
	for (int i = 0; i < 100;
	     i++) { /* a byte in time, again and again, would keep the library's own timeout from ending it */
		struct pollfd p = { .fd = fd, .events = POLLIN };

		say(fd, "A");
		if (poll(&p, 1, 100) == 1)
			break;
	}
	assert_true(is_closed(fd));
	close(fd);
}

/* --- who asks --- */

static void tells_who_asks_over_a_unix_socket(void **state)
{
	char wanted[64];
	struct stat made;
	int fd;

	(void)state;
	open_server();
	assert_int_equal(stat(f.path, &made), 0);
	assert_int_equal(made.st_mode & 0777, 0620);
	fd = dial_unix(f.path);
	say(fd, "GET /x HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n");
	snprintf(wanted, sizeof(wanted), "from= secure=1 unix=1 uid=%d body", (int)getuid());
	assert_has(hear(fd), wanted);
	close(fd);
	server_close(&f.server, 100);
	assert_int_equal(access(f.path, F_OK), -1);
}

static void replaces_a_stale_socket_and_no_other(void **state)
{
	static const struct server_handler handler = { NULL, body_most, answer, quick, NULL, forget };
	struct sockaddr_un own = { .sun_family = AF_UNIX };
	struct server *second = NULL;
	struct error e;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	strcpy(own.sun_path, f.path);
	assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
	close(fd);
	open_server();
	fd = dial_unix(f.path);
	close(fd);

	assert_int_equal(server_open(&f.options, &handler, &second, &e), -1);
	assert_int_equal(e.kind, ERROR_CONFLICT);
	assert_null(second);
	fd = dial_unix(f.path); /* it is still the first one's */
	close(fd);
	server_close(&f.server, 100);

	fclose(fopen(f.path, "w"));
	assert_int_equal(server_open(&f.options, &handler, &second, &e), -1);
	assert_string_equal(e.code, "http.listen");
	assert_int_equal(access(f.path, F_OK), 0);
	unlink(f.path);
}

static void believes_trusted_proxies_alone(void **state)
{
	static const char forwarded[] =
		"GET /x HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 1.1.1.1, 203.0.113.9\r\n"
		"X-Forwarded-Proto: https\r\n\r\n";

	(void)state;
	open_server();
	assert_has(ask(forwarded), "from=127.0.0.1 secure=0");
	server_close(&f.server, 100);
	f.trusted[0] = "127.0.0.1";
	open_server();
	assert_has(ask(forwarded), "from=203.0.113.9 secure=1");
	assert_has(ask("GET /x HTTP/1.1\r\nHost: x\r\nForwarded: for=1.1.1.1\r\nX-Forwarded-For: "
		       "2.2.2.2\r\n\r\n"),
		   "HTTP/1.1 400 ");
}

static void listens_on_what_is_handed_in(void **state)
{
	struct sockaddr_in own = { .sin_family = AF_INET };
	int handed[] = { socket(AF_INET, SOCK_STREAM, 0), -1 };

	(void)state;
	own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(handed[0], (struct sockaddr *)&own, sizeof(own)), 0);
	assert_int_equal(listen(handed[0], 5), 0);
	f.options.inherited = handed;
	f.options.listen = NULL;
	open_server();
	assert_has(ask("GET /x HTTP/1.1\r\nHost: x\r\n\r\n"), "<GET /x ");
	assert_int_equal(server_port(f.server, 1), -1);
}

static void says_what_is_wrong_with_its_options(void **state)
{
	static const struct server_handler handler = { NULL, body_most, answer, quick, NULL, forget };
	static const char *const bad[] = { "8080",	  "127.0.0.1",	   "::1:80", "localhost:80",
					   "127.0.0.1:x", "unix:relative", "[::1]",  "" };
	struct server *server = NULL;
	struct error e;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		f.listen[0] = bad[i];
		assert_int_equal(server_open(&f.options, &handler, &server, &e), -1);
		assert_string_equal(e.code, "http.listen");
	}
	f.listen[0] = "127.0.0.1:0";
	f.options.unix_group = "no-such-group";
	assert_int_equal(server_open(&f.options, &handler, &server, &e), -1);
	assert_non_null(strstr(e.text, "no-such-group"));
	f.options.exchange_threads = 0;
	assert_int_equal(server_open(&f.options, &handler, &server, &e), -1);
	assert_non_null(strstr(e.text, "exchange_threads"));
	assert_null(server);
}

/* --- the end --- */

static void *close_server(void *drain_ms)
{
	server_close(&f.server, *(int *)drain_ms);
	return NULL;
}

static void ends_while_a_stream_goes_on(void **state)
{
	int drain_ms = 0, fd;
	pthread_t closer;
	char byte;

	(void)state;
	open_server();
	fd = dial();
	say(fd, "GET /stream?pieces=100000&end=0 HTTP/1.1\r\nHost: y\r\n\r\n");
	assert_int_equal(recv(fd, &byte, 1, 0), 1);
	pthread_create(&closer, NULL, close_server, &drain_ms);
	while (recv(fd, &byte, 1, 0) > 0)
		;
	pthread_join(closer, NULL);
	close(fd);
}

static void drains_without_losing_a_request(void **state)
{
	int drain_ms = PATIENCE_MS, idle, held_one, arriving;
	const char *reply;
	pthread_t closer;

	(void)state;
	open_server();
	set_gate(false);
	idle = dial();
	say(idle, "GET /quick HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_has(hear(idle), "quick");
	held_one = dial();
	say(held_one, "GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
	arriving = dial();
	say(arriving, "POST /late HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
	assert_has(hear(arriving), "HTTP/1.1 100 ");
	wait_until_held(1);

	pthread_create(&closer, NULL, close_server, &drain_ms);
	assert_true(is_closed(idle)); /* so the drain has begun */
	say(arriving, "late");
	reply = hear(arriving);
	assert_has(reply, "body=4:late>");
	assert_has(reply, "\r\nConnection: close\r\n");
	set_gate(true);
	reply = hear(held_one);
	assert_has(reply, "<GET /held ");
	assert_has(reply, "\r\nConnection: close\r\n");
	pthread_join(closer, NULL);
	assert_null(f.server);
	close(idle);
	close(held_one);
	close(arriving);
}

static void refuses_connections_while_it_drains(void **state)
{
	int drain_ms = PATIENCE_MS, held_one, idle;
	struct sockaddr_in to;
	pthread_t closer;

	(void)state;
	open_server();
	to = own_address();
	set_gate(false);
	idle = dial();
	held_one = dial();
	say(held_one, "GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
	wait_until_held(1);
	pthread_create(&closer, NULL, close_server, &drain_ms);
	assert_true(is_closed(idle));
	assert_false(may_connect(&to));
	set_gate(true);
	assert_has(hear(held_one), "<GET /held ");
	pthread_join(closer, NULL);
	close(idle);
	close(held_one);
}

static void answers_what_waits_when_time_is_up(void **state)
{
	int drain_ms = 0, fds[3], ending = 0;
	struct sockaddr_in to;
	pthread_t closer;

	(void)state;
	f.options.exchange_threads = 1;
	open_server();
	to = own_address();
	set_gate(false);
	for (int i = 0; i < 3; i++) {
		fds[i] = dial();
		say(fds[i], "GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
		wait_until_held(1);
	}
	wait_until_open(3);
	pthread_create(&closer, NULL, close_server, &drain_ms);
	while (may_connect(&to))
		usleep(1000);
	usleep(100000); /* nothing lies between that and the end of the time but a store */
	set_gate(true);
	for (int i = 0; i < 3; i++) {
		const char *reply = hear(fds[i]);

		ending += strstr(reply, "\"code\":\"http.ending\"") != NULL;
		if (i == 0)
			assert_has(reply, "<GET /held ");
		close(fds[i]);
	}
	assert_int_equal(ending, 2);
	pthread_join(closer, NULL);
	assert_int_equal(gone_on_with, 1);
	assert_int_equal(forgotten, 2);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(answers_with_its_headers),
		CASE(answers_quickly_on_the_http_thread),
		CASE(streams_a_long_body_in_pieces),
		CASE(breaks_a_stream_off_where_it_fails),
		CASE(ends_while_a_stream_goes_on),
		CASE(answers_head_without_a_body),
		CASE(keeps_alive_and_answers_in_order),
		CASE(counts_what_is_open),
		CASE(takes_a_body_that_comes_slowly),
		CASE(takes_chunks_and_closes_after_them),
		CASE(waits_for_leave_to_continue),
		CASE(limits_bodies),
		CASE(tells_a_client_that_sends_on_and_on),
		CASE(limits_heads),
		CASE(survives_a_head_that_never_ends),
		CASE(answers_a_thousand_parameters),
		CASE(refuses_what_may_be_read_in_two_ways),
		CASE(refuses_a_nul),
		CASE(refuses_early_what_the_handler_refuses),
		CASE(sends_nothing_of_a_broken_reply),
		CASE(answers_503_when_all_wait),
		CASE(limits_connections_of_one_address),
		CASE(does_not_count_a_trusted_proxy),
		CASE(ends_a_request_that_drips),
		CASE(tells_who_asks_over_a_unix_socket),
		CASE(replaces_a_stale_socket_and_no_other),
		CASE(believes_trusted_proxies_alone),
		CASE(listens_on_what_is_handed_in),
		CASE(says_what_is_wrong_with_its_options),
		CASE(drains_without_losing_a_request),
		CASE(refuses_connections_while_it_drains),
		CASE(answers_what_waits_when_time_is_up),
	};
	return cmocka_run_group_tests_name("http/server", tests, NULL, NULL);
}
