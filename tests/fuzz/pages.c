/* What a vendor's API answers, of any bytes at all: JSON in any pieces gives the same elements, or is refused
 * in the same way; links and limits are read or not, and never point elsewhere or far away. The first byte
 * says how it is cut. */
#include "base/json_stream.h"
#include "common/limits.h"
#include "common/links.h"

#include "base/arena.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "this does not hold: %s\n", what);
	abort();
}

struct sum {
	uint64_t elements, nodes, letters;
};

static void add(struct sum *sum, const struct json_node *node)
{
	sum->nodes++;
	sum->letters = sum->letters * 31 + (uint64_t)node->type + node->length + node->truth;
	must(node->span >= 1, "a value is at least itself");
	for (size_t i = 0; node->text && i <= node->length; i++)
		sum->letters = sum->letters * 31 + (unsigned char)node->text[i];
	for (const char *c = node->name; c && *c; c++)
		sum->letters = sum->letters * 31 + (unsigned char)*c;
	for (const struct json_node *child = json_node_first(node); child;
	     child = json_node_next(node, child)) {
		must(child->span < node->span, "what is within is smaller");
		add(sum, child);
	}
}

static int take(void *context, const struct json_node *element, struct error *e)
{
	struct sum *sum = context;

	(void)e;
	sum->elements++;
	add(sum, element);
	return 0;
}

static int read_in_pieces(const char *array, const uint8_t *bytes, size_t size, size_t piece, struct sum *ret)
{
	struct json_stream *stream = json_stream_open(array, take, ret);
	const struct json_node *rest;
	struct error e = { 0 };
	int result = 0;

	for (size_t at = 0; at < size && result == 0; at += piece)
		result = json_stream_feed(stream, bytes + at, size - at < piece ? size - at : piece, &e);
	if (result == 0)
		result = json_stream_end(stream, &rest, &e);
	if (result == 0)
		add(ret, rest);
	else
		must(e.kind == ERROR_REMOTE && e.text[0] && text_is_utf8(e.text, strlen(e.text)),
		     "a refusal has a reason");
	json_stream_close(&stream);
	return result;
}

static void check_json(const char *array, const uint8_t *bytes, size_t size, size_t piece)
{
	struct sum whole = { 0 }, cut = { 0 };
	int one = read_in_pieces(array, bytes, size, size + 1, &whole),
	    other = read_in_pieces(array, bytes, size, piece, &cut);

	must(one == other, "pieces change nothing of what is accepted");
	must(one < 0 || memcmp(&whole, &cut, sizeof(whole)) == 0, "pieces change nothing of what is read");
}

static void check_lines(const char *text)
{
	static const char *const names[] = { "Retry-After", "Date", "X-Rate-Limit-Reset",
					     "X-Rate-Limit-Remaining", "X-Rate-Limit-Limit" };
	struct link_origin origin;
	struct limit_headers headers;
	char url[64];
	int found = link_next_of(text, url, sizeof(url));

	must(found <= 0 || (url[0] && strlen(url) < sizeof(url) && strstr(text, url)),
	     "a link stands in its line");
	must(!link_same_origin(text, "https://acme.okta.com") ||
		     strncasecmp(text, "https://acme.okta.com", 21) == 0,
	     "no other org is taken for ours");
	if (link_origin_of(text, &origin) == 0)
		must(origin.host[0] && origin.port[0] && link_same_origin(text, text),
		     "an origin is its own");
	limit_clear(&headers);
	limit_take(&headers, "Date", "Sun, 29 Nov 2026 12:00:00 GMT");
	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		int64_t wait, pause;

		limit_take(&headers, names[i], text);
		wait = limit_wait_ms(&headers, (int)i);
		pause = limit_pause_ms(&headers);
		must(wait >= LIMIT_WAIT_LEAST_MS && wait <= LIMIT_WAIT_MOST_MS, "a wait has its bounds");
		must(pause == 0 || (pause >= LIMIT_WAIT_LEAST_MS && pause <= LIMIT_WAIT_MOST_MS),
		     "a pause has its bounds");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	scoped(arena) *arena = arena_open("fuzz");

	if (size == 0)
		return 0;
	check_json(NULL, bytes + 1, size - 1, 1 + bytes[0] % 16);
	check_json("value", bytes + 1, size - 1, 1 + bytes[0] % 16);
	check_lines(arena_text_n(arena, (const char *)bytes + 1, size - 1));
	return 0;
}
