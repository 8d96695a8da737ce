/* Requests over libcurl's easy interface, one at a time; the connection is kept between them. */
#include "common/fetch.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <sys/random.h>

#include <curl/curl.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"

/* libcurl would look names up by itself. It is told this address (RFC 5737, of documentation) for all of
 * them; nothing ever connects to it, since the socket that libcurl asks for comes connected from the daemon.
 */
#define NOWHERE "192.0.2.1"

struct bucket {
	const char *name;
	int64_t free_at_ms; /* of the monotonic clock: none is left until then */
};

struct fetch {
	struct fetch_options options;
	CURL *curl;
	struct curl_slist *resolved;
	struct link_origin proxy;
	bool has_proxy;
	struct bucket buckets[FETCH_BUCKETS_MOST];
	size_t bucket_count;
	struct fetch_figures figures;
	struct json_stream *stream; /* of the answer that came last: its rest is lent out */
	char complaint[CURL_ERROR_SIZE];
};

struct fetch_head {
	struct curl_slist *lines;
};

/* One attempt under way. */
struct attempt {
	struct fetch *fetch;
	const struct fetch_caller *caller;
	const struct fetch_request *request;
	struct fetch_answer *answer;
	struct link_origin origin;
	bool dial_failed, too_long, begun, json_failed;
	int64_t received;
	size_t head_received;
	struct error error;
};

/* OpenSSL and libcurl read their configuration once; afterwards there are no files to read. */
__attribute__((constructor)) static void prepare(void)
{
	curl_global_init(CURL_GLOBAL_ALL);
}

/* ---- heads ---- */

static void add_line(struct curl_slist **lines, const char *line)
{
	struct curl_slist *more = curl_slist_append(*lines, line);

	if (!more)
		memory_exhausted("the head of a request", strlen(line));
	*lines = more;
}

void fetch_head_add(struct fetch_head *head, const char *name, const char *value)
{
	char line[FETCH_HEADER_MOST];

	/* A value that could begin another line, or is too long, is left out; the request is then refused by
	 * whoever needed it. */
	if (strpbrk(value, "\r\n") ||
	    (size_t)snprintf(line, sizeof(line), "%s: %s", name, value) >= sizeof(line))
		return;
	add_line(&head->lines, line);
	explicit_bzero(line, sizeof(line));
}

static void head_close(struct fetch_head *head)
{
	for (struct curl_slist *line = head->lines; line; line = line->next)
		explicit_bzero(line->data, strlen(line->data));
	curl_slist_free_all(head->lines);
}

static void keep_word(char *ret, size_t size, const char *value)
{
	size_t length = text_cut(value, strlen(value), size - 1);

	if (!text_is_printable(value, length))
		length = 0;
	memcpy(ret, value, length);
	ret[length] = '\0';
}

static void take_link(struct fetch_answer *answer, const char *value)
{
	char next[LINK_URL_MOST];
	int found = link_next_of(value, next, sizeof(next));

	if (found < 0 || (found > 0 && answer->next[0]))
		answer->bad_link = true;
	else if (found > 0)
		strcpy(answer->next, next);
}

static void take_header(struct attempt *attempt, const char *name, const char *value)
{
	struct fetch_answer *answer = attempt->answer;
	const char *request_id = attempt->fetch->options.request_id;

	limit_take(&answer->limits, name, value);
	if (strcasecmp(name, "Link") == 0)
		take_link(answer, value);
	else if (strcasecmp(name, "DPoP-Nonce") == 0)
		keep_word(answer->nonce, sizeof(answer->nonce), value);
	else if (strcasecmp(name, "WWW-Authenticate") == 0)
		keep_word(answer->challenge, sizeof(answer->challenge), value);
	else if (strcasecmp(name, "Location") == 0)
		keep_word(answer->location, sizeof(answer->location), value);
	else if (request_id && strcasecmp(name, request_id) == 0)
		keep_word(answer->request_id, sizeof(answer->request_id), value);
}

static void clear_answer(struct fetch_answer *answer)
{
	*answer = (struct fetch_answer){ 0 };
	limit_clear(&answer->limits);
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
	struct attempt *attempt = context;
	size_t length = size * count, name_length = 0;
	char line[LINK_URL_MOST + 512], *value;

	attempt->head_received += length;
	if (attempt->head_received > FETCH_HEAD_MOST)
		return 0;
	if (length >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
		clear_answer(attempt->answer); /* what came before was not the answer: 100, 103 */
	if (length >= sizeof(line)) {
		/* A link that is too long to be read must not look like the end of the pages. */
		attempt->answer->bad_link |= length >= 5 && strncasecmp(bytes, "Link:", 5) == 0;
		return length;
	}
	memcpy(line, bytes, length);
	line[length] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	name_length = strcspn(line, ":");
	if (line[name_length] != ':')
		return length;
	line[name_length] = '\0';
	value = line + name_length + 1;
	value += strspn(value, " \t");
	for (size_t end = strlen(value); end > 0 && (value[end - 1] == ' ' || value[end - 1] == '\t');)
		value[--end] = '\0';
	take_header(attempt, line, value);
	return length;
}

/* ---- bodies ---- */

static long status_of(const struct attempt *attempt)
{
	long status = 0;

	curl_easy_getinfo(attempt->fetch->curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static bool is_success(long status)
{
	return status >= 200 && status < 300;
}

static void begin_body(struct attempt *attempt)
{
	const struct fetch_request *request = attempt->request;
	bool wanted = is_success(status_of(attempt));

	attempt->begun = true;
	json_stream_close(&attempt->fetch->stream);
	attempt->fetch->stream = json_stream_open(wanted ? request->array : NULL,
						  wanted ? request->take : NULL, request->context);
	if (wanted && request->begin)
		request->begin(request->context);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
	struct attempt *attempt = context;
	size_t length = size * count;
	bool success = is_success(status_of(attempt));

	attempt->received += (int64_t)length;
	if (attempt->request->status_only)
		return attempt->received > FETCH_ERROR_MOST ? 0 : length;
	if (!attempt->begun)
		begin_body(attempt);
	attempt->too_long =
		attempt->received > (success ? (int64_t)FETCH_BODY_MOST : (int64_t)FETCH_ERROR_MOST);
	if (attempt->too_long)
		return success || attempt->received > FETCH_IDLE_MOST ? 0 : length; /* of an error page the rest is of no use */
	if (attempt->json_failed)
		return length;
	if (json_stream_feed(attempt->fetch->stream, bytes, length, &attempt->error) < 0) {
		attempt->json_failed = true;
		return success ? 0 : length;
	}
	return length;
}

/* ---- sockets ---- */

static curl_socket_t on_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct attempt *attempt = context;
	const struct link_origin *to = attempt->fetch->has_proxy ? &attempt->fetch->proxy : &attempt->origin;
	int64_t left = attempt->caller->host->left_ms(attempt->caller->call);
	int fd;

	(void)purpose;
	(void)address;
	fd = attempt->caller->host->dial(attempt->caller->call, to->host, to->port,
					 left < FETCH_CONNECT_MS ? (int)(left > 1 ? left : 1)
								 : FETCH_CONNECT_MS);
	attempt->dial_failed = fd < 0;
	attempt->fetch->figures.connections += fd >= 0;
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static int on_connected(void *context, curl_socket_t fd, curlsocktype purpose)
{
	(void)context;
	(void)fd;
	(void)purpose;
	return CURL_SOCKOPT_ALREADY_CONNECTED;
}

/* So that libcurl resolves nothing. Entries with "+" would end; these stay as long as the handle. */
static void point_nowhere(struct fetch *fetch, const struct link_origin *origin)
{
	char entry[300];

	if (strchr(origin->host, ':'))
		return; /* an address of IPv6 is looked up nowhere */
	snprintf(entry, sizeof(entry), "%s:%s:%s", origin->host, origin->port, NOWHERE);
	for (const struct curl_slist *known = fetch->resolved; known; known = known->next)
		if (strcmp(known->data, entry) == 0)
			return;
	add_line(&fetch->resolved, entry);
}

/* ---- opening ---- */

/* "http://proxy.acme.example:3128" */
static int read_proxy(const char *proxy, struct link_origin *ret)
{
	char as_https[512];
	const char *rest = proxy;

	if (strncasecmp(rest, "http://", 7) == 0)
		rest += 7;
	else if (strstr(rest, "://"))
		return -1;
	return (size_t)snprintf(as_https, sizeof(as_https), "https://%s", rest) < sizeof(as_https)
		       ? link_origin_of(as_https, ret)
		       : -1;
}

int fetch_open(const struct fetch_caller *caller, const struct fetch_options *options, struct fetch **ret)
{
	struct fetch *fetch = calloc(1, sizeof(*fetch));

	if (!fetch || !(fetch->curl = curl_easy_init())) {
		free(fetch);
		return caller->host->fail(caller->call, ROSTER_TRY_LATER, 0, "out of memory");
	}
	fetch->options = *options;
	fetch->has_proxy = options->proxy != NULL;
	if (options->proxy && read_proxy(options->proxy, &fetch->proxy) < 0) {
		fetch_close(&fetch);
		return caller->host->fail(caller->call, ROSTER_MISCONFIGURED, 0,
					  "\"%s\" is \"%.100s\"; an address such as "
					  "\"http://proxy.acme.example:3128\" is expected",
					  options->proxy_setting, options->proxy);
	}
	*ret = fetch;
	return 0;
}

void fetch_close(struct fetch **fetch)
{
	struct fetch *f = *fetch;

	*fetch = NULL;
	if (!f)
		return;
	curl_easy_cleanup(f->curl);
	curl_slist_free_all(f->resolved);
	json_stream_close(&f->stream);
	free(f);
}

const struct fetch_figures *fetch_figures(const struct fetch *fetch)
{
	return &fetch->figures;
}

const char *fetch_trace(const struct fetch_answer *answer, char ret[FETCH_WORD_MOST + 16])
{
	ret[0] = '\0';
	if (answer->request_id[0])
		snprintf(ret, FETCH_WORD_MOST + 16, " (request %s)", answer->request_id);
	return ret;
}

int fetch_escape(const char *text, char *ret, size_t size)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t length = 0;

	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;
		bool plain = byte < 0x80 && (isalnum(byte) || strchr("-._~", byte));

		if (length + (plain ? 1 : 3) >= size)
			return -1;
		if (plain) {
			ret[length++] = (char)byte;
			continue;
		}
		ret[length++] = '%';
		ret[length++] = digits[byte >> 4];
		ret[length++] = digits[byte & 15];
	}
	ret[length] = '\0';
	return 0;
}

/* ---- waiting ---- */

static int64_t left_ms(const struct fetch_caller *caller)
{
	int64_t left = caller->host->left_ms(caller->call) - FETCH_MARGIN_MS;

	return left > 0 ? left : 0;
}

/* Somebody else waits for the same moment. */
static int64_t with_jitter(int64_t ms)
{
	uint32_t chance = 0;

	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) < 0)
		chance = 0;
	return ms + (int64_t)(chance % 1000) * ms / 5000; /* up to a fifth */
}

int fetch_wait(struct fetch *fetch, const struct fetch_caller *caller, int64_t ms, const char *why)
{
	struct timespec pause = { ms / 1000, ms % 1000 * 1000000 };

	if (ms > left_ms(caller))
		return caller->host->fail(caller->call, ROSTER_TRY_LATER, (int)ms, "%s: %s; in %lld s again",
					  fetch->options.vendor, why, (long long)(ms + 999) / 1000);
	caller->host->step(caller->call, "waiting %lld s: %s", (long long)(ms + 999) / 1000, why);
	fetch->figures.waited_ms += ms;
	while (nanosleep(&pause, &pause) < 0)
		;
	return 0;
}

static struct bucket *find_bucket(struct fetch *fetch, const char *name)
{
	for (size_t i = 0; name && i < fetch->bucket_count; i++)
		if (strcmp(fetch->buckets[i].name, name) == 0)
			return &fetch->buckets[i];
	if (!name || fetch->bucket_count == FETCH_BUCKETS_MOST)
		return NULL;
	fetch->buckets[fetch->bucket_count].name = name;
	return &fetch->buckets[fetch->bucket_count++];
}

/* None is left, the last answer said: to ask all the same would be refused, and counted against us. */
static int wait_for_bucket(struct fetch *fetch, const struct fetch_caller *caller,
			   const struct fetch_request *request)
{
	const struct bucket *bucket = find_bucket(fetch, request->bucket);
	int64_t ms = bucket ? bucket->free_at_ms - clock_monotonic_ms() : 0;

	return ms <= 0 ? 0
		       : fetch_wait(fetch, caller, with_jitter(ms),
				    "the requests that we may make are used up");
}

static void learn_bucket(struct fetch *fetch, const struct fetch_request *request,
			 const struct fetch_answer *answer)
{
	struct bucket *bucket = find_bucket(fetch, request->bucket);
	int64_t pause = limit_pause_ms(&answer->limits);

	if (bucket)
		bucket->free_at_ms = pause > 0 ? clock_monotonic_ms() + pause : 0;
}

/* ---- one attempt ---- */

static void set_up(struct attempt *attempt, struct fetch_head *head)
{
	struct fetch *fetch = attempt->fetch;
	const struct fetch_request *request = attempt->request;
	CURL *curl = fetch->curl;
	struct curl_blob authorities = { (void *)fetch->options.authorities, 0, CURL_BLOB_COPY };
	int64_t left = left_ms(attempt->caller);

	curl_easy_reset(curl); /* keeps connections */
	curl_easy_setopt(curl, CURLOPT_URL, request->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, fetch->options.plain ? "https,http" : "https");
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, fetch->complaint);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "rosterd");
	curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "gzip");
	curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, fetch->options.proxy ? fetch->options.proxy : "");
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "");
	curl_easy_setopt(curl, CURLOPT_RESOLVE, fetch->resolved);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, attempt);
	curl_easy_setopt(curl, CURLOPT_SOCKOPTFUNCTION, on_connected);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(left > 1 ? left : 1));
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)FETCH_CONNECT_MS * 2);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)(fetch->options.silence_ms + 999) / 1000);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, attempt);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, attempt);
	curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 131072L);
	if (fetch->options.authorities) {
		authorities.len = strlen(fetch->options.authorities);
		curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &authorities);
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	}
	if (request->method)
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
	if (request->body) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
		add_line(&head->lines, "Expect:");
		fetch_head_add(head, "Content-Type", request->content_type);
	}
	fetch_head_add(head, "Accept", request->accept ? request->accept : "application/json");
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, head->lines);
}

static int fail_json(const struct attempt *attempt, const char *why)
{
	const struct fetch *fetch = attempt->fetch;
	char trace[FETCH_WORD_MOST + 16];

	return attempt->caller->host->fail(attempt->caller->call, ROSTER_NONSENSE, 0, "%s: %s: %s%s",
					   attempt->request->doing, fetch->options.vendor, why,
					   fetch_trace(attempt->answer, trace));
}

static const char *method_of(const struct fetch_request *request)
{
	if (request->method)
		return request->method;
	return request->body ? "POST" : "GET";
}

/* libcurl may quote what came. */
static const char *complaint_of(const struct attempt *attempt, CURLcode code)
{
	const char *complaint = attempt->fetch->complaint;

	return complaint[0] && !attempt->request->secret ? complaint : curl_easy_strerror(code);
}

/* What a broken line means. That the address is one of https was looked at before: what is no HTTP is an unsupported protocol, too. 1: it may be tried again; -1: fail() was called.
 */
static int judge_failure(struct attempt *attempt, CURLcode code)
{
	const struct fetch_caller *caller = attempt->caller;
	const struct fetch *fetch = attempt->fetch;
	const char *said = complaint_of(attempt, code);

	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
		return caller->host->fail(caller->call, ROSTER_MISCONFIGURED, 0,
					  "the certificate of \"%s\" is not accepted: %.200s; see \"%s\"",
					  attempt->origin.host, said, fetch->options.authorities_setting);
	case CURLE_SSL_CACERT_BADFILE:
		return caller->host->fail(
			caller->call, ROSTER_MISCONFIGURED, 0,
			fetch->options.authorities
				? "\"%s\" holds no certificate that can be read"
				: "the certificates that this machine trusts cannot be read; set \"%s\"",
			fetch->options.authorities_setting);
	case CURLE_URL_MALFORMAT:
		return caller->host->fail(caller->call, ROSTER_NONSENSE, 0, "%s: this is no address of https",
					  attempt->request->doing);
	case CURLE_OUT_OF_MEMORY:
		memory_exhausted("a request", 0);
	default:
		return 1;
	}
}

/* 0: an answer. 1: none, and it may be tried again: why says what happened. -1: fail() was called. */
static int attempt_once(struct attempt *attempt, char why[ROSTER_NOTE_MOST])
{
	const struct fetch_request *request = attempt->request;
	struct fetch *fetch = attempt->fetch;
	__attribute__((cleanup(head_close))) struct fetch_head head = { 0 };
	struct error e;
	CURLcode code;

	clear_answer(attempt->answer);
	json_stream_close(&fetch->stream);
	attempt->dial_failed = attempt->too_long = attempt->begun = attempt->json_failed = false;
	attempt->received = 0;
	attempt->head_received = 0;
	fetch->complaint[0] = '\0';
	if (request->authorise && request->authorise(request->authorise_context, attempt->caller,
						     method_of(request), request->url, &head) < 0)
		return -1;
	clear_answer(attempt->answer); /* a token may have been asked for meanwhile */
	set_up(attempt, &head);
	fetch->figures.requests++;
	code = curl_easy_perform(fetch->curl);
	fetch->figures.received += attempt->received;
	attempt->answer->status = (int)status_of(attempt);
	attempt->answer->elements = fetch->stream ? json_stream_elements(fetch->stream) : 0;

	if (attempt->dial_failed) {
		snprintf(why, ROSTER_NOTE_MOST, "could not connect");
		return 1; /* the reason has been said, and is taken back if another try succeeds */
	}
	if (attempt->head_received > FETCH_HEAD_MOST) {
		snprintf(why, ROSTER_NOTE_MOST, "the head of the answer is longer than %d KiB", FETCH_HEAD_MOST >> 10);
		return 1;
	}
	if (request->status_only && attempt->answer->status >= 200)
		return 0;
	if (attempt->too_long && is_success(attempt->answer->status)) {
		snprintf(why, ROSTER_NOTE_MOST, "the answer is longer than %d MiB", FETCH_BODY_MOST >> 20);
		return fail_json(attempt, why);
	}
	if (attempt->json_failed && is_success(attempt->answer->status)) {
		/* What take() refuses is final, and it has called fail(); bytes that are no JSON may have
		 * been broken on their way. */
		if (attempt->error.kind != ERROR_REMOTE)
			return -1;
		snprintf(why, ROSTER_NOTE_MOST, "%.300s", attempt->error.text);
		return 1;
	}
	if (code != CURLE_OK && !(code == CURLE_WRITE_ERROR && !is_success(attempt->answer->status))) {
		snprintf(why, ROSTER_NOTE_MOST, "%.300s", complaint_of(attempt, code));
		return judge_failure(attempt, code);
	}
	if (!attempt->begun)
		begin_body(attempt);
	if (!attempt->json_failed && !attempt->too_long &&
	    json_stream_end(fetch->stream, &attempt->answer->rest, &e) == 0)
		return 0;
	attempt->answer->rest = NULL;
	if (!is_success(attempt->answer->status) || attempt->received == 0)
		return 0; /* an error page of whatever stands between, or an empty answer */
	snprintf(why, ROSTER_NOTE_MOST, "%.300s", e.text);
	return 1;
}

/* ---- trying again ---- */

static bool is_passing(int status)
{
	return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 ||
	       status == 504;
}

static bool is_limited(const struct fetch *fetch, const struct fetch_answer *answer)
{
	return answer->status == 429 || (fetch->options.limited && !is_success(answer->status) && fetch->options.limited(answer));
}

/* How long to wait before the next try. */
static int64_t pause_ms(const struct fetch_answer *answer, bool answered, int attempt)
{
	if (answered && (answer->status == 429 || answer->limits.retry_after_ms >= 0))
		return limit_wait_ms(&answer->limits, attempt);
	return limit_backoff_ms(attempt);
}

static int give_up(const struct attempt *attempt, int64_t after_ms, const char *why)
{
	const struct fetch_caller *caller = attempt->caller;

	/* Where dial() failed it has said so, more exactly. */
	if (attempt->dial_failed)
		return -1;
	return caller->host->fail(caller->call, ROSTER_TRY_LATER, (int)after_ms, "%s: %s: %s",
				  attempt->request->doing, attempt->fetch->options.vendor, why);
}

static void say_status(const struct fetch *fetch, const struct fetch_answer *answer,
		       char why[ROSTER_NOTE_MOST])
{
	char trace[FETCH_WORD_MOST + 16];

	if (is_limited(fetch, answer))
		snprintf(why, ROSTER_NOTE_MOST, "too many requests (%d)%s", answer->status, fetch_trace(answer, trace));
	else
		snprintf(why, ROSTER_NOTE_MOST, "it answers %d%s", answer->status,
			 fetch_trace(answer, trace));
}

int fetch_ask(struct fetch *fetch, const struct fetch_caller *caller, const struct fetch_request *request,
	      struct fetch_answer *ret)
{
	struct attempt attempt = { .fetch = fetch, .caller = caller, .request = request, .answer = ret };
	bool repeatable = !request->status_only && (request->repeatable || !request->body);

	if (link_origin_of(request->url, &attempt.origin) < 0 &&
	    !(fetch->options.plain && link_plain_origin_of(request->url, &attempt.origin) == 0))
		return caller->host->fail(caller->call, ROSTER_NONSENSE, 0,
					  "%s: \"%.150s\" is no address of https", request->doing,
					  request->url);
	point_nowhere(fetch, &attempt.origin);
	if (fetch->has_proxy)
		point_nowhere(fetch, &fetch->proxy);
	for (int tries = 0;; tries++) {
		char why[ROSTER_NOTE_MOST] = "";
		bool limited = false;
		int64_t ms;
		int result;

		if (wait_for_bucket(fetch, caller, request) < 0)
			return -1;
		result = attempt_once(&attempt, why);
		if (result < 0)
			return -1;
		if (result == 0) {
			learn_bucket(fetch, request, ret);
			limited = is_limited(fetch, ret);
			if (request->status_only || (!limited && !is_passing(ret->status)))
				return 0;
			say_status(fetch, ret, why);
			fetch->figures.limited += limited;
		}
		/* What is tried again in vain counts as one failure; to be told to wait does not, as long as
		 * there is time. An address that may not be reached is not reached the next time. */
		ms = with_jitter(pause_ms(ret, result == 0, tries));
		if (!repeatable || (tries + 1 >= FETCH_TRIES_MOST && !limited) ||
		    (attempt.dial_failed && (tries > 0 || ms > left_ms(caller))))
			return give_up(&attempt, result == 0 ? ms : 0, why);
		if (fetch_wait(fetch, caller, ms, why) < 0)
			return -1;
		fetch->figures.tried_again++;
	}
}
