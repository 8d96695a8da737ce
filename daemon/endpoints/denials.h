/* How often somebody was denied the same thing lately, so that whoever may not cannot fill the audit.
 *
 * The first attempt of a window is recorded at once; those that follow are counted, and the count is recorded
 * when the window is over. In memory: each daemon counts what it denied itself. */
#ifndef ROSTERD_ENDPOINTS_DENIALS_H
#define ROSTERD_ENDPOINTS_DENIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"

enum {
	DENIALS_MOST = 1024,	  /* windows open at a time, of all organisations together */
	DENIALS_OF_ONE_MOST = 64, /* of one organisation: what is beyond is in the log alone */
	DENIAL_WINDOW_MS = 60000,
	DENIAL_WHO_MOST = 80,
};

struct denials;

struct denial {
	struct id organisation;
	const char *kind;	     /* of the actor, a constant */
	char actor[DENIAL_WHO_MOST]; /* their id */
	const char *method, *path;   /* constants: of the table of addresses */
};

struct denials *denials_open(void);
void denials_close(struct denials **denials);

/* true: nobody has recorded this in the window that now_ms (monotonic) is in; it is to be done now. */
bool denials_first(struct denials *denials, const struct denial *denial, int64_t now_ms);

/* 1: *ret was denied *ret_times more after its first in a window that has ended by now_ms; it is forgotten.
 * 0: there is none. INT64_MAX ends all windows. */
int denials_take(struct denials *denials, int64_t now_ms, struct denial *ret, int64_t *ret_times);

#endif
