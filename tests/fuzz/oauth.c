/* Any bytes as a client that asks for a token: the first line is its header "Authorization" ("" for none), the rest its form. Refused in
 * OAuth's words, or: what was read of it is read again when it is written by the rules, in either way; and the token can no more than the
 * client. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/client.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/text.h"
#include "endpoints/exchange.h"
#include "endpoints/scim_oauth.h"
#include "roster/scim_token.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const char *const client_scopes[] = { "scim:read", "scim:users", NULL };
static size_t issued;

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "this does not hold: %s\n", what);
	abort();
}

/* In place of the database. */
int scim_token_issue(struct tx *tx, const struct scim_token *token, const uint8_t hash[CRYPT_DIGEST_SIZE], struct error *e)
{
	(void)tx, (void)hash, (void)e;
	issued++;
	for (size_t i = 0; token->scopes && token->scopes[i]; i++)
		must(text_equal(token->scopes[i], client_scopes[0]) || text_equal(token->scopes[i], client_scopes[1]), "no scope is added");
	return 0;
}

/* As a form and the two halves of "Basic" are encoded (RFC 6749, appendix B), all of it. */
static const char *encoded(struct arena *arena, const char *text)
{
	char *into = arena_take(arena, 3 * strlen(text) + 1), *at = into;

	for (; *text; text++)
		at += sprintf(at, "%%%02X", (unsigned char)*text);
	return into;
}

static const char *base64(struct arena *arena, const char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t length = strlen(text);
	char *into = arena_take(arena, 4 * ((length + 2) / 3) + 1), *at = into;

	for (size_t i = 0; i < length; i += 3) {
		unsigned bits = (unsigned)(unsigned char)text[i] << 16;

		bits |= i + 1 < length ? (unsigned)(unsigned char)text[i + 1] << 8 : 0;
		bits |= i + 2 < length ? (unsigned)(unsigned char)text[i + 2] : 0;
		for (size_t k = 0; k < 4; k++)
			*at++ = k > length - i ? '=' : digits[bits >> (18 - 6 * k) & 63];
	}
	return into;
}

static struct request request_of(struct arena *arena, const char *header, const char *form)
{
	struct request request = { .arena = arena, .method = "POST", .path = "/scim/v2/c/oauth/token", .body = form, .body_size = strlen(form) };

	request.target = request.path;
	if (header)
		request.headers[request.header_count++] = (struct request_pair){ "Authorization", header };
	return request;
}

static void must_read(struct arena *arena, const struct request *request, const char *id, const char *secret)
{
	const char *id_again, *secret_again;
	struct error e;

	must(client_credentials(request, arena, &id_again, &secret_again, &e) == 0, "it is read by the rules");
	must(text_equal(id, id_again) && text_equal(secret, secret_again), "it is read as the same");
}

static void check_credentials(struct arena *arena, const struct request *request)
{
	const char *id = NULL, *secret = NULL;
	struct request again;
	struct error e = { 0 };

	if (client_credentials(request, arena, &id, &secret, &e) < 0) {
		must(e.text[0] != '\0', "what is refused has words");
		must((e.kind == ERROR_INPUT && text_equal(e.code, "oauth.invalid_request")) ||
			     (e.kind == ERROR_UNAUTHENTICATED && text_equal(e.code, "oauth.invalid_client")),
		     "in one of OAuth's words");
		return;
	}
	again = request_of(arena, NULL,
			   arena_format(arena, "x=&client_secret=%s&client_id=%s", encoded(arena, secret), encoded(arena, id)));
	must_read(arena, &again, id, secret);
	again = request_of(arena, arena_format(arena, "basic %s", base64(arena, arena_format(arena, "%s:%s", encoded(arena, id), encoded(arena, secret)))), "");
	if (strlen(again.headers[0].value) <= 1024)
		must_read(arena, &again, id, secret);
}

static void check_token(struct arena *arena, struct request *request)
{
	struct reply reply;
	struct exchange x = { .request = request, .reply = &reply, .arena = arena };
	struct error e = { 0 };
	struct json *answer;

	x.principal.scopes = scopes_read(client_scopes);
	issued = 0;
	reply_open(&reply);
	if (scim_oauth_token(&x, &e) < 0) {
		must(issued == 0, "what is refused is given nothing");
		scim_oauth_reply_error(&reply, &e);
		must(reply.status == 400, "it is the client's to mend");
	}
	must(json_parse(arena, reply.body.bytes, reply.body.length, &answer, &e) == 0, "the answer is JSON");
	must((json_text(json_member(answer, "error")) != NULL) == (issued == 0), "it tells of an error, or there is none");
	must((json_text(json_member(answer, "access_token")) != NULL) == (issued == 1), "it has a token, or an error");
	must(x.shown_once == (issued == 1), "a secret is kept nowhere");
	reply_close(&reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	scoped(arena) *arena = arena_open("fuzz");
	const uint8_t *end = size > 0 ? memchr(bytes, '\n', size) : NULL;
	size_t first = end ? (size_t)(end - bytes) : 0;
	const char *header = arena_text_n(arena, (const char *)bytes, strnlen((const char *)bytes, first)), *form;
	struct request request;
	struct error e;

	must(secret_start(&e) == 0, "secrets can be kept");
	if (!end)
		return 0;
	form = arena_text_n(arena, (const char *)end + 1, strnlen((const char *)end + 1, size - first - 1));
	request = request_of(arena, *header ? header : NULL, form);
	check_credentials(arena, &request);
	check_token(arena, &request);
	return 0;
}
