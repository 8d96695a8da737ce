/* How many passwords are looked at at a time.
 *
 * Each look takes a great deal of memory, and the thread of its exchange for the better part of a second. So
 * few are made at once, a few more wait for a moment, and whoever comes then is told to come again: the other
 * threads are there for everybody else. */
#ifndef ROSTERD_ENDPOINTS_HASHING_H
#define ROSTERD_ENDPOINTS_HASHING_H

#include "base/error.h"

enum { HASHING_WAIT_MS = 5000 };

struct hashing;

struct hashing *hashing_open(void);
void hashing_close(struct hashing **hashing);

/* Waits HASHING_WAIT_MS at most while at_once others are at it; at most `places` are inside or wait.
 * ERROR_RETRY "busy.passwords". Who entered must leave. Any thread. */
int hashing_enter(struct hashing *hashing, int at_once, int places, struct error *e);
void hashing_leave(struct hashing *hashing);

#endif
