/* Who asks, when trusted proxies stand between: RFC 7239 Forwarded, or X-Forwarded-For and -Proto. Knows no
 * library. */
#ifndef ROSTERD_HTTP_PROXY_H
#define ROSTERD_HTTP_PROXY_H

#include "base/error.h"
#include "http/network.h"
#include "http/request.h"

enum { PROXY_HOPS_MOST = 32 };

/* The trusted ones, as networks_read takes them. ERROR_INPUT "http.proxy" names the bad one. */
int proxies_read(struct networks *proxies, const char *const *words, struct error *e);

/* Sets request->address, request->by_proxy and request->secure for a TCP peer. Headers of a peer that is not
 * trusted are ignored. Of a trusted one the rightmost address that is not trusted counts, and the scheme that
 * was seen there. A trusted proxy that sends both kinds of header with different answers passes one on from
 * the client: ERROR_INPUT "http.forwarded". */
int proxy_resolve(const struct networks *proxies, const struct address *peer, struct request *request,
		  struct error *e);

#endif
