/* Refuses what a proxy in front might have read differently (RFC 9112 6.3, 11.2): we never repair. */
#include "http/head.h"

#include "base/text.h"

#include <string.h>

enum { METHOD_MOST = 32, HOST_MOST = 255 + 6, LENGTH_DIGITS_MOST = 15 };

#define DIGITS	"0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool is_made_of(const char *text, size_t length, const char *bytes)
{
	for (size_t i = 0; i < length; i++)
		if (!strchr(bytes, text[i]))
			return false;
	return length > 0;
}

static bool is_token(const char *text)
{
	const char *at = text;

	while (text_is_token_character(*at))
		at++;
	return at > text && *at == '\0';
}

static bool is_clean(const char *value)
{
	for (; *value; value++)
		if (((unsigned char)*value < ' ' && *value != '\t') || *value == 0x7f)
			return false;
	return true;
}

static int check_names(const struct request *request, struct error *e)
{
	if (!is_token(request->method) || strlen(request->method) > METHOD_MOST)
		return error_set(e, ERROR_INPUT, "http.method_name",
				 "the method of the request is no token of at most %d bytes", METHOD_MOST);

	for (size_t i = 0; i < request->header_count; i++) {
		if (!is_token(request->headers[i].name))
			return error_set(e, ERROR_INPUT, "http.header", "the name of header %zu is no token",
					 i + 1);
		if (!is_clean(request->headers[i].value))
			return error_set(e, ERROR_INPUT, "http.header",
					 "the value of header \"%s\" has control characters",
					 request->headers[i].name);
	}
	return 0;
}

/* The only header of that name; NULL: there is none. -1: more than one. */
static int only_header(const struct request *request, const char *name, const char **ret)
{
	const char *found = NULL;

	for (size_t i = 0; i < request->header_count; i++) {
		if (!text_equal_nocase(request->headers[i].name, name))
			continue;
		if (found)
			return -1;
		found = request->headers[i].value;
	}
	*ret = found;
	return 0;
}

/* What is read as one value, wherever it is read: of two, a proxy may have judged the other one. If-Match and If-None-Match
 * may be several lines by RFC 9110 5.3; nobody sends them so, and half of a condition is none. */
static const char *const stand_once[] = { "Authorization", "Content-Type", "Expect",	   "Idempotency-Key",
					  "If-Match",	   "If-None-Match", "X-Request-Id" };

static int check_once(const struct request *request, struct error *e)
{
	const char *value;

	for (size_t i = 0; i < ARRAY_COUNT(stand_once); i++)
		if (only_header(request, stand_once[i], &value) < 0)
			return error_set(e, ERROR_INPUT, "http.header_twice",
					 "the request has more than one header \"%s\"; exactly one is expected, or none",
					 stand_once[i]);
	return 0;
}

static bool is_host(const char *host)
{
	size_t length = strcspn(host, ":");
	const char *port;

	if (strlen(host) > HOST_MOST)
		return false;
	if (host[0] == '[') {
		length = strcspn(host, "]");
		if (host[length] != ']' || !is_made_of(host + 1, length - 1, ":.abcdefABCDEF" DIGITS))
			return false;
		length++;
	} else if (!is_made_of(host, length, "-._" DIGITS LETTERS)) {
		return false;
	}

	port = host + length;
	return *port == '\0' ||
	       (*port == ':' && strlen(port) <= 6 && is_made_of(port + 1, strlen(port + 1), DIGITS));
}

static int check_host(const struct request *request, const char *version, struct error *e)
{
	const char *host;

	if (only_header(request, "Host", &host) < 0)
		return error_set(e, ERROR_INPUT, "http.host",
				 "the request has more than one header \"Host\"");
	if (!host && strcmp(version, "HTTP/1.0") != 0)
		return error_set(e, ERROR_INPUT, "http.host", "the request has no header \"Host\"");
	if (host && !is_host(host))
		return error_set(e, ERROR_INPUT, "http.host",
				 "the header \"Host\" is no host name or address with a port");
	return 0;
}

static int refuse_length(struct error *e, const char *why)
{
	return error_set(e, ERROR_INPUT, "http.body_length", "the length of the body is in doubt: %s", why);
}

static int read_length(const char *digits, uint64_t *ret, struct error *e)
{
	uint64_t length = 0;

	if (!is_made_of(digits, strlen(digits), DIGITS) || strlen(digits) > LENGTH_DIGITS_MOST)
		return refuse_length(e, "\"Content-Length\" is no number of bytes");
	for (; *digits; digits++)
		length = length * 10 + (uint64_t)(*digits - '0');
	*ret = length;
	return 0;
}

static int read_body_length(const struct request *request, const char *version, struct head *head,
			    struct error *e)
{
	const char *length, *encoding;

	if (only_header(request, "Content-Length", &length) < 0)
		return refuse_length(e, "there is more than one \"Content-Length\"");
	if (only_header(request, "Transfer-Encoding", &encoding) < 0)
		return refuse_length(e, "there is more than one \"Transfer-Encoding\"");
	if (length && encoding)
		return refuse_length(e, "there are both \"Content-Length\" and \"Transfer-Encoding\"");
	if (encoding && (!text_equal_nocase(encoding, "chunked") || strcmp(version, "HTTP/1.0") == 0))
		return refuse_length(e, "the only \"Transfer-Encoding\" taken is \"chunked\", in HTTP/1.1");
	if (length && read_length(length, &head->length, e) < 0)
		return -1;

	head->chunked = encoding != NULL;
	head->has_body = encoding || head->length > 0;
	return 0;
}

int head_read(const struct request *request, const char *version, struct head *ret, struct error *e)
{
	struct head head = { 0 };

	if (check_names(request, e) < 0 || check_once(request, e) < 0 || check_host(request, version, e) < 0 ||
	    read_body_length(request, version, &head, e) < 0)
		return -1;
	*ret = head;
	return 0;
}
