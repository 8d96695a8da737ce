/* What a token endpoint answers, of any bytes: a line "FLAGS STATUS NONCE" (flags: d, tokens may be bound to a key; t, scopes may be lacking), then the
 * body. There is a token that can stand in a head, for a time with an end, and it is kept and recalled as it is; or it is refused, and the token stands in
 * no message. However it answers, it is asked three times at most. */
#include "common/fetch.h"
#include "common/oauth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int __wrap_fetch_ask(struct fetch *fetch, const struct fetch_caller *caller, const struct fetch_request *request, struct fetch_answer *ret);
void __wrap_fetch_head_add(struct fetch_head *head, const char *name, const char *value);

enum { ASKED_MOST = 3, KEPT_MOST = 32 << 10, SHORT_TOKEN = 8, HEAD_MOST = 64 };

struct roster_call {
	char why[ROSTER_NOTE_MOST];
	size_t fails, kept_size;
	char kept[KEPT_MOST];
	int64_t until;
};

static struct {
	char flags[HEAD_MOST], nonce[HEAD_MOST];
	int status;
	const char *body;
	size_t size, asked;
	char authorization[OAUTH_TOKEN_MOST + 16];
	struct json_stream *stream;
} answer;

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "this does not hold: %s\n", what);
	abort();
}

/* ---- the daemon ---- */

__attribute__((format(printf, 4, 5))) static int host_fail(struct roster_call *call, enum roster_trouble trouble, int after_ms,
                                                           const char *fmt, ...)
{
	va_list args;

	(void)trouble;
	(void)after_ms;
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

static int host_keep(struct roster_call *call, const char *name, const void *bytes, size_t size, int64_t until)
{
	(void)name;
	must(size <= sizeof(call->kept), "what is kept has its bounds");
	memcpy(call->kept, bytes, size);
	call->kept_size = size;
	call->until = until;
	return 0;
}

static int host_recall(struct roster_call *call, const char *name, void *ret, size_t size)
{
	(void)name;
	must(call->kept_size <= size, "what was kept can be recalled");
	memcpy(ret, call->kept, call->kept_size);
	return (int)call->kept_size;
}

static const struct roster_host host = {
	.size = sizeof(host), .fail = host_fail, .step = host_step, .keep = host_keep, .recall = host_recall
};

/* ---- in place of the network ---- */

int __wrap_fetch_ask(struct fetch *fetch, const struct fetch_caller *caller, const struct fetch_request *request, struct fetch_answer *ret)
{
	const struct json_node *rest = NULL;
	struct error e;
	bool read;

	(void)fetch;
	answer.asked++;
	must(request->secret && request->body, "a token is asked for in secret");
	if (request->authorise && request->authorise(request->authorise_context, caller, "POST", request->url, NULL) < 0)
		return -1;
	*ret = (struct fetch_answer){ .status = answer.status };
	limit_clear(&ret->limits);
	snprintf(ret->nonce, sizeof(ret->nonce), "%s", answer.nonce);
	json_stream_close(&answer.stream);
	answer.stream = json_stream_open(NULL, NULL, NULL);
	read = json_stream_feed(answer.stream, answer.body, answer.size, &e) == 0 && json_stream_end(answer.stream, &rest, &e) == 0;
	if (!read && answer.status >= 200 && answer.status < 300)
		return caller->host->fail(caller->call, ROSTER_TRY_LATER, 0, "no JSON");
	ret->rest = read ? rest : NULL;
	return 0;
}

void __wrap_fetch_head_add(struct fetch_head *head, const char *name, const char *value)
{
	(void)head;
	must(text_is_printable(value, strlen(value)), "what stands in a head is one line");
	if (text_equal(name, "Authorization"))
		snprintf(answer.authorization, sizeof(answer.authorization), "%s", value);
}

/* ---- one answer ---- */

static void look_at_refusal(const struct roster_call *call)
{
	const struct json_node *rest = NULL;
	const char *token;
	struct error e;

	must(call->fails == 1 && call->why[0], "a refusal says why, once");
	if (!answer.stream || answer.status != 200 || json_stream_end(answer.stream, &rest, &e) < 0)
		return;
	token = json_node_member_text(rest, "access_token");
	must(!token || strlen(token) < SHORT_TOKEN || !strstr(call->why, token), "a token stands in no message");
}

static void look_at_token(const struct roster_call *call, bool bound)
{
	const char *token = strchr(answer.authorization, ' ');

	must(token && token[1] && !strchr(token + 1, ' '), "a token is one word");
	must(bound == (strncmp(answer.authorization, "DPoP ", 5) == 0), "it says what it is");
	must(!bound || call->kept_size == 0, "what is bound to a key is not kept");
	must(call->kept_size == 0 || call->until <= clock_now_us() / 1000000 + OAUTH_LIFE_MOST_S, "a token does not live for ever");
}

/* Whoever comes after us has the same token without asking, for as long as it is kept. */
static void recall(const struct fetch_caller *caller, const struct oauth_options *options)
{
	char before[sizeof(answer.authorization)];
	struct oauth *oauth = NULL;

	if (caller->call->kept_size == 0)
		return;
	strcpy(before, answer.authorization);
	answer.asked = 0;
	must(oauth_open(caller, options, NULL, &oauth) == 0 && oauth_authorise(oauth, caller, "GET", "https://vendor.example/", NULL) == 0,
	     "what was kept is used");
	must(answer.asked == 0 && text_equal(before, answer.authorization), "as it was");
	oauth_close(&oauth);
}

static void ask(void)
{
	static struct roster_call call;
	const struct fetch_caller caller = { &call, &host };
	const struct oauth_options options = {
		.way = OAUTH_SECRET,
		.vendor = "Vendor",
		.token_url = "https://vendor.example/token",
		.client_id = "client",
		.secret = "secret",
		.client_setting = "client_id",
		.secret_setting = "client_secret",
		.scope = "read",
		.dpop = strchr(answer.flags, 'd') != NULL,
	};
	struct oauth *oauth = NULL;
	int given;

	call = (struct roster_call){ 0 };
	answer.asked = 0;
	answer.authorization[0] = '\0';
	must(oauth_open(&caller, &options, NULL, &oauth) == 0, "it can be asked");
	given = strchr(answer.flags, 't') ? oauth_try(oauth, &caller) : oauth_authorise(oauth, &caller, "GET", "https://vendor.example/", NULL) + 1;
	must(answer.asked >= 1 && answer.asked <= ASKED_MOST, "it is asked three times at most");
	must((given < (strchr(answer.flags, 't') ? 0 : 1)) == (call.fails > 0), "what fails has failed, and nothing else");
	if (call.fails > 0)
		look_at_refusal(&call);
	else if (given == 1) {
		must(answer.status == 200, "a token comes with 200");
		must(oauth_authorise(oauth, &caller, "GET", "https://vendor.example/", NULL) == 0, "a token that is there is used");
		look_at_token(&call, oauth_uses_dpop(oauth));
		must(strlen(oauth_scope(oauth)) < OAUTH_SCOPE_MOST, "scopes have their bounds");
		recall(&caller, &options);
	}
	oauth_close(&oauth);
	json_stream_close(&answer.stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char head[HEAD_MOST] = "";
	const char *line = size ? memchr(bytes, '\n', size) : NULL;
	size_t length = line ? (size_t)(line - (const char *)bytes) : 0;

	if (!line || length >= sizeof(head) || !text_is_printable((const char *)bytes, length))
		return 0;
	memcpy(head, bytes, length);
	answer.nonce[0] = '\0';
	if (sscanf(head, "%15s %3d %60s", answer.flags, &answer.status, answer.nonce) < 2)
		return 0;
	answer.body = line + 1;
	answer.size = size - length - 1;
	ask();
	return 0;
}
