/* Who is signed in in the browser that asks: from memory, or from the database, and then in memory. */
#ifndef ROSTERD_ENDPOINTS_SPEAKER_H
#define ROSTERD_ENDPOINTS_SPEAKER_H

#include <stdint.h>

#include "endpoints/exchange.h"
#include "roster/session.h"

struct changes;
struct known_sessions;

/* What is known of who is signed in, and whether it still is so. */
struct memory {
	struct changes *changes;
	struct known_sessions *sessions;
};

int memory_open(const struct endpoints_options *options, struct memory *ret, struct error *e);
void memory_close(struct memory *memory);

/* 1, and how old that is in milliseconds; 0 nothing is known here. Its texts stand in the exchange's arena.
 */
int speaker_recall(struct exchange *x, struct session *ret, int64_t *ret_age_ms);

void speaker_forget(struct exchange *x, const uint8_t hash[CRYPT_DIGEST_SIZE]);

/* What this exchange has changed and committed: nobody of the organisation counts here from memory any more,
 * or of who signs on or off they alone. Other daemons hear of it by themselves. */
void speaker_doubt(struct exchange *x);

/* 1: somebody is, wherever they ask from, whose session it is stands in ret. 0: nobody. -1. Opens a
 * transaction and closes it again. */
int speaker_find(struct exchange *x, struct session *ret, struct error *e);

/* ERROR_UNAUTHENTICATED "session.none": nobody is. Returns -1. */
int speaker_nobody(struct error *e);

/* 0: they may ask from where they do. -1: the organisation lets nobody in from there, so nobody is (speaker_nobody). */
int speaker_check(const struct exchange *x, const struct session *session, struct error *e);

/* What the exchange does from now on is theirs, in their organisation. */
void speaker_become(struct exchange *x, const struct session *session);

#endif
