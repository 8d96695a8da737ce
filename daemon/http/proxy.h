/* Who asks, when trusted proxies stand between: RFC 7239 Forwarded, or X-Forwarded-For and -Proto. Knows no
 * library. */
#ifndef ROSTERD_HTTP_PROXY_H
#define ROSTERD_HTTP_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"
#include "http/request.h"

enum { PROXIES_MOST = 64, PROXY_HOPS_MOST = 32 };

/* An address as 16 bytes; IPv4 as ::ffff:a.b.c.d, so that one written either way is the same. */
struct address {
	uint8_t bytes[16];
};

struct network {
	struct address address;
	int bits; /* of the 16 bytes */
};

struct proxies {
	size_t count;
	struct network networks[PROXIES_MOST];
};

/* "10.0.0.0/8", "2001:db8::/32", "::1", ...; ended by NULL, may be NULL. ERROR_INPUT "http.proxy" names the
 * bad one. */
int proxies_read(struct proxies *proxies, const char *const *words, struct error *e);

bool proxies_trust(const struct proxies *proxies, const struct address *address);

/* An IPv4 or IPv6 address without port or brackets. 0, or -1 and *ret untouched. */
int address_parse(const char *text, struct address *ret);
int address_from_socket(const struct sockaddr *from, struct address *ret);
bool address_is_v4(const struct address *address);
void address_text(const struct address *address, char ret[64]);

/* Sets request->address, request->by_proxy and request->secure for a TCP peer. Headers of a peer that is not trusted are
 * ignored. Of a trusted one the rightmost address that is not trusted counts, and the scheme that was seen
 * there. A trusted proxy that sends both kinds of header with different answers passes one on from the
 * client: ERROR_INPUT "http.forwarded". */
int proxy_resolve(const struct proxies *proxies, const struct address *peer, struct request *request,
		  struct error *e);

#endif
