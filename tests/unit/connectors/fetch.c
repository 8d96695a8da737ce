/* Requests to a server that misbehaves: cut, too long, slow, packed without end, redirected, lying about its lengths. Each request ends, and says why; none
 * gives a wrong answer.
 *
 * The server is a thread at the other end of a connection on loopback, which is what the daemon would have dialled. */
#include "common/fetch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SERVERS_MOST = 8, HEAD_MOST = 4096, SHORTLY_MS = FETCH_MARGIN_MS + 400, LONG_MS = FETCH_MARGIN_MS + 30000 };

/* What the server does on each connection, one after the other; the last one again for all that follow. It ends with closing. */
typedef void serve_fn(int fd);

struct roster_call {
	serve_fn *const *serve;
	size_t serves;
	pthread_t servers[SERVERS_MOST];
	struct {
		serve_fn *serve;
		int fd;
	} served[SERVERS_MOST];
	size_t dials;
	char to[256];    /* where was dialled last */
	int64_t left_ms; /* that each call has: nobody's clock runs here */
	enum roster_trouble trouble;
	int after_ms;
	char why[ROSTER_NOTE_MOST];
	size_t fails;
};

/* ---- the daemon ---- */

static void *serve(void *opaque)
{
	struct roster_call *call = opaque;
	size_t mine = call->dials - 1;

	call->served[mine].serve(call->served[mine].fd);
	close(call->served[mine].fd);
	return NULL;
}

/* connect() of this program connects nothing (it is the child's), so the kernel is asked itself. */
static void connect_both(int *ret_asking, int *ret_serving)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(here);
	int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*ret_asking = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listening, (struct sockaddr *)&here, sizeof(here)), 0);
	assert_int_equal(listen(listening, 1), 0);
	assert_int_equal(getsockname(listening, (struct sockaddr *)&here, &size), 0);
	assert_int_equal(syscall(SYS_connect, *ret_asking, &here, sizeof(here)), 0);
	*ret_serving = accept(listening, NULL, NULL);
	assert_true(*ret_serving >= 0);
	close(listening);
}

static int host_dial(struct roster_call *call, const char *host, const char *port, int timeout_ms)
{
	size_t at = call->dials < call->serves ? call->dials : call->serves - 1;
	int fd, served;

	(void)timeout_ms;
	assert_true(call->dials < SERVERS_MOST);
	connect_both(&fd, &served);
	snprintf(call->to, sizeof(call->to), "%s %s", host, port);
	call->served[call->dials].serve = call->serve[at];
	call->served[call->dials].fd = served;
	call->dials++;
	/* Reads which one it is before anybody dials again: nobody does before it has answered. */
	assert_int_equal(pthread_create(&call->servers[call->dials - 1], NULL, serve, call), 0);
	return fd;
}

__attribute__((format(printf, 4, 5))) static int host_fail(struct roster_call *call, enum roster_trouble trouble, int after_ms,
                                                           const char *fmt, ...)
{
	va_list args;

	call->trouble = trouble;
	call->after_ms = after_ms;
	call->fails++;
	va_start(args, fmt);
	vsnprintf(call->why, sizeof(call->why), fmt, args);
	va_end(args);
	return -1;
}

__attribute__((format(printf, 2, 3))) static void host_step(struct roster_call *call, const char *fmt, ...)
{
	(void)call;
	(void)fmt;
}

static int64_t host_left_ms(struct roster_call *call)
{
	return call->left_ms;
}

static const struct roster_host host = {
	.size = sizeof(host),
	.fail = host_fail,
	.step = host_step,
	.left_ms = host_left_ms,
	.dial = host_dial,
};

/* ---- servers ---- */

static bool put_bytes(int fd, const void *bytes, size_t length)
{
	for (size_t sent = 0; sent < length;) {
		ssize_t more = send(fd, (const char *)bytes + sent, length - sent, MSG_NOSIGNAL);

		if (more <= 0)
			return false;
		sent += (size_t)more;
	}
	return true;
}

static bool put(int fd, const char *text)
{
	return put_bytes(fd, text, strlen(text));
}

/* A request's head; false: there is none any more. */
static bool heard(int fd)
{
	char head[HEAD_MOST] = "";
	size_t length = 0;

	while (length < sizeof(head) - 1) {
		ssize_t more = recv(fd, head + length, sizeof(head) - 1 - length, 0);

		if (more <= 0)
			return false;
		length += (size_t)more;
		head[length] = '\0';
		if (strstr(head, "\r\n\r\n"))
			return true;
	}
	return false;
}

/* Until whoever asked has had enough. */
static void wait_for_end(int fd)
{
	char byte;

	while (recv(fd, &byte, 1, 0) > 0)
		;
}

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

static void good(int fd)
{
	while (heard(fd) && put(fd, OK_HEAD "Content-Length: 20\r\n\r\n{\"value\":[\"a\",\"b\"]} "))
		;
}

static void cut(int fd)
{
	if (heard(fd))
		put(fd, OK_HEAD "Content-Length: 200\r\n\r\n{\"value\":[\"x\",\"y\",");
}

static void cut_chunk(int fd)
{
	if (heard(fd))
		put(fd, OK_HEAD "Transfer-Encoding: chunked\r\n\r\n40\r\n{\"value\":[\"x\",");
}

static void bad_chunk(int fd)
{
	if (heard(fd))
		put(fd, OK_HEAD "Transfer-Encoding: chunked\r\n\r\nzz\r\n{\"value\":[]}\r\n0\r\n\r\n");
}

/* The length says less than there is: what is left over looks like another answer. */
static void too_much(int fd)
{
	if (heard(fd) && put(fd, OK_HEAD "Content-Length: 14\r\n\r\n{\"value\":[\"a\"]" OK_HEAD "Content-Length: 17\r\n\r\n{\"value\":[\"evil\"]}"))
		wait_for_end(fd);
}

/* And the answer that it is cut to is one. */
static void whole_and_more(int fd)
{
	if (heard(fd) && put(fd, OK_HEAD "Content-Length: 13\r\n\r\n{\"value\":[1]}" OK_HEAD "Content-Length: 17\r\n\r\n{\"value\":[\"evil\"]}"))
		wait_for_end(fd);
}

static void two_lengths(int fd)
{
	if (heard(fd) && put(fd, OK_HEAD "Content-Length: 13\r\nContent-Length: 5\r\n\r\n{\"value\":[1]}"))
		wait_for_end(fd);
}

static void silent(int fd)
{
	if (heard(fd))
		wait_for_end(fd);
}

static void drip(int fd)
{
	if (!heard(fd) || !put(fd, OK_HEAD "Transfer-Encoding: chunked\r\n\r\n"))
		return;
	while (put(fd, "1\r\n \r\n"))
		usleep(20000);
}

static void old_manner(int fd)
{
	if (heard(fd))
		put(fd, "{\"value\":[\"a\"]}");
}

static void nothing(int fd)
{
	heard(fd);
}

static void page_of_a_proxy(int fd)
{
	while (heard(fd) && put(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<html>Sign in</"))
		;
}

static void redirect(int fd)
{
	while (heard(fd) && put(fd, "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest/meta-data/\r\nContent-Length: 0\r\n\r\n"))
		;
}

static void head_without_end(int fd)
{
	if (!heard(fd) || !put(fd, "HTTP/1.1 200 OK\r\n"))
		return;
	for (int i = 0; i < 1000000; i++)
		if (!put(fd, "X-More: 0123456789012345678901234567890123456789012345678901234567890123456789\r\n"))
			return;
}

static void not_yet_without_end(int fd)
{
	if (!heard(fd))
		return;
	for (int i = 0; i < 1000000; i++)
		if (!put(fd, "HTTP/1.1 103 Early Hints\r\nX-More: 0123456789012345678901234567890123456789\r\n\r\n"))
			return;
}

static uint64_t poured; /* bytes that were taken of the last body without an end; read once its server is joined */

static void pour(int fd, const char *head)
{
	char piece[8192];

	poured = 0;
	if (!heard(fd) || !put(fd, head))
		return;
	memset(piece, 'x', sizeof(piece));
	while (poured < UINT64_C(1) << 31 && put_bytes(fd, piece, sizeof(piece)))
		poured += sizeof(piece);
}

static void refusal_without_end(int fd)
{
	pour(fd, "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n");
}

static void text_without_end(int fd)
{
	pour(fd, OK_HEAD "Connection: close\r\n\r\n{\"value\":[\"");
}

/* RFC 1951, in fixed codes: an element, and from then on "258 bytes more of what stands one element before". 26 bits stand for 258 bytes. */
enum { ELEMENT_SIZE = 24577, /* the least that distance code 29 says, without further bits */ RUN = 258, PIECES = 8000000 };

struct bits {
	int fd;
	bool broken;
	unsigned char bytes[8192];
	size_t bit;
};

static void put_bit(struct bits *b, unsigned bit)
{
	if (b->bit == 8 * sizeof(b->bytes)) {
		b->broken = b->broken || !put_bytes(b->fd, b->bytes, sizeof(b->bytes));
		b->bit = 0;
	}
	if (b->bit % 8 == 0)
		b->bytes[b->bit / 8] = 0;
	b->bytes[b->bit / 8] |= (unsigned char)(bit << b->bit % 8);
	b->bit++;
}

static void put_code(struct bits *b, unsigned code, int count) /* Huffman codes begin with their highest bit */
{
	for (int i = count - 1; i >= 0; i--)
		put_bit(b, code >> i & 1);
}

static void put_run(struct bits *b, unsigned distance_code, int further)
{
	put_code(b, 0xc5, 8);
	put_code(b, distance_code, 5);
	put_code(b, 0, further);
}

static void put_letters(struct bits *b, const char *letters)
{
	for (; *letters; letters++)
		put_code(b, 0x30 + (unsigned char)*letters, 8);
}

static void bomb(int fd)
{
	static const unsigned char gzip_head[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };
	struct bits b = { .fd = fd };
	int letters = ELEMENT_SIZE - (int)strlen("\"x\",");

	if (!heard(fd) || !put(fd, OK_HEAD "Content-Encoding: gzip\r\nConnection: close\r\n\r\n") || !put_bytes(fd, gzip_head, sizeof(gzip_head)))
		return;
	put_bit(&b, 1); /* the last block */
	put_bit(&b, 1); /* in fixed codes: 01, the lower bit first */
	put_bit(&b, 0);
	put_letters(&b, "{\"value\":[\"x");
	for (; letters >= RUN; letters -= RUN)
		put_run(&b, 0, 0); /* of the byte before */
	while (letters-- > 0)
		put_letters(&b, "x");
	put_letters(&b, "\",");
	for (int i = 0; i < PIECES && !b.broken; i++) /* 2 GB */
		put_run(&b, 29, 13);
}

static void later(int fd)
{
	while (heard(fd) && put(fd, "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 90\r\nContent-Length: 2\r\n\r\n{}"))
		;
}

static void token_in_pieces(int fd)
{
	while (heard(fd) && put(fd, OK_HEAD "Content-Length: 33\r\n\r\n{\"access_token\":\"verySecretToken\""))
		;
}

/* ---- asking ---- */

struct taken {
	char text[256];
};

static int take(void *context, const struct json_node *element, struct error *e)
{
	struct taken *taken = context;
	size_t length = strlen(taken->text);

	(void)e;
	snprintf(taken->text + length, sizeof(taken->text) - length, "%s ", element->text ? element->text : "?");
	return 0;
}

static void forget(void *context)
{
	((struct taken *)context)->text[0] = '\0';
}

struct fixture {
	struct roster_call call;
	struct fetch_caller caller;
	struct fetch *fetch;
	struct fetch_answer answer;
	struct taken taken;
};

static void open_with(struct fixture *f, int64_t left_ms, serve_fn *const *serve_by, size_t count)
{
	static const struct fetch_options options = { .vendor = "Vendor", .authorities_setting = "ca_certificate", .plain = true, .silence_ms = 60000 };

	memset(f, 0, sizeof(*f));
	f->call.serve = serve_by;
	f->call.serves = count;
	f->call.left_ms = left_ms;
	f->caller = (struct fetch_caller){ &f->call, &host };
	assert_int_equal(fetch_open(&f->caller, &options, &f->fetch), 0);
}
#define OPEN(f, left_ms, ...)                                                                              \
	open_with(f, left_ms, (serve_fn *const[]){ __VA_ARGS__ }, sizeof((serve_fn *const[]){ __VA_ARGS__ }) / sizeof(serve_fn *))

static int ask(struct fixture *f)
{
	const struct fetch_request request = {
		.doing = "reading people",
		.url = "http://vendor.example/people",
		.array = "value",
		.take = take,
		.begin = forget,
		.context = &f->taken,
	};

	return fetch_ask(f->fetch, &f->caller, &request, &f->answer);
}

/* Hangs up, and waits for all servers. */
static void shut(struct fixture *f)
{
	fetch_close(&f->fetch);
	for (size_t i = 0; i < f->call.dials; i++)
		pthread_join(f->call.servers[i], NULL);
}

static void must_fail(struct fixture *f, enum roster_trouble trouble, const char *why)
{
	int result = ask(f);

	if (result != -1 || f->call.fails != 1 || f->call.trouble != trouble || !strstr(f->call.why, why))
		fail_msg("%d, %zu failures, %d \"%s\", where %d \"%s\" is expected", result, f->call.fails, (int)f->call.trouble, f->call.why,
		         (int)trouble, why);
}

/* ---- what must hold ---- */

static void all_is_well(void **state)
{
	struct fixture f;

	(void)state;
	OPEN(&f, LONG_MS, good);
	assert_int_equal(ask(&f), 0);
	assert_int_equal(f.answer.status, 200);
	assert_string_equal(f.taken.text, "a b ");
	assert_int_equal(ask(&f), 0);
	assert_string_equal(f.taken.text, "a b ");
	assert_int_equal(f.call.dials, 1); /* one connection for both */
	assert_string_equal(f.call.to, "vendor.example 80");
	shut(&f);
}

static void cut_short(void **state)
{
	static serve_fn *const kinds[] = { cut, cut_chunk, bad_chunk, nothing, old_manner, page_of_a_proxy, too_much, two_lengths };
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		OPEN(&f, SHORTLY_MS, kinds[i]);
		must_fail(&f, ROSTER_TRY_LATER, "Vendor: ");
		shut(&f);
	}
	/* What came of the broken one is forgotten, and the next one has it all. */
	OPEN(&f, LONG_MS, cut, good);
	assert_int_equal(ask(&f), 0);
	assert_string_equal(f.taken.text, "a b ");
	assert_int_equal(f.answer.elements, 2);
	assert_int_equal(fetch_figures(f.fetch)->tried_again, 1);
	shut(&f);
}

/* What stands behind an answer is nobody's answer. */
static void left_over(void **state)
{
	struct fixture f;

	(void)state;
	OPEN(&f, LONG_MS, whole_and_more, good);
	assert_int_equal(ask(&f), 0);
	assert_string_equal(f.taken.text, "1 ");
	assert_int_equal(ask(&f), 0);
	assert_string_equal(f.taken.text, "a b ");
	assert_int_equal(f.call.dials, 2);
	shut(&f);
}

static void slow(void **state)
{
	static serve_fn *const kinds[] = { silent, drip };
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		OPEN(&f, SHORTLY_MS, kinds[i]);
		must_fail(&f, ROSTER_TRY_LATER, "Vendor: ");
		shut(&f);
	}
}

static void elsewhere(void **state)
{
	struct fixture f;

	(void)state;
	OPEN(&f, LONG_MS, redirect);
	assert_int_equal(ask(&f), 0);
	assert_int_equal(f.answer.status, 302);
	assert_string_equal(f.answer.location, "http://169.254.169.254/latest/meta-data/");
	assert_int_equal(f.call.dials, 1);
	assert_string_equal(f.call.to, "vendor.example 80");
	assert_string_equal(f.taken.text, "");
	shut(&f);
}

static void without_end(void **state)
{
	struct fixture f;

	(void)state;
	OPEN(&f, LONG_MS, bomb);
	must_fail(&f, ROSTER_NONSENSE, "the answer is longer than 256 MiB");
	shut(&f);

	/* One value of an array has its own, smaller limit. */
	OPEN(&f, SHORTLY_MS, text_without_end);
	must_fail(&f, ROSTER_TRY_LATER, "not acceptable");
	shut(&f);
	assert_true(poured < UINT64_C(256) << 20);

	OPEN(&f, LONG_MS, refusal_without_end);
	assert_int_equal(ask(&f), 0);
	assert_int_equal(f.answer.status, 403);
	assert_null(f.answer.rest);
	shut(&f);
	assert_true(poured < UINT64_C(16) << 20);

	OPEN(&f, SHORTLY_MS, head_without_end);
	must_fail(&f, ROSTER_TRY_LATER, "the head of the answer is longer than 256 KiB");
	shut(&f);
	OPEN(&f, SHORTLY_MS, not_yet_without_end);
	must_fail(&f, ROSTER_TRY_LATER, "the head of the answer is longer than 256 KiB");
	shut(&f);
}

static void told_to_wait(void **state)
{
	struct fixture f;

	(void)state;
	OPEN(&f, LONG_MS, later);
	must_fail(&f, ROSTER_TRY_LATER, "too many requests (429)");
	assert_in_range(f.call.after_ms, 90000, 108000); /* a fifth more at most */
	assert_int_equal(fetch_figures(f.fetch)->requests, 1);
	assert_int_equal(fetch_figures(f.fetch)->limited, 1);
	shut(&f);
}

/* What is posted may have been done: it is not sent again. And what is secret stands in no message. */
static void once_and_secret(void **state)
{
	const struct fetch_request request = {
		.doing = "asking for a token",
		.url = "http://vendor.example/token",
		.content_type = "application/x-www-form-urlencoded",
		.body = "client_secret=itIsOurs",
		.secret = true,
	};
	struct fixture f;

	(void)state;
	OPEN(&f, LONG_MS, token_in_pieces);
	assert_int_equal(fetch_ask(f.fetch, &f.caller, &request, &f.answer), -1);
	assert_int_equal(f.call.fails, 1);
	assert_null(strstr(f.call.why, "verySecret"));
	assert_null(strstr(f.call.why, "itIsOurs"));
	assert_int_equal(fetch_figures(f.fetch)->requests, 1);
	shut(&f);
	OPEN(&f, LONG_MS, old_manner);
	assert_int_equal(fetch_ask(f.fetch, &f.caller, &request, &f.answer), -1);
	assert_int_equal(fetch_figures(f.fetch)->requests, 1);
	shut(&f);
}

/* An address that is not one of https (or of http, where that is allowed) is dialled by nobody. */
static void no_other_scheme(void **state)
{
	static const char *const urls[] = { "file:///etc/passwd", "ftp://vendor.example/", "gopher://vendor.example/", "//vendor.example/", "http://u:p@vendor.example/", "" };
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct fetch_request request = { .doing = "reading people", .url = urls[i] };

		OPEN(&f, LONG_MS, good);
		assert_int_equal(fetch_ask(f.fetch, &f.caller, &request, &f.answer), -1);
		assert_int_equal(f.call.trouble, ROSTER_NONSENSE);
		assert_int_equal(f.call.dials, 0);
		shut(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_well),	cmocka_unit_test(cut_short),	cmocka_unit_test(left_over),
		cmocka_unit_test(slow),		cmocka_unit_test(elsewhere),	cmocka_unit_test(without_end),
		cmocka_unit_test(told_to_wait), cmocka_unit_test(once_and_secret), cmocka_unit_test(no_other_scheme),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("connectors/common/fetch", tests, NULL, NULL);
}
