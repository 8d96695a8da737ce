/* A request's head, as lines: the method and the target, then "name:value" each. Whatever it is, what is
 * taken holds to the contract: a decoded path without tricks, printable pairs, a body of one length, an
 * address that is one. */
#include "http/head.h"
#include "http/proxy.h"
#include "http/target.h"

#include "base/arena.h"
#include "base/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* Cuts text at the next separator; what follows, or the end. */
static char *cut(char *text, char separator)
{
	char *at = strchr(text, separator);

	if (!at)
		return text + strlen(text);
	*at = '\0';
	return at + 1;
}

static void fill(struct request *request, char *text)
{
	char *line = text;

	text = cut(text, '\n');
	request->method = line;
	request->target = request->path = cut(line, ' ');
	while (*text && request->header_count < REQUEST_HEADERS_MOST) {
		line = text;
		text = cut(text, '\n');
		request->headers[request->header_count++] = (struct request_pair){ line, cut(line, ':') };
	}
}

static void check_path(const char *path)
{
	if (strcmp(path, "*") == 0)
		return;
	must(path[0] == '/' && text_is_printable(path, strlen(path)) && strlen(path) <= REQUEST_PATH_MOST);
	must(!strstr(path, "//") && !strstr(path, "/../") && !strstr(path, "/./") &&
	     !text_ends(path, "/..") && !text_ends(path, "/."));
}

static void try_target(struct request *request)
{
	struct error e;

	if (target_read(request, &e) < 0) {
		must(e.text[0] != '\0');
		return;
	}
	check_path(request->path);
	must(request->query_count <= REQUEST_PARAMETERS_MOST);
	for (size_t i = 0; i < request->query_count; i++)
		must(text_is_printable(request->query[i].name, strlen(request->query[i].name)) &&
		     text_is_printable(request->query[i].value, strlen(request->query[i].value)));
}

static void try_head(const struct request *request)
{
	struct head head;
	struct error e;

	if (head_read(request, "HTTP/1.1", &head, &e) == 0) {
		must(request_header(request, "Host") != NULL);
		must(!(head.chunked && head.length > 0));
		must(!head.has_body || head.chunked || head.length > 0);
		must(!request_header(request, "Transfer-Encoding") ||
		     !request_header(request, "Content-Length"));
	}
}

static void try_proxy(struct request *request)
{
	static const char *const trusted[] = { "10.0.0.0/8", "2001:db8::/32", NULL };
	struct address peer, found;
	struct networks proxies;
	struct error e;

	must(proxies_read(&proxies, trusted, &e) == 0 && address_parse("10.0.0.1", &peer) == 0);
	if (proxy_resolve(&proxies, &peer, request, &e) == 0)
		must(address_parse(request->address, &found) == 0);

	must(address_parse("192.0.2.1", &peer) == 0);
	must(proxy_resolve(&proxies, &peer, request, &e) == 0);
	must(strcmp(request->address, "192.0.2.1") == 0 && !request->secure);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	scoped(arena) *arena = arena_open("fuzz");
	struct request *request = arena_take(arena, sizeof(*request));

	request->arena = arena;
	fill(request, arena_text_n(arena, (const char *)bytes, size));
	try_head(request);
	try_target(request);
	try_proxy(request);
	return 0;
}
