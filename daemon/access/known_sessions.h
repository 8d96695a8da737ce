/* Who is signed in by which session, as far as somebody has asked: kept in memory, so that a gateway that
 * asks at every request is answered there.
 *
 * What is kept counts by its mark (access/changes), and never after its own end: the session's, or since it
 * was not shown for so long. That it was shown is written down later and for many at once, so how exactly it
 * is known elsewhere is SESSION_SEEN_EVERY_MS, or a tenth of the idle limit if that is less. Times are the
 * database's, as lengths; so clocks need not agree.
 *
 * Of a cookie its hash is kept. Any thread; one lock for each of some parts. */
#ifndef ROSTERD_ACCESS_KNOWN_SESSIONS_H
#define ROSTERD_ACCESS_KNOWN_SESSIONS_H

#include <stdint.h>

#include "access/changes.h"
#include "base/arena.h"
#include "base/crypt.h"
#include "base/error.h"
#include "roster/session.h"

enum {
	KNOWN_SESSIONS_WAYS =
		8, /* one that finds its set full takes the place of the one not shown for longest */
	KNOWN_SESSIONS_PARTS = 64,
	KNOWN_SESSIONS_BYTES_MOST = 4096, /* of the texts of one; whoever has more (a long list of networks)
					     is looked up each time */
	KNOWN_SESSIONS_SEEN_MOST = 4096,  /* that wait to be written as shown */
	KNOWN_SESSIONS_WRITE_MS = 5000,	  /* how often that is done */
	KNOWN_SESSIONS_KEPT_MS =
		5 * 60 *
		1000, /* then it is looked up again, whatever was heard: what was added is not told */
};

struct known_sessions;
struct log;
struct store;

/* most: sessions that are kept, about. Begins a thread, which writes what was seen. */
int known_sessions_open(struct store *store, const struct changes *changes, const struct log *log, int most,
			struct known_sessions **ret, struct error *e);
/* Writes what was seen, if the database is there. */
void known_sessions_close(struct known_sessions **known);

/* 1, with texts in the arena, and it was shown; 0: nothing is known of it that still counts. remote_id and
 * connection are not among it. */
int known_sessions_find(struct known_sessions *known, const uint8_t hash[CRYPT_DIGEST_SIZE],
			struct arena *arena, struct session *ret);

void known_sessions_forget(struct known_sessions *known, const uint8_t hash[CRYPT_DIGEST_SIZE]);

/* As session_find, and it is kept. */
int known_sessions_look_up(struct known_sessions *known, struct tx *tx, const uint8_t hash[CRYPT_DIGEST_SIZE],
			   struct arena *arena, struct session *ret, struct error *e);

#endif
