/* Who showed which token of a connection before, so that it need not be looked up each time.
 *
 * What is remembered counts for nothing by itself: the mark under which it was found (roster/scim_token:
 * standing) is asked for in the round trip of whatever is answered by it. Of a token its SHA-256 is kept, and
 * nothing of secrets beside. Any thread. */
#ifndef ROSTERD_ACCESS_REMEMBERED_H
#define ROSTERD_ACCESS_REMEMBERED_H

#include <stdint.h>

#include "access/principal.h"
#include "base/arena.h"
#include "base/crypt.h"

enum {
	REMEMBERED_SETS = 256,
	REMEMBERED_WAYS = 8, /* one that finds its set full takes the place of the one unseen for longest */
	REMEMBERED_BYTES_MOST =
		8192, /* of texts; whoever has more (a long list of networks) is not remembered */
};

struct remembered;

struct remembered *remembered_open(void);
void remembered_close(struct remembered **remembered);

/* 1, with texts in the arena; 0. */
int remembered_find(struct remembered *remembered, const uint8_t hash[CRYPT_DIGEST_SIZE], struct arena *arena,
		    struct principal *ret);

/* Of one that has a mark; of others nothing is kept. */
void remembered_keep(struct remembered *remembered, const uint8_t hash[CRYPT_DIGEST_SIZE],
		     const struct principal *principal);

void remembered_forget(struct remembered *remembered, const uint8_t hash[CRYPT_DIGEST_SIZE]);

/* It was written down that it was used at this time (microseconds). */
void remembered_used(struct remembered *remembered, const uint8_t hash[CRYPT_DIGEST_SIZE], int64_t at);

#endif
