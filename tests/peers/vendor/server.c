#include "platform.h"

#include "peers/vendor/server.h"
#include "peers/vendor/kept.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "peers/vendor/people.h"

enum { FAULTS_MOST = 32, BUCKETS_MOST = 16 };

static const struct vendor *vendor;
static char base[64];
static int64_t clock_off_ms;
static int window_s = 60;

static struct fault {
	char kind[24], bucket[32];
	long after, times;
} faults[FAULTS_MOST];
static size_t fault_count;
static const char *bucket_now = "";

static struct counter {
	long used, requests;
	int64_t ends;	      /* seconds since 1970, by the vendor's clock */
} counters[BUCKETS_MOST + 1]; /* the last one: of no bucket */

/* ---- requests and replies ---- */

struct exchange {
	struct buffer body;
};

const char *vendor_query(const struct vendor_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *vendor_header(const struct vendor_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

void vendor_reply_header(struct vendor_reply *reply, const char *name, const char *fmt, ...)
{
	char *value;
	va_list args;

	va_start(args, fmt);
	if (reply->header_count == VENDOR_HEADERS_MOST || vasprintf(&value, fmt, args) < 0)
		abort();
	va_end(args);
	reply->headers[reply->header_count][0] = strdup(name);
	reply->headers[reply->header_count++][1] = value;
}

const char *vendor_base(void)
{
	return base;
}

/* ---- forms ---- */

static int hex(char letter)
{
	const char *digits = "0123456789abcdef",
		   *found = letter ? strchr(digits, letter | (letter >= 'A' ? 0x20 : 0)) : NULL;

	return found ? (int)(found - digits) : -1;
}

void vendor_form(const struct vendor_request *request, const char *name, char *ret, size_t size)
{
	const char *at = request->body ? request->body : "";
	size_t length = strlen(name), out = 0;

	ret[0] = '\0';
	while (at && (strncmp(at, name, length) != 0 || at[length] != '='))
		at = (at = strchr(at, '&')) ? at + 1 : NULL;
	if (!at)
		return;
	for (at += length + 1; *at && *at != '&' && out + 1 < size; at++) {
		if (*at == '%' && hex(at[1]) >= 0 && hex(at[2]) >= 0) {
			ret[out++] = (char)(hex(at[1]) * 16 + hex(at[2]));
			at += 2;
		} else {
			ret[out++] = *at == '+' ? ' ' : *at;
		}
	}
	ret[out] = '\0';
}

/* ---- JSON ---- */

void vendor_put_quoted(struct buffer *b, const char *text)
{
	buffer_text(b, "\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buffer_format(b, "\\%c", *text);
		else if ((unsigned char)*text < 0x20)
			buffer_format(b, "\\u%04x", *text);
		else
			buffer_add(b, text, 1);
	}
	buffer_text(b, "\"");
}

void vendor_put_text(struct buffer *b, const char *name, const char *value)
{
	buffer_format(b, "\"%s\":", name);
	vendor_put_quoted(b, value);
	buffer_text(b, ",");
}

/* ---- time ---- */

int64_t vendor_now_ms(void)
{
	return clock_now_us() / 1000 + clock_off_ms;
}

const char *vendor_time(int64_t ms, char ret[32])
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	strftime(ret, 32, "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &tm));
	snprintf(ret + strlen(ret), 32 - strlen(ret), ".%03dZ", (int)(ms % 1000));
	return ret;
}

int64_t vendor_read_time(const char *text)
{
	int64_t us;

	return text && clock_parse(text, &us) == 0 ? us / 1000 : -1;
}

static void put_date(struct vendor_reply *reply)
{
	time_t seconds = (time_t)(vendor_now_ms() / 1000);
	char text[64];
	struct tm tm;

	strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&seconds, &tm));
	vendor_reply_header(reply, "Date", "%s", text);
}

/* ---- limits ---- */

static struct counter *counter_of(const char *name, const struct vendor_bucket **ret)
{
	*ret = NULL;
	for (size_t i = 0; name && vendor->buckets[i].name; i++)
		if (strcmp(vendor->buckets[i].name, name) == 0) {
			*ret = &vendor->buckets[i];
			return &counters[i];
		}
	return &counters[BUCKETS_MOST];
}

/* Whether one more is within the limit. A window begins with its first request. */
static bool count(struct counter *counter, const struct vendor_bucket *bucket)
{
	int64_t now = vendor_now_ms() / 1000;

	counter->requests++;
	if (now >= counter->ends || counter->ends > now + window_s) {
		counter->used = 0;
		counter->ends = now + window_s;
	}
	counter->used++;
	return !bucket || bucket->limit == 0 || counter->used <= bucket->limit;
}

/* ---- faults ---- */

static bool is_due(struct fault *fault)
{
	if (fault->times == 0 || (strcmp(fault->bucket, "*") != 0 && strcmp(fault->bucket, bucket_now) != 0))
		return false;
	if (fault->after > 0)
		return false;
	fault->times--;
	return true;
}

/* Requests pass by the faults that are still to come. */
static void pass_faults(void)
{
	for (size_t i = 0; i < fault_count; i++)
		if (faults[i].after > 0 &&
		    (strcmp(faults[i].bucket, "*") == 0 || strcmp(faults[i].bucket, bucket_now) == 0))
			faults[i].after--;
}

bool vendor_fault(const char *kind)
{
	for (size_t i = 0; i < fault_count; i++)
		if (strcmp(faults[i].kind, kind) == 0 && is_due(&faults[i]))
			return true;
	return false;
}

static void put_html(struct vendor_reply *reply, int status)
{
	reply->status = status;
	reply->content_type = "text/html";
	buffer_reset(&reply->body);
	buffer_format(&reply->body, "<html><body><h1>%d</h1>Somebody in between is not well</body></html>\n",
		      status);
}

static bool answer_with_fault(struct vendor_reply *reply)
{
	static const int statuses[] = { 500, 502, 503, 504 };

	for (size_t i = 0; i < ARRAY_COUNT(statuses); i++) {
		char kind[8];

		snprintf(kind, sizeof(kind), "%d", statuses[i]);
		if (vendor_fault(kind))
			return put_html(reply, statuses[i]), true;
	}
	if (vendor_fault("html"))
		return put_html(reply, 200), true;
	if (!vendor_fault("429"))
		return false;
	reply->status = 429;
	vendor->limited(reply);
	return true;
}

/* ---- telling ---- */

static bool tell_server(char **words, size_t count_of_words, struct buffer *out)
{
	struct vendor_bucket *bucket = vendor->buckets;

	if (strcmp(words[0], "requests") == 0) {
		for (size_t i = 0; bucket[i].name; i++)
			buffer_format(out, "%s %ld\n", bucket[i].name, counters[i].requests);
		buffer_format(out, "other %ld\n", counters[BUCKETS_MOST].requests);
		return true;
	}
	if (strcmp(words[0], "forget") == 0) {
		memset(counters, 0, sizeof(counters));
		return true;
	}
	if (strcmp(words[0], "window") == 0 && count_of_words == 2)
		return window_s = atoi(words[1]), true;
	if (strcmp(words[0], "clock") == 0 && count_of_words == 2)
		return clock_off_ms = atoll(words[1]) * 1000, true;
	if (strcmp(words[0], "limit") == 0 && count_of_words == 3) {
		for (; bucket->name; bucket++)
			if (strcmp(bucket->name, words[1]) == 0)
				return bucket->limit = atol(words[2]), true;
		return false;
	}
	if (strcmp(words[0], "fault") == 0 && count_of_words == 5 && fault_count < FAULTS_MOST) {
		struct fault *fault = &faults[fault_count++];

		snprintf(fault->kind, sizeof(fault->kind), "%s", words[1]);
		snprintf(fault->bucket, sizeof(fault->bucket), "%s", words[2]);
		fault->after = atol(words[3]);
		fault->times = atol(words[4]);
		return true;
	}
	if (strcmp(words[0], "well") == 0)
		return fault_count = 0, true;
	if (strcmp(words[0], "keep") == 0 && count_of_words == 2)
		return kept_open(words[1]), true;
	return false;
}

static void tell(const struct vendor_request *request, struct vendor_reply *reply)
{
	char *text = strndup(request->body ? request->body : "", request->body_size), *rest = text, *line;

	reply->status = 200;
	reply->content_type = "text/plain";
	while ((line = strsep(&rest, "\n"))) {
		char *words[VENDOR_WORDS_MOST + 1] = { 0 }, *word;
		size_t words_count = 0;

		while ((word = strsep(&line, " ")) && words_count < VENDOR_WORDS_MOST)
			if (*word)
				words[words_count++] = word;
		if (words_count == 0)
			continue;
		if (!tell_server(words, words_count, &reply->body) &&
		    !vendor->tell(words, words_count, &reply->body)) {
			reply->status = 400;
			buffer_format(&reply->body, "\"%s\" is not known, or lacks words\n", words[0]);
		}
	}
	free(text);
}

/* ---- sending ---- */

struct half {
	char *bytes;
	size_t length;
};

static ssize_t give_half(void *context, uint64_t at, char *to, size_t most)
{
	const struct half *half = context;
	size_t end = half->length / 2, size = at < end ? end - (size_t)at : 0;

	if (size == 0)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	size = size < most ? size : most;
	memcpy(to, half->bytes + at, size);
	return (ssize_t)size;
}

static void free_half(void *context)
{
	struct half *half = context;

	free(half->bytes);
	free(half);
}

static struct MHD_Response *respond(struct vendor_reply *reply)
{
	size_t length = reply->body.length;

	if (reply->body.full)
		abort();
	if (vendor_fault("truncate"))
		length /= 2;
	if (vendor_fault("cut")) {
		struct half *half = calloc(1, sizeof(*half));

		half->bytes = malloc(length + 1);
		half->length = length;
		memcpy(half->bytes, reply->body.bytes ? reply->body.bytes : "", length);
		return MHD_create_response_from_callback(length, 65536, give_half, half, free_half);
	}
	return MHD_create_response_from_buffer(length, reply->body.bytes ? reply->body.bytes : (char *)"",
					       MHD_RESPMEM_MUST_COPY);
}

static enum MHD_Result send_reply(struct MHD_Connection *connection, struct vendor_reply *reply)
{
	struct MHD_Response *response = respond(reply);
	enum MHD_Result result;

	MHD_add_response_header(response, "Content-Type", reply->content_type);
	for (size_t i = 0; i < reply->header_count; i++) {
		MHD_add_response_header(response, reply->headers[i][0], reply->headers[i][1]);
		free(reply->headers[i][0]);
		free(reply->headers[i][1]);
	}
	result = MHD_queue_response(connection, (unsigned)reply->status, response);
	MHD_destroy_response(response);
	buffer_close(&reply->body);
	return result;
}

static enum MHD_Result answer(struct MHD_Connection *connection, const struct vendor_request *request)
{
	struct vendor_reply reply = { .status = 200, .content_type = "application/json" };
	const struct vendor_bucket *bucket;
	struct counter *counter;
	bool within;

	buffer_open(&reply.body, VENDOR_BODY_MOST);
	if (strcmp(request->path, "/_tell") == 0) {
		tell(request, &reply);
		return send_reply(connection, &reply);
	}
	counter = counter_of(vendor->bucket(request), &bucket);
	bucket_now = bucket ? bucket->name : "other";
	within = count(counter, bucket);
	put_date(&reply);
	if (vendor_fault("reset"))
		return MHD_NO;
	if (vendor_fault("hang")) {
		MHD_suspend_connection(connection);
		buffer_close(&reply.body);
		return MHD_YES;
	}
	if (!within) {
		reply.status = 429;
		vendor->limited(&reply);
	} else if (!answer_with_fault(&reply) && !kept_find(request, &reply)) {
		vendor->answer(request, &reply);
		kept_add(request, &reply);
	}
	if (vendor->mark)
		vendor->mark(&reply, bucket,
			     bucket && bucket->limit > counter->used ? bucket->limit - counter->used : 0,
			     counter->ends);
	{
		enum MHD_Result result = send_reply(connection, &reply);

		pass_faults();
		return result;
	}
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *path,
				  const char *method, const char *version, const char *bytes, size_t *size,
				  void **state)
{
	struct exchange *exchange = *state;
	struct vendor_request request = { .method = method, .path = path, .connection = connection };

	(void)context;
	(void)version;
	if (!exchange) {
		*state = exchange = calloc(1, sizeof(*exchange));
		buffer_open(&exchange->body, 1 << 20);
		return MHD_YES;
	}
	if (*size > 0) {
		buffer_add(&exchange->body, bytes, *size);
		*size = 0;
		return MHD_YES;
	}
	request.body = exchange->body.bytes;
	request.body_size = exchange->body.length;
	return answer(connection, &request);
}

static void on_end(void *context, struct MHD_Connection *connection, void **state,
		   enum MHD_RequestTerminationCode code)
{
	struct exchange *exchange = *state;

	(void)context;
	(void)connection;
	(void)code;
	if (exchange)
		buffer_close(&exchange->body);
	free(exchange);
	*state = NULL;
}

/* ---- starting ---- */

static char *read_file(const char *path)
{
	FILE *file = path ? fopen(path, "re") : NULL;
	char *text = calloc(1, 65536);

	if (file && fread(text, 1, 65535, file) == 0)
		text[0] = '\0';
	if (file)
		fclose(file);
	return text;
}

static struct MHD_Daemon *listen_here(const char *certificate, const char *key)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
			 MHD_USE_SUPPRESS_DATE_NO_CLOCK;

	if (!certificate)
		return MHD_start_daemon(flags, 0, NULL, NULL, on_request, NULL, MHD_OPTION_SOCK_ADDR,
					&address, MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL, MHD_OPTION_END);
	return MHD_start_daemon(flags | MHD_USE_TLS, 0, NULL, NULL, on_request, NULL, MHD_OPTION_SOCK_ADDR,
				&address, MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL,
				MHD_OPTION_HTTPS_MEM_CERT, read_file(certificate), MHD_OPTION_HTTPS_MEM_KEY,
				read_file(key), MHD_OPTION_END);
}

static int write_port(const char *path, unsigned port)
{
	char temporary[4096];
	FILE *file;

	snprintf(temporary, sizeof(temporary), "%s.new", path);
	file = fopen(temporary, "we");
	if (!file)
		return -1;
	fprintf(file, "%u\n", port);
	return fclose(file) == 0 ? rename(temporary, path) : -1;
}

int vendor_main(int argc, char **argv, const struct vendor *which)
{
	const char *port_file = NULL, *certificate = NULL, *key = NULL;
	long people = 100, groups = 10, seed = 1;
	struct MHD_Daemon *daemon;
	sigset_t ends;
	int port, got;

	vendor = which;
	for (int i = 1; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (strncmp(argv[i], "--", 2) != 0 || !value) {
			fprintf(stderr, "%s: \"%s\" is no option\n", argv[0], argv[i]);
			return 2;
		}
		*value++ = '\0';
		if (strcmp(argv[i], "--port-file") == 0)
			port_file = value;
		else if (strcmp(argv[i], "--certificate") == 0)
			certificate = value;
		else if (strcmp(argv[i], "--key") == 0)
			key = value;
		else if (strcmp(argv[i], "--people") == 0)
			people = atol(value);
		else if (strcmp(argv[i], "--groups") == 0)
			groups = atol(value);
		else if (strcmp(argv[i], "--seed") == 0)
			seed = atol(value);
		else if (!vendor->option || !vendor->option(argv[i], value)) {
			fprintf(stderr, "%s: \"%s\" is no option\n", argv[0], argv[i]);
			return 2;
		}
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	people_make((size_t)people, (size_t)groups, (uint64_t)seed, vendor_now_ms());
	if (vendor->start)
		vendor->start();
	daemon = listen_here(certificate, key);
	if (!daemon || !port_file) {
		fprintf(stderr, "%s: could not listen\n", argv[0]);
		return 1;
	}
	port = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
	snprintf(base, sizeof(base), "%s://localhost:%d", certificate ? "https" : "http", port);
	if (write_port(port_file, (unsigned)port) < 0)
		return 1;
	sigwait(&ends, &got);
	_exit(0); /* connections that hang would be waited for */
}
