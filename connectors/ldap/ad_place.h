/* Where reading what changed begins on a domain controller.
 *
 * Numbers of changes and cookies mean something to the one controller that gave them, as long as its database
 * is the one that gave them: that is what an invocation stands for. On another controller, or after a
 * restore, the same number would skip changes and nobody would know. */
#ifndef ROSTER_LDAP_AD_PLACE_H
#define ROSTER_LDAP_AD_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum { INVOCATION_SIZE = 33 };

struct ad_place {
	char invocation[INVOCATION_SIZE]; /* of the controller's database, hexadecimal */
	int64_t usn;			  /* the highest number of a change that was committed */
	int64_t at;			  /* when, by our clock, in seconds since 1970 */
	int64_t expires;		  /* when the next account of a person expires; 0: none will */
	bool tells;			  /* the controller tells who was deleted since */
	const char *cookie;		  /* DirSync's, within the bytes that were read; NULL: none */
	size_t cookie_size;
};

void ad_place_write(const struct ad_place *place, struct buffer *ret);

/* -1: these bytes are no place. */
int ad_place_read(const char *bytes, size_t size, struct ad_place *ret);

/* NULL, or why what changed since then cannot be read any more. lifetime_s: how long the directory remembers
 * who was deleted. */
const char *ad_place_lost(const struct ad_place *then, const struct ad_place *now, int64_t lifetime_s);

#endif
