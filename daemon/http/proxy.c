/* Walks the hops from the right: each proxy that we trust vouches for the one before it, and nobody vouches
 * for more. */
#include "http/proxy.h"

#include "base/text.h"

#include <string.h>

/* One "for" with its scheme, as a proxy wrote it. */
struct hop {
	bool known; /* false: "unknown", "_hidden" or something that is no address */
	bool secure;
	struct address address;
};

struct hops {
	size_t count;
	struct hop hop[PROXY_HOPS_MOST]; /* the one nearest to us is the last */
};

struct span {
	const char *at;
	size_t length;
};

int proxies_read(struct networks *proxies, const char *const *words, struct error *e)
{
	const char *bad;

	if (networks_read(proxies, words, &bad) == 0)
		return 0;
	if (!bad)
		return error_set(e, ERROR_INPUT, "http.proxy",
				 "more than %d trusted proxies are named; name networks", NETWORKS_MOST);
	return error_set(e, ERROR_INPUT, "http.proxy",
			 "trusted proxy \"%s\" is no address or network such as \"10.0.0.0/8\"", bad);
}

static struct span trim(struct span span)
{
	while (span.length > 0 && strchr(" \t", span.at[0])) {
		span.at++;
		span.length--;
	}
	while (span.length > 0 && strchr(" \t", span.at[span.length - 1]))
		span.length--;
	return span;
}

static bool is_word(struct span span, const char *word)
{
	return span.length == strlen(word) && strncasecmp(span.at, word, span.length) == 0;
}

/* Takes the piece up to a separator that does not stand in quotes; false: nothing is left. */
static bool next_piece(struct span *rest, char separator, struct span *ret)
{
	bool quoted = false;
	size_t i;

	if (!rest->at)
		return false;
	for (i = 0; i < rest->length && (quoted || rest->at[i] != separator); i++) {
		if (quoted && rest->at[i] == '\\' && i + 1 < rest->length)
			i++;
		else if (rest->at[i] == '"')
			quoted = !quoted;
	}

	*ret = trim((struct span){ rest->at, i });
	*rest = i < rest->length ? (struct span){ rest->at + i + 1, rest->length - i - 1 }
				 : (struct span){ 0 };
	return true;
}

static struct span unquote(struct span span)
{
	if (span.length >= 2 && span.at[0] == '"' && span.at[span.length - 1] == '"')
		return (struct span){ span.at + 1, span.length - 2 };
	return span;
}

/* "192.0.2.1", "192.0.2.1:4711", "[2001:db8::1]:4711", "2001:db8::1" (as X-Forwarded-For has it). */
static bool read_node(struct span node, struct address *ret)
{
	char text[64];
	const char *first = memchr(node.at, ':', node.length);

	if (node.length > 0 && node.at[0] == '[') {
		const char *end = memchr(node.at, ']', node.length);
		if (!end)
			return false;
		node = (struct span){ node.at + 1, (size_t)(end - node.at) - 1 };
	} else if (first && !memchr(first + 1, ':', node.length - (size_t)(first + 1 - node.at))) {
		node.length = (size_t)(first - node.at);
	}

	if (node.length >= sizeof(text))
		return false;
	memcpy(text, node.at, node.length);
	text[node.length] = '\0';
	return address_parse(text, ret) == 0;
}

/* The hops nearest to us are the ones that count: more than we keep push out the farthest. */
static struct hop *add_hop(struct hops *hops)
{
	if (hops->count == PROXY_HOPS_MOST) {
		memmove(&hops->hop[0], &hops->hop[1], (PROXY_HOPS_MOST - 1) * sizeof(hops->hop[0]));
		hops->count--;
	}
	hops->hop[hops->count] = (struct hop){ 0 };
	return &hops->hop[hops->count++];
}

static void take_element(struct span element, struct hop *hop)
{
	struct span part;

	while (next_piece(&element, ';', &part)) {
		const char *equals = memchr(part.at, '=', part.length);
		struct span name, value;

		if (!equals)
			continue;
		name = (struct span){ part.at, (size_t)(equals - part.at) };
		value = unquote((struct span){ equals + 1, part.length - name.length - 1 });
		if (is_word(name, "for"))
			hop->known = read_node(value, &hop->address);
		else if (is_word(name, "proto"))
			hop->secure = is_word(value, "https");
	}
}

/* Every header of that name, in order: they are one list (RFC 9110 5.3). */
static void read_list(const struct request *request, const char *name, struct hops *hops,
		      void (*take)(struct span, struct hop *))
{
	for (size_t i = 0; i < request->header_count; i++) {
		struct span rest, piece;

		if (!text_equal_nocase(request->headers[i].name, name))
			continue;
		rest = (struct span){ request->headers[i].value, strlen(request->headers[i].value) };
		while (next_piece(&rest, ',', &piece))
			take(piece, add_hop(hops));
	}
}

static void take_address(struct span piece, struct hop *hop)
{
	hop->known = read_node(piece, &hop->address);
}

static void take_scheme(struct span piece, struct hop *hop)
{
	hop->secure = is_word(piece, "https");
}

/* One scheme is the proxy's own word for all hops; a list belongs to the addresses one by one; anything else
 * says nothing. A proxy may name the scheme alone: a hop that hides its address. */
static void read_x_forwarded(const struct request *request, struct hops *hops)
{
	struct hops schemes = { 0 };

	read_list(request, "X-Forwarded-For", hops, take_address);
	read_list(request, "X-Forwarded-Proto", &schemes, take_scheme);
	if (hops->count == 0 && schemes.count > 0)
		add_hop(hops);
	for (size_t i = 0; i < hops->count; i++) {
		if (schemes.count == 1)
			hops->hop[i].secure = schemes.hop[0].secure;
		else if (schemes.count == hops->count)
			hops->hop[i].secure = schemes.hop[i].secure;
	}
}

/* From the right up to the first that is not trusted. One that hides its address ends the walk: the proxy
 * that we trust is then all that is known. */
static struct hop outermost(const struct networks *proxies, const struct address *peer,
			    const struct hops *hops)
{
	struct hop found = { .known = true, .address = *peer };

	for (size_t i = hops->count; i-- > 0 && networks_hold(proxies, &found.address);) {
		found.secure = hops->hop[i].secure;
		if (!hops->hop[i].known)
			break;
		found.address = hops->hop[i].address;
	}
	return found;
}

static bool is_same(const struct hop *a, const struct hop *b)
{
	return memcmp(&a->address, &b->address, sizeof(a->address)) == 0 && a->secure == b->secure;
}

int proxy_resolve(const struct networks *proxies, const struct address *peer, struct request *request,
		  struct error *e)
{
	struct hops forwarded = { 0 }, x_forwarded = { 0 };
	struct hop by_forwarded, by_x_forwarded, client;

	request->by_proxy = networks_hold(proxies, peer);
	if (request->by_proxy) {
		read_list(request, "Forwarded", &forwarded, take_element);
		read_x_forwarded(request, &x_forwarded);
	}
	by_forwarded = outermost(proxies, peer, &forwarded);
	by_x_forwarded = outermost(proxies, peer, &x_forwarded);
	if (forwarded.count > 0 && x_forwarded.count > 0 && !is_same(&by_forwarded, &by_x_forwarded))
		return error_set(e, ERROR_INPUT, "http.forwarded",
				 "the proxy sent \"Forwarded\" and \"X-Forwarded-For\" that disagree; let it "
				 "remove the one "
				 "that it does not write");

	client = forwarded.count > 0 ? by_forwarded : by_x_forwarded;
	address_text(&client.address, request->address);
	request->secure = client.secure;
	return 0;
}
