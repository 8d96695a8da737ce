/* A value that many threads read while it may be replaced by another.
 *
 * It is immutable, each reader holds the one that it began with, and it is closed when the last of them gives it
 * back. So a reader never waits for who replaces, nor the reverse, and nobody sees half of each. */
#ifndef ROSTERD_BASE_SHARED_H
#define ROSTERD_BASE_SHARED_H

struct shared;
struct latest;

/* Held once, by the caller. close(value) runs on the thread that gives back last; NULL: nothing to close. */
struct shared *shared_open(void *value, void (*close)(void *value));
/* Held once more; returns what it was given, which may be NULL. */
struct shared *shared_hold(struct shared *shared);
const void *shared_value(const struct shared *shared);
/* Gives it back. Accepts a pointer to NULL; leaves NULL behind. */
void shared_close(struct shared **shared);

/* The place where the newest is found. Takes over the caller's hold. */
struct latest *latest_open(struct shared *first);
/* Nobody may hold from here any more; what is held stays good. */
void latest_close(struct latest **latest);
/* The newest, held for the caller. */
struct shared *latest_hold(struct latest *latest);
/* Takes over the caller's hold; the former one is given back. */
void latest_replace(struct latest *latest, struct shared *next);

#endif
