/* Addresses, and lists of networks that hold them or not: trusted proxies, allow-lists. Knows no library. */
#ifndef ROSTERD_HTTP_NETWORK_H
#define ROSTERD_HTTP_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { NETWORKS_MOST = 64 };

/* An address as 16 bytes; IPv4 as ::ffff:a.b.c.d, so that one written either way is the same. */
struct address {
	uint8_t bytes[16];
};

struct network {
	struct address address;
	int bits; /* of the 16 bytes */
};

struct networks {
	size_t count;
	struct network networks[NETWORKS_MOST];
};

/* "10.0.0.0/8", "2001:db8::/32", "::1", ...; ended by NULL, may be NULL. -1: *ret_bad is the one that is
 * none, or NULL if there are more than NETWORKS_MOST. */
int networks_read(struct networks *networks, const char *const *words, const char **ret_bad);

bool networks_hold(const struct networks *networks, const struct address *address);

/* An IPv4 or IPv6 address without port or brackets. 0, or -1 and *ret untouched. */
int address_parse(const char *text, struct address *ret);
int address_from_socket(const struct sockaddr *from, struct address *ret);
bool address_is_v4(const struct address *address);
void address_text(const struct address *address, char ret[64]);

#endif
