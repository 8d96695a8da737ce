/* Builds a reply in memory; server.c sends it. */
#include "platform.h"

#include "http/reply.h"

#include "base/arena.h"
#include "base/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kind_words {
	int status;
	const char *title;
};

static const struct kind_words kinds[] = {
	[ERROR_NONE] = { 500, "Internal error" },
	[ERROR_INPUT] = { 400, "The request was refused" },
	[ERROR_UNAUTHENTICATED] = { 401, "Not signed in" },
	[ERROR_DENIED] = { 403, "Not allowed" },
	[ERROR_NOT_FOUND] = { 404, "Not found" },
	[ERROR_CONFLICT] = { 409, "In conflict with what is there" },
	[ERROR_PRECONDITION] = { 412, "Changed in the meantime" },
	[ERROR_LIMIT] = { 413, "Over a limit" },
	[ERROR_RETRY] = { 503, "Try again later" },
	[ERROR_REMOTE] = { 502, "The other side failed" },
	[ERROR_UNCERTAIN] = { 500, "The outcome is uncertain" },
	[ERROR_INTERNAL] = { 500, "Internal error" },
};

/* HTTP has words of its own for these. */
static const struct {
	const char *code;
	int status;
} codes[] = {
	{ "http.method", 405 },
	{ "http.target", 414 },
	{ "http.media_type", 415 },
	{ "http.head", 431 },
	{ "http.unsupported", 501 },
	{ "idempotency.other_request", 422 },
};

void reply_open(struct reply *reply)
{
	/* Not the places of headers, which nobody reads that are not counted. */
	reply->status = 200;
	reply->stream = (struct reply_stream){ 0 };
	reply->header_count = reply->head_size = 0;
	reply->broken = false;
	buffer_open(&reply->body, REPLY_BODY_MOST);
}

static void forget_headers(struct reply *reply)
{
	for (size_t i = 0; i < reply->header_count; i++)
		free(reply->headers[i].value);
	reply->header_count = 0;
	reply->head_size = 0;
	reply->broken = false;
}

void reply_close(struct reply *reply)
{
	forget_headers(reply);
	buffer_close(&reply->body);
}

static bool is_token(const char *name)
{
	const char *at = name;

	while (text_is_token_character(*at))
		at++;
	return at > name && *at == '\0';
}

/* The place of a header, or the one behind the last. */
static size_t place_of(const struct reply *reply, const char *name)
{
	for (size_t i = 0; i < reply->header_count; i++)
		if ((reply->headers[i].name[0] | 0x20) == (name[0] | 0x20) && text_equal_nocase(reply->headers[i].name, name))
			return i;
	return reply->header_count;
}

const char *reply_find_header(const struct reply *reply, const char *name)
{
	size_t i = place_of(reply, name);

	return i < reply->header_count ? reply->headers[i].value : NULL;
}

static bool may_be_sent(const struct reply *reply, const char *name, const char *value)
{
	return is_token(name) && strlen(name) < sizeof(reply->headers[0].name) &&
	       text_is_printable(value, strlen(value)) &&
	       reply->head_size + strlen(name) + strlen(value) <= REPLY_HEAD_MOST;
}

static void set_header(struct reply *reply, const char *name, char *value)
{
	size_t i = text_equal_nocase(name, "Set-Cookie") ? reply->header_count : place_of(reply, name);

	if (i == REPLY_HEADERS_MOST || !may_be_sent(reply, name, value)) {
		reply->broken = true;
		free(value);
		return;
	}

	if (i == reply->header_count) {
		memcpy(reply->headers[i].name, name, strlen(name) + 1);
		reply->head_size += strlen(name);
		reply->header_count++;
	} else {
		reply->head_size -= strlen(reply->headers[i].value);
		free(reply->headers[i].value);
	}
	reply->headers[i].value = value;
	reply->head_size += strlen(value);
}

void reply_header(struct reply *reply, const char *name, const char *fmt, ...)
{
	va_list args;
	char *value = NULL;

	va_start(args, fmt);
	if (strcmp(fmt, "%s") == 0) /* most are, and formatting takes longer than all the rest */
		value = strdup(va_arg(args, const char *));
	else if (vasprintf(&value, fmt, args) < 0)
		value = NULL;
	va_end(args);
	if (!value)
		memory_exhausted("a header", strlen(fmt));

	set_header(reply, name, value);
}

int reply_status(const struct error *e)
{
	for (size_t i = 0; i < ARRAY_COUNT(codes); i++)
		if (strcmp(codes[i].code, e->code) == 0)
			return codes[i].status;

	if (e->kind == ERROR_LIMIT && text_begins(e->code, "rate."))
		return 429;
	return kinds[e->kind].status;
}

void reply_problem_begin(struct reply *reply, const struct error *e, const char *request_id,
			 struct json_writer *ret)
{
	struct json_writer *w = ret;
	char type[sizeof("urn:rosterd:error:") + ERROR_CODE_MOST];

	forget_headers(reply);
	buffer_reset(&reply->body);
	reply->stream = (struct reply_stream){ 0 };
	reply->status = reply_status(e);

	reply_header(reply, "Content-Type", "application/problem+json");
	if (e->wait_ms > 0)
		reply_header(reply, "Retry-After", "%d", e->wait_ms / 1000 + (e->wait_ms % 1000 > 0));

	json_writer_open(w, &reply->body);
	json_begin_object(w, NULL);
	snprintf(type, sizeof(type), "urn:rosterd:error:%s", e->code);
	json_put_text(w, "type", type);
	json_put_text(w, "title", kinds[e->kind].title);
	json_put_int(w, "status", reply->status);
	json_put_text(w, "detail", e->text);
	json_put_text(w, "code", e->code);
	if (request_id)
		json_put_text(w, "request", request_id);
}

void reply_error(struct reply *reply, const struct error *e, const char *request_id)
{
	struct json_writer w;

	reply_problem_begin(reply, e, request_id, &w);
	json_end_object(&w);
}
