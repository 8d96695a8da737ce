/* Addresses in answers: the link to the next page, and whether it may be followed. */
#ifndef ROSTER_COMMON_LINKS_H
#define ROSTER_COMMON_LINKS_H

#include <stdbool.h>
#include <stddef.h>

enum { LINK_URL_MOST = 8192 }; /* bytes of an address; longer ones are taken for none */

/* The address with rel="next" among the links of one "Link" line (RFC 8288; several may stand in one line,
 * and addresses may have commas). 1 and the address in ret; 0: there is none; -1: there is one that does not
 * fit, or the line cannot be read: whoever believed that no page follows would be wrong. */
int link_next_of(const char *line, char *ret, size_t size);

/* Whether two addresses have the same scheme, host and port; a port that is left out is that of the scheme.
 */
bool link_same_origin(const char *a, const char *b);

/* Takes "https://host:port/..." apart. Host without brackets; port as text ("443"). 0, or -1: it is none of
 * https, or has a user, or does not fit. */
struct link_origin {
	char host[256], port[6];
};
int link_origin_of(const char *url, struct link_origin *ret);

/* The same of "http://", whose port is "80" if it is left out. */
int link_plain_origin_of(const char *url, struct link_origin *ret);

#endif
