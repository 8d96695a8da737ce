/* Asks the daemon and judges what comes back. */
#include "rosterctl/session.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/json.h"
#include "base/secret.h"
#include "platform.h"
#include "rosterctl/exits.h"

enum { PROBLEM_TEXT_MOST = 4096, REQUEST_ID_MOST = 128, PLACE_MOST = 2048, US_PER_S = 1000000 };

struct session {
	CURL *curl;
	struct curl_slist *headers;
	struct secret *token;
	struct arena *arena;
	const char *base;  /* what every path is put behind */
	const char *where; /* for messages */
	bool over_socket;
	int64_t timeout_ms;
	struct buffer received;
	char trouble[CURL_ERROR_SIZE];
};

/* RFC 9457, with the members that rosterd adds. */
struct problem {
	const char *type, *title, *detail, *code, *request;
};

static size_t receive(char *bytes, size_t size, size_t count, void *context)
{
	struct buffer *received = context;

	buffer_add(received, bytes, size * count);
	return received->full ? 0 : size * count;
}

static bool is_loopback(const char *host)
{
	return text_equal_nocase(host, "localhost") || text_begins(host, "127.") || text_equal(host, "[::1]");
}

/* A token must not cross a network where others can read it. */
static int judge_url(const char *url, bool with_token, struct error *e)
{
	CURLU *parts = curl_url();
	char *scheme = NULL, *host = NULL, *query = NULL;
	int result = 0;

	if (curl_url_set(parts, CURLUPART_URL, url, 0) != CURLUE_OK ||
	    curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    curl_url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
	    (!text_equal(scheme, "https") && !text_equal(scheme, "http")) ||
	    curl_url_get(parts, CURLUPART_QUERY, &query, 0) == CURLUE_OK)
		result = usage_error(
			e, "\"%s\" is no URL of a daemon; one such as \"https://roster.example\" is expected",
			url);
	else if (with_token && text_equal(scheme, "http") && !is_loopback(host))
		result = usage_error(e, "a token is not sent to \"%s\" in the clear; use https", url);
	curl_free(query);
	curl_free(host);
	curl_free(scheme);
	curl_url_cleanup(parts);
	return result;
}

static int choose_socket(struct session *s, const char *path, struct error *e)
{
	if (strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return usage_error(e, "the socket's path \"%s\" is longer than a socket's may be", path);
	if (curl_easy_setopt(s->curl, CURLOPT_UNIX_SOCKET_PATH, path) != CURLE_OK)
		return error_set(e, ERROR_INTERNAL, "session.start", "this libcurl cannot use Unix sockets");
	curl_easy_setopt(s->curl, CURLOPT_PROXY, "");
	s->base = "http://localhost";
	s->where = arena_format(s->arena, "unix:%s", path);
	s->over_socket = true;
	return 0;
}

static int choose_url(struct session *s, const struct session_options *options, struct error *e)
{
	const char *url = options->url;
	size_t length = strlen(url);

	if (length > PLACE_MOST)
		return usage_error(e, "the URL is longer than %d bytes", PLACE_MOST);
	if (judge_url(url, options->token_file, e) < 0)
		return -1;
	if (options->ca_file)
		curl_easy_setopt(s->curl, CURLOPT_CAINFO, options->ca_file);
	while (length > 0 && url[length - 1] == '/')
		length--;
	s->base = s->where = arena_text_n(s->arena, url, length);
	return 0;
}

static int choose_place(struct session *s, const struct session_options *options, struct error *e)
{
	if (options->socket && options->url)
		return usage_error(e, "a socket and a URL are both given; one daemon is expected");
	if (options->url)
		return choose_url(s, options, e);
	return choose_socket(s, options->socket ? options->socket : SESSION_SOCKET, e);
}

static int take_token(struct session *s, const char *path, struct error *e)
{
	if (!path)
		return 0;
	if (secret_start(e) < 0 || secret_read_file(path, &s->token, e) < 0)
		return -1;
	if (!text_is_printable(secret_text(s->token), secret_size(s->token)) || secret_size(s->token) == 0)
		return error_set(e, ERROR_INPUT, "token.file",
				 "file \"%s\" holds no token: one line of text is expected", path);
	curl_easy_setopt(s->curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
	curl_easy_setopt(s->curl, CURLOPT_XOAUTH2_BEARER, secret_text(s->token));
	return 0;
}

/* What is the same for every question. */
static void set_habits(struct session *s)
{
	s->headers = curl_slist_append(s->headers, "Accept: application/json");
	s->headers = curl_slist_append(s->headers, "Content-Type: application/json");
	s->headers = curl_slist_append(s->headers, "Expect:");
	curl_easy_setopt(s->curl, CURLOPT_HTTPHEADER, s->headers);
	curl_easy_setopt(s->curl, CURLOPT_USERAGENT, "rosterctl/" PACKAGE_VERSION);
	curl_easy_setopt(s->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(s->curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(s->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(s->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)SESSION_CONNECT_MS);
	curl_easy_setopt(s->curl, CURLOPT_TIMEOUT_MS, (long)s->timeout_ms);
	curl_easy_setopt(s->curl, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(s->curl, CURLOPT_WRITEDATA, &s->received);
	curl_easy_setopt(s->curl, CURLOPT_ERRORBUFFER, s->trouble);
	curl_easy_setopt(s->curl, CURLOPT_CERTINFO, 1L);
}

int session_open(const struct session_options *options, struct session **ret, struct error *e)
{
	scoped(session) *s = calloc(1, sizeof(*s));

	if (!s || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(s->curl = curl_easy_init()))
		return error_set(e, ERROR_INTERNAL, "session.start", "could not prepare libcurl");
	s->arena = arena_open("session");
	buffer_open(&s->received, SESSION_ANSWER_MOST);
	s->timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : SESSION_ANSWER_MS;
	if (choose_place(s, options, e) < 0 || take_token(s, options->token_file, e) < 0)
		return -1;
	set_habits(s);
	*ret = s;
	s = NULL;
	return 0;
}

void session_if_match(struct session *session, int64_t version)
{
	session->headers = curl_slist_append(
		session->headers, arena_format(session->arena, "If-Match: \"%lld\"", (long long)version));
	curl_easy_setopt(session->curl, CURLOPT_HTTPHEADER, session->headers);
}

void session_close(struct session **session)
{
	struct session *s = *session;

	*session = NULL;
	if (!s)
		return;
	curl_easy_cleanup(s->curl);
	curl_slist_free_all(s->headers);
	buffer_close(&s->received);
	secret_close(&s->token);
	arena_close(&s->arena);
	free(s);
}

const char *session_where(const struct session *session)
{
	return session->where;
}

/* Nobody was there, or we were not let in. */
static int not_connected(struct session *s, struct error *e)
{
	long number = 0;

	curl_easy_getinfo(s->curl, CURLINFO_OS_ERRNO, &number);
	if (number == EACCES)
		return error_set(e, ERROR_DENIED, "daemon.socket",
				 "you may not use the socket at %s; ask as root", s->where);
	return error_set(e, ERROR_REMOTE, CODE_UNREACHABLE,
			 "could not reach the daemon at %s: %s; is rosterd running?", s->where,
			 number ? strerror((int)number) : s->trouble);
}

/* Why the question was not answered. */
static int unanswered(struct session *s, CURLcode code, struct error *e)
{
	if (s->received.full)
		return error_set(e, ERROR_REMOTE, CODE_TOO_LARGE, "the answer of %s is larger than %d MiB",
				 s->where, SESSION_ANSWER_MOST >> 20);
	if (code == CURLE_COULDNT_CONNECT)
		return not_connected(s, e);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return error_set(e, ERROR_REMOTE, CODE_UNREACHABLE,
				 "the daemon at %s did not answer in time; --timeout gives it more",
				 s->where);
	return error_set(e, ERROR_REMOTE, CODE_UNREACHABLE, "the talk with the daemon at %s broke off: %s",
			 s->where, s->trouble[0] ? s->trouble : curl_easy_strerror(code));
}

static void set_question(struct session *s, const char *method, const struct buffer *body)
{
	curl_easy_setopt(s->curl, CURLOPT_POSTFIELDS, NULL);
	curl_easy_setopt(s->curl, CURLOPT_HTTPGET, 1L);
	if (body || text_equal(method, "POST")) {
		curl_easy_setopt(s->curl, CURLOPT_POST, 1L);
		curl_easy_setopt(s->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(body ? body->length : 0));
		curl_easy_setopt(s->curl, CURLOPT_POSTFIELDS, body ? body->bytes : "");
	}
	curl_easy_setopt(s->curl, CURLOPT_CUSTOMREQUEST, method);
}

static enum error_kind kind_of_status(long status)
{
	switch (status) {
	case 401:
		return ERROR_UNAUTHENTICATED;
	case 403:
		return ERROR_DENIED;
	case 404:
		return ERROR_NOT_FOUND;
	case 409:
		return ERROR_CONFLICT;
	case 412:
		return ERROR_PRECONDITION;
	case 413:
		return ERROR_LIMIT;
	case 429:
	case 503:
		return ERROR_RETRY;
	case 400:
	case 415:
		return ERROR_INPUT;
	default:
		return status >= 500 ? ERROR_INTERNAL : ERROR_REMOTE;
	}
}

static const char *short_text(struct arena *arena, const struct json *problem, const char *name, size_t most)
{
	const char *text = json_text(json_member(problem, name));

	return text && *text ? arena_text_n(arena, text, text_cut(text, strlen(text), most)) : NULL;
}

/* The daemon said no. An answer that is no problem (a proxy's page) still has its status. */
static int refused(struct arena *arena, const struct answer *answer, struct error *e)
{
	struct problem p = { 0 };

	if (json_is_object(answer->json)) {
		p.title = short_text(arena, answer->json, "title", PROBLEM_TEXT_MOST);
		p.detail = short_text(arena, answer->json, "detail", PROBLEM_TEXT_MOST);
		p.code = short_text(arena, answer->json, "code", ERROR_CODE_MOST - 1);
		p.request = short_text(arena, answer->json, "request", REQUEST_ID_MOST);
	}
	if (!p.detail && !p.title)
		p.detail =
			arena_format(arena, "the answer had status %ld and did not say why", answer->status);
	error_set(e, kind_of_status(answer->status), p.code ? p.code : "daemon.refused", "%s",
		  p.detail ? p.detail : p.title);
	return p.request ? error_detail(e, "request %s", p.request) : -1;
}

static int judge(struct session *s, struct arena *arena, struct answer *answer, struct error *e)
{
	struct error syntax = { 0 };
	int read = 1;

	if (answer->length > 0)
		read = json_parse(arena, answer->bytes, answer->length, &answer->json, &syntax) == 0;
	if (answer->status >= 400)
		return refused(arena, answer, e);
	if (answer->status < 200 || answer->status >= 300)
		return error_set(e, ERROR_REMOTE, CODE_NONSENSE,
				 "%s answered with status %ld, as no rosterd does; is the address right?",
				 s->where, answer->status);
	if (!read)
		return error_set(e, ERROR_REMOTE, CODE_NONSENSE, "the answer of %s is not JSON: %s", s->where,
				 syntax.text);
	return 0;
}

static CURLcode ask(struct session *s, struct arena *arena, const char *method, const char *path,
		    const struct buffer *body)
{
	set_question(s, method, body);
	curl_easy_setopt(s->curl, CURLOPT_URL, arena_format(arena, "%s%s", s->base, path));
	buffer_reset(&s->received);
	s->trouble[0] = '\0';
	return curl_easy_perform(s->curl);
}

/* Fills *ret with whatever was answered. */
static int call(struct session *session, struct arena *arena, const char *method, const char *path,
		const struct buffer *body, struct answer *ret, struct error *e)
{
	CURLcode code;

	code = ask(session, arena, method, path, body);
	if (code != CURLE_OK)
		return unanswered(session, code, e);

	*ret = (struct answer){ .length = session->received.length };
	curl_easy_getinfo(session->curl, CURLINFO_RESPONSE_CODE, &ret->status);
	ret->bytes = arena_text_n(arena, ret->length ? session->received.bytes : "", ret->length);
	return judge(session, arena, ret, e);
}

int session_call(struct session *session, struct arena *arena, const char *method, const char *path,
		 const struct buffer *body, struct answer *ret, struct error *e)
{
	struct answer answer = { 0 };

	if (call(session, arena, method, path, body, &answer, e) < 0)
		return -1;
	*ret = answer;
	return 0;
}

int session_try(struct session *session, struct arena *arena, const char *method, const char *path,
		const struct buffer *body, struct answer *ret, struct error *e)
{
	struct answer answer = { 0 };
	int done = call(session, arena, method, path, body, &answer, e) == 0;

	if (!done && (answer.status < 400 || !json_is_object(answer.json)))
		return -1;
	*ret = answer;
	return done;
}

int session_ask(struct session *session, struct arena *arena, const char *method, const char *path,
		const struct buffer *body, struct answer *ret, struct error *e)
{
	struct answer answer;

	if (session_call(session, arena, method, path, body, &answer, e) < 0)
		return -1;
	if (!json_is_object(answer.json))
		return error_set(e, ERROR_REMOTE, CODE_NONSENSE, "the answer of %s is no JSON object",
				 session->where);
	*ret = answer;
	return 0;
}

/* libcurl tells each certificate as lines such as "Expire date:Nov 22 09:00:00 2027 GMT"; the first is the server's own. */
int session_certificate(struct session *session, int64_t *ret_us)
{
	static const char label[] = "Expire date:";
	struct curl_certinfo *chain = NULL;
	time_t until;

	if (curl_easy_getinfo(session->curl, CURLINFO_CERTINFO, &chain) != CURLE_OK || !chain || chain->num_of_certs < 1)
		return 0;
	for (const struct curl_slist *line = chain->certinfo[0]; line; line = line->next)
		if (text_begins(line->data, label) && (until = curl_getdate(line->data + strlen(label), NULL)) > 0) {
			*ret_us = (int64_t)until * US_PER_S;
			return 1;
		}
	return 0;
}

/* An answer on its way; what refuses is short, and collected like any other. */
struct streaming {
	struct session *session;
	session_sink_fn *sink;
	void *context;
	struct error *error;
	bool stuck; /* the sink took no more, and filled the error */
};

static size_t pass_on(char *bytes, size_t size, size_t count, void *context)
{
	struct streaming *s = context;
	long status = 0;

	curl_easy_getinfo(s->session->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		return receive(bytes, size, count, &s->session->received);
	s->stuck = s->sink(s->context, bytes, size * count, s->error) < 0;
	return s->stuck ? 0 : size * count;
}

static void set_streaming(struct session *s, struct streaming *streaming)
{
	curl_easy_setopt(s->curl, CURLOPT_WRITEFUNCTION, streaming ? pass_on : receive);
	curl_easy_setopt(s->curl, CURLOPT_WRITEDATA, streaming ? (void *)streaming : (void *)&s->received);
	curl_easy_setopt(s->curl, CURLOPT_TIMEOUT_MS, streaming ? 0L : (long)s->timeout_ms);
	curl_easy_setopt(s->curl, CURLOPT_LOW_SPEED_LIMIT, streaming ? 1L : 0L);
	curl_easy_setopt(s->curl, CURLOPT_LOW_SPEED_TIME, streaming ? (long)(s->timeout_ms / 1000 + 1) : 0L);
}

int session_stream(struct session *session, struct arena *arena, const char *path, session_sink_fn *sink,
		   void *context, struct error *e)
{
	struct streaming streaming = { session, sink, context, e, false };
	struct answer answer = { 0 };
	CURLcode code;

	set_streaming(session, &streaming);
	code = ask(session, arena, "GET", path, NULL);
	set_streaming(session, NULL);
	if (code != CURLE_OK)
		return streaming.stuck ? -1 : unanswered(session, code, e);
	curl_easy_getinfo(session->curl, CURLINFO_RESPONSE_CODE, &answer.status);
	if (answer.status == 200)
		return 0;
	answer.length = session->received.length;
	answer.bytes = arena_text_n(arena, answer.length ? session->received.bytes : "", answer.length);
	return judge(session, arena, &answer, e);
}
